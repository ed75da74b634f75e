import CLinux
import Glibc

/// An owned file descriptor: closed once, when it goes out of scope.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The descriptor's number, valid for as long as this value lives.
    public let raw: Int32

    /// Takes ownership of an open descriptor.
    public init(owning raw: Int32) { self.raw = raw }

    deinit { close(raw) }

    /// Returns the number without closing it.
    public consuming func release() -> Int32 {
        let number = raw
        discard self
        return number
    }

    /// `open(2)`, always with `O_CLOEXEC`.
    public static func open(
        _ path: String, _ flags: Int32 = O_RDONLY, mode: mode_t = 0o600
    ) throws(Errno) -> FileDescriptor {
        let raw = try retrying("open \(path)") { Glibc.open(path, flags | O_CLOEXEC, mode) }
        return FileDescriptor(owning: raw)
    }

    /// `openat(2)`, always with `O_CLOEXEC`.
    public static func open(
        at directory: borrowing FileDescriptor, _ path: String, _ flags: Int32 = O_RDONLY, mode: mode_t = 0o600
    ) throws(Errno) -> FileDescriptor {
        let base = directory.raw
        let raw = try retrying("open \(path)") { Glibc.openat(base, path, flags | O_CLOEXEC, mode) }
        return FileDescriptor(owning: raw)
    }

    /// `openat2(2)` with `RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS`: no part of the path leaves `directory`.
    ///
    /// - Parameter symlinks: false refuses symbolic links in every component (`RESOLVE_NO_SYMLINKS`, `ELOOP`).
    /// - Throws: `EXDEV` for a path that would leave the directory.
    public static func open(
        beneath directory: borrowing FileDescriptor, _ path: String, _ flags: Int32 = O_RDONLY, mode: mode_t = 0o600,
        symlinks: Bool = false
    ) throws(Errno) -> FileDescriptor {
        let resolve = gk_RESOLVE_BENEATH | gk_RESOLVE_NO_MAGICLINKS | (symlinks ? 0 : gk_RESOLVE_NO_SYMLINKS)
        let creating = flags & (O_CREAT | 0o20000000) != 0
        let base = directory.raw
        let raw = try retrying("open \(path)") {
            gk_openat2(base, path, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), creating ? UInt64(mode) : 0, resolve)
        }
        return FileDescriptor(owning: raw)
    }

    /// Opens a regular file for reading, and never waits: neither for the other end of a FIFO nor for a lease (`EAGAIN`).
    ///
    /// - Parameters:
    ///   - flags: `O_NOFOLLOW`, for example.
    ///   - orNull: whether `/dev/null` is accepted too.
    /// - Throws: `EINVAL` for anything but a regular file, `EISDIR` for a folder.
    public static func openRegular(
        _ path: String, _ flags: Int32 = 0, orNull: Bool = false
    ) throws(Errno) -> FileDescriptor {
        let file = try open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | flags)
        try requireRegular(file, path, orNull: orNull)
        return file
    }

    static func requireRegular(_ file: borrowing FileDescriptor, _ path: String, orNull: Bool = false) throws(Errno) {
        let status = try file.status()
        switch status.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFCHR where orNull && status.st_rdev == gnu_dev_makedev(1, 3): return
        case S_IFDIR: throw Errno(EISDIR, "read \(path)")
        default: throw Errno(EINVAL, "read \(path) (it is no regular file)")
        }
    }

    /// A file without a name, open for reading and writing: `mkstemp(3)`, then `unlink(2)`.
    public static func unnamed(in folder: String) throws(Errno) -> FileDescriptor {
        var template = Array("\(folder)/gatekeel-XXXXXX".utf8CString)
        let raw = try retrying("make a file in \(folder)") { mkstemp(&template) }
        unlink(template)
        _ = fcntl(raw, F_SETFD, FD_CLOEXEC)
        return FileDescriptor(owning: raw)
    }

    /// `dup(2)` with `O_CLOEXEC`.
    public func duplicate() throws(Errno) -> FileDescriptor {
        let base = raw
        return FileDescriptor(owning: try retrying("duplicate a descriptor") { fcntl(base, F_DUPFD_CLOEXEC, 3) })
    }

    /// Writes all bytes, from the current offset.
    public func write(_ bytes: some Sequence<UInt8>) throws(Errno) { try write(contiguous: ContiguousArray(bytes)) }

    private func write(contiguous bytes: ContiguousArray<UInt8>) throws(Errno) {
        var done = 0
        let base = raw
        while done < bytes.count {
            done += try retrying("write") {
                bytes.withUnsafeBytes { Glibc.write(base, $0.baseAddress.map { $0 + done }, bytes.count - done) }
            }
        }
    }

    /// Reads at most `count` bytes from the current offset; empty at the end.
    public func read(upTo count: Int) throws(Errno) -> [UInt8] {
        // As in `read(_:)` of a range.
        guard count > 0 else { return [] }
        var failure: Errno?
        let base = raw
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
            do throws(Errno) {
                length = try retrying("read") { Glibc.read(base, buffer.baseAddress, count) }
            } catch {
                length = 0
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// `fstat(2)`.
    public func status() throws(Errno) -> stat {
        var result = stat()
        let base = raw
        try retrying("fstat") { fstat(base, &result) }
        return result
    }

    /// `fsync(2)`: the file's bytes and metadata are on the medium when this returns.
    public func synchronize() throws(Errno) {
        let base = raw
        try retrying("fsync") { fsync(base) }
    }

    /// `syncfs(2)`: all of the file system that holds this file is on the medium when this returns.
    public func synchronizeFileSystem() throws(Errno) {
        let base = raw
        try retrying("syncfs") { gk_syncfs(base) }
    }
}

/// `eventfd(2)`, close-on-exec and non-blocking.
public func eventDescriptor() throws(Errno) -> FileDescriptor {
    FileDescriptor(owning: try retrying("eventfd") { gk_eventfd() })
}
