extension PlaceTable {
    /// A pattern and its row.
    struct Row: Sendable {
        let pattern: PlacePattern
        let rule: PlaceRule
    }

    /// The rows in order: the first that covers a place decides.
    static let rules = configuration + data + release

    private static let all = rules.flatMap { rule in rule.patterns.map { Row(pattern: $0, rule: rule) } }

    /// The rows by the first two names of their patterns. A `*` in one of the two is rare: those rows are in every list.
    private static let index: [String: [Row]] = {
        let keys = Set(all.compactMap { key($0.pattern.names) })
        return Dictionary(
            uniqueKeysWithValues: keys.map { key in
                (key, all.filter { Self.key($0.pattern.names).map { $0 == key } ?? true })
            })
    }()
    private static let unindexed = all.filter { key($0.pattern.names) == nil }

    /// nil for a pattern that is shorter, or not fixed there.
    private static func key(_ names: [String]) -> String? {
        guard names.count >= 2, !names[0].contains("*"), !names[1].contains("*") else { return nil }
        return "\(names[0])/\(names[1])"
    }

    /// The rows that can have to do with a place.
    static func rows(for place: Place) -> [Row] {
        guard place.names.count >= 2 else { return all }
        return index["\(place.names[0])/\(place.names[1])"] ?? unindexed
    }

    /// Whether a row's name begins like the pattern's.
    static func rows(startingWith pattern: GlobbedPlace) -> Bool {
        let depth = pattern.folder.names.count
        return all.contains { row in
            row.pattern.names.count > depth && row.pattern.relation(to: pattern.folder) == .above
                && row.pattern.names[depth].utf8.starts(with: pattern.start.utf8)
        }
    }
}
