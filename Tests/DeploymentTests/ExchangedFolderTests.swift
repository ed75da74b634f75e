import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import Deployment

/// A service's user owns `/etc/app` and exchanges the folder of a conffile below it for a link to where root would act on
/// a file: no moment is good enough.
@Suite(
    .serialized, .timeLimit(.minutes(2 * patience)),
    .enabled(if: geteuid() == 0, "SKIPPED: only root can give a folder to another user"))
struct ExchangedFolderTests {
    private static let target = "/etc/systemd/system/x.service.d"
    private static let nobody: uid_t = 65534

    /// `app` 1.0, whose folder of conffiles is the service's.
    @LoopActor private func gateway() async throws -> Harness {
        let host = try await Harness.with("app 1.0 good folder")
        let path = host.root.path
        for name in ["/etc/app", "/etc/app/conf.d", "/etc/app/conf.d/app.conf"] {
            #expect(chown(path + name, Self.nobody, Self.nobody) == 0)
        }
        host.root.write("\(Self.target)/app.conf", "the host's")
        return host
    }

    /// What the service does, with its own rights.
    private static func exchange(_ root: String) {
        rename("\(root)/etc/app/conf.d", "\(root)/etc/app/away")
        symlink(target, "\(root)/etc/app/conf.d")
        lchown("\(root)/etc/app/conf.d", nobody, nobody)
    }

    @LoopActor private func expectUntouched(_ host: Harness, _ comment: Comment) {
        #expect(host.root.tree(Self.target) == ["app.conf"], comment)
        #expect(host.root.read("\(Self.target)/app.conf") == "the host's", comment)
    }

    @Test(arguments: ["before", "deployment.conffiles.each", "deployment.attach.each"])
    func noUpdateIsLedElsewhere(moment: String) async throws {
        try await onLoop {
            let host = try await gateway()
            let root = host.root.path
            if moment == "before" {
                Self.exchange(root)
            } else {
                var passage = Passage()
                passage.probe = { if $0 == moment { Self.exchange(root) } }
                try await host.start(passage)
            }
            let staged = try await host.stage("app 2.0 good folder")
            let id = try await host.engine.install(staged.token, DeploymentOptions())
            let status = try await host.finish(id)
            expectUntouched(host, "\(moment)")
            #expect(status.result == (moment == "before" ? .failed : .rolledBack))
            #expect(status.reason?.text.contains("is a link that others than root can put there") == true)
            #expect(host.systemd.running == ["app.service: 1.0 good"])
        }
    }

    /// The lease on the old file that tells the exact moment: after it was read, before the new one is written.
    @Test(arguments: ["app.conf", "app.conf.dpkg-dist"]) func noRaceIsWon(name: String) async throws {
        try await onLoop {
            let host = try await gateway()
            let root = host.root.path
            if name != "app.conf" { host.root.write("/etc/app/conf.d/app.conf", "edited") }
            WriteMoments.set("\(root)/etc/app/conf.d/\(name)") { Self.exchange(root) }
            let status = try await host.install("app 2.0 good folder")
            #expect(status.result == .done)
            #expect(try Files.linkTarget("\(root)/etc/app/conf.d") == Self.target, "the moment came")
            expectUntouched(host, "\(name)")
            #expect(host.root.read("/etc/app/away/\(name)") == "conf 2.0")
        }
    }

    @Test func noWayBackIsLedElsewhere() async throws {
        try await onLoop {
            let host = try await gateway()
            let staged = try await host.stage("app 2.0 crash-later folder")
            let id = try await host.engine.install(staged.token, DeploymentOptions())
            while host.engine.running?.phase != .probation { await host.breathe() }
            Self.exchange(host.root.path)
            let status = try await host.finish(id)
            #expect(status.result == .rolledBack)
            #expect(status.reason?.text.contains("could not be put back") == true)
            #expect(host.systemd.running == ["app.service: 1.0 good"])
            expectUntouched(host, "way back")
        }
    }

    @Test func noPurgeIsLedElsewhere() async throws {
        try await onLoop {
            let host = try await gateway()
            Self.exchange(host.root.path)
            let status = try await host.finish(try await host.engine.remove("app", purge: true))
            #expect(status.result == .done)
            #expect(status.reason?.text.contains("others than root") == true)
            expectUntouched(host, "purge")
        }
    }

    /// In a folder of the service's, owner and mode are the package's, whatever lies there. An administrator's stay.
    @Test func ownerAndModeAreNotTakenFromAUser() async throws {
        try await onLoop {
            let host = try await gateway()
            let path = "\(host.root.path)/etc/app/conf.d/app.conf"
            #expect(chmod(path, 0o6777) == 0)
            #expect(try await host.install("app 2.0 good folder").result == .done)
            let status = try #require(try Files.status(path))
            #expect(status.st_uid == 0 && status.st_mode == S_IFREG | 0o644)
            for name in ["/etc/app", "/etc/app/conf.d"] { #expect(chown(host.root.path + name, 0, 0) == 0) }
            #expect(chown(path, 0, 4) == 0 && chmod(path, 0o640) == 0)
            #expect(try await host.install("app 3.0 good folder").result == .done)
            let kept = try #require(try Files.status(path))
            #expect(kept.st_uid == 0 && kept.st_gid == 4 && kept.st_mode == S_IFREG | 0o640)
            #expect(host.root.read("/etc/app/conf.d/app.conf") == "conf 3.0")
        }
    }

    /// What only root can have made keeps working.
    @Test func aLinkOfTheAdministratorIsFollowed() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good folder")
            let root = host.root.path
            try Files.makeDirectories("\(root)/srv")
            #expect(rename("\(root)/etc/app", "\(root)/srv/app") == 0)
            try Files.placeLink("\(root)/etc/app", target: "/srv/app")
            #expect(try await host.install("app 2.0 good folder").result == .done)
            #expect(host.root.read("/srv/app/conf.d/app.conf") == "conf 2.0")
            #expect(try await host.install("app 3.0 crash folder").result == .rolledBack)
            #expect(host.root.read("/srv/app/conf.d/app.conf") == "conf 2.0")
            #expect(try await host.finish(try await host.engine.remove("app", purge: true)).reason == nil)
            #expect(!host.root.exists("/srv/app/conf.d/app.conf"))
        }
    }
}
