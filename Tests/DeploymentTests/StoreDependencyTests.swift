import EventLoop
import Linux
import Packages
import TestSupport
import Testing

@testable import Deployment

/// Packages of the store that depend on each other: their units see what they need, and updates respect each other.
@Suite(.serialized) struct StoreDependencyTests {
    private static func dropIn(_ name: String) -> String {
        "/etc/systemd/system.attached/\(name).service.d/10-gatekeel.conf"
    }

    /// What the units of a package overlay, as `PACKAGE/RELEASE`.
    @LoopActor
    func overlaid(_ host: Harness, _ name: String = "app") -> [String] {
        let line = (host.root.read(Self.dropIn(name)) ?? "").split(separator: "\n").first {
            $0.hasPrefix("ExtensionDirectories=")
        }
        return line?.dropFirst("ExtensionDirectories=".count).split(separator: " ").map {
            $0.split(separator: "/").suffix(2).joined(separator: "/")
        } ?? []
    }

    /// `app` runs and depends on `lib`, which has no units.
    @LoopActor
    func hostWithLibrary(_ app: String = "app 1.0 good depends=lib") async throws -> Harness {
        let host = Harness()
        try await host.start()
        #expect(try await host.install("lib 1.0 good nounits noconf").result == .done)
        #expect(try await host.install(app, DeploymentOptions(activation: .yes)).result == .done)
        return host
    }

    @Test func aUnitSeesWhatItsPackageDependsOn() async throws {
        try await onLoop {
            let host = try await hostWithLibrary()
            #expect(overlaid(host) == ["app/1.0", "lib/1.0"])
            let text = try #require(host.root.read(Self.dropIn("app")))
            #expect(text.contains("AssertPathExists=!\(host.root.path)/var/lib/gatekeel/packages/lib/switching\n"))
            #expect(host.systemd.running == ["app.service: 1.0 good +1.0 good"])
            let folders = try await host.engine.overlay(of: "app").map {
                $0.split(separator: "/").suffix(2).joined(separator: "/")
            }
            #expect(folders == overlaid(host))
            await #expect(throws: DeploymentError.self) { try await host.engine.overlay(of: "nosuch") }
        }
    }

