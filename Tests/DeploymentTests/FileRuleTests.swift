import EventLoop
import Glibc
import Linux
import Packages
import TestSupport
import Testing

@testable import Deployment

/// `File=` and `Copy=` of a manifest.
@Suite struct FileRuleTests {
    private static let path = "/etc/app/app.conf"
    private static let copy = "rule=\(path):root:app:0640:usr/share/app/app.conf"

    @LoopActor
    private func host() async throws -> Harness {
        let host = Harness()
        host.root.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:901:901::/:/usr/sbin/nologin\n")
        host.root.write("/etc/group", "root:x:0:\napp:x:902:\n")
        try await host.start()
        return host
    }

    @Test func aRecordKeepsThem() throws {
        var record = ReleaseRecord(name: "app", version: "1.0")
        record.files = [
            FileRule(path: "/etc/a", owner: "root", group: "app", mode: "0640"),
            FileRule(path: "/etc/b c", owner: "root", group: "app", mode: "0600", source: "usr/share/b c"),
            FileRule(path: "/etc/c", owner: "root", group: "app", mode: "0600", lines: ["a=\"b\"", "", "\t"]),
        ]
        #expect(try ReleaseRecord(record.record) == record)
    }

    private func status(_ host: Harness) throws -> stat { try #require(try Files.status(host.root.path + Self.path)) }

    @Test(.enabled(if: geteuid() == 0, "only root changes owners")) func aFileGetsOwnerAndMode() async throws {
        try await onLoop {
            let host = try await host()
            #expect(try await host.install("app 1.0 good rule=\(Self.path):app:app:0640").result == .done)
            let new = try status(host)
            #expect((new.st_uid, new.st_gid, new.st_mode & 0o7777) == (901, 902, 0o640))
            // The administrator's mode stays, as dpkg does it.
            chmod(host.root.path + Self.path, 0o600)
            #expect(try await host.install("app 2.0 good rule=\(Self.path):app:app:0644").result == .done)
            #expect(host.root.read(Self.path) == "conf 2.0")
            #expect(try status(host).st_mode & 0o7777 == 0o600)
        }
    }

    @Test func aUserThatIsMissingFailsTheDeployment() async throws {
        try await onLoop {
            let host = try await host()
            let status = try await host.install("app 1.0 good rule=\(Self.path):nobody-has-it:app:0640")
            #expect(status.result == .failed)
            #expect(status.reason?.text.contains("'nobody-has-it:app'") == true, "\(status)")
            #expect(!host.root.exists(Self.path))
            #expect(host.mixture(of: "app") == [])
        }
    }

    @Test func aCopyIsTheAdministratorsOnceItWasMade() async throws {
        try await onLoop {
            let host = try await host()
            #expect(try await host.install("app 1.0 good \(Self.copy)").result == .done)
            #expect(host.root.read(Self.path) == "conf 1.0")
            #expect(try status(host).st_mode & 0o7777 == 0o640)
            #expect(try await host.install("app 2.0 good \(Self.copy)").result == .done)
            #expect(host.root.read(Self.path) == "conf 1.0", "an update does not change it")
            host.root.write(Self.path, "edited")
            #expect(try await host.install("app 3.0 good \(Self.copy)").result == .done)
            #expect(host.root.read(Self.path) == "edited")
            #expect(!host.root.exists(Self.path + ".dpkg-dist"))
            try Files.remove(host.root.path + Self.path)
            #expect(try await host.install("app 4.0 good \(Self.copy)").result == .done)
            #expect(!host.root.exists(Self.path), "what was removed stays so")
        }
    }

    @Test func aCopyIsUndoneWithAFailedInstallation() async throws {
        try await onLoop {
            let host = try await host()
            let options = DeploymentOptions(activation: .yes)
            #expect(try await host.install("app 1.0 crash \(Self.copy)", options).result == .failed)
            #expect(!host.root.exists("/etc/app"))
            host.root.write(Self.path, "the host's")
            #expect(try await host.install("app 1.0 crash \(Self.copy)", options).result == .failed)
            #expect(host.root.read(Self.path) == "the host's")
            #expect(host.mixture(of: "app") == [])
        }
    }

    @Test(arguments: [nil, "the host's"]) func aPurgeRemovesWhatWasMade(before: String?) async throws {
        try await onLoop {
            let host = try await host()
            if let before { host.root.write(Self.path, before) }
            #expect(try await host.install("app 1.0 good \(Self.copy)").result == .done)
            if before == nil { host.root.write(Self.path, "edited") }
            #expect(try await host.finish(try await host.engine.remove("app", purge: true)).result == .done)
            #expect(host.root.read(Self.path) == before)
        }
    }

    // MARK: Files of data

    private static let data = "/var/lib/app/data"

    @Test func aFileOfDataIsCopiedOnce() async throws {
        try await onLoop {
            let host = try await host()
            #expect(try await host.install("app 1.0 good changes conffile=\(Self.data)").result == .done)
            #expect(host.root.read(Self.data) == "conf 1.0")
            #expect(try await host.install("app 2.0 good changes conffile=\(Self.data)").result == .done)
            #expect(host.root.read(Self.data) == "conf 1.0", "an update does not change it")
            #expect(!host.root.exists(Self.data + ".dpkg-dist"))
            try Files.remove(host.root.path + Self.data)
            #expect(try await host.install("app 3.0 good changes conffile=\(Self.data)").result == .done)
            #expect(!host.root.exists(Self.data), "what was removed stays so")
        }
    }

    @Test(arguments: [nil, "the host's"]) func aFileOfDataIsUndoneOrPurged(before: String?) async throws {
        try await onLoop {
            let host = try await host()
            if let before { host.root.write(Self.data, before) }
            let word = "changes conffile=\(Self.data)"
            let options = DeploymentOptions(activation: .yes)
            #expect(try await host.install("app 1.0 crash \(word)", options).result == .failed)
            #expect(host.root.read(Self.data) == before)
            #expect(host.root.exists("/var/lib/app") == (before != nil))
            #expect(try await host.install("app 1.0 good \(word)").result == .done)
            #expect(host.root.read(Self.data) == before ?? "conf 1.0")
            #expect(try await host.finish(try await host.engine.remove("app", purge: true)).result == .done)
            #expect(host.root.read(Self.data) == before)
            #expect(host.root.exists("/var/lib/app") == (before != nil))
        }
    }

    /// What a service made of it is not read: it may be a database of any size, or a FIFO.
    @Test func whatIsThereMayBeOfAnySize() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            let path = "/var/lib/app/data"
            #expect(try await host.install("app 1.0 good conffile=\(path)").result == .done)
            let file = try FileDescriptor.open(host.root.path + path, O_WRONLY)
            try retrying("grow") { ftruncate(file.raw, off_t(1) << 33) }
            #expect(try await host.install("app 2.0 good conffile=\(path)").result == .done)
            #expect(
                try await host.install("app 3.0 crash conffile=\(path)", DeploymentOptions(activation: .yes)).result
                    == .rolledBack)
            #expect(try Files.status(host.root.path + path)?.st_size == off_t(1) << 33)
            #expect(try await host.finish(try await host.engine.rollback("app")).result == .done)
        }
    }
}
