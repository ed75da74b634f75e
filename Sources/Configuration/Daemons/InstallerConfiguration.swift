import Journal

/// What gatekeel-installd's configuration says: `/etc/gatekeel/installd.conf` and its drop-ins.
public struct InstallerConfiguration: Hashable, Sendable {
    public var install: InstallConfiguration
    public var probation: ProbationConfiguration

    /// The built-in defaults.
    public init() { self.init(Settings()) }

    init(_ settings: Settings) {
        install = InstallConfiguration(settings["Install"])
        probation = ProbationConfiguration(settings["Probation"])
    }

    /// Where the configuration is.
    public static let files = ConfigurationFiles("gatekeel/installd.conf")

    /// Reads the files.
    ///
    /// - Throws: all that is wrong, not only the first.
    public static func load(_ files: ConfigurationFiles = files) throws(ConfigurationError) -> InstallerConfiguration {
        try load(files.snapshot())
    }

    /// The same, of files that were read before.
    public static func load(_ snapshot: ConfigurationSnapshot) throws(ConfigurationError) -> InstallerConfiguration {
        let (configuration, problems) = read(snapshot)
        let errors = problems.filter { $0.severity == .error }
        if !errors.isEmpty { throw ConfigurationError(errors) }
        return configuration
    }

    /// All problems, and warnings about what works but is risky.
    public static func check(_ files: ConfigurationFiles = files) -> ConfigurationReport {
        let snapshot = files.snapshot()
        return ConfigurationReport(
            files: snapshot.files.map(\.path), problems: read(snapshot).problems + files.ignoredProblems)
    }

    private static func read(
        _ snapshot: ConfigurationSnapshot
    ) -> (configuration: InstallerConfiguration, problems: [ConfigurationProblem]) {
        var (settings, problems) = table.read(snapshot.documents())
        let install = settings["Install"]
        if let position = install.position(of: InstallConfiguration.requireSignatureKey),
            !install[InstallConfiguration.requireSignatureKey]
        {
            problems.append(
                ConfigurationProblem(
                    position, section: "Install", key: "RequireSignature", severity: .warning,
                    "whoever takes over the network agent can then install anything; set it to yes in the field"))
        }
        return (InstallerConfiguration(settings), snapshot.problems + problems)
    }

    /// Every key of `installd.conf`.
    public static let table = KeyTable(
        file: "installd.conf", summary: "configuration of the package installer gatekeel-installd",
        documentation: [
            "Put changes into a file of your own in /etc/gatekeel/installd.conf.d/ that ends in .conf, or edit this "
                + "file. 'systemctl reload gatekeel-installd' makes them take effect for the next deployment, "
                + "'gatekeel config check' shows what is wrong before that.",
            "Certificates whose signatures are trusted are in /etc/gatekeel/keyring.d/.",
        ],
        sections: [
            SectionDeclaration("Install", "What is installed, and what is not.", InstallConfiguration.keys),
            SectionDeclaration(
                "Probation",
                "A new version is watched before it is kept; if it fails, the previous version is restored. A package's "
                    + "signed manifest may set its own times.", ProbationConfiguration.keys),
        ],
        examples: [
            (
                "Packages are watched for five minutes, and may restart once, before they are kept:",
                ["[Probation]", "Time=5min", "MaxRestarts=1"]
            ),
            ("A gateway with little storage:", ["[Install]", "MaxPackageSize=64M", "MaxUnpackedSize=256M"]),
        ])
}

/// `[Install]`.
public struct InstallConfiguration: Hashable, Sendable {
    public var requireSignature: Bool
    public var allowDowngrade: Bool
    public var allowSetuid: Bool
    public var maxPackageSize: UInt64
    public var maxUnpackedSize: UInt64
    public var maxEntries: Int
    public var maxRatio: Int
    public var stageTimeout: Duration
    public var certificateWarning: Duration
    /// The log level: messages of this level and of more severe ones are logged.
    public var logLevel: Level

    init(_ section: SectionSettings) {
        requireSignature = section[Self.requireSignatureKey]
        allowDowngrade = section[Self.allowDowngradeKey]
        allowSetuid = section[Self.allowSetuidKey]
        maxPackageSize = section[Self.maxPackageSizeKey]
        maxUnpackedSize = section[Self.maxUnpackedSizeKey]
        maxEntries = section[Self.maxEntriesKey]
        maxRatio = section[Self.maxRatioKey]
        stageTimeout = section[Self.stageTimeoutKey]
        certificateWarning = section[Self.certificateWarningKey]
        logLevel = section[Self.logLevelKey]
    }

