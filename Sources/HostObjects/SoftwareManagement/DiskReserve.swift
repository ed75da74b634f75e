import Linux

/// Space on the disk that no package may take.
public struct DiskReserve: Hashable, Sendable {
    /// Of the whole disk.
    public var percent: Int
    /// The least, in bytes.
    public var minimum: Int

    public init(percent: Int = 5, minimum: Int = 64 << 20) {
        self.percent = percent
        self.minimum = minimum
    }

    /// Bytes that are kept of a disk.
    func bytes(of total: Int) -> Int { max(minimum, total / 100 * percent) }

    /// Bytes that a package may still take; negative when the reserve is used up.
    func available(_ space: FileSystemSpace) -> Int { space.bytes - bytes(of: space.totalBytes) }
}
