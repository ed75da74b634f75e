import Glibc
import Linux

/// A file that a release has on the host: a unit, a drop-in, a `tmpfiles.d` file.
struct AttachedFile: Hashable, Sendable {
    enum Content: Hashable, Sendable {
        case bytes([UInt8])
        /// An alias of a unit: a link to another unit of the package.
        case link(String)
    }

    /// On the host, with the root's prefix.
    let path: String
    let content: Content

    /// Writes it durably. A file that is already the same is left alone.
    func write() throws(Errno) {
        try Files.makeDirectories(Files.split(path).folder, mode: 0o755)
        switch content {
        case .bytes(let bytes):
            if try HostFile.find(path).file?.bytes == bytes { return }
            try Files.replace(path, with: bytes, mode: 0o644)
        case .link(let target):
            if try Files.linkTarget(path) == target { return }
            try Files.replaceLink(path, target: target)
        }
    }
}
