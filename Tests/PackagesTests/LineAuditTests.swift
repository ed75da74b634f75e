import Testing

@testable import Packages

/// Audits a package named foo, with a service of that name, and these lines.
private func audit(
    tmpfiles: String = "", sysusers: String = "", name: String = "foo", unit: String = "", manifest: String? = nil,
    links: [(String, String)] = []
) throws -> Result<PackagePlan, PackageRefusal> {
    let files = [
        ("usr/lib/tmpfiles.d/foo.conf", tmpfiles), ("usr/lib/sysusers.d/foo.conf", sysusers),
        ("usr/share/foo/data", ""),
        ("usr/lib/systemd/system/\(name).service", "[Service]\nExecStart=/usr/bin/true\n\(unit)"),
    ]
    return try auditPackage(files, links: links, name: name, manifest: manifest)
}

private func reasons(_ result: Result<PackagePlan, PackageRefusal>) -> [String] {
    result.refusals.map(\.description)
}

@Suite struct TmpfilesAuditTests {
    @Test(
        arguments: [
            "a link over a unit": "L+ /etc/systemd/system/ssh.service - - - - /usr/share/foo/data",
            "the modes of shadow": "z /etc/shadow 0666",
            "shadow, by a pattern": "z /etc/shad* 0666",
            "everything in /etc, by a pattern": "Z /etc/* 0777",
            "shadow's group": "a /etc/shadow - - - - u:foo:r",
            "a rule of sudo": "f /etc/sudoers.d/foo 0440 root root - foo ALL=(ALL) NOPASSWD: ALL",
            "a key in the keyring": "C /etc/gatekeel/keyring.d/mine.pem - - - - /usr/share/foo/data",
            "a cron job": "f /etc/cron.d/foo - - - - * * * * * root true",
            "a line of a profile": "w+ /etc/profile - - - - id",
            "a preloaded library": "f+ /etc/ld.so.preload - - - - /usr/lib/foo.so",
            "a key of root's": "f %h/.ssh/authorized_keys - - - - ssh-rsa",
            "a key of root's, escaped": "f /\\x72oot/.ssh/authorized_keys",
            "a path through ..": "f /run/foo/../../etc/cron.d/foo",
            "a path below a link": "L /run/foo - - - - /var/lib/foo\nf /run/foo/x",
            "a link to shadow": "L /run/foo/x - - - - /etc/shadow",
            "a link out of the folder": "L /run/foo/x - - - - ../../etc/shadow",
            "a copy of shadow": "C /var/lib/foo/shadow 0644 foo foo - /etc/shadow",
            "a copy of root's keys": "C /run/foo/keys - foo - - %h/.ssh",
            "braces that lead out": "Z /var/lib/foo/{..,x}/{..,x}/{..,x}/etc/shadow 0666",
            "braces that remove": "R /var/lib/foo/{..,x}/dpkg",
            "a setgid bit on what a service made": "d /var/lib/foo 0755 root root\nZ /var/lib/foo 2775 root root",
            "a group of passwords": "d /var/lib/foo 0755 root shadow",
            "a write where a user may have been let in":
                "d /var/lib/foo 0755 root root\nZ /var/lib/foo - foo foo\nw /var/lib/foo/x - - - - t",
            "a write where an ACL lets in":
                "d /var/lib/foo\na /var/lib/foo - - - - u:foo:rwx\nw /var/lib/foo/x - - - - t",
            "a copy of a key below a link": "C /var/lib/foo/k - - - - /usr/lib/ssl/private/x.key",
            "a folder of nscd": "d /run/nscd 0755 foo foo", "a hook of dhcpcd": "f /etc/dhcpcd.exit-hook",
            "what replaces a free name": "L+ /var/lib/other/x - - - - /usr/share/foo/x",
            "too many lines": (0...1000).map { "d /run/foo/\($0)" }.joined(separator: "\n"),
            "a device": "c /run/foo/mem 0666 - - - 1:1", "a disk": "b /run/foo/sda 0666 - - - 8:0",
            "the kernel's settings": "w /proc/sys/kernel/core_pattern - - - - |/x",
            "a device's settings": "w /sys/class/net/eth0/x - - - - 1",
            "the boot's files": "d /boot/foo", "a program of the host": "f /usr/local/bin/foo 0755",
            "systemd's folder": "d /run/systemd/system/foo.service.d", "the bus": "d /run/dbus 0777",
            "dpkg's folder": "Z /var/lib/dpkg 0777", "another's folder": "z /var/lib/postgresql 0777",
            "another's folder, emptied": "D /var/lib/postgresql", "another's folder, removed": "R /var/lib/postgresql",
            "another's file, removed": "r /run/postgresql/pid", "another's old files": "e /var/lib/postgresql - - - 1d",
            "the host's clean-up": "x /tmp", "all of /tmp": "R /tmp/*", "another's name in /tmp": "r /tmp/bar-*",
            "all of /run": "Z /run 0777", "the shared folder": "d /var/lib 0777 foo foo",
            "the shared folder's age": "d /var/log - - - 1d",
            "a setuid program": "f /var/lib/foo/sh 4755",
            "a copied setuid program":
                "C /var/lib/foo/sh 06755 - - - /usr/bin/dash",
            "a setgid bit on what is there": "z /var/lib/foo/sh 2755",
            "capabilities": "t /var/lib/foo/sh - - - - security.capability=x",
            "capabilities, quoted": "t /var/lib/foo/sh - - - - 'security.capability=x'",
            "capabilities, second": "T /var/lib/foo - - - - user.a=b security.capability=x",
            "a file for ever": "h /var/lib/foo - - - - +i",
            "an attribute before an open quote": "t /var/lib/foo/f - - - - user.a=1 security.zz=2 \"open",
            "an attribute before a wrong escape": "T /var/lib/foo/f - - - - security.zz=2 \\q",
            "names that begin like the package's": "Z /etc/foo[x] - foo foo -",
            "all that begins like the package's name": "R /var/lib/foo*",
            "the folder of a service of the host in /tmp": "Z /tmp/systemd-private-*",
            "a folder of displays": "d /tmp/.X11-unix 0777",
            "behind a carriage return": "# ok\rz /etc/shadow 0666",
            "a removal where a user may write": "d /var/lib/foo - foo foo\nR /var/lib/foo/a/b",
            "an age where a user may write": "d /var/lib/foo - foo foo\nd /var/lib/foo/a/b - - - 1d",
            "a link where a user may write": "d /var/lib/foo - foo foo\nL /var/lib/foo/a/b - - - - /usr/share/foo",
            "a removal where a group may write": "d /var/lib/foo 0775 root foo\nR /var/lib/foo/a/b",
            "a removal where everybody may write": "d /var/lib/foo 1777\nR /var/lib/foo/a/b",
            "a specifier": "d /run/%m/foo",
            "what a user may make a link": "d /run/foo - foo foo\nw /run/foo/x - - - - text",
            "another's defaults": "f /etc/default/foo\nz /etc/default/ssh 0666",
            "a link's target with a blank": "L /run/foo/x - - - - /usr/a b",
        ].sorted { $0.key < $1.key })
    func refused(attack: (key: String, value: String)) throws {
        #expect(try !reasons(audit(tmpfiles: attack.value)).isEmpty, "\(attack.key)")
    }

