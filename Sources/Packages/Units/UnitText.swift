/// Bytes of a unit file that systemd splits into other lines than `IniDocument` does: a setting could hide in them.
enum UnitText {
    struct Ambiguity: Hashable, Sendable {
        let line: Int
        let text: String
    }

    /// The first ones: a few are enough to refuse the file.
    static func ambiguities(_ bytes: [UInt8]) -> [Ambiguity] {
        var found: [Ambiguity] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if let text = ambiguity(line) { found.append(Ambiguity(line: index + 1, text: text)) }
            if found.count >= PackageLimits.findings { break }
        }
        return found
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
