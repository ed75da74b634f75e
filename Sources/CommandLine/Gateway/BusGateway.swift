import Bus
import Contract
import EventLoop
import Glibc

/// The daemons over the system bus.
@LoopActor
final class BusGateway: Gateway {
    private let installer: InstallerProxy
    private let agent: AgentProxy
    private var interrupt: SignalSource?
    private var interrupted: @LoopActor () -> Void = {}

    /// - Throws: `.unreachable` when there is no bus.
    init() throws(ContractError) {
        do throws(BusError) {
            let connection = try BusConnection.system()
            installer = InstallerProxy(connection)
            agent = AgentProxy(connection)
        } catch {
            throw ContractError(error)
        }
    }

    func agentStatus() async throws(ContractError) -> AgentStatus { try await agent.status() }
    func objects() async throws(ContractError) -> [AgentObject] { try await agent.objects() }
    func read(_ path: String) async throws(ContractError) -> [AgentValue] { try await agent.read(path) }
    func reload() async throws(ContractError) { try await agent.reload() }
    func reconnect() async throws(ContractError) { try await agent.reconnect() }
    func send(_ paths: [String], to server: String) async throws(ContractError) -> [SendInfo] {
        try await agent.send(paths, to: server)
    }
    func cancel(_ instance: Int) async throws(ContractError) { try await agent.cancel(instance) }
    func packages() async throws(ContractError) -> [PackageInfo] { try await installer.packages() }
    func package(_ name: String) async throws(ContractError) -> PackageInfo { try await installer.package(name) }
    func overlay(of name: String) async throws(ContractError) -> [String] { try await installer.overlay(of: name) }
    func keyring() async throws(ContractError) -> [CertificateInfo] { try await installer.keyring() }
    func signedTime() async throws(ContractError) -> SignedTimeInfo { try await installer.signedTime() }
    func resetSignedTime() async throws(ContractError) { try await installer.resetSignedTime() }
    func installerConfigurationRefused() async throws(ContractError) -> Bool {
        try await installer.configurationRefused()
    }
    func deployments(limit: Int) async throws(ContractError) -> [DeploymentInfo] {
        try await installer.deployments(limit: limit)
    }
    func deployment(_ id: String) async throws(ContractError) -> DeploymentInfo { try await installer.deployment(id) }
    func staged() async throws(ContractError) -> [StagedInfo] { try await installer.staged() }
    func stage(_ file: BusDescriptor) async throws(ContractError) -> StagedInfo { try await installer.stage(file) }
    func discard(_ token: String) async throws(ContractError) { try await installer.discard(token) }
    func install(_ token: String, _ options: InstallOptions) async throws(ContractError) -> String {
        try await installer.install(token, options)
    }
    func remove(_ name: String, purge: Bool) async throws(ContractError) -> String {
        try await installer.remove(name, purge: purge)
    }
    func activate(_ name: String) async throws(ContractError) -> String { try await installer.activate(name) }
    func deactivate(_ name: String) async throws(ContractError) -> String { try await installer.deactivate(name) }
    func rollback(_ name: String) async throws(ContractError) -> String { try await installer.rollback(name) }

    func watch(
        deployments: @escaping @LoopActor (DeploymentInfo) -> Void, availability: @escaping @LoopActor (Bool) -> Void
    ) throws(ContractError) {
        try installer.onDeploymentChanged(deployments)
        try installer.onAvailability(availability)
    }

    func onInterrupt(_ handler: @escaping @LoopActor () -> Void) {
        interrupted = handler
        // sd-event allows one source per signal: keep the source and replace its handler.
        if interrupt == nil { interrupt = SignalSource(SIGINT) { [weak self] in self?.interrupted() } }
    }
}
