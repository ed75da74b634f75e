/// A command line, taken apart by the table.
struct Invocation: Equatable {
    var command: Command?
    /// Options by name; flags have an empty value.
    var options: [String: String] = [:]
    var arguments: [String] = []

    func has(_ option: String) -> Bool { options[option] != nil }
    var isJSON: Bool { has("json") }

    /// Whether words ask for JSON, also when they cannot be parsed.
    static func asksForJSON(_ words: [String]) -> Bool { words.prefix { $0 != "--" }.contains("--json") }

    /// A number that an option gives.
    func number(_ option: String, default value: Int, in range: ClosedRange<Int>) throws(Failure) -> Int {
        guard let text = options[option] else { return value }
        guard let number = Int(text), range.contains(number) else {
            throw Failure(
                .usage, "--\(option)=\(text): expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Parses words as `getopt_long(3)` does: options anywhere, `--name=value` or `--name value`, `-n5` or `-n 5`, `--`
    /// ends them.
    ///
    /// - Throws: `.usage`.
    static func parse(_ words: [String]) throws(Failure) -> Invocation {
        var invocation = Invocation()
        var plain: [String] = []
        var pending = words[...]
        // The command first: which options there are depends on it.
        let command = commandWords(words)
        invocation.command = command
        let declaration = command.flatMap(CommandTable.declaration)
        let known = CommandTable.common + (declaration?.options ?? [])
        while let word = pending.popFirst() {
            if word == "--" {
                plain += pending
                break
            }
            if word.hasPrefix("--") {
                try invocation.takeLong(word, known, &pending)
            } else if word.hasPrefix("-"), word != "-" {
                try invocation.takeShort(word, known, &pending)
            } else {
                plain.append(word)
            }
        }
        guard let declaration else {
            if invocation.has("help") || invocation.has("version") { return invocation }
            throw noCommand(plain)
        }
        invocation.arguments = Array(plain.dropFirst(declaration.command.words.count))
        if !invocation.has("help") && !invocation.has("version") { try invocation.check(declaration) }
        return invocation
    }

    private mutating func takeLong(
        _ word: String, _ known: [OptionDeclaration], _ pending: inout ArraySlice<String>
    ) throws(Failure) {
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let option = known.first(where: { $0.name == parts[0] }) else { throw unknown(word) }
        guard let value = option.value else {
            guard parts.count == 1 else { throw Failure(.usage, "--\(option.name) takes no value") }
            options[option.name] = ""
            return
        }
        guard let given = parts.count == 2 ? String(parts[1]) : pending.popFirst(), !given.isEmpty else {
            throw Failure(.usage, "--\(option.name) needs a value: --\(option.name)=\(value)")
        }
        options[option.name] = given
    }

    /// `-f`, `-n 5`, `-n5`, `-fn5`.
    private mutating func takeShort(
        _ word: String, _ known: [OptionDeclaration], _ pending: inout ArraySlice<String>
    ) throws(Failure) {
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            guard let option = known.first(where: { $0.short == letter }) else { throw unknown("-\(letter)") }
            guard let value = option.value else {
                options[option.name] = ""
                continue
            }
            guard let given = letters.isEmpty ? pending.popFirst() : String(letters), !given.isEmpty else {
                throw Failure(.usage, "-\(letter) needs a value: -\(letter) \(value)")
            }
            options[option.name] = given
            return
        }
    }

    private func check(_ declaration: CommandDeclaration) throws(Failure) {
        for option in declaration.options where option.isRequired && !has(option.name) {
            throw Failure(.usage, "\(declaration.command.rawValue) needs \(option.usage)")
        }
        let required = declaration.arguments.filter(\.isRequired)
        if arguments.count < required.count {
            throw Failure(.usage, "\(declaration.command.rawValue) needs \(required[arguments.count].name)")
        }
        if arguments.count > declaration.arguments.count, declaration.arguments.last?.isRepeated != true {
            throw Failure(
                .usage, "\(declaration.command.rawValue) does not take '\(arguments[declaration.arguments.count])'")
        }
    }

    /// The command that the first words name; options between them are skipped.
    private static func commandWords(_ words: [String]) -> Command? {
        let plain = words.prefix { $0 != "--" }.filter { !$0.hasPrefix("-") }
        return Command.allCases.first { plain.starts(with: $0.words) }
    }

    private func unknown(_ word: String) -> Failure {
        let help = command.map { "gatekeel \($0.rawValue) --help" } ?? "gatekeel --help"
        return Failure(.usage, "unknown option \(word); try \"\(help)\"")
    }

    private static func noCommand(_ words: [String]) -> Failure {
        guard let first = words.first else { return Failure(.usage, "which command? Try 'gatekeel --help'") }
        let groups = Command.allCases.filter { $0.words.count > 1 && $0.words[0] == first }
        guard groups.isEmpty else {
            let names = groups.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            return Failure(.usage, "\(first) is one of \(names)")
        }
        return Failure(.usage, "unknown command '\(first)'; try 'gatekeel --help'")
    }
}
