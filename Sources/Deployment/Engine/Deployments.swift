import EventLoop
import Linux

/// The pipeline as the daemon sees it; `DeploymentEngine` is the one that does it.
///
/// All calls throw `DeploymentError`.
@LoopActor
public protocol Deployments: AnyObject {
    /// Told of every change, on the loop.
    var observer: (any DeploymentObserver)? { get set }
    /// In force from the next deployment on.
    var policy: Policy { get set }

    /// Opens the store, cleans up, and finishes or reverts what was interrupted. Call it once, before all else; returns
    /// when the store is usable. A deployment that is resumed goes on by itself.
    ///
    /// - Returns: what was found and done, for the journal.
    func open() async throws -> [RecoveryNote]

    /// Copies a package into the store and inspects the copy.
    ///
    /// A staged package of the same name and version makes room for it.
    ///
    /// - Parameter source: a regular file, open for reading, read from its start. Its bytes are bounded by
    ///   `Policy.maxPackageSize`, its time by `Policy.copyDeadline`.
    /// - Throws: `.busy` while units are stopped for another release, and when `Policy.maxStaged` packages are staged.
    func stage(_ source: consuming FileDescriptor) async throws -> StagedPackage
    /// Drops a staged package. `.notFound`, or `.busy` while it is being installed.
    func discard(_ token: String) async throws
    func staged() -> [StagedPackage]

    /// Starts an install or update; returns the deployment's identifier when its journal is durable.
    ///
    /// - Throws: `.busy` while another deployment runs; `.downgrade`, `.notFound`, `.conflict`, …
    func install(_ token: String, _ options: DeploymentOptions) async throws -> String
    /// Starts a removal. `.notFound` for a package that is not there; with `purge` also one of which only conffiles are left.
    func remove(_ name: String, purge: Bool) async throws -> String
    func activate(_ name: String) async throws -> String
    func deactivate(_ name: String) async throws -> String
    /// Starts the way back to the previous release. `.notFound` when there is none.
    func rollback(_ name: String) async throws -> String

    /// All packages of the store, by name.
    func packages() -> [PackageStatus]
    func package(_ name: String) -> PackageStatus?
    /// The one that runs, or one of the last `Policy.historyLimit`.
    func deployment(_ id: String) -> DeploymentStatus?
    /// The newest first, the one that runs included.
    func deployments(limit: Int) -> [DeploymentStatus]
    /// The deployment that runs.
    var running: DeploymentStatus? { get }

    /// Reads again what the store and the links say of a package: after someone enabled or disabled it by hand.
    func refresh(_ name: String) async

    /// Certificates are valid or not at the later of now and this: the newest time that the store knows.
    var newestTime: Int64 { get }

    /// Before the daemon ends: stops waiting, leaves everything as it is; the next start resumes.
    func suspend()
}

/// What the engine tells. The daemon makes signals and log entries of it.
@LoopActor
public protocol DeploymentObserver: AnyObject {
    /// Phase, percent or result changed.
    func deploymentChanged(_ status: DeploymentStatus)
    /// Version, previous version, enablement or reason changed. Whether its units are active is systemd's to say.
    func packageChanged(_ status: PackageStatus)
    /// Nothing is left of it.
    func packageRemoved(_ name: String)
}

/// Options of an install.
public struct DeploymentOptions: Hashable, Sendable {
    /// A version below the highest committed is taken (for root).
    public var allowDowngrade: Bool
    public var activation: Activation

    public init(allowDowngrade: Bool = false, activation: Activation = .restore) {
        self.allowDowngrade = allowDowngrade
        self.activation = activation
    }
}

/// Something that recovery or clean-up found and did.
public struct RecoveryNote: Hashable, Sendable {
    public enum Kind: String, Sendable {
        /// An interrupted deployment goes on.
        case resumed
        /// An interrupted deployment is reverted.
        case reverted
        /// A file of the store was corrupt; its previous good copy was used, or it was left out.
        case corrupt
        /// Something of the store could not be read; it is kept as it is, and looked at again at the next start.
        case unreadable
        /// Orphans were removed.
        case cleaned
    }

    public var kind: Kind
    public var package: String
    public var deployment: String
    /// For people.
    public var text: String
}
