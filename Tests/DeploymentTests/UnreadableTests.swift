import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import Deployment

/// Reads that decide something fail: nothing is removed, nothing is taken for new, and all is there when they succeed again.
@Suite(.serialized) struct UnreadableTests {
    private static let store = "/var/lib/gatekeel"

    /// Restarts the daemon while a path cannot be read.
    @LoopActor
    private func restart(_ host: Harness, _ code: Int32, _ name: String) async throws {
        let path = host.root.path + name
        ReadFaults.set(code, for: path)
        defer { ReadFaults.set(nil, for: path) }
        try await host.start()
    }

    @Test(
        arguments: [EIO, EACCES].flatMap { code in
            [
                "packages/app/current", "packages", "packages/app/2.0", "staged", "journal/deployment", "journal/work",
            ].map { (code, $0) }
        } + ["packages/app/state", "journal/history", "journal/clock"].map { (EACCES, $0) })
    func theStoreIsNotOpenedAndKeepsWhatItHas(code: Int32, name: String) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            try await host.install("app 2.0 good")
            let before = host.root.tree(Self.store + "/packages")
            await #expect(throws: DeploymentError.self) { try await restart(host, code, "\(Self.store)/\(name)") }
            #expect(host.root.tree(Self.store + "/packages") == before)
            try await host.start()
            #expect(host.engine.package("app")?.version == "2.0")
            #expect(host.engine.package("app")?.previousVersion == "1.0")
            #expect(host.engine.deployments(limit: 10).count == 3)
            #expect(host.mixture(of: "app") == [])
        }
    }

    /// The daemon stays, and tries again.
    @Test(arguments: ["packages", "journal/deployment", "staged"])
    func theSameEngineOpensTheStoreOnceItCanBeRead(name: String) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let path = "\(host.root.path)\(Self.store)/\(name)"
            ReadFaults.set(EIO, for: path)
            defer { ReadFaults.set(nil, for: path) }
            await #expect(throws: DeploymentError.self) { try await host.start() }
            await #expect(throws: DeploymentError.self) { _ = try await host.engine.open() }
            // Nothing is known: a request must not be decided by that.
            let refused = await #expect(throws: DeploymentError.self) { _ = try await host.stage("app 2.0 good") }
            #expect(refused?.code == .busy)
            ReadFaults.set(nil, for: path)
            #expect(try await host.engine.open().isEmpty)
            #expect(host.engine.package("app")?.version == "1.0")
            #expect(try await host.install("app 2.0 good").result == .done)
        }
    }

    /// What was interrupted is taken up by the attempt that succeeds, and counted once.
    @Test func anInterruptedDeploymentWaitsForTheStore() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let staged = try await host.stage("app 2.0 good")
            _ = try await host.engine.install(staged.token, DeploymentOptions())
            await host.stop()
            let path = "\(host.root.path)\(Self.store)/staged"
            ReadFaults.set(EIO, for: path)
            await #expect(throws: DeploymentError.self) { try await host.start() }
            for _ in 1...8 { await #expect(throws: DeploymentError.self) { _ = try await host.engine.open() } }
            ReadFaults.set(nil, for: path)
            #expect(try await host.engine.open().map(\.kind) == [.resumed])
            await host.settle()
            #expect(host.engine.package("app")?.version == "2.0")
            #expect(host.mixture(of: "app") == [])
        }
    }

    @Test(arguments: [EIO, EACCES]) func aPackageThatCannotBeListedIsNotCleaned(code: Int32) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            host.root.write("\(Self.store)/packages/app/0.1/usr/file", "what a crash left")
            try await restart(host, code, "\(Self.store)/packages/app")
            #expect(host.notes.map(\.kind) == [.unreadable])
            #expect(host.engine.package("app")?.version == "1.0")
            #expect(host.root.exists("\(Self.store)/packages/app/0.1"))
            try await host.start()
            #expect(!host.root.exists("\(Self.store)/packages/app/0.1"))
        }
    }

    @Test(arguments: [EIO, EACCES]) func thePreviousReleaseIsKeptWhenItsLinkCannotBeRead(code: Int32) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            try await host.install("app 2.0 good")
            await #expect(throws: DeploymentError.self) {
                try await restart(host, code, "\(Self.store)/packages/app/previous")
            }
            #expect(host.root.exists("\(Self.store)/packages/app/1.0"))
            try await host.start()
            #expect(try await host.finish(try await host.engine.rollback("app")).result == .done)
        }
    }

    @Test(arguments: [EIO, EACCES], ["record", "package.deb"])
    func aStagedPackageThatCannotBeReadIsKept(code: Int32, file: String) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            let staged = try await host.stage("app 1.0 good")
            try await restart(host, code, "\(Self.store)/staged/\(staged.token)/\(file)")
            #expect(host.engine.staged().isEmpty)
            #expect(host.notes.contains { $0.kind == .unreadable })
            try await host.start()
            #expect(host.engine.staged() == [staged])
        }
    }

    @Test(arguments: [EIO, EACCES]) func aReleaseWhoseRecordCannotBeReadStaysInPlace(code: Int32) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            try await restart(host, code, "\(Self.store)/packages/app/1.0/gatekeel-release")
            // A bad sector costs nothing: the record is there twice.
            let status = try #require(host.engine.package("app"))
            #expect(status.isInstalled && status.version == "1.0")
            #expect((status.reason?.token == "unreadable") == (code == EACCES))
        }
    }

    @Test(arguments: [EIO, EACCES]) func aConffileThatCannotBeReadStopsAnUpdateBeforeItBegins(code: Int32) async throws
    {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let path = "\(host.root.path)/etc/app/app.conf"
            ReadFaults.set(code, for: path)
            defer { ReadFaults.set(nil, for: path) }
            let status = try await host.install("app 2.0 good")
            #expect(status.result == .failed)
            #expect(host.systemd.running == ["app.service: 1.0 good"])
            ReadFaults.set(nil, for: path)
            #expect(host.mixture(of: "app") == [])
        }
    }

    /// Early at boot, with the marker of an exchange: what another release attached is not known.
    @Test(arguments: [EIO, EACCES]) func aRepairThatCannotReadLeavesTheMarker(code: Int32) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            await host.stop()
            let marker = "\(Self.store)/packages/app/switching"
            host.root.write(marker, "lost")
            let path = "\(host.root.path)\(Self.store)/packages/app/current"
            ReadFaults.set(code, for: path)
            try host.reboot()
            ReadFaults.set(nil, for: path)
            #expect(host.notes.map(\.kind) == [.unreadable])
            #expect(host.root.exists(marker))
            #expect(host.root.exists("/etc/systemd/system.attached/app.service"))
            try host.reboot()
            #expect(!host.root.exists(marker))
        }
    }

    @Test(arguments: [EIO, EACCES]) func aJournalThatCannotBeReadIsResumedLater(code: Int32) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let staged = try await host.stage("app 2.0 good")
            _ = try await host.engine.install(staged.token, DeploymentOptions())
            while host.engine.running?.phase != .probation { await host.breathe() }
            await host.stop()
            // The copy tells of the phase before: with a bad sector alone it is used.
            try Files.remove("\(host.root.path)\(Self.store)/journal/deployment.previous")
            await #expect(throws: DeploymentError.self) {
                try await restart(host, code, "\(Self.store)/journal/deployment")
            }
            try await host.start()
            await host.settle()
            #expect(host.engine.package("app")?.version == "2.0")
            #expect(host.mixture(of: "app") == [])
        }
    }

    @Test(arguments: [EIO, EACCES]) func dataIsKeptWhileItIsNotKnownWhoseItIs(code: Int32) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good data")
            host.root.write("/var/lib/app-data/own/file", "data")
            host.root.write("/var/lib/dpkg/info/other.list", "/var/lib/app-data\n")
            let path = "\(host.root.path)/var/lib/dpkg/info/other.list"
            ReadFaults.set(code, for: path)
            defer { ReadFaults.set(nil, for: path) }
            let status = try await host.finish(try await host.engine.remove("app", purge: true))
            #expect(status.result == .done && status.reason?.token == "incomplete")
            #expect(host.root.exists("/var/lib/app-data/own/file"))
        }
    }
}
