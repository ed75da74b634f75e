import Testing

@testable import Packages

@Suite struct MaintscriptHelperTests {
    /// Lines as debhelper and maintainers write them.
    static let calls: [(String, MaintscriptHelper.Call)] = [
        (
            "dpkg-maintscript-helper rm_conffile /etc/foo/old.conf 1.2-3\\~ foo -- \"$@\"",
            .migration(Migration(.removeConffile, "/etc/foo/old.conf", lastVersion: "1.2-3~"))
        ),
        (
            "dpkg-maintscript-helper rm_conffile '/etc/foo/old file' -- \"$@\"",
            .migration(Migration(.removeConffile, "/etc/foo/old file"))
        ),
        (
            "dpkg-maintscript-helper mv_conffile \"/etc/a\" /etc/b 1:2.0~rc1 foo:amd64 -- \"$@\"",
            .migration(Migration(.moveConffile, "/etc/a", "/etc/b", lastVersion: "1:2.0~rc1"))
        ),
        (
            "dpkg-maintscript-helper symlink_to_dir /usr/share/doc/foo foo-common 1.0 -- \"$@\"",
            .migration(Migration(.linkToFolder, "/usr/share/doc/foo", "foo-common", lastVersion: "1.0"))
        ),
        (
            "dpkg-maintscript-helper dir_to_symlink /etc/foo/ /etc/bar -- \"$@\"",
            .migration(Migration(.folderToLink, "/etc/foo", "/etc/bar"))
        ),
        // Another package's file, and questions.
        ("dpkg-maintscript-helper rm_conffile /etc/x 1 bar -- \"$@\"", .idle),
        ("if dpkg-maintscript-helper supports rm_conffile 2>/dev/null; then", .idle),
        ("if dpkg-maintscript-helper supports symlink_to_dir; then", .idle),
        ("if dpkg-maintscript-helper supports mv_conffile", .idle),
    ]

    @Test(arguments: calls) func aCallIsUnderstood(_ line: String, _ call: MaintscriptHelper.Call) {
        #expect(MaintscriptHelper.call(in: line, package: "foo") == call)
        #expect(MaintscriptHelper.begins(line))
    }

    /// What could be more than the one call, or has another value at run time.
    @Test(arguments: [
        "dpkg-maintscript-helper rm_conffile /etc/x 1 foo -- \"$@\" ; rm -rf /",
        "dpkg-maintscript-helper rm_conffile /etc/x 1 foo -- \"$@\" || true",
        "dpkg-maintscript-helper rm_conffile $file 1 foo -- \"$@\"",
        "dpkg-maintscript-helper rm_conffile \"$file\" 1 foo -- \"$@\"",
        "dpkg-maintscript-helper rm_conffile /etc/x `cat v` -- \"$@\"",
        "dpkg-maintscript-helper rm_conffile /etc/x 1 foo", "dpkg-maintscript-helper rm_conffile -- \"$@\"",
        "dpkg-maintscript-helper rm_conffile etc/x -- \"$@\"",
        "dpkg-maintscript-helper rm_conffile /etc/../x -- \"$@\"",
        "dpkg-maintscript-helper mv_conffile /etc/x -- \"$@\"",
        "dpkg-maintscript-helper rm_conffile /etc/x a_b -- \"$@\"",
        "dpkg-maintscript-helper rm_conffile /etc/x 1 foo more -- \"$@\"",
        "dpkg-maintscript-helper explode /etc/x -- \"$@\"",
        "dpkg-maintscript-helper remove-on-upgrade /etc/x -- \"$@\"",
        "dpkg-maintscript-helper rm_conffile '/etc/x -- \"$@\"",
        "dpkg-maintscript-helper rm_conffile /etc/x 1 -- \"$@\" more",
    ]) func anythingElseIsUnclear(_ line: String) {
        guard case .unclear = MaintscriptHelper.call(in: line, package: "foo") else {
            Issue.record("\(line): \(String(describing: MaintscriptHelper.call(in: line, package: "foo")))")
            return
        }
    }

    @Test(arguments: [
        "dpkg-maintscript-helperx rm_conffile /etc/x -- \"$@\"", "rm /etc/x",
        "if dpkg-maintscript-helper supports rm_conffile; then rm -rf /; fi",
        "if dpkg-maintscript-helper supports rm_conffile $(reboot); then",
    ]) func otherLinesAreNoCalls(_ line: String) {
        #expect(MaintscriptHelper.call(in: line, package: "foo") == nil)
    }

