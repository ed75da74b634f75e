/// A command of `ExecStart=` and its like, as `systemd.service(5)` has them.
struct ExecCommand: Hashable, Sendable {
    /// `+`, `!` or `!!`: it runs with root's privileges, whatever `User=` says.
    let isPrivileged: Bool
    /// The program, and the script that it is told to interpret.
    let programs: [String]

    /// The commands of a value; several are separated by a `;` of its own.
    static func commands(_ value: String) -> [ExecCommand] {
        let words =
            LineText.fields(Array(value.utf8), atMost: .max)?.fields.map { String(decoding: $0, as: UTF8.self) }
            // With an escape that is not known here.
            ?? value.split(whereSeparator: \.isWhitespace).map(String.init)
        return words.split(separator: ";").map { ExecCommand(words: Array($0)) }
    }

    /// - Parameter words: at least the program.
    init(words: [String]) {
        let prefix = words[0].prefix { "@-:+!|".contains($0) }
        isPrivileged = prefix.contains { $0 == "+" || $0 == "!" }
        let program = String(words[0].dropFirst(prefix.count))
        // The word after a program with @ is its name.
        let arguments = words.dropFirst(prefix.contains("@") ? 2 : 1)
        programs = [program] + (Self.isInterpreter(program) ? [Self.script(arguments)].compactMap(\.self) : [])
    }

    private static let interpreters = ["sh", "bash", "dash", "perl", "python", "env", "nice", "ruby", "lua"]

    private static func isInterpreter(_ program: String) -> Bool {
        let name = program.split(separator: "/").last.map(String.init) ?? ""
        // python3.11
        return interpreters.contains { name == $0 || name.dropPrefix($0)?.first?.isNumber == true }
    }

    /// The first argument that is no option; of `-c '/usr/bin/foo x'` the program of the command.
    private static func script(_ arguments: ArraySlice<String>) -> String? {
        guard let first = arguments.first(where: { !$0.hasPrefix("-") }) else { return nil }
        return first.split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
}
