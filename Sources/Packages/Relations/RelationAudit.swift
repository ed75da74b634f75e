/// Checks a package's relations against the packages on the host.
public struct RelationAudit: Sendable {
    /// All packages that may satisfy a relation or conflict. Another version of the package itself does neither.
    public var known: [KnownPackage]
    /// The architecture of relations without a qualifier.
    public var architecture: String
    /// Packages of the store that are asked before others that provide the same name.
    public var preferred: Set<String> = []

    public init(known: [KnownPackage], architecture: String = Architecture.native) {
        self.known = known
        self.architecture = architecture
    }

    /// The relations that are not met, the conflicts, and the warnings.
    public func findings(for control: PackageControl) -> FindingList {
        var findings = FindingList()
        if control.architecture != "all" && control.architecture != architecture {
            findings.add(
                Finding(
                    .refused, .architecture, "control",
                    "the package is for \(control.architecture), but this host is \(architecture); deliver the package for \(architecture)"
                ))
        }
        if control.isEssential {
            findings.add(
                Finding(
                    .refused, .unsupported, "control", "an essential package belongs to the host; install it with apt"))
        }
        if let host = known.first(where: { $0.name == control.name && $0.source == .dpkg }) {
            findings.add(
                Finding(
                    .refused, .conflict, "control",
                    "dpkg has installed \(control.name) \(host.version) on this host; remove it first "
                        + "(apt-get remove \(control.name))"))
        }
        for problem in problems(of: control) {
            let remedy = problem.kind == .relation ? "install it with apt first" : "remove it first"
            findings.add(Finding(.refused, problem.kind, "control", "\(problem.text); \(remedy)"))
        }
        return findings
    }

    /// A relation that does not hold.
    public struct Problem: Hashable, Sendable {
        /// `relation` for a dependency that is not met, `conflict` for a package that must not be there.
        public var kind: Finding.Kind
        /// `Depends: foo (>= 2)`.
        public var relation: String
        /// With what was found instead.
        public var text: String
    }

    /// What of a package's relations does not hold: unmet dependencies, and conflicts.
    public func problems(of control: PackageControl) -> [Problem] { unmet(of: control) + conflicts(of: control) }

    /// The packages of the store that meet dependencies which dpkg's packages do not meet. A version that does not fit is needed
    /// all the same: it is better than none, while packages are exchanged one after the other.
    public func needed(by control: PackageControl) -> [String] {
        var names: [String] = []
        for (_, dependency) in dependencies(of: control) {
            let name: String? =
                switch answer(to: dependency, of: control) {
                case .host: nil
                case .store(let name): name
                case .nobody: misfit(for: dependency)
                }
            if let name, name != control.name, !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// A package of the store that a dependency names, in another version.
    private func misfit(for dependency: Dependency) -> String? {
        dependency.alternatives.lazy.compactMap { relation in
            best(
                known.filter { package in
                    package.source == .store
                        && (package.name == relation.name || package.provides.contains { $0.name == relation.name })
                }, for: dependency)
        }.first
    }

    /// Of packages of the store that a dependency may mean, the one with the name that it has; then one that is preferred. Any package
    /// may say that it provides a name.
    private func best(_ packages: [KnownPackage], for dependency: Dependency) -> String? {
        let names = dependency.alternatives.map(\.name)
        let named = names.lazy.compactMap { name in packages.first { $0.name == name } }.first
        return (named ?? packages.first { preferred.contains($0.name) } ?? packages.first)?.name
    }

    private func conflicts(of control: PackageControl) -> [Problem] {
        let others = known.filter { $0.name != control.name }
        return [("Conflicts", control.conflicts), ("Breaks", control.breaks)].flatMap { field, relations in
            relations.compactMap { relation in
                others.first { $0.satisfies(relation, architecture: $0.architecture) }.map {
                    Problem(
                        kind: .conflict, relation: "\(field): \(relation)",
                        text: "\(field): \(relation): \($0.name) \($0.version) is installed")
                }
            }
        }
    }

    private func unmet(of control: PackageControl) -> [Problem] {
        dependencies(of: control).compactMap { field, dependency in
            guard case .nobody(let found) = answer(to: dependency, of: control) else { return nil }
            let relation = "\(field): \(dependency)"
            return Problem(kind: .relation, relation: relation, text: "\(relation) is not met (\(found))")
        }
    }

    private func dependencies(of control: PackageControl) -> [(field: String, Dependency)] {
        control.preDepends.map { ("Pre-Depends", $0) } + control.depends.map { ("Depends", $0) }
    }

    /// Who meets a dependency.
    private enum Answer {
        case host
        /// The package of the store.
        case store(String)
        /// Nobody; the text says what was found instead.
        case nobody(String)
    }

    private func answer(to dependency: Dependency, of control: PackageControl) -> Answer {
        // Like dpkg, accept the package's own name, but not names that it provides itself.
        if dependency.alternatives.contains(where: { $0.name == control.name }) { return .host }
        let others = known.filter { $0.name != control.name }
        var stored: [KnownPackage] = []
        for relation in dependency.alternatives {
            for package in others where package.satisfies(relation, architecture: architecture) {
                if package.source == .dpkg { return .host }
                stored.append(package)
            }
        }
        if let name = best(stored, for: dependency) { return .store(name) }
        let present = dependency.alternatives.compactMap { relation in others.first { $0.name == relation.name } }
        return .nobody(
            present.isEmpty
                ? "not installed" : "found " + present.map { "\($0.name) \($0.version)" }.joined(separator: ", "))
    }
}
