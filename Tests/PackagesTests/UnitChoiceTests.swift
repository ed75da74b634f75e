import Testing

@testable import Packages

private let folder = "usr/lib/systemd/system/"
private let install = "[Install]\nWantedBy=multi-user.target\n"

private func audited(_ lines: String, members: [String: String] = [:]) throws -> Result<PackagePlan, PackageRefusal> {
    let run = "[Service]\nExecStart=/usr/bin/foo\n"
    return try auditPackage(
        [
            ("\(folder)foo.service", run + install), ("\(folder)api.service", run + install),
            ("\(folder)t@.service", run + install), ("\(folder)g@.service", run),
            ("\(folder)g@default.service", run), ("\(folder)plain.service", run), ("usr/bin/foo", ""),
        ], manifest: "[Package]\nFormat=1\n[Units]\n\(lines)\n", members: members)
}

/// `[Units]` of a manifest.
@Suite struct UnitChoiceTests {
    @Test func startDecidesAlone() throws {
        let plan = try audited("Start=foo.service t@one.service").get()
        #expect(plan.units.filter(\.isStarted).map(\.name) == ["foo.service"])
        #expect(plan.units.filter(\.isEnabled).map(\.name) == ["foo.service"])
        #expect(plan.startedInstances == ["t@one.service"])
        // Nothing is started by an empty list.
        let none = try audited("Start=").get()
        #expect(none.units.allSatisfy { !$0.isStarted && !$0.isEnabled })
        #expect(try audited("Wants=").get().units.filter(\.isStarted).map(\.name) == ["api.service", "foo.service"])
    }

    @Test func enableStartsNothing() throws {
        let plan = try audited("Start=foo.service\nEnable=api.service").get()
        #expect(plan.units.filter(\.isStarted).map(\.name) == ["foo.service"])
        #expect(plan.units.filter(\.isEnabled).map(\.name) == ["api.service", "foo.service"])
        let alone = try audited("Enable=api.service").get()
        #expect(alone.units.filter(\.isStarted).isEmpty)
        #expect(alone.units.filter(\.isEnabled).map(\.name) == ["api.service"])
    }

    @Test func scriptsDoNotOverruleIt() throws {
        let script = """
            #!/bin/sh
            # Automatically added by dh_installsystemd/13
            deb-systemd-helper enable 'api.service' >/dev/null || true
            deb-systemd-invoke $_dh_action 'api.service' >/dev/null || true
            # End automatically added section
            """
        let plan = try audited("Start=foo.service", members: ["postinst": script]).get()
        #expect(plan.units.filter(\.isStarted).map(\.name) == ["foo.service"])
        let without = try audited("", members: ["postinst": script]).get()
        #expect(without.units.filter(\.isStarted).map(\.name) == ["api.service"])
    }

    @Test func aUnitWantsWhatAGeneratorWouldLink() throws {
        let plan = try audited("Wants=foo.service:g@default.service foo.service:g@a:b.service").get()
        #expect(plan.units.first { $0.name == "foo.service" }?.wants == ["g@default.service", "g@a:b.service"])
        #expect(plan.units.filter { !$0.wants.isEmpty }.count == 1)
    }

    /// A manifest cannot reach beyond the package's units.
    @Test(arguments: [
        ("Start=ssh.service", "is no unit of the package"), ("Start=ssh@a.service", "is no unit of the package"),
        ("Start=plain.service", "has no [Install] section"), ("Start=g@x.service", "has no [Install] section"),
        ("Enable=ssh.service", "is no unit file of the package"),
        ("Enable=t@one.service", "is no unit file of the package"),
        ("Enable=plain.service", "has no [Install] section"),
        ("Wants=foo.service:ssh.service", "is no unit of the package"),
        ("Wants=ssh.service:plain.service", "is no unit of the package"),
        ("Wants=t@one.service:plain.service", "is no unit of the package"),
        ("Wants=foo.service:api.service", "has an [Install] section"),
    ])
    func whatIsRefused(lines: String, text: String) throws {
        let found = try audited(lines).refusals
        #expect(found.count == 1 && found[0].text.contains(text), "\(found)")
    }

    @Test(arguments: [
        "Start=foo", "Start=t@.service", "Wants=foo.service", "Wants=foo.service:g@.service", "Wants=a:b",
    ])
    func whatIsNoName(line: String) throws {
        let found = try audited(line).refusals
        #expect(found.count == 1 && found[0].text.contains("is not allowed"), "\(found)")
    }
}
