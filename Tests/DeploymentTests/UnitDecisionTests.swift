import EventLoop
import Linux
import TestSupport
import Testing

@testable import Deployment

/// What an administrator has decided of a package's units, and units of the host that start them.
@Suite(.serialized) struct UnitDecisionTests {
    private static let folder = "/etc/systemd/system"
    private static let byHand = "rescue.target.wants/app.service"
    private static let own = "multi-user.target.wants/app.service"
    private static let second = "multi-user.target.wants/b.service"

    @LoopActor private func links(_ host: Harness) -> [String] { host.root.tree(Self.folder).sorted() }

    @LoopActor private func addLink(_ host: Harness) throws {
        let path = "\(host.root.path)\(Self.folder)/\(Self.byHand)"
        try Files.makeDirectories(Files.split(path).folder)
        try Files.replaceLink(path, target: "\(Self.folder).attached/app.service")
    }

    @Test func aDisabledUnitStaysOff() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good unit=b.service")
            try await host.systemd.stop(["b.service"])
            try Files.remove("\(host.root.path)\(Self.folder)/\(Self.second)")
            #expect(try await host.install("app 2.0 good unit=b.service").result == .done)
            #expect(links(host) == [Self.own])
            #expect(host.systemd.running == ["app.service: 2.0 good"])
            // Off and on again, by a server: it stays off.
            #expect(try await host.finish(try await host.engine.deactivate("app")).result == .done)
            #expect(links(host) == [])
            #expect(try await host.install("app 3.0 good unit=b.service").result == .done)
            #expect(try await host.finish(try await host.engine.activate("app")).result == .done)
            #expect(links(host) == [Self.own])
            #expect(host.systemd.running == ["app.service: 3.0 good"])
        }
    }

    /// An administrator has enabled and started one unit before the package was activated: the others are not off for that.
    @Test func theFirstActivateEnablesTheRest() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            #expect(try await host.install("app 1.0 good unit=b.service").result == .done)
            try await host.systemd.enable(["b.service"])
            try await host.systemd.start(["b.service"])
            #expect(try await host.finish(try await host.engine.activate("app")).result == .done)
            #expect(links(host) == [Self.own, Self.second].sorted())
            #expect(host.systemd.running.count == 2)
        }
    }

    @Test(arguments: ["2.0 good", "2.0 good unit=b.service", "2.0 crash unit=b.service"])
    func linksMadeByHandStay(_ update: String) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            try addLink(host)
            let result = try await host.install("app \(update)").result
            #expect(result == (update.contains("crash") ? .rolledBack : .done))
            #expect(links(host).contains(Self.byHand))
            #expect(try await host.finish(try await host.engine.deactivate("app")).result == .done)
            #expect(links(host) == [])
            #expect(try await host.install("app 3.0 good").result == .done)
            #expect(links(host) == [])
            #expect(try await host.finish(try await host.engine.activate("app")).result == .done)
            #expect(links(host).contains(Self.byHand))
            #expect(try await host.finish(try await host.engine.remove("app", purge: true)).result == .done)
            #expect(links(host) == [])
        }
    }

    @Test func aMaskedUnitIsNeitherEnabledNorStarted() async throws {
        try await onLoop {
            let host = Harness()
            let mask = "\(host.root.path)\(Self.folder)/b.service"
            try await host.start()
            try Files.makeDirectories(Files.split(mask).folder)
            try Files.replaceLink(mask, target: "/dev/null")
            let options = DeploymentOptions(activation: .yes)
            #expect(try await host.install("app 1.0 good unit=b.service", options).result == .done)
            #expect(links(host) == ["b.service", Self.own].sorted())
            #expect(host.systemd.running == ["app.service: 1.0 good"])
            #expect(try await host.install("app 2.0 good unit=b.service").result == .done)
            #expect(host.systemd.running == ["app.service: 2.0 good"])
        }
    }

    /// B is only for another target: a link by hand does not enable it.
    @Test func aLinkByHandDoesNotEnable() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good unit=b.service")
            try await host.systemd.stop(["b.service"])
            try Files.remove("\(host.root.path)\(Self.folder)/\(Self.second)")
            let path = "\(host.root.path)\(Self.folder)/rescue.target.wants/b.service"
            try Files.makeDirectories(Files.split(path).folder)
            try Files.replaceLink(path, target: "\(Self.folder).attached/b.service")
            #expect(try await host.install("app 2.0 good unit=b.service").result == .done)
            #expect(links(host) == [Self.own, "rescue.target.wants/b.service"])
            #expect(host.systemd.running == ["app.service: 2.0 good"])
            // Off by an update, and on again.
            let off = DeploymentOptions(activation: .no)
            #expect(try await host.install("app 3.0 good unit=b.service", off).result == .done)
            #expect(links(host) == [])
            #expect(try await host.finish(try await host.engine.activate("app")).result == .done)
            #expect(links(host) == [Self.own, "rescue.target.wants/b.service"])
            #expect(host.systemd.running == ["app.service: 3.0 good"])
        }
    }

    @Test func theLinksOfAMaskedUnitStay() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good unit=b.service")
            let mask = "\(host.root.path)\(Self.folder)/b.service"
            try Files.replaceLink(mask, target: "/dev/null")
            // It still runs, and cannot be started again.
            let status = try await host.install("app 2.0 crash unit=b.service stops=SIGINT")
            #expect(status.result == .rolledBack && !status.isDown)
            #expect(host.systemd.running == ["app.service: 1.0 good"])
            #expect(try await host.install("app 2.0 good unit=b.service stops=SIGINT").result == .done)
            try Files.remove(mask)
            #expect(links(host) == [Self.own, Self.second])
            #expect(try await host.install("app 3.0 good unit=b.service").result == .done)
            #expect(host.systemd.running == ["app.service: 3.0 good", "b.service: 3.0 good"])
        }
    }

    /// An activation that fails leaves the host's socket as it was.
    @Test func aFailedActivationStartsWhatItStopped() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            try await host.install("app 1.0 crash")
            try await host.install("other 1.0 good", DeploymentOptions(activation: .yes))
            host.systemd.alter("app.service") { $0.triggeredBy = ["other.service"] }
            #expect(try await host.finish(try await host.engine.activate("app")).result == .failed)
            #expect(host.systemd.running == ["other.service: 1.0 good"])
        }
    }

    /// Soon after a boot, a unit that waits for its turn is one that runs.
    @Test func aUnitThatIsStillToStartRuns() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            try await host.systemd.stop(["app.service"])
            host.systemd.alter("app.service") { $0.hasJob = true }
            #expect(try await host.install("app 2.0 crash").result == .rolledBack)
            #expect(host.systemd.running == ["app.service: 1.0 good"])
        }
    }

    /// Links are made and read before units are started, so that a unit can be started by another name.
    @Test func unitsAreStartedAfterTheLinksAreRead() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            let options = DeploymentOptions(activation: .yes)
            let install = "install=app.service/Alias=x.service install=app.socket/WantedBy=sockets.target"
            #expect(try await host.install("app 1.0 good socket unit=a.service \(install)", options).result == .done)
            let calls = host.systemd.calls.filter {
                ["enable", "reload", "start"].contains($0.split(separator: " ")[0])
            }
            #expect(calls.map { $0.split(separator: " ")[0] } == ["enable", "reload", "start"])
            #expect(calls.last == "start app.socket a.service")
            _ = try await host.finish(try await host.engine.deactivate("app"))
            let before = host.systemd.calls.count
            _ = try await host.finish(try await host.engine.activate("app"))
            let again = host.systemd.calls.dropFirst(before).map { $0.split(separator: " ")[0] }
            #expect(again == ["enable", "reload", "reset-failed", "start"])
        }
    }

    /// An instance for a connection is stopped with its template; only a connection starts it.
    @Test func instancesOfConnectionsAreNotStarted() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good socket template")
            host.systemd.alter("app.socket") { $0.accepts = true }
            try await host.systemd.start(["app@4-one.service"])
            let before = host.systemd.calls.count
            #expect(try await host.install("app 2.0 good socket template").result == .done)
            let started = host.systemd.calls.dropFirst(before).filter { $0.hasPrefix("start") }
            #expect(started == ["start app.socket"])
            #expect(host.systemd.running == ["app.socket: 2.0 good"])
        }
    }

    /// A socket of the host would start the unit again in the middle of an exchange.
    @Test(arguments: ["2.0 good", "2.0 crash", "remove"])
    func whatStartsAUnitIsStoppedWithIt(_ what: String) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            try await host.install("other 1.0 good", DeploymentOptions(activation: .yes))
            host.systemd.alter("app.service") { $0.triggeredBy = ["other.service"] }
            let before = host.systemd.calls.count
            if what == "remove" {
                #expect(try await host.finish(try await host.engine.remove("app", purge: false)).result == .done)
            } else {
                _ = try await host.install("app \(what)")
            }
            let calls = host.systemd.calls.dropFirst(before)
            #expect(calls.first { $0.hasPrefix("stop") } == "stop other.service app.service")
            #expect(host.systemd.running.contains("other.service: 1.0 good") == (what != "remove"))
        }
    }

    /// A unit that only a socket of the host starts is not started by itself; the socket is.
    @Test func whatStartsAUnitIsStartedAgainByItself() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            try await host.install("app 1.0 good socket install=app.socket/WantedBy=sockets.target")
            try await host.install("other 1.0 good", DeploymentOptions(activation: .yes))
            try await host.systemd.start(["app.service"])
            host.systemd.alter("app.service") { $0.triggeredBy = ["other.service"] }
            #expect(try await host.install("app 2.0 good socket").result == .done)
            #expect(host.systemd.running == ["other.service: 1.0 good"])
        }
    }

    /// A unit may have longer to stop than Gatekeel would give it by itself; 90 s are systemd's default, which no unit asked for.
    @Test(
        arguments: [(nil, true), (.seconds(2), true), (.seconds(60), false), (.seconds(90), true)]
            as [(Duration?, Bool)])
    func aUnitHasItsOwnTimeToStop(_ own: Duration?, _ isKilled: Bool) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 laststop")
            host.systemd.alter("app.service") { $0.stopTimeout = own }
            #expect(try await host.install("app 2.0 good").result == .done)
            #expect(host.systemd.calls.contains("kill app.service") == isKilled)
        }
    }

    @Test func aRemovalLeavesNoFailedUnit() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 nostop")
            #expect(try await host.finish(try await host.engine.remove("app", purge: false)).result == .done)
            #expect(host.systemd.calls.contains("kill app.service"))
            #expect(host.systemd.units["app.service"] == nil)
            #expect(host.root.tree("/etc/systemd") == [])
        }
    }

    /// Nothing fails for a condition that does not hold, and the operator is told.
    @Test func aSkippedUnitIsTold() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 skipped")
            let status = try #require(host.engine.deployments(limit: 1).first)
            #expect(status.result == .done)
            #expect(status.reason?.text == "app.service was not started: a condition in its unit file does not hold")
        }
    }
}
