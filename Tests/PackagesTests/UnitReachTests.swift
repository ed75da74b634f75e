import Testing

@testable import Packages

/// What a package may not do to units that are not its own, as far as the package alone shows it.
@Suite struct UnitReachTests {
    private static let folder = "usr/lib/systemd/system/"
    private static let service = "[Service]\nExecStart=/usr/bin/foo\n"

    private func audit(
        _ files: [String: String], links: [String: String] = [:]
    ) throws -> Result<PackagePlan, PackageRefusal> {
        func entries(_ texts: [String: String]) -> [(String, String)] {
            texts.sorted { $0.key < $1.key }.map { (Self.folder + $0.key, $0.value) }
        }
        return try auditPackage(entries(files), links: entries(links))
    }

    private func refusal(_ result: Result<PackagePlan, PackageRefusal>) -> String {
        result.refusals.map(\.description).joined(separator: "\n")
    }

    struct Attack: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var files: [String: String] = [:]
        var links: [String: String] = [:]
        /// In the refusal.
        let reason: String
    }

    private static func unit(_ name: String, _ install: String) -> [String: String] {
        [name: "\(service)[Install]\n\(install)\n"]
    }

    static let attacks: [Attack] = [
        Attack(
            testDescription: "a dash prefix", files: ["systemd-.service": service],
            reason: "every service whose name begins with 'systemd-'"),
        Attack(
            testDescription: "a dash prefix of slices", files: ["user-.slice": "[Slice]\nMemoryMax=1M\n"],
            reason: "every slice whose name begins with 'user-'"),
        Attack(
            testDescription: "a template that is a dash prefix", files: ["user-@.service": service],
            reason: "every service whose name begins with 'user-'"),
        Attack(
            testDescription: "a slice of a user", files: ["user-1000.slice": "[Slice]\nMemoryMax=1M\n"],
            reason: "a slice that the host makes itself"),
        Attack(
            testDescription: "a slice of the host's template", files: ["system-getty.slice": "[Slice]\n"],
            reason: "a slice that the host makes itself"),
        Attack(
            testDescription: "a reserved name", files: ["gatekeel-x.service": service],
            reason: "reserved for Gatekeel's own units"),
        Attack(
            testDescription: "a name of systemd", files: ["ctrl-alt-del.target": "[Unit]\n"],
            reason: "a name of systemd itself"),
        Attack(
            testDescription: "drop-ins of a type", files: ["foo.service": service, "service.d/x.conf": service],
            reason: "every service unit"),
        Attack(
            testDescription: "drop-ins of a dash prefix",
            files: ["foo-a.service": service, "foo-.service.d/x.conf": service],
            reason: "every service whose name begins with 'foo-'"),
        Attack(
            testDescription: "wants of a dash prefix", files: ["foo.service": service],
            links: ["systemd-.service.wants/foo.service": "../foo.service"],
            reason: "every service whose name begins with 'systemd-'"),
        Attack(
            testDescription: "wants of a type", files: ["foo.service": service],
            links: ["target.wants/foo.service": "../foo.service"], reason: "every target unit"),
        Attack(
            testDescription: "a packaged alias that is a dash prefix", files: ["foo.service": service],
            links: ["systemd-.service": "foo.service"], reason: "every service whose name begins with 'systemd-'"),
        Attack(
            testDescription: "an alias that is a dash prefix", files: unit("foo.service", "Alias=systemd-.service"),
            reason: "every service whose name begins with 'systemd-'"),
        Attack(
            testDescription: "a reserved alias", files: unit("foo.service", "Alias=gatekeeld.service"),
            reason: "reserved for Gatekeel's own units"),
        Attack(
            testDescription: "an alias of each instance", files: unit("foo@.service", "Alias=%i.service"),
            reason: "the instance would decide"),
        Attack(
            testDescription: "an alias that the host decides", files: unit("foo.service", "Alias=%H.service"),
            reason: "write the name out"),
        Attack(
            testDescription: "an alias of another type", files: unit("foo.service", "Alias=foo.socket"),
            reason: "of the type 'socket'"),
        Attack(
            testDescription: "an alias in quotes", files: unit("foo.service", "Alias=\"ssh.service\""),
            reason: "without quotes"),
        Attack(
            testDescription: "an alias in a drop-in",
            files: ["foo.service": service, "foo.service.d/x.conf": "[Install]\nAlias=systemd-.service\n"],
            reason: "foo.service.d/x.conf:2: Alias=systemd-.service"),
        Attack(
            testDescription: "a link to a service in an alias",
            files: unit("foo.service", "Alias=ssh.service.requires/foo.service"),
            reason: "would be stopped by every update"),
        Attack(
            testDescription: "a link elsewhere in an alias", files: unit("foo.service", "Alias=../../foo.service"),
            reason: "use WantedBy="),
        Attack(
            testDescription: "a unit of the host enabled as well", files: unit("foo.service", "Also=ssh.service"),
            reason: "'ssh.service' is not a unit of this package"),
        Attack(
            testDescription: "an instance of the host's template enabled as well",
            files: unit("foo.service", "Also=getty@tty9.service"), reason: "is not a unit of this package"),
        Attack(
            testDescription: "Also= that systemd does not reset", files: unit("foo.service", "Also=ssh.service\nAlso="),
            reason: "is not a unit of this package"),
        Attack(
            testDescription: "Also= with a specifier", files: unit("foo-ssh.service", "Also=%j.service"),
            reason: "'ssh.service' is not a unit of this package"),
        Attack(
            testDescription: "Also= with a backslash, which systemd drops",
            files: unit("foo.service", "Also=s\\sh.service"),
            reason: "without quotes and backslashes"),
        Attack(
            testDescription: "Also= that a carriage return hides",
            files: unit("foo.service", "WantedBy=multi-user.target\rAlso=ssh.service"), reason: "carriage return"),
        Attack(
            testDescription: "Also= that a zero byte hides",
            files: unit("foo.service", "WantedBy=multi-user.target\0Also=ssh.service"), reason: "zero byte"),
        Attack(
            testDescription: "Also= behind two backslashes",
            files: unit("foo.service", "WantedBy=multi-user.target\\\\\nAlso=ssh.service"), reason: "two backslashes"),
        Attack(
            testDescription: "Also= behind a backslash and a blank",
            files: unit("foo.service", "WantedBy=multi-user.target\\ \nAlso=ssh.service"), reason: "white space follows"
        ),
        Attack(
            testDescription: "Also= continued behind an empty line",
            files: unit("foo.service", "Also=foo.service \\\n\nssh.service"),
            reason: "this line cannot be checked"),
        Attack(
            testDescription: "an alias behind a combining character",
            files: unit("foo.service", "Alias=\u{301} ssh.service x=y"), reason: "names of units are ASCII"),
        Attack(
            testDescription: "Also= in a long line",
            files: unit("foo.service", "Also=foo.service\(String(repeating: " ", count: 20000))ssh.service"),
            reason: "this line cannot be checked"),
        Attack(
            testDescription: "Also= behind many lines",
            files: ["foo.service": "\(service)\(String(repeating: "a=\n", count: 20000))[Install]\nAlso=ssh.service\n"],
            reason: "is not a unit of this package"),
        Attack(
            testDescription: "a socket of a service that the host decides",
            files: ["foo.service": service, "foo.socket": "[Socket]\nService=%H.service\n"],
            reason: "write the name out"),
        Attack(
            testDescription: "wanted by a dash prefix", files: unit("foo.service", "WantedBy=systemd-.service"),
            reason: "every service whose name begins with 'systemd-'"),
        Attack(
            testDescription: "required by the boot", files: unit("foo.service", "RequiredBy=sysinit.target"),
            reason: "stopped by every update"),
        Attack(
            testDescription: "held up by a target", files: unit("foo.service", "UpheldBy=multi-user.target"),
            reason: "while it is being exchanged"),
        Attack(
            testDescription: "required by a service", files: unit("foo.service", "RequiredBy=ssh.service"),
            reason: "would be stopped by every update"),
        Attack(
            testDescription: "upheld by a service", files: unit("foo.service", "UpheldBy=ssh.service"),
            reason: "would start the unit while it is being exchanged"),
        Attack(
            testDescription: "wanted by no unit", files: unit("foo.service", "WantedBy=multi-user"),
            reason: "no name of a unit"),
        Attack(
            testDescription: "before the file systems",
            files: ["foo.service": "[Unit]\nDefaultDependencies=no\nBefore=local-fs.target\n\(service)"],
            reason: "starts before gatekeel-recover.service"),
        Attack(
            testDescription: "before the file systems, by a drop-in",
            files: ["foo.service": service, "foo.service.d/x.conf": "[Unit]\nBefore=network.target swap.target\n"],
            reason: "foo.service.d/x.conf:2: Before=swap.target"),
        Attack(
            testDescription: "before the file systems, which systemd does not reset",
            files: ["foo.timer": "[Unit]\nBefore=local-fs-pre.target\nBefore=\n", "foo.service": service],
            reason: "starts before gatekeel-recover.service"),
        Attack(
            testDescription: "before an instance that is early",
            files: ["foo.service": "[Unit]\nDefaultDependencies=no\nBefore=systemd-fsck@dev-sda1.service\n\(service)"],
            reason: "starts before gatekeel-recover.service"),
        Attack(
            testDescription: "before a mount",
            files: ["foo.slice": "[Unit]\nBefore=srv.mount\n", "foo.service": service],
            reason: "may be needed before gatekeel-recover.service"),
        Attack(
            testDescription: "before devices appear",
            files: ["foo.service": "[Unit]\nDefaultDependencies=no\nBefore=systemd-udevd.service\n\(service)"],
            reason: "starts before gatekeel-recover.service"),
        Attack(
            testDescription: "before what the host decides",
            files: ["foo.service": "[Unit]\nBefore=%H.target\n\(service)"],
            reason: "write the name out"),
        Attack(
            testDescription: "before another name in quotes",
            files: ["foo.service": "[Unit]\nBefore=\"local-fs.target\"\n\(service)"], reason: "without quotes"),
        Attack(
            testDescription: "before the boot's end, and after it by default",
            files: ["foo.service": "[Unit]\nBefore=sysinit.target\n\(service)"], reason: "DefaultDependencies=no"),
        Attack(
            testDescription: "a timer before a unit of the boot",
            files: ["foo.timer": "[Timer]\nUnit=systemd-sysctl.service\n"],
            reason: "starts before gatekeel-recover.service"),
        Attack(
            testDescription: "waited for by the file systems", files: unit("foo.service", "WantedBy=swap.target"),
            reason: "starts before gatekeel-recover.service"),
        Attack(
            testDescription: "waited for by the file systems, by a link",
            files: unit("foo.target", "Alias=cryptsetup.target.wants/foo.target"),
            reason: "starts before gatekeel-recover.service"),
        Attack(
            testDescription: "a service before a socket of the host",
            files: ["foo.service": "[Unit]\nBefore=dbus.socket\n\(service)"],
            reason: "waits for 'dbus.socket' by default"),
        Attack(
            testDescription: "a service before a socket of its own",
            files: [
                "foo.service": "[Unit]\nBefore=foo.socket\n\(service)", "foo.socket": "[Socket]\nListenStream=1\n",
            ], reason: "waits for 'foo.socket' by default"),
        Attack(
            testDescription: "a target before the boot's end",
            files: ["foo.target": "[Unit]\nBefore=sysinit.target\nWants=foo.service\n", "foo.service": service],
            reason: "waits for 'sysinit.target' by default"),
        Attack(
            testDescription: "a target that the boot waits for",
            files: [
                "foo.target": "[Unit]\nWants=foo.service\n[Install]\nWantedBy=sysinit.target\n", "foo.service": service,
            ],
            reason: "waits for 'sysinit.target' by default"),
        Attack(
            testDescription: "waited for by what the boot's end waits for",
            files: unit("foo.service", "WantedBy=tpm2.target"), reason: "waits for 'tpm2.target' by default"),
        Attack(
            testDescription: "waited for by what it waits for", files: unit("foo.service", "WantedBy=sockets.target"),
            reason: "waits for 'sockets.target' by default"),
        Attack(
            testDescription: "without default dependencies in a section that systemd does not know",
            files: ["foo.service": "[ Unit ]\nDefaultDependencies=no\n[Unit]\nBefore=sysinit.target\n\(service)"],
            reason: "a section with blanks in its name"),
        Attack(
            testDescription: "without default dependencies in one instance",
            files: [
                "foo@.service": "[Unit]\nBefore=sysinit.target\n\(service)",
                "foo@a.service.d/x.conf": "[Unit]\nDefaultDependencies=no\n",
            ], reason: "waits for 'sysinit.target' by default"),
        Attack(
            testDescription: "waited for by the boot's end, but for one instance",
            files: [
                "foo@.target": "[Unit]\nWants=foo.service\n[Install]\nWantedBy=sysinit.target\n",
                "foo.service": service,
                "foo@a.target.d/x.conf": "[Unit]\nDefaultDependencies=no\n",
            ], reason: "waits for 'sysinit.target' by default"),
        Attack(
            testDescription: "a reboot when it fails",
            files: ["foo.service": "[Unit]\nOnFailure=reboot.target\n\(service)"],
            reason: "does not reboot the gateway"),
        Attack(
            testDescription: "no power when it succeeds",
            files: ["foo.service": "[Unit]\nOnSuccess=poweroff.target\n\(service)"],
            reason: "does not reboot the gateway"),
        Attack(
            testDescription: "no power with it", files: ["foo.service": "[Unit]\nWants=poweroff.target\n\(service)"],
            reason: "does not reboot the gateway"),
        Attack(
            testDescription: "a reboot by its own name",
            files: ["foo-reboot.service": "[Unit]\nRequires=%j.target\n\(service)"],
            reason: "does not reboot the gateway"),
        Attack(
            testDescription: "a reboot by the name of an instance",
            files: ["foo@.service": "[Unit]\nBindsTo=%i.target\n\(service)"], reason: "does not reboot the gateway"),
        Attack(
            testDescription: "a sleep by a drop-in",
            files: ["foo.service": service, "foo.service.d/x.conf": "[Unit]\nRequisite=systemd-suspend.service\n"],
            reason: "does not reboot the gateway"),
        Attack(
            testDescription: "a reboot when a file is there",
            files: ["foo.service": service, "foo.path": "[Path]\nPathExists=/run/foo/x\nUnit=reboot.target\n"],
            reason: "does not reboot the gateway"),
        Attack(
            testDescription: "a reboot in time",
            files: ["systemd-reboot.timer": "[Timer]\nOnBootSec=1h\n", "foo.service": service],
            reason: "does not reboot the gateway"),
        Attack(
            testDescription: "an emergency in quotes",
            files: ["foo.service": "[Unit]\nWants=\"emergency.target\"\n\(service)"], reason: "without quotes"),
        Attack(
            testDescription: "all units stopped when it fails",
            files: [
                "foo.service": "[Unit]\nOnFailure=foo.target\nOnFailureJobMode=isolate\n\(service)",
                "foo.target": "[Unit]\nAllowIsolate=yes\n",
            ], reason: "would be stopped or not started"),
        Attack(
            testDescription: "all jobs dropped when it ends",
            files: ["foo.service": "[Unit]\nOnSuccessJobMode=flush\n\(service)"],
            reason: "would be stopped or not started"),
        Attack(
            testDescription: "all units stopped, as of old",
            files: ["foo.service": "[Unit]\nOnFailureIsolate=yes\n\(service)"], reason: "would be stopped"),
        Attack(
            testDescription: "without Gatekeel",
            files: ["foo.service": "[Unit]\nConflicts=gatekeeld.service\n\(service)"],
            reason: "units of Gatekeel"),
        Attack(
            testDescription: "without Gatekeel, by an instance",
            files: ["foo@.service": "[Unit]\nConflicts=gatekeel-%i.service\n\(service)"], reason: "units of Gatekeel"),
        Attack(
            testDescription: "without the message bus",
            files: ["foo.service": "[Unit]\nConflicts=dbus.socket\n\(service)"], reason: "the whole host need"),
        Attack(
            testDescription: "reloaded with Gatekeel",
            files: ["foo.service": "[Unit]\nPropagatesReloadTo=gatekeel-installd.service\n\(service)"],
            reason: "units of Gatekeel"),
        Attack(
            testDescription: "processes that outlive a shutdown",
            files: ["foo.service": "\(service)SurviveFinalKillSignal=yes\n"], reason: "hold up a shutdown"),
        Attack(
            testDescription: "a default instance that is none", files: unit("foo@.service", "DefaultInstance=a/b"),
            reason: "no valid instance"),
    ]

    @Test(arguments: attacks) func attacksAreRefused(_ attack: Attack) throws {
        let refusal = refusal(try audit(attack.files, links: attack.links))
        #expect(refusal.contains(attack.reason), "\(refusal)")
    }

    @Test(arguments: [
        "WantedBy=multi-user.target", "RequiredBy=multi-user.target", "WantedBy=ssh.service",
        "RequiredBy=dev-ttyS0.device", "WantedBy=sysinit.target", "WantedBy=basic.target", "WantedBy=timers.target",
        "WantedBy=dev-ttyS0.device",
        "Alias=bar.service", "Alias=dbus-org.foo.service", "Alias=foo.service", "Alias=%p-x.service", "Also=foo.socket",
        "Also=foo@a.service", "Also=foo@.service", "RequiredBy=foo.socket", "Alias=multi-user.target.wants/foo.service",
        "WantedBy=multi-user.target \\\n    graphical.target", "DefaultInstance=x", "WantedBy=multi-user.target\r",
        "WantedBy=sys-devices-a\\x2db.device",
    ])
    func whatDaemonsDoIsAccepted(_ install: String) throws {
        let files = Self.unit("foo.service", install).merging(
            ["foo.socket": "[Socket]\nListenStream=1\n", "foo@.service": Self.service]) { $1 }
        #expect(refusal(try audit(files)) == "")
    }

    /// `wpa_supplicant@.service`, `tor@default.service`, `mariadb@bootstrap.service.d`, `system-postgresql.slice`.
    @Test(arguments: [
        "Alias=multi-user.target.wants/foo-bar@%i.service", "WantedBy=sys-subsystem-net-devices-%i.device",
        "RequiredBy=dev-%i.device", "Alias=dev-%i.device.requires/foo-bar@%i.service",
        "Alias=dbus-foo@%i.service", "WantedBy=foo@%i.target", "DefaultInstance=one\nWantedBy=multi-user.target",
    ])
    func templatesOfDaemonsAreAccepted(_ install: String) throws {
        var files = Self.unit("foo-bar@.service", install)
        files["foo-bar@default.service"] = Self.service
        files["system-foo\\x2dbar.slice"] = "[Slice]\n"
        files["foo-bar@one.service.d/x.conf"] = "[Service]\nNice=1\n"
        let plan = try audit(files).get()
        #expect(plan.units.map(\.name) == ["foo-bar@.service", "foo-bar@default.service", "system-foo\\x2dbar.slice"])
        #expect(plan.units[0].dropIns == ["\(Self.folder)foo-bar@one.service.d/x.conf"], "the template's own instance")
    }

    /// `Alias=%j.service` named sshd's unit.
    @Test func aliasesAreExpanded() throws {
        let plan = try audit(Self.unit("foo-ssh.service", "Alias=%j.service %p@x.service\nAlias=")).get()
        #expect(plan.units[0].aliases == ["foo-ssh@x.service", "ssh.service"])
        let template = try audit(Self.unit("foo@.service", "Alias=bar@%i.service\nAlso=foo@two.service")).get()
        #expect(template.units[0].aliases == ["bar@.service"])
        #expect(template.alsoInstances == ["foo@two.service"])
    }

    @Test(arguments: [
        ("ListenStream=1", "ssh.socket ssh.service"), ("ListenStream=1\nAccept=yes", "ssh.socket ssh@.service"),
        ("Service=cron.service", "ssh.socket cron.service"), ("Service=%p-x.service", "ssh.socket ssh-x.service"),
        ("Service=foo.service", ""), ("Service=foo@a.service", ""),
    ])
    func socketsReachTheirServices(_ setting: String, _ reach: String) throws {
        let plan = try audit([
            "foo.service": Self.service, "foo@.service": Self.service, "ssh.socket": "[Socket]\n\(setting)\n",
        ]).get()
        #expect(plan.reaches.map { "\($0.path.dropFirst(Self.folder.count)) \($0.unit)" }.joined() == reach)
    }

    /// `Accept=` of a drop-in, the sockets that a service takes, and what changes units that it names.
    @Test(arguments: [
        ("ssh.socket", "[Socket]\nAccept=yes\n", "ssh.socket ssh@.service"),
        ("foo.service", "[Service]\nSockets=foo.socket ssh.socket\n", "foo.service.d/x.conf ssh.socket"),
        ("foo.service", "[Service]\nSockets=ssh.socket\nSockets=\n", "foo.service.d/x.conf ssh.socket"),
        ("foo.service", "[Unit]\nPropagatesStopTo=cron.service\n", "foo.service.d/x.conf cron.service"),
        ("foo.service", "[Unit]\nJoinsNamespaceOf=cron.service\n", "foo.service.d/x.conf cron.service"),
        ("foo.service", "[Unit]\nUpholds=cron.service\n", "foo.service.d/x.conf cron.service"),
        ("foo.service", "[Unit]\nWants=cron.service\nUpholds=foo.socket\n", ""),
    ])
    func dropInsReachWhatTheyName(_ unit: String, _ text: String, _ reaches: String) throws {
        var files = ["foo.service": Self.service, "foo.socket": "[Socket]\nListenStream=1\n"]
        files[unit] = files[unit] ?? "[Socket]\nListenStream=2\n"
        files["\(unit).d/x.conf"] = text
        let plan = try audit(files).get()
        #expect(
            plan.reaches.map { "\($0.path.dropFirst(Self.folder.count)) \($0.unit)" }.joined(separator: " ") == reaches)
    }

    /// As units of Debian name others.
    @Test(arguments: [
        "Conflicts=shutdown.target umount.target", "Wants=network-online.target", "Requires=basic.target",
        "BindsTo=sys-subsystem-net-devices-%i.device", "Conflicts=systemd-timesyncd.service getty@tty1.service",
        "After=gatekeeld.service", "PartOf=foo@%i.service", "OnFailure=foo@%n.service", "Wants=%p@%i.service",
        "Requires=foo@%i.socket", "OnFailureJobMode=replace", "OnFailureJobMode=fail",
        "Before=shutdown.target reboot.target",
        "Conflicts=foo@%i.socket", "Wants=syslog.socket", "StopPropagatedFrom=multi-user.target",
    ])
    func relationsOfDaemonsAreAccepted(_ setting: String) throws {
        #expect(refusal(try audit(["foo@.service": "[Unit]\n\(setting)\n\(Self.service)"])) == "", "\(setting)")
    }

    /// What one instance says of what it starts is not what the others start.
    @Test func aTriggerOfOneInstanceIsNotThatOfAll() throws {
        let plan = try audit([
            "foo.service": Self.service, "ssh@.socket": "[Socket]\nListenStream=/run/ssh-%i\n",
            "ssh@a.socket.d/x.conf": "[Socket]\nService=foo.service\n",
        ]).get()
        #expect(plan.reaches.map(\.unit.description) == ["ssh@.service"])
    }

    /// haveged, nftables, networking daemons, sockets and names of its own.
    @Test(arguments: [
        "DefaultDependencies=no\nBefore=sysinit.target shutdown.target systemd-journald.service",
        "DefaultDependencies=no\nBefore=network-pre.target",
        "Before=network.target network-online.target nss-lookup.target",
        "Before=multi-user.target cron.service", "Before=foo@a.service foo@.service", "Before=network",
        "DefaultDependencies=no\nBefore=foo.socket dbus.socket tpm2.target",
        "DefaultDependencies=no\nBefore=systemd-tmpfiles-setup.service", "Before=foo@%n.service",
        "Before=initrd-switch-root.target rescue.service",
    ])
    func daemonsMayBeEarly(_ settings: String) throws {
        let files = [
            "foo.service": "[Unit]\n\(settings)\n\(Self.service)", "foo.socket": "[Socket]\nListenStream=1\n",
            "foo@.service": Self.service,
        ]
        #expect(refusal(try audit(files)) == "")
    }

    /// Whether such a unit starts early is known only on the host.
    @Test func unitsOfTheHostThatComeLaterAreReported() throws {
        let plan = try audit([
            "foo.service":
                "[Unit]\nBefore=cron.service network.target foo.timer\n\(Self.service)[Install]\nWantedBy=my.target cron.service\n",
            "foo.timer": "[Timer]\nUnit=bar.service\n", "baz.path": "[Path]\nPathExists=/run/x\n",
        ]).get()
        #expect(plan.reaches.isEmpty)
        #expect(
            plan.orders.map { "\($0.path.dropFirst(Self.folder.count)) \($0.unit)" } == [
                "baz.path baz.service", "foo.service cron.service", "foo.service my.target", "foo.timer bar.service",
            ])
    }

    @Test func aSocketOfEachInstanceIsAccepted() throws {
        let files = ["foo@.service": Self.service, "foo@.socket": "[Socket]\nService=foo@%i.service\n"]
        #expect(try audit(files).get().reaches.isEmpty)
    }

    /// They are not installed. Whether the host has such a unit is known only there.
    @Test func foldersOfOtherUnitsAreReported() throws {
        let plan = try audit(
            ["foo.service": Self.service, "ssh.service.d/x.conf": "", "getty@tty1.service.d/x.conf": ""],
            links: [
                "multi-user.target.wants/foo.service": "../foo.service",
                "ssh.service.requires/foo.service": "../foo.service",
                "multi-user.target.wants/cron.service": "../cron.service", "dbus.service.d/x.conf": "/etc/x.conf",
            ]
        ).get()
        #expect(
            plan.reaches.map { "\($0.path.dropFirst(Self.folder.count)) \($0.unit)" } == [
                "dbus.service.d/x.conf dbus.service", "getty@tty1.service.d/x.conf getty@tty1.service",
                "multi-user.target.wants/cron.service cron.service", "ssh.service.d/x.conf ssh.service",
                "ssh.service.requires/foo.service ssh.service",
            ])
        #expect(plan.warnings.count == 6)
        #expect(plan.units[0].dropIns.isEmpty)
    }
}
