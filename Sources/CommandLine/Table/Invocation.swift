/// A command line, taken apart by the table.
struct Invocation: Equatable {
    var command: Command?
    /// Options by name; flags have an empty value.
    var options: [String: String] = [:]
    var arguments: [String] = []

    func has(_ option: String) -> Bool { options[option] != nil }
    var isJSON: Bool { has("json") }

    /// A number that an option gives.
    func number(_ option: String, default value: Int, in range: ClosedRange<Int>) throws(Failure) -> Int {
        guard let text = options[option] else { return value }
        guard let number = Int(text), range.contains(number) else {
            throw Failure(
                .usage, "--\(option)=\(text): expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Parses words as `getopt_long(3)` does: options anywhere, `--name=value` or `--name value`, `--` ends them.
    ///
    /// - Throws: `.usage`.
    static func parse(_ words: [String]) throws(Failure) -> Invocation {
        var invocation = Invocation()
        var plain: [String] = []
        var pending = words[...]
        // The command first: which options there are depends on it.
        let names = commandWords(words)
        invocation.command = names
        let declaration = names.flatMap(CommandTable.declaration)
        let known = CommandTable.common + (declaration?.options ?? [])
        while let word = pending.popFirst() {
            if word == "--" {
                plain += pending
                break
            }
            if word == "-h" || word == "-V" {
                invocation.options[word == "-h" ? "help" : "version"] = ""
                continue
            }
            guard word.hasPrefix("-"), word != "-" else {
                plain.append(word)
                continue
            }
            guard word.hasPrefix("--") else { throw unknown(word, names) }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let option = known.first(where: { $0.name == parts[0] }) else { throw unknown(word, names) }
            guard let value = option.value else {
                guard parts.count == 1 else { throw Failure(.usage, "--\(option.name) takes no value") }
                invocation.options[option.name] = ""
                continue
            }
            guard let given = parts.count == 2 ? String(parts[1]) : pending.popFirst(), !given.isEmpty else {
                throw Failure(.usage, "--\(option.name) needs a value: --\(option.name)=\(value)")
            }
            invocation.options[option.name] = given
        }
        guard let declaration else {
            if invocation.has("help") || invocation.has("version") { return invocation }
            throw noCommand(plain)
        }
        invocation.arguments = Array(plain.dropFirst(declaration.command.words.count))
        if !invocation.has("help") && !invocation.has("version") { try invocation.check(declaration) }
        return invocation
    }

    private func check(_ declaration: CommandDeclaration) throws(Failure) {
        for option in declaration.options where option.isRequired && !has(option.name) {
            throw Failure(.usage, "\(declaration.command.rawValue) needs \(option.usage)")
        }
        let required = declaration.arguments.filter(\.isRequired)
        if arguments.count < required.count {
            throw Failure(.usage, "\(declaration.command.rawValue) needs \(required[arguments.count].name)")
        }
        if arguments.count > declaration.arguments.count {
            throw Failure(
                .usage, "\(declaration.command.rawValue) does not take «\(arguments[declaration.arguments.count])»")
        }
    }

    /// The command that the first words name, options between them passed over.
    private static func commandWords(_ words: [String]) -> Command? {
        let plain = words.prefix { $0 != "--" }.filter { !$0.hasPrefix("-") }
        return Command.allCases.first { plain.starts(with: $0.words) }
    }

    private static func unknown(_ word: String, _ command: Command?) -> Failure {
        let help = command.map { "gatekeel \($0.rawValue) --help" } ?? "gatekeel --help"
        return Failure(.usage, "unknown option \(word); try \"\(help)\"")
    }

    private static func noCommand(_ words: [String]) -> Failure {
        guard let first = words.first else { return Failure(.usage, "which command? Try \"gatekeel --help\"") }
        let groups = Command.allCases.filter { $0.words.count > 1 && $0.words[0] == first }
        guard groups.isEmpty else {
            let names = groups.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            return Failure(.usage, "\(first) is one of \(names)")
        }
        return Failure(.usage, "unknown command «\(first)»; try \"gatekeel --help\"")
    }
}
