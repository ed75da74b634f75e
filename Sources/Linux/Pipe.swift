import CLinux
import Glibc

/// The two ends of a pipe (`pipe2(2)`), both close-on-exec.
public struct Pipe: ~Copyable {
    public let reading: FileDescriptor
    public let writing: FileDescriptor

    public init() throws(Errno) {
        var ends: [Int32] = [-1, -1]
        try retrying("make a pipe") { gk_pipe_cloexec(&ends) }
        reading = FileDescriptor(owning: ends[0])
        writing = FileDescriptor(owning: ends[1])
    }

    /// The end to read from; the other one is closed.
    public consuming func keepReading() -> FileDescriptor { reading }

    /// The end to write to; the other one is closed.
    public consuming func keepWriting() -> FileDescriptor { writing }
}

extension FileDescriptor {
    /// Sets `O_NONBLOCK` on this end only.
    public func makeNonBlocking() throws(Errno) {
        let number = raw
        let flags = try retrying("fcntl") { fcntl(number, F_GETFL) }
        try retrying("fcntl") { fcntl(number, F_SETFL, flags | O_NONBLOCK) }
    }

    /// `read(2)` of a non-blocking descriptor: nil when nothing is there now, empty at the end.
    public func readAvailable(upTo count: Int) throws(Errno) -> [UInt8]? {
        do throws(Errno) {
            return try read(upTo: count)
        } catch {
            if error.code == EAGAIN { return nil }
            throw error
        }
    }

    /// `ftruncate(2)` and `lseek(2)`: cuts the file, and continues writing at its new end.
    public func cut(to length: Int) throws(Errno) {
        let number = raw
        try retrying("truncate") { ftruncate(number, off_t(length)) }
        try retrying("seek") { lseek(number, off_t(length), SEEK_SET) }
    }
}
