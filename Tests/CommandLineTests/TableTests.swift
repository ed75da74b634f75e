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

    @Test func everyCommandIsDeclaredOnce() {
        #expect(CommandTable.commands.map(\.command) == Command.allCases)
        for declaration in CommandTable.commands {
            #expect(declaration.documentation.hasSuffix("."), "\(declaration.command)")
            #expect(!declaration.summary.hasSuffix("."), "\(declaration.command)")
            #expect(CommandTable.help.holds(declaration.summary))
            #expect(CommandTable.help(declaration).holds("Usage: gatekeel \(declaration.command.rawValue)"))
            #expect(CommandTable.manualPage.holds(declaration.command.rawValue))
            for option in declaration.options { #expect(option.documentation.hasSuffix("."), "\(option.name)") }
        }
        #expect(Set(ExitCode.allCases.map(\.documentation)).count == ExitCode.allCases.count)
    }

    /// What bash makes of the completion, with a bash-completion of three lines.
    @Test(arguments: [
        (["gatekeel", "pack"], ["package", "packages"]), (["gatekeel", "package", ""], ["sign", "verify", "info"]),
        (["gatekeel", "keyring", "l"], ["list"]), (["gatekeel", "remove", "--p"], ["--purge"]),
        (["gatekeel", "install", "--activate=y"], ["yes"]), (["gatekeel", "--json", "st"], ["status"]),
    ])
    func completion(words: [String], offered: [String]) throws {
        let path = "/tmp/gatekeel-completion-\(getpid())-\(randomBytes(4).map { String($0) }.joined())"
        defer { _ = system("rm -f \(path) \(path).out") }
        let quoted = words.map { "'\($0)'" }.joined(separator: " ")
        let script = """
            _init_completion() { words=(\(quoted)); cword=\(words.count - 1); cur='\(words[words.count - 1])'; prev='\(words[words.count - 2])'; }
            compopt() { :; }
            _filedir() { :; }
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
        #expect(try parse("-h") == Invocation(options: ["help": ""]))
        #expect(try parse("install --help").command == .install)
        #expect(try parse("history --limit 5").number("limit", default: 20, in: 1...1000) == 5)
    }

    @Test(arguments: [
        "", "frobnicate", "package", "package frobnicate", "install", "install a b", "install --purge a",
        "status --json=1",
        "history --limit", "package sign x.deb --key=k", "-x", "config", "remove", "read",
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
                NAME    VERSION  NOTE
                rinetd  0.73
                a       1?[2J    a long note …

                """)
    }

    @Test func linesForPrograms() {
        #expect(table().forPrograms == "rinetd\t0.73\t\na\t1?[2J\ta long note that goes on\n")
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
