import EventLoop
import Glibc
import Linux
import Packages
import State
import TestSupport
import Testing

@testable import Deployment

@Suite struct StoreTests {
    @Test func aRecordOfAnotherKindIsNone() throws {
        let root = TemporaryRoot()
        let file = CheckedFile(record: "\(root.path)/record")
        #expect(try file.load("one").record == nil && file.load("one").complaints.isEmpty)
        let record = Record(kind: "one")
        try file.save(record.bytes)
        #expect(try file.load("one").record == record)
        #expect(try file.load("other").record == nil)
        #expect(try file.load("other").complaints.count == 1)
    }

    @Test func aDeploymentsRecordIsComplete() throws {
        var deployment = DeploymentRecord(
            id: "1", package: "app", operation: .update, version: "2", phase: .probation)
        deployment.oldLinks = [EnablementLink(path: "a.wants/b", target: "/c")]
        deployment.oldActive = ["a.service", "b@c.service"]
        deployment.conffiles = [
            ConffilePlan(path: "/etc/a", choice: .beside, saved: .file, savedBeside: .nothing)
        ]
        deployment.folders = ["/etc/a"]
        deployment.reason = Reason("health", "a: b\nc")
        deployment.downtime = .milliseconds(1234)
        (deployment.purge, deployment.allowDowngrade, deployment.keepsPrevious) = (true, true, true)
        (deployment.triggers, deployment.enabled, deployment.started) = (["t.socket"], ["a.service"], ["b.service"])
        (deployment.off, deployment.on, deployment.triggered) = (["c.service"], ["d.service"], ["e.service"])
        deployment.byHand = [EnablementLink(path: "x.target.wants/a.service", target: "/a.service")]
        (deployment.boots, deployment.attempts, deployment.startedAt) = (1, 2, 3)
        (deployment.activation, deployment.bootID, deployment.oldHighest) = (.no, "b", "1")
        #expect(try DeploymentRecord(#require(Record(bytes: deployment.record.bytes))) == deployment)
    }

