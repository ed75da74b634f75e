/// Reads a call of `dpkg-maintscript-helper(1)` from a line of a maintainer script.
enum MaintscriptHelper {
    enum Call: Hashable {
        case migration(Migration)
        /// A call without effect: it asks whether dpkg supports something, or is about another package's file.
        case idle
        /// It is a call, but its arguments are not understood.
        case unclear(String)
    }

    private static let program = "dpkg-maintscript-helper"

    /// Whether a call begins with this line.
    static func begins(_ line: String) -> Bool { line.hasPrefix("\(program) ") || isQuestion(line) }

    /// - Parameters:
    ///   - line: without blanks around it.
    ///   - package: the name of the package whose script it is.
    /// - Returns: nil for a line that is something else.
    static func call(in line: String, package: String) -> Call? {
        if isQuestion(line) { return .idle }
        guard line.hasPrefix("\(program) ") else { return nil }
        guard let words = words(line) else { return .unclear("its arguments are not plain words") }
        guard let end = words.firstIndex(of: "--"), end >= 2 else { return .unclear("it has no '--'") }
        // Nothing but the script's own arguments may follow: no second command.
        guard words[(end + 1)...].allSatisfy({ $0 == "$@" }) else { return .unclear("more than \"$@\" follows '--'") }
        guard let kind = Migration.Kind(rawValue: words[1]), kind != .removeOnUpgrade else {
            return .unclear("'\(words[1])' is not known")
        }
        return migration(kind, Array(words[2..<end]), package)
    }

    /// `if dpkg-maintscript-helper supports rm_conffile 2>/dev/null; then`.
    private static func isQuestion(_ line: String) -> Bool {
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count >= 4, words[0] == "if", words[1] == program, words[2] == "supports" else { return false }
        let rest = words[3...].joined(separator: " ")
        guard let kind = Migration.Kind.allCases.first(where: { rest.hasPrefix($0.rawValue) }) else { return false }
        let ends = ["", ";", ";then", "2>/dev/null;then", ">/dev/null2>&1;then", "2>/dev/null"]
        return ends.contains(rest.dropFirst(kind.rawValue.count).filter { $0 != " " })
    }

    private static func migration(_ kind: Migration.Kind, _ words: [String], _ package: String) -> Call {
        let paths = kind == .removeConffile ? 1 : 2
        guard words.count >= paths, words.count <= paths + 2 else {
            return .unclear("\(kind.rawValue) has \(words.count) arguments")
        }
        var path = words[0]
        if kind == .folderToLink, path.count > 1, path.hasSuffix("/") { path.removeLast() }
        for path in [path] + (kind == .moveConffile ? [words[1]] : []) where Place(path) == nil || path.count < 2 {
            return .unclear("'\(path)' is no absolute path without '..'")
        }
        let version = words.count > paths ? words[paths] : ""
        guard version.isEmpty || DebianVersion(version) != nil else { return .unclear("'\(version)' is no version") }
        if words.count > paths + 1, !words[paths + 1].isEmpty, words[paths + 1].prefix(while: { $0 != ":" }) != package
        {
            return .idle
        }
        return .migration(Migration(kind, path, paths == 2 ? words[1] : "", lastVersion: version))
    }

    /// The words of a simple command, as a shell splits it; nil if it is more than that.
    private static func words(_ line: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in line {
            if isEscaped {
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "\"" || character == "'" {
                (quote, word) = (character, word ?? "")
            } else if character.isWhitespace {
                if let done = word { words.append(done) }
                word = nil
            } else if ";|&<>()`#*?[{$".contains(character) {
                return nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil, !isEscaped else { return nil }
        if let word { words.append(word) }
        // A variable has no value here; the arguments of the script come after "--".
        let isPlain = words.prefix { $0 != "--" }.allSatisfy { !$0.contains("$") && !$0.contains("`") }
        return isPlain ? words : nil
    }
}
