import EventLoop

/// Runs a package's health command: a transient unit in the release's overlay, never a child of the daemon.
@LoopActor
public protocol HealthRunner: AnyObject {
    /// Runs the command to its end, or to `check.timeout`, when it is killed with all that it started.
    ///
    /// Implemented with `StartTransientUnit`: `Type=oneshot`, `ExtensionDirectories=`, `User=`, `TimeoutStartSec=`,
    /// `CollectMode=inactive-or-failed`.
    func run(_ check: HealthCheck) async -> HealthResult

    /// Stops the check of this unit name, if one runs (also one that an earlier process of the daemon started).
    func stop(_ unit: String) async
}

/// A health command to be run now.
public struct HealthCheck: Hashable, Sendable {
    /// The transient unit's name: `UnitName.ofHealthCheck(of:)`.
    public var unit: String
    /// The program, an absolute path, and its arguments.
    public var command: [String]
    /// `User=`; empty is root.
    public var user: String
    /// How long it may take.
    public var timeout: Duration
    /// The release's folder, and those of other packages that its units see, for `ExtensionDirectories=`.
    public var releases: [String]
}

/// How a health command ended.
public enum HealthResult: Hashable, Sendable {
    case passed
    /// Not healthy, or the command could not be run: the text for people (`exited with code 1`).
    case failed(String)
}
