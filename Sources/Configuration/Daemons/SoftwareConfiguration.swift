/// `[Software]`: how Software Management behaves towards servers.
public struct SoftwareConfiguration: Hashable, Sendable {
    public var answerTimeout: Duration
    public var restoreActivation: Bool
    public var maxPackageSize: UInt64
    public var downloadTimeout: Duration
    public var downloadPatience: Duration
    public var maxDownloads: Int
    /// Bytes a second; 0 for no minimum.
    public var minDownloadRate: UInt64
    public var allowLocalDownloads: Bool
    public var diskReserve: SpaceReserve
    public var maxInstances: Int

    init(_ section: SectionSettings) {
        answerTimeout = section[Self.answerTimeoutKey]
        restoreActivation = section[Self.restoreActivationKey]
        maxPackageSize = section[Self.maxPackageSizeKey]
        downloadTimeout = section[Self.downloadTimeoutKey]
        downloadPatience = section[Self.downloadPatienceKey]
        maxDownloads = section[Self.maxDownloadsKey]
        minDownloadRate = section[Self.minDownloadRateKey]
        allowLocalDownloads = section[Self.allowLocalDownloadsKey]
        diskReserve = section[Self.diskReserveKey]
        maxInstances = section[Self.maxInstancesKey]
    }

    static let answerTimeoutKey = Key(
        "AnswerTimeout", .duration(.milliseconds(100) ... .seconds(60)), default: .seconds(4),
        "How long an answer waits for the work that a server asked for: the last block of a package, Install, Activate, "
            + "and so on. Work that takes longer is answered then and goes on; notifications tell its result. Leshan's and "
            + "ThingsBoard's servers give up after 5 seconds.")
    static let restoreActivationKey = Key(
        "RestoreActivation", .boolean, default: true,
        "With yes, the new version is active after an update if the old one was. With no, it waits for the server's "
            + "Activate, which some servers never send.")
    static let maxPackageSizeKey = Key(
        "MaxPackageSize", .size(1 << 10...1 << 40), default: 1 << 30,
        "The largest package that is taken from a server, pushed or downloaded.")
    static let downloadTimeoutKey = Key(
        "DownloadTimeout", .duration(.seconds(10) ... .seconds(604_800)), default: .seconds(86400),
        "How long a download may take, with all its attempts. After that it fails. Time in the queue does not count.")
    static let downloadPatienceKey = Key(
        "DownloadPatience", .duration(.seconds(10) ... .seconds(604_800)), default: .seconds(600),
        "How long a download may go without a byte. Until then it is tried again when the server cannot be reached, "
            + "refuses the connection or has a problem of its own; after that it fails. Time before a restart of gatekeeld "
            + "counts, time in the queue does not. A file that is not there and the like ends a download at once.")
    static let maxDownloadsKey = Key(
        "MaxDownloads", .integer(1...64), default: 2,
        "The most downloads of one server at once. Further ones are queued, and Status Reason (9/x/16) says so.")
    static let minDownloadRateKey = Key(
        "MinDownloadRate", .size(0...1 << 30), default: 1 << 10,
        "Bytes a second that a download has to receive on average over 10 minutes, and a push likewise. A slower one fails: it "
            + "would hold its space on the disk for days. 0 sets no minimum.")
    static let allowLocalDownloadsKey = Key(
        "AllowLocalDownloads", .boolean, default: false,
        "Whether packages may be downloaded from loopback and link-local addresses (127.0.0.0/8, 169.254.0.0/16, ::1, "
            + "fe80::/10). Allow it only for a file server on the gateway itself: otherwise a server could make the gateway "
            + "send requests to its own internal services. The address of the connection counts, after redirects and name "
            + "resolution. An HTTP proxy may have any address.")
    static let diskReserveKey = Key(
        "DiskReserve", .spaceReserve, default: SpaceReserve(percent: 5),
        "Space on the disk of /var/lib/gatekeeld that packages leave free while they are transferred: a share of the disk, but "
            + "at least 64M, or a size. A package that would take from it is refused with Update Result 50.")
    static let maxInstancesKey = Key(
        "MaxInstances", .integer(1...65535), default: 1000,
        "The most instances of object 9. When there are so many, a server's Create is refused. Several servers share them: "
            + "each may have as many as the others.")

    static let keys = [
        answerTimeoutKey.declaration, restoreActivationKey.declaration, maxPackageSizeKey.declaration,
        downloadTimeoutKey.declaration, downloadPatienceKey.declaration, maxDownloadsKey.declaration,
        minDownloadRateKey.declaration, allowLocalDownloadsKey.declaration, diskReserveKey.declaration,
        maxInstancesKey.declaration,
    ]
}
