/// The bounds of an archive, all checked before the bytes they bound are written.
public struct ArchiveLimits: Hashable, Sendable {
    /// The most entries of any kind.
    public var entries = 100_000
    /// The most bytes of all files together, unpacked.
    public var totalBytes = 4 << 30
    /// The most bytes of one file.
    public var fileBytes = 2 << 30
    /// The most bytes of one path; a part of it has at most 255 as the kernel wants.
    public var pathBytes = 1024
    /// The most folders in one path.
    public var depth = 48
    /// The most bytes unpacked for one byte packed. The first 16 MiB are free: small archives of zeros are honest.
    public var ratio = 200
    /// Whether files may be setuid or setgid.
    public var allowsSetuid = false
    /// Whether files may have capabilities (`security.capability`).
    public var allowsCapabilities = false

    public init() {}

    /// What `ratio` does not count.
    static let ratioAllowance = 16 << 20
}
