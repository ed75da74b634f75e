import Glibc
import Linux
import Testing

@testable import Deployment

/// The maintainer script that removes everything when Gatekeel is purged, run on a root folder of its own.
@Suite struct PurgeScriptTests {
    private static let script =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/packaging/debian/gatekeel.postrm"
    private let root = TemporaryRoot()

    /// Runs the purge with these lines in the state of a package.
    private func purge(_ state: [String]) throws {
        // Without this the script would act on the host.
        let text = String(decoding: try Files.read(Self.script, limit: 1 << 16), as: UTF8.self)
        try #require(text.contains("\nroot=${DPKG_ROOT:-}\n"))
        root.write("/var/lib/gatekeel/packages/foo/state", state.map { $0 + "\n" }.joined())
        root.write("/var/lib/dpkg/status", "")
        let environment = "DPKG_ROOT='\(root.path)' DPKG_ADMINDIR='\(root.path)/var/lib/dpkg'"
        #expect(system("\(environment) sh '\(Self.script)' purge 2>'\(root.path)/messages'") == 0)
        #expect(!root.exists("/var/lib/gatekeel"))
    }

    /// A folder in which a service may write: as with its owner, root does not know who made what is in it.
    private func makeFolderOfService(_ path: String) {
        try? Files.makeDirectories(root.path + path)
        chmod(root.path + path, 0o777)
    }

    private func link(_ path: String, to target: String) {
        try? Files.makeDirectories(Files.split(root.path + path).folder)
        #expect(symlink(target, root.path + path) == 0)
    }

    @Test func whatALinkOfAServiceLeadsToStays() throws {
        makeFolderOfService("/var/lib/foo")
        link("/var/lib/foo/data", to: "../..")
        root.write("/var/log/kept", "")
        link("/var/lib/foo/srv", to: "../../../srv")
        try Files.makeDirectories(root.path + "/srv/empty")
        link("/srv/here", to: "/usr")
        try purge([
            "host-line=d /var/lib/foo/data/log 0755 foo foo -",
            "host-line=d /var/lib/foo/srv/empty :0755 :root :root -",
            "host-line=L /var/lib/foo/srv/here - - - - /usr",
        ])
        #expect(root.exists("/var/log/kept") && root.exists("/srv/empty"))
        #expect(try Files.linkTarget(root.path + "/srv/here") == "/usr")
        #expect(root.read("/messages")?.contains("/var/lib/foo/data/log is left: a link is in the way") == true)
    }

    @Test func aConfigurationFileBehindALinkOfAServiceStays() throws {
        makeFolderOfService("/etc/foo")
        link("/etc/foo/d", to: "../other")
        root.write("/etc/other/x.conf", "")
        root.write("/etc/other/x.conf.dpkg-old", "")
        root.write("/etc/foo/own.conf", "")
        try Files.makeDirectories(root.path + "/etc/other/empty")
        root.write("/var/lib/gatekeel/packages/foo/1/conffiles/etc/foo/d/empty/x", "")
        try purge(["made=/etc/foo/d/x.conf", "made=/etc/foo/own.conf", "host-line=d /etc/foo/d/empty"])
        #expect(root.exists("/etc/other/x.conf") && root.exists("/etc/other/x.conf.dpkg-old"))
        #expect(root.exists("/etc/other/empty") && !root.exists("/etc/foo/own.conf"))
    }

    @Test func whatThePackagesMadeGoes() throws {
        for file in ["a.conf", "a.conf.dpkg-old", "a.conf.gatekeel-save", "mine.conf"] {
            root.write("/etc/foo/\(file)", "")
        }
        root.write("/var/lib/foo/sub/data", "")
        root.write("/var/cache/foo/sub/data", "")
        link("/var/lib/foo/sub/way", to: "../../../log")
        root.write("/var/log/kept", "")
        root.write("/srv/foo/data", "")
        link("/etc/foo/link", to: "/usr")
        link("/etc/foo/other", to: "/opt")
        try purge([
            "made=/etc/foo/a.conf", "made=/etc/foo/../x", "host-line=d /var/lib/foo/sub 0755 foo foo -",
            "host-line=d /var/cache/foo/sub", "host-line=d /srv/foo 0755 foo foo -",
            "host-line=L /etc/foo/link - - - - /usr", "host-line=L /etc/foo/other - - - - /usr",
        ])
        #expect(root.tree("/etc/foo") == ["mine.conf", "other"])
        #expect(!root.exists("/var/lib/foo") && !root.exists("/var/cache/foo"))
        #expect(root.exists("/srv/foo/data") && root.exists("/var/log/kept"))
    }

    /// Only root can have made it: what is moved to another disk is purged as well.
    @Test(
        .enabled(if: geteuid() == 0, "SKIPPED: only root makes links of root's"),
        arguments: ["/data/log", "../data/log"])
    func aLinkOfTheAdministratorsIsFollowed(target: String) throws {
        link("/var/log", to: target)
        root.write("/data/log/foo/sub/x", "")
        try purge(["host-line=d /var/log/foo/sub 0755 foo foo -"])
        #expect(!root.exists("/data/log/foo") && root.exists("/data/log"))
    }

    /// The link of root's leads through a folder of somebody else.
    @Test func aLinkIntoAFolderOfSomebodyElse() throws {
        link("/var/log", to: "/data/user/log")
        makeFolderOfService("/data/user")
        link("/data/user/log", to: "../../srv")
        root.write("/srv/foo/kept", "")
        try purge(["host-line=d /var/log/foo 0755 foo foo -"])
        #expect(root.exists("/srv/foo/kept"))
    }

    @Test func filesOfUnitsAndOfTheMessageBusGo() throws {
        let attached = "/etc/systemd/system.attached"
        for unit in ["foo.service", "foo@.service", "foo\\x2dbar.service"] {
            root.write("\(attached)/\(unit)", "")
            root.write("\(attached)/\(unit).d/10-gatekeel.conf", "")
            link("/etc/systemd/system/multi-user.target.wants/\(unit)", to: "\(attached)/\(unit)")
        }
        root.write("\(attached)/foo@x.service.d/own.conf", "")
        root.write("\(attached)/other@x.service.d/20-portable.conf", "")
        link("/etc/systemd/system/multi-user.target.wants/foo@x.service", to: "\(attached)/foo@.service")
        link("/etc/systemd/system/multi-user.target.wants/bar.service", to: "\(attached)/foo-bar.service")
        root.write("/etc/dbus-1/system.d/gatekeel-foo_org.foo.conf", "")
        root.write("/etc/dbus-1/system.d/org.bar.conf", "")
        root.write(
            "/etc/dbus-1/system-services/org.foo.service", "# foo, managed by Gatekeel: do not edit\n[D-BUS Service]\n")
        try purge([])
        #expect(
            root.tree("/etc").sorted()
                == [
                    "dbus-1/system.d/org.bar.conf", "systemd/system/multi-user.target.wants/bar.service",
                    "systemd/system.attached/other@x.service.d/20-portable.conf",
                ].sorted())
        #expect(!root.exists("/etc/dbus-1/system-services") && !root.exists("\(attached)/foo@x.service.d"))
    }

    @Test func activationsOfOthersStay() throws {
        root.write("/etc/dbus-1/system-services/org.bar.service", "[D-BUS Service]\n")
        try purge([])
        #expect(root.exists("/etc/dbus-1/system-services/org.bar.service"))
    }
}
