import Glibc
import Linux
import TestSupport
import Testing

@testable import CommandLine

@Suite struct CommandTableTests {
    @Test func theCommittedFilesAreThoseOfTheTable() throws {
        try expectGenerated("docs/man/gatekeel.1", is: CommandTable.manualPage)
        try expectGenerated("packaging/completion/gatekeel.bash", is: CommandTable.bashCompletion)
    }

    @Test func theManualPageHasExamplesOfCommandsThatParse() throws {
        #expect(CommandTable.manualPage.holds("EXAMPLES"))
        for (_, line) in CommandTable.examples {
            let words = line.split(separator: " ").map(String.init).prefix { $0 != "|" && $0 != "<" }
            let start = try #require(words.firstIndex(of: "gatekeel"))
            #expect(throws: Never.self, "\(line)") { try Invocation.parse(Array(words[(start + 1)...])) }
        }
    }

    @Test func everyCommandIsDeclaredOnce() {
        #expect(CommandTable.commands.map(\.command) == Command.allCases)
        for declaration in CommandTable.commands {
            #expect(declaration.documentation.hasSuffix("."), "\(declaration.command)")
            #expect(!declaration.summary.hasSuffix("."), "\(declaration.command)")
            #expect(CommandTable.help.holds(declaration.summary))
            #expect(CommandTable.help(declaration).holds("Usage: gatekeel \(declaration.command.rawValue)"))
            #expect(CommandTable.manualPage.holds(declaration.command.rawValue))
            for option in declaration.options { #expect(option.documentation.hasSuffix("."), "\(option.name)") }
            // Completion knows by an option's name alone whether a value follows, and that there is one argument.
            for option in declaration.options {
                let same = CommandTable.commands.flatMap(\.options).filter { $0.name == option.name }
                #expect(same.allSatisfy { ($0.value == nil) == (option.value == nil) }, "\(option.name)")
            }
            #expect(declaration.arguments.filter { !$0.isRepeated }.count <= 1, "\(declaration.command)")
        }
        #expect(Set(ExitCode.allCases.map(\.documentation)).count == ExitCode.allCases.count)
    }

    /// What bash makes of the completion, with a bash-completion of three lines.
    @Test(arguments: [
        (["gatekeel", "pack"], ["package", "packages"]),
        (["gatekeel", "package", ""], ["sign", "verify", "info", "suggest"]),
        (["gatekeel", "keyring", "l"], ["list"]), (["gatekeel", "re"], ["read", "remove", "reconnect", "reload"]),
        (["gatekeel", "remove", "--p"], ["--purge"]),
        (["gatekeel", "install", "--activate=y"], ["yes"]), (["gatekeel", "install", "--activate", "y"], ["yes"]),
        (["gatekeel", "package", "sign", "--key=/tmp/k"], ["file:/tmp/k"]),
        (["gatekeel", "package", "sign", "--key", "/tmp/k"], ["file:/tmp/k"]),
        (["gatekeel", "package", "verify", "--keyring=/e"], ["file:/e"]),
        (["gatekeel", "--json", "st"], ["status", "staged"]),
        // A second argument is never offered; the value of an option is no argument.
        (["gatekeel", "install", "a.deb", ""], []), (["gatekeel", "read", "/3", ""], []),
        (["gatekeel", "package", "info", "a.deb", "b"], []),
        (["gatekeel", "install", "--activate", "yes", "a"], ["file:a"]),
        (["gatekeel", "install", "--no-wait", "a"], ["file:a"]),
        (["gatekeel", "log", "-n", "5", "--fo"], ["--follow"]),
    ])
    func completion(words: [String], offered: [String]) throws {
        let path = "/tmp/gatekeel-completion-\(getpid())-\(randomBytes(4).map { String($0) }.joined())"
        defer { _ = system("rm -f \(path) \(path).out") }
        let quoted = words.map { "'\($0)'" }.joined(separator: " ")
        let script = """
            _init_completion() { words=(\(quoted)); cword=\(words.count - 1); cur='\(words[words.count - 1])'; prev='\(words[words.count - 2])'; }
            compopt() { :; }
            _filedir() { COMPREPLY=("file:$cur"); }
            \(CommandTable.bashCompletion)
            _gatekeel
            printf '%s\\n' "${COMPREPLY[@]}" > \(path).out
            """
        try Files.replace(path, with: script.utf8)
        #expect(system("bash -u \(path)") == 0)
        let reply = String(decoding: try Files.read("\(path).out", limit: 4096), as: UTF8.self)
        #expect(Set(reply.split(separator: "\n").map(String.init)) == Set(offered))
    }
}

@Suite struct InvocationTests {
    private func parse(_ line: String) throws -> Invocation {
        try Invocation.parse(line.split(separator: " ").map(String.init))
    }

