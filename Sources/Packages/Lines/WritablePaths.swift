import Glibc

/// Folders of the host in which others than root may write, and files that they may, with whom it is that may. What is in such a
/// folder may be exchanged for a link at any moment.
struct WritablePaths: Sendable {
    /// Paths or patterns of `fnmatch(3)`.
    private var folders = ofEverybody
    private var files: [String: String] = [:]

    /// Where every user of the host has names. A unit's own `PrivateTmp=` changes nothing: systemd opens files before the unit has it.
    private static let ofEverybody = [
        "/tmp": "everybody", "/var/tmp": "everybody", "/run/lock": "everybody", "/dev/shm": "everybody",
        "/var/crash": "everybody", "/var/mail": "everybody", "/home": "the host's users",
        "/run/user": "the host's users",
    ]

    /// - Parameters:
    ///   - folder: absolute; names may have wildcards.
    ///   - user: whoever may write in it, for people.
    mutating func add(_ folder: String, of user: String) { folders[folder] = user }

    /// As `add(_:of:)`, of a file. Nobody can put a link in its place by that.
    mutating func add(file: String, of user: String) { files[file] = user }

    mutating func formUnion(_ other: WritablePaths) {
        folders.merge(other.folders) { first, _ in first }
        files.merge(other.files) { first, _ in first }
    }

    /// Who else than root may write what has this owner, group and mode, for people; nil if nobody.
    static func user(owner: String, group: String, mode: UInt32) -> String? {
        if !["root", "0"].contains(owner) { return "'\(owner)'" }
        if mode & 0o002 != 0 { return "everybody" }
        return mode & 0o020 != 0 && !["root", "0"].contains(group) ? "the group '\(group)'" : nil
    }

    /// A folder above a path or pattern, at least so many names above; nil if only root may write in all of them.
    func above(_ path: String, by depth: Int) -> (folder: String, user: String)? {
        Self.first(of: folders, Self.names(path)) { $0.count >= $1.count + depth }
    }

    /// A file that has this path or pattern.
    func file(_ path: String) -> (file: String, user: String)? {
        Self.first(of: files, Self.names(path)) { $0.count == $1.count }
    }

    /// A folder below a path or pattern.
    func below(_ path: String) -> (folder: String, user: String)? {
        Self.first(of: folders, Self.names(path)) { $0.count < $1.count }
    }

    /// The folders and files below a folder, each with whoever may write it.
    func all(below folder: String) -> [(path: String, user: String)] {
        folders.merging(files) { first, _ in first }.filter { $0.key.hasPrefix(folder + "/") }
            .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The first path whose names meet the others as far as both go.
    private static func first(
        of paths: [String: String], _ names: [String], where hasDepth: ([String], [String]) -> Bool
    ) -> (String, String)? {
        for (path, user) in paths.sorted(by: { $0.key < $1.key }) {
            let others = Self.names(path)
            if hasDepth(names, others), zip(names, others).allSatisfy(Self.meet) { return (path, user) }
        }
        return nil
    }

    private static func names(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }

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
