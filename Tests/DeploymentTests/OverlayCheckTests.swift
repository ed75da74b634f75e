import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import Deployment

/// What an overlay of a release would hide from the package's units.
@Suite struct OverlayCheckTests {
    private let root = TemporaryRoot()
    private let tree = "/tree"

    private func check() throws -> [String] {
        try OverlayCheck(paths: root.paths).run(root.path + tree)
    }

    private func mounts(_ lines: String...) {
        root.write(
            "/proc/self/mountinfo",
            lines.map { "36 35 98:0 \($0) rw,noatime master:1 - ext4 /dev/root rw\n" }.joined())
    }

    @Test func foldersAreMergedAndFilesReplaced() throws {
        root.write("/usr/bin/a", "host")
        root.write("/usr/lib/foo/host", "host")
        try Files.placeLink(root.path + "/usr/bin/link", target: "a")
        for name in ["/usr/bin/a", "/usr/bin/link", "/usr/lib/foo/own", "/usr/lib/new/own", "/opt/app/own"] {
            root.write(tree + name, "own")
        }
        #expect(try check() == [])
    }

    @Test func aLinkOfTheHostIsNotHiddenByAFolder() throws {
        root.write("/usr/share/target/file", "host")
        try Files.makeDirectories(root.path + "/usr/lib/foo")
        try Files.placeLink(root.path + "/usr/lib/foo/link", target: "../../share/target")
        root.write(tree + "/usr/lib/foo/link/own", "own")
        let error = #expect(throws: DeploymentError.self) { try check() }
        #expect(error?.code == .conflict)
        #expect(
            error?.text.hasPrefix("/usr/lib/foo/link is a link of the host to ../../share/target and a folder") == true)
    }

    @Test func documentationMayBeHidden() throws {
        try Files.makeDirectories(root.path + "/usr/share/doc")
        try Files.placeLink(root.path + "/usr/share/doc/app", target: "app-common")
        root.write(tree + "/usr/share/doc/app/copyright", "own")
        #expect(try check() == [])
    }

    @Test(arguments: ["file", "link"]) func aFolderOfTheHostIsNotHidden(_ what: String) throws {
        root.write("/opt/app/data", "host")
        if what == "file" {
            root.write(tree + "/opt/app", "own")
        } else {
            try Files.makeDirectories(root.path + tree + "/opt")
            try Files.placeLink(root.path + tree + "/opt/app", target: "/usr")
        }
        let error = #expect(throws: DeploymentError.self) { try check() }
        #expect(error?.text.hasPrefix("/opt/app is a folder of the host") == true)
    }

    /// A link of the package is not followed: what is behind it is not in the overlay.
    @Test func linksOfThePackageAreNotFollowed() throws {
        root.write("/usr/lib/foo/x", "host")
        try Files.makeDirectories(root.path + tree + "/usr/lib")
        try Files.placeLink(root.path + tree + "/usr/lib/bar", target: "/usr/lib/foo")
        #expect(try check() == [])
    }

    // MARK: Mounts

    @Test func mountsBelowAreBoundAgain() throws {
        root.write(tree + "/usr/bin/a", "own")
        mounts(
            "/ /", "/ /usr", "/ /usr/local", "/ /usr/local/share", "/ /opt/vendor", "/ /usrlocal",
            "/systemd/inaccessible/dir /usr/lib/modules", "/ /usr/share/with\\040blank")
        // The package has nothing in /opt: there is no overlay.
        #expect(try check() == ["/usr/local"])
        root.write(tree + "/opt/app/a", "own")
        #expect(try check() == ["/usr/local", "/opt/vendor"])
    }

    @Test func aMountIsNotHiddenByThePackage() throws {
        root.write(tree + "/usr/local/bin/a", "own")
        mounts("/ /usr/local")
        let error = #expect(throws: DeploymentError.self) { try check() }
        #expect(error?.text.contains("file system of its own at /usr/local") == true)
    }

    // MARK: In a deployment

    @Test func itIsRefusedBeforeAnythingStops() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            // The fake package has the file usr/bin/payload.
            host.root.write("/usr/bin/payload/of-the-host", "host")
            let stops = host.systemd.calls.count { $0.hasPrefix("stop") }
            let status = try await host.install("app 2.0 good")
            #expect(status.result == .failed)
            #expect(status.reason?.text.contains("/usr/bin/payload is a folder of the host") == true)
            #expect(host.systemd.calls.count { $0.hasPrefix("stop") } == stops)
            await #expect(throws: DeploymentError.self) {
                try Files.removeTree("\(host.root.path)/usr/bin/payload")
                #expect(try await host.install("app 2.1 good").result == .done)
                host.root.write("/usr/bin/payload/of-the-host", "host")
                _ = try await host.engine.rollback("app")
            }
        }
    }

    @Test func unitsGetTheMountsOfTheHost() async throws {
        try await onLoop {
            let host = Harness()
            host.root.write("/proc/self/mountinfo", "36 35 98:0 / /usr/local rw - ext4 /dev/root rw\n")
            try await host.start()
            try await host.install("app 1.0 good")
            let dropIn = host.root.read("/etc/systemd/system.attached/app.service.d/10-gatekeel.conf")
            #expect(dropIn?.contains("\nBindReadOnlyPaths=-/usr/local\n") == true)
        }
    }
}
