import Bus
import EventLoop
import Linux

/// What clients need of `gatekeel-installd`'s packages; `InstallerProxy` is the one over the bus.
@LoopActor
public protocol InstallerClient: AnyObject {
    /// Has a package copied, verified and checked.
    ///
    /// - Parameter file: a regular file, read from its start whatever its offset is.
    func stage(_ file: BusDescriptor) async throws(ContractError) -> StagedInfo
    func discard(_ token: String) async throws(ContractError)
    /// Returns the deployment's identifier once it is durable.
    func install(_ token: String, _ options: InstallOptions) async throws(ContractError) -> String
    func remove(_ name: String, purge: Bool) async throws(ContractError) -> String
    func activate(_ name: String) async throws(ContractError) -> String
    func deactivate(_ name: String) async throws(ContractError) -> String
    func rollback(_ name: String) async throws(ContractError) -> String
    func packages() async throws(ContractError) -> [PackageInfo]
    func package(_ name: String) async throws(ContractError) -> PackageInfo
    /// The folders that a package's units see over /usr and /opt, its own first.
    func overlay(of name: String) async throws(ContractError) -> [String]
    func staged() async throws(ContractError) -> [StagedInfo]
    func deployment(_ id: String) async throws(ContractError) -> DeploymentInfo
    func deployments(limit: Int) async throws(ContractError) -> [DeploymentInfo]
    func keyring() async throws(ContractError) -> [CertificateInfo]
    /// The newest time in signed data that was accepted.
    func signedTime() async throws(ContractError) -> SignedTimeInfo
    /// Forgets it; only root may.
    func resetSignedTime() async throws(ContractError)
    /// Whether its configuration files have errors, and the last configuration that worked is in use.
    func configurationRefused() async throws(ContractError) -> Bool

    /// Calls a handler at each signal, until the token is cancelled.
    @discardableResult
    func onPackageChanged(_ handler: @escaping @LoopActor (PackageInfo) -> Void) throws(ContractError) -> BusToken
    @discardableResult
    func onPackageRemoved(_ handler: @escaping @LoopActor (_ name: String) -> Void) throws(ContractError) -> BusToken
    @discardableResult
    func onDeploymentChanged(_ handler: @escaping @LoopActor (DeploymentInfo) -> Void) throws(ContractError) -> BusToken
    /// Calls a handler when the configuration files begin or cease to be refused.
    @discardableResult
    func onConfigurationRefused(_ handler: @escaping @LoopActor (Bool) -> Void) throws(ContractError) -> BusToken
    /// Calls a handler when the store cannot be opened, with the reason, and with an empty text when it is open again: query
    /// everything then.
    @discardableResult
    func onStoreProblem(_ handler: @escaping @LoopActor (String) -> Void) throws(ContractError) -> BusToken
    /// Why the store cannot be opened; empty when it is open.
    func storeProblem() async throws(ContractError) -> String
    /// Calls a handler with whether the service is running: now and at each change. When it returns, query everything again:
    /// signals may have been missed.
    @discardableResult
    func onAvailability(_ handler: @escaping @LoopActor (Bool) -> Void) throws(ContractError) -> BusToken
}

/// `org.gatekeel.Installer1` over the bus.
@LoopActor
public final class InstallerProxy: InstallerClient {
    private let remote: RemoteObject

    /// - Parameter connection: the system bus.
    public init(_ connection: BusConnection) {
        remote = RemoteObject(
            connection: connection, name: Installer1.busName, path: Installer1.path,
            interface: Installer1.interface.name)
    }

    /// The service bounds the copy by a deadline of its own; verification of a large package takes a while after it.
    public func stage(_ file: BusDescriptor) async throws(ContractError) -> StagedInfo {
        let reply = try await remote.call("Stage", [.descriptor(file), .properties([:])], deadline: .seconds(600))
        guard reply.count == 2, let properties = reply[1].properties, let info = StagedInfo(properties: properties)
        else { throw ContractError(.failed, "Stage answered something else than its contract says") }
        return info
    }

    public func discard(_ token: String) async throws(ContractError) {
        _ = try await remote.call("Discard", [.string(token)])
    }

