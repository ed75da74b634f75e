import CLinux
import Glibc

/// A file that another process gave us to read, possibly with bad intent: it may change or grow, or its file system may
/// be served by that process (FUSE).
public struct ByteSource: ~Copyable {
    /// The present size; it may change.
    public let expectedBytes: UInt64
    private let descriptor: FileDescriptor

    /// Takes the descriptor and checks its kind.
    ///
    /// - Throws: `EINVAL` for anything but a regular file (a pipe may never end, or have another reader), `EBADF` when it
    ///   is not open for reading, `EOPNOTSUPP` for files on FUSE, whose reads can hang for ever.
    public init(_ descriptor: consuming FileDescriptor) throws(Errno) {
        let number = descriptor.raw
        let access = try retrying("look at the descriptor") { fcntl(number, F_GETFL) }
        guard access & O_ACCMODE != O_WRONLY, access & 0o10000000 == 0 else {
            throw Errno(EBADF, "the descriptor is not open for reading")
        }
        let status = try descriptor.status()
        guard status.st_mode & S_IFMT == S_IFREG else { throw Errno(EINVAL, "the descriptor is no regular file") }
        guard gk_file_system_type(number) != gk_FUSE_SUPER_MAGIC else {
            throw Errno(EOPNOTSUPP, "the file is on a FUSE file system; copy it to a local folder first")
        }
        expectedBytes = UInt64(clamping: status.st_size)
        self.descriptor = descriptor
    }

    /// Copies all bytes into a file of ours.
    ///
    /// Reads from the first byte, regardless of the offset. Bytes are copied, not shared, so that later changes have no
    /// effect. Nothing is synchronised.
    /// - Parameters:
    ///   - limit: the most bytes.
    ///   - seconds: the longest time for all of it.
    /// - Returns: the count of bytes.
    /// - Throws: `EFBIG` above the limit, `ETIMEDOUT`, or what the calls gave.
    @discardableResult
    public func copy(to file: borrowing FileDescriptor, limit: Int, seconds: Int) throws(Errno) -> Int {
        let deadline = Self.milliseconds() + seconds * 1000
        let input = descriptor.raw
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var done = 0
        while true {
            if Self.milliseconds() >= deadline { throw Errno(ETIMEDOUT, "copy (not at its end after \(seconds) s)") }
            let count = try retrying("read") { pread(input, buffer.baseAddress, buffer.count, done) }
            if count == 0 { return done }
            guard done + count <= limit else { throw Errno(EFBIG, "copy (more than \(limit) bytes)") }
            try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: done)
            done += count
        }
    }

    private static func milliseconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }
}
