/// A package with a condition on its version: `libc6 (>= 2.34)`, `python3:any`.
public struct Relation: Hashable, Sendable, CustomStringConvertible {
    public enum Comparison: String, Sendable, CaseIterable {
        case earlier = "<<"
        case earlierOrEqual = "<="
        case equal = "="
        case laterOrEqual = ">="
        case later = ">>"

        /// Whether the comparison of `version` with `limit` holds.
        func holds(_ version: DebianVersion, _ limit: DebianVersion) -> Bool {
            switch self {
            case .earlier: version < limit
            case .earlierOrEqual: version <= limit
            case .equal: version == limit
            case .laterOrEqual: version >= limit
            case .later: version > limit
            }
        }
    }

    public struct Condition: Hashable, Sendable {
        public let comparison: Comparison
        public let version: DebianVersion
    }

    public let name: String
    /// `any`, `native`, or an architecture; empty if there is none.
    public let qualifier: String
    public let condition: Condition?

    public var description: String {
        let qualified = qualifier.isEmpty ? name : "\(name):\(qualifier)"
        return condition.map { "\(qualified) (\($0.comparison.rawValue) \($0.version))" } ?? qualified
    }

    /// Parses one relation; returns nil if its `[architectures]` exclude this host.
    static func parse(_ text: Substring, architecture: String) throws(RelationError) -> Relation? {
        func refused(_ what: String) -> RelationError { RelationError(text: "'\(text)': \(what)") }
        var rest = Substring(text)
        func cut(_ open: Character, _ close: Character) throws(RelationError) -> Substring? {
            guard let start = rest.firstIndex(of: open) else { return nil }
            guard let end = rest[start...].firstIndex(of: close) else { throw refused("'\(open)' without '\(close)'") }
            let inner = rest[rest.index(after: start)..<end]
            rest = rest[..<start] + " " + rest[rest.index(after: end)...]
            return inner
        }
        let condition = try cut("(", ")").map { inner throws(RelationError) in
            let operation = inner.drop(while: \.isWhitespace).prefix { "<>=".contains($0) }
            let version = String(inner.drop(while: \.isWhitespace).dropFirst(operation.count)).trimmedBlanks
            // < and > are dpkg's old spellings of <= and >=.
            let name = operation == "<" ? "<=" : operation == ">" ? ">=" : String(operation)
            guard let comparison = Comparison(rawValue: name) else { throw refused("expected one of << <= = >= >>") }
            guard let version = DebianVersion(version) else { throw refused("'\(version)' is not a version") }
            return Condition(comparison: comparison, version: version)
        }
        var applies = true
        if let inner = try cut("[", "]") {
            let words = inner.split(whereSeparator: \.isWhitespace).map(String.init)
            let negated = words.first?.first == "!"
            guard !words.isEmpty, words.allSatisfy({ ($0.first == "!") == negated }) else {
                throw refused("negate all architectures of the list or none")
            }
            let named = words.contains { Architecture.matches($0.filter { $0 != "!" }, architecture) }
            applies = named != negated
        }
        // Build profiles (<!nocheck>) have no meaning in a binary package; dpkg refuses them too.
        let words = rest.split(whereSeparator: \.isWhitespace)
        guard words.count == 1, let word = words.first else { throw refused("expected one package name") }
        let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, PackageControl.isPackageName(name) else {
            throw refused("that is not a package name")
        }
        let qualifier = parts.count == 2 ? String(parts[1]) : ""
        guard parts.count == 1 || (!qualifier.isEmpty && qualifier.utf8.allSatisfy { $0 != UInt8(ascii: ":") }) else {
            throw refused("that is not an architecture")
        }
        return applies ? Relation(name: String(name), qualifier: qualifier, condition: condition) : nil
    }
}

/// Alternative relations, of which one must be met: `default-mta | mail-transport-agent`.
public struct Dependency: Hashable, Sendable, CustomStringConvertible {
    /// Never empty.
    public let alternatives: [Relation]

    public var description: String { alternatives.map(\.description).joined(separator: " | ") }

    /// Parses a field: commas separate groups, bars separate alternatives. Relations for other architectures are left out.
    public static func parse(
        _ text: String, architecture: String = Architecture.native
    ) throws(RelationError) -> [Dependency] {
        var dependencies: [Dependency] = []
        for group in text.split(separator: ",") where !group.allSatisfy(\.isWhitespace) {
            guard dependencies.count < 4096 else { throw RelationError(text: "the field has more than 4096 relations") }
            var alternatives: [Relation] = []
            for part in group.split(separator: "|", omittingEmptySubsequences: false) {
                if let relation = try Relation.parse(part, architecture: architecture) { alternatives.append(relation) }
            }
            if !alternatives.isEmpty { dependencies.append(Dependency(alternatives: alternatives)) }
        }
        return dependencies
    }
}

/// Why a relation is invalid.
public struct RelationError: Error, Hashable, Sendable {
    public let text: String
}
