import EventLoop

/// A package that the installer verified and holds ready.
public struct DeliveredPackage: Hashable, Sendable {
    /// The installer's handle.
    public let token: String
    public let name: String
    public let version: String

    public init(token: String, name: String, version: String) {
        self.token = token
        self.name = name
        self.version = version
    }
}

/// A package that is installed.
public struct InstalledPackage: Hashable, Sendable {
    public let name: String
    public let version: String
    /// Whether its units are active, as systemd says.
    public let active: Bool

    public init(name: String, version: String, active: Bool) {
        self.name = name
        self.version = version
        self.active = active
    }
}

/// A refusal of the installer's.
public struct InstallerRefusal: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The signature does not hold, or the package is damaged.
        case integrity
        /// A package that this host cannot take: its format, its architecture, or contents that an overlay does not support.
        case unsupported
        case noSpace
        /// Unmet relations, or a version below the highest committed one.
        case policy
        /// Another deployment is under way.
        case busy
        case notFound
        /// The installer does not answer.
        case unavailable
        case failed
    }

    public let kind: Kind
    /// For people: a short token, a colon, a text.
    public let reason: String

    public init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    /// The Update Result that says so.
    var result: UpdateResult {
        switch kind {
        case .integrity: .integrityFailure
        case .unsupported: .unsupportedType
        case .noSpace: .noStorage
        case .policy, .busy, .notFound, .unavailable, .failed: .deviceError
        }
    }
}

/// How a deployment ended.
public enum DeploymentEnd: Hashable, Sendable {
    case done
    /// The previous state is restored; the reason is for people.
    case failed(String)
}

/// A package that the installer holds ready, whoever gave it.
public struct HeldPackage: Hashable, Sendable {
    /// The installer's handle.
    public let token: String
    /// Bytes of its file.
    public let size: Int

    public init(token: String, size: Int) {
        self.token = token
        self.size = size
    }
}

/// The packages that the installer has.
public struct InstallerSnapshot: Hashable, Sendable {
    public var packages: [InstalledPackage]
    public var staged: [HeldPackage]

    public init(packages: [InstalledPackage], staged: [HeldPackage]) {
        self.packages = packages
        self.staged = staged
    }
}

/// What is done with an installed package.
public enum PackageOperation: String, Hashable, Sendable {
    case remove, activate, deactivate
}

/// The installer as object 9 needs it: `org.gatekeel.Installer1` in the daemon, a fake in tests.
@LoopActor
public protocol SoftwareInstaller: AnyObject {
    /// Gives a file to the installer, which copies, verifies and checks it.
    func stage(path: String) async throws(InstallerRefusal) -> DeliveredPackage

    /// Discards a staged package; a missing one is no error.
    func discard(token: String) async throws(InstallerRefusal)

    /// Begins to install; returns the deployment's identifier as soon as the beginning is durable.
    ///
    /// - Parameter restoreActivation: the units of an update are made active when those of the old version were.
    func install(token: String, restoreActivation: Bool) async throws(InstallerRefusal) -> String

    /// Begins an operation; returns the deployment's identifier as soon as the beginning is durable.
    func begin(_ operation: PackageOperation, name: String) async throws(InstallerRefusal) -> String

    /// Waits for the end of a deployment, across restarts of the installer.
    func end(of deployment: String) async -> DeploymentEnd

    /// The deployment that a staged package was given to, if there is one.
    func deployment(of token: String) async throws(InstallerRefusal) -> String?

    /// The newest deployment with an operation on an installed package, under way or ended; nil: none is remembered.
    func deployment(_ operation: PackageOperation, name: String) async throws(InstallerRefusal) -> String?

    func snapshot() async throws(InstallerRefusal) -> InstallerSnapshot
}
