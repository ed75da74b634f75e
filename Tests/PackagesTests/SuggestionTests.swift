import Archive
import Testing

@testable import Packages

/// Suggests for scripts, which are given without their first line.
func suggest(_ scripts: [String: String], _ entries: [ArchiveEntry] = [], texts: [String: String] = [:])
    -> ManifestSuggestion
{
    var facts = SuggestionFacts()
    facts.package = "foo"
    for entry in entries { facts.add(entry) }
    for (path, text) in texts {
        let entry = ArchiveEntry(path: path, kind: .file, mode: 0o644, size: text.utf8.count)
        facts.add(entry)
        facts.take(Array(text.utf8), of: entry)
    }
    let files = scripts.mapValues { text in Array((text.hasPrefix("#!") ? text : "#!/bin/sh\nset -e\n\(text)\n").utf8) }
    return ManifestSuggestion(
        controlFiles: files.merging(["templates": Array((scripts["templates"] ?? "").utf8)]) { $1 }, facts: facts,
        title: "foo 1.0")
}

func suggest(postinst: String, _ entries: [ArchiveEntry] = []) -> ManifestSuggestion {
    suggest(["postinst": postinst], entries)
}

extension ManifestSuggestion {
    /// The assignments of users and folders.
    var said: [String] {
        manifest.split(separator: "\n").map(String.init).filter { line in
            ["User=", "Group=", "Member=", "Directory=", "File=", "Copy=", "Link=", "Line="].contains {
                line.hasPrefix($0)
            }
        }
    }

    /// `postinst:3`.
    var open: [String] { notUnderstood.map { "\($0.file):\($0.line)" } }
}

func folder(_ path: String, mode: UInt32 = 0o755) -> ArchiveEntry {
    ArchiveEntry(path: path, kind: .directory, mode: mode)
}

func file(_ path: String, mode: UInt32 = 0o644) -> ArchiveEntry { ArchiveEntry(path: path, kind: .file, mode: mode) }

