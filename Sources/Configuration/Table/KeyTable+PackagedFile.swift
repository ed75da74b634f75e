extension KeyTable {
    /// The file as the package ships it: every key with its documentation, commented out at its default.
    ///
    /// Prose is `# ` and text, settings are `#` and the setting, so that uncommenting needs no thought.
    public var packagedFile: String {
        var lines = paragraph("\(file) – \(summary).")
        for text in documentation { lines += ["#"] + paragraph(text) }
        lines += [
            "#", "# The lines that are commented out show the defaults. See \(file)(5) for all of it.",
        ]
        for section in sections {
            lines += ["", ""] + paragraph(section.documentation)
            lines.append(section.isNamed ? "#\(section.header)" : section.header)
            for key in section.keys {
                lines += [""] + paragraph(key.documentation) + paragraph("Allowed: \(key.allowed).")
                lines.append("#\(key.name)=\(key.defaultText)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func paragraph(_ text: String) -> [String] { text.wrapped(to: 76).map { "# \($0)" } }
}

extension String {
    /// Lines of whole words, each of at most so many characters if no word is longer.
    package func wrapped(to width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in split(whereSeparator: \.isWhitespace) {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
