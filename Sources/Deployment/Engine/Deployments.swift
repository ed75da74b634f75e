import EventLoop
import Linux

/// The pipeline as the daemon sees it; `DeploymentEngine` implements it.
///
/// All calls throw `DeploymentError`.
@LoopActor
public protocol Deployments: AnyObject {
    /// Called for every change, on the loop.
    var observer: (any DeploymentObserver)? { get set }
    /// Applies from the next deployment on.
    var policy: Policy { get set }

    /// Opens the store, cleans up, and finishes or reverts an interrupted deployment. Call it before all else, and again when
    /// it failed: then nothing was cleaned by what could not be read. It returns when the store is usable; a resumed deployment
    /// continues by itself.
    ///
    /// - Returns: what was found and done, for the journal.
    func open() async throws -> [RecoveryNote]

    /// Copies a package into the store and inspects the copy.
    ///
    /// It replaces a staged package of the same name and version.
    ///
    /// - Parameter source: a regular file, open for reading, read from its start. Its bytes are bounded by
    ///   `Policy.maxPackageSize`, its time by `Policy.copyDeadline`.
    /// - Throws: `.busy` while units are stopped for another release, `.noSpace` when `Policy.maxStaged` packages are staged.
    func stage(_ source: consuming FileDescriptor) async throws -> StagedPackage
    /// Removes a staged package. Throws `.notFound`, or `.busy` while it is being installed.
    func discard(_ token: String) async throws
    func staged() -> [StagedPackage]

    /// Starts an install or update. Returns the deployment's identifier when its journal is durable.
    ///
    /// - Throws: `.busy` while another deployment runs; `.downgrade`, `.notFound`, `.conflict`, …
    func install(_ token: String, _ options: DeploymentOptions) async throws -> String
    /// Starts a removal; with `purge` also of a package that only has conffiles left. Throws `.notFound`.
    func remove(_ name: String, purge: Bool) async throws -> String
    func activate(_ name: String) async throws -> String
    func deactivate(_ name: String) async throws -> String
    /// Starts a rollback to the previous release. Throws `.notFound` without one.
    func rollback(_ name: String) async throws -> String

    /// All packages of the store, by name.
    func packages() -> [PackageStatus]
    func package(_ name: String) -> PackageStatus?
    /// The folders that a package's units see over /usr and /opt: its release's, then those of other packages.
    func overlay(of name: String) async throws -> [String]
    /// The deployment in progress, or one of the last `Policy.historyLimit`.
    func deployment(_ id: String) -> DeploymentStatus?
    /// The newest first, including the one in progress.
    func deployments(limit: Int) -> [DeploymentStatus]
    /// The deployment that runs.
    var running: DeploymentStatus? { get }
    /// A request is being checked: its deployment may begin. The observer is told when that changes.
    var isPreparing: Bool { get }
    /// Waits until a request that is being checked has become a deployment, or was refused.
    func prepared() async

    /// Reads a package's status again, for example after somebody enabled or disabled it by hand.
    func refresh(_ name: String) async

    /// The newest time in signed data that was accepted. Certificates are checked at the later of the clock and this.
    var signedTime: SignedTime? { get }
    /// Forgets the newest signed time, if a signer's clock was wrong. The next package that is accepted sets it again.
    func resetSignedTime() async throws

    /// What of the host does not fit the installed packages any more, for people, by package: relations that are not met, and
    /// conffiles that are gone since the call before.
    ///
    /// - Throws: when that cannot be found out.
    func hostProblems() async throws -> [String: [String]]

    /// Stops waiting and leaves everything as it is. Call it before the daemon ends; the next start resumes.
    func suspend()
}

/// Receives the engine's events. The daemon makes signals and log entries of them.
@LoopActor
public protocol DeploymentObserver: AnyObject {
    /// A request begins or ends to be checked.
    func preparingChanged()
    /// Phase, percent or result changed.
    func deploymentChanged(_ status: DeploymentStatus)
    /// Version, previous version, enablement or reason changed. It does not report whether units are active.
    func packageChanged(_ status: PackageStatus)
    /// Nothing is left of it.
    func packageRemoved(_ name: String)
}

/// Options of an install.
public struct DeploymentOptions: Hashable, Sendable {
    /// A version below the highest committed is accepted (for root).
    public var allowDowngrade: Bool
    public var activation: Activation
    /// A package that is in place already, byte for byte, is installed once more.
    public var reinstall: Bool

    public init(allowDowngrade: Bool = false, activation: Activation = .restore, reinstall: Bool = false) {
        self.allowDowngrade = allowDowngrade
        self.activation = activation
        self.reinstall = reinstall
    }
}

/// A finding of recovery or clean-up.
public struct RecoveryNote: Hashable, Sendable {
    public enum Kind: String, Sendable {
        /// An interrupted deployment is continued.
        case resumed
        /// An interrupted deployment is reverted.
        case reverted
        /// A file of the store was damaged; its previous copy is used, or nothing.
        case corrupt
        /// A part of the store could not be read. It is kept as it is; the next start tries again.
        case unreadable
        /// The units of a package see other packages than before, since the host has changed.
        case overlaid
        /// Left-overs were removed.
        case cleaned
        /// Unit files of a release that is not in the store were removed.
        case detached
    }

    public var kind: Kind
    public var package: String
    public var deployment: String
    /// For people.
    public var text: String
}