@Suite struct SuggestionTests {
    @Test func aManifestOfADaemon() throws {
        let script = """
            make_user() {
                if ! getent passwd foo >/dev/null; then
                    adduser --system --group --quiet --home /var/lib/foo --no-create-home foo
                fi
            }
            case "$1" in
                configure)
                    make_user
                    for dir in lib log; do
                        mkdir -p /var/$dir/foo
                        chown foo:adm "/var/$dir/foo"
                    done
                    chmod 0750 /var/log/foo
                ;;
                abort-upgrade|abort-remove|abort-deconfigure) ;;
                *)
                    echo "postinst called with unknown argument \\`$1'" >&2
                    exit 1
                ;;
            esac
            # Automatically added by dh_installsystemd/13.11.4
            if [ "$1" = "configure" ]; then deb-systemd-helper enable 'foo.service' >/dev/null || true; fi
            # End automatically added section
            """
        let found = suggest([
            "postinst": script, "postrm": "if [ \"$1\" = purge ]; then rm -rf /var/lib/foo; deluser foo; fi",
        ])
        #expect(
            found.manifest == """
                # Suggested by 'gatekeel package suggest' from the maintainer scripts of foo 1.0.
                [Package]
                Format=1

                [Users]
                User=foo:/var/lib/foo

                [Directories]
                Directory=/var/lib/foo:foo:adm:0755
                Directory=/var/log/foo:foo:adm:0750

                [Scripts]
                Skip=postinst postrm

                """)
        #expect(found.notUnderstood.isEmpty && found.leftOut.isEmpty && found.isNeeded)
        #expect(throws: Never.self) { try PackageManifest(parsing: Array(found.manifest.utf8)) }
    }

    @Test func aPackageWithoutCommandsNeedsNone() {
        let found = suggest(postinst: "if [ \"$1\" = configure ]; then\n    :\nfi\nexit 0")
        #expect(!found.isNeeded && found.notUnderstood.isEmpty && found.said.isEmpty)
    }

    @Test(arguments: [
        ("adduser --system foo", ["User=foo"]),
        (
            "adduser --system --group --home=/var/lib/foo foo",
            ["User=foo:/var/lib/foo", "Directory=/var/lib/foo:foo:foo:0755"]
        ),
        (
            "adduser --quiet --system --no-create-home --ingroup bar --home /nonexistent foo",
            ["User=foo", "Member=foo:bar"]
        ),
        ("adduser --system --home /run/foo --shell /usr/sbin/nologin --gecos 'a b' foo", ["User=foo:/run/foo"]),
        ("adduser --quiet foo dialout", ["Member=foo:dialout"]),
        ("addgroup --system --quiet foo", ["Group=foo"]),
        ("adduser --group --quiet bar", ["Group=bar"]),
        ("useradd -r -M -d /var/lib/foo -s /bin/false -c x foo", ["User=foo:/var/lib/foo"]),
        (
            "useradd --system -g bar -G tty,video foo",
            ["User=foo", "Member=foo:bar", "Member=foo:tty", "Member=foo:video"]
        ),
        ("groupadd --force --system foo", ["Group=foo"]),
        ("useradd -r foo && usermod -a -G video -d /srv/foo foo", ["User=foo:/srv/foo", "Member=foo:video"]),
        ("usermod -aG video foo", ["Member=foo:video"]), ("gpasswd -a foo video", ["Member=foo:video"]),
    ])
    func accounts(command: String, expected: [String]) {
        let found = suggest(postinst: command)
        #expect(found.said == expected)
        #expect(found.notUnderstood.isEmpty)
    }

    @Test(arguments: [
        "adduser foo", "adduser --system --odd foo", "adduser foo sudo", "useradd foo",
        "adduser --system \"$UNSET_$(head -1 /x)\"",
        "usermod -m -d /x foo", "gpasswd -d foo video", "adduser --system 'a b'", "groupadd 'x\ny'",
        "adduser --system 9foo",
        "adduser --system --home \"/x\nGroup=docker\" foo",
    ])
    func accountsThatAreNotUnderstood(command: String) throws {
        let found = suggest(postinst: command)
        #expect(found.said.isEmpty)
        #expect(found.open == ["postinst:3"])
        #expect(throws: Never.self) { try PackageManifest(parsing: Array(found.manifest.utf8)) }
    }

    @Test(arguments: [
        ("mkdir -p /var/lib/foo", ["Directory=/var/lib/foo:root:root:0755"]),
        (
            "mkdir -p -m 700 /var/lib/foo /var/lib/foo/a",
            [
                "Directory=/var/lib/foo:root:root:0700", "Directory=/var/lib/foo/a:root:root:0700",
            ]
        ),
        ("install -d -m 2750 -o foo -g adm /var/log/foo", ["Directory=/var/log/foo:foo:adm:2750"]),
        ("install -dm750 -ofoo /var/log/foo", ["Directory=/var/log/foo:foo:root:0750"]),
        ("mkdir /var/lib/foo\nchown foo: /var/lib/foo", ["Directory=/var/lib/foo:foo:foo:0755"]),
        ("mkdir /var/lib/foo\nchown foo.bar /var/lib/foo/", ["Directory=/var/lib/foo:foo:bar:0755"]),
        (
            "mkdir /var/lib/foo\nchgrp bar /var/lib/foo\nchmod g+ws,o= /var/lib/foo",
            ["Directory=/var/lib/foo:root:bar:2770"]
        ),
        ("chown foo /var/lib/has", ["Directory=/var/lib/has:foo:root:0755"]),
        ("chown 0:0 /var/lib/has; chmod 0755 /var/lib/has", []),
        (
            "chown -R foo:foo /var/lib/has",
            [
                "Directory=/var/lib/has:foo:foo:0755", "Directory=/var/lib/has/below:foo:foo:0700",
            ]
        ),
        ("chown -R foo:foo /var/lib/unseen", ["Directory=/var/lib/unseen:foo:foo:0755"]),
        ("dpkg-statoverride --update --add foo adm 02750 /var/lib/has", ["Directory=/var/lib/has:foo:adm:2750"]),
        (
            "if ! dpkg-statoverride --list /var/lib/has >/dev/null; then chown foo /var/lib/has; fi",
            [
                "Directory=/var/lib/has:foo:root:0755"
            ]
        ),
        ("[ -d /var/lib/foo ] || mkdir /var/lib/foo", ["Directory=/var/lib/foo:root:root:0755"]),
        ("find /var/lib/has -type d -exec chmod 700 '{}' \\;", ["Directory=/var/lib/has:root:root:0700"]),
        ("chown foo /var/lib/h*", ["Directory=/var/lib/has:foo:root:0755"]),
        ("mkdir -p /var/lib /etc /usr/lib/foo /var/log", []),
        ("chmod 0644 /etc/foo.conf; chown root:root /etc/foo.conf", []),
        ("mkdir -p /var/run/foo; chown foo /run/foo", []),
    ])
    func folders(command: String, expected: [String]) {
        let found = suggest(
            postinst: command,
            [folder("var/lib/has"), folder("var/lib/has/below", mode: 0o700), file("etc/foo.conf")])
        #expect(found.said == expected)
        #expect(found.notUnderstood.isEmpty)
    }

    @Test(arguments: [
        ("chown root:foo /etc/foo.conf; chmod 640 /etc/foo.conf", ["File=/etc/foo.conf:root:foo:0640"]),
        ("dpkg-statoverride --update --add root foo 0640 /etc/foo.conf", ["File=/etc/foo.conf:root:foo:0640"]),
        (
            "ucf --three-way /usr/share/foo/t.conf /etc/foo/t.conf",
            ["Copy=/usr/share/foo/t.conf:/etc/foo/t.conf:root:root:0644"]
        ),
        (
            "[ -e /etc/t ] || cp -p /usr/share/foo/t.conf /etc/t; chgrp foo /etc/t",
            [
                "Copy=/usr/share/foo/t.conf:/etc/t:root:foo:0644"
            ]
        ),
        ("cp /usr/share/foo/t.conf /etc/foo/", ["Copy=/usr/share/foo/t.conf:/etc/foo/t.conf:root:root:0644"]),
        ("install -m 600 -o foo /usr/share/foo/t.conf /etc/t", ["Copy=/usr/share/foo/t.conf:/etc/t:foo:root:0600"]),
        (
            "touch /var/log/foo.log; chown foo:adm /var/log/foo*; chmod 640 /var/log/foo.log",
            [
                "File=/var/log/foo.log:foo:adm:0640"
            ]
        ),
        ("install -o foo -m 0640 /dev/null /var/log/foo.log", ["File=/var/log/foo.log:foo:root:0640"]),
        ("touch /etc/foo.conf", []),
        (
            "cp /usr/share/foo/t.conf /etc/new; ucf /etc/new /etc/t; rm /etc/new",
            [
                "Copy=/usr/share/foo/t.conf:/etc/t:root:root:0644"
            ]
        ),
        ("cp /usr/share/foo/t.conf /var/lib/t", ["Copy=/usr/share/foo/t.conf:/var/lib/t:root:root:0644"]),
        (
            "cp /usr/share/foo/t.conf /etc/t.new; if [ ! -f /etc/t ]; then mv /etc/t.new /etc/t; else cp /etc/t /etc/t.old; fi; rm -f /etc/t.new; if [ -e /etc/x ]; then cp /etc/t /etc/t.old; fi",
            [
                "Copy=/usr/share/foo/t.conf:/etc/t:root:root:0644"
            ]
        ),
        (
            "cp /usr/share/foo/t.conf /etc/t.new; if diff -q /etc/t /etc/t.new; then rm /etc/t.new; else mv /etc/t.new /etc/t; fi",
            [
                "Copy=/usr/share/foo/t.conf:/etc/t:root:root:0644"
            ]
        ),
        ("cat /usr/share/foo/t.conf >/etc/t", ["Copy=/usr/share/foo/t.conf:/etc/t:root:root:0644"]),
        ("cat < /usr/share/foo/t.conf > /etc/t", ["Copy=/usr/share/foo/t.conf:/etc/t:root:root:0644"]),
        (
            "ucf --three-way --sum-file /usr/share/foo/sum /usr/share/foo/t.conf /etc/t",
            [
                "Copy=/usr/share/foo/t.conf:/etc/t:root:root:0644"
            ]
        ),
        (
            "new=\"$(mktemp)\"; cp -a /usr/share/foo/t.conf \"$new\"; if [ -f $new ]; then ucf \"$new\" /etc/t; fi; rm -f $new",
            [
                "Copy=/usr/share/foo/t.conf:/etc/t:root:root:0644"
            ]
        ),
        (
            "one=$(mktemp); two=$(mktemp); cp /usr/share/foo/t.conf $one; cp /usr/share/foo/u.conf $two; mv $one /etc/t",
            [
                "Copy=/usr/share/foo/t.conf:/etc/t:root:root:0644"
            ]
        ),
        ("ln -s ../foo.conf /etc/foo/link", ["Link=/etc/foo/link:../foo.conf"]),
        ("chown -R root:foo /etc/foo", ["Directory=/etc/foo:root:foo:0755", "File=/etc/foo/a:root:foo:0644"]),
    ])
    func files(command: String, expected: [String]) throws {
        let found = suggest(
            postinst: command,
            [
                file("etc/foo.conf"), folder("etc/foo"), file("etc/foo/a"), file("usr/share/foo/t.conf"),
                file("usr/share/foo/u.conf"),
            ])
        #expect(found.said == expected)
        #expect(found.notUnderstood.isEmpty)
        #expect(throws: Never.self) { try PackageManifest(parsing: Array(found.manifest.utf8)) }
    }

    /// A text that the script holds.
    @Test(arguments: [
        ("echo a=b >/etc/t", ["Line=/etc/t:a=b"]),
        ("echo 'a\\tb' > /etc/t", []),
        (
            "echo 'a   b' c > /etc/t; echo '#' >>/etc/t; chmod 600 /etc/t",
            ["File=/etc/t:root:root:0600", "Line=\"/etc/t:a   b c\"", "Line=/etc/t:#"]
        ),
        (
            "db_get foo/x; X=$RET\nif [ ! -e /etc/t ]; then\ncat > /etc/t <<EOF\n# it's\n\nX=\"$X\"\nEOF\nfi\ncp -a /etc/t /etc/t.new; mv -f /etc/t.new /etc/t",
            ["Line=\"/etc/t:# it's\"", "Line=/etc/t:", "Line=\"/etc/t:X=\\\"one\\\"\""]
        ),
        ("cat <<-'EOF' >/etc/t\n\t$X\n\tEOF\necho more >/dev/null", ["Line=/etc/t:$X"]),
        // What is only there, or only done, in some cases.
        ("if [ -e /etc/old ]; then echo a >/etc/t; fi; echo b >/etc/t", ["Line=/etc/t:b"]),
    ])
    func aTextOfTheScript(command: String, expected: [String]) throws {
        let found = suggest(["postinst": command, "templates": "Template: foo/x\nDefault: one\n"])
        #expect(found.said == expected)
        #expect(found.notUnderstood.isEmpty == !expected.isEmpty)
        #expect(throws: Never.self) { try PackageManifest(parsing: Array(found.manifest.utf8)) }
    }

    /// A line that may not be run is shown, and not added.
    @Test(arguments: [
        "grep -q b /etc/t || echo b >>/etc/t", "[ \"$(foo)\" = x ] && echo b >/etc/t", "echo $(foo) >>/etc/t",
        "echo b >>/etc/t2", "cat >>/etc/t <<EOF\n$(date)\nEOF",
    ])
    func anUncertainText(command: String) {
        let found = suggest(postinst: "echo a >/etc/t\n\(command)")
        #expect(found.said == ["Line=/etc/t:a"])
        #expect(found.open.contains("postinst:4"))
    }

    /// What a filter changes in a template is not known: the copy is suggested, and the line is shown.
    @Test(arguments: [
        "sed 's/a/b/' /usr/share/foo/t.conf >/etc/t", "perl -pe 's/a/b/' \"$RET\" < /usr/share/foo/t.conf > /etc/t",
        "sed 's/a/b/' < /usr/share/foo/t.conf > /etc/t.new\nucf --debconf-ok /etc/t.new /etc/t\nrm -f /etc/t.new",
    ])
    func aTemplateThatIsEdited(command: String) {
        let found = suggest(postinst: command, [file("usr/share/foo/t.conf")])
        #expect(found.said == ["Copy=/usr/share/foo/t.conf:/etc/t:root:root:0644"])
        #expect(found.open == ["postinst:3"])
    }

    @Test func aUserWhoseHomeIsNotKnown() {
        let found = suggest(postinst: "adduser --system --group --home $(cat /etc/foo | cut -d: -f 1) foo")
        #expect(found.said == ["User=foo"])
        #expect(found.open == ["postinst:3"])
    }

    @Test(arguments: [
        "cp /usr/share/foo/none /etc/t", "cp /usr/share/foo/t.conf /etc/ssh/sshd_config",
        "cp /usr/share/foo/t.conf /var/lib/dpkg/t", "sed s/a/b/ /usr/share/foo/t.conf >/etc/passwd",
        "cp /etc/foo.conf /etc/t", "ln -s /etc/shadow /etc/foo/link", "ln -s /x /etc/cron.d/x",
        "chown foo /etc/logrotate.d/foo",
        "touch /etc/foo.log", "install /dev/null /etc/foo.log", "touch /var/log/syslog", "chmod 4755 /etc/foo.conf",
        "mv /etc/foo.conf /etc/t",
    ])
    func filesThatAreNotUnderstood(command: String) {
        let found = suggest(
            postinst: command,
            [file("etc/foo.conf"), folder("etc/foo"), file("usr/share/foo/t.conf"), file("etc/logrotate.d/foo")])
        #expect(found.said.isEmpty)
        #expect(found.open == ["postinst:3"])
    }

    @Test(arguments: [
        "chown foo /usr/bin/foo", "chmod u+s /usr/bin/foo", "mkdir -p \"$(cat /x)\"", "mkdir relative",
        "chown foo /var/lib/none",
        "chmod 99 /var/lib/has", "install -d -o foo /etc/ssh", "chown --reference=/a /b", "chown foo",
        "mkdir --odd /var/lib/a",
        "mkdir '/var/lib/a b'", "mkdir '/var/lib/a:b'", "mkdir /var/lib/../../root", "chown foo /var/lib/z*",
        "chown 100 /var/lib/has", "find /var/lib/has -name x -exec chmod 700 {} +", "install -d -o foo /etc/cron.d",
    ])
    func changesThatAreNotUnderstood(command: String) {
        let found = suggest(postinst: command, [folder("var/lib/has"), file("usr/bin/foo")])
        #expect(found.said.isEmpty)
        #expect(found.open == ["postinst:3"])
    }

    @Test(arguments: [
        "setcap cap_net_raw+ep /usr/bin/foo", "sed -i s/a/b/ /etc/x", "frobnicate", "eval $x", "echo x | chpasswd",
        "echo x > /etc/passwd", "cat > /etc/passwd <<EOF\nadduser --system bar\nEOF", "exec /usr/bin/foo",
        "$(head -1 /x) a",
        "x=$(frobnicate)", "x=`frobnicate`", "modprobe x", "dpkg-divert --add /usr/bin/x",
        "start-stop-daemon --start -x /x",
        ". /usr/share/foo/functions", "tar xf /x", "ls | sh", "rm /etc/foo.conf", "{ frobnicate; }", "( frobnicate )",
        "true && frobnicate", "false || frobnicate", "! frobnicate", "if true; then frobnicate; fi",
        "env A=b frobnicate",
        "for i in 1; do frobnicate; done", "while read x; do frobnicate $x; done < /x", "f() { frobnicate; }; f",
        "case a in a) frobnicate ;; esac", "nice frobnicate",
    ])
    func everythingElseIsReported(command: String) {
        let found = suggest(postinst: command, [file("etc/foo.conf")])
        #expect(found.said.isEmpty)
        #expect(found.open.first == "postinst:3")
    }

    @Test(arguments: [
        "systemctl daemon-reload || true", "ldconfig", "invoke-rc.d foo restart", "update-rc.d foo defaults",
        "deb-systemd-invoke start foo.service", "dpkg-maintscript-helper rm_conffile /etc/x 1.0~ -- \"$@\"",
        "py3compile -p foo",
        "systemd-tmpfiles --create foo.conf", "/etc/init.d/foo stop", "rm -f /var/cache/foo/old", "trap 'rm -f x' EXIT",
        "f() { frobnicate; }", "if false; then frobnicate; fi", "true || frobnicate", "false && frobnicate",
        "case b in a) frobnicate ;; esac", "exit 0; frobnicate", "echo hello >&2",
        "t=$(mktemp); echo x > \"$t\"; rm -f $t",
        "[ \"$1\" = triggered ] && frobnicate", "if [ \"$1\" = abort-upgrade ]; then frobnicate; fi", "db_stop",
        "# frobnicate",
        ": <<'EOF'\nfrobnicate\nEOF", "[ -z \"$2\" ] || frobnicate",
    ])
    func nothingIsToBeDone(command: String) {
        let found = suggest(postinst: command)
        #expect(found.said.isEmpty)
        #expect(found.notUnderstood.isEmpty)
    }

    @Test func linesOfUpdatesAreLeftOut() {
        let found = suggest(
            postinst: """
                if dpkg --compare-versions "$2" lt-nl 1.2; then
                    frobnicate
                fi
                if [ -n "$2" ]; then
                    chown foo /var/lib/has
                    frobnicate again
                fi
                """, [folder("var/lib/has")])
        #expect(found.notUnderstood.isEmpty && found.said.isEmpty)
        #expect(found.leftOut.map(\.line) == [4, 8])
        #expect(found.leftOut.allSatisfy { $0.reason.hasPrefix("only at an update") })
    }

    @Test func whatRunsOnlyWhereSomethingIsThereIsLeftOut() {
        let found = suggest(
            postinst: """
                if [ -f /etc/old.conf ]; then
                    mv /etc/old.conf /etc/new.conf
                fi
                if getent passwd foo >/dev/null; then usermod -m -d /x foo; else adduser --system foo; fi
                """)
        #expect(found.notUnderstood.isEmpty)
        #expect(found.said == ["User=foo"])
        #expect(found.leftOut.map(\.line) == [4, 6])
    }

    /// The whole of what such lines say is taken, or nothing of it.
    @Test func linesThatAreNotRunOnANewHostDoNotMix() {
        let own = "chown foo:bar /var/lib/has\nchmod 4770 /var/lib/has"
        let has = [folder("var/lib/has")]
        #expect(
            suggest(postinst: "if ! OVERRIDE=`dpkg-statoverride --list /var/lib/has 2>&1`; then\n\(own)\nfi", has).said
                == ["Directory=/var/lib/has:foo:bar:0770"])
        #expect(
            suggest(postinst: "if [ -e /etc/none ]; then\n\(own)\nfi", has).said == [
                "Directory=/var/lib/has:foo:bar:0770"
            ])
        let mixed = suggest(postinst: "chown new /var/lib/has\nif [ -e /etc/none ]; then\n\(own)\nfi", has)
        #expect(mixed.said == ["Directory=/var/lib/has:new:root:0755"])
        #expect(mixed.leftOut.map(\.line) == [5, 6])
    }

    @Test func aConditionThatIsNotKnownIsReportedIfItDecides() {
        let found = suggest(
            postinst: """
                if grep -q yes /etc/foo.conf; then
                    mkdir /var/lib/foo
                fi
                if grep -q yes /etc/foo.conf; then
                    echo hello
                fi
                if [ "$(frobnicate)" = x ]; then :; fi
                """)
        #expect(found.open == ["postinst:3", "postinst:9"])
        #expect(found.said == ["Directory=/var/lib/foo:root:root:0755"])
    }

    @Test func anAnswerOfDebconfIsItsDefault() {
        let scripts = [
            "templates":
                "Template: foo/user\nType: string\nDefault: _foo\nDescription: x\n\nTemplate: foo/make\nType: boolean\nDefault: false\n",
            "config": "db_input high foo/user || true\ndb_go || true\nif frobnicate; then db_go; fi\n",
            "postinst": """
            . /usr/share/debconf/confmodule
            db_get foo/user
            USER=$RET
            adduser --system "$USER"
            db_get foo/make
            if [ "$RET" = true ]; then mkdir /var/lib/foo; fi
            """,
        ]
        let found = suggest(scripts)
        #expect(found.notUnderstood.isEmpty)
        #expect(found.said.contains("User=_foo"))
        #expect(found.leftOut.contains { $0.line == 4 && $0.reason.contains("'_foo'") })
        #expect(found.manifest.contains("Skip=postinst config"))
        // A file that the questions write is not there without them.
        #expect(suggest(["config": "echo a > /etc/foo"]).open == ["config:3"])
    }

    @Test func valuesOfFilesOfThePackageAreKnown() {
        let found = suggest(
            [
                "postinst":
                    "[ -f /etc/default/foo ] && . /etc/default/foo\n[ -z \"$WHO\" ] && WHO=other\nadduser --system ${WHO:-none}"
            ],
            texts: ["etc/default/foo": "# who\nWHO=\"_foo\"\n"])
        #expect(found.said == ["User=_foo"])
        #expect(
            suggest(
                postinst:
                    "[ -f /etc/default/foo ] && . /etc/default/foo\n[ -z \"$WHO\" ] && WHO=other\nadduser --system $WHO"
            ).said == ["User=other"])
        #expect(suggest(postinst: "N=foo; D=/var/lib/${N}; mkdir -p \"$D/a\" $D/b").said.count == 2)
        #expect(
            suggest(postinst: "set -- a b; shift; mkdir /var/lib/$1").said == ["Directory=/var/lib/b:root:root:0755"])
        #expect(suggest(postinst: "f() { local d=\"$1\"; mkdir $d; }; f /var/lib/a; f /var/lib/b").said.count == 2)
        #expect(suggest(postinst: "mkdir /var/lib/a \\\n  /var/lib/b").said.count == 2)
        #expect(
            suggest(postinst: "mkdir /var/lib/$(basename /x/foo)").said == ["Directory=/var/lib/foo:root:root:0755"])
    }

    @Test func whatThePackageDoesItselfIsNotRepeated() {
        let found = suggest(
            [
                "postinst":
                    "adduser --system --group foo\nmkdir -p /run/foo /var/lib/foo /var/cache/foo\nchown foo /var/lib/foo /var/cache/foo"
            ],
            texts: [
                "usr/lib/sysusers.d/foo.conf": "u foo - - /var/lib/foo\n",
                "usr/lib/tmpfiles.d/foo.conf": "d /var/cache/foo\n",
                "usr/lib/systemd/system/foo.service": "[Service]\nUser=foo\nStateDirectory=foo\n",
            ])
        #expect(found.said.isEmpty && found.notUnderstood.isEmpty)
    }

    @Test func removalsAreGatekeelsOwn() {
        let found = suggest([
            "prerm": "[ \"$1\" = remove ] && invoke-rc.d foo stop\npkill foo || true",
            "postrm": """
            case "$1" in
            purge) rm -rf /var/lib/foo /etc/foo; deluser --system foo; delgroup foo; dpkg-statoverride --remove /x
                find /var/log -name 'foo*' -delete; ucf --purge /etc/foo; db_purge; update-rc.d foo remove ;;
            remove) mv /etc/logrotate.d/foo /etc/foo.off ;;
            upgrade|failed-upgrade) ;;
            esac
            """,
        ])
        #expect(found.notUnderstood.isEmpty && found.said.isEmpty)
        #expect(found.leftOut.map(\.line) == [6])
        #expect(suggest(["postrm": "if [ \"$1\" = purge ]; then\nfrobnicate\nfi"]).open == ["postrm:4"])
    }

    @Test func scriptsThatCannotBeRead() {
        #expect(suggest(postinst: "#!/usr/bin/perl\nexit 0;").open == ["postinst:1"])
        #expect(suggest(postinst: "adduser --system foo\nif x; then").open.count == 1)
        #expect(suggest(postinst: "adduser --system foo\necho 'a").said.isEmpty)
        let deep = String(repeating: "( ", count: 500) + "adduser --system foo" + String(repeating: " )", count: 500)
        #expect(suggest(postinst: deep).notUnderstood.first?.reason.contains("nested") == true)
        #expect(
            suggest(postinst: String(repeating: "x\n", count: 200_000)).notUnderstood.first?.reason.contains("long")
                == true)
        #expect(suggest(postinst: "f() { f; f; }; f").notUnderstood.isEmpty == false)
    }

    @Test func commentsOfTheManifestCannotEndTheirLine() throws {
        let found = suggest(postinst: "frobnicate \"\u{0B}\u{2028}[Users]\u{0C}\rUser=evil\u{1B}[2J\"")
        let manifest = try PackageManifest(parsing: Array(found.manifest.utf8))
        #expect(manifest.sysusersLines.isEmpty)
        #expect(found.manifest.utf8.allSatisfy { $0 == 0x0A || (0x20...0x7E).contains($0) })
        #expect(found.manifest.contains("#   postinst:3: frobnicate"))
    }

    /// Damaged scripts end, and make a manifest that is accepted.
    @Test func damagedScripts() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Seeded(state: seed)
        let script = """
            set -e
            f() { local x="$1"; chown -R ${x:-foo}:bar "/var/lib/$x" 2>/dev/null || true; }
            case "$1" in configure|x*) if ! getent passwd foo >/dev/null; then adduser --system --home /var/lib/foo foo; fi
              for i in a b "c d"; do f $i; mkdir -p -m 0750 /var/log/foo/$i; done ;;
            *) cat <<-EOF > /etc/foo
            \ttext $x
            \tEOF
            ;; esac
            x=$(echo `basename /a/b`) && while read y; do [ "$y" = "${x#a}" ] && break; done
            """
        for _ in 0..<400 {
            var bytes = Array("#!/bin/sh\n\(script)\n".utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let at = Int.random(in: 10..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: at)
                default: bytes.insert("\"'`$(){};|&<>\\#\n*".utf8.randomElement(using: &random) ?? 0, at: at)
                }
            }
            let found = ManifestSuggestion(controlFiles: ["postinst": bytes], facts: SuggestionFacts(), title: "foo 1")
            #expect(throws: Never.self, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))") {
                try PackageManifest(parsing: Array(found.manifest.utf8))
            }
        }
    }

    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }
}

