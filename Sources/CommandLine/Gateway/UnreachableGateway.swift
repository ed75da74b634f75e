import Bus
import Contract
import EventLoop

/// Stands for the daemons while there is no system bus: every call fails and says so.
@LoopActor
final class UnreachableGateway: Gateway {
    private let error: ContractError

    init(_ text: String) { error = ContractError(.unreachable, text) }

    func agentStatus() async throws(ContractError) -> AgentStatus { throw error }
    func objects() async throws(ContractError) -> [AgentObject] { throw error }
    func read(_ path: String) async throws(ContractError) -> [AgentValue] { throw error }
    func reload() async throws(ContractError) { throw error }
    func reconnect() async throws(ContractError) { throw error }
    func send(_ paths: [String], to server: String) async throws(ContractError) -> [SendInfo] { throw error }
    func cancel(_ instance: Int) async throws(ContractError) { throw error }
    func packages() async throws(ContractError) -> [PackageInfo] { throw error }
    func package(_ name: String) async throws(ContractError) -> PackageInfo { throw error }
    func overlay(of name: String) async throws(ContractError) -> [String] { throw error }
    func keyring() async throws(ContractError) -> [CertificateInfo] { throw error }
    func signedTime() async throws(ContractError) -> SignedTimeInfo { throw error }
    func resetSignedTime() async throws(ContractError) { throw error }
    func installerConfigurationRefused() async throws(ContractError) -> Bool { throw error }
    func deployments(limit: Int) async throws(ContractError) -> [DeploymentInfo] { throw error }
    func deployment(_ id: String) async throws(ContractError) -> DeploymentInfo { throw error }
    func staged() async throws(ContractError) -> [StagedInfo] { throw error }
    func stage(_ file: BusDescriptor) async throws(ContractError) -> StagedInfo { throw error }
    func discard(_ token: String) async throws(ContractError) { throw error }
    func install(_ token: String, _ options: InstallOptions) async throws(ContractError) -> String { throw error }
    func remove(_ name: String, purge: Bool) async throws(ContractError) -> String { throw error }
    func activate(_ name: String) async throws(ContractError) -> String { throw error }
    func deactivate(_ name: String) async throws(ContractError) -> String { throw error }
    func rollback(_ name: String) async throws(ContractError) -> String { throw error }

    func watch(
        deployments: @escaping @LoopActor (DeploymentInfo) -> Void, availability: @escaping @LoopActor (Bool) -> Void
    ) throws(ContractError) { throw error }
    func onInterrupt(_ handler: @escaping @LoopActor () -> Void) {}
}