    public func install(_ token: String, _ options: InstallOptions) async throws(ContractError) -> String {
        try await remote.text("Install", [.string(token), .properties(options.properties)])
    }

    public func remove(_ name: String, purge: Bool) async throws(ContractError) -> String {
        try await remote.text("Remove", [.string(name), .properties(["purge": .bool(purge)])])
    }

    public func activate(_ name: String) async throws(ContractError) -> String {
        try await remote.text("Activate", [.string(name)])
    }

    public func deactivate(_ name: String) async throws(ContractError) -> String {
        try await remote.text("Deactivate", [.string(name)])
    }

    public func rollback(_ name: String) async throws(ContractError) -> String {
        try await remote.text("Rollback", [.string(name)])
    }

    public func packages() async throws(ContractError) -> [PackageInfo] {
        try await remote.values(PackageInfo.self, "ListPackages")
    }

    public func package(_ name: String) async throws(ContractError) -> PackageInfo {
        try await remote.value(PackageInfo.self, "GetPackage", [.string(name)])
    }

    public func overlay(of name: String) async throws(ContractError) -> [String] {
        let reply = try await remote.call("Overlay", [.string(name)])
        guard let folders = reply.first?.strings else {
            throw ContractError(.failed, "Overlay answered something else than its contract says")
        }
        return folders
    }

    public func staged() async throws(ContractError) -> [StagedInfo] {
        try await remote.values(StagedInfo.self, "ListStaged")
    }

    public func deployment(_ id: String) async throws(ContractError) -> DeploymentInfo {
        try await remote.value(DeploymentInfo.self, "GetDeployment", [.string(id)])
    }

    public func deployments(limit: Int) async throws(ContractError) -> [DeploymentInfo] {
        try await remote.values(DeploymentInfo.self, "ListDeployments", [.uint32(UInt32(clamping: limit))])
    }

    public func keyring() async throws(ContractError) -> [CertificateInfo] {
        try await remote.values(CertificateInfo.self, "Keyring")
    }

    public func signedTime() async throws(ContractError) -> SignedTimeInfo {
        try await remote.value(SignedTimeInfo.self, "SignedTime")
    }

    public func resetSignedTime() async throws(ContractError) { _ = try await remote.call("ResetSignedTime") }

    public func configurationRefused() async throws(ContractError) -> Bool {
        try await remote.property(Self.refused).flag ?? false
    }

    private static let refused = "ConfigurationRefused"

    @discardableResult
    public func onPackageChanged(
        _ handler: @escaping @LoopActor (PackageInfo) -> Void
    ) throws(ContractError) -> BusToken {
        try remote.onSignal("PackageChanged", handler)
    }

    @discardableResult
    public func onPackageRemoved(
        _ handler: @escaping @LoopActor (_ name: String) -> Void
    ) throws(ContractError) -> BusToken {
        try remote.onSignal("PackageRemoved") { (arguments: [BusValue]) in
            if let name = arguments.first?.text { handler(name) }
        }
    }

    @discardableResult
    public func onDeploymentChanged(
        _ handler: @escaping @LoopActor (DeploymentInfo) -> Void
    ) throws(ContractError) -> BusToken {
        try remote.onSignal("DeploymentChanged", handler)
    }

    @discardableResult
    public func onConfigurationRefused(
        _ handler: @escaping @LoopActor (Bool) -> Void
    ) throws(ContractError) -> BusToken {
        try remote.onProperty(Self.refused) { handler($0.flag ?? false) }
    }

    public func storeProblem() async throws(ContractError) -> String {
        try await remote.property(Self.storeProblem).text ?? ""
    }

    private static let storeProblem = "StoreProblem"

    @discardableResult
    public func onStoreProblem(_ handler: @escaping @LoopActor (String) -> Void) throws(ContractError) -> BusToken {
        try remote.onProperty(Self.storeProblem) { handler($0.text ?? "") }
    }

    @discardableResult
    public func onAvailability(_ handler: @escaping @LoopActor (Bool) -> Void) throws(ContractError) -> BusToken {
        do throws(BusError) {
            return try remote.connection.watchName(Installer1.busName) { handler($0 != nil) }
        } catch {
            throw ContractError(error)
        }
    }
}
