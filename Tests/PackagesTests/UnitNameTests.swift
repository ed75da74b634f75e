import Testing

@testable import Packages

@Suite struct UnitNameTests {
    @Test(
        arguments: [
            ("foo.service", "foo", nil, .service), ("foo@.service", "foo", "", .service),
            ("foo@bar.baz.socket", "foo", "bar.baz", .socket), ("foo@a@b.timer", "foo", "a@b", .timer),
            ("foo@a@.timer", "foo", "a@", .timer), ("a.b-c_d:e\\x2d.path", "a.b-c_d:e\\x2d", nil, .path),
            ("-.slice", "-", nil, .slice), (".service.service", ".service", nil, .service),
        ] as [(String, String, String?, UnitType)])
    func namesHaveTheirParts(_ text: String, _ prefix: String, _ instance: String?, _ type: UnitType) throws {
        let name = try #require(UnitName(text))
        #expect(name.prefix == prefix && name.instance == instance && name.type == type)
        #expect(name.description == text && text == "\(name.stem).\(type.rawValue)")
        #expect(name.isTemplate == (instance == "") && name.isInstance == !(instance ?? "").isEmpty)
    }

    @Test(arguments: [
        "", "foo", ".service", "service", "@.service", "@a.service", "foo.services", "foo.d", "foo bar.service",
        "a/b.service",
        "foo%i.service", "f\u{f6}.service", "foo.service/", "foo.service.d",
        String(repeating: "a", count: 248) + ".service",
    ])
    func otherNamesAreNone(_ text: String) { #expect(UnitName(text) == nil) }

    @Test func theLongestNameIsOne() { #expect(UnitName(String(repeating: "a", count: 247) + ".service") != nil) }

    /// As `systemd-escape(1)` answers.
    @Test(arguments: [
        ("foo", "foo"), ("libstdc++6", "libstdc\\x2b\\x2b6"), ("foo-bar", "foo\\x2dbar"), ("a@b", "a\\x40b"),
        ("foo/bar", "foo-bar"), (".foo.bar", "\\x2efoo.bar"), ("a\\b", "a\\x5cb"), ("a:b_C", "a:b_C"),
        ("\u{f6}\t", "\\xc3\\xb6\\x09"), ("", ""),
    ])
    func textsAreEscaped(_ text: String, _ escaped: String) { #expect(UnitName.escaped(text) == escaped) }

    /// Every name that a package may have gives one that systemd accepts.
    @Test(arguments: [
        ("rinetd", "gatekeel-health-rinetd.service"), ("foo+bar", "gatekeel-health-foo\\x2bbar.service"),
        ("a" + String(repeating: "+", count: 127), nil),
    ])
    func healthChecksHaveNamesOfUnits(_ package: String, _ expected: String?) throws {
        let name = UnitName.ofHealthCheck(of: package)
        #expect(PackageName.isValid(package) && UnitName(name)?.isTemplate == false)
        if let expected { #expect(name == expected) }
    }

    /// As `systemd-analyze` and `unit_file_find_dirs()` have them.
    @Test(
        arguments: [
            ("foo.service", []), ("foo-bar.service", ["foo-.service"]),
            ("foo-bar-baz.service", ["foo-bar-.service", "foo-.service"]), ("foo-.service", []),
            ("foo-bar-.service", ["foo-.service"]), ("foo--.service", ["foo-.service"]),
            ("foo--bar.service", ["foo--.service", "foo-.service"]), ("-foo.service", []), ("-.slice", []),
            ("--a.service", ["--.service"]),
            ("foo@.service", []), ("foo@a-b.service", ["foo@.service"]), ("foo-bar@.service", ["foo-.service"]),
            ("foo-bar@x.service", ["foo-bar@.service", "foo-.service", "foo-@x.service", "foo-@.service"]),
        ] as [(String, [String])])
    func foldersOfOtherNamesApply(_ text: String, _ others: [String]) throws {
        #expect(try #require(UnitName(text)).lineage.map(\.description) == [text] + others)
    }

    @Test(arguments: [
        ("foo.service.d", "foo.service", true), ("foo-.service.d", "foo-bar.service", true),
        ("foo-.service.wants", "foo-bar.service", true), ("service.d", "foo.service", true),
        ("service.requires", "foo@a.service", true), ("foo@.service.d", "foo@a.service", true),
        ("foo-@.service.d", "foo-bar@a.service", true), ("foo-.service.upholds", "foo-bar@a.service", true),
        ("foo-.service.d", "foobar.service", false), ("foo-.service.d", "foo-bar.socket", false),
        ("socket.d", "foo.service", false), ("foo@a.service.d", "foo@b.service", false),
        ("foo-@.service.d", "foo-bar.service", false), ("foo-bar.service.d", "foo.service", false),
    ])
    func foldersApplyToUnits(_ folder: String, _ unit: String, _ applies: Bool) throws {
        let name = try #require(UnitName(unit))
        switch try #require(UnitFolder(folder)).subject {
        case .unit(let subject): #expect(name.lineage.contains(subject) == applies)
        case .type(let type): #expect((name.type == type) == applies)
        }
    }

    @Test(arguments: ["foo.service", "foo.d", "foo.service.conf", ".d", "foo.service.want", "d", "services.d"])
    func otherFoldersAreNone(_ folder: String) { #expect(UnitFolder(folder) == nil) }

    @Test(arguments: [
        ("foo.service", "foo.service", true), ("foo@.service", "foo@a.service", true),
        ("foo@a.service", "foo@.service", true), ("foo@a.service", "foo@b.service", false),
        ("foo.service", "foo@.service", false), ("foo.service", "foo.socket", false),
        ("foo-.service", "foo-a.service", true), ("foo-a.service", "foo-.service", false),
        ("foo-.service", "foo-a@b.service", true), ("foo.slice", "foo-a.slice", true),
        ("foo-a.slice", "foo.slice", false),
    ])
    func unitsClash(_ one: String, _ other: String, _ clash: Bool) throws {
        var host = HostUnits()
        host.add(try #require(UnitName(other)), owner: "the host")
        #expect((host.clash(with: try #require(UnitName(one))) != nil) == clash)
    }
}

@Suite struct InstallSpecifierTests {
    @Test(
        arguments: [
            ("a-b.service", "%n %N %p %i %j %%", .name("a-b.service a-b a-b  b %")),
            ("a-b@c-d.service", "%n %N %p %i %j", .name("a-b@c-d.service a-b@c-d a-b c-d b")),
            ("a-.service", "%j", .name("")), ("a@.service", "%n", .name("a@.service")),
            ("a@.service", "x@%i.service", .name("x@.service")), ("a@.service", "%i.service", .ofInstance("….service")),
            ("a@.service", "x-%i@%i.service", .ofInstance("x-…@….service")), ("a@.service", "%N", .ofInstance("a@…")),
            ("a@.service", "%p.service", .name("a.service")),
            ("a.service", "%I", .unknown("%I")), ("a.service", "%J", .unknown("%J")),
            ("a.service", "%P", .unknown("%P")),
            ("a.service", "%H.service", .unknown("%H")), ("a.service", "x%", .unknown("%")),
        ] as [(String, String, InstallSpecifiers.Result)])
    func specifiersAreExpandedAsSystemdDoes(_ unit: String, _ text: String, _ result: InstallSpecifiers.Result) throws {
        #expect(InstallSpecifiers(unit: try #require(UnitName(unit))).expand(text) == result)
    }
}
