import Testing

@testable import Packages

/// What a package has for the message bus is held to the names of its own services.
@Suite struct BusFilesTests {
    private static let policy = "usr/share/dbus-1/system.d/org.foo.conf"
    private static let conffile = "etc/dbus-1/system.d/org.foo.conf"

    private func document(_ rules: String) -> String {
        """
        <?xml version="1.0" encoding="UTF-8"?> <!-- -*- XML -*- -->
        <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
         "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig>
          <policy user="root"><allow own="org.foo"/><allow send_interface='org.freedesktop.DBus.ObjectManager'/></policy>
        \(rules)
        </busconfig>

        """
    }

    private func audit(_ text: String, at path: String = policy) throws -> Result<PackagePlan, PackageRefusal> {
        try auditPackage([(path, text)])
    }

    @Test func aPolicyForItsOwnNamesIsTaken() throws {
        let text = document(
            """
              <policy context="default">
                <deny own="org.foo"/>
                <deny send_destination="org.foo"/>
                <allow send_destination="org.foo" send_interface="org.foo.Manager" send_member='GetAll' />
                <allow receive_sender="org.foo"/>
              </policy>
              <policy group="netdev"><allow send_destination="org.foo"/></policy>
              <policy at_console="true"><allow send_destination="org.foo"></allow></policy>
              <policy user="foo"><allow own_prefix="org.foo.clients"/><allow send_destination="org.foo.clients.a"/></policy>
            """)
        let plan = try audit(text).get()
        #expect(plan.busPolicies == [Self.policy])
        #expect(plan.busNames == ["org.foo", "org.foo.clients.*"])
        #expect(!plan.warnings.contains { $0.file == Self.policy })
        let conffile = try audit(text, at: Self.conffile).get()
        #expect(conffile.busPolicies == [] && conffile.busNames == plan.busNames)
        #expect(conffile.conffiles.map(\.path) == ["/" + Self.conffile])
    }

    @Test(arguments: [
        "<policy context='default'><allow send_destination='org.freedesktop.systemd1'/></policy>",
        "<policy context='default'><allow send_interface='org.freedesktop.systemd1.Manager'/></policy>",
        "<policy context='default'><allow send_interface='org.foo.Agent1'/></policy>",
        "<policy context='mandatory'><deny send_interface='org.foo.Agent1'/></policy>",
        "<policy group='users'><allow send_destination='org.foo' receive_sender='org.bar'/></policy>",
        "<policy user='*'><allow send_destination='*'/></policy>",
        "<policy user='www-data'><allow send_destination='org.freedesktop.systemd1'/></policy>",
        "<policy context='default'><allow receive_sender='org.gatekeel.Installer1'/></policy>",
        "<policy group='netdev'><allow send_interface='org.foo'/></policy>",
        "<policy context='mandatory'><deny send_destination='org.freedesktop.systemd1'/></policy>",
        "<policy context='default'><deny send_interface='org.freedesktop.DBus.Properties'/></policy>",
        "<policy context='default'><deny own='org.freedesktop.login1'/></policy>",
        "<policy user='root'><allow own='*'/></policy>", "<policy user='root'><allow own_prefix='org'/></policy>",
        "<policy user='root'><allow own='org.freedesktop'/></policy>",
        "<policy user='root'><allow own='org.freedesktop.DBus'/></policy>",
        "<policy user='root'><allow own_prefix='org.freedesktop'/></policy>",
        "<policy user='root'><allow eavesdrop='true'/></policy>",
        "<policy user='root'><allow user='*'/></policy>",
        "<policy user='root'><allow send_destinatoin='org.foo'/></policy>",
        "<policy user='root' group='x'/>", "<policy context='x'/>", "<policy/>",
        "<servicedir>/etc</servicedir>", "<listen>tcp:host=0.0.0.0</listen>", "<include>/etc/x</include>",
        "<policy user='root'><limit name='x'/></policy>", "<busconfig/>", "text",
        "<policy user='root'><allow own='org.b'>",
        "<policy user=root/>", "<policy user='a' user='b'/>", "<policy user='&#114;oot'/>", "<policy user='r\u{F6}t'/>",
        "<!-- ", "<![CDATA[<policy/>]]>", "<?php ?>", "</policy>",
        "<policy user='root'><allow own='org.b'/></busconfig>",
        "<!DOCTYPE busconfig [<!ENTITY a '<listen/>'>]>",
    ])
    func whatConcernsOthersIsRefused(rules: String) throws {
        for path in [Self.policy, Self.conffile] {
            let found = try audit(document(rules), at: path).refusals
            #expect(!found.isEmpty && found.allSatisfy { $0.file == path }, "\(path)")
        }
    }

    /// What is behind a link is not seen, and could be changed.
    @Test func aLinkIsRefused() throws {
        for path in [Self.conffile, Self.policy] {
            let found = try auditPackage([("etc/foo/x.conf", "")], links: [(path, "/etc/foo/x.conf")]).refusals
            #expect(Set(found.map(\.file)) == [path], "\(found)")
        }
    }

