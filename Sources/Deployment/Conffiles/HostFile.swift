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

    static func find(_ path: String) throws(Errno) -> Found {
        guard let status = try Files.status(path) else { return .nothing }
        guard status.st_mode & S_IFMT == S_IFREG else { return .other }
        let file: FileDescriptor
        do throws(Errno) {
            file = try FileDescriptor.openRegular(path, O_NOFOLLOW)
        } catch {
            switch error.code {
            case ENOENT: return .nothing
            // Exchanged for something else since; or somebody holds a lease on it, whom nothing may wait for.
            case EINVAL, EISDIR, ELOOP, ENXIO, EAGAIN: return .other
            default: throw error
            }
        }
        return .file(try HostFile(of: file, path))
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

    /// Replaces the file atomically and durably, with mode and owner.
    func write(to path: String) throws(Errno) {
        let (folder, name) = Files.split(path)
        let temporary = "\(folder)/.\(name).gatekeel-\(randomBytes(8).hexadecimal)"
        do throws(Errno) {
            let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
            let number = file.raw
            try file.write(bytes)
            // The owner first: changing it clears setuid bits. Tests without root cannot change it.
            if fchown(number, owner, group) != 0, geteuid() == 0 { throw Errno.current("chown \(temporary)") }
            try retrying("chmod \(temporary)") { fchmod(number, mode) }
            try file.synchronize()
        } catch {
            unlink(temporary)
            throw error
        }
        try retrying("rename \(temporary)") { rename(temporary, path) }
        try Files.synchronizeDirectory(folder)
    }
}
