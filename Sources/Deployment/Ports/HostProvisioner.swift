import EventLoop

/// Users and folders that a release asks for, made by systemd's own tools.
@LoopActor
public protocol HostProvisioner: AnyObject {
    /// `systemd-sysusers FILE…` with absolute paths, in order; waits for its end. Idempotent.
    func makeUsers(from files: [String]) async throws

    /// `systemd-tmpfiles --create FILE…` with absolute paths; waits for its end. Idempotent.
    ///
    /// - Parameter prefixes: lines for these paths, and for what is below them, are left out (`--exclude-prefix=`).
    func makeFiles(from files: [String], excluding prefixes: [String]) async throws

    /// Removes memberships, users and groups, in this order. An account that still has files or processes stays.
    ///
    /// - Returns: what stays and why, for people.
    func remove(_ accounts: AddedAccounts) async -> [String]
}

/// The ports that the engine acts through.
@LoopActor
public struct Ports {
    public var units: any UnitManager
    public var health: any HealthRunner
    public var provisioner: any HostProvisioner
    public var bus: any MessageBus
    public var packages: any PackageReader
    public var scheduler: any Scheduler
    /// Seconds since the epoch: `time(2)`.
    public var wallClock: @LoopActor () -> Int64
    /// The kernel's identifier of this boot: `/proc/sys/kernel/random/boot_id`.
    public var bootID: String

    public init(
        units: any UnitManager, health: any HealthRunner, provisioner: any HostProvisioner,
        bus: any MessageBus, packages: any PackageReader, scheduler: any Scheduler,
        wallClock: @escaping @LoopActor () -> Int64,
        bootID: String
    ) {
        self.units = units
        self.health = health
        self.provisioner = provisioner
        self.bus = bus
        self.packages = packages
        self.scheduler = scheduler
        self.wallClock = wallClock
        self.bootID = bootID
    }
}
