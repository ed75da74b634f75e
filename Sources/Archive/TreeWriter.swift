import Glibc
import Linux

/// Creates files and folders beneath a descriptor, and never outside of it.
///
/// Each folder is opened by its name from its parent's descriptor, without following links (`openat2(2)` with
/// `RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS`). It stays open while entries in it or below it arrive, so in the order of an archive
/// a file costs one open instead of a walk.
struct TreeWriter: ~Copyable {
    /// An open folder. It is reference-counted because the stack shares it with its users.
    final class Folder {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    /// A folder's final attributes, which are set after the last write into it.
    private struct Attributes {
        var mode: UInt32
        var owner: Ownership.Pair?
        var modified: Int64
        var nanoseconds: Int
    }

    private let root: Folder
    private var stack: [(name: Substring, folder: Folder)]
    private var folders: [String: Attributes]

    init(root: borrowing FileDescriptor) throws(Errno) {
        self.root = Folder(try root.duplicate())
        // Not as defaults: Swift 6.2 destroys such properties twice when an initializer throws before the last one is set.
        stack = []
        folders = [:]
    }

    /// The folder that holds `path` and the path's last name. Missing folders are created (mode 0755).
    mutating func parent(of path: String) throws(ArchiveError) -> (folder: Folder, name: String) {
        guard let slash = path.utf8.lastIndex(of: 0x2f) else { return (try folder(""), path) }
        return (try folder(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
    }

    /// Opens a folder. Missing folders are created.
    mutating func folder(_ path: Substring) throws(ArchiveError) -> Folder {
        let parts = path.split(separator: "/")
        var common = 0
        while common < min(parts.count, stack.count), parts[common] == stack[common].name { common += 1 }
        stack.removeLast(stack.count - common)
        for part in parts[common...] {
            let above = stack.last?.folder ?? root
            stack.append((part, try Self.open(part, in: above, path)))
        }
        return stack.last?.folder ?? root
    }

    private static func open(_ name: Substring, in above: Folder, _ path: Substring) throws(ArchiveError) -> Folder {
        let name = String(name)
        do throws(Errno) { return Folder(try openFolder(name, in: above)) } catch {
            switch error.code {
            case ENOENT: break
            case ELOOP, ENOTDIR:
                throw .refused(
                    path: String(path),
                    reason: "the path leads through '\(name)', which is not a folder in this package; correct it")
            default: throw ArchiveError(error)
            }
        }
        do throws(Errno) {
            let base = above.descriptor.raw
            try retrying("mkdir \(path)") { mkdirat(base, name, 0o700) }
            let made = try openFolder(name, in: above)
            try made.setMode(0o755)
            return Folder(made)
        } catch { throw ArchiveError(error) }
    }

    private static func openFolder(_ name: String, in above: Folder) throws(Errno) -> FileDescriptor {
        try FileDescriptor.open(beneath: above.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// Creates a folder and records its attributes. It may exist already because another entry's path needed it.
    mutating func makeFolder(_ path: String, like entry: ArchiveEntry, owner: Ownership.Pair?) throws(ArchiveError) {
        _ = try folder(path[...])
        folders[path] = Attributes(
            mode: entry.mode, owner: owner, modified: entry.modified, nanoseconds: entry.modifiedNanoseconds)
    }

    /// Creates a file (`O_EXCL`), lets `fill` write it, and sets its attributes.
    mutating func makeFile(
        _ path: String, like entry: ArchiveEntry, owner: Ownership.Pair?,
        fill: (borrowing FileDescriptor) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        let (folder, name) = try parent(of: path)
        let file: FileDescriptor
        do throws(Errno) {
            file = try FileDescriptor.open(
                at: folder.descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        } catch { throw error.code == EEXIST ? .duplicate(path: path) : ArchiveError(error) }
        try fill(file)
        do throws(Errno) {
            // In this order, because chown removes setuid and capabilities.
            if let owner { try file.setOwner(owner.owner, group: owner.group) }
            try file.setMode(entry.mode)
            if let value = entry.capabilities { try file.setExtendedAttribute("security.capability", value) }
            try file.setModified(entry.modified, nanoseconds: entry.modifiedNanoseconds)
        } catch { throw ArchiveError(error) }
    }

    /// Creates a symbolic link. Its target is only text.
    mutating func makeSymbolicLink(
        _ path: String, target: String, like entry: ArchiveEntry, owner: Ownership.Pair?
    ) throws(ArchiveError) {
        let (folder, name) = try parent(of: path)
        let base = folder.descriptor.raw
        do throws(Errno) {
            try retrying("symlink \(path)") { symlinkat(target, base, name) }
            if let owner {
                try retrying("chown \(path)") { fchownat(base, name, owner.owner, owner.group, AT_SYMLINK_NOFOLLOW) }
            }
            let time = timespec(tv_sec: Int(entry.modified), tv_nsec: entry.modifiedNanoseconds)
            try retrying("utimensat \(path)") {
                withUnsafePointer(to: (time, time)) { pair in
                    pair.withMemoryRebound(to: timespec.self, capacity: 2) {
                        utimensat(base, name, $0, AT_SYMLINK_NOFOLLOW)
                    }
                }
            }
        } catch { throw error.code == EEXIST ? .duplicate(path: path) : ArchiveError(error) }
    }

    /// Creates a hard link to a regular file that was unpacked before.
    mutating func makeHardLink(_ path: String, target: String) throws(ArchiveError) {
        // If the target's folder is missing, `parent` creates it. The refusal below then removes the whole tree.
        let (from, old) = try parent(of: target)
        let (to, new) = try parent(of: path)
        var status = stat()
        guard fstatat(from.descriptor.raw, old, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw .refused(
                path: path,
                reason:
                    "it is a hard link to \(target), which does not precede it in the package; build the package again")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .refused(
                path: path,
                reason: "it is a hard link to \(target), which is not a regular file; correct it in the package")
        }
        do throws(Errno) {
            try retrying("link \(path)") { linkat(from.descriptor.raw, old, to.descriptor.raw, new, 0) }
        } catch { throw error.code == EEXIST ? .duplicate(path: path) : ArchiveError(error) }
    }

    /// Sets the folders' attributes, deepest first, so that every folder is still accessible and keeps its time.
    mutating func finish() throws(ArchiveError) {
        for (path, attributes) in folders.sorted(by: { $0.key > $1.key }) {
            let folder = try folder(path[...])
            do throws(Errno) {
                if let owner = attributes.owner { try folder.descriptor.setOwner(owner.owner, group: owner.group) }
                try folder.descriptor.setMode(attributes.mode)
                try folder.descriptor.setModified(attributes.modified, nanoseconds: attributes.nanoseconds)
            } catch { throw ArchiveError(error) }
        }
        stack.removeAll()
    }
}
