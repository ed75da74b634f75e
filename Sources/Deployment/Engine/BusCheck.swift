import Linux
import Packages

/// A package must not own a bus name of the host or of another package, nor stand in for a service that the bus starts.
struct BusCheck: Sendable {
    let store: Store
    let record: ReleaseRecord
    private var paths: HostPaths { store.paths }

    /// A policy of Debian has some kilobytes.
    private static let fileLimit = 1 << 20

    func run() throws {
        guard !record.busNames.isEmpty || !record.busActivations.isEmpty else { return }
        // A policy may move from /etc to /usr/share, or be left of a version that was removed.
        let own = Set(record.conffiles + (try store.state(of: record.name).state.conffiles)).map(paths.host)
        let names = Set(record.busNames + record.busActivations.map(\.name))
        for other in try store.packageNames() where other != record.name {
            guard let release = try store.release(.current, of: other) else { continue }
            let theirs = try store.record(of: other, release: release)
            try require(
                names, meetNoneOf: theirs.busNames + theirs.busActivations.map(\.name), of: "the package '\(other)'")
        }
        for folder in [paths.host("/usr/share/dbus-1/system.d"), paths.busPolicies] {
            for name in try Files.namesIfPresent(in: folder).sorted() where name.hasSuffix(".conf") {
                let path = "\(folder)/\(name)"
                guard !own.contains(path), !name.hasPrefix("\(Attachment.prefix)\(record.name)_"),
                    let bytes = try Files.readIfPresent(path, limit: Self.fileLimit)
                else {
                    continue
                }
                try require(names, meetNoneOf: BusFiles.ownedNames(in: bytes), of: path)
            }
        }
        for folder in [
            paths.host("/usr/local/share/dbus-1/system-services"), paths.host("/usr/share/dbus-1/system-services"),
            paths.busActivations,
        ] {
            for name in try Files.namesIfPresent(in: folder).sorted() {
                let path = "\(folder)/\(name)"
                guard name.hasSuffix(".service"), try !isOwnActivation(path) else { continue }
                try require(names, meetNoneOf: [String(name.dropLast(".service".count))], of: path)
            }
        }
    }

    private func isOwnActivation(_ path: String) throws(Errno) -> Bool {
        guard path.hasPrefix(paths.busActivations) else { return false }
        return try paths.find(path).file?.bytes.starts(with: Attachment.comment(of: record.name).utf8) ?? false
    }

    private func require(_ names: Set<String>, meetNoneOf others: [String], of path: String) throws {
        for name in names.sorted() {
            guard let other = others.first(where: { BusName.meet(name, $0) || BusName.isBelow($0, name) }) else {
                continue
            }
            throw DeploymentError(
                .conflict,
                "the bus name '\(name)' is that of another service ('\(other)' in \(path)); a package owns only names of its own: remove it from the package, or that service from the host"
            )
        }
    }
}
