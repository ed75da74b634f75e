import Testing

@testable import Packages

@Suite struct InitScriptTests {
    private static let script = """
        #!/bin/sh
        ### BEGIN INIT INFO
        # Provides:          foo
        # Required-Start:    $remote_fs $syslog $network
        #                    bar
        # Should-Start:      $named $time foo
        # Default-Start:     2 3 4 5
        # Default-Stop:      0 1 6
        # Short-Description: serves 100% of foo \\
        ### END INIT INFO
        . /lib/lsb/init-functions
        # Required-Start: evil
        """

    private static func section(_ verb: String) -> String {
        """
        # Automatically added by dh_installinit/13.11.4
        if [ "$1" = "configure" ]; then
        \tupdate-rc.d foo \(verb) >/dev/null
        fi
        # End automatically added section

        """
    }

    private func unit(_ text: String, isEnabled: Bool = true) -> String {
        String(decoding: InitScript(name: "foo", bytes: Array(text.utf8)).unit(isEnabled: isEnabled), as: UTF8.self)
    }

    /// As systemd's own generator writes it.
    @Test func theHeaderBecomesAUnit() {
        #expect(
            unit(Self.script) == """
                [Unit]
                Description=LSB: serves 100%% of foo 
                Documentation=man:systemd-sysv-generator(8)
                After=remote-fs.target
                After=network-online.target
                After=bar.service
                After=nss-lookup.target
                After=time-sync.target
                Wants=network-online.target

                [Service]
                Type=forking
                Restart=no
                TimeoutSec=5min
                IgnoreSIGPIPE=no
                KillMode=process
                GuessMainPID=no
                RemainAfterExit=yes
                SuccessExitStatus=5 6
                ExecStart=/usr/libexec/init.d/foo start
                ExecStop=/usr/libexec/init.d/foo stop

                [Install]
                WantedBy=multi-user.target

                """)
        #expect(!unit(Self.script, isEnabled: false).contains("[Install]"))
        #expect(unit("#!/bin/sh\n").hasPrefix("[Unit]\nDescription=LSB: foo\n"))
        #expect(
            unit("#!/bin/sh\n# pidfile: /run/foo.pid\n").contains(
                "RemainAfterExit=no\nSuccessExitStatus=5 6\nPIDFile=/run/foo.pid\n"))
        #expect(unit("#!/bin/sh\n# pidfile: /run/foo pid\n").contains("RemainAfterExit=no") == false)
    }

    /// No line of a header becomes a setting of its own.
    @Test(arguments: ["# Short-Description: x\rExecStart=/bin/evil", "# Required-Start: a\u{0B}b ../x a/b $x;y %n"])
    func aHeaderAddsNoSetting(_ line: String) {
        let text = unit("#!/bin/sh\n### BEGIN INIT INFO\n\(line)\n### END INIT INFO\n")
        #expect(
            text.split(separator: "\n").filter { $0.hasPrefix("ExecStart=") } == [
                "ExecStart=/usr/libexec/init.d/foo start"
            ])
        #expect(!text.contains("\r") && !text.contains("../x") && !text.contains("After=a/b") && !text.contains("%n"))
    }

    /// systemd allows fewer characters in the name of a unit than Debian in that of a script, and so escapes them.
    @Test func everyNameIsAUnits() throws {
        let header =
            "#!/bin/sh\n### BEGIN INIT INFO\n# Required-Start: a+ b\n# X-Start-Before: c++\n### END INIT INFO\n"
        let text = unit(header)
        #expect(
            text.contains("\nAfter=a\\x2b.service\nAfter=b.service\n")
                && text.contains("\nBefore=c\\x2b\\x2b.service\n"))
        let plan = try audit([("etc/init.d/foo+", Self.script)])
        #expect(plan.units.map(\.name) == ["foo\\x2b.service"])
    }

    // MARK: In a package

    private func audit(_ files: [(String, String)], links: [(String, String)] = [], postinst: String = "") throws
        -> PackagePlan
    {
        try auditPackage(
            files, links: links, members: postinst.isEmpty ? [:] : ["postinst": "#!/bin/sh\n\(postinst)"]
        ).get()
    }

    @Test func aPackageWithAnInitScriptHasAUnit() throws {
        let plan = try audit(
            [("etc/init.d/foo", Self.script), ("etc/default/foo", "x"), ("usr/sbin/foo", "")],
            postinst: Self.section("defaults"))
        #expect(plan.units.map(\.name) == ["foo.service"])
        #expect(plan.units.map(\.isEnabled) == [true])
        #expect(plan.units.map(\.isStarted) == [true])
        #expect(plan.writtenUnits.keys.sorted() == ["usr/lib/systemd/system/foo.service"])
        #expect(plan.conffiles.map(\.path) == ["/etc/default/foo"])
        #expect(plan.warnings == [])
    }

    @Test func aUnitOfTheSameNameIsPreferred() throws {
        let file = try audit([
            ("etc/init.d/foo", Self.script), ("lib/systemd/system/foo.service", "[Service]\nExecStart=/bin/true\n"),
        ])
        #expect(file.writtenUnits.isEmpty && file.units.count == 1)
        let mask = try audit(
            [("etc/init.d/foo", Self.script), ("lib/systemd/system/bar.service", "[Service]\nExecStart=/bin/true\n")],
            links: [("lib/systemd/system/foo.service", "/dev/null")])
        #expect(mask.writtenUnits.isEmpty && mask.units.map(\.name) == ["bar.service"])
    }

    @Test func whatDebianLeavesOffStaysOff() throws {
        for postinst in [Self.section("defaults-disabled"), ""] {
            let plan = try audit([("etc/init.d/foo", Self.script)], postinst: postinst)
            #expect(plan.units.map(\.isEnabled) == [false])
        }
        let never = Self.script.replacing("# Default-Start:     2 3 4 5", with: "# Default-Start:")
        #expect(!unit(never).contains("[Install]"))
    }

    @Test func anInitScriptOfTheEarlyBootIsRefused() throws {
        let early = Self.script.split(separator: "\n").map {
            $0.hasPrefix("# Default-Start") ? "# Default-Start: S" : $0
        }
        let refused = try auditPackage([("etc/init.d/foo", early.joined(separator: "\n"))])
        #expect(refused.refusals.map { "\($0.file):\($0.line)" } == ["etc/init.d/foo:0"])
    }

    @Test(arguments: [
        "etc/init.d/README", "etc/init.d/.x", "etc/init.d/a/b", "etc/init.d/skeleton", "etc/init.d/a b",
        "etc/rc2.d/S01x",
    ])
    func otherFilesAreNoInitScripts(_ path: String) throws {
        let plan = try audit([
            (path, Self.script), ("lib/systemd/system/bar.service", "[Service]\nExecStart=/bin/true\n"),
        ])
        #expect(plan.units.map(\.name) == ["bar.service"])
    }
}
