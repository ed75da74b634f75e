import Archive
import Configuration
import Testing

@testable import Packages

private func manifest(_ text: String) throws(ConfigurationError) -> PackageManifest {
    try PackageManifest(parsing: Array("[Package]\nFormat=1\n\(text)\n".utf8), file: "m")
}

private func problems(_ text: String) -> [String] {
    do throws(ConfigurationError) {
        _ = try manifest(text)
        return []
    } catch { return error.problems.map { "\($0)" } }
}

@Suite struct ManifestFilesTests {
    @Test func filesCopiesAndLinks() throws {
        let made = try manifest(
            """
            [Files]
            File=/etc/foo.conf:root:foo:0640 /var/log/foo.log:foo:adm:0600
            Copy=/usr/share/foo/a:/etc/foo/a /usr/share/foo/b:/etc/foo/b:root:foo /usr/share/foo/c:/etc/foo/c:foo:foo:0600
            Link=/etc/foo/link:../foo.conf
            """)
        #expect(
            made.files == [
                FileRule(path: "/etc/foo.conf", owner: "root", group: "foo", mode: "0640"),
                FileRule(path: "/var/log/foo.log", owner: "foo", group: "adm", mode: "0600"),
                FileRule(path: "/etc/foo/a", owner: "root", group: "root", mode: "0644", source: "usr/share/foo/a"),
                FileRule(path: "/etc/foo/b", owner: "root", group: "foo", mode: "0644", source: "usr/share/foo/b"),
                FileRule(path: "/etc/foo/c", owner: "foo", group: "foo", mode: "0600", source: "usr/share/foo/c"),
            ])
        let written = try manifest(
            "[Files]\nLine=/etc/a:x \"/etc/a:b = \\\"c:d\\\"\" /etc/b:\nLine=/etc/a:\nFile=/etc/b:root:foo:0600")
        #expect(
            written.files == [
                FileRule(path: "/etc/b", owner: "root", group: "foo", mode: "0600", lines: [""]),
                FileRule(path: "/etc/a", owner: "root", group: "root", mode: "0644", lines: ["x", "b = \"c:d\"", ""]),
            ])
        #expect(written.files.map(\.text) == [[0x0A], Array("x\nb = \"c:d\"\n\n".utf8)])
        #expect(written.files.allSatisfy { $0.isCopy && !$0.isData })
        #expect(made.links == [PackageManifest.Link(path: "/etc/foo/link", target: "../foo.conf")])
        #expect(made.tmpfilesLines() == ["f /var/log/foo.log 0600 foo adm -"])
    }

    @Test(arguments: [
        "File=/etc/foo", "File=/etc/foo:root:root:4755", "File=/etc/foo:root:root:abcd",
        "File=/etc/../x:root:root:0644",
        "File=/usr/bin/foo:root:root:0755", "File=/etc/passwd:root:root:0644", "File=/etc/cron.d/foo:root:root:0644",
        "File=/etc/logrotate.d/foo:foo:foo:0644", "File=/var/log/syslog:foo:foo:0644", "File=/run/foo:foo:foo:0644",
        "Copy=/etc/foo:/etc/bar", "Copy=/usr/share/foo:/var/lib/dpkg/x", "Copy=/usr/share/foo:/run/foo",
        "Ignore=/etc/foo", "Ignore=/usr/lib/systemd/system/foo.service",
        "Ignore=/usr/lib/tmpfiles.d", "Line=/etc/foo", "Line=/etc/passwd:x", "Line=/run/x:y", "Line=/etc/x:\u{1B}",
        "Line=/etc/a:b\nCopy=/usr/share/foo:/etc/a", "Copy=/usr/share/foo:/etc/ssh/sshd_config",
        "Copy=/usr/share/foo:/etc/a /usr/share/foo:/etc/a", "Copy=/usr/../etc/shadow:/etc/a",
        "Copy=/usr/share/foo:/etc/a:root",
        "Link=/etc/foo", "Link=/var/lib/foo/x:/y", "Link=/etc/systemd/system/x.service:/dev/null", "Link=/etc/foo:%h",
        "Link=/etc/a:/b /etc/a:/c", "File=/etc/a:b:c:0644\nLink=/etc/a:/b",
    ])
    func whatIsRefused(line: String) { #expect(problems("[Files]\n\(line)").count == 1) }

    /// The package must have what the manifest names.
    @Test(arguments: [
        ("File=/etc/none:root:root:0644", "the package has no file '/etc/none'"),
        ("Copy=/usr/share/foo/none:/etc/a", "no plain file '/usr/share/foo/none'"),
        ("Copy=/usr/share/foo/link:/etc/a", "no plain file '/usr/share/foo/link'"),
        ("Copy=/usr/share/foo/t:/etc/foo.conf", "the package has '/etc/foo.conf' itself"),
        ("Line=/etc/foo.conf:x", "the package has '/etc/foo.conf' itself"),
        ("Line=/etc/led/a:x", "'/etc/led' is a link of the package"),
        ("Copy=/usr/share/foo/t:/etc/foo", "the package has '/etc/foo' itself"),
        ("Copy=/usr/share/foo/t:/etc/led/a", "'/etc/led' is a link of the package"),
        ("Link=/etc/foo.conf:/etc/x", "the package has '/etc/foo.conf' itself"),
        ("Link=/etc/x:/etc/shadow", "it links to '/etc/shadow'"), ("File=/var/lib/foo:root:root:0644", "is a folder"),
    ])
    func whatThePackageDoesNotHave(line: String, text: String) throws {
        let result = try auditPackage(
            [("etc/foo.conf", "x"), ("usr/share/foo/t", "x")],
            links: [("usr/share/foo/link", "t"), ("etc/led", "/etc/foo")],
            folders: ["etc/foo", "var/lib/foo"], manifest: "[Package]\nFormat=1\n[Files]\n\(line)\n")
        #expect(result.refusals.contains { $0.text.contains(text) }, "\(result)")
    }

    @Test func aPlanHasThem() throws {
        let plan = try auditPackage(
            [("etc/foo.conf", "x"), ("usr/share/foo/t", "x")],
            manifest: """
                [Package]
                Format=1
                [Files]
                File=/etc/foo.conf:root:foo:0640 /var/log/foo.log:foo:foo:0640
                Copy=/usr/share/foo/t:/etc/foo/t
                Link=/etc/foo/l:t
                """
        ).get()
        #expect(plan.conffiles.map(\.path) == ["/etc/foo.conf", "/etc/foo/t"])
        #expect(plan.files.map(\.path) == ["/etc/foo.conf", "/etc/foo/t"])
        #expect(plan.tmpfilesLines == ["f /var/log/foo.log 0640 foo foo -", "L /etc/foo/l - - - - t"])
        #expect(plan.provision.places.map(\.path).contains("/var/log/foo.log"))
    }

    /// Files below /var: copied once, with the owner that the manifest says.
    @Test func filesOfData() throws {
        let plan = try auditPackage(
            [("var/lib/foo/a", "x"), ("var/lib/foo/b", "x"), ("usr/share/foo/t", "x")], folders: ["var/lib/foo"],
            manifest: """
                [Package]
                Format=1
                [Files]
                File=/var/lib/foo/b:foo:foo:0640 /var/lib/foo/empty:foo:foo:0600
                Copy=/usr/share/foo/t:/var/lib/foo/t
                """
        ).get()
        #expect(plan.conffiles.map(\.path) == ["/var/lib/foo/a", "/var/lib/foo/b", "/var/lib/foo/t"])
        #expect(plan.files.map(\.path) == ["/var/lib/foo/b", "/var/lib/foo/t"])
        #expect(plan.provision.places == [HostProvision.Place("/var/lib/foo", isNamed: true)])
        // Into a folder that may be somebody else's, which the installation finds out.
        let other = try auditPackage([("var/lib/bar/a", "x"), ("var/www/html/b", "x"), ("etc/bar/a", "x")]).get()
        #expect(
            other.provision.places
                == ["/var/lib/bar", "/var/www/html/b"].map { HostProvision.Place($0, isNamed: false) })
        #expect(plan.tmpfilesLines == ["d /var/lib/foo :0755 :root :root -", "f /var/lib/foo/empty 0600 foo foo -"])
    }

    @Test func filesThatAreNotApplied() throws {
        let files = [
            ("usr/lib/tmpfiles.d/foo.conf", "d /run/foo"),
            ("usr/lib/tmpfiles.d/resolv.conf", "L+ /etc/resolv.conf - - - - /x"),
        ]
        let ignore = "[Package]\nFormat=1\n[Files]\nIgnore="
        #expect(try auditPackage(files).refusals.count == 1)
        let plan = try auditPackage(files, manifest: ignore + "/usr/lib/tmpfiles.d/resolv.conf\n").get()
        #expect(plan.tmpfilesFiles == ["usr/lib/tmpfiles.d/foo.conf"])
        let none = try auditPackage(files, manifest: ignore + "/usr/lib/tmpfiles.d/none.conf\n").refusals
        #expect(none.contains { $0.text.contains("the package has no file '/usr/lib/tmpfiles.d/none.conf'") })
    }

    @Test(arguments: [(FileRule.sizeLimit, 0), (FileRule.sizeLimit + 1, 1)])
    func aLargeFileOfDataIsRefused(size: Int, refusals: Int) throws {
        let files = ["control": Array("Package: foo\nVersion: 1\nArchitecture: all\n".utf8)]
        var audit = try PackageAudit(controlFiles: files, manifest: nil)
        _ = try audit.consider(ArchiveEntry(path: "var/lib/foo/a", kind: .file, mode: 0o644, size: size))
        _ = try audit.consider(ArchiveEntry(path: "etc/foo", kind: .file, mode: 0o644, size: size))
        #expect((audit.refusal?.findings ?? []).count == refusals)
    }

    /// A message names the word, and what of it is wrong.
    @Test(arguments: [
        ("[Users]\nUser=good 9bad other", "'9bad' is not allowed: '9bad' is no name for a user"),
        ("[Users]\nUser=good:/x bad:x", "'bad:x' is not allowed: the home must be an absolute path"),
        ("[Users]\nGroup=a b c-", ""), ("[Users]\nMember=a:b a", "'a' is not allowed: write USER:GROUP"),
        ("[Directories]\nDirectory=/var/lib/a:a /var/lib/b", "'/var/lib/b' is not allowed: the owner is missing"),
        ("[Directories]\nDirectory=/var/lib/a:a /var/lib/b:a:a:4755", "'4755' is no mode of four octal digits"),
        ("[Directories]\nDirectory=/var/lib/a:a /b/../c:a", "'/b/../c' is no absolute path"),
        ("[Scripts]\nSkip=postinst post", "'post' is not allowed"),
        ("[Users]\nUser=a 'b", "a quote is not closed"),
    ])
    func messagesNameTheWord(text: String, expected: String) {
        let found = problems(text)
        guard !expected.isEmpty else {
            #expect(found.isEmpty)
            return
        }
        #expect(found.count == 1)
        #expect(found.first?.contains(expected) == true, "\(found)")
        #expect(found.first?.contains("good") == false, "\(found)")
    }

    @Test func aFolderMayHaveSetGroupID() throws {
        let made = try manifest("[Directories]\nDirectory=/var/lib/a:a:b:2750 /var/lib/c:c:c:3770")
        #expect(made.tmpfilesLines() == ["d /var/lib/a 2750 a b -", "d /var/lib/c 3770 c c -"])
    }
}
