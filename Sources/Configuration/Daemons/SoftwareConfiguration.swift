/// `[Software]`: how Software Management behaves towards servers.
public struct SoftwareConfiguration: Hashable, Sendable {
    public var answerTimeout: Duration
    public var restoreActivation: Bool
    public var maxPackageSize: UInt64
    public var downloadTimeout: Duration

    init(_ section: SectionSettings) {
        answerTimeout = section[Self.answerTimeoutKey]
        restoreActivation = section[Self.restoreActivationKey]
        maxPackageSize = section[Self.maxPackageSizeKey]
        downloadTimeout = section[Self.downloadTimeoutKey]
    }

    static let answerTimeoutKey = Key(
        "AnswerTimeout", .duration(.milliseconds(100) ... .seconds(60)), default: .seconds(4),
        "How long a server waits for the end of what it asked for (the last block of a package, Install, Activate, "
            + "…) before the answer says \"begun\" and notifications tell the rest. Leshan's and ThingsBoard's "
            + "servers give up after 5 seconds.")
    static let restoreActivationKey = Key(
        "RestoreActivation", .boolean, default: true,
        "After an update the new version is active if the old one was. Otherwise it waits for the server's Activate, "
            + "which some servers never send.")
    static let maxPackageSizeKey = Key(
        "MaxPackageSize", .size(1 << 10...1 << 40), default: 1 << 30,
        "The largest package that is taken from a server, pushed or downloaded.")
    static let downloadTimeoutKey = Key(
        "DownloadTimeout", .duration(.seconds(10) ... .seconds(604_800)), default: .seconds(86400),
        "A download that is not complete by then, with all that was resumed, has failed.")

    static let keys = [
        answerTimeoutKey.declaration, restoreActivationKey.declaration, maxPackageSizeKey.declaration,
        downloadTimeoutKey.declaration,
    ]
}
