import Glibc

extension Files {
    /// Removes a file or a whole tree; links are removed, never followed. What is not there is no error.
    ///
    /// Not for folders that others may change meanwhile: names are looked up anew at every step.
    public static func removeTree(_ path: String) throws(Errno) {
        var status = stat()
        if lstat(path, &status) != 0 {
            let code = errno
            if code == ENOENT { return }
            throw Errno(code, "remove \(path)")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            if unlink(path) != 0, errno != ENOENT { throw Errno.current("remove \(path)") }
            return
        }
        for name in try names(in: path) { try removeTree("\(path)/\(name)") }
        if rmdir(path) != 0, errno != ENOENT { throw Errno.current("rmdir \(path)") }
    }

    /// The target of a symbolic link: `readlink(2)`; nil when there is none, or when it is no link.
    public static func linkTarget(_ path: String) -> String? {
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, length in
            length = buffer.withMemoryRebound(to: CChar.self) { characters in
                characters.baseAddress.map { max(0, readlink(path, $0, characters.count)) } ?? 0
            }
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// Makes or replaces a symbolic link atomically and durably: a new link beside it, `rename(2)`, `fsync(2)` of the
    /// folder.
    public static func replaceLink(_ path: String, target: String) throws(Errno) {
        let (folder, name) = split(path)
        let temporary = "\(folder)/.\(name).new"
        unlink(temporary)
        try retrying("symlink \(temporary)") { symlink(target, temporary) }
        try retrying("rename \(temporary)") { Glibc.rename(temporary, path) }
        try synchronizeDirectory(folder)
    }

    /// Bytes that an unprivileged process may still write beneath `path`: `statvfs(3)`.
    public static func freeSpace(at path: String) throws(Errno) -> UInt64 {
        var status = statvfs()
        try retrying("statvfs \(path)") { statvfs(path, &status) }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }
}
