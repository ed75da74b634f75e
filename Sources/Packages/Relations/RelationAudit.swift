/// Checks a package's relations against the packages on the host.
public struct RelationAudit: Sendable {
    /// All packages that may satisfy a relation or conflict. Another version of the package itself does neither.
    public var known: [KnownPackage]
    /// The architecture of relations without a qualifier.
    public var architecture: String

    public init(known: [KnownPackage], architecture: String = Architecture.native) {
        self.known = known
        self.architecture = architecture
    }

    /// The relations that are not met, the conflicts, and the warnings.
    public func findings(for control: PackageControl) -> FindingList {
        let others = known.filter { $0.name != control.name }
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
        for (field, dependencies) in [("Pre-Depends", control.preDepends), ("Depends", control.depends)] {
            for dependency in dependencies {
                if let finding = unmet(dependency, field, by: control, others) { findings.add(finding) }
            }
        }
        for (field, relations) in [("Conflicts", control.conflicts), ("Breaks", control.breaks)] {
            for relation in relations {
                guard let other = others.first(where: { $0.satisfies(relation, architecture: $0.architecture) }) else {
                    continue
                }
                findings.add(
                    Finding(
                        .refused, .conflict, "control",
                        "\(field): \(relation): \(other.name) \(other.version) is installed; remove it first"))
            }
        }
        return findings
    }

    private func unmet(
        _ dependency: Dependency, _ field: String, by control: PackageControl, _ others: [KnownPackage]
    ) -> Finding? {
        // Like dpkg, accept the package's own name, but not names that it provides itself.
        if dependency.alternatives.contains(where: { $0.name == control.name }) { return nil }
        var stored: KnownPackage?
        for relation in dependency.alternatives {
            for package in others where package.satisfies(relation, architecture: architecture) {
                if package.source == .dpkg { return nil }
                stored = package
            }
        }
        if let stored {
            return Finding(
                .warning, .relation, "control",
                "\(field): \(dependency) is met by \(stored.name), which Gatekeel installed; only its own units see its files"
            )
        }
        let present = dependency.alternatives.compactMap { relation in others.first { $0.name == relation.name } }
        let found =
            present.isEmpty
            ? "not installed" : "found " + present.map { "\($0.name) \($0.version)" }.joined(separator: ", ")
        return Finding(
            .refused, .relation, "control", "\(field): \(dependency) is not met (\(found)); install it with apt first")
    }
}
