import Linux

/// The packages whose units see a package, in whichever of its releases: their drop-ins name its folder.
struct Neighbours: Sendable {
    let store: Store
    let package: String

    /// Those in place, by name.
    func find() throws -> [PackagesInPlace.Package] {
        var found: [String: PackagesInPlace.Package] = [:]
        // With one release it may depend on what it does not depend on with another.
        for release in try store.releases(of: package) + [""] {
            for other in try PackagesInPlace(store, with: package, at: release).seeing(package) {
                found[other.name] = other
            }
        }
        return found.values.sorted { $0.name < $1.name }
    }

    /// Has their drop-ins name a release; an empty one: the package is gone.
    func attach(seeing release: String, passage: Passage) throws {
        for other in try find() {
            let attachment = Attachment(
                store: store, release: other.release, record: other.record, beside: (package, release))
            // A damaged one is not made worse.
            guard try attachment.isWhole() else { continue }
            try attachment.attach(replacing: [], passage: passage)
        }
    }
}
