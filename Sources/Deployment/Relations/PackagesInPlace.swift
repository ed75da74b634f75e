import Linux
import Packages

/// The packages of the store that are in place, as a deployment leaves or finds them, and what they are to each other.
///
/// Not to be kept: it is read from the store once.
final class PackagesInPlace {
    struct Package {
        var name: String
        /// The release's folder name.
        var release: String
        var record: ReleaseRecord
        /// Its relations; nil if what was recorded is not understood, which then says nothing.
        var control: PackageControl?
    }

    private let store: Store
    /// Sorted by name.
    let packages: [Package]
    /// Packages whose records cannot be read, and why.
    private let unreadable: [String: any Error]
    private let dpkg: DpkgPackages

    /// dpkg's database is large: it is read when it is needed, and once.
    private final class DpkgPackages {
        var known: [KnownPackage]?
    }

    /// - Parameters:
    ///   - package: of which another release than `current` is meant.
    ///   - release: that release; empty for none.
    /// - Throws: when the store cannot be listed.
    init(_ store: Store, with package: String = "", at release: String = "") throws {
        self.store = store
        dpkg = DpkgPackages()
        var (found, unreadable): ([Package], [String: any Error]) = ([], [:])
        for name in try store.packageNames().sorted() {
            do {
                let current = try name == package ? release : store.release(.current, of: name) ?? ""
                guard !current.isEmpty, try Files.exists(store.folder(of: name, release: current)) else { continue }
                found.append(Package(try store.record(of: name, release: current), release: current))
            } catch {
                // It matters to those alone that need it.
                unreadable[name] = error
            }
        }
        (packages, self.unreadable) = (found, unreadable)
    }

    private init(_ other: PackagesInPlace, _ packages: [Package]) {
        (store, unreadable, dpkg) = (other.store, other.unreadable, other.dpkg)
        self.packages = packages
    }

    /// The same with another record of a package, which may not be in the store yet; without one the package is not there.
    func replacing(_ name: String, by record: ReleaseRecord?) -> PackagesInPlace {
        let others = packages.filter { $0.name != name }
        return PackagesInPlace(self, others + [record.map { Package($0, release: "") }].compactMap(\.self))
    }

    // MARK: Relations

    /// What the packages of the host and of the store say of a package's relations.
    func relations() throws -> RelationAudit {
        let ofDpkg = try dpkg.known ?? DpkgStatus.read(store.paths.dpkgStatus)
        dpkg.known = ofDpkg
        return RelationAudit(known: ofDpkg + packages.compactMap(\.known))
    }

    /// The packages that the units of one see besides their own: those that it depends on and that the host does not have, and
    /// what these depend on.
    ///
    /// Debian also splits a program from its unit: `nginx` has the program and depends on `nginx-common`, which has the unit.
    /// So the units of a package see those, too, that depend on it and are of the same source and signer.
    func seen(by name: String, _ record: ReleaseRecord) throws -> [Package] {
        let others = packages.filter { $0.name != name }
        guard !others.isEmpty || !unreadable.isEmpty else { return [] }
        var seen: [Package] = []
        var queue = try needed(by: Package(record, release: ""))
        for other in others where other.record.isOfOneSource(with: record) {
            if try needed(by: other).contains(name) { queue.append(other.name) }
        }
        var index = 0
        while index < queue.count {
            let next = queue[index]
            index += 1
            guard next != name, !seen.contains(where: { $0.name == next }),
                let package = others.first(where: { $0.name == next })
            else { continue }
            seen.append(package)
            queue += try needed(by: package)
        }
        return seen
    }

    /// The packages whose units see a package.
    func seeing(_ name: String) throws -> [Package] {
        try packages.filter { package in
            try package.name != name && seen(by: package.name, package.record).contains { $0.name == name }
        }
    }

    /// The store's packages that meet relations which the host does not meet.
    ///
    /// - Throws: when one of them cannot be read.
    private func needed(by package: Package) throws -> [String] {
        guard let control = package.control else { return [] }
        // dpkg's database is large: it is read only if a package of the store could be meant.
        let names = Set((control.preDepends + control.depends).flatMap(\.alternatives).map(\.name))
        if let (_, error) = unreadable.first(where: { names.contains($0.key) }) { throw error }
        let isMeant = packages.contains { other in
            other.name != package.name
                && (names.contains(other.name) || (other.known?.provides.contains { names.contains($0.name) } ?? false))
        }
        guard isMeant else { return [] }
        var relations = try relations()
        relations.preferred = try seenNow(by: package)
        return relations.needed(by: control)
    }

    /// The packages that the units of one see now, by its drop-ins: a package that comes later takes the place of none of them.
    private func seenNow(by package: Package) throws(Errno) -> Set<String> {
        guard let unit = package.record.units.first else { return [] }
        let path = "\(store.paths.attachedUnits)/\(unit.name).d/\(Attachment.dropIn)"
        guard let bytes = try Files.readIfPresent(path, limit: Attachment.unitLimit) else { return [] }
        let text = String(decoding: bytes, as: UTF8.self)
        return Set(packages.map(\.name).filter { text.holds(store.folder(of: $0) + "/") })
    }
}

extension PackagesInPlace.Package {
    init(_ record: ReleaseRecord, release: String) {
        self.init(
            name: record.name, release: release, record: record,
            control: try? PackageControl(
                name: record.name, version: record.version, architecture: record.architecture,
                relations: record.relations))
    }

    /// As relations see it; nil without a valid version.
    var known: KnownPackage? { KnownPackage(stored: name, version: record.version, provides: record.provides) }
}

extension Store {
    /// The folders that the units of a release overlay: its own, then those of other packages in place.
    func overlay(of record: ReleaseRecord, release: String) throws -> [String] {
        let seen = try PackagesInPlace(self).seen(by: record.name, record)
        return [folder(of: record.name, release: release)] + seen.map { folder(of: $0.name, release: $0.release) }
    }

    /// The releases that rollbacks would bring back, as far as they can be read.
    func previousRecords() throws -> [ReleaseRecord] {
        try packageNames().compactMap { name in
            guard let previous = try? release(.previous, of: name) else { return nil }
            return try? record(of: name, release: previous)
        }
    }
}
