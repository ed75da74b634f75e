/// An absolute path, taken apart by bytes: a `/` that a combining character follows is still a separator to the kernel.
struct Place: Hashable, Sendable {
    let names: [String]

    /// Empty parts and `.` are left out, and other names of the same folder replaced. nil for a relative path and for `..`.
    init?(_ path: String) {
        guard path.utf8.first == 0x2F else { return nil }
        var names: [String] = []
        for part in path.utf8.split(separator: 0x2F) {
            let name = String(Substring(part))
            if name == ".." { return nil }
            if name != "." { names.append(name) }
        }
        self.init(names: Self.canonical(names))
    }

    init(names: [String]) { self.names = names }

    /// Links that every Debian has.
    private static func canonical(_ names: [String]) -> [String] {
        switch names.first {
        case "usr", "etc", "opt": names
        case "var" where names.count > 1 && names[1] == "run": ["run"] + names.dropFirst(2)
        case "var" where names.count > 1 && names[1] == "lock": ["run", "lock"] + names.dropFirst(2)
        case "bin", "sbin", "lib", "lib32", "lib64", "libx32": ["usr"] + names
        default: names
        }
    }

    /// Whether the path has no empty part and no `.`, so that it is compared as it is.
    static func isNormal(_ path: String) -> Bool {
        path.utf8.first == 0x2F
            && path.utf8.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: false).allSatisfy {
                !$0.isEmpty && String(Substring($0)) != "."
            }
    }

    func appending(_ name: String) -> Place { Place(names: names + [name]) }

    /// Whether `tmpfiles.d(5)` takes every name as it is: it expands `%` and splits at blanks.
    var isPlain: Bool {
        names.reduce(0) { $0 + $1.utf8.count + 1 } < 1024
            && names.allSatisfy { name in
                name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"%\\\"'#".utf8.contains($0) }
            }
    }
}

/// A pattern of `glob(7)`, or a path with specifiers, in a line of `tmpfiles.d(5)`.
struct GlobbedPlace: Sendable {
    /// The names before the first one that is not fixed.
    let folder: Place
    /// The fixed start of that name.
    let start: String

    /// nil for a path that stands for itself.
    init?(_ place: Place) {
        let open = "*?[{%\\".utf8
        guard let index = place.names.firstIndex(where: { $0.utf8.contains(where: open.contains) }) else { return nil }
        folder = Place(names: Array(place.names[..<index]))
        start = String(Substring(place.names[index].utf8.prefix { !open.contains($0) }))
    }
}

/// A pattern of the table: `/etc/init.d/` is the folder and everything below it, `/etc/fstab` is one path. A `*` stands for any
/// characters of a name.
struct PlacePattern: Hashable, Sendable {
    let text: String
    let names: [String]
    /// It is a folder, and stands for everything below it as well.
    let coversBelow: Bool

    init(_ text: String) {
        self.text = text
        names = text.split(separator: "/").map(String.init)
        coversBelow = text.hasSuffix("/")
    }

    enum Relation { case itself, below, above, none }

    /// Where the place is, seen from the pattern: `above` when something below the place can match.
    func relation(to place: Place) -> Relation {
        guard zip(names, place.names).allSatisfy({ Self.matches($0, $1) }) else { return .none }
        if place.names.count < names.count { return .above }
        if place.names.count == names.count { return .itself }
        return coversBelow ? .below : .none
    }

    private static func matches(_ pattern: String, _ name: String) -> Bool {
        guard let star = pattern.utf8.firstIndex(of: 0x2A) else { return pattern == name }
        let (start, end) = (pattern.utf8[..<star], pattern.utf8[pattern.utf8.index(after: star)...])
        return name.utf8.count >= start.count + end.count && name.utf8.starts(with: start)
            && name.utf8.suffix(end.count).elementsEqual(end)
    }
}
