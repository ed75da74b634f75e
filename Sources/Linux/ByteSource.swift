import CLinux
import Glibc

/// A descriptor that somebody else gave us to read from, and may have made to hurt: a pipe that never ends or is emptied by
/// another reader, a file that changes or grows, a file system in a process of the giver's.
///
/// No read blocks for longer than the deadline.
public struct ByteSource: ~Copyable {
    /// What can be read from.
    public enum Kind: Hashable, Sendable {
        case file, pipe, socket
    }

    public let kind: Kind
    /// The size that a regular file has now; it may change.
    public let expectedBytes: Int?
    private let descriptor: FileDescriptor

    /// Takes the descriptor and looks at what it is.
    ///
    /// - Throws: `EINVAL` for devices and folders, `EBADF` when it is not open for reading, `EOPNOTSUPP` for files on FUSE,
    ///   whose reads can hang for ever.
    public init(_ descriptor: consuming FileDescriptor) throws(Errno) {
        let number = descriptor.raw
        let access = try retrying("look at the descriptor") { fcntl(number, F_GETFL) }
        guard access & O_ACCMODE != O_WRONLY, access & 0o10000000 == 0 else {
            throw Errno(EBADF, "the descriptor is not open for reading")
        }
        let status = try descriptor.status()
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            guard gk_file_system_type(number) != gk_FUSE_SUPER_MAGIC else {
                throw Errno(EOPNOTSUPP, "the file is on a FUSE file system; copy it to a local folder first")
            }
            kind = .file
            expectedBytes = Int(status.st_size)
        case S_IFIFO:
            kind = .pipe
            expectedBytes = nil
        case S_IFSOCK:
            kind = .socket
            expectedBytes = nil
        default: throw Errno(EINVAL, "the descriptor is no file, pipe or socket")
        }
        self.descriptor = descriptor
    }

    /// Copies all bytes into a file of ours, from its start.
    ///
    /// A regular file is read from its first byte whatever its offset is. Bytes are copied, never shared: what the giver
    /// changes later is not seen. Nothing is synchronised.
    /// - Parameters:
    ///   - limit: the most bytes.
    ///   - seconds: the longest time for all of it.
    ///   - progress: gets the count of bytes so far.
    /// - Returns: the count of bytes.
    /// - Throws: `EFBIG` above the limit, `ETIMEDOUT`, or what the calls gave.
    public func copy(
        to file: borrowing FileDescriptor, limit: Int, seconds: Int, progress: (Int) -> Void = { _ in }
    ) throws(Errno) -> Int {
        if let expectedBytes, expectedBytes > limit { throw Self.tooLarge(limit) }
        let deadline = Self.milliseconds() + seconds * 1000
        let output = file.raw
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var done = 0
        while true {
            let rest = deadline - Self.milliseconds()
            if rest <= 0 { throw Errno(ETIMEDOUT, "copy (not at its end after \(seconds) s)") }
            let count = try step(output, done, buffer, rest)
            guard let count else { continue }
            if count == 0 { return done }
            done += count
            if done > limit { throw Self.tooLarge(limit) }
            progress(done)
        }
    }

    /// The bytes copied; 0 at the end; nil when nothing was there yet.
    private func step(
        _ output: Int32, _ done: Int, _ buffer: UnsafeMutableRawBufferPointer, _ milliseconds: Int
    ) throws(Errno) -> Int? {
        let input = descriptor.raw
        if kind == .file {
            let count = try retrying("read") { pread(input, buffer.baseAddress, buffer.count, done) }
            try Self.write(output, UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: done)
            return count
        }
        var poll = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
        let ready = try retrying("poll") { Glibc.poll(&poll, 1, Int32(clamping: milliseconds)) }
        if ready == 0 { return nil }
        // Readable when polled does not mean readable now: the giver may have another reader. Neither call blocks.
        if kind == .socket {
            let count = recv(input, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            let code = errno
            if count < 0 {
                if code == EAGAIN || code == EINTR { return nil }
                throw Errno(code, "read")
            }
            try Self.write(output, UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: done)
            return count
        }
        var offset = Int64(done)
        let count = gk_splice_out(input, output, &offset, buffer.count, gk_SPLICE_F_NONBLOCK)
        if count < 0 {
            let code = errno
            if code == EAGAIN || code == EINTR { return nil }
            throw Errno(code, "copy")
        }
        return count
    }

    private static func write(_ output: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) throws(Errno) {
        var done = 0
        while done < bytes.count {
            done += try retrying("write") {
                pwrite(output, bytes.baseAddress.map { $0 + done }, bytes.count - done, offset + done)
            }
        }
    }

    private static func tooLarge(_ limit: Int) -> Errno { Errno(EFBIG, "copy (more than \(limit) bytes)") }

    private static func milliseconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }
}
