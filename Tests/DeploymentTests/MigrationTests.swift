import EventLoop
import Glibc
import Linux
import Packages
import TestSupport
import Testing

@testable import Deployment

/// What packages ask of `dpkg-maintscript-helper(1)` and `deb-conffiles(5)`, and conffiles that become folders or the reverse.
@Suite(.timeLimit(.minutes(1))) struct MigrationTests {
    // MARK: One package with all of them, for the campaigns as well

    static let old = """
        app 1.0 good conffile=/etc/app/gone conffile=/etc/app/gone-edited conffile=/etc/app/moved conffile=/etc/app/moved-edited \
        conffile=/etc/app/file conffile=/etc/app/file-edited conffile=/etc/app/folder/a conffile=/etc/app/folder-edited/a \
        link=/etc/app/link:../app-own etc=/etc/app-own etc=/etc/app/to-link
        """

    static func new(_ behaviour: String) -> String {
        """
        app 2.0 \(behaviour) conffile=/etc/app/sub/moved conffile=/etc/app/moved-2 conffile=/etc/app/file/a \
        conffile=/etc/app/file-edited/a conffile=/etc/app/folder conffile=/etc/app/folder-edited conffile=/etc/app/link/a \
        link=/etc/app/to-link:app.conf migrate=rm_conffile:/etc/app/gone migrate=remove-on-upgrade:/etc/app/gone-edited \
        migrate=mv_conffile:/etc/app/moved:/etc/app/moved-2:1.5 migrate=mv_conffile:/etc/app/moved-edited:/etc/app/sub/moved \
        migrate=symlink_to_dir:/etc/app/link:../app-own migrate=dir_to_symlink:/etc/app/to-link:app.conf
        """
    }

    @LoopActor static func edit(_ host: Harness) {
        for name in ["gone-edited", "moved-edited", "file-edited", "folder-edited/a"] {
            host.root.write("/etc/app/\(name)", "edited")
        }
    }

    /// The files, links and folders of the package below /etc, with their text or target.
    @LoopActor static func etc(_ host: Harness) -> [String] {
        var found: [String] = []
        func walk(_ path: String) {
            for name in (try? Files.names(in: host.root.path + path)) ?? [] {
                let inner = "\(path)/\(name)"
                if let target = try? Files.linkTarget(host.root.path + inner) {
                    found.append("\(inner) -> \(target)")
                } else if let text = host.root.read(inner) {
                    found.append("\(inner): \(text.hasPrefix("conf ") ? "conf" : text)")
                } else {
                    found.append("\(inner)/")
                    walk(inner)
                }
            }
        }
        walk("/etc/app")
        return found.sorted()
    }

    static let before = [
        "/etc/app/app.conf: conf", "/etc/app/file-edited: edited", "/etc/app/file: packaged",
        "/etc/app/folder-edited/", "/etc/app/folder-edited/a: edited", "/etc/app/folder/",
        "/etc/app/folder/a: packaged",
        "/etc/app/gone-edited: edited", "/etc/app/gone: packaged", "/etc/app/link -> ../app-own",
        "/etc/app/moved-edited: edited", "/etc/app/moved: packaged", "/etc/app/to-link/",
    ]
    static let after = [
        "/etc/app/app.conf: conf", "/etc/app/file-edited.dpkg-old: edited", "/etc/app/file-edited/",
        "/etc/app/file-edited/a: packaged", "/etc/app/file/", "/etc/app/file/a: packaged",
        "/etc/app/folder-edited.dpkg-old/", "/etc/app/folder-edited.dpkg-old/a: edited",
        "/etc/app/folder-edited: packaged", "/etc/app/folder: packaged", "/etc/app/gone-edited.dpkg-old: edited",
        "/etc/app/link/", "/etc/app/link/a: packaged", "/etc/app/moved-2: packaged", "/etc/app/sub/",
        "/etc/app/sub/moved: edited", "/etc/app/to-link -> app.conf",
    ]

    @Test(arguments: ["good", "crash", "crash-later"]) func theyAreDoneWithTheUpdateAndUndoneWithIt(_ way: String)
        async throws
    {
        try await onLoop {
            let host = try await Harness.with(Self.old)
            Self.edit(host)
            #expect(Self.etc(host) == Self.before)
            let status = try await host.install(Self.new(way))
            #expect(status.result == (way == "good" ? .done : .rolledBack), "\(status)")
            #expect(status.reason == nil || status.reason?.text.contains("put back") == false)
            #expect(Self.etc(host) == (way == "good" ? Self.after : Self.before))
        }
    }

    /// With dpkg a version that was put in place again would not find what was set aside.
    @Test func aRollbackBringsTheEditsBack() async throws {
        try await onLoop {
            let host = try await Harness.with(Self.old)
            Self.edit(host)
            #expect(try await host.install(Self.new("good")).result == .done)
            let status = try await host.finish(try await host.engine.rollback("app"))
            #expect(status.result == .done, "\(status)")
            let found = Self.etc(host)
            for edited in ["gone-edited", "moved-edited"] { #expect(found.contains("/etc/app/\(edited): edited")) }
            for packaged in ["gone", "moved", "file", "folder/a"] {
                #expect(found.contains("/etc/app/\(packaged): packaged"), "\(packaged)")
            }
            #expect(found.contains("/etc/app/link -> ../app-own"))
            #expect(found.contains("/etc/app/to-link/"))
            #expect(host.systemd.running == ["app.service: 1.0 good"])
            #expect(!host.root.exists("/etc/app/sub/moved"))
        }
    }

    @Test func nothingIsLeftAfterAPurge() async throws {
        try await onLoop {
            let host = try await Harness.with(Self.old)
            Self.edit(host)
            #expect(try await host.install(Self.new("good")).result == .done)
            let status = try await host.finish(try await host.engine.remove("app", purge: true))
            #expect(status.result == .done)
            // A folder that was set aside is the administrator's.
            #expect(
                Self.etc(host) == ["/etc/app/folder-edited.dpkg-old/", "/etc/app/folder-edited.dpkg-old/a: edited"])
        }
    }

    @Test func whatWasPutBesideAMovedFileGoesWithAPurge() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good conffile=/etc/app/a")
            host.root.write("/etc/app/a", "edited")
            let new = "app 2.0 good changes conffile=/etc/app/b migrate=mv_conffile:/etc/app/a:/etc/app/b"
            #expect(try await host.install(new).result == .done)
            #expect(host.root.read("/etc/app/b.dpkg-dist") == "conf 2.0")
            #expect(try await host.finish(try await host.engine.rollback("app")).result == .done)
            #expect(host.root.read("/etc/app/a") == "edited")
            #expect(try await host.finish(try await host.engine.remove("app", purge: true)).result == .done)
            #expect(Self.etc(host) == [])
        }
    }

    // MARK: Each by itself

    /// The old file, whether it is edited, what the package asks for, and what is there afterwards.
    static let rules: [(String?, String, [String])] = [
        ("packaged", "migrate=rm_conffile:/etc/app/a", []),
        ("edited", "migrate=rm_conffile:/etc/app/a", ["a.dpkg-bak: edited"]),
        (nil, "migrate=rm_conffile:/etc/app/a", []),
        ("edited", "migrate=remove-on-upgrade:/etc/app/a", ["a.dpkg-old: edited"]),
        ("packaged", "migrate=rm_conffile:/etc/app/a::1.0-1", []),
        // It concerns updates from earlier versions only.
        ("packaged", "migrate=rm_conffile:/etc/app/a::0.9", ["a: packaged"]),
        ("packaged", "migrate=rm_conffile:/etc/app/a::1.0~", ["a: packaged"]),
        // A file that the package has, has always had, or never had.
        ("packaged", "", ["a: packaged"]),
        ("edited", "migrate=rm_conffile:/etc/app/b", ["a: edited"]),
        ("packaged", "conffile=/etc/app/b migrate=mv_conffile:/etc/app/a:/etc/app/b", ["b: packaged"]),
        ("edited", "conffile=/etc/app/b migrate=mv_conffile:/etc/app/a:/etc/app/b", ["b: edited"]),
        (nil, "conffile=/etc/app/b migrate=mv_conffile:/etc/app/a:/etc/app/b", ["b: packaged"]),
        // The package has changed it as well.
        (
            "edited", "changes conffile=/etc/app/b migrate=mv_conffile:/etc/app/a:/etc/app/b",
            ["b.dpkg-dist: conf", "b: edited"]
        ),
    ]

    @Test(arguments: rules) func oneFile(_ text: String?, _ option: String, _ expected: [String]) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good conffile=/etc/app/a")
            if let text { host.root.write("/etc/app/a", text) } else { try Files.remove("\(host.root.path)/etc/app/a") }
            #expect(try await host.install("app 2.0 good \(option)").result == .done)
            #expect(Self.etc(host) == (["app.conf: conf"] + expected).map { "/etc/app/\($0)" }.sorted())
        }
    }

    /// Nothing of the administrator's is replaced: the new name is taken.
    @Test func anEditedFileDoesNotMoveOntoAnother() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good conffile=/etc/app/a")
            host.root.write("/etc/app/a", "edited")
            host.root.write("/etc/app/b", "of the administrator")
            let new = "conffile=/etc/app/b migrate=mv_conffile:/etc/app/a:/etc/app/b"
            #expect(try await host.install("app 2.0 crash \(new)").result == .rolledBack)
            #expect(
                Self.etc(host) == ["/etc/app/a: edited", "/etc/app/app.conf: conf", "/etc/app/b: of the administrator"])
            #expect(try await host.install("app 2.1 good \(new)").result == .done)
            #expect(
                Self.etc(host) == [
                    "/etc/app/a.dpkg-bak: edited", "/etc/app/app.conf: conf", "/etc/app/b.dpkg-dist: packaged",
                    "/etc/app/b: of the administrator",
                ])
        }
    }

    /// A file that was there before the package, or that dpkg has, is nobody's to remove.
    @Test(arguments: [false, true]) func whatThePackageDidNotMakeStays(_ isOfDpkg: Bool) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            if !isOfDpkg { host.root.write("/etc/app/a", "packaged") }
            try await host.install("app 1.0 good conffile=/etc/app/a")
            if isOfDpkg { host.root.write("/var/lib/dpkg/info/debs-app.list", "/etc\n/etc/app/a\n") }
            #expect(try await host.install("app 2.0 good migrate=rm_conffile:/etc/app/a").result == .done)
            #expect(host.root.read("/etc/app/a") == "packaged")
        }
    }

    /// A backup of an earlier update comes back when this one fails.
    @Test func anOlderBackupIsNotLost() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good conffile=/etc/app/a")
            host.root.write("/etc/app/a", "edited")
            host.root.write("/etc/app/a.dpkg-bak", "of last year")
            #expect(try await host.install("app 2.0 crash migrate=rm_conffile:/etc/app/a").result == .rolledBack)
            #expect(host.root.read("/etc/app/a") == "edited")
            #expect(host.root.read("/etc/app/a.dpkg-bak") == "of last year")
        }
    }

    @Test func anEditDuringProbationIsKept() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good conffile=/etc/app/a")
            host.root.write("/etc/app/a", "edited")
            let staged = try await host.stage(
                "app 2.0 crash-later conffile=/etc/app/b migrate=mv_conffile:/etc/app/a:/etc/app/b")
            let id = try await host.engine.install(staged.token, DeploymentOptions())
            while host.engine.running?.phase != .probation { await host.breathe() }
            host.root.write("/etc/app/b", "edited late")
            #expect(try await host.finish(id).result == .rolledBack)
            #expect(
                Self.etc(host) == [
                    "/etc/app/a: edited", "/etc/app/app.conf: conf", "/etc/app/b.gatekeel-save.dpkg-old: edited late",
                ])
        }
    }

    /// Refused while everything runs, as dpkg refuses it in the middle.
    @Test(arguments: [
        ("conffile=/etc/app/d/a", "/etc/app/d/a", "edited", "migrate=dir_to_symlink:/etc/app/d:x link=/etc/app/d:x"),
        ("etc=/etc/app/d", "/etc/app/d/own", "x", "migrate=dir_to_symlink:/etc/app/d:x link=/etc/app/d:x"),
        ("", "/etc/app/d", "x", "conffile=/etc/app/d/a"), ("", "/etc/app/d", "x", "etc=/etc/app/d/e"),
    ])
    func anObstacleIsFoundBeforeAnythingStops(_ old: String, _ path: String, _ text: String, _ new: String) async throws
    {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good \(old)")
            host.root.write(path, text)
            let starts = host.systemd.calls.count { $0.hasPrefix("stop") }
            let status = try await host.install("app 2.0 good \(new)")
            #expect(status.result == .failed, "\(status)")
            #expect(status.reason?.text.contains("\(host.root.path)\(path)") == true, "\(status)")
            #expect(status.reason?.text.contains("move ") == true)
            #expect(host.systemd.calls.count { $0.hasPrefix("stop") } == starts)
            #expect(host.root.read(path) == text)
        }
    }

    /// A folder that was there before the package, or that dpkg has, is no folder of the package's.
    @Test(arguments: [
        ("", "etc=/etc/docker", "conffile=/etc/docker", true),
        ("", "etc=/etc/docker", "migrate=dir_to_symlink:/etc/docker:x", true),
        ("", "etc=/etc/docker", "migrate=dir_to_symlink:/etc/docker:x link=/etc/docker:x", false),
        ("", "", "migrate=dir_to_symlink:/etc/docker:x", true),
        ("/etc/docker", "etc=/etc/docker", "conffile=/etc/docker", false),
    ])
    func aFolderOfTheHostStays(dpkg: String, old: String, new: String, isDone: Bool) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            if dpkg.isEmpty { try Files.makeDirectories("\(host.root.path)/etc/docker") }
            #expect(try await host.install("app 1.0 good \(old)").result == .done)
            if !dpkg.isEmpty {
                try Files.makeDirectories("\(host.root.path)/etc/docker")
                host.root.write("/var/lib/dpkg/info/docker.list", "\(dpkg)\n")
            }
            let status = try? await host.install("app 2.0 good \(new)")
            #expect((status?.result == .done) == isDone, "\(status.map { "\($0)" } ?? "")")
            #expect(try Files.isFolder("\(host.root.path)/etc/docker"))
            #expect(!host.root.exists("/etc/docker.dpkg-old"))
        }
    }

    /// An administrator's link to a folder of theirs is no link of the package's.
    @Test func anAdministratorsLinkStays() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good link=/etc/app/l:../app-own etc=/etc/app-own")
            try Files.makeDirectories("\(host.root.path)/srv/app")
            try Files.placeLink("\(host.root.path)/etc/app/l", target: "/srv/app")
            let new = "app 2.0 good conffile=/etc/app/l/a migrate=symlink_to_dir:/etc/app/l:../app-own"
            #expect(try await host.install(new).result == .done)
            #expect(try Files.linkTarget("\(host.root.path)/etc/app/l") == "/srv/app")
            #expect(host.root.read("/srv/app/a") == "packaged")
        }
    }

    @Test func theyAreInTheRecords() throws {
        var release = ReleaseRecord(name: "app", version: "1.0")
        release.migrations = [
            Migration(.moveConffile, "/etc/a", "/etc/b", lastVersion: "1.0-1~"), Migration(.removeOnUpgrade, "/etc/c"),
        ]
        #expect(try ReleaseRecord(release.record) == release)
        var deployment = DeploymentRecord(id: "1", package: "app", operation: .update, version: "2", phase: .switching)
        var step = MigrationStep(.rename, "/etc/a b", "/etc/\"c\"")
        (step.saved, step.savedOther) = (.file, .other)
        deployment.migrations = [step]
        #expect(try DeploymentRecord(deployment.record) == deployment)
        var damaged = deployment.record
        damaged.add("migration", "remove", "/etc/a")
        #expect(throws: (any Error).self) { try DeploymentRecord(damaged) }
    }
}
