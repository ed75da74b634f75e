import Packages

/// Packages of the store respect each other, as dpkg's do: no version is put in place and none is removed that another package in
/// place cannot do with.
struct RelationCheck: Sendable {
    let store: Store
    let package: String
    /// What is to be in place; nil: the package is to be removed.
    let record: ReleaseRecord?
    /// The packages that wait. What one of them mends is not broken: it is to be installed next.
    var staged: [ReleaseRecord] = []

    /// - Throws: `unmetRelation` with the relation that would not be met any more.
    func run() throws {
        let before = try PackagesInPlace(store)
        // Read once, so that apt cannot change it in between.
        let after = before.replacing(package, by: record)
        guard before.packages.contains(where: { $0.name != package }) else { return }
        let (old, new) = (try before.relations(), try after.relations())
        for other in after.packages where other.name != package {
            guard let control = other.control else { continue }
            let known = Set(old.problems(of: control).map(\.relation))
            guard
                let problem = new.problems(of: control).first(where: { !known.contains($0.relation) }
                ),
                try !isMended(other.name, after)
            else { continue }
            let what = record.map { "\(package) \($0.version)" } ?? "the removal of \(package)"
            throw DeploymentError(
                .unmetRelation,
                "\(what) would break the package '\(other.name)' (\(problem.text)); update or remove '\(other.name)' first, or deliver the version of it that fits"
            )
        }
        if record == nil { try checkRemoval(before) }
    }

    /// Whether a version of a package waits that fits to what will be in place.
    private func isMended(_ name: String, _ packages: PackagesInPlace) throws -> Bool {
        try staged.contains { next in
            guard next.name == name, let control = PackagesInPlace.Package(next, release: "").control else {
                return false
            }
            return try packages.replacing(name, by: next).relations().problems(of: control).isEmpty
        }
    }

    /// Of a package whose unit's program another one has, the removal of the latter is noticed too.
    private func checkRemoval(_ packages: PackagesInPlace) throws {
        for other in try Neighbours(store: store, package: package).find(packages) {
            guard try store.state(of: other.name).state.isActivated else { continue }
            throw DeploymentError(
                .unmetRelation,
                "the units of '\(other.name)' use files of '\(package)'; deactivate or remove '\(other.name)' first")
        }
    }

    /// What the package itself needs, of the host and of the store: for a release that was installed before.
    func runForward() throws {
        guard let record, let control = PackagesInPlace.Package(record, release: "").control else { return }
        let relations = try PackagesInPlace(store).replacing(package, by: record).relations()
        guard let problem = relations.problems(of: control).first else { return }
        throw DeploymentError(
            .unmetRelation, "\(package) \(record.version) does not fit any more: \(problem.text); correct that first")
    }
}
