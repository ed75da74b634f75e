/// Bytes of a unit file that systemd splits into other lines than `IniDocument` does: a setting could hide in them.
enum UnitText {
    struct Ambiguity: Hashable, Sendable {
        let line: Int
        let text: String
    }

    /// The first ones: a few are enough to refuse the file.
    static func ambiguities(_ bytes: [UInt8]) -> [Ambiguity] {
        var found: [Ambiguity] = []
        var logical = LogicalLine()
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if let text = ambiguity(line) ?? logical.take(line) { found.append(Ambiguity(line: index + 1, text: text)) }
            if found.count >= PackageLimits.findings { break }
        }
        return found
    }

    /// Whose value a line is, or a part of it. Only a description may have other characters than ASCII: elsewhere a byte order
    /// mark, a combining character or a blank of Unicode makes another key or value for us than for systemd.
    private struct LogicalLine {
        private var isText = false
        private var isContinued = false

        mutating func take(_ line: ArraySlice<UInt8>) -> String? {
            let content = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
            if content.first == UInt8(ascii: "#") || content.first == UInt8(ascii: ";") { return nil }
            if !isContinued {
                if let text = Self.header(content) { return text }
                let key = content.prefix { $0 != UInt8(ascii: "=") }
                isText =
                    ["Description", "Documentation"].contains { key.elementsEqual($0.utf8) }
                    || ["Description[", "X-"].contains { key.starts(with: $0.utf8) } && key.allSatisfy { $0 < 0x80 }
            }
            let end = line.last { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: "\r") }
            isContinued = end == UInt8(ascii: "\\")
            guard !isText, line.contains(where: { $0 >= 0x80 }) else { return nil }
            return "only Description= may have characters that are not ASCII; replace them"
        }

        /// `[ Unit ]` is no section that systemd knows: it passes over what is in it.
        private static func header(_ content: ArraySlice<UInt8>) -> String? {
            guard content.first == UInt8(ascii: "["), let end = content.lastIndex(of: UInt8(ascii: "]")) else {
                return nil
            }
            let name = content[content.startIndex + 1..<max(end, content.startIndex + 1)]
            return name.contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                ? "systemd does not know a section with blanks in its name and passes over what is in it; remove the blanks"
                : nil
        }
    }

    private static func ambiguity(_ line: ArraySlice<UInt8>) -> String? {
        // A carriage return before or after the line feed is part of the line's end.
        var content = line
        if content.last == UInt8(ascii: "\r") { content = content.dropLast() }
        if content.first == UInt8(ascii: "\r") { content = content.dropFirst() }
        if content.contains(where: { $0 == 0 || $0 == UInt8(ascii: "\r") }) {
            return "a zero byte or a carriage return ends the line for systemd; remove it"
        }
        let text = content.reversed().drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let backslashes = text.prefix { $0 == UInt8(ascii: "\\") }.count
        guard backslashes > 0 else { return nil }
        let first = content.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        if first == UInt8(ascii: "#") || first == UInt8(ascii: ";") { return nil }
        if text.count < content.count { return "white space follows the backslash at the line's end; remove it" }
        return backslashes % 2 == 0
            ? "for systemd two backslashes at the line's end do not continue it; remove them" : nil
    }
}