    @Test func optionsStandAnywhere() throws {
        let install = try parse("--json install --activate yes --allow-downgrade a.deb")
        #expect(
            install
                == Invocation(
                    command: .install, options: ["json": "", "activate": "yes", "allow-downgrade": ""],
                    arguments: ["a.deb"]))
        #expect(try parse("install a.deb --activate=no").options == ["activate": "no"])
        #expect(try parse("package sign --key=k x.deb --certificate c").command == .packageSign)
        #expect(try parse("package sign --key=k x.deb --certificate c").arguments == ["x.deb"])
        #expect(try parse("install -- --odd").arguments == ["--odd"])
        #expect(try parse("install -").arguments == ["-"])
        #expect(try parse("packages").arguments == [])
        #expect(try parse("log -f -n 5 x").options == ["follow": "", "lines": "5"])
        #expect(try parse("log -fn5 x --since=-1h").options == ["follow": "", "lines": "5", "since": "-1h"])
        #expect(try parse("log -n5 x").arguments == ["x"])
        #expect(try parse("-h") == Invocation(options: ["help": ""]))
        #expect(try parse("install --help").command == .install)
        #expect(try parse("history --limit 5").number("limit", default: 20, in: 1...1000) == 5)
    }

    @Test(arguments: [
        "", "frobnicate", "package", "package frobnicate", "install", "install a b", "install --purge a",
        "status --json=1",
        "history --limit", "package sign x.deb --key=k", "-x", "config", "remove", "read", "log -n", "log -x a",
        "status -f", "cancel", "keyring remove",
    ])
    func usageErrors(line: String) {
        #expect { try parse(line) } throws: {
            ($0 as? Failure)?.code == .usage && ($0 as? Failure)?.text.isEmpty == false
        }
    }

    @Test func numbersHaveBounds() throws {
        for text in ["0", "x", "1001"] {
            let invocation = try parse("history --limit=\(text)")
            #expect(throws: Failure.self) { try invocation.number("limit", default: 20, in: 1...1000) }
        }
    }
}

@Suite struct OutputTests {
    private func table() -> TextTable {
        var table = TextTable("NAME", "VERSION", "NOTE")
        table.add("rinetd", "0.73", "")
        table.add("a", "1\u{1B}[2J", "a long note that goes on")
        return table
    }

    @Test func tablesForPeople() {
        #expect(
            table().forTerminal(width: 30) == """
                NAME    VERSION   NOTE
                rinetd  0.73
                a       1\\x1b[2J  a long note
                                  that goes on

                """)
    }

    /// Every character of every cell is somewhere, at each width.
    @Test(arguments: [20, 25, 40, 60, 200])
    func nothingIsCut(width: Int) {
        let text = table().forTerminal(width: width)
        let words = text.filter { !$0.isWhitespace }
        #expect(words.holds("rinetd") && text.holds("0.73"))
        for word in ["long", "note", "that", "goes"] { #expect(text.holds(word), "\(width)") }
        for line in text.split(separator: "\n") { #expect(line.count <= max(width, 20), "\(width): \(line)") }
    }

    @Test func aTableThatIsTooNarrowBecomesBlocks() {
        var table = TextTable("SERVER", "ADDRESS", "STATE", "SINCE", "NOTE")
        table.add("main", "coaps://lwm2m.example.com:5684", "waiting", "", "no answer")
        table.add("b", "coaps://b", "registered", "2026-11-21 14:05:24", "")
        #expect(
            table.forTerminal(width: 40) == """
                SERVER   main
                ADDRESS  coaps://lwm2m.example.com:5684
                STATE    waiting
                NOTE     no answer

                SERVER   b
                ADDRESS  coaps://b
                STATE    registered
                SINCE    2026-11-21 14:05:24

                """)
    }

    @Test func controlCharactersAreShown() {
        #expect("a\0b\u{1B}[2J\u{202E}é".printable == "a\\x00b\\x1b[2J\\u{202e}é")
    }

    @Test func spansForPeople() {
        #expect([0, 59, 185, 7800].map { Moments.span($0) } == ["0 s", "59 s", "3 min 5 s", "2 h 10 min"])
    }

    @Test func linesForPrograms() {
        #expect(table().forPrograms == "rinetd\t0.73\t\na\t1\\x1b[2J\ta long note that goes on\n")
    }

    @Test func aBarIsDrawnOnTerminalsOnly() {
        for isTerminal in [true, false] {
            var out = ""
            let console = Console(json: false, isTerminal: isTerminal, width: 60) { out += "\($0):\($1)|" }
            console.bar(percent: 50, "rinetd: switching")
            console.line("done")
            #expect(
                out
                    == (isTerminal
                        ? "1:\r[##########          ]  50%  rinetd: switching\u{1B}[K|1:\r\u{1B}[K|1:done\n|"
                        : "1:done\n|"))
        }
    }

    @Test func daysAreWhole() {
        #expect(Moments.days(until: 86400 * 3 + 5, now: 0) == 3)
        #expect(Moments.days(until: 5, now: 0) == 0)
        #expect(Moments.days(until: -5, now: 0) == -1)
        #expect(Moments.days(until: -86400, now: 0) == -1)
    }
}
