import Linux
import Packages

/// Holds the packages that are in place against the host as it is now. Since they were installed, apt may have removed a library
/// that they need, or the configuration of a package that had the same files.
struct HostFit: Sendable {
    /// The conffiles that a release had when it was looked at, by `PACKAGE/RELEASE`.
    typealias Conffiles = [String: Set<String>]

    let store: Store
    /// As the look before found them.
    let before: Conffiles

    /// - Returns: what does not fit, for people, by package; and what conffiles there are, for the next look.
    func look() throws -> (problems: [String: [String]], conffiles: Conffiles) {
        let paths = store.paths
        var releases: [(name: String, folder: String, record: ReleaseRecord)] = []
        for name in try store.packageNames() {
            guard let current = try store.release(.current, of: name) else { continue }
            releases.append((name, current, try store.record(of: name, release: current)))
        }
        guard !releases.isEmpty else { return ([:], [:]) }
        let known =
            try DpkgStatus.read(paths.dpkgStatus)
            + releases.compactMap {
                KnownPackage(stored: $0.name, version: $0.record.version, provides: $0.record.provides)
            }
        let audit = RelationAudit(known: known)
        var units = HostUnits()
        // What is in /etc is an administrator's decision.
        for folder in HostUnits.packagedFolders { try units.add(folder: paths.host(folder)) { _ in false } }
        var (problems, conffiles): ([String: [String]], Conffiles) = ([:], [:])
        for (name, folder, record) in releases {
            var found: [String] = []
            // What was signed and installed once is read again; a record that is not understood says nothing.
            if let control = try? PackageControl(
                name: name, version: record.version, architecture: record.architecture, relations: record.relations)
            {
                found += audit.findings(for: control).findings(.refused).map(\.explanation)
            }
            found += record.units.flatMap { [$0.name] + $0.aliases }.compactMap { UnitName($0) }.compactMap { unit in
                units.clash(with: unit).map {
                    "the unit '\(unit)' takes the place of '\($0.unit)' (\($0.owner)), which the host has got since; remove this package, or the host's that has the unit"
                }
            }
            let key = "\(name)/\(folder)"
            let made = try store.state(of: name).state.made
            let present = Set(
                try record.conffiles.filter { path in try made.contains(path) && paths.has(packaged: path) })
            let lost = (before[key] ?? []).subtracting(present)
            found += lost.sorted().map { path in
                let copy = "\(store.folder(of: name, release: folder))/\(ReleaseTree.conffiles)\(path)"
                return
                    "\(paths.host(path)) is gone; if it was not removed on purpose (apt purges the files of a package that had the same), copy it back from \(copy)"
            }
            conffiles[key] = present.union(lost)
            if !found.isEmpty { problems[name] = found }
        }
        return (problems, conffiles)
    }
}
