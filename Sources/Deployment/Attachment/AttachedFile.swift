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
    /// The name that an earlier release of Gatekeel gave the file: it is not written any more, and removed only if it still is
    /// this one, since another package's may have had the same name.
    var isFormer = false

    /// Removes it durably. A missing one is no error.
    func remove(_ paths: HostPaths) throws(Errno) {
        try paths.holdingIfPresent(path) { (folder, name) throws(Errno) in
            try folder.removeTemporaries(of: name)
            if isFormer, case .bytes(let bytes) = content, try HostFile.find(name, in: folder).file?.bytes != bytes {
                return
            }
            try folder.remove(name)
        }
    }

    /// Whether it is on the host as it should be.
    func isInPlace(_ paths: HostPaths) throws(Errno) -> Bool {
        var isInPlace = false
        try paths.holdingIfPresent(path) { (folder, name) throws(Errno) in
            switch content {
            case .bytes(let bytes): isInPlace = try HostFile.find(name, in: folder).file?.bytes == bytes
            case .link(let target): isInPlace = try folder.linkTarget(name) == target
            }
        }
        return isInPlace
    }

    /// Writes it durably. A file that is already the same is left alone.
    func write(_ paths: HostPaths) throws(Errno) {
        try paths.holding(path, making: 0o755) { (folder, name) throws(Errno) in
            switch content {
            case .bytes(let bytes):
                if try HostFile.find(name, in: folder).file?.bytes == bytes { return }
                try folder.replace(name, with: bytes, mode: 0o644)
            case .link(let target):
                if try folder.linkTarget(name) == target { return }
                try folder.replaceLink(name, target: target)
            }
        }
    }
}
