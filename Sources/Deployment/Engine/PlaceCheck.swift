import Glibc
import Linux
import Packages

/// Holds the places of a release against the host: what belongs to Debian's or to other packages, and links that lead elsewhere.
struct PlaceCheck: Sendable {
    let store: Store
    let record: ReleaseRecord
    private var paths: HostPaths { store.paths }

    func run() throws {
        let lines = (record.hostLines + record.provision.lines).compactMap(HostLine.init)
        let links = lines.filter { $0.type == "L" }.map(\.path)
        try checkHostsLinks(record.conffiles + lines.map(\.path))
        try checkDebian(record.conffiles + links)
        try checkOwners(lines.filter(\.setsOwner).map(\.path))
        for other in try store.packageNames() where other != record.name {
            try check(against: other, files: record.conffiles, folders: lines.map(\.path), links: links)
        }
    }

    /// No link of the host, whoever made it, leads to a place where a package may have nothing.
    private func checkHostsLinks(_ named: [String]) throws {
        for path in named {
            guard let reached = try self.reached(by: path), PlaceTable.verdict(reached, .reached).isRefused else {
                continue
            }
            throw DeploymentError(
                .conflict,
                "by a link of the host, '\(path)' is '\(reached)', where a package may have nothing; remove the link")
        }
    }

    /// What dpkg installed is never replaced, under whatever name.
    private func checkDebian(_ named: [String]) throws {
        let reached = try named.compactMap { try self.reached(by: $0) }
        guard let owner = try DpkgFiles(folder: paths.dpkgInfo).owner(ofAnyOf: named + reached) else { return }
        throw DeploymentError(
            .conflict,
            "\(owner.path) belongs to the Debian package \(owner.package); it is never replaced: remove that package, or this file from yours"
        )
    }

    /// A folder that dpkg installed keeps its owner and mode. What dpkg has left of the same package is the package's own.
    private func checkOwners(_ folders: [String]) throws {
        let dpkg = DpkgFiles(folder: paths.dpkgInfo)
        let named = try folders + folders.compactMap { try self.reached(by: $0) }
        guard let (path, owner) = try dpkg.owners(of: named, except: record.name).min(by: { $0.key < $1.key }) else {
            return
        }
        throw DeploymentError(
            .conflict,
            "\(path) belongs to the Debian package \(owner), and Directory= or File= in the manifest of \(record.name) would change its owner and mode; name a place of the package's own, or remove that package"
        )
    }

    /// A link that others than root can have put there is refused when it is come upon: here it says nothing about the host.
    private func reached(by path: String) throws -> String? {
        // The switch replaces that link by a folder, and finds out again.
        if try Self.folders(of: path).contains(where: replacedLinks().contains) { return nil }
        do throws(Errno) {
            return try paths.reached(by: path)
        } catch {
            if error.code == ELOOP { return nil }
            throw error
        }
    }

    /// Links that the package itself made and that this release replaces by folders.
    private func replacedLinks() throws -> Set<String> {
        let wanted = Set(record.migrations.filter { $0.kind == .linkToFolder }.map(\.path))
        guard !wanted.isEmpty else { return [] }
        let lines = try store.state(of: record.name).state.hostLines.compactMap(HostLine.init)
        return Set(
            try lines.filter { line in
                guard line.type == "L", wanted.contains(line.path) else { return false }
                return try paths.holdingIfPresent(line.path) { (folder, name) throws(Errno) in
                    try folder.linkTarget(name)
                } == line.last
            }.map(\.path))
    }

    private func check(against other: String, files: [String], folders: [String], links: [String]) throws {
        let state = try store.state(of: other).state
        if let path = files.first(where: state.conffiles.contains) {
            throw DeploymentError(
                .conflict, "\(path) is a conffile of the package \(other); remove that with --purge first")
        }
        let lines = state.hostLines.compactMap(HostLine.init)
        let theirLinks = Set(lines.filter { $0.type == "L" }.map(\.path))
        // Two packages may share a folder, but nothing of one may be in what is a link of the other.
        for (paths, links, owner) in [
            (files + folders, theirLinks, other), (state.conffiles + lines.map(\.path), Set(links), record.name),
        ] {
            for path in paths {
                guard let link = Self.folders(of: path).first(where: links.contains) else { continue }
                throw DeploymentError(
                    .conflict,
                    "'\(path)' of the package \(owner == other ? record.name : other) would be elsewhere, because '\(link)' is a link of the package \(owner); change one of the packages, or remove \(other) with --purge first"
                )
            }
        }
    }

    /// The path itself, and the folders above it.
    private static func folders(of path: String) -> [String] {
        HostPaths.folders(above: path) + [path]
    }
}
