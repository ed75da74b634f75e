import CLinux
import Glibc

/// Whole small files, read with a bound and written durably.
public enum Files {
    /// Reads a whole regular file, or nothing of `/dev/null`, to which a masked file is a link.
    ///
    /// - Parameter limit: the most bytes that are accepted.
    /// - Throws: `EFBIG` when the file holds more than `limit` bytes; as `FileDescriptor.openRegular`.
    public static func read(_ path: String, limit: Int) throws(Errno) -> [UInt8] {
        try readFault(path)
        let file = try FileDescriptor.openRegular(path, orNull: true)
        return try read(file, limit: limit, context: path)
    }

    /// Reads from a descriptor's current offset to its end.
    public static func read(
        _ file: borrowing FileDescriptor, limit: Int, context: String = "file"
    ) throws(Errno) -> [UInt8] {
        try readFault(context)
        var bytes: [UInt8] = []
        while true {
            let chunk = try file.read(upTo: min(65536, limit + 1 - bytes.count))
            if chunk.isEmpty { return bytes }
            bytes += chunk
            if bytes.count > limit { throw Errno(EFBIG, "read \(context) (more than \(limit) bytes)") }
        }
    }

    /// Replaces a file so that a crash at any moment leaves the old bytes or the new ones, never a part:
    /// write beside it, `fsync(2)`, `rename(2)`, `fsync(2)` of the folder.
    ///
    /// An interrupted call may leave `.NAME.new`; the next call removes it.
    public static func replace(
        _ path: String, with bytes: some Sequence<UInt8>, mode: mode_t = 0o600
    ) throws(Errno) {
        let (folder, name) = split(path)
        let temporary = "\(folder)/.\(name).new"
        do throws(Errno) {
            // Whatever has the name is not opened: it may be a FIFO.
            if unlink(temporary) != 0, errno != ENOENT { throw Errno.current("remove \(temporary)") }
            let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
            let number = file.raw
            try retrying("chmod \(temporary)") { fchmod(number, mode) }
            try file.write(bytes)
            try file.synchronize()
        } catch {
            unlink(temporary)
            throw error
        }
        try retrying("rename \(temporary)") { Glibc.rename(temporary, path) }
        try synchronizeDirectory(folder)
    }

    /// `fsync(2)` of a folder: the names in it are on the medium when this returns.
    public static func synchronizeDirectory(_ path: String) throws(Errno) {
        try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY).synchronize()
    }

    /// Removes a file durably. A missing one is no error.
    public static func remove(_ path: String) throws(Errno) {
        if unlink(path) != 0 {
            let code = errno
            if code == ENOENT { return }
            throw Errno(code, "remove \(path)")
        }
        try synchronizeDirectory(split(path).folder)
    }

    /// Makes a folder and its missing parents durably, with exactly this mode regardless of the umask. Existing ones are
    /// left as they are.
    public static func makeDirectories(_ path: String, mode: mode_t = 0o755) throws(Errno) {
        if mkdir(path, mode) != 0 {
            let code = errno
            if code == EEXIST { return }
            guard code == ENOENT, path != "/" else { throw Errno(code, "mkdir \(path)") }
            try makeDirectories(split(path).folder, mode: mode)
            if mkdir(path, mode) != 0 {
                if errno == EEXIST { return }
                throw Errno.current("mkdir \(path)")
            }
        }
        try retrying("chmod \(path)") { chmod(path, mode) }
        // Without this, files that are made durable in it later could be lost with its name.
        try synchronizeDirectory(split(path).folder)
    }

    /// The names in a folder, without `.` and `..`, sorted.
    ///
    /// - Throws: `ENOENT` when there is no such folder.
    public static func names(in path: String) throws(Errno) -> [String] {
        try readFault(path)
        return try FileTree.names(in: try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)).sorted()
    }

    /// As `names(in:)`; empty when there is no such folder. Every other error is thrown.
    public static func namesIfPresent(in path: String) throws(Errno) -> [String] {
        try ifPresent { () throws(Errno) in try names(in: path) } ?? []
    }

    /// As `read(_:limit:)`; nil when there is no such file. Every other error is thrown.
    public static func readIfPresent(_ path: String, limit: Int) throws(Errno) -> [UInt8]? {
        try ifPresent { () throws(Errno) in try read(path, limit: limit) }
    }

    /// `lstat(2)`: what is at a path, symbolic links not followed; nil when nothing is there.
    ///
    /// - Throws: every error but `ENOENT` and `ENOTDIR`: that a path cannot be looked at does not mean that it is free.
    public static func status(_ path: String) throws(Errno) -> stat? {
        try ifPresent { () throws(Errno) in
            try readFault(path)
            var status = stat()
            try retrying("look at \(path)") { lstat(path, &status) }
            return status
        }
    }

    /// Whether something of this name is there; symbolic links are not followed.
    ///
    /// - Throws: as `status(_:)`.
    public static func exists(_ path: String) throws(Errno) -> Bool { try status(path) != nil }

    /// Whether a folder of this name is there; a symbolic link to one is none.
    ///
    /// - Throws: as `status(_:)`.
    public static func isFolder(_ path: String) throws(Errno) -> Bool {
        try status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
    }

    /// nil for an error that means that nothing is there: `ENOENT`, and `ENOTDIR` for a file where a folder is expected.
    static func ifPresent<Value>(_ body: () throws(Errno) -> Value) throws(Errno) -> Value? {
        do throws(Errno) {
            return try body()
        } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw error
        }
    }

    /// The folder and the last name of a path: `("/etc", "hosts")`; `"."` when there is no slash.
    public static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: 0x2F) else { return (".", path) }
        let folder = path[..<slash]
        return (folder.isEmpty ? "/" : String(folder), String(path[path.utf8.index(after: slash)...]))
    }
}
