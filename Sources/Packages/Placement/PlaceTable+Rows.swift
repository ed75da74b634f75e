extension PlaceTable {
    /// A pattern and its row.
    struct Row: Sendable {
        let pattern: PlacePattern
        let rule: PlaceRule
    }

    /// The rows in order: the first that covers a place decides.
    static let rules = configuration + data + release

    private static let all = rules.flatMap { rule in rule.patterns.map { Row(pattern: $0, rule: rule) } }

    /// The rows by the first two names of their patterns, and by the first alone for all other second names.
    private static let index: [String: [Row]] = {
        var index: [String: [Row]] = [:]
        for first in Set(all.map { $0.pattern.names[0] }) {
            let rows = all.filter { $0.pattern.names[0] == first }
            index[first] = rows.filter { second($0) == nil }
            for name in Set(rows.compactMap(second)) {
                index["\(first)/\(name)"] = rows.filter { second($0) ?? name == name }
            }
        }
        return index
    }()

    /// The second name of a row's pattern; nil when there is none, or it is not fixed.
    private static func second(_ row: Row) -> String? {
        row.pattern.names.dropFirst().first.flatMap { $0.contains("*") ? nil : $0 }
    }

    /// The rows that can have to do with a place.
    static func rows(for place: Place) -> [Row] {
        guard place.names.count >= 2 else { return all }
        return index["\(place.names[0])/\(place.names[1])"] ?? index[place.names[0]] ?? []
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
