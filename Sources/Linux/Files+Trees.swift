import Glibc

extension Files {
    /// Removes a file or a whole tree, as `FileTree.remove(beneath:_:)` does. A missing one is no error.
    public static func removeTree(_ path: String) throws(Errno) {
        guard try exists(path) else { return }
        let (folder, name) = split(path)
        try FileTree.remove(beneath: try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY), name)
    }

    /// Makes a folder that only its owner can enter, with six random letters after the prefix: `mkdtemp(3)`.
    ///
    /// - Returns: its path.
    public static func makeTemporaryFolder(_ prefix: String) throws(Errno) -> String {
        var template = Array("\(prefix)XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Errno.current("make a folder \(prefix)…") }
        return String(cString: made)
    }

    /// The target of a symbolic link: `readlink(2)`; nil when nothing is there, or no link (`EINVAL`).
    ///
    /// - Throws: every other error: a link that cannot be read may still be there.
    public static func linkTarget(_ path: String) throws(Errno) -> String? {
        do throws(Errno) {
            return try ifPresent { () throws(Errno) in
                try readFault(path)
                var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
                let length = try retrying("read the link \(path)") { readlink(path, &buffer, buffer.count) }
                return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        } catch {
            if error.code == EINVAL { return nil }
            throw error
        }
    }

    /// Where a path leads when all its links are followed: `realpath(3)`.
    public static func resolved(_ path: String) throws(Errno) -> String {
        guard let resolved = realpath(path, nil) else { throw Errno.current("resolve \(path)") }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Makes or replaces a symbolic link atomically and durably: `placeLink`, `fsync(2)` of the folder.
    public static func replaceLink(_ path: String, target: String) throws(Errno) {
        try placeLink(path, target: target)
        try synchronizeDirectory(split(path).folder)
    }

    /// Makes or replaces a symbolic link atomically: a new link beside it, `rename(2)`.
    ///
    /// Not durable by itself: the next `synchronizeDirectory(_:)` of the folder makes it so.
    public static func placeLink(_ path: String, target: String) throws(Errno) {
        let (folder, name) = split(path)
        let temporary = "\(folder)/.\(name).new"
        unlink(temporary)
        try retrying("symlink \(temporary)") { symlink(target, temporary) }
        try retrying("rename \(temporary)") { Glibc.rename(temporary, path) }
    }

    /// Whether the file system of a path is mounted for reading only (`statvfs(3)`, `ST_RDONLY`).
    public static func isReadOnly(_ path: String) throws(Errno) -> Bool {
        var status = statvfs()
        try retrying("statvfs \(path)") { statvfs(path, &status) }
        return status.f_flag & UInt(ST_RDONLY) != 0
    }

    /// Bytes that an unprivileged process may still write beneath `path`: `statvfs(3)`.
    public static func freeSpace(at path: String) throws(Errno) -> UInt64 {
        var status = statvfs()
        try retrying("statvfs \(path)") { statvfs(path, &status) }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }
}