    @Test func aReleasesRecordIsComplete() throws {
        let release = ReleaseRecord(
            name: "app", version: "1:2~3", architecture: "amd64", description: "d", signer: "CN=x", packageSize: 7,
            installedSize: 8, provides: "p (= 1)",
            units: [
                ReleaseUnit(
                    name: "a@.service", path: "usr/a", dropIns: ["usr/d"], isEnabled: false, isStarted: false,
                    aliases: ["b@.service"], defaultInstance: "one")
            ], reaches: [UnitReach(path: "usr/x", unit: try #require(UnitName("x.service")))],
            alsoInstances: ["a@b.service"], conffiles: ["/etc/a"], sysusers: ["u"], tmpfiles: ["t"],
            manifestUsers: ["u x - -"],
            manifestFolders: ["d /x"], dataFolders: ["/var/lib/y"],
            health: HealthCommand(command: ["/usr/bin/x", "a b"], user: "u", timeout: .seconds(3)),
            probationTime: .seconds(1), startTimeout: .seconds(2), stopTimeout: .seconds(3), allowedRestarts: 4,
            warnings: ["w"])
        #expect(try ReleaseRecord(#require(Record(bytes: release.record.bytes))) == release)
    }

    @Test func aCorruptJournalFallsBackToTheStateBefore() throws {
        let root = TemporaryRoot()
        let store = Store(root.paths)
        try store.create()
        var deployment = DeploymentRecord(id: "1", package: "app", operation: .update, version: "2", phase: .verifying)
        try store.saveJournal(deployment)
        deployment.phase = .unpacking
        try store.saveJournal(deployment)
        root.write("/var/lib/gatekeel/journal/deployment", "rubbish")
        let loaded = try store.loadJournal()
        #expect(loaded.deployment?.phase == .verifying)
        #expect(loaded.complaints.count == 1)
        // The damaged one does not become the good copy.
        deployment.phase = .preparing
        try store.saveJournal(deployment)
        root.write("/var/lib/gatekeel/journal/deployment", "rubbish")
        #expect(try store.loadJournal().deployment?.phase == .verifying)
    }

    @Test func namesThatArePathsAreNone() {
        for name in ["..", "a/b", "A", "", "a", ".a", "a_b", String(repeating: "a", count: 129)] {
            #expect(!PackageName.isValid(name), "\(name)")
        }
        for version in ["", "current", "1/2", "..", "1_2", "1 2", "a1"] {
            #expect(!Store.isVersion(version), "\(version)")
        }
        for version in ["1", "1:2.0-3~rc1+b1", "0.62-4", "2024A"] { #expect(Store.isVersion(version), "\(version)") }
        #expect(PackageName.isValid("libstdc++6"))
    }

    @Test func aFullDiskGivesTheReserveToTheJournal() throws {
        let root = TemporaryRoot()
        let store = Store(root.paths)
        try store.create()
        store.makeReserve()
        #expect(root.exists("/var/lib/gatekeel/journal/reserve"))
        var calls = 0
        try store.reserving { () throws(Errno) in
            calls += 1
            if calls == 1 { throw Errno(ENOSPC, "write") }
        }
        #expect(calls == 2)
        #expect(!root.exists("/var/lib/gatekeel/journal/reserve"))
        #expect(throws: Errno.self) { try store.reserving { () throws(Errno) in throw Errno(ENOSPC, "write") } }
    }
}

@Suite(.serialized) struct RecoveryTests {
    /// A gateway whose power goes while a release is on probation.
    @LoopActor
    private func onProbation() async throws -> Harness {
        let host = try await Harness.with("app 1.0 good")
        let staged = try await host.stage("app 2.0 good")
        _ = try await host.engine.install(staged.token, DeploymentOptions())
        while host.engine.running?.phase != .probation { await host.breathe() }
        await host.stop()
        return host
    }

    @Test func aReleaseThatKeepsTheGatewayDownIsReverted() async throws {
        try await onLoop {
            let host = try await onProbation()
            for boot in 1...3 {
                try host.reboot()
                #expect(host.systemd.running == ["app.service: \(boot <= 2 ? "2.0" : "1.0") good"])
            }
            #expect(host.notes.map(\.kind) == [.reverted])
            try await host.start()
            await host.settle()
            let status = try #require(host.engine.deployments(limit: 1).first)
            #expect(status.result == .rolledBack)
            #expect(status.reason?.token == "interrupted")
            #expect(host.systemd.running == ["app.service: 1.0 good"])
            #expect(host.mixture(of: "app") == [])
        }
    }

    @Test func aRestartOfTheDaemonDoesNotStartWhatFailed() async throws {
        try await onLoop {
            let host = try await onProbation()
            host.systemd.crash("app.service")
            let before = host.systemd.calls.count
            try await host.start()
            await host.settle()
            #expect(host.engine.deployments(limit: 1).first?.result == .rolledBack)
            let starts = host.systemd.calls.dropFirst(before).filter { $0.hasPrefix("start") }
            #expect(starts.count == 1)
            #expect(host.systemd.running == ["app.service: 1.0 good"])
        }
    }

    @Test func aDaemonThatIsKilledAgainAndAgainGivesUp() async throws {
        try await onLoop {
            let host = try await onProbation()
            for _ in 1...5 {
                try await host.start()
                while host.engine.running?.phase != .probation { await host.breathe() }
                await host.stop()
            }
            try await host.start()
            await host.settle()
            #expect(host.engine.deployments(limit: 1).first?.result == .rolledBack)
            #expect(host.mixture(of: "app") == [])
        }
    }

    @Test func aLostJournalLeavesWhatCurrentNames() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let killer = Killer(named: "deployment.links.after")
            try await host.start(killer.passage)
            let staged = try await host.stage("app 2.0 good")
            _ = try? await host.engine.install(staged.token, DeploymentOptions())
            await host.settle()
            for name in ["deployment", "deployment.previous"] {
                host.root.write("/var/lib/gatekeel/journal/\(name)", "rubbish")
            }
            // `current` is the new one already; the unit files are brought in line with it.
            host.root.write("/etc/systemd/system.attached/app.service", "# 1.0\n")
            try host.reboot()
            #expect(host.notes.contains { $0.kind == .corrupt })
            try await host.start()
            #expect(host.root.read("/etc/systemd/system.attached/app.service")?.hasPrefix("# 2.0\n") == true)
            #expect(!host.root.exists("/var/lib/gatekeel/packages/app/switching"))
            #expect(host.engine.package("app")?.version == "2.0")
        }
    }

    @Test func anErrorAtAnyPlaceIsUndone() async throws {
        for index in stride(from: 1, to: 1000, by: CrashTests.step) {
            let reached = try await onLoop {
                let host = try await Harness.with("app 1.0 good")
                let fault = Fault(at: index)
                try await host.start(fault.passage)
                var result: DeploymentResult?
                do {
                    result = try await host.install("app 2.0 good").result
                } catch is DeploymentError {}
                guard fault.hasFailed else { return false }
                let comment = Comment(rawValue: "an error at \(fault.name) (\(index))")
                let version = host.engine.package("app")?.version
                #expect(version == (result == .done ? "2.0" : "1.0"), comment)
                #expect(host.systemd.running == ["app.service: \(version ?? "") good"], comment)
                try await host.start()
                await host.settle()
                #expect(host.mixture(of: "app") == [], comment)
                #expect(try await host.install("app 3.0 good").result == .done, comment)
                return true
            }
            if !reached { break }
        }
    }

    @Test func whatIsUnpackedTakesNoMoreSpace() throws {
        let root = TemporaryRoot()
        let store = Store(root.paths)
        try store.create()
        let record = ReleaseRecord(name: "app", version: "1.0", installedSize: 1 << 60)
        func code(_ token: String?) -> DeploymentError.Code? {
            do {
                try HostCheck(store: store, record: record, token: token).run()
                return nil
            } catch { return DeploymentError.wrapping(error).code }
        }
        #expect(code(nil) == nil)
        #expect(code("0123456789abcdef") == .noSpace)
        try Files.makeDirectories(store.tree(staged: "0123456789abcdef"))
        #expect(code("0123456789abcdef") == nil)
    }
}
