import Glibc
import Linux

/// The packages whose units see a package: by their relations, or by their drop-ins, which name its folder.
///
/// Both count: since a drop-in was written, apt may have installed what the package was needed for.
struct Neighbours: Sendable {
    let store: Store
    let package: String

    /// Those in place, by name.
    ///
    /// - Parameter packages: with the release of the package that is meant.
    func find(_ packages: PackagesInPlace) throws -> [PackagesInPlace.Package] {
        let related = Set(try packages.seeing(package).map(\.name))
        return try packages.packages.filter { other in
            try other.name != package && (related.contains(other.name) || names(other))
        }
    }

    /// Whether a drop-in of another package names this one's folder.
    private func names(_ other: PackagesInPlace.Package) throws -> Bool {
        guard let unit = other.record.units.first else { return false }
        let path = "\(store.paths.attachedUnits)/\(unit.name).d/\(Attachment.dropIn)"
        guard let bytes = try Files.readIfPresent(path, limit: Attachment.unitLimit) else { return false }
        return String(decoding: bytes, as: UTF8.self).holds(store.folder(of: package) + "/")
    }

    /// Has their drop-ins name the releases that are meant.
    ///
    /// - Parameter packages: as they are to be, with or without this one.
    func attach(_ packages: PackagesInPlace) throws {
        for other in try find(packages) {
            let attachment = Attachment(
                store: store, release: other.release, record: other.record, among: packages)
            // A damaged one is not made worse.
            guard try attachment.isWhole() else { continue }
            try attachment.attach(replacing: [], passage: store.passage)
        }
    }
}
