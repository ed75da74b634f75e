import Testing

@testable import Packages

private func section(_ tool: String, _ lines: String) -> String {
    "# Automatically added by \(tool)\n\(lines)\n# End automatically added section\n"
}

private func audit(_ script: String, name: String = "postinst", skips: Set<String> = []) -> ScriptAudit {
    ScriptAudit([name: Array(script.utf8)], package: "foo") { skips.contains($0) || skips.contains("all") }
}

private let systemd = section(
    "dh_installsystemd/13.11.4",
    """
    if [ "$1" = "configure" ]; then
    \tif deb-systemd-helper --quiet was-enabled 'foo.service'; then
    \t\tdeb-systemd-helper enable 'foo.service' >/dev/null || true
    \tfi
    \tdeb-systemd-invoke $_dh_action 'foo.service' 'foo.socket' >/dev/null || true
    fi
    """)

@Suite struct ScriptAuditTests {
    @Test func debhelperSectionsAreAccepted() {
        let result = audit(
            "#!/bin/sh\nset -e\n\(systemd)\(section("dh_installinit/13", "update-rc.d foo defaults"))exit 0\n")
        #expect(result.findings.listed.isEmpty)
        #expect(result.enabledUnits == ["foo.service"])
        #expect(result.startedUnits == ["foo.service", "foo.socket"])
    }

    /// By hand, as caddy's script has it.
    @Test(arguments: [Set<String>(), ["all"]]) func unitsWithoutDebhelperAreFound(skips: Set<String>) {
        let script = """
            #!/bin/sh
            # deb-systemd-helper enable not.service
            deb-systemd-helper enable $UNIT
            if deb-systemd-helper --quiet was-enabled foo.service; then
                deb-systemd-helper enable foo.service >/dev/null || true
                deb-systemd-invoke start "foo.service" >/dev/null || true
            else
                deb-systemd-helper update-state foo-api.service >/dev/null || true
            fi
            deb-systemd-invoke try-restart foo-api.service
            """
        let result = audit(script, skips: skips)
        #expect(result.enabledUnits == ["foo.service"])
        #expect(result.startedUnits == ["foo.service"])
        #expect(audit(script, name: "prerm").enabledUnits == nil)
    }

    @Test func templatesWithoutCommandsAreAccepted() {
        let script = """
            #! /bin/sh -e
            # postinst script
            set -eu

            case "$1" in
                configure)
                    # nothing
                ;;
                abort-upgrade|abort-remove | abort-deconfigure) ;;
                *)
                    echo "postinst called with unknown argument \\`$1'" >&2
                    exit 1
                ;;
            esac
            if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
                :
            fi
            #DEBHELPER#
            exit 0
            """
        #expect(audit(script).findings.listed.isEmpty)
    }

    @Test(arguments: [
        ("#!/bin/sh\nset -e\nadduser foo\n", 3), ("#!/bin/sh\nrm -rf /\n", 2), ("#!/usr/bin/perl\n", 1),
        ("\u{7F}ELF", 1),
        ("#!/bin/sh\nif [ \"$(id -u)\" = 0 ]; then\nfi\n", 2), ("#!/bin/sh\nif [ a ] && reboot && [ b ]; then\n", 2),
        ("#!/bin/sh\ncase \"$1\" in\nconfigure) touch /x ;;\nesac", 3), ("#!/bin/sh\nset -e; reboot\n", 2),
        ("#!/bin/sh\nexit 0; reboot\n", 2), ("#!/bin/sh\necho \"called with\" >&2\n", 2),
        ("#!/bin/sh\nset \"$x\"\n", 2),
        ("#!/bin/sh\nif [ a ]; then reboot; fi\n", 2), ("#!/bin/sh\nif [ a ]; reboot; [ b ]; then\n", 2),
        ("#!/bin/sh\n\(section("dh_unheard/1", "x"))", 2), ("#!/bin/sh\n\(section("dh_ucf/1", "x"))", 2),
        ("#!/bin/sh\n# Automatically added by dh_installinit/1\nreboot\n", 2),
    ])
    func otherLinesAreRefusedWithTheirNumber(script: String, line: Int) {
        let findings = audit(script).findings.listed
        #expect(findings.map(\.line) == [line])
        #expect(
            findings.allSatisfy {
                $0.severity == .refused && $0.file == "postinst" && $0.text.contains("Skip=postinst")
            })
        #expect(audit(script, skips: ["postinst"]).findings.listed.isEmpty)
        #expect(audit(script, skips: ["all"]).findings.listed.isEmpty)
        #expect(audit(script, skips: ["prerm"]).findings.listed.count == 1)
    }

    @Test func unitsAreFoundAfterRefusedOrSkippedLines() {
        let script = "#!/bin/sh\nadduser foo\n\(systemd)"
        #expect(audit(script).enabledUnits == ["foo.service"])
        #expect(audit(script, skips: ["postinst"]).startedUnits == ["foo.service", "foo.socket"])
    }

    @Test func notEnabledByDefault() {
        let script =
            "#!/bin/sh\n"
            + section(
                "dh_installsystemd/13",
                "if deb-systemd-helper debian-installed 'foo.service'; then\ndeb-systemd-helper enable 'foo.service'\nfi"
            )
        #expect(audit(script).enabledUnits == [])
    }

    @Test func triggers() {
        let findings = ScriptAudit(
            ["triggers": Array("# c\nactivate-noawait ldconfig\ninterest /usr/share/x\n".utf8)], package: "foo"
        ) { _ in false }.findings.listed
        #expect(findings.map { "\($0.severity) \($0.line)" } == ["warning 3"])
    }
}