    @Test func whatTheHostHasIsNotSeen() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            host.root.write(
                DpkgStatus.path,
                "Package: lib\nStatus: install ok installed\nArchitecture: all\nVersion: 1.0\n\n")
            try await host.install("lib 1.0 good nounits noconf")
            try await host.install("app 1.0 good depends=lib")
            #expect(overlaid(host) == ["app/1.0"])
        }
    }

    /// apt removes what the store has too, and installs it again.
    @Test func aChangeOfTheHostIsFollowed() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            let ofHost = "Package: lib\nStatus: install ok installed\nArchitecture: all\nVersion: 1.0\n\n"
            host.root.write(DpkgStatus.path, ofHost)
            try await host.install("lib 1.0 good nounits noconf")
            try await host.install("app 1.0 good depends=lib", DeploymentOptions(activation: .yes))
            #expect(overlaid(host) == ["app/1.0"])
            #expect(try await host.engine.hostProblems()["app"] == nil)
            host.root.write(DpkgStatus.path, "")
            #expect(try await host.engine.hostProblems()["app"]?.first?.contains("restart its units") == true)
            #expect(overlaid(host) == ["app/1.0", "lib/1.0"])
            #expect(host.systemd.calls.last == "reload")
            // It runs over the library now, and does so until it is started anew, whatever apt installs.
            host.systemd.crashAndRestart("app.service")
            host.root.write(DpkgStatus.path, ofHost)
            let error = await #expect(throws: DeploymentError.self) { try await host.engine.remove("lib", purge: true) }
            #expect(error?.text.contains("files of 'lib'") == true)
            #expect(try await host.install("lib 2.0 good nounits noconf").result == .done)
            #expect(overlaid(host) == ["app/1.0"])
            #expect(host.systemd.running == ["app.service: 1.0 good"])
        }
    }

    /// A record that cannot be read: nothing is taken away from those who need the package.
    @Test func aDamagedRecordStripsNobody() async throws {
        try await onLoop {
            let host = try await hostWithLibrary()
            for name in ["gatekeel-release", "gatekeel-release.previous"] {
                host.root.write("/var/lib/gatekeel/packages/lib/1.0/\(name)", "nonsense")
            }
            try await host.start()
            #expect(overlaid(host) == ["app/1.0", "lib/1.0"])
        }
    }

    /// Records of releases before the source was recorded are of no common source.
    @Test func packagesWithoutASourceAreStrangers() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            try await host.install("base 1.0 good")
            try await host.install("user 1.0 good depends=base")
            #expect(overlaid(host, "base") == ["base/1.0"])
        }
    }

    /// Packages that fit only together go back one after the other.
    @Test func packagesThatFitOnlyTogetherGoBack() async throws {
        try await onLoop {
            let host = try await hostWithLibrary("app 1.0 good depends=lib(=1.0)")
            let lib = try await host.stage("lib 2.0 good nounits noconf")
            let app = try await host.stage("app 2.0 good depends=lib(=2.0)")
            for token in [lib.token, app.token] {
                #expect(
                    try await host.finish(try await host.engine.install(token, DeploymentOptions())).result == .done)
            }
            for name in ["lib", "app"] {
                #expect(try await host.finish(try await host.engine.rollback(name)).result == .done, "\(name)")
            }
            #expect(host.systemd.running == ["app.service: 1.0 good +1.0 good"])
        }
    }

    /// A relation that was unmet before is not newly broken by another version that does not meet it either.
    @Test func whatWasUnmetStaysNobodysFault() async throws {
        try await onLoop {
            let host = try await hostWithLibrary("app 1.0 good depends=lib(>=3.0)")
            #expect(try await host.install("lib 2.0 good nounits noconf").result == .done)
        }
    }

    /// Of what is needed all that this needs, each once; also by a name that is provided, and around a circle.
    @Test func dependenciesOfDependenciesAreSeen() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            try await host.install("base 1.0 good nounits noconf provides=virtual depends=app|x")
            try await host.install("lib 1.0 good nounits noconf depends=base")
            try await host.install("other 1.0 good nounits noconf")
            try await host.install("app 1.0 good depends=lib,virtual")
            #expect(overlaid(host) == ["app/1.0", "lib/1.0", "base/1.0"])
        }
    }

    @Test func anUpdateRestartsTheUnitsThatSeeIt() async throws {
        try await onLoop {
            let host = try await hostWithLibrary()
            host.forgetPhases()
            #expect(try await host.install("lib 2.0 good nounits noconf").result == .done)
            #expect(host.phases.contains(.stopping) && host.phases.contains(.probation))
            #expect(overlaid(host) == ["app/1.0", "lib/2.0"])
            #expect(host.systemd.running == ["app.service: 1.0 good +2.0 good"])
            // And back.
            #expect(try await host.finish(try await host.engine.rollback("lib")).result == .done)
            #expect(host.systemd.running == ["app.service: 1.0 good +1.0 good"])
        }
    }

    @Test func anUpdateThatBreaksAnotherPackageIsUndone() async throws {
        try await onLoop {
            let host = try await hostWithLibrary("app 1.0 picky depends=lib")
            let status = try await host.install("lib 2.0 bad nounits noconf")
            #expect(status.result == .rolledBack, "\(status)")
            #expect(status.reason?.text.contains("app.service") == true)
            #expect(overlaid(host) == ["app/1.0", "lib/1.0"])
            #expect(host.systemd.running == ["app.service: 1.0 picky +1.0 good"])
        }
    }

    @Test func whatDoesNotRunIsNotStarted() async throws {
        try await onLoop {
            let host = try await hostWithLibrary()
            _ = try await host.finish(try await host.engine.deactivate("app"))
            #expect(try await host.install("lib 2.0 good nounits noconf").result == .done)
            #expect(overlaid(host) == ["app/1.0", "lib/2.0"])
            #expect(host.systemd.running == [])
        }
    }

    @Test(arguments: ["lib(=1.0)", "lib(<<2.0)"]) func aVersionThatOthersDoNotTakeIsRefused(depends: String)
        async throws
    {
        try await onLoop {
            let host = try await hostWithLibrary("app 1.0 good depends=\(depends)")
            let error = await #expect(throws: DeploymentError.self) {
                try await host.install("lib 2.0 good nounits noconf")
            }
            #expect(error?.code == .unmetRelation)
            #expect(
                error?.text.contains("lib 2.0 would break the package 'app' (Depends: lib") == true,
                "\(error?.text ?? "")")
            #expect(host.systemd.running == ["app.service: 1.0 good +1.0 good"])
        }
    }

    /// Each accepts only its own version of the other, as Debian's packages of one source do.
    @Test func packagesThatFitOnlyTogetherAreDeliveredTogether() async throws {
        try await onLoop {
            let host = try await hostWithLibrary("app 1.0 good depends=lib(=1.0)")
            let lib = try await host.stage("lib 2.0 good nounits noconf")
            let error = await #expect(throws: DeploymentError.self) {
                try await host.engine.install(lib.token, DeploymentOptions())
            }
            #expect(error?.text.contains("or deliver the version of it that fits") == true)
            // One that does not fit either mends nothing.
            _ = try await host.stage("app 1.5 good depends=lib(=1.5)")
            await #expect(throws: DeploymentError.self) {
                try await host.engine.install(lib.token, DeploymentOptions())
            }
            let app = try await host.stage("app 2.0 good depends=lib(=2.0)")
            let first = try await host.finish(try await host.engine.install(lib.token, DeploymentOptions()))
            #expect(first.result == .done)
            #expect(host.systemd.running == ["app.service: 1.0 good +2.0 good"])
            let second = try await host.finish(try await host.engine.install(app.token, DeploymentOptions()))
            #expect(second.result == .done)
            #expect(host.systemd.running == ["app.service: 2.0 good +2.0 good"])
        }
    }

    @Test func whatOthersNeedIsNotRemoved() async throws {
        try await onLoop {
            let host = try await hostWithLibrary()
            for purge in [false, true] {
                let error = await #expect(throws: DeploymentError.self) {
                    try await host.engine.remove("lib", purge: purge)
                }
                #expect(error?.code == .unmetRelation && error?.text.contains("remove 'app' first") == true)
            }
            #expect(try await host.finish(try await host.engine.remove("app", purge: true)).result == .done)
            #expect(try await host.finish(try await host.engine.remove("lib", purge: true)).result == .done)
        }
    }

    /// Relations that were not met before are no reason to refuse an update of something else.
    @Test func whatWasBrokenBeforeHindersNothing() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            try await host.install("app 1.0 good depends=missing")
            #expect(try await host.install("other 1.0 good").result == .done)
            #expect(try await host.finish(try await host.engine.remove("other", purge: true)).result == .done)
        }
    }

    /// Debian's nginx: the unit is in `web-common`, its program in `web`, which depends on the former.
    @Test func aProgramOfTheSameSourceIsSeenByTheUnit() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            try await host.install("web-common 1.0 good source=web", DeploymentOptions(activation: .yes))
            try await host.install("foreign 1.0 good nounits noconf source=x depends=web-common")
            #expect(overlaid(host, "web-common") == ["web-common/1.0"])
            #expect(try await host.install("web 1.0 good nounits noconf source=web depends=web-common").result == .done)
            #expect(overlaid(host, "web-common") == ["web-common/1.0", "web/1.0"])
            #expect(host.systemd.running == ["web-common.service: 1.0 good +1.0 good"])
            let error = await #expect(throws: DeploymentError.self) { try await host.engine.remove("web", purge: true) }
            #expect(error?.text.contains("the units of 'web-common' use files of 'web'") == true)
            _ = try await host.finish(try await host.engine.deactivate("web-common"))
            #expect(try await host.finish(try await host.engine.remove("web", purge: true)).result == .done)
            #expect(overlaid(host, "web-common") == ["web-common/1.0"])
        }
    }

    /// It says that it is of the same source, and is of another signer.
    @Test(arguments: ["signer=CN=other", "authority=2f"])
    func aPackageOfAnotherSignerIsNotSeen(signer: String) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            try await host.install("web-common 1.0 good source=web authority=1f", DeploymentOptions(activation: .yes))
            try await host.install("evil 1.0 good nounits noconf source=web depends=web-common \(signer)")
            #expect(overlaid(host, "web-common") == ["web-common/1.0"])
        }
    }

    /// Any package may say that it provides a name.
    @Test func aPackageThatProvidesANameTakesTheOthersPlaceNowhere() async throws {
        try await onLoop {
            let host = try await hostWithLibrary()
            try await host.install("alib 1.0 good nounits noconf provides=lib")
            #expect(overlaid(host) == ["app/1.0", "lib/1.0"])
            // Nor that of one that provides it and is seen already.
            try await host.install("provider 1.0 good nounits noconf provides=virtual")
            try await host.install("user 1.0 good depends=virtual")
            #expect(overlaid(host, "user") == ["user/1.0", "provider/1.0"])
            try await host.install("another 1.0 good nounits noconf provides=virtual")
            #expect(overlaid(host, "user") == ["user/1.0", "provider/1.0"])
            try await host.start()
            #expect(host.notes == [])
        }
    }

    /// A first install that fails after the units of others were stopped starts them again as they were.
    @Test func aFirstInstallThatFailsLeavesOthersRunning() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            try await host.install("web-common 1.0 picky source=web", DeploymentOptions(activation: .yes))
            let status = try await host.install("web 1.0 bad nounits noconf source=web depends=web-common")
            #expect(status.result == .failed, "\(status)")
            #expect(overlaid(host, "web-common") == ["web-common/1.0"])
            #expect(host.systemd.running == ["web-common.service: 1.0 picky"])
            #expect(host.engine.package("web") == nil)
        }
    }

    @Test func aRestartFindsTheFilesAsTheyShouldBe() async throws {
        try await onLoop {
            let host = try await hostWithLibrary()
            try await host.install("lib 2.0 good nounits noconf")
            try await host.start()
            #expect(host.notes == [])
            host.root.write(Self.dropIn("app"), "")
            try await host.start()
            #expect(host.notes.map(\.package) == ["app"])
            #expect(overlaid(host) == ["app/1.0", "lib/2.0"])
        }
    }

    /// A version that needs another package from now on.
    @Test func whatAnUpdateNeedsIsSeenByOthersToo() async throws {
        try await onLoop {
            let host = try await hostWithLibrary()
            try await host.install("base 1.0 good nounits noconf")
            #expect(overlaid(host) == ["app/1.0", "lib/1.0"])
            try await host.install("lib 2.0 good nounits noconf depends=base")
            #expect(overlaid(host) == ["app/1.0", "lib/2.0", "base/1.0"])
        }
    }

    /// A way back that needs what is gone is refused.
    @Test func aRollbackThatDoesNotFitIsRefused() async throws {
        try await onLoop {
            let host = try await hostWithLibrary()
            try await host.install("app 2.0 good")
            _ = try await host.finish(try await host.engine.remove("lib", purge: true))
            let error = await #expect(throws: DeploymentError.self) { try await host.engine.rollback("app") }
            #expect(error?.code == .unmetRelation)
        }
    }
}

