import Glibc
import Linux

/// A small file with mode and owner.
struct HostFile: Hashable, Sendable {
    /// A configuration file larger than this is refused.
    static let limit = 16 << 20

    var bytes: [UInt8]
    var mode: mode_t
    var owner: uid_t
    var group: gid_t

    /// What is at a path.
    enum Found: Hashable, Sendable {
        case nothing
        case file(HostFile)
        /// A link, a folder, …: not made by us, and always kept.
        case other

        var file: HostFile? { if case .file(let file) = self { file } else { nil } }
    }

    /// What has a name in a folder. Nothing is waited for, and no link is followed.
    static func find(_ name: String, in folder: borrowing HeldFolder) throws(Errno) -> Found {
        guard let status = try folder.status(name) else { return .nothing }
        guard status.st_mode & S_IFMT == S_IFREG else { return .other }
        let file: FileDescriptor
        do throws(Errno) {
            file = try folder.openRegular(name)
        } catch {
            switch error.code {
            case ENOENT: return .nothing
            // Exchanged for something else since; or somebody holds a lease on it, whom nothing may wait for.
            case EINVAL, EISDIR, ELOOP, ENXIO, EAGAIN: return .other
            default: throw error
            }
        }
        return .file(try HostFile(of: file, "\(folder.path)/\(name)"))
    }

    /// As `find(_:in:)`, for a path in the store, where only root writes.
    static func find(ours path: String) throws(Errno) -> Found {
        do throws(Errno) {
            let (folder, name) = Files.split(path)
            return try find(name, in: try HeldFolder.open(folder))
        } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return .nothing }
            throw error
        }
    }

    init(of file: borrowing FileDescriptor, _ path: String) throws(Errno) {
        let status = try file.status()
        self.init(
            bytes: try Files.read(file, limit: Self.limit, context: path), mode: status.st_mode & 0o7777,
            owner: status.st_uid, group: status.st_gid)
    }

    init(bytes: [UInt8], mode: mode_t, owner: uid_t, group: gid_t) {
        self.bytes = bytes
        self.mode = mode
        self.owner = owner
        self.group = group
    }

    /// Replaces a file atomically and durably, with mode and owner.
    ///
    /// In a folder that others than root can change, no mode bit but those of access is given: what is written there may have
    /// been read there.
    func write(_ name: String, in folder: borrowing HeldFolder) throws(Errno) {
        let mode = folder.isRootsAlone ? mode : mode & 0o777
        try folder.replace(name) { (new) throws(Errno) in
            try new.write(bytes)
            // The owner first: changing it clears setuid bits. Tests without root cannot change it.
            do throws(Errno) {
                try new.setOwner(owner, group: group)
            } catch {
                if geteuid() == 0 { throw error }
            }
            try new.setMode(UInt32(mode))
        }
    }

    /// As `write(_:in:)`, for a path in the store.
    func write(ours path: String) throws(Errno) {
        let (folder, name) = Files.split(path)
        try write(name, in: try HeldFolder.open(folder))
    }
}
