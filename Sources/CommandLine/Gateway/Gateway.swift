import Bus
import Contract
import EventLoop

/// The daemons' functions that the commands use; `BusGateway` calls them over the bus.
@LoopActor
protocol Gateway: AnyObject {
    func agentStatus() async throws(ContractError) -> AgentStatus
    func objects() async throws(ContractError) -> [AgentObject]
    func read(_ path: String) async throws(ContractError) -> [AgentValue]
    func reload() async throws(ContractError)
    func reconnect() async throws(ContractError)
    /// Sends what paths hold to a server, or to all for an empty name.
    func send(_ paths: [String], to server: String) async throws(ContractError) -> [SendInfo]
    /// Ends the transfer of a package to an instance of object 9.
    func cancel(_ instance: Int) async throws(ContractError)

    func packages() async throws(ContractError) -> [PackageInfo]
    func package(_ name: String) async throws(ContractError) -> PackageInfo
    /// The folders that a package's units see over /usr and /opt, its own first.
    func overlay(of name: String) async throws(ContractError) -> [String]
    func keyring() async throws(ContractError) -> [CertificateInfo]
    /// The newest time in signed data that was accepted.
    func signedTime() async throws(ContractError) -> SignedTimeInfo
    func resetSignedTime() async throws(ContractError)
    /// Whether gatekeel-installd runs with an earlier configuration, because its files have errors.
    func installerConfigurationRefused() async throws(ContractError) -> Bool
    func deployments(limit: Int) async throws(ContractError) -> [DeploymentInfo]
    func deployment(_ id: String) async throws(ContractError) -> DeploymentInfo

    /// Packages that were handed over and are not installed.
    func staged() async throws(ContractError) -> [StagedInfo]
    func stage(_ file: BusDescriptor) async throws(ContractError) -> StagedInfo
    func discard(_ token: String) async throws(ContractError)
    func install(_ token: String, _ options: InstallOptions) async throws(ContractError) -> String
    func remove(_ name: String, purge: Bool) async throws(ContractError) -> String
    func activate(_ name: String) async throws(ContractError) -> String
    func deactivate(_ name: String) async throws(ContractError) -> String
    func rollback(_ name: String) async throws(ContractError) -> String

    /// Calls the handlers at each change of a deployment, and with whether the installer is running: now and at each change.
    func watch(
        deployments: @escaping @LoopActor (DeploymentInfo) -> Void, availability: @escaping @LoopActor (Bool) -> Void
    ) throws(ContractError)
    /// Calls a handler when the user presses Ctrl-C; without it Ctrl-C ends the process.
    func onInterrupt(_ handler: @escaping @LoopActor () -> Void)
}
