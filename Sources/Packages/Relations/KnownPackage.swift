/// A package on the host, installed by dpkg or by Gatekeel.
public struct KnownPackage: Hashable, Sendable {
    public enum Source: Hashable, Sendable {
        /// Installed by dpkg.
        case dpkg
        /// Installed by Gatekeel: its own units see its files, and those of packages that depend on it.
        case store
    }

    /// `Multi-Arch` of `deb-control(5)`.
    public enum MultiArch: String, Sendable { case no, same, foreign, allowed }

    public var name: String
    public var version: DebianVersion
    public var architecture: String
    public var multiArch: MultiArch
    public var provides: [Relation]
    public var source: Source

    public init(
        name: String, version: DebianVersion, architecture: String, multiArch: MultiArch = .no,
        provides: [Relation] = [], source: Source
    ) {
        self.name = name
        self.version = version
        self.architecture = architecture
        self.multiArch = multiArch
        self.provides = provides
        self.source = source
    }

    /// Makes a package of the store from its record; returns nil if the record has no valid version.
    ///
    /// - Parameter provides: the field as in the control file.
    public init?(stored name: String, version: String, provides: String) {
        guard let version = DebianVersion(version) else { return nil }
        let relations = (try? Dependency.parse(provides))?.flatMap(\.alternatives) ?? []
        self.init(
            name: name, version: version, architecture: Architecture.native, provides: relations, source: .store)
    }

    /// Whether this package satisfies a relation, by its own name or by one that it provides.
    func satisfies(_ relation: Relation, architecture: String) -> Bool {
        guard fits(relation.qualifier, architecture: architecture) else { return false }
        if name == relation.name, relation.condition.map({ $0.comparison.holds(version, $0.version) }) ?? true {
            return true
        }
        return provides.contains { provided in
            guard provided.name == relation.name else { return false }
            guard let condition = relation.condition else { return true }
            // Only a versioned Provides (= 1.2) can meet a condition on the version.
            guard let own = provided.condition, own.comparison == .equal else { return false }
            return condition.comparison.holds(own.version, condition.version)
        }
    }

    private func fits(_ qualifier: String, architecture wanted: String) -> Bool {
        let isNative = architecture == "all" || architecture == wanted
        switch qualifier {
        case "": return isNative || multiArch == .foreign
        case "any": return multiArch == .allowed
        case "native": return isNative
        default: return architecture == qualifier || (architecture == "all" && qualifier == wanted)
        }
    }
}
