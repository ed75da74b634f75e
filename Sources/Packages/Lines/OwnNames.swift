/// The names by which a package may call what it has on the host: its own, those of its users and of its units.
struct OwnNames: Sendable {
    private let package: String
    private let names: Set<String>

    init(of package: String, _ others: some Sequence<String> = []) {
        self.package = package
        // A name of one letter would match too much.
        names = Set(([package] + others).filter { $0.utf8.count > 1 })
    }

    /// Whether a name is one of these, or longer or shorter by a part: `foo-data`, `foo.sock` and `foo` for `foo-server`.
    func match(_ name: String) -> Bool {
        names.contains { own in
            name == own || Self.begins(name, with: own) || name.utf8.count > 2 && Self.begins(own, with: name)
        }
    }

    /// Whether all that a glob can match begins with the package's own name and a `-` or `.`: users and units are called as the
    /// package likes, and `ngin*` is nginx, too.
    func match(glob name: String) -> Bool {
        let plain = String(name.prefix { !"*?[".contains($0) })
        if plain == name { return match(name) }
        return package.utf8.count > 1 && ["-", "."].contains { plain.hasPrefix(package + $0) }
    }

    /// As `match`, of what comes before the first wildcard of a glob that only keeps something from being removed.
    func match(exempt name: String) -> Bool {
        let plain = String(name.prefix { !"*?[".contains($0) })
        if plain == name { return match(name) }
        return names.contains { plain == $0 || Self.begins(plain, with: $0) }
    }

    private static func begins(_ name: String, with own: String) -> Bool {
        guard name.hasPrefix(own), let next = name.dropFirst(own.count).first else { return false }
        return "-_.@+:".contains(next) || next.isNumber
    }
}
