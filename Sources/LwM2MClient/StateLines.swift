import State

/// The lines of a state file whose first line is its name and format: `gatekeel-accounts 1`.
enum StateLines {
    /// The lines after the first; nil for bytes that are not such a file.
    ///
    /// - Throws: for a format of a newer release.
    static func of(_ bytes: [UInt8], name: String, format known: Int) throws(NewerFormat) -> ArraySlice<Substring>? {
        guard let text = String(validating: bytes, as: UTF8.self), text.last == "\n" else { return nil }
        let lines = text.split(separator: "\n")
        let header = lines.first?.split(separator: " ") ?? []
        guard header.count == 2, header[0] == name, let found = Int(header[1]) else { return nil }
        if found > known { throw NewerFormat(found: found, known: known) }
        return lines.dropFirst()
    }
}
