import TestSupport
import Archive
import Testing

@testable import Packages

private let control = "Package: foo\nVersion: 1.0\nArchitecture: all\n"

private func refusals(_ result: Result<PackagePlan, PackageRefusal>) -> [String] {
    result.refusals.map { "\($0.file):\($0.line)" }
}

private let units = "lib/systemd/system/"
private let service = "[Service]\nExecStart=/usr/bin/foo\n[Install]\nWantedBy=multi-user.target\n"

@Suite struct PlacementTests {
    @Test(
        arguments: [
            ("usr/bin/foo", .release("usr/bin/foo")), ("bin/foo", .release("usr/bin/foo")),
            ("lib/systemd/system/a.service", .release("usr/lib/systemd/system/a.service")),
            ("sbin/x", .release("usr/sbin/x")),
            ("opt/a/b", .release("opt/a/b")), ("etc/foo.conf", .conffile("etc/foo.conf")),
            ("etc/default/foo", .conffile("etc/default/foo")), ("etc/init.d/foo", .release("usr/libexec/init.d/foo")),
            ("etc/rc2.d/S01foo", .skipped(nil)),
            ("etc/logrotate.d/foo", .conffile("etc/logrotate.d/foo")), ("", .skipped(nil)),
            ("var/lib/foo/data", .conffile("var/lib/foo/data")), ("srv/foo/data", .conffile("srv/foo/data")),
            ("etc/anacrontab", .conffile("etc/anacrontab")), ("etc/apparmor/init/x/foo", .skipped(nil)),
        ] as [(String, Placement)])
    func files(path: String, placement: Placement) { #expect(Placement.of(path, .file) == placement) }

    @Test(arguments: [
        "boot/vmlinuz", "var/lib/dpkg/data", "var/lib/private/foo/data", "var/data", "home/x",
        "run/foo", "etc/systemd/system/sshd.service", "etc/passwd",
        "etc/shadow",
        "etc/sudoers.d/x", "etc/gatekeel/keyring.d/mine.pem", "etc/ld.so.preload", "usr", "bin",
        "usr/lib/extension-release.d/x",
        "dev/null", "root/.ssh/authorized_keys", "tmp/x", "etc/apt/sources.list.d/x", "etc/group-",
    ])
    func otherPlacesAreRefused(path: String) {
        guard case .refused = Placement.of(path, .file) else {
            Issue.record("\(path) must be refused")
            return
        }
    }

    @Test func foldersAndLinks() {
        #expect(Placement.of("var/lib/foo", .directory) == .hostFolder("/var/lib/foo"))
        #expect(Placement.of("var/lib", .directory) == .skipped(nil))
        #expect(Placement.of("etc", .directory) == .skipped(nil))
        #expect(Placement.of("etc/foo", .directory) == .hostFolder("/etc/foo"))
        #expect(Placement.of("etc/systemd", .directory) == .skipped(nil))
        #expect(Placement.of("usr", .directory) == .release("usr"))
        #expect(
            Placement.of("etc/foo/l", .symbolicLink(target: "/var/log/x"))
                == .hostLink("/etc/foo/l", target: "/var/log/x"))
        for folder in ["var/lib/dpkg/info", "var/lib/gatekeel/packages", "boot", "var/a b", "var/lib/%h"] {
            guard case .refused = Placement.of(folder, .directory) else {
                Issue.record("\(folder) must be refused")
                continue
            }
        }
        guard case .refused = Placement.of("var/lib/foo/l", .symbolicLink(target: "/etc/shadow")) else {
            Issue.record("links below /var must be refused")
            return
        }
        guard case .refused = Placement.of("usr/x", .special("device")) else {
            Issue.record("devices must be refused")
            return
        }
    }
}

