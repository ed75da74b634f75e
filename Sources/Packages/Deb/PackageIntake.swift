import FaultPoints
import Glibc
import Linux

/// Takes a package from a descriptor that somebody else can still write to, into a file of our own.
///
/// Whatever is looked at afterwards is looked at in that copy: bytes that were verified cannot change any more.
public struct PackageIntake: Hashable, Sendable {
    /// The most bytes.
    public var limit = 1 << 30
    /// The longest time for all of it, in seconds.
    public var seconds = 600
    /// The bytes that must stay free beyond the copy.
    public var reserve = 16 << 20

    public init() {}

    /// Copies all bytes, from the start of a regular file and from what is there of a pipe or socket.
    ///
    /// Not synchronised: do so before a durable record names the copy.
    /// - Parameters:
    ///   - source: taken over, closed afterwards.
    ///   - copy: a new, empty file of ours, open for writing.
    ///   - progress: gets the count of bytes so far.
    /// - Returns: the count of bytes.
    public func copy(
        _ source: consuming FileDescriptor, to copy: borrowing FileDescriptor, progress: (Int) -> Void = { _ in }
    ) throws(DebError) -> Int {
        do throws(Errno) {
            try faultPoint("package.copy.before")
            let source = try ByteSource(source)
            if let expected = source.expectedBytes, expected <= limit {
                let free = try FileSystemSpace(of: copy).bytes
                guard free - reserve >= expected else {
                    throw Errno(ENOSPC, "\(expected >> 10) KiB are wanted for the package, \(free >> 10) KiB are free")
                }
            }
            let count = try source.copy(to: copy, limit: limit, seconds: seconds, progress: progress)
            try faultPoint("package.copy.after")
            return count
        } catch { throw error.code == EFBIG ? .tooLarge(limit: limit) : DebError(error) }
    }
}
