/// The settings of `installd.conf` for deployments.
public struct Policy: Hashable, Sendable {
    /// `[Install] AllowDowngrade=`: callers other than root may install a version below the highest committed.
    public var allowDowngrade = false
    /// `[Install] MaxPackageSize=`: bytes of a package file.
    public var maxPackageSize: UInt64 = 1 << 30
    /// How many packages may be staged at a time; further ones are refused.
    public var maxStaged = 8
    /// `[Install] StageTimeout=`: the time for receiving a package.
    public var copyDeadline: Duration = .seconds(120)
    /// `[Probation] Time=`: how long the units must stay active.
    public var probationTime: Duration = .seconds(30)
    /// `[Probation] StartTimeout=`: the units must be active by then.
    public var startTimeout: Duration = .seconds(30)
    /// The longest that a unit's own `TimeoutStopSec=` is waited for.
    static let longestStop = Duration.seconds(900)
    /// `[Probation] StopTimeout=`: then SIGKILL, unless the unit's own `TimeoutStopSec=` is longer.
    public var stopTimeout: Duration = .seconds(10)
    /// `[Probation] MaxRestarts=`: automatic restarts that are tolerated.
    public var allowedRestarts = 0
    /// `[Probation] MaxBoots=`: a release on probation is reverted after more boots than this.
    public var maxBoots = 2
    /// How often a deployment is resumed after the daemon was killed, and how often a step of the way back is retried.
    public var maxAttempts = 5
    /// How many deployments the history keeps.
    public var historyLimit = 50

    /// How many packages the store has at most, including those that were removed and not purged: the list of all of them
    /// fits into one message of the bus.
    public static let maxPackages = 256

    public init() {}
}
