import Glibc

/// Folders of the host in which others than root may write, and whom it is that may. What is in them may be exchanged for a link at
/// any moment.
struct WritableFolders: Sendable {
    /// Paths or patterns of `fnmatch(3)`.
    private var users: [String: String] = [:]

    /// - Parameters:
    ///   - folder: absolute; names may have wildcards.
    ///   - user: whoever may write in it, for people.
    mutating func add(_ folder: String, of user: String) { users[folder] = user }

    mutating func formUnion(_ other: WritableFolders) { users.merge(other.users) { first, _ in first } }

    /// A folder above a path or pattern, at least so many names above; nil if only root may write in all of them.
    func above(_ path: String, by depth: Int) -> (folder: String, user: String)? {
        let names = path.split(separator: "/").map(String.init)
        for (folder, user) in users.sorted(by: { $0.key < $1.key }) {
            let above = folder.split(separator: "/").map(String.init)
            guard names.count >= above.count + depth, zip(names, above).allSatisfy(Self.meet) else { continue }
            return (folder, user)
        }
        return nil
    }

    /// Whether two names, or patterns for names, can be the same.
    private static func meet(_ name: String, _ other: String) -> Bool {
        switch (hasWildcard(name), hasWildcard(other)) {
        case (false, false): return name == other
        case (true, false): return fnmatch(name, other, 0) == 0
        case (false, true): return fnmatch(other, name, 0) == 0
        case (true, true):
            let (start, otherStart) = (fixed(name), fixed(other))
            return start.hasPrefix(otherStart) || otherStart.hasPrefix(start)
        }
    }

    private static func fixed(_ name: String) -> Substring { name.prefix { !"*?[".contains($0) } }
    private static func hasWildcard(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

    /// A text of a unit's setting as a pattern: what the instance or the host decides is any text.
    static func pattern(_ text: String, _ unit: UnitFile) -> String {
        var pattern = ""
        var characters = text.makeIterator()
        while let character = characters.next() {
            guard character == "%" else {
                pattern.append(character)
                continue
            }
            let specifier = "%" + (characters.next().map(String.init) ?? "")
            pattern += unit.expanded(specifier) ?? "*"
        }
        return pattern
    }
}
