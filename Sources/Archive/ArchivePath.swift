import Linux

/// Checks the names of an archive's entries.
enum ArchivePath {
    /// The path of an entry, from the archive's root: `usr/bin/foo`; empty for the root itself.
    ///
    /// Removes a leading `./` and the final `/` of a folder, which dpkg-deb and tar write. Refuses everything else that is not
    /// a plain relative path: absolute paths, parts that are `..`, `.` or empty, control characters, invalid UTF-8.
    static func normalise(_ raw: [UInt8], limits: ArchiveLimits) throws(ArchiveError) -> String {
        func bad(_ reason: String) -> ArchiveError { .badName(name: printable(raw), reason: reason) }
        guard raw.count <= limits.pathBytes + 3 else { throw bad("has more than \(limits.pathBytes) bytes") }
        let text = try checkedText(raw) { bad($0) }
        var path = raw[...]
        if path == [0x2e] || path == [0x2e, 0x2f] { return "" }
        if path.starts(with: [0x2e, 0x2f]) { path = path.dropFirst(2) }
        if path.count > 1, path.last == 0x2f { path = path.dropLast() }
        if path.isEmpty { throw bad("is empty") }
        if path.first == 0x2f { throw bad("is absolute") }
        guard path.count <= limits.pathBytes else { throw bad("has more than \(limits.pathBytes) bytes") }
        var depth = 0
        for part in path.split(separator: 0x2f, omittingEmptySubsequences: false) {
            depth += 1
            if part.isEmpty { throw bad("has an empty part") }
            if part == [0x2e] { throw bad("has a part '.'") }
            if part == [0x2e, 0x2e] { throw bad("leads upwards ('..')") }
            if part.count > 255 { throw bad("has a part of more than 255 bytes") }
        }
        if depth > limits.depth { throw bad("is deeper than \(limits.depth) folders") }
        return path.count == raw.count ? text : String(decoding: path, as: UTF8.self)
    }

    /// Checks the target of a symbolic link, which is kept as text and never followed here.
    ///
    /// Absolute targets are normal in Debian packages. A relative target that leads above the archive's root is refused: no
    /// valid package needs it, and it would point elsewhere once the tree is overlaid on another root.
    static func checkTarget(_ raw: [UInt8], of path: String) throws(ArchiveError) -> String {
        func bad(_ reason: String) -> ArchiveError {
            .refused(path: path, reason: "its target '\(printable(raw))' \(reason); correct the link in the package")
        }
        guard !raw.isEmpty else { throw bad("is empty") }
        guard raw.count < 4096 else { throw bad("has more than 4095 bytes") }
        let text = try checkedText(raw) { bad($0) }
        guard raw[0] != 0x2f else { return text }
        var level = path.utf8.count { $0 == 0x2f }
        for part in raw.split(separator: 0x2f) {
            if part == [0x2e, 0x2e] { level -= 1 } else if part != [0x2e] { level += 1 }
            if level < 0 { throw bad("leads out of the package") }
        }
        return text
    }

    private static func checkedText(
        _ raw: [UInt8], _ error: (String) -> ArchiveError
    ) throws(ArchiveError) -> String {
        if raw.contains(where: { $0 < 0x20 || $0 == 0x7f }) { throw error("has a control character") }
        guard let text = String(validating: raw, as: UTF8.self) else { throw error("is not UTF-8") }
        // To the kernel it is a '/' nevertheless, and to those who split the text at it, it is none.
        if raw.contains(where: { $0 >= 0x80 }), text.count(where: { $0 == "/" }) != raw.count(where: { $0 == 0x2f }) {
            throw error("has a combining character after a '/'")
        }
        // C1 controls, and characters that reorder or hide text on a terminal.
        let hidden = text.unicodeScalars.contains {
            switch $0.value {
            case 0x80...0x9f, 0x200b...0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
            default: false
            }
        }
        if hidden { throw error("has a control character") }
        return text
    }

    /// A hostile name made safe for a message: at most 200 bytes, everything but printable ASCII as `\xNN`.
    static func printable(_ raw: [UInt8]) -> String {
        var text = ""
        for byte in raw.prefix(200) {
            if byte >= 0x20, byte < 0x7f, byte != 0x5c {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "\\x" + byte.hexadecimal
            }
        }
        return raw.count > 200 ? text + "…" : text
    }
}