@Suite struct PackageAuditTests {
    @Test func unitsArePlanned() throws {
        let plan = try auditPackage(
            [
                ("\(units)foo.service", service + "Alias=bar.service\n"),
                ("\(units)foo@.service", "[Service]\nExecStart=/bin/true\n"),
                ("\(units)job.service", "[Service]\nType=oneshot\nExecStart=/usr/bin/foo\n"),
                ("\(units)job.timer", "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n"),
                ("usr/lib/systemd/system/foo.service.d/10.conf", "[Service]\nNice=1\n"), ("usr/bin/foo", ""),
                ("usr/lib/tmpfiles.d/foo.conf", "d /run/foo\n"), ("usr/lib/sysusers.d/foo.conf", "u foo -\n"),
                ("etc/foo.conf", "x"),
            ], links: [("\(units)other.service", "foo.service"), ("\(units)masked.service", "/dev/null")],
            folders: ["var/lib/foo", "etc/foo.d"]
        ).get()
        #expect(plan.units.map(\.name) == ["foo.service", "foo@.service", "job.service", "job.timer"])
        #expect(plan.units.filter(\.isStarted).map(\.name) == ["foo.service", "job.timer"])
        #expect(plan.units.filter(\.isEnabled).map(\.name) == ["foo.service", "job.timer"])
        #expect(plan.units[0].aliases == ["bar.service", "other.service"])
        #expect(plan.units[0].dropIns == ["usr/lib/systemd/system/foo.service.d/10.conf"])
        #expect(plan.conffiles.map(\.path) == ["/etc/foo.conf"])
        #expect(plan.tmpfilesFiles == ["usr/lib/tmpfiles.d/foo.conf"])
        #expect(plan.sysusersFiles == ["usr/lib/sysusers.d/foo.conf"])
        #expect(plan.tmpfilesLines == ["d /etc/foo.d :0755 :root :root -", "d /var/lib/foo :0755 :root :root -"])
        #expect(plan.warnings.isEmpty)
    }

    @Test(arguments: [
        ("[Unit]\nConditionPathExists=/usr/bin/foo", 2), ("[Unit]\nAssertFileIsExecutable=/bin/foo", 2),
        ("[Unit]\nConditionPathExistsGlob=/usr/bin/f*", 2), ("[Unit]\nConditionPathExists=/usr/bin/%p", 2),
        ("[Service]\nEnvironmentFile=/usr/share/foo/env", 2), ("[Service]\n\nLoadCredential=x:/usr/share/foo/env", 3),
        ("[Service]\nRootDirectory=/srv", 2), ("[Service]\nBindReadOnlyPaths=/usr/share/foo/env", 2),
        ("[Service]\nBindPaths=/srv /usr/share/foo/env:/run/env", 2), ("[Service]\nOpenFile=/usr/share/foo/env:env", 2),
        ("[Service]\nExtensionDirectories=/srv/foo", 2), ("[Service]\nExtensionDirectories=", 2),
        ("[Service]\nExtensionImages=/srv/foo.raw", 2),
        ("[Service]\nStandardInput=file:/usr/share/foo/env", 2),
    ])
    func settingsThatAnOverlayCannotServeAreRefusedWithTheirLine(text: String, line: Int) throws {
        let result = try auditPackage([
            ("usr/bin/foo", ""), ("usr/share/foo/env", ""), ("\(units)foo.service", text + "\n" + service),
        ])
        #expect(refusals(result) == ["usr/lib/systemd/system/foo.service:\(line)"])
    }

    @Test(arguments: [
        "[Unit]\nConditionPathExists=/usr/bin/other", "[Unit]\nConditionPathExists=!/usr/bin/foo",
        "[Unit]\nConditionPathExists=/etc/foo",
        "[Service]\nEnvironmentFile=/etc/default/foo", "[Service]\nExecStartPre=-/usr/bin/foo",
        // Without confinement, but with the overlay: tried with systemd 252 and 257.
        "[Service]\nExecStartPre=+/usr/bin/foo x", "[Service]\nPermissionsStartOnly=yes\nExecStartPre=-/usr/bin/foo",
        "[Service]\nBindReadOnlyPaths=/etc/foo:/usr/bin/foo", "[Service]\nReadOnlyPaths=/usr/bin/foo",
        "[Unit]\nConditionPathExists=/usr/bin/foo\nConditionPathExists=",
    ])
    func settingsThatAnOverlayCanServeAreAccepted(text: String) throws {
        let result = try auditPackage([("usr/bin/foo", ""), ("\(units)foo.service", text + "\n" + service)])
        if text.hasSuffix("=") { return }
        #expect(refusals(result).isEmpty)
        #expect(try result.get().warnings.isEmpty)
    }

