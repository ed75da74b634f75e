/// What `installd.conf` says about deployments.
public struct Policy: Hashable, Sendable {
    /// `[Install] AllowDowngrade=`: a version below the highest committed needs no root.
    public var allowDowngrade = false
    /// `[Install] MaxPackageSize=`: bytes of a package file.
    public var maxPackageSize: UInt64 = 1 << 30
    /// How many packages may be staged at a time; one more is refused.
    public var maxStaged = 8
    /// `[Install] StageTimeout=`: the sender of a package must have given all bytes by then.
    public var copyDeadline: Duration = .seconds(120)
    /// `[Probation] Time=`: how long the units must stay active.
    public var probationTime: Duration = .seconds(30)
    /// `[Probation] StartTimeout=`: the units must be active by then.
    public var startTimeout: Duration = .seconds(30)
    /// `[Probation] StopTimeout=`: then SIGKILL.
    public var stopTimeout: Duration = .seconds(10)
    /// `[Probation] MaxRestarts=`: automatic restarts that are borne.
    public var allowedRestarts = 0
    /// `[Probation] MaxBoots=`: a release on probation may see so many boots, then it is reverted.
    public var maxBoots = 2
    /// How often a deployment is taken up again after the daemon itself was killed, and a step of the way back after it failed.
    public var maxAttempts = 5
    /// Deployments that are remembered.
    public var historyLimit = 50

    public init() {}
}