    static let requireSignatureKey = Key(
        "RequireSignature", .boolean, default: true,
        "Refuses packages without a signature that a certificate of the keyring vouches for. Turn it off on a "
            + "machine for development only.")
    static let allowDowngradeKey = Key(
        "AllowDowngrade", .boolean, default: false,
        "Takes a version below the highest one that was ever kept, from anyone. Otherwise only root may ask for that, "
            + "so that nobody brings an old weakness back over the network.")
    static let allowSetuidKey = Key(
        "AllowSetuid", .boolean, default: false,
        "Unpacks files with the set-user-ID and set-group-ID bits instead of refusing the package.")
    static let maxPackageSizeKey = Key(
        "MaxPackageSize", .size(1 << 10...1 << 40), default: 1 << 30, "The largest package file.")
    static let maxUnpackedSizeKey = Key(
        "MaxUnpackedSize", .size(1 << 10...1 << 42), default: 4 << 30, "The most that a package may unpack to.")
    static let maxEntriesKey = Key(
        "MaxEntries", .integer(1...10_000_000), default: 100_000,
        "The most files, folders and links that a package may hold. To allow more than that, raise MemoryMax= of "
            + "gatekeel-installd.service too: each takes up to 1 KiB of memory.")
    static let maxRatioKey = Key(
        "MaxRatio", .integer(2...100_000), default: 200,
        "How many times its compressed size a package may unpack to.")
    static let stageTimeoutKey = Key(
        "StageTimeout", .duration(.seconds(1) ... .seconds(86400)), default: .seconds(120),
        "Whoever hands a package over must have given all of its bytes by then.")
    static let certificateWarningKey = Key(
        "CertificateWarning", .duration(.seconds(86400) ... .seconds(31_536_000), zero: "off"),
        default: .seconds(30 * 86400),
        "Warns in the journal and in 'gatekeel status' when a certificate of the keyring is about to expire.")

    static let logLevelKey = Key(
        "LogLevel", .logLevel, default: .info,
        "What is written into the journal: messages of this level and of the more severe ones before it in the list. "
            + "With debug the journal grows fast.")

    static let keys = [
        requireSignatureKey.declaration, allowDowngradeKey.declaration, allowSetuidKey.declaration,
        maxPackageSizeKey.declaration, maxUnpackedSizeKey.declaration, maxEntriesKey.declaration,
        maxRatioKey.declaration, stageTimeoutKey.declaration, certificateWarningKey.declaration,
        logLevelKey.declaration,
    ]
}

/// `[Probation]`.
public struct ProbationConfiguration: Hashable, Sendable {
    public var time: Duration
    public var startTimeout: Duration
    public var stopTimeout: Duration
    public var maxRestarts: Int
    public var maxBoots: Int

    init(_ section: SectionSettings) {
        time = section[Self.timeKey]
        startTimeout = section[Self.startTimeoutKey]
        stopTimeout = section[Self.stopTimeoutKey]
        maxRestarts = section[Self.maxRestartsKey]
        maxBoots = section[Self.maxBootsKey]
    }

    static let timeKey = Key(
        "Time", .duration(.seconds(1) ... .seconds(86400), zero: "none"), default: .seconds(30),
        "How long the units of a new version must stay active before it is kept.")
    static let startTimeoutKey = Key(
        "StartTimeout", .duration(.seconds(1) ... .seconds(3600)), default: .seconds(30),
        "The units must be active by then.")
    static let stopTimeoutKey = Key(
        "StopTimeout", .duration(.seconds(1) ... .seconds(3600)), default: .seconds(10),
        "The units must have stopped by then; what is left of them is killed. A unit whose own TimeoutStopSec= is longer has that long, at most 15 minutes."
    )
    static let maxRestartsKey = Key(
        "MaxRestarts", .integer(0...1000), default: 0,
        "How many automatic restarts (Restart=) are borne while a version is on probation.")
    static let maxBootsKey = Key(
        "MaxBoots", .integer(1...100), default: 2,
        "A version on probation may see so many starts of the machine; then it is reverted.")

    static let keys = [
        timeKey.declaration, startTimeoutKey.declaration, stopTimeoutKey.declaration, maxRestartsKey.declaration,
        maxBootsKey.declaration,
    ]
}
