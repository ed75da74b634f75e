import Glibc

/// Free space of a file system for unprivileged processes: `fstatvfs(3)`.
public struct FileSystemSpace: Hashable, Sendable {
    /// Free bytes.
    public let bytes: Int
    /// All bytes, used or not.
    public let totalBytes: Int
    /// Free inodes; nil where the file system has no fixed number.
    public let inodes: Int?

    /// Numbers that are known, for tests.
    public init(bytes: Int, totalBytes: Int, inodes: Int? = nil) {
        self.bytes = bytes
        self.totalBytes = totalBytes
        self.inodes = inodes
    }

    /// The file system that holds an open file.
    public init(of file: borrowing FileDescriptor) throws(Errno) {
        var result = statvfs()
        let base = file.raw
        try retrying("fstatvfs") { fstatvfs(base, &result) }
        // A file system may report any number; one that does not fit becomes the largest.
        func product(_ blocks: fsblkcnt_t) -> Int {
            let (bytes, overflow) = blocks.multipliedReportingOverflow(by: fsblkcnt_t(result.f_frsize))
            return overflow ? .max : Int(clamping: bytes)
        }
        bytes = product(result.f_bavail)
        totalBytes = product(result.f_blocks)
        inodes = result.f_files == 0 ? nil : Int(clamping: result.f_favail)
    }
}