@Suite struct ShellPatternTests {
    @Test(arguments: [
        ("*", "", true), ("a*c", "abbc", true), ("a*c", "abbd", false), ("?", "ab", false), ("[a-c]x", "bx", true),
        ("[!a-c]x", "bx", false), ("[]]", "]", true), ("[a", "[a", true), ("a*b*c", "axbxbxc", true), ("", "a", false),
    ])
    func matches(pattern: String, text: String, expected: Bool) {
        #expect(ShellPattern.matches(pattern, text) == expected)
    }

    @Test func slashesAreMatchedByThemselves() {
        #expect(ShellPattern.matches("/etc/*", "/etc/foo", path: true))
        #expect(!ShellPattern.matches("/etc/*", "/etc/foo/bar", path: true))
        #expect(ShellPattern.matches("/etc/*/bar", "/etc/foo/bar", path: true))
        #expect(!ShellPattern.matches("/etc?foo", "/etc/foo", path: true))
    }

    @Test(arguments: [
        ("0750", 0, 0o750), ("u=rwx,g=rx,o=", 0, 0o750), ("g+w", 0o755, 0o775), ("o-rwx", 0o755, 0o750),
        ("+x", 0o644, 0o755),
        ("g=u", 0o740, 0o770), ("u+s,g+s,+t", 0o755, 0o7755), ("a=r", 0o777, 0o444), ("-w", 0o666, 0o444),
    ])
    func modes(text: String, before: UInt32, expected: UInt32) {
        #expect(FileMode.applied(text, to: before) == expected)
    }

    @Test(arguments: ["", "8", "99999", "u", "z+x", "u~x", "0x1"])
    func noModes(text: String) { #expect(FileMode.applied(text, to: 0) == nil) }
}
