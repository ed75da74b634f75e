import Archive
import Testing

@testable import Packages

/// What a unit would have systemd do as root, and what systemd reads in another way than our parser.
@Suite struct ReachOfUnitsTests {
    private static let folder = "usr/lib/systemd/system/"

    /// - Parameter lines: of `[Service]`, or whole sections.
    private func refusals(_ lines: String, unit: String = "foo.service", more: [(String, String)] = []) throws
        -> [Finding]
    {
        let text = lines.hasPrefix("[") ? lines : "[Service]\nExecStart=/usr/bin/foo\n\(lines)\n"
        return try auditPackage([(Self.folder + unit, text)] + more).refusals
    }

    @Test(arguments: [
        "\u{FEFF}StateDirectory=dpkg", "\u{FEFF}RootDirectory=/", "StateDirectory=\u{301} dpkg x=y",
        "StateDirectory=dpkg\nStateDirectory=\u{A0}", "Environment=A=\\\n\u{A0}b", "ExecReload=/bin/\u{E9}",
    ])
    func characterThatOnlyOneOfBothTakesForABlank(lines: String) throws {
        #expect(try !refusals(lines).isEmpty, "\(lines)")
    }

    @Test(arguments: [
        "[Unit]\nDescription=d\u{E9}mon \u{2013} \\\n \u{E4}\n[Service]\nExecStart=/usr/bin/foo\n",
        "# \u{E9}\nUser=foo", "Environment=A=\\\n; \u{E9}\nb",
    ])
    func descriptionsAndCommentsMayHaveThem(lines: String) throws { #expect(try refusals(lines) == [], "\(lines)") }

    @Test(arguments: [
        ("foo.service", "StateDirectory=dp%p"), ("foo-kg.service", "StateDirectory=dp%j"),
        ("foo-kg.service", "RuntimeDirectory=system%j"), ("foo@.service", "StateDirectory=dp%i"),
        ("foo@.service", "RuntimeDirectory=system%I"), ("foo@.service", "CacheDirectory=%i"),
        ("foo@.service", "RuntimeDirectory=cloud-%i"),
    ])
    func aSpecifierDoesNotCompleteANameOfTheHost(unit: String, line: String) throws {
        let isOwn = line == "StateDirectory=dp%p"
        #expect(try refusals(line, unit: unit).isEmpty == isOwn, "\(unit) \(line)")
    }

    @Test(arguments: ["RuntimeDirectory=foo-%i", "StateDirectory=foo/%i", "StateDirectory=foo/dp%i"])
    func ownFoldersOfInstances(line: String) throws {
        #expect(try refusals(line, unit: "foo@.service") == [], "\(line)")
    }

    @Test(arguments: [
        "PIDFile=/etc/passwd", "PIDFile=../etc/passwd", "PIDFile=/run/systemd/x.pid", "PIDFile=%t/userdb/a",
        "StandardOutput=truncate:/etc/passwd", "StandardError=append:/var/log/auth.log", "RuntimeDirectory=userdb",
        "User=foo\nLogsDirectory=foo\nStandardOutput=append:/var/log/foo/x",
        "DynamicUser=yes\nStandardError=file:/var/log/foo/x",
        "Group=shadow", "SupplementaryGroups=27", "SupplementaryGroups=foo docker", "User=gatekeel",
        "[Unit]\nFailureAction=reboot-force\n[Service]\nExecStart=/usr/bin/foo\n", "StartLimitAction=poweroff",
        "[Unit]\nJobTimeoutAction=reboot\n[Service]\nExecStart=/usr/bin/foo\n",
        "[Unit]\nPropagatesStopTo=session-1.scope\n[Service]\nExecStart=/usr/bin/foo\n",
        "[Unit]\nUpholds=dev-sda.device\n[Service]\nExecStart=/usr/bin/foo\n",
        "[Unit]\nRefuseManualStop=yes\n[Service]\nExecStart=/usr/bin/foo\n",
        "[Unit]\nAssertPathExists=\n[Service]\nExecStart=/usr/bin/foo\n",
        "[Unit]\nAssertKernelVersion=\n[Service]\nExecStart=/usr/bin/foo\n",
    ])
    func whatSystemdWouldDoAsRoot(lines: String) throws { #expect(try !refusals(lines).isEmpty, "\(lines)") }

    @Test(arguments: [
        "ListenStream=/run/dbus/system_bus_socket", "ListenFIFO=/etc/passwd", "ListenStream=/etc/sudoers.d/x",
        "ListenDatagram=%t/systemd/notify", "ListenStream=80\nSymlinks=/run/foo.sock /etc/passwd", "RootDirectory=/",
    ])
    func socketsOfOthers(lines: String) throws {
        let socket = "[Socket]\n\(lines)\n"
        #expect(try !refusals("", more: [(Self.folder + "foo.socket", socket)]).isEmpty, "\(lines)")
    }

    @Test func aPathUnitMakesNoFolderOfTheHost() throws {
        func found(_ lines: String) throws -> [Finding] {
            try refusals("", more: [(Self.folder + "foo.path", "[Path]\n\(lines)\n")])
        }
        #expect(try found("PathChanged=/run/userdb") == [])
        #expect(try !found("PathChanged=/run/userdb\nMakeDirectory=yes\nDirectoryMode=0777").isEmpty)
        #expect(try found("DirectoryNotEmpty=/var/spool/foo\nMakeDirectory=yes") == [])
    }

    /// As real daemons have them.
    @Test(arguments: [
        "PIDFile=/run/foo.pid", "PIDFile=/var/run/foo/foo.pid", "PIDFile=foo.pid", "PIDFile=%t/foo/foo.pid",
        "PIDFile=/var/lib/foo/foo.pid", "StandardOutput=journal", "StandardOutput=append:/var/log/foo/x",
        "User=foo\nStandardOutput=append:/var/log/foo.log", "User=foo\nUser=\nStandardOutput=append:/var/log/foo/x",
        "[Unit]\nDescription[de]=D\u{E4}mon\nX-Foo=\u{E4}\n[Service]\nExecStart=/usr/bin/foo\n",
        "StandardError=inherit", "Group=foo", "SupplementaryGroups=dialout ssl-cert", "Group=root", "User=foo",
        "[Unit]\nFailureAction=none\nRefuseManualStop=no\nAssertPathExists=/etc/foo\n[Service]\nExecStart=/usr/bin/foo\n",
    ])
    func whatDaemonsHave(lines: String) throws { #expect(try refusals(lines) == [], "\(lines)") }

    @Test func socketsOfDaemons() throws {
        for lines in [
            "ListenStream=/run/foo.sock", "ListenStream=%t/foo/foo.sock\nSymlinks=/run/foo2.sock",
            "ListenStream=127.0.0.1:80", "ListenFIFO=/run/foo.ctl", "ListenStream=@foo",
            "ListenDatagram=/var/run/foo/log",
        ] {
            let found = try refusals("", more: [(Self.folder + "foo.socket", "[Socket]\n\(lines)\n")])
            #expect(found == [], "\(lines)")
        }
    }

    @Test func ourDropInsNameIsOurs() throws {
        for path in ["foo.service.d/10-gatekeel.conf", "foo@x.service.d/10-gatekeel.conf"] {
            let unit = path.hasPrefix("foo@") ? "foo@.service" : "foo.service"
            let found = try refusals("", unit: unit, more: [(Self.folder + path, "[Service]\nNice=1\n")])
            #expect(found.map(\.file) == [Self.folder + path])
        }
    }

    /// systemd opens the path as root and follows a link that a user of the package may put there.
    @Test(arguments: [
        ("User=foo\nRuntimeDirectory=foo\nStandardOutput=append:/run/foo/out", "'foo' may write in '/run/foo'"),
        ("User=foo\nRuntimeDirectory=foo\nStandardOutput=append:%t/foo/out", "'foo' may write in '/run/foo'"),
        ("User=foo\nStateDirectory=foo\nStandardInput=file:/var/lib/foo/in", "'foo' may write in '/var/lib/foo'"),
        ("User=foo\nStateDirectory=foo\nOpenFile=/var/lib/foo/x:name", "'foo' may write in '/var/lib/foo'"),
        ("User=foo\nCacheDirectory=foo\nLoadCredential=a:/var/cache/foo/x/y", "'foo' may write in '/var/cache/foo'"),
        ("User=foo\nStateDirectory=foo\nTTYPath=/var/lib/foo/tty", "'foo' may write in '/var/lib/foo'"),
        (
            "User=foo\nStateDirectory=foo\nEnvironmentFile=-/var/lib/foo/env\nExecReload=+/usr/bin/foo",
            "'foo' may write in '/var/lib/foo'"
        ),
        (
            "DynamicUser=yes\nRuntimeDirectory=foo\nStandardError=file:/run/foo/x", "'its dynamic user' may write"
        ),
        (
            "RuntimeDirectory=foo\nRuntimeDirectoryMode=0777\nStandardError=file:/run/foo/x",
            "others than root may write"
        ),
        ("User=foo\nStandardOutput=append:/run/foo/out", "the unit's user could put a link there"),
    ])
    func systemdOpensNothingInAFolderOfAUser(lines: String, reason: String) throws {
        let found = try refusals(lines)
        #expect(found.count == 1 && found[0].text.contains(reason), "\(lines): \(found)")
    }

    /// Another unit's user, a line's, the manifest's or the payload's.
    @Test func foldersOfUsersAreThoseOfTheWholePackage() throws {
        let root = "StandardOutput=append:/var/log/foo/x\nEnvironmentFile=/var/log/foo/env"
        func found(_ more: [(String, String)], manifest: String = "", folder: ArchiveEntry? = nil) throws -> Int {
            var audit = try PackageAudit(
                controlFiles: ["control": Array("Package: foo\nVersion: 1\nArchitecture: all\n".utf8)],
                manifest: Array("[Package]\nFormat=1\n\(manifest)".utf8))
            let unit = "[Service]\nExecStart=/usr/bin/foo\n\(root)\n"
            if let folder { _ = try audit.consider(folder) }
            for (path, text) in [(Self.folder + "foo.service", unit)] + more {
                let entry = ArchiveEntry(path: path, kind: .file, size: text.utf8.count)
                if try audit.consider(entry) { audit.take(Array(text.utf8), of: entry) }
            }
            return audit.assess(known: [], architecture: "all").findings.findings(.refused).count
        }
        #expect(try found([]) == 0)
        let service = "[Service]\nExecStart=/usr/bin/foo\nUser=foo\nLogsDirectory=foo\n"
        #expect(try found([(Self.folder + "a.service", service)]) == 2)
        #expect(try found([("usr/lib/tmpfiles.d/foo.conf", "d /var/log/foo 0755 foo foo")]) == 2)
        #expect(try found([("usr/lib/tmpfiles.d/foo.conf", "Z /var/log/foo-* 0755 foo foo")]) == 0)
        #expect(try found([], manifest: "[Users]\nUser=foo\n[Directories]\nDirectory=/var/log/foo:foo\n") == 2)
        let owned = ArchiveEntry(
            path: "var/log/foo", kind: .directory, mode: 0o755, owner: 120, ownerName: "foo", groupName: "root")
        #expect(try found([], folder: owned) == 2)
        #expect(try found([], folder: ArchiveEntry(path: "var/log/foo", kind: .directory, mode: 0o755)) == 0)
    }

    /// Debian's bird: root's environment is a conffile in a folder of its user.
    @Test func anEnvironmentThatIsAConffileIsWarnedOf() throws {
        let unit = "[Service]\nExecStart=/usr/bin/foo\nEnvironmentFile=/etc/foo/env\n"
        let manifest = "[Package]\nFormat=1\n[Users]\nUser=foo\n[Directories]\nDirectory=/etc/foo:foo\n"
        let plan = try auditPackage([(Self.folder + "foo.service", unit), ("etc/foo/env", "A=b")], manifest: manifest)
            .get()
        #expect(plan.warnings.map(\.text).contains { $0.contains("'foo' may write in '/etc/foo'") })
        #expect(try !auditPackage([(Self.folder + "foo.service", unit)], manifest: manifest).refusals.isEmpty)
    }

    /// systemd gives the socket to the user by its path.
    @Test(arguments: [
        ("ListenStream=/run/foo/s\nSocketUser=foo", true), ("ListenStream=/run/foo/s\nSocketGroup=foo", true),
        ("ListenStream=/run/foo/s\nSocketUser=root", false), ("ListenStream=/run/foo/s", false),
        ("ListenStream=/run/foo.sock\nSocketUser=foo", false), ("ListenStream=/run/foo/d/s", true),
        ("ListenStream=80\nSocketGroup=%H", true), ("ListenStream=/run/docker.sock\nSocketGroup=docker", false),
    ])
    func socketsInAFolderOfAUser(lines: String, isRefused: Bool) throws {
        let found = try refusals(
            "User=foo\nRuntimeDirectory=foo", more: [(Self.folder + "foo.socket", "[Socket]\n\(lines)\n")])
        #expect(found.isEmpty != isRefused, "\(lines): \(found)")
    }

    /// systemd makes the folders on the way, and removes what has the name: through a link that the user puts there.
    @Test(arguments: [
        ("ListenDatagram=/run/foo/d/s", true), ("ListenSequentialPacket=%t/foo/d/s", true),
        ("ListenFIFO=/run/foo/d/s", true), ("ListenFIFO=/run/foo/s", false),
        ("ListenStream=80\nSymlinks=/run/foo.sock /run/foo/d/control", true),
        ("ListenStream=80\nSymlinks=/run/foo/control", false), ("ListenSpecial=/run/foo/dev", true),
        ("ListenUSBFunction=/run/foo/dev", true), ("ListenSpecial=/dev/rfkill", false),
    ])
    func whatASocketUnitMakes(lines: String, isRefused: Bool) throws {
        let found = try refusals(
            "User=foo\nRuntimeDirectory=foo", more: [(Self.folder + "foo.socket", "[Socket]\n\(lines)\n")])
        #expect(found.isEmpty != isRefused, "\(lines): \(found)")
    }

    @Test(arguments: [
        ("PathChanged=/run/foo/d/x\nMakeDirectory=yes", true), ("PathModified=%t/foo/d/x\nMakeDirectory=on", true),
        ("PathChanged=/run/foo/d\nMakeDirectory=yes", false), ("PathChanged=/run/foo/d/x", false),
        ("PathExists=/run/foo/d/x\nMakeDirectory=yes", false),
    ])
    func whatAPathUnitMakes(lines: String, isRefused: Bool) throws {
        let found = try refusals(
            "User=foo\nRuntimeDirectory=foo", more: [(Self.folder + "foo.path", "[Path]\n\(lines)\n")])
        #expect(found.isEmpty != isRefused, "\(lines): \(found)")
    }

    /// systemd makes the folders of a unit as root, and gives the last one, with all that is in it, to the user.
    @Test(arguments: [
        ("StateDirectory=foo foo/data/log", true), ("RuntimeDirectory=foo foo/a/b", true),
        ("StateDirectory=foo foo/data", false), ("StateDirectory=foo/data/log", false),
        ("StateDirectory=foo\nConfigurationDirectory=foo foo/a/b", false), ("LogsDirectory=foo foo/%n/%H", true),
    ])
    func foldersBelowAFolderOfTheUser(lines: String, isRefused: Bool) throws {
        let found = try refusals("User=foo\n\(lines)")
        #expect(found.isEmpty != isRefused, "\(lines): \(found)")
        #expect(try refusals(lines) == [])
    }

    /// Of a PID file below, only one of the same name elsewhere could go: Debian's frr has it.
    @Test func aPIDFileBelowAFolderOfTheUser() throws {
        for (line, isRefused) in [
            ("/run/foo/d/passwd", true), ("foo/d/foo", true), ("foo/foo", false), ("foo/d/x.pid", false),
        ] {
            let found = try refusals("User=foo\nRuntimeDirectory=foo\nPIDFile=\(line)")
            #expect(found.isEmpty != isRefused, "\(line): \(found)")
        }
        let unit = "[Service]\nExecStart=/usr/bin/foo\nUser=foo\nRuntimeDirectory=foo\nPIDFile=/run/foo/d/x.pid\n"
        let plan = try auditPackage([(Self.folder + "foo.service", unit)]).get()
        #expect(plan.warnings.contains { $0.text.contains("'foo' may write in '/run/foo'") })
    }

    @Test(arguments: [
        "User=foo\nRuntimeDirectory=foo\nPIDFile=/run/foo/foo.pid",
        "User=foo\nConfigurationDirectory=foo\nEnvironmentFile=/etc/foo/env\nExecReload=+/bin/true",
        "User=foo\nStateDirectory=foo\nEnvironmentFile=-/var/lib/foo/env",
        "LogsDirectory=foo\nStandardOutput=append:/var/log/foo/x",
        "User=foo\nStandardOutput=append:/run/foo.log", "LoadCredential=a:/etc/foo/key", "StandardInput=tty",
        "LoadCredential=a",
        "User=foo\nStateDirectory=foo\nLoadCredential=key:/etc/foo/key",
    ])
    func whatOnlyRootExchanges(lines: String) throws { #expect(try refusals(lines) == [], "\(lines)") }

    @Test func aFlagIsNoFolder() throws {
        let text = "[Service]\nExecStart=/usr/bin/foo\nStateDirectory=foo::ro foo:bar\n"
        let plan = try auditPackage([(Self.folder + "foo.service", text)]).get()
        #expect(plan.dataFolders == ["/var/lib/bar", "/var/lib/foo"])
    }

    /// A name that the unit's name or the instance completes is judged like any other.
    @Test(arguments: [
        ("foo-docker.service", "User=foo\nGroup=%j"), ("foo@disk.service", "SupplementaryGroups=%i"),
        ("foo-gatekeel.service", "User=%j"), ("foo.service", "SupplementaryGroups=\"docker\""),
        ("foo.service", "SupplementaryGroups=doc\\ker"), ("foo.service", "User=33"), ("foo.service", "Group=%H"),
        ("foo@.service", "Group=%i"), ("foo@.service", "SupplementaryGroups=a %i"), ("foo.service", "User=%H"),
        ("foo@gatekeel.service", "User=%i"), ("foo@.service", "User=%i\n[Install]\nDefaultInstance=gatekeel"),
        ("foo@.service", "User=%i\n[Unit]\nWants=foo@gatekeel.service"), ("foo@.service", "User=%i-x"),
    ])
    func namesOfUsersAndGroupsAreFixed(unit: String, lines: String) throws {
        #expect(try !refusals(lines, unit: unit).isEmpty, "\(unit) \(lines)")
    }

    /// syncthing@.service runs as the user that an administrator names.
    @Test(arguments: [
        ("foo@.service", "User=%i"), ("foo@.service", "User=%I\nGroup=foo"), ("foo-bar.service", "User=%p\nGroup=%j"),
        ("foo.service", "User=0\nGroup=0"), ("foo@.service", "User=%p\n[Unit]\nAfter=foo@a.service"),
        ("foo.service", "User="),
    ])
    func namesThatAreFixedOrAnAdministrators(unit: String, lines: String) throws {
        #expect(try refusals(lines, unit: unit) == [], "\(unit) \(lines)")
    }

    /// systemd does not load two services of one name.
    @Test func busNamesOfUnitsAreThePackages() throws {
        func plan(_ lines: String, unit: String = "foo.service") throws -> PackagePlan {
            let text = "[Service]\nExecStart=/usr/bin/foo\n\(lines)\n"
            return try auditPackage([(Self.folder + unit, text)]).get()
        }
        #expect(try plan("BusName=org.foo.A\nBusName=\nBusName=org.foo.B").busNames == ["org.foo.A", "org.foo.B"])
        #expect(try plan("BusName=org.%p", unit: "foo@.service").busNames == ["org.foo"])
        #expect(try plan("BusName=nonsense").busNames == [])
        #expect(try !refusals("BusName=org.%i", unit: "foo@.service").isEmpty)
        #expect(try !refusals("BusName=org.freedesktop.DBus").isEmpty)
    }

    /// A hard link that is left out is no reason to pass over the entry after it.
    @Test func aHardLinkIsOfOneKind() throws {
        for (path, target, isRefused) in [
            ("usr/bin/tool", "etc/foo.conf", true), ("etc/foo.conf", "usr/bin/tool", true),
            ("usr/bin/tool", "usr/bin/other", false), ("etc/foo.conf", "etc/other.conf", false),
            ("etc/cron.daily/x", "usr/bin/tool", false),
        ] {
            var audit = try PackageAudit(
                controlFiles: ["control": Array("Package: foo\nVersion: 1\nArchitecture: all\n".utf8)], manifest: nil)
            _ = try audit.consider(ArchiveEntry(path: path, kind: .hardLink(target: target)))
            #expect((audit.refusal != nil) == isRefused, "\(path)")
        }
    }

    /// Its unit may run it as root.
    @Test func whatEverybodyCouldChangeIsRefused() throws {
        for (path, kind, mode) in [
            ("usr/bin/foo", ArchiveEntry.Kind.file, UInt32(0o777)), ("opt/foo/x", .file, 0o666),
            ("usr/lib/foo", .directory, 0o1777),
            ("usr/bin/foo", .file, 0o775), ("etc/foo.conf", .file, 0o666),
        ] {
            var audit = try PackageAudit(
                controlFiles: ["control": Array("Package: foo\nVersion: 1\nArchitecture: all\n".utf8)], manifest: nil)
            _ = try audit.consider(ArchiveEntry(path: path, kind: kind, mode: mode))
            #expect((audit.refusal != nil) == (mode & 2 != 0 && !path.hasPrefix("etc/")), "\(path)")
        }
    }

    /// A hard link has neither a size nor a mode of its own.
    @Test func aHardLinkIsNoFileOfData() throws {
        var audit = try PackageAudit(
            controlFiles: ["control": Array("Package: foo\nVersion: 1\nArchitecture: all\n".utf8)], manifest: nil)
        _ = try audit.consider(ArchiveEntry(path: "usr/share/foo/big", kind: .file, mode: 0o644))
        #expect(audit.refusal == nil)
        _ = try audit.consider(ArchiveEntry(path: "var/lib/foo/big", kind: .hardLink(target: "usr/share/foo/big")))
        #expect(audit.refusal != nil)
    }

    @Test func anInitScriptsPidFileIsTheServices() throws {
        for (path, isTaken) in [("/run/foo.pid", true), ("/run/../etc/passwd", false), ("/run/systemd/x", false)] {
            let script = "#!/bin/sh\n# pidfile: \(path)\n### BEGIN INIT INFO\n# Provides: foo\n### END INIT INFO\n"
            let unit = String(
                decoding: InitScript(name: "foo", bytes: Array(script.utf8)).unit(isEnabled: true), as: UTF8.self)
            #expect(unit.contains("PIDFile=") == isTaken, "\(path)")
        }
    }
}

/// Lines of tmpfiles.d that a service's user could lead elsewhere.
@Suite struct ExchangedByUsersTests {
    private func refusals(_ lines: String, service: String = "") throws -> [Finding] {
        try auditPackage([
            ("usr/lib/tmpfiles.d/foo.conf", lines + "\n"),
            ("usr/lib/systemd/system/foo.service", "[Service]\nExecStart=/usr/bin/foo\nUser=foo\n\(service)\n"),
        ]).refusals
    }

    @Test(arguments: [
        "d /var/lib/foo 0755 foo foo -\nC /var/lib/foo/copy 0600 foo foo - /var/lib/foo/sub/shadow",
        "d /var/lib/foo 0755 foo foo -\nC /etc/foo-copy 0600 foo foo - /var/lib/foo/shadow",
        "d /var/lib/foo-data 0755 foo foo\nw /var/lib/foo-*/state - - - - TEXT",
        "d /var/lib/foo-data 0755 foo foo\nR! /var/lib/foo-*/tmp/cache",
        "d /var/lib/foo-data 0755 foo foo\ne /var/lib/foo-[d]ata/tmp/cache - - - 1d",
        "d /var/lib/foo-data 0755 foo foo\nR! /var/lib/foo-data/t?p/cache",
        "d /var/lib/foo 2775 foo 42 -", "f /run/userdb/daemon:sudo.membership 0644 root root - {}",
        "d /run/userdb 0755 root root -",
    ])
    func linesThatCouldBeLedElsewhere(lines: String) throws { #expect(try !refusals(lines).isEmpty, "\(lines)") }

    @Test(arguments: [
        ("RuntimeDirectory=foo", "w /run/foo/state - - - - X"),
        ("RuntimeDirectory=foo", "d /run/foo/a/cache 0755 foo foo 1d"),
        ("StateDirectory=foo/%i", "w /var/lib/foo/a/x - - - - X"),
    ])
    func foldersThatSystemdGivesToServices(service: String, line: String) throws {
        #expect(try !refusals(line, service: service).isEmpty, "\(line)")
    }

    @Test(arguments: [
        "d /var/lib/foo-data 0755 foo foo 10d", "d /var/lib/foo 0755 foo foo -\nC /etc/foo 0755 - - - /usr/share/foo/x",
        "d /run/foo 0755 foo foo\nd /run/foo/a 0755 foo foo", "R! /var/lib/foo-*", "d /var/lib/foo 0755 0 0 -",
    ])
    func whatStaysAllowed(lines: String) throws { #expect(try refusals(lines) == [], "\(lines)") }

    @Test func aMovedConffileBringsNoEditsToTheEnvironmentOfRoot() throws {
        func plan(_ lines: String) throws -> PackagePlan {
            let unit = "[Service]\nExecStart=/usr/bin/foo\n\(lines)\n"
            let helper = "dpkg-maintscript-helper mv_conffile /etc/foo/env /etc/foo.env 1.0 foo -- \"$@\"\n"
            return try auditPackage(
                [("etc/foo.env", ""), ("usr/lib/systemd/system/foo.service", unit)],
                members: ["preinst": "#!/bin/sh\n\(helper)"]
            ).get()
        }
        let moved = try plan("EnvironmentFile=-/etc/foo.env")
        #expect(moved.migrations.map(\.kind) == [.removeConffile])
        #expect(moved.warnings.contains { $0.text.contains("are not moved to /etc/foo.env") })
        #expect(try plan("User=foo\nEnvironmentFile=/etc/foo.env").migrations.map(\.kind) == [.moveConffile])
        #expect(
            try plan("EnvironmentFile=/etc/foo/env\nEnvironmentFile=/etc/foo.env").migrations.map(\.kind) == [
                .moveConffile
            ])
    }

    /// The old file may be a service's: what is in it must not become what programs of the host act on.
    @Test func aMovedConffileBringsNoEditsToTheHostsPrograms() throws {
        func plan(_ old: String, _ new: String) throws -> PackagePlan {
            try auditPackage(
                [(String(new.dropFirst()), "")],
                members: ["preinst": "#!/bin/sh\ndpkg-maintscript-helper mv_conffile \(old) \(new) 1.0 foo -- \"$@\"\n"]
            ).get()
        }
        let moved = try plan("/etc/foo/rules", "/etc/udev/rules.d/99-foo.rules")
        #expect(moved.migrations.map(\.kind) == [.removeConffile])
        #expect(moved.warnings.contains { $0.text.contains("are not moved to /etc/udev/rules.d/99-foo.rules") })
        #expect(try plan("/etc/foo/a", "/etc/foo/b").migrations.map(\.kind) == [.moveConffile])
        #expect(
            try plan("/etc/udev/rules.d/a.rules", "/etc/udev/rules.d/b.rules").migrations.map(\.kind) == [.moveConffile]
        )
    }
}
