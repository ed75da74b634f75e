import Configuration

extension CommandTable {
    static let purpose = "look after the packages and the LwM2M client of this gateway"

    /// `gatekeel --help`.
    static var help: String {
        let width = commands.map(\.command.rawValue.count).max() ?? 0
        var lines = ["gatekeel - \(purpose)", "", "Usage: gatekeel COMMAND [OPTION]... [ARGUMENT]...", "", "Commands:"]
        for declaration in commands {
            lines.append("  \(declaration.command.rawValue.padded(width))  \(declaration.summary)")
        }
        lines += ["", "Options of all commands:"] + describe(common)
        lines += ["", "'gatekeel COMMAND --help' describes a command; gatekeel(1) lists the exit codes."]
        return lines.joined(separator: "\n") + "\n"
    }

    /// `gatekeel COMMAND --help`.
    static func help(_ declaration: CommandDeclaration) -> String {
        var lines = ["Usage: gatekeel \(declaration.usage)", ""] + declaration.documentation.wrapped(to: 78)
        lines += ["", "Options:"] + describe(declaration.options + common)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func describe(_ options: [OptionDeclaration]) -> [String] {
        let width = options.map(\.allForms.count).max() ?? 0
        return options.flatMap { option in
            let text = option.documentation.wrapped(to: max(30, 76 - width))
            return text.enumerated().map { index, line in
                "  \((index == 0 ? option.allForms : "").padded(width))  \(line)"
            }
        }
    }
}

extension String {
    /// Filled with blanks at the end.
    func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
