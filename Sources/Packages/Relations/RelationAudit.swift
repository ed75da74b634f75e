/// Holds a package's relations against what is on the host.
public struct RelationAudit: Sendable {
    /// All packages that may satisfy or conflict; the package itself in another version does neither.
    public var known: [KnownPackage]
    /// The architecture that relations without a qualifier mean.
    public var architecture: String

    public init(known: [KnownPackage], architecture: String = Architecture.native) {
        self.known = known
        self.architecture = architecture
    }

    /// What is not met, what is in the way, and what deserves a word.
    public func findings(for control: PackageControl) -> [Finding] {
        let others = known.filter { $0.name != control.name }
        var findings: [Finding] = []
        if control.architecture != "all" && control.architecture != architecture {
            findings.append(
                Finding(
                    .refused, .architecture, "control",
                    "the package is for \(control.architecture); this host is \(architecture)"))
        }
        if control.isEssential {
            findings.append(
                Finding(.refused, .unsupported, "control", "an essential package is the host's own; leave it to dpkg"))
        }
        if let host = known.first(where: { $0.name == control.name && $0.source == .dpkg }) {
            findings.append(
                Finding(
                    .refused, .conflict, "control",
                    "dpkg has installed \(control.name) \(host.version) on this host; remove it there first "
                        + "(apt-get remove \(control.name))"))
        }
        for (field, dependencies) in [("Pre-Depends", control.preDepends), ("Depends", control.depends)] {
            for dependency in dependencies {
                if let finding = unmet(dependency, field, by: control, others) { findings.append(finding) }
            }
        }
        for (field, relations) in [("Conflicts", control.conflicts), ("Breaks", control.breaks)] {
            for relation in relations {
                guard let other = others.first(where: { $0.satisfies(relation, architecture: $0.architecture) }) else {
                    continue
                }
                findings.append(
                    Finding(
                        .refused, .conflict, "control",
                        "\(field): \(relation): \(other.name) \(other.version) is installed"))
            }
        }
        return findings
    }

    private func unmet(
        _ dependency: Dependency, _ field: String, by control: PackageControl, _ others: [KnownPackage]
    ) -> Finding? {
        // What the package provides itself is not looked at by dpkg either, save for its own name.
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
                "\(field): \(dependency) is met by \(stored.name) of Gatekeel's store, whose files only its own units see"
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