    @Test func optionalFilesAndHostPlacesGiveWarnings() throws {
        let plan = try auditPackage([
            ("usr/share/foo/env", ""),
            ("\(units)foo.service", "[Service]\nEnvironmentFile=-/usr/share/foo/env\n" + service),
            ("\(units)bar.service", "[Service]\nBindPaths=-/usr/share/foo/env\n" + service),
            ("lib/udev/rules.d/1.rules", ""), ("etc/cron.daily/foo", ""),
            ("etc/pam.d/foo", ""), ("usr/lib/tmpfiles.d/foo.conf", "C /var/lib/foo - - - - /usr/share/foo/env"),
        ]).get()
        #expect(
            plan.warnings.map { "\($0.file):\($0.line)" } == [
                "usr/lib/udev/rules.d/1.rules:0", "etc/cron.daily/foo:0",
                "etc/pam.d/foo:0",
                "usr/lib/systemd/system/bar.service:2", "usr/lib/systemd/system/foo.service:2",
                "usr/lib/tmpfiles.d/foo.conf:1",
            ])
        #expect(plan.conffiles.map(\.path) == ["/etc/pam.d/foo"])
    }

    @Test(arguments: [
        ("usr/lib/modules/6.1/x.ko", "usr/lib/modules/6.1/x.ko:0"),
        ("lib/systemd/system/x.mount", "usr/lib/systemd/system/x.mount:0"),
        ("lib/systemd/system/gatekeel-x.service", "usr/lib/systemd/system/gatekeel-x.service:0"),
        ("boot/x", "boot/x:0"),
    ])
    func otherRefusals(path: String, finding: String) throws {
        #expect(refusals(try auditPackage([(path, "")])) == [finding])
    }

    @Test(arguments: [
        ("etc/evil", "/etc/systemd/system", "etc/evil/x.service", ["etc/evil:0", "etc/evil/x.service:0"]),
        ("etc/evil", "/etc/pam.d", "etc/evil/sshd", ["etc/evil:0", "etc/evil/sshd:0"]),
        ("etc/evil", "/usr/share/foo", "etc/evil/x", ["etc/evil/x:0"]),
        ("etc/good", "/usr/share/foo", "etc/other", []),
        // udev would run what the service writes there.
        ("etc/udev/rules.d/99-foo.rules", "/var/lib/foo/r.rules", "etc/other", ["etc/udev/rules.d/99-foo.rules:0"]),
    ]) func linksLeadNowhereElse(link: String, target: String, file: String, findings: [String]) throws {
        #expect(refusals(try auditPackage([(file, "")], links: [(link, target)])) == findings)
    }

    @Test(arguments: [
        ("StateDirectory=dpkg", true), ("StateDirectory=gatekeel/packages", true), ("RuntimeDirectory=systemd", true),
        ("LogsDirectory=journal", true), ("CacheDirectory=apt/archives", true), ("ConfigurationDirectory=ssh", true),
        ("StateDirectory=%j", true), ("RuntimeDirectory=%i", true), ("StateDirectory=foo-%i foo/%i %p/%i", false),
        ("StateDirectory=../../etc", true), ("StateDirectory=foo foo/bar %N", false),
        ("RuntimeDirectory=foo:bar", false),
        ("DynamicUser=yes\nStateDirectory=foo", false), ("StateDirectory=dpkg\nStateDirectory=", false),
    ]) func systemdGivesAwayNoFolderOfTheHost(setting: String, isRefused: Bool) throws {
        let unit = "[Service]\nExecStart=/bin/true\n"
        #expect(refusals(try auditPackage([("\(units)foo.service", "\(unit)\(setting)\n")])).isEmpty == !isRefused)
        let dropIn = ("\(units)foo.service.d/x.conf", "[Service]\n\(setting)\n")
        #expect(refusals(try auditPackage([("\(units)foo.service", unit), dropIn])).isEmpty == !isRefused)
    }

    @Test func foldersBelowALinkAreRefused() throws {
        let link = [("etc/evil", "/var/lib/foo")]
        #expect(refusals(try auditPackage(links: link, folders: ["etc/evil/sub"])) == ["etc/evil/sub:0"])
        let manifest = "[Package]\nFormat=1\n[Directories]\nDirectory=/etc/evil/sub:root\n"
        #expect(refusals(try auditPackage(links: link, manifest: manifest)) == ["_gkmanifest:0"])
    }

    /// Where programs of the host act on a file, nobody but root may change it.
    @Test(
        arguments: [
            ("etc/pam.d/foo", 0o644, 0, false), ("etc/pam.d/foo", 0o666, 0, true), ("etc/pam.d/foo", 0o644, 7, true),
            ("etc/logrotate.d/foo", 0o664, 0, true), ("etc/foo.conf", 0o666, 7, false),
        ] as [(String, UInt32, UInt32, Bool)])
    func whatTheHostActsOnIsRoots(path: String, mode: UInt32, owner: UInt32, isRefused: Bool) throws {
        var audit = try PackageAudit(controlFiles: ["control": Array(control.utf8)], manifest: nil)
        _ = try audit.consider(ArchiveEntry(path: path, kind: .file, mode: mode, owner: owner))
        let plan = Result { try audit.plan(known: []) }
        switch plan {
        case .success: #expect(!isRefused)
        case .failure(let error): #expect(isRefused, "\(error)")
        }
    }

    @Test(arguments: [("etc/pam.d/foo", true), ("etc/foo.conf", false)])
    func aHardLinkHasNoModeOfItsOwn(path: String, isRefused: Bool) throws {
        var audit = try PackageAudit(controlFiles: ["control": Array(control.utf8)], manifest: nil)
        _ = try audit.consider(ArchiveEntry(path: "etc/foo", kind: .file, mode: 0o666))
        _ = try audit.consider(ArchiveEntry(path: path, kind: .hardLink(target: "etc/foo")))
        let plan = Result { try audit.plan(known: []) }
        #expect(((try? plan.get()) == nil) == isRefused)
    }

    /// systemd-sysusers gives a new user the group of its name, also one that is there.
    @Test func aUserIsNotNamedLikeAGroupOfTheHost() throws {
        let found = try auditPackage(manifest: "[Package]\nFormat=1\n[Users]\nUser=shadow:/var/lib/foo bar\n").refusals
        #expect(found.count == 1 && found[0].text.contains("'shadow' is a group of the host"))
    }

    @Test func theManifestsGroupsAreWarnedOf() throws {
        let plan = try auditPackage(manifest: "[Package]\nFormat=1\n[Users]\nUser=foo\nMember=foo:adm foo:dialout\n")
            .get()
        #expect(
            plan.warnings.filter { $0.file == "_gkmanifest" }.map(\.text).first?.contains("'foo' joins 'adm'") == true)
        #expect(plan.sysusersLines == ["u foo - \"foo\" - -", "m foo adm", "m foo dialout"])
    }

    @Test func oneFileUnderTwoNamesIsRefused() throws {
        #expect(refusals(try auditPackage([("lib/foo", ""), ("usr/lib/foo", "")])) == ["usr/lib/foo:0"])
        #expect(refusals(try auditPackage(folders: ["lib", "usr/lib"])).isEmpty)
    }

    @Test func activateStartsUnitsThatDebianDoesNotStart() throws {
        let script = """
            #!/bin/sh
            # Automatically added by dh_installsystemd/13
            if deb-systemd-helper debian-installed 'foo.service'; then
            \tdeb-systemd-helper enable 'foo.service' || true
            fi
            # End automatically added section
            """
        let plan = try auditPackage([("\(units)foo.service", service)], members: ["postinst": script]).get()
        #expect(plan.units.allSatisfy { $0.isEnabled && $0.isStarted })
    }

    @Test func malformedManifestsAreRefusedWithTheirLines() throws {
        #expect(throws: PackageRefusal.self) { try PackageAudit(controlFiles: [:], manifest: nil) }
        let refusal = #expect(throws: PackageRefusal.self) {
            try PackageAudit(
                controlFiles: ["control": Array(control.utf8)], manifest: Array("[Package]\nFormat=2\nX=1".utf8))
        }
        #expect(
            refusal?.findings.map { "\($0.file):\($0.line)" } == ["_gkmanifest:2", "_gkmanifest:3", "_gkmanifest:0"])
    }
}