    @Test(
        arguments: [
            "d /run/foo 0755 foo foo -", "D /run/foo 0750 foo adm - -", "d /var/run/foo 0755 foo foo",
            "d /run/lock/foo 0775 root foo", "d /var/log/foo 2755 foo adm", "d /run/foo-data", "d /run/foo.d",
            "d /run/foo2",
            "d /run/quite-another 0755 foo foo", "d /run/quite-another\nz /run/quite-another/* 0640 root foo",
            "d /var/lib/foo 0700 foo foo\nd /var/lib/foo/a 0700 foo foo\nd /var/lib/foo/a/b/c 0700 foo foo",
            "f /var/log/foo.log 0640 foo adm", "L /var/lib/foo/share - - - - /usr/share/foo",
            "L /var/lib/foo/etc - - - - ../../../etc/foo", "L+ /run/foo/null - - - - /dev/null",
            "C /var/lib/foo/tree - - - - /usr/share/doc", "p /run/foo/pipe 0600 foo foo",
            "r! /run/foo.pid", "r! /run/foo/*.pid", "R! /tmp/foo-*", "x /var/tmp/foo-*", "e /var/cache/foo - - - 10d",
            "q /var/lib/foo", "Z /var/lib/foo 0750 foo foo", "h /var/lib/foo - - - - +C",
            "a+ /var/log/foo - - - - g:adm:rx", "Z /var/lib/foo-* 0750 foo foo", "r! /run/foo.*", "r! /run/foo-x-*.pid",
            "t /var/lib/foo - - - - user.a=b", "w /var/lib/foo/x - - - - text", "d= /run/foo",
            "f^ /run/foo/x - - - - cred",
            "d$ /run/foo", "L? /run/foo/x - - - - /usr/share/foo", "", "# none\n\n",
        ])
    func allowed(lines: String) throws { #expect(reasons(try audit(tmpfiles: lines)) == []) }

    /// A package chooses the names of its users and units; no such name makes a pattern its own.
    @Test(arguments: [
        ("ngin", "u foo -", "foo", "Z /etc/ngin[x] - foo foo -"),
        ("foo", "u ngin -", "foo", "Z /etc/ngin[x] - ngin ngin -"),
        ("foo", "", "ngin", "R /var/lib/ngin[x]"), ("foo", "u systemd-private -", "foo", "Z /tmp/systemd-private-*"),
        ("foo", "u docker -", "foo", "Z /var/lib/docker-*"), ("docke", "", "foo", "Z /var/lib/docke[r] 0777"),
    ])
    func namesThatThePackageChoosesMakeNoPattern(name: String, users: String, unit: String, line: String) throws {
        let files = [
            ("usr/lib/tmpfiles.d/foo.conf", line), ("usr/lib/sysusers.d/foo.conf", users),
            ("usr/lib/systemd/system/\(unit).service", "[Service]\nExecStart=/usr/bin/true\n"),
        ]
        #expect(!reasons(try auditPackage(files, name: name)).isEmpty)
    }

    /// They are held against the host.
    @Test func patternsArePlaces() throws {
        let plan = try audit(tmpfiles: "Z /var/lib/foo-* 0750 foo foo\nr! /run/foo/*.pid\nR! /tmp/foo-*").get()
        #expect(plan.provision.places.map(\.path) == ["/run/foo", "/var/lib/foo-*"])
    }

    /// Lines of Debian's daemons.
    @Test(
        arguments: [
            (
                "postgresql-common",
                "d /run/postgresql 2775 postgres postgres - -\nd /var/log/postgresql 1775 root postgres - -"
            ),
            ("bind9", "d /run/named 0775 root bind - -"), ("lighttpd", "d /run/lighttpd 0750 www-data www-data - -"),
            ("openssh-server", "d /run/sshd 0755 root root"), ("man-db", "d /run/man-db"),
            ("munin", "d /run/munin 0755 munin root - -\nd /var/log/munin 0755 munin adm"),
            ("memcached", "d /run/memcached 0755 memcache memcache - -"), ("knot", "d /run/knot 0755 knot knot"),
            ("uuid-runtime", "d /run/uuidd 2775 uuidd uuidd"), ("haproxy", "d /run/haproxy 2775 haproxy haproxy"),
            ("nut-server", "d /run/nut 0770 root nut - -\nX /run/nut"), ("screen", "d /run/screen 0777 root utmp"),
            ("redis-server", "d /run/redis 2755 redis redis"), ("rpcbind", "d /run/rpcbind 0755 root root - -"),
        ])
    func daemons(name: String, lines: String) throws { #expect(reasons(try audit(tmpfiles: lines, name: name)) == []) }

    /// For this reason, and for no other.
    @Test(
        arguments: [
            ("Z /var/lib/foo/{..,x}/y 0750", "has braces in it"), ("r /run/foo/{a,b}", "has braces in it"),
            ("d /run/foo/{a,b}", "has braces in it"), ("L /run/foo/x - - - - /usr/share/{a,b}", nil),
            ("Z /var/lib/foo/* - foo\nR /var/lib/foo/a/b", "'foo' may write in '/var/lib/foo'"),
            ("e /var/lib/foo 0770 root foo\nf+ /var/lib/foo/a/b", "the group 'foo' may write in '/var/lib/foo'"),
            ("z /var/lib/foo 0777\nd= /var/lib/foo/a/b", "everybody may write in '/var/lib/foo'"),
            ("a+ /var/log/foo - - - - u:foo:rwx\nR /var/log/foo/a/b", "others may write in '/var/log/foo'"),
            ("d /var/lib/foo 0755 root shadow", "it would belong to the group 'shadow'"),
            ("d /var/lib/foo\nz /var/lib/foo 2755 root foo", "may not have a setuid or setgid bit"),
            ("C /var/lib/foo/x - - - - /usr/lib/ssl/private", "copy something of its own"),
        ] as [(String, String?)])
    func theReasonIsNamed(lines: String, reason: String?) throws {
        let found = reasons(try audit(tmpfiles: lines))
        #expect(found.count == (reason == nil ? 0 : 1))
        if let reason { #expect(found.first?.contains(reason) == true, "\(found)") }
    }

    @Test func thereIsALimitOfLines() throws {
        func lines(_ count: Int, _ line: (Int) -> String) -> String { (0..<count).map { line($0) + "\n" }.joined() }
        func folders(_ count: Int) -> String { "# none\n\n" + lines(count) { "d /run/foo/\($0)" } }
        func groups(_ count: Int) -> String { lines(count) { "g foo\($0) -" } }
        #expect(reasons(try audit(tmpfiles: folders(PackageLimits.tmpfilesLines))) == [])
        let many = reasons(try audit(tmpfiles: folders(PackageLimits.tmpfilesLines + 1)))
        #expect(many.count == 1 && many[0].contains("more than 1000 such lines"))
        #expect(reasons(try audit(sysusers: groups(PackageLimits.sysusersLines))) == [])
        #expect(reasons(try audit(sysusers: groups(PackageLimits.sysusersLines + 1))).count == 1)
    }

    @Test func aUsersNameIsThePackages() throws {
        let users = "u bar -\n"
        #expect(reasons(try audit(tmpfiles: "Z /var/lib/bar 0750", sysusers: users)) == [])
        #expect(reasons(try audit(tmpfiles: "Z /var/lib/bar 0750")).count == 1)
    }

    @Test func foldersOfUnitsAreThePackages() throws {
        let lines = "Z /var/lib/state/x 0750"
        #expect(reasons(try audit(tmpfiles: lines)).count == 1)
        #expect(reasons(try audit(tmpfiles: lines, unit: "StateDirectory=state\n")) == [])
        // A service may exchange what is in them.
        #expect(reasons(try audit(tmpfiles: "R /var/lib/state/x/y", unit: "StateDirectory=state\n")).count == 1)
    }

    /// systemd makes them and gives them to the unit's user, as lines would.
    @Test func foldersOfUnitsAreHeldAgainstTheHost() throws {
        let settings = """
            User=x
            StateDirectory=postgresql/sub foo
            RuntimeDirectory=sshd foo-%i %p/x
            CacheDirectory=manual:link
            LogsDirectory=foo
            ConfigurationDirectory=other

            """
        let plan = try audit(unit: settings).get()
        #expect(
            plan.provision.places.map { "\($0.path) \($0.isNamed)" } == [
                "/etc/other false", "/run/foo true", "/run/sshd false", "/var/cache/link false",
                "/var/cache/manual false",
                "/var/lib/foo true", "/var/lib/postgresql false", "/var/log/foo true",
            ])
        let dynamic = try audit(unit: "DynamicUser=yes\nStateDirectory=bar\n").get()
        #expect(dynamic.provision.places.map(\.path) == ["/var/lib/bar", "/var/lib/private/bar"])
    }

    @Test func linksOfThePayloadAreNotFollowed() throws {
        let links = [("etc/foo", "/var/lib/foo")]
        #expect(reasons(try audit(tmpfiles: "f /etc/foo/x", links: links)).count == 1)
        #expect(reasons(try audit(tmpfiles: "f /etc/foo/x")) == [])
    }

    /// A refusal names file and line, and what to do.
    @Test func refusalsSayWhereAndWhatToDo() throws {
        let reason = reasons(try audit(tmpfiles: "# a\n\nz /etc/shadow 0666\n")).first
        #expect(reason?.hasPrefix("usr/lib/tmpfiles.d/foo.conf:3: '/etc/shadow': ") == true)
        #expect(reason?.contains("; ") == true)
    }

    @Test func copiesFromThePackageAreWarnedOf() throws {
        let plan = try audit(tmpfiles: "C /var/lib/foo/x - - - - /usr/share/foo/data").get()
        #expect(plan.warnings.map(\.line) == [1])
    }

    @Test func thePlanSaysWhatIsMade() throws {
        let plan = try audit(
            tmpfiles: """
                d /run/foo/a 0755 foo foo -
                L /run/other/log - - - - /var/log/foo
                f /var/log/foo/x
                z /var/lib/foo/*
                r! /tmp/foo-*

                """, sysusers: "u foo 300\ng data -\nm foo dialout\n",
            manifest: "[Package]\nFormat=1\n[Users]\nUser=more\n"
        ).get()
        #expect(plan.provision.lines == ["L /run/other/log /var/log/foo", "d /run/foo/a", "f /var/log/foo/x"])
        #expect(plan.provision.places.map(\.path) == ["/run/foo", "/run/other", "/var/lib/foo", "/var/log/foo"])
        #expect(plan.provision.places.map(\.isNamed) == [true, false, true, true])
        #expect(plan.provision.users.map(\.name) == ["more", "foo"])
        #expect(plan.provision.groups == [.init("more"), .init("foo", id: 300), .init("data")])
        #expect(plan.provision.members == [.init("foo", of: "dialout")])
    }
}

@Suite struct SysusersAuditTests {
    @Test(
        arguments: [
            "an existing user in sudo": "m daemon sudo", "an own user in sudo": "u foo -\nm foo sudo",
            "in root": "u foo -\nm foo root",
            "in shadow": "u foo -\nm foo shadow", "in disk": "u foo -\nm foo disk",
            "in docker": "u foo -\nm foo docker",
            "in lxd": "u foo -\nm foo lxd", "in kmem": "u foo -\nm foo kmem",
            "in gatekeel": "u foo -\nm foo gatekeel",
            "an existing user in a plain group": "m www-data dialout", "a user by a specifier": "m %u dialout",
            "a primary group": "u foo -:sudo", "a primary group by its number": "u foo -:0",
            "shadow by its number": "u foo -:42", "some group by its number": "u foo -:998",
            "a user that gets the group of its name": "u shadow -", "docker as a user": "u docker -",
            "the number of root": "u foo 0", "the group of root": "g foo 0", "sudo by its number": "g foo 27",
            "a person's number": "u foo 1000", "a number of a file": "u foo /etc/shadow",
            "a group of a file": "g foo /etc/shadow",
            "root": "u root - - - /bin/bash", "root's group": "g root 500", "a home of root's": "u foo - - /root",
            "a home in /etc": "u foo - - /etc/cron.d", "another shell": "u foo - - - /tmp/sh",
            "root's range": "r - 0-10",
            "persons' range": "r - 900-2000", "between persons and Debian": "u foo 59999", "reserved": "u foo 65000",
            "nobody": "u foo 65534", "a range of Debian's": "r - 60000-60100",
            "behind a carriage return": "# ok\ru foo 0",
        ].sorted { $0.key < $1.key })
    func refused(attack: (key: String, value: String)) throws {
        #expect(try !reasons(audit(sysusers: attack.value)).isEmpty, "\(attack.key)")
    }

    @Test(
        arguments: [
            "u foo -", "u foo 60123", "g data 64999", "u foo - \"A b\" /var/lib/foo", "u! foo - - /run/foo",
            "u foo 300", "u foo -:data\ng data -",
            "g data -", "g data 300", "u foo -\nm foo dialout", "u foo -\nm foo data", "m foo data\nu foo -",
            "u foo - - /nonexistent /usr/sbin/nologin", "u foo - - / /bin/false", "r - 200-400",
            "u _foo - - /usr/share/foo",
        ])
    func allowed(lines: String) throws { #expect(reasons(try audit(sysusers: lines)) == []) }

    @Test func groupsThatReadLogsAreWarnedOf() throws {
        #expect(try audit(sysusers: "u foo -\nm foo adm").get().warnings.count == 1)
    }

    @Test func aLoginShellIsWarnedOf() throws {
        #expect(try audit(sysusers: "u foo - - /var/lib/foo /bin/bash").get().warnings.count == 1)
    }
}

/// The home of a manifest's user becomes a field of a line that systemd-sysusers reads as root.
@Suite struct ManifestUserTests {
    private func reasons(_ users: String) throws -> [String] {
        try auditPackage(
            [("usr/lib/systemd/system/foo.service", "[Service]\nExecStart=/usr/bin/true\n")],
            manifest: "[Package]\nFormat=1\n[Users]\n\(users)\n"
        ).refusals.map(\.description)
    }

    @Test(arguments: [
        #"User="evil:/var/lib/x -\nm evil sudo""#, #"User=evil:/var/lib/x\nm"#, #"User="evil:/var/lib/x - /bin/bash""#,
        #"User=evil:/var/lib/x\tm"#, "User=evil:/var/lib/%h", "User=evil:/root", "User=evil:/etc", "User=evil:/etc/ssh",
        "User=evil:/var/lib/dpkg", "User=evil:/home/person", "User=evil:/var/lib/x:y", "User=evil:/var/lib/./x",
        "User=evil:/var/lib/../x", #"User='evil:/var/lib/"x'"#,
    ])
    func aHomeIsAPlaceOfThePackage(line: String) throws { #expect(try !reasons(line).isEmpty, "\(line)") }

    @Test(arguments: [
        "foo:/var/lib/foo", "foo:/run/sshd", "foo:/srv/ftp", "foo:/etc/privoxy", "foo:/var/run", "foo:/var/www", "foo",
        "foo:/nonexistent", "foo:/var/spool/postfix/", "foo:/opt/foo",
    ])
    func homesOfDaemons(user: String) throws { #expect(try reasons("User=\(user)") == [], "\(user)") }

    @Test func theLineHasTheHomeAsOneField() throws {
        let manifest = "[Package]\nFormat=1\n[Users]\nUser=foo:/var/lib//foo/\n"
        #expect(try PackageManifest(parsing: manifest.utf8).sysusersLines == ["u foo - \"foo\" /var/lib/foo -"])
    }

    /// Whatever made it: what systemd reads and the audit does not is refused.
    @Test func ourOwnLinesAreParsedToo() {
        var users = SysusersAudit()
        users.audit([], others: ["u evil - - /x -\nm evil sudo"])
        #expect(users.findings.hasRefusal)
        var lines = TmpfilesAudit(names: OwnNames(of: "foo"), tree: PackagedPaths(), declared: [], writable: [])
        lines.audit([], others: ["d /etc/foo\nZ /etc 0777"])
        #expect(lines.findings.hasRefusal)
    }

    /// A folder of `data.tar` becomes a field, too, also where the table has a row for its place.
    @Test(arguments: ["etc/udev/x 0777 foo foo", "etc/apparmor.d/%h", "etc/foo/a b"])
    func aFolderOfThePayloadIsOneField(path: String) throws {
        let plan = try auditPackage(
            [("usr/lib/systemd/system/foo.service", "[Service]\nExecStart=/usr/bin/true\n")], folders: [path]
        ).get()
        #expect(plan.tmpfilesLines == [])
    }
}