    @Test func anotherEncodingIsRefused() throws {
        for text in [
            "<?xml version='1.0' encoding='UTF-7'?><busconfig/>", "\u{FEFF}<busconfig/>", " <?xml version='1.0'?>",
        ] {
            #expect(try audit(text).refusals.count == 1, "\(text)")
        }
    }

    @Test func aLineIsNamed() throws {
        let text = "<busconfig>\n<policy context='default'>\n<allow send_destination='org.x.y'/></policy>\n</busconfig>"
        #expect(try audit(text).refusals.map(\.line) == [3])
    }

    @Test func aUserOfThePackageMayCallOthersWithAWarning() throws {
        let text = document("<policy user='foo'><allow send_destination='org.freedesktop.login1'/></policy>")
        #expect(try audit(text).refusals.count == 1)
        let plan = try auditPackage([(Self.policy, text), ("usr/lib/sysusers.d/foo.conf", "u foo -\n")]).get()
        #expect(
            plan.warnings.contains {
                $0.file == Self.policy && $0.text.contains("lets the user foo call or hear org.freedesktop.login1")
            })
    }

    @Test func aPrefixHoldsForTheNameItself() throws {
        let text =
            "<busconfig><policy user='root'><allow own_prefix='org.foo'/></policy><policy context='default'><allow send_destination='org.foo'/><allow send_destination='org.foo.a'/></policy></busconfig>"
        #expect(try audit(text).get().busNames == ["org.foo.*"])
    }

    @Test func namesInPoliciesOfTheHost() {
        func names(_ text: String) -> [String] { BusFiles.ownedNames(in: Array(text.utf8)) }
        #expect(
            names(
                "<busconfig><!-- <allow own='x.y'/> --><policy user='a'><allow own='b.c'/><deny own='d.e'/><allow own_prefix='f.g'/></policy></busconfig>"
            ) == ["b.c", "f.g.*"])
        let text =
            "<limit/><allow own=\"a.b\"/><deny own='*'/><allow own_prefix='c.d'/> known <x down=\"e\" own=f own \n = \"g.h\"/>"
        #expect(names(text) == ["a.b", "c.d.*", "e", "g.h"])
    }

    @Test func tooManyRulesAreRefused() throws {
        let rules = String(repeating: "<allow send_destination='org.foo'/>", count: PackageLimits.busRules)
        #expect(try audit(document("<policy user='root'>\(rules)</policy>")).refusals.count == 1)
    }

    @Test func theBusStartsOnlyUnitsOfThePackage() throws {
        let unit =
            "[Service]\nType=dbus\nBusName=org.foo\nExecStart=/usr/bin/foo\n[Install]\nAlias=dbus-org.foo.service\n"
        func plan(_ service: String) throws -> PackagePlan {
            try auditPackage([
                ("usr/lib/systemd/system/foo.service", unit), ("usr/share/dbus-1/system-services/x.service", service),
            ]).get()
        }
        for name in ["foo.service", "dbus-org.foo.service"] {
            let plan = try plan("[D-BUS Service]\nName=org.foo\nExec=/bin/false\nUser=root\nSystemdService=\(name)\n")
            #expect(plan.busActivations == [BusActivation(name: "org.foo", unit: name)])
            #expect(!plan.warnings.contains { $0.file.contains("system-services") })
        }
        for text in [
            "[D-BUS Service]\nName=org.foo\nExec=/usr/sbin/foo\nUser=root\n",
            "[D-BUS Service]\nName=org.foo\nExec=/bin/false\nSystemdService=ssh.service\n",
            "[D-BUS Service]\nName=../../x\nSystemdService=foo.service\n",
            "[D-BUS Service]\nSystemdService=foo.service\n", "",
        ] {
            let plan = try plan(text)
            #expect(plan.busActivations.isEmpty)
            #expect(plan.warnings.contains { $0.file == "usr/share/dbus-1/system-services/x.service" }, "\(text)")
        }
    }

    @Test(arguments: [
        ("org.foo", true), ("org.foo.a-b_c", true), ("org", false), ("org.", false), (".org", false), ("org.1a", false),
        ("org.foo*", false), ("org.foo/x", false), ("", false), ("org.\(String(repeating: "a", count: 252))", false),
    ])
    func busNames(name: String, isValid: Bool) { #expect(BusName.isValid(name) == isValid) }

    @Test(arguments: [
        ("org.foo", "org.foo", true), ("org.foo", "org.foo.a", false), ("org.foo.*", "org.foo.a", true),
        ("org.foo.a", "org.foo.*", true), ("org.foo.*", "org.foob", false), ("org.foo.*", "org.foo", true),
    ])
    func namesMeet(name: String, other: String, meet: Bool) { #expect(BusName.meet(name, other) == meet) }
}
