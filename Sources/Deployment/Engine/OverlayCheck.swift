import Glibc
import Linux

/// Holds the tree of a release against the host's `/usr` and `/opt`: an overlay shows one of two things of the same name, and
/// merges them only if both are folders.
struct OverlayCheck: Sendable {
    let paths: HostPaths

    /// - Parameter tree: the release's folder, or that of the staged package.
    /// - Returns: mount points of the host that the overlay hides and that are bound into it again.
    /// - Throws: a conflict that says what would be hidden.
    @discardableResult
    func run(_ tree: String) throws -> [String] {
        var mounts: [String] = []
        for top in ["/usr", "/opt"] where try Files.isFolder(tree + top) {
            mounts += try hiddenMounts(below: top, tree)
            try compare(top, tree)
        }
        return mounts
    }

    // MARK: Names

    private func compare(_ folder: String, _ tree: String, depth: Int = 0) throws {
        guard depth < FileTree.depthLimit else { return }
        for name in try Files.names(in: tree + folder) {
            let path = "\(folder)/\(name)"
            // Nobody's programs need the documentation of another package.
            guard path != "/usr/share/doc", let host = try Files.status(paths.host(path)),
                let own = try Files.status(tree + path)
            else { continue }
            switch (host.st_mode & S_IFMT, own.st_mode & S_IFMT) {
            case (S_IFDIR, S_IFDIR): try compare(path, tree, depth: depth + 1)
            case (S_IFDIR, _):
                throw conflict(
                    "\(path) is a folder of the host and a file or link in the package: the package's units would not see what is in the folder"
                )
            case (S_IFLNK, S_IFDIR):
                let target = try Files.linkTarget(paths.host(path)) ?? ""
                throw conflict(
                    "\(path) is a link of the host to \(target) and a folder in the package: the package's units would not see what it leads to"
                )
            default: continue
            }
        }
    }

    private func conflict(_ text: String) -> DeploymentError {
        DeploymentError(.conflict, "\(text); rename it in the package, or remove it from the host")
    }

    // MARK: Mounts

    /// A file system that is mounted below the folder is not part of the overlay.
    private func hiddenMounts(below folder: String, _ tree: String) throws -> [String] {
        guard let bytes = try Files.readIfPresent(paths.mountTable, limit: 4 << 20) else { return [] }
        return try HostMounts.below(folder, in: String(decoding: bytes, as: UTF8.self)).filter { point in
            if try Files.status(tree + point) != nil {
                throw conflict(
                    "the host has a file system of its own at \(point), and the package has files there: its units would see only one of both"
                )
            }
            return Self.isPlain(point)
        }
    }

    /// Whether a unit file takes the path as it is.
    private static func isPlain(_ path: String) -> Bool {
        path.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "/._-+@".utf8.contains(byte)
        }
    }
}
