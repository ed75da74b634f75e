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
        #expect(made.links == [PackageManifest.Link(path: "/etc/foo/link", target: "../foo.conf")])
        #expect(made.tmpfilesLines == ["f /var/log/foo.log 0600 foo adm -"])
    }

    @Test(arguments: [
        "File=/etc/foo", "File=/etc/foo:root:root:4755", "File=/etc/foo:root:root:abcd",
        "File=/etc/../x:root:root:0644",
        "File=/usr/bin/foo:root:root:0755", "File=/etc/passwd:root:root:0644", "File=/etc/cron.d/foo:root:root:0644",
        "File=/etc/logrotate.d/foo:foo:foo:0644", "File=/var/log/syslog:foo:foo:0644", "File=/run/foo:foo:foo:0644",
        "Copy=/etc/foo:/etc/bar", "Copy=/usr/share/foo:/var/lib/foo/x", "Copy=/usr/share/foo:/etc/ssh/sshd_config",
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
        #expect(made.tmpfilesLines == ["d /var/lib/a 2750 a b -", "d /var/lib/c 3770 c c -"])
    }
}
