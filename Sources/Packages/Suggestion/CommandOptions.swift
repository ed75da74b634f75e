/// The words of a command, taken apart as `getopt_long(3)` does, options behind arguments included.
struct CommandOptions {
    /// By name: `--home`, `-d`. Several values of an option follow each other.
    private(set) var values: [(name: String, value: ShellValue)] = []
    private(set) var arguments: [ShellValue] = []
    /// An option that the command does not declare.
    private(set) var unknown: String?

    /// - Parameters:
    ///   - valued: options that take a value: `--home`, `-d`.
    ///   - flags: options that take none.
    init(_ words: [ShellValue], valued: Set<String>, flags: Set<String>) {
        var pending = words[...]
        while let word = pending.popFirst() {
            let text = word.text
            if text == "--" {
                arguments += pending
                return
            }
            guard text.hasPrefix("-"), text != "-" else {
                arguments.append(word)
                continue
            }
            if text.hasPrefix("--") {
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let given = String(parts[0])
                guard let name = Self.completed(given, valued.union(flags)) else {
                    unknown = unknown ?? given
                    continue
                }
                if parts.count == 2 {
                    values.append((name, ShellValue(String(parts[1]), word.certainty)))
                } else {
                    values.append((name, valued.contains(name) ? pending.popFirst() ?? ShellValue("") : ShellValue("")))
                }
                continue
            }
            var letters = text.dropFirst()
            while let letter = letters.popFirst() {
                let name = "-\(letter)"
                if valued.contains(name) {
                    let rest = letters.isEmpty ? pending.popFirst() : ShellValue(String(letters), word.certainty)
                    values.append((name, rest ?? ShellValue("")))
                    break
                }
                if flags.contains(name) {
                    values.append((name, ShellValue("")))
                } else {
                    unknown = unknown ?? name
                }
            }
        }
    }

    /// A long option may be cut, as long as it is the only one that begins so.
    private static func completed(_ given: String, _ known: Set<String>) -> String? {
        if known.contains(given) { return given }
        let found = known.filter { $0.hasPrefix(given) && $0.hasPrefix("--") }
        return found.count == 1 ? found.first : nil
    }

    func has(_ names: String...) -> Bool { values.contains { names.contains($0.name) } }

    /// The last value of one of these options.
    func value(_ names: String...) -> ShellValue? { values.last { names.contains($0.name) }?.value }
}
