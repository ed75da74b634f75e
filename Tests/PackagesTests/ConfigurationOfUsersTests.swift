import Archive
import Testing

@testable import Packages

/// Below /etc others than root may write only what has a name of the package's.
@Suite struct ConfigurationOfUsersTests {
    private func refusals(
        manifest: String = "", files: [(String, String)] = [], entries: [ArchiveEntry] = [], name: String = "foo"
    ) throws -> [String] {
        var audit: PackageAudit
        do throws(PackageRefusal) {
            audit = try PackageAudit(
                controlFiles: ["control": Array("Package: \(name)\nVersion: 1\nArchitecture: all\n".utf8)],
                manifest: Array("[Package]\nFormat=1\n[Users]\nUser=food\n\(manifest)".utf8))
        } catch {
            return error.findings.map(\.text)
        }
        for entry in entries { _ = try audit.consider(entry) }
        for (path, text) in [("usr/lib/systemd/system/bar.service", "[Service]\nExecStart=/usr/bin/foo\n")] + files {
            let entry = ArchiveEntry(path: path, kind: .file, size: text.utf8.count)
            if try audit.consider(entry) { audit.take(Array(text.utf8), of: entry) }
        }
        return audit.assess(known: [], architecture: "all").findings.findings(.refused).map(\.text)
    }

    /// Programs of root act on these.
    private static let places = [
        "/etc/gss/mech", "/etc/shadow-maint/useradd-post.d", "/etc/pki/nssdb", "/etc/libibverbs.d", "/etc/sasl2",
        "/etc/glvnd/egl_vendor.d", "/etc/suid-debug", "/etc/netns/x", "/etc/cryptsetup-keys.d", "/etc/e2fsck.conf",
        "/etc/blkid.conf", "/etc/docker/daemon.json", "/etc/openvpn/server", "/etc/supervisor/conf.d",
        "/etc/monit/conf.d",
        "/etc/fail2ban/action.d", "/etc/munin/plugins", "/etc/ModemManager/fcc", "/etc/wpa_supplicant/x",
        "/etc/default/cron",
        "/etc/whatever/comes/next",
    ]

    @Test(arguments: places) func placesOfOthers(place: String) throws {
        #expect(try !refusals(manifest: "[Directories]\nDirectory=\(place):food\n").isEmpty)
        #expect(try !refusals(manifest: "[Directories]\nDirectory=\(place):root:food:0775\n").isEmpty)
        #expect(try !refusals(manifest: "[Files]\nLine=\(place):x\nFile=\(place):food:food:0644\n").isEmpty)
        #expect(
            try !refusals(
                manifest: "[Files]\nCopy=/usr/share/foo/x:\(place):food:food\n", files: [("usr/share/foo/x", "x")]
            ).isEmpty)
        #expect(try !refusals(files: [("usr/lib/tmpfiles.d/foo.conf", "d \(place) 0755 food food")]).isEmpty)
        let path = String(place.dropFirst())
        for (path, kind) in [(path, ArchiveEntry.Kind.file), (path + "/x", .directory)] {
            let entry = ArchiveEntry(
                path: path, kind: kind, mode: 0o755, owner: 120, ownerName: "food", groupName: "food")
            #expect(try !refusals(entries: [entry]).isEmpty, "\(kind)")
        }
    }

    @Test(arguments: ["/etc/gss/mech", "/etc/shadow-maint/useradd-pre.d/x", "/etc/gss"])
    func closedPlaces(place: String) throws {
        let entry = ArchiveEntry(path: String(place.dropFirst()), kind: .file, mode: 0o644)
        #expect(try !refusals(entries: [entry]).isEmpty)
    }

    @Test(arguments: [
        "/etc/foo", "/etc/foo/d/e", "/etc/food", "/etc/foo.d", "/etc/bar", "/etc/foo-extra", "/etc/default/foo",
        "/etc/ssl/foo", "/etc/opt/foo",
    ])
    func placesOfItsOwn(place: String) throws {
        #expect(try refusals(manifest: "[Directories]\nDirectory=\(place):food\n") == [])
        #expect(try refusals(manifest: "[Files]\nLine=\(place):x\nFile=\(place):food:food:0644\n") == [])
    }

    /// What is root's may have any name, and a group may read it.
    @Test func filesOfRoot() throws {
        #expect(try refusals(manifest: "[Directories]\nDirectory=/etc/whatever:root:food:2750\n") == [])
        #expect(
            try refusals(manifest: "[Files]\nLine=/etc/whatever.conf:x\nFile=/etc/whatever.conf:root:food:0640\n") == []
        )
        #expect(try refusals(files: [("etc/whatever/conf", "x"), ("etc/docker/daemon.json", "x")]) == [])
        #expect(try refusals(manifest: "[Directories]\nDirectory=/etc/docker:root\n", name: "docker.io") == [])
    }

    /// The number says root, and the name, which is what will be written, does not.
    @Test(arguments: [("food", "root", UInt32(0o755)), ("root", "food", 0o775), ("food", "", 0o755)])
    func whatIsWrittenCounts(owner: String, group: String, mode: UInt32) throws {
        for (path, kind) in [("etc/udev/rules.d/foo.rules", ArchiveEntry.Kind.file), ("etc/udev/foo", .directory)] {
            let entry = ArchiveEntry(
                path: path, kind: kind, mode: kind == .file ? mode & 0o666 : mode, owner: 0, ownerName: owner,
                groupName: group)
            #expect(try !refusals(entries: [entry]).isEmpty, "\(path)")
        }
        let fine = ArchiveEntry(
            path: "etc/udev/rules.d/foo.rules", kind: .file, mode: 0o644, ownerName: "root", groupName: "root")
        #expect(try refusals(entries: [fine]) == [])
    }

    @Test(arguments: [("gatekeel", false), ("gatekeeld", false), ("food", true), ("root", true)])
    func theUserOfAHealthCommand(user: String, isAllowed: Bool) throws {
        let found = try refusals(manifest: "[Health]\nCommand=/usr/bin/foo\nUser=\(user)\n")
        #expect(found.isEmpty == isAllowed, "\(found)")
    }

    /// systemd-tmpfiles makes a link, and the folders that are missing on the way, through one of the user's.
    @Test(arguments: [
        ("[Directories]\nDirectory=/etc/foo:food\n[Files]\nLink=/etc/foo/d/x:/usr/share/foo/x\n", true),
        ("[Directories]\nDirectory=/etc/foo:food\n[Files]\nLink=/etc/foo/x:/usr/share/foo/x\n", false),
        ("[Directories]\nDirectory=/etc/foo:root\n[Files]\nLink=/etc/foo/d/x:/usr/share/foo/x\n", false),
        ("[Directories]\nDirectory=/var/lib/foo:food /var/lib/foo/a/b:food\n", true),
        ("[Directories]\nDirectory=/var/lib/foo:food /var/lib/foo/a:food /var/lib/foo/a/b:food\n", false),
        ("[Directories]\nDirectory=/var/lib/foo:food /var/lib/foo/a:food\n", false),
        ("[Directories]\nDirectory=/var/lib/foo:food\n[Files]\nFile=/var/lib/foo/a/b:food:food:0644\n", true),
    ])
    func linesOfTheManifest(manifest: String, isWarned: Bool) throws {
        let plan = try auditPackage(manifest: "[Package]\nFormat=1\n[Users]\nUser=food\n\(manifest)").get()
        #expect(plan.warnings.contains { $0.text.contains("'food' may write in") } == isWarned, "\(plan.warnings)")
    }
}