/// A campaign, as `CrashTests`.
@Suite struct StoreDependencyCrashTests {
    private let tests = StoreDependencyTests()

    /// The daemon is killed, or the machine goes down, while the library is exchanged: whatever it comes up with fits together.
    @Test(arguments: ["lib 2.0 good nounits noconf", "lib 2.0 bad nounits noconf"], [true, false])
    func aKillAnywhereLeavesWhatFits(update: String, reboots: Bool) async throws {
        try await onLoop {
            var places = 0
            for index in CrashTests.indices {
                let host = try await tests.hostWithLibrary("app 1.0 picky depends=lib")
                host.policy.maxBoots = 10
                let killer = Killer(at: index)
                try await host.start(killer.passage)
                _ = try? await host.install(update)
                await host.settle()
                guard killer.hasKilled else { break }
                places += 1
                if reboots { try host.reboot() }
                try await host.start()
                await host.settle()
                let lib = try #require(host.engine.package("lib")?.version)
                let place = Comment(rawValue: "\(update), killed at \(killer.name)")
                #expect(tests.overlaid(host) == ["app/1.0", "lib/\(lib)"], place)
                #expect(host.systemd.running == ["app.service: 1.0 picky +\(lib) good"], place)
                #expect(host.systemd.mixtures == [], place)
            }
            #expect(places > 3)
        }
    }
}
