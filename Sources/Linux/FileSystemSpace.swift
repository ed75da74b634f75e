import Glibc

/// What is free on a file system, for those without privileges: `fstatvfs(3)`.
public struct FileSystemSpace: Hashable, Sendable {
    /// Free bytes.
    public let bytes: Int
    /// All bytes, used or not.
    public let totalBytes: Int
    /// Free inodes; nil where the file system makes them as needed.
    public let inodes: Int?

    /// The file system that holds an open file.
    public init(of file: borrowing FileDescriptor) throws(Errno) {
        var result = statvfs()
        let base = file.raw
        try retrying("fstatvfs") { fstatvfs(base, &result) }
        bytes = Int(result.f_bavail) * Int(result.f_frsize)
        totalBytes = Int(result.f_blocks) * Int(result.f_frsize)
        inodes = result.f_files == 0 ? nil : Int(result.f_favail)
    }
}
