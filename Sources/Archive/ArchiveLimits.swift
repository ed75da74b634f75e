/// The limits of an archive. Each is checked before the bytes that it limits are written.
public struct ArchiveLimits: Hashable, Sendable {
    /// The most entries of any kind.
    public var entries = 100_000
    /// The most bytes of all files together, unpacked.
    public var totalBytes = 4 << 30
    /// The most bytes of one file.
    public var fileBytes = 2 << 30
    /// The most memory that a decompressor may take for its window (zstd) or dictionary (xz): as the presets of xz up to -9.
    public var windowBytes = 64 << 20
    /// The most bytes of one path. Each part has at most 255, the kernel's limit.
    public var pathBytes = 1024
    /// The most folders in one path.
    public var depth = 48
    /// The most unpacked bytes per packed byte. The first 16 MiB are not counted, so that small archives of zeros are accepted.
    public var ratio = 200
    /// Whether files may be setuid or setgid.
    public var allowsSetuid = false
    /// Whether files may have capabilities (`security.capability`).
    public var allowsCapabilities = false

    public init() {}

    /// The most bytes of all paths and targets of links together: what is remembered of an archive while it is read.
    var nameBytes: Int { max(1 << 20, entries.multipliedReportingOverflow(by: 160).partialValue) }

    /// The unpacked bytes that `ratio` does not count.
    static let ratioAllowance = 16 << 20
}
