import Glibc
import Linux

/// A release's folder, read and completed without ever leaving it: a payload's links lead nowhere (`openat2(2)`).
struct ReleaseTree: Sendable {
    let path: String

    /// The folder of the conffiles as packaged, with the host's paths below it. It is not `etc/` itself, because
    /// `ExtensionDirectories=` would overlay that on the host's (since systemd 254).
    static let conffiles = "conffiles"

    /// A regular file of the release; nil when there is none or it is not a regular file.
    ///
    /// - Parameter name: relative to the release; no part of it may be a link (`ELOOP`).
    func file(_ name: String, limit: Int = HostFile.limit) throws(Errno) -> HostFile? {
        do throws(Errno) {
            let folder = try open()
            let file = try FileDescriptor.open(beneath: folder, name, O_RDONLY | O_NONBLOCK)
            let status = try file.status()
            guard status.st_mode & S_IFMT == S_IFREG else { return nil }
            return HostFile(
                bytes: try Files.read(file, limit: limit, context: name), mode: status.st_mode & 0o7777,
                owner: status.st_uid, group: status.st_gid)
        } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw Errno(error.code, "\(error.context) of the release \(path)")
        }
    }

    /// Writes a file of ours into the release before it becomes immutable. Missing folders are made.
    func add(_ name: String, _ bytes: [UInt8]) throws(Errno) {
        var folder = try open()
        let parts = name.split(separator: "/").map(String.init)
        for part in parts.dropLast() {
            let number = folder.raw
            if mkdirat(number, part, 0o755) != 0, errno != EEXIST { throw Errno.current("mkdir \(path)/\(name)") }
            folder = try FileDescriptor.open(beneath: folder, part, O_RDONLY | O_DIRECTORY)
        }
        guard let last = parts.last else { throw Errno(EINVAL, "write to \(path)") }
        let number = folder.raw
        if unlinkat(number, last, 0) != 0, errno != ENOENT { throw Errno.current("replace \(path)/\(name)") }
        let file = try FileDescriptor.open(at: folder, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
        try file.write(bytes)
    }

    private func open() throws(Errno) -> FileDescriptor { try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY) }
}