@Suite struct PackageManifestTests {
    private func parse(_ text: String) throws -> PackageManifest {
        try PackageManifest(parsing: "[Package]\nFormat=1\n\(text)".utf8)
    }

    @Test func reads() throws {
        let manifest = try parse(
            """
            [Users]
            User=foo bar:/var/lib/bar
            Group=baz
            Member=foo:dialout
            [Directories]
            Directory=/var/lib/foo:foo
            Directory=/etc/foo:root:foo:0750
            [Scripts]
            Skip=postinst postrm
            [Health]
            Command=/usr/bin/foo --check "a b"
            User=foo
            Timeout=3s
            [Probation]
            Time=1min
            MaxRestarts=2
            """)
        #expect(
            manifest.sysusersLines == [
                "g baz - -", "u foo - \"foo\" - -", "u bar - \"bar\" /var/lib/bar -", "m foo dialout",
            ])
        #expect(manifest.tmpfilesLines() == ["d /var/lib/foo 0755 foo foo -", "d /etc/foo 0750 root foo -"])
        #expect(manifest.skips("postinst") && !manifest.skips("prerm"))
        #expect(
            manifest.health == .init(command: ["/usr/bin/foo", "--check", "a b"], user: "foo", timeout: .seconds(3)))
        #expect(manifest.probation == .init(time: .seconds(60), maxRestarts: 2))
        #expect(try parse("") == PackageManifest())
    }

    @Test(arguments: [
        "[Users]\nUser=a:b", "[Users]\nUser=-x", "[Users]\nUser=x\"y", "[Directories]\nDirectory=/var/lib/foo",
        "[Directories]\nDirectory=/usr/x:root", "[Directories]\nDirectory=/var/lib:root",
        "[Directories]\nDirectory=/var/lib/../x:root",
        "[Directories]\nDirectory=/var/lib/x:root:root:4755", "[Directories]\nDirectory=/var/lib/gatekeel:root",
        "[Directories]\nDirectory=/etc/sudoers.d:root", "[Scripts]\nSkip=everything", "[Health]\nCommand=foo",
        "[Health]\nUser=foo",
        "[Users]\nUser=a\nMember=a:sudo", "[Users]\nMember=a:docker", "[Users]\nMember=a:gatekeel",
        "[Directories]\nDirectory=/etc/tmpfiles.d:a", "[Directories]\nDirectory=/etc/polkit-1/rules.d:a",
        "[Directories]\nDirectory=/var/lib/private:a", "[Directories]\nDirectory=/etc/logrotate.d:a",
        "[Color]\nRed=1", "[Probation]\nTime=never", "[Directories]\nDirectory=/var/lib/a%h:root",
    ])
    func refuses(text: String) { #expect(throws: (any Error).self) { try parse(text) } }

    @Test func theReasonIsNamed() {
        let error = #expect(throws: (any Error).self) {
            try parse("[Users]\nMember=a:b c:sudo\n[Directories]\nDirectory=/var/lib/a:a\nDirectory=/etc/udev:a")
        }
        let text = "\(error.map { "\($0)" } ?? "")"
        #expect(text.contains("'c' may not join 'sudo': its members become root"))
        #expect(text.contains("'/etc/udev' is no place for a folder of a package: programs of the host act on"))
    }

    @Test func formatIsRequired() { #expect(throws: (any Error).self) { try PackageManifest(parsing: "".utf8) } }
}

@Suite struct ManualPageTests {
    @Test func committedPageMatchesTheTable() throws {
        try expectGenerated("docs/man/gatekeel.manifest.5", is: PackageManifest.manualPage)
    }
}
