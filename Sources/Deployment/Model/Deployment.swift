/// What a deployment does.
public enum DeploymentOperation: String, Sendable, CaseIterable {
    /// A package that is not in place, or another version of one that is.
    case install, update
    /// Stops and detaches; conffiles and data stay unless purged.
    case remove
    case activate, deactivate
    /// Back to the previous release.
    case rollback

    /// Those that put another release in place.
    static let exchanging: Set<DeploymentOperation> = [.install, .update, .rollback]
}

/// Activation after an update: as before, or as the caller asks.
public enum Activation: String, Sendable, CaseIterable {
    case restore, yes, no
}

/// How a deployment ended.
public enum DeploymentResult: String, Sendable, CaseIterable {
    case running, done
    /// Nothing on the host was changed, or the changes are undone. What was running before is running.
    case failed
    /// The new release was in place; the previous one has been restored.
    case rolledBack = "rolled-back"
}

/// A deployment as callers see it.
public struct DeploymentStatus: Hashable, Sendable {
    public var id: String
    public var package: String
    public var operation: DeploymentOperation
    /// The version to be put in place; the current one for activate and deactivate.
    public var version: String
    /// The version in place before; empty when there was none.
    public var oldVersion: String
    public var phase: Phase
    public var percent: Int
    public var result: DeploymentResult
    public var reason: Reason?
    /// The release in place before could not be started again: nothing of the package runs.
    public var isDown: Bool = false
    /// Of the staged package that is installed; empty for other operations.
    public var token: String = ""
    /// Seconds since the epoch.
    public var startedAt: Int64
    /// 0 while it runs.
    public var endedAt: Int64
    /// From the first stop to the last start, when units ran before and after.
    public var downtime: Duration?
    /// When the wait that is under way ends at the latest, in seconds since the epoch; 0 without one.
    public var until: Int64 = 0
}

/// A package as callers see it.
public struct PackageStatus: Hashable, Sendable {
    public var name: String
    /// Empty when only conffiles are left of it (removed, not purged).
    public var version: String
    public var previousVersion: String
    public var isInstalled: Bool
    /// The links of the `[Install]` sections exist.
    public var isEnabled: Bool
    /// Activate was called last. For a package with units, systemd says whether they run; this is for packages without.
    public var isActivated: Bool
    public var units: [ReleaseUnit]
    /// Instances of its templates that are enabled.
    public var instances: [String] = []
    /// The units that should run: those that Activate starts, and enabled instances. The package is active when all of these
    /// are. A package that starts none is active when any of its units is.
    public var startedUnits: [String] {
        let started = units.filter(\.isStarted)
        let all = started.map(\.name) + instances
        return all + started.flatMap(\.wants).filter { !all.contains($0) }
    }
    public var signer: String
    public var description: String
    public var architecture: String
    /// `Provides` of the control file.
    public var provides: String
    public var highestCommitted: String
    /// Seconds since the epoch.
    public var installedAt: Int64
    /// Why its last deployment failed.
    public var reason: Reason?
    public var warnings: [String]
}

/// A package that is ready to be installed.
public struct StagedPackage: Hashable, Sendable {
    public var token: String
    public var record: ReleaseRecord
    /// Seconds since the epoch.
    public var stagedAt: Int64
}
