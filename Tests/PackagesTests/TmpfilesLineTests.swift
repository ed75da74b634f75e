import Testing

@testable import Packages

@Suite struct LineTextTests {
    /// A line that `#` hides to an editor, and not to systemd.
    @Test(arguments: ["\r", "\n", "\u{0}"]) func anyEndEndsAComment(end: String) {
        let lines = LineText.lines(Array("# harmless\(end)L /etc/x - - - - /y".utf8))
        #expect(lines.map { String(decoding: $0.text, as: UTF8.self) } == ["L /etc/x - - - - /y"])
        #expect(lines.first?.number == 2)
    }

    @Test func linesAreCountedAsEditorsDo() {
        let lines = LineText.lines(Array("# a\r\n\r\n d /run/a \n;x\nd /run/b".utf8))
        #expect(lines.map(\.number) == [3, 5])
        #expect(lines.map { String(decoding: $0.text, as: UTF8.self) } == ["d /run/a", "d /run/b"])
    }

    @Test(
        arguments: [
            ("d /run/a", ["d", "/run/a"]), ("d \"/run/a b\"  x", ["d", "/run/a b", "x"]),
            ("'d' /run/'a'b", ["d", "/run/ab"]), ("d /run/\\x61\\142\\u0063\\s", ["d", "/run/abc "]),
            ("d '\\'' \"\"", ["d", "'", ""]), ("d '/run", nil), ("d /run/\\", nil), ("d /run/\\q", nil),
            ("d /run/\\x00", nil), ("d /run/\\400", nil), ("d /run/\\x+1", nil), ("d\t/a\u{b}", ["d", "/a\u{b}"]),
        ] as [(String, [String]?)])
    func fieldsAreUnquoted(text: String, expected: [String]?) {
        let fields = LineText.fields(Array(text.utf8), atMost: 6)?.fields.map { String(decoding: $0, as: UTF8.self) }
        #expect(fields == expected)
    }

    @Test func theRestStaysAsItIs() {
        let line = LineText.fields(Array("f /a - - - -  a 'b' \\x".utf8), atMost: 6)
        #expect(line.map { String(decoding: $0.rest, as: UTF8.self) } == "a 'b' \\x")
    }
}

@Suite struct TmpfilesLineTests {
    private func line(_ text: String) throws -> TmpfilesLine { try TmpfilesLine(Array(text.utf8)) }

    @Test func fields() throws {
        let line = try line("D!+ /run/foo ~:2755 :foo - 10d")
        #expect(line.type == "D")
        #expect(line.modifiers == ["!", "+"])
        #expect(line.path == "/run/foo")
        #expect((line.mode, line.owner, line.group) == (0o2755, "foo", nil))
        #expect(line.hasAge)
        #expect(line.removes)
    }

    @Test(
        arguments: [
            ("d /var/run/foo", "/run/foo"), ("d /var/lock/foo", "/run/lock/foo"), ("d //run///foo/", "/run/foo"),
            ("d %t/foo", "/run/foo"), ("d %S/foo", "/var/lib/foo"), ("d %L/foo", "/var/log/foo"),
            ("d %C/foo", "/var/cache/foo"), ("d %T/foo", "/tmp/foo"), ("d %V/foo", "/var/tmp/foo"),
            ("d %h/foo", "/root/foo"), ("d /run/\\x66oo", "/run/foo"), ("d '/run/foo'", "/run/foo"),
        ])
    func paths(text: String, path: String) throws { #expect(try line(text).path == path) }

    @Test(arguments: [
        "d", "", "d run/foo", "d /run/../etc", "d /run/./x", "d /run/%m", "d /run/%H", "d /run/%", "d /run/%k",
        "y /run/foo",
        "d& /run/foo", "d++ /run/foo", "d '/run/a b'", "d /run/a\\x01", "d /run/a\\\\b", "d /run/foo 0999",
        "d /run/foo 777777",
        "d /run/foo - a:b", "d /run/foo - 'a b'", "d '/run/foo", "L /run/foo - - - - \\q",
    ])
    func refused(text: String) { #expect(throws: TmpfilesLine.Problem.self) { try line(text) } }

    @Test(
        arguments: [
            ("L /run/foo/a - - - - ../b", "../b"), ("L /run/foo - - - - %S/foo", "/var/lib/foo"),
            ("L /run/foo - - - - /a\\x62", "/ab"), ("C /run/foo", "/usr/share/factory/run/foo"),
            ("L+ /run/foo - - - - -", "/usr/share/factory/run/foo"), ("f /run/foo - - - - %m \\q", "%m \\q"),
        ])
    func arguments(text: String, argument: String) throws { #expect(try line(text).argument == argument) }

    @Test func formerTypes() throws {
        #expect(try line("F /run/foo").type == "f")
        #expect(try line("F /run/foo").modifiers == ["+"])
        #expect(try line("m /run/foo 0755").type == "z")
    }
}

@Suite struct SysusersLineTests {
    private func entry(_ text: String) throws -> SysusersLine.Entry { try SysusersLine(Array(text.utf8)).entry }

    @Test func entries() throws {
        #expect(
            try entry("u foo - \"A service\" /var/lib/foo /usr/sbin/nologin")
                == .user(
                    name: "foo", id: .any, group: .own, home: "/var/lib/foo", shell: "/usr/sbin/nologin",
                    isLocked: false))
        #expect(
            try entry("u! foo 300:bar")
                == .user(name: "foo", id: .number(300), group: .named("bar"), home: nil, shell: nil, isLocked: true))
        #expect(
            try entry("u foo -:0")
                == .user(name: "foo", id: .any, group: .number(0), home: nil, shell: nil, isLocked: false))
        #expect(try entry("g foo /etc/shadow") == .group(name: "foo", id: .ofFile("/etc/shadow")))
        #expect(try entry("m foo bar") == .member(user: "foo", group: "bar"))
        #expect(try entry("r - 500-600") == .range(500...600))
        #expect(try entry("m %u sudo") == .member(user: "root", group: "sudo"))
    }

    @Test(arguments: [
        "u", "x foo", "u foo x", "u foo +1", "u 1foo", "u foo:0", "m foo", "m foo -", "g foo - comment", "u! ",
        "g! foo", "m! a b",
        "r foo 5", "r - 9-1", "r -", "u foo - - /var/../etc", "u foo - - relative", "u foo - - - sh", "u foo 1:",
        "u foo - a b c d",
        "u foo - 'a\\nroot:x:0'", "u %m -",
    ])
    func refused(text: String) { #expect(throws: SysusersLine.Problem.self) { try entry(text) } }
}