    // MARK: In scripts

    private func audit(_ script: String, skips: Bool = false) -> ScriptAudit {
        ScriptAudit(["preinst": Array("#!/bin/sh\nset -e\n\(script)".utf8)], package: "foo") { _ in skips }
    }

    @Test func sectionsAndLinesOfTheMaintainer() {
        let expected = [Migration(.removeConffile, "/etc/a", lastVersion: "1.0")]
        let call = "dpkg-maintscript-helper rm_conffile /etc/a 1.0 foo -- \"$@\"\n"
        for script in [
            "# Automatically added by dh_installdeb/13\n\(call)# End automatically added section\n", call,
            "if dpkg-maintscript-helper supports rm_conffile 2>/dev/null; then\n    \(call)fi\n",
            "dpkg-maintscript-helper rm_conffile \\\n    /etc/a 1.0 foo \\\n    -- \"$@\"\nexit 0\n", call + call,
        ] {
            let audit = audit(script)
            #expect(audit.findings.listed == [], "\(script)")
            #expect(audit.migrations == expected, "\(script)")
        }
    }

    /// They count as the enabled units do: also where the rest of the script is refused or skipped.
    @Test func whatFollowsARefusedLineCounts() {
        let script = "adduser foo\ndpkg-maintscript-helper rm_conffile /etc/a -- \"$@\"\n"
        #expect(audit(script).migrations == [Migration(.removeConffile, "/etc/a")])
        #expect(audit(script).findings.listed.map(\.line) == [3])
        #expect(audit(script, skips: true).migrations == [Migration(.removeConffile, "/etc/a")])
        #expect(audit(script, skips: true).findings.listed == [])
    }

    @Test func anUnclearCallIsRefusedWithItsLine() {
        let findings = audit("exit 0\ndpkg-maintscript-helper rm_conffile $a -- \"$@\"\n").findings.listed
        #expect(findings.map { "\($0.severity) \($0.file):\($0.line)" } == ["refused preinst:4"])
        #expect(findings.first?.text.contains("dpkg-maintscript-helper is not understood") == true)
    }

    @Test func theyAreLimited() {
        let lines = (0...PackageLimits.migrations).map {
            "dpkg-maintscript-helper rm_conffile /etc/foo/\($0) -- \"$@\"\n"
        }
        let audit = audit(lines.joined())
        #expect(audit.migrations.count == PackageLimits.migrations)
        #expect(audit.findings.hasRefusal)
    }

    // MARK: What concerns the host

    @Test func onlyWhatThePackageMayHaveInEtc() {
        let all = [
            Migration(.removeConffile, "/etc/foo//a"), Migration(.removeConffile, "/etc/shadow"),
            Migration(.removeConffile, "/etc/init.d/foo"), Migration(.removeConffile, "/usr/share/foo"),
            Migration(.linkToFolder, "/usr/share/doc/foo", "bar"), Migration(.folderToLink, "/etc/foo/d", "e"),
            Migration(.moveConffile, "/etc/foo/x", "/etc/foo/y"), Migration(.moveConffile, "/etc/foo/v", "/etc/foo/w"),
            Migration(.removeConffile, "/etc/foo/y"),
        ]
        let audit = MigrationAudit(all, conffiles: ["/etc/foo/y"])
        #expect(
            audit.accepted == [
                Migration(.removeConffile, "/etc/foo/a"), Migration(.folderToLink, "/etc/foo/d", "e"),
                Migration(.moveConffile, "/etc/foo/x", "/etc/foo/y"), Migration(.removeConffile, "/etc/foo/v"),
            ])
        #expect(audit.findings.listed.map(\.severity) == [.warning])
    }

    @Test func aFileThatIsToBeRemovedIsNotInThePackage() {
        let audit = MigrationAudit([Migration(.removeOnUpgrade, "/etc/foo/a")], conffiles: ["/etc/foo/a"])
        #expect(audit.findings.hasRefusal)
    }

    @Test(arguments: [
        ("1.0", "", true), ("1.0", "1.0", true), ("1.0", "1.0~", false), ("1.0~", "1.0", true), ("x y", "", false),
    ])
    func whichUpdatesAreConcerned(_ from: String, _ last: String, _ expected: Bool) {
        #expect(Migration(.removeConffile, "/etc/a", lastVersion: last).concerns(updateFrom: from) == expected)
    }
}
