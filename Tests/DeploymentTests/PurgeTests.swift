import EventLoop
import Linux
import TestSupport
import Testing

@testable import Deployment

/// A purge removes what deployments of the package made, and nothing else.
@Suite struct PurgeTests {
    @LoopActor
    private func purge(_ host: Harness) async throws -> DeploymentStatus {
        try await host.finish(try await host.engine.remove("app", purge: true))
    }

    /// `/etc/hosts`, shipped as a conffile.
    @Test(arguments: ["the host's", "conf 1.0"]) func aFileThatWasThereBeforeStays(text: String) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            host.root.write("/etc/app/app.conf", text)
            #expect(try await host.install("app 1.0 good").result == .done)
            #expect(try await host.install("app 2.0 good").result == .done)
            let status = try await purge(host)
            #expect(status.result == .done)
            #expect(status.reason?.text.contains("/etc/app/app.conf is kept: the package did not make it") == true)
            #expect(host.root.tree("/etc") == ["app/app.conf"], "what was put beside it goes")
            #expect(host.root.read("/etc/app/app.conf") == (text == "conf 1.0" ? "conf 2.0" : text))
        }
    }

    @Test func whatOthersPutBesideAConffileStays() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            host.root.write("/etc/app/app.conf", "the host's")
            for suffix in ["dpkg-dist", "gatekeel-save", "gatekeel-save.dpkg-old"] {
                host.root.write("/etc/app/app.conf.\(suffix)", "kept")
            }
            #expect(try await host.install("app 1.0 good").result == .done)
            _ = try await purge(host)
            #expect(
                host.root.tree("/etc").sorted() == [
                    "app/app.conf", "app/app.conf.dpkg-dist", "app/app.conf.gatekeel-save",
                    "app/app.conf.gatekeel-save.dpkg-old",
                ])
        }
    }

    /// It appeared between the plan and the switch.
    @Test func aFileThatAppearsMeanwhileStays() async throws {
        try await onLoop {
            let host = Harness()
            let root = host.root
            var passage = Passage()
            passage.probe = { if $0 == "deployment.conffiles.each" { root.write("/etc/app/app.conf", "the host's") } }
            try await host.start(passage)
            #expect(try await host.install("app 1.0 good").result == .done)
            _ = try await purge(host)
            #expect(host.root.tree("/etc") == ["app/app.conf"])
            #expect(host.root.read("/etc/app/app.conf") == "the host's")
        }
    }

    @Test func whatTheServiceEditedGoesWithIt() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            host.root.write("/etc/app/app.conf", "edited")
            #expect(try await host.install("app 2.0 good").result == .done)
            #expect(host.root.tree("/etc/app").sorted() == ["app.conf", "app.conf.dpkg-dist"])
            // What a way back saved, also by its former name.
            for suffix in ["gatekeel-save", "gatekeel-save.dpkg-old"] {
                host.root.write("/etc/app/app.conf.\(suffix)", "saved")
            }
            #expect(try await purge(host).reason == nil)
            #expect(host.root.tree("/etc") == [])
        }
    }

    /// The folders in `/var` that it was given, by its manifest and by systemd.
    @Test(arguments: [true, false]) func dataThatWasThereBeforeStays(isThere: Bool) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            if isThere {
                for folder in ["app", "app-data/own"] { host.root.write("/var/lib/\(folder)/file", "the host's") }
            }
            #expect(try await host.install("app 1.0 good users data").result == .done)
            for folder in ["app", "app-data/own"] { host.root.write("/var/lib/\(folder)/more", "data") }
            #expect(try await host.install("app 2.0 good users data").result == .done)
            _ = try await purge(host)
            for folder in ["app", "app-data/own"] { #expect(host.root.exists("/var/lib/\(folder)/file") == isThere) }
            #expect(host.root.exists("/var/lib/app") == isThere)
        }
    }

    /// The next attempt does not take them for the host's.
    @Test func aFailedInstallLeavesNoEmptyFolder() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            let status = try await host.install("app 1.0 crash users", DeploymentOptions(activation: .yes))
            #expect(status.result != .done)
            #expect(!host.root.exists("/var/lib/app"))
        }
    }

    /// Folders that the package merely lists, as dpkg's do: an administrator may have put something into them since.
    @Test(arguments: ["/var/www/html", "/srv/tftp", "/var/lib/app-list", "/var/lib/app"])
    func whatAnAdministratorPutIntoAListedFolderStays(folder: String) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            // The manifest gives the last one to a user of the package.
            let option = folder == "/var/lib/app" ? "users" : "etc=\(folder)"
            #expect(try await host.install("app 1.0 good \(option)").result == .done)
            host.root.write("\(folder)/site/index", "mine")
            let status = try await purge(host)
            let isKept = folder != "/var/lib/app"
            #expect(host.root.exists("\(folder)/site/index") == isKept)
            #expect((status.reason?.text.contains("\(folder) is kept") == true) == isKept)
        }
    }

    @Test func anEmptyListedFolderGoes() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good etc=/srv/app/a etc=/var/lib/app-list")
            _ = try await purge(host)
            #expect(!host.root.exists("/srv/app/a") && !host.root.exists("/var/lib/app-list"))
        }
    }

    /// A line of tmpfiles.d or a unit has it as well.
    @Test(arguments: [
        ("etc=/var/lib/app-kept/deep/er lines=app", "app-kept/deep/er"),
        ("etc=/var/lib/app-data/own data", "app-data/own"),
    ])
    func aFolderOfALineOrAUnitGoesWithItsContent(options: String, folder: String) async throws {
        try await onLoop {
            let host = Harness()
            host.root.write("/etc/passwd", "")
            host.root.write("/etc/group", "dialout:x:20:\n")
            for folder in ["/run", "/var/lib", "/var/log"] { try Files.makeDirectories(host.root.path + folder) }
            try await host.start()
            #expect(try await host.install("app 1.0 good \(options)").result == .done)
            host.root.write("/var/lib/\(folder)/data", "x")
            _ = try await purge(host)
            #expect(!host.root.exists("/var/lib/\(folder)/data"))
        }
    }
}
