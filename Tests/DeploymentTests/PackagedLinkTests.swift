import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import Deployment

/// Links below `/etc`, of packages and of an administrator, and what would be led elsewhere by them. The audit of a package is
/// left out here: these hold what gets past it.
@Suite(.timeLimit(.minutes(patience))) struct PackagedLinkTests {
    @LoopActor private func gateway() async throws -> Harness {
        let host = Harness()
        try await host.start()
        host.root.write("/etc/pam.d/sshd", "the host's")
        host.root.write("/etc/systemd/system/ssh.service", "the host's")
        return host
    }

    @LoopActor private func expectUntouched(_ host: Harness) {
        #expect(host.root.tree("/etc/pam.d") == ["sshd"])
        #expect(host.root.read("/etc/pam.d/sshd") == "the host's")
        #expect(host.root.tree("/etc/systemd/system") == ["ssh.service"])
        #expect(host.root.read("/etc/systemd/system/ssh.service") == "the host's")
    }

    static let attacks = [
        ("/etc/evil:/etc/pam.d", "/etc/evil/sshd"), ("/etc/evil:pam.d", "/etc/evil/sshd"),
        ("/etc/evil:/etc/systemd/system", "/etc/evil/ssh.service"),
        ("/etc/evil:/etc/systemd", "/etc/evil/system/new.service"),
    ]

    @Test(arguments: attacks) func inOnePackage(_ link: String, _ conffile: String) async throws {
        try await onLoop {
            let host = try await gateway()
            let status = try await host.install("app 1.0 good link=\(link) conffile=\(conffile)")
            #expect(status.result == .failed)
            #expect(status.reason?.text.contains("where a package may have nothing; remove the link") == true)
            expectUntouched(host)
        }
    }

    @Test(arguments: attacks) func inTwoPackages(_ link: String, _ conffile: String) async throws {
        try await onLoop {
            let host = try await gateway()
            #expect(try await host.install("evil 1.0 good noconf link=\(link)").result == .done)
            let error = await #expect(throws: DeploymentError.self) {
                try await host.install("app 1.0 good conffile=\(conffile)")
            }
            #expect(error?.code == .conflict)
            expectUntouched(host)
        }
    }

    @Test(arguments: attacks) func inTwoVersions(_ link: String, _ conffile: String) async throws {
        try await onLoop {
            let host = try await gateway()
            #expect(try await host.install("evil 1.0 good noconf link=\(link)").result == .done)
            let error = await #expect(throws: DeploymentError.self) {
                try await host.install("evil 2.0 good noconf conffile=\(conffile)")
            }
            #expect(error?.code == .conflict)
            #expect(try await host.finish(try await host.engine.remove("evil", purge: true)).result == .done)
            expectUntouched(host)
            #expect(!host.root.exists("/etc/evil"))
        }
    }

    /// The link leads to a harmless place, and still nothing of one package is in the other's link.
    @Test(arguments: [true, false]) func twoPackagesDoNotShareALink(isLinkFirst: Bool) async throws {
        try await onLoop {
            let host = try await gateway()
            let both = [
                "one 1.0 good noconf link=/etc/one:/var/lib/one", "two 1.0 good noconf conffile=/etc/one/two.conf",
            ]
            let texts = isLinkFirst ? both : both.reversed()
            #expect(try await host.install(texts[0]).result == .done)
            let error = await #expect(throws: DeploymentError.self) { try await host.install(texts[1]) }
            #expect(error?.code == .conflict)
            #expect(error?.text.contains("is a link of the package one") == true)
        }
    }

    /// `dpkg -S` knows the path that the link leads to.
    @Test func whatDebianOwnsIsKnownByItsRealPath() async throws {
        try await onLoop {
            let host = try await gateway()
            host.root.write("/var/lib/dpkg/info/other.list", "/etc/other\n/etc/other/other.conf\n")
            host.root.write("/etc/other/other.conf", "Debian's")
            try Files.placeLink("\(host.root.path)/etc/app", target: "/etc/other")
            let error = await #expect(throws: DeploymentError.self) {
                try await host.install("app 1.0 good noconf conffile=/etc/app/other.conf")
            }
            #expect(error?.text.contains("belongs to the Debian package other") == true)
            #expect(host.root.read("/etc/other/other.conf") == "Debian's")
        }
    }

    @Test func noInstallGoesThroughALinkOfTheHostToAPlaceOfTheHost() async throws {
        try await onLoop {
            let host = try await gateway()
            try Files.placeLink("\(host.root.path)/etc/app", target: "pam.d")
            let error = await #expect(throws: DeploymentError.self) { try await host.install("app 1.0 good") }
            #expect(error?.text.contains("'/etc/app/app.conf' is '/etc/pam.d/app.conf'") == true)
            expectUntouched(host)
        }
    }

    @Test func noPurgeGoesThroughALinkOfTheHost() async throws {
        try await onLoop {
            let host = try await gateway()
            #expect(try await host.install("app 1.0 good conffile=/etc/app/sshd").result == .done)
            try Files.removeTree("\(host.root.path)/etc/app")
            try Files.placeLink("\(host.root.path)/etc/app", target: "/etc/pam.d")
            let status = try await host.finish(try await host.engine.remove("app", purge: true))
            #expect(status.result == .done)
            #expect(status.reason?.text.contains("where a package may have nothing") == true)
            expectUntouched(host)
        }
    }

    /// The whole of `/etc` on another medium: its places are the same.
    @Test func aLinkAboveAllOfThemIsFollowed() async throws {
        try await onLoop {
            let host = try await gateway()
            let root = host.root.path
            try Files.makeDirectories("\(root)/data")
            #expect(rename("\(root)/etc", "\(root)/data/etc") == 0)
            try Files.placeLink("\(root)/etc", target: "data/etc")
            #expect(try await host.install("app 1.0 good conffile=/etc/pam.d/app").result == .done)
            #expect(host.root.read("/data/etc/app/app.conf") == "conf 1.0")
            #expect(host.root.exists("/data/etc/pam.d/app"))
            let error = await #expect(throws: DeploymentError.self) {
                try Files.placeLink("\(root)/etc/evil", target: "pam.d")
                try await host.install("evil 1.0 good conffile=/etc/evil/sshd")
            }
            #expect(error?.code == .conflict)
            #expect(host.root.read("/etc/pam.d/sshd") == "the host's")
        }
    }

    /// What is a link already is kept, wherever it leads, and so is what it leads to.
    @Test(arguments: ["/etc/pam.d/sshd", "/etc/systemd/system/ssh.service", "/srv/app.conf"])
    func aConffileThatIsALinkIsNotFollowed(target: String) async throws {
        try await onLoop {
            let host = try await gateway()
            host.root.write("/srv/app.conf", "the administrator's")
            try Files.makeDirectories("\(host.root.path)/etc/app")
            try Files.placeLink("\(host.root.path)/etc/app/app.conf", target: target)
            for version in ["1.0", "2.0"] {
                let options = DeploymentOptions(activation: .yes)
                #expect(try await host.install("app \(version) good", options).result == .done)
            }
            #expect(try await host.install("app 3.0 crash").result == .rolledBack)
            #expect(host.root.read("/etc/app/app.conf.dpkg-dist") == "conf 2.0")
            #expect(try await host.finish(try await host.engine.remove("app", purge: true)).result == .done)
            #expect(try Files.linkTarget("\(host.root.path)/etc/app/app.conf") == target)
            #expect(host.root.read("/srv/app.conf") == "the administrator's")
            expectUntouched(host)
        }
    }

    // MARK: Removal

    struct Removal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var before: String?
        var exchanged: String?
        let left: String?
    }

    @Test(arguments: [
        Removal(testDescription: "ours goes", left: nil),
        Removal(testDescription: "there before the package", before: "/var/lib/app", left: "/var/lib/app"),
        Removal(testDescription: "another one before the package", before: "/srv/app", left: "/srv/app"),
        Removal(testDescription: "exchanged for another", exchanged: "/srv/app", left: "/srv/app"),
        Removal(testDescription: "exchanged for a longer one", exchanged: "/var/lib/app/x", left: "/var/lib/app/x"),
    ])
    func aLinkIsRemovedOnlyIfItIsStillOurs(_ example: Removal) async throws {
        try await onLoop {
            let host = try await gateway()
            let path = "\(host.root.path)/etc/app-data"
            if let before = example.before { try Files.placeLink(path, target: before) }
            let text = "app 1.0 good noconf link=/etc/app-data:/var/lib/app"
            #expect(try await host.install(text).result == .done)
            #expect(try Files.linkTarget(path) == example.before ?? "/var/lib/app")
            if let exchanged = example.exchanged {
                try Files.remove(path)
                try Files.placeLink(path, target: exchanged)
            }
            #expect(try await host.finish(try await host.engine.remove("app", purge: true)).result == .done)
            #expect(try Files.linkTarget(path) == example.left)
        }
    }

    /// An administrator made a folder of it.
    @Test func aFolderInPlaceOfTheLinkStays() async throws {
        try await onLoop {
            let host = try await gateway()
            #expect(try await host.install("app 1.0 good noconf link=/etc/app-data:/var/lib/app").result == .done)
            try Files.remove("\(host.root.path)/etc/app-data")
            host.root.write("/etc/app-data/file", "the host's")
            #expect(try await host.finish(try await host.engine.remove("app", purge: true)).result == .done)
            #expect(host.root.read("/etc/app-data/file") == "the host's")
        }
    }
}
