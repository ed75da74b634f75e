import Bus
import Contract
import EventLoop
import JSON
import TestSupport
import Testing

@testable import CommandLine

/// The daemons, played.
@LoopActor
final class FakeGateway: Gateway {
    var error: ContractError?
    var agentError: ContractError?
    var keyringError: ContractError?
    var status = AgentStatus(
        endpoint: "gw1", version: "0.1",
        servers: [ServerStatus(name: "main", uri: "coaps://h", state: .waiting, reason: "no answer")])
    /// How often the gateway is busy before it takes a deployment.
    var busy = 0
    var stagesBusy = 0
    var stagedList: [StagedInfo] = []
    /// What happens when the gateway is busy.
    var whileBusy: @LoopActor (FakeGateway) -> Void = { _ in }
    var list: [PackageInfo] = []
    var history: [DeploymentInfo] = []
    var certificates: [CertificateInfo] = []
    var values: [AgentValue] = []
    var time = SignedTimeInfo()
    var isInstallerConfigurationRefused = false
    var calls: [String] = []
    /// What the deployment does once it is asked for.
    var script: @LoopActor (FakeGateway) -> Void = { _ in }
    /// What happens while a package is handed over.
    var staging: @LoopActor (FakeGateway) -> Void = { _ in }
    private var deploymentHandler: @LoopActor (DeploymentInfo) -> Void = { _ in }
    private var availabilityHandler: @LoopActor (Bool) -> Void = { _ in }
    private var interruptHandler: @LoopActor () -> Void = {}
    var current = DeploymentInfo(
        id: "d1", package: "rinetd", operation: "update", version: "2", previous: "1", state: "unpacking")

    /// Tells of another deployment.
    func tell(_ other: DeploymentInfo) { deploymentHandler(other) }

    func tell(_ state: String, _ percent: Int, _ result: DeploymentInfo.Result = .running, reason: String = "") {
        current.state = state
        current.percent = percent
        current.result = result
        current.reason = reason
        deploymentHandler(current)
    }

    func available(_ flag: Bool) { availabilityHandler(flag) }
    func interrupt() { interruptHandler() }

    private func check() throws(ContractError) { if let error { throw error } }

    private func begin(_ call: String) throws(ContractError) -> String {
        calls.append(call)
        try check()
        if busy > 0 {
            busy -= 1
            LoopActor.spawn { self.whileBusy(self) }
            throw ContractError(.busy, "another deployment is running")
        }
        LoopActor.spawn { self.script(self) }
        return "d1"
    }

    func agentStatus() async throws(ContractError) -> AgentStatus {
        if let agentError { throw agentError }
        return status
    }
    private func ask(_ call: String) throws(ContractError) {
        calls.append(call)
        if let agentError { throw agentError }
    }
    func reload() async throws(ContractError) { try ask("reload") }
    func reconnect() async throws(ContractError) { try ask("reconnect") }
    var sendResults: [SendInfo] = []
    func send(_ paths: [String], to server: String) async throws(ContractError) -> [SendInfo] {
        try ask("send \(paths.joined(separator: ",")) \(server)")
        return sendResults
    }
    func cancel(_ instance: Int) async throws(ContractError) { try ask("cancel \(instance)") }
    func objects() async throws(ContractError) -> [AgentObject] {
        [AgentObject(id: 3, name: "Device", version: "1.1", instances: [0])]
    }
    func read(_ path: String) async throws(ContractError) -> [AgentValue] {
        try check()
        if path == "/2", values.first?.path.hasPrefix("/2/") != true {
            throw ContractError(.notFound, "/2: no object 2 (4.04)")
        }
        return values
    }
    func packages() async throws(ContractError) -> [PackageInfo] {
        try check()
        return list
    }
    func package(_ name: String) async throws(ContractError) -> PackageInfo {
        guard let package = list.first(where: { $0.name == name }) else {
            throw ContractError(.notFound, "no package \(name)")
        }
        return package
    }
    func overlay(of name: String) async throws(ContractError) -> [String] { ["/store/\(name)/1", "/store/lib/2"] }
    func keyring() async throws(ContractError) -> [CertificateInfo] {
        if let keyringError { throw keyringError }
        return certificates
    }
    func signedTime() async throws(ContractError) -> SignedTimeInfo {
        try check()
        return time
    }
    func installerConfigurationRefused() async throws(ContractError) -> Bool {
        try check()
        return isInstallerConfigurationRefused
    }
    func resetSignedTime() async throws(ContractError) {
        calls.append("reset time")
        try check()
        time = SignedTimeInfo()
    }
    func deployments(limit: Int) async throws(ContractError) -> [DeploymentInfo] { Array(history.prefix(limit)) }
    func deployment(_ id: String) async throws(ContractError) -> DeploymentInfo {
        try check()
        guard id == current.id else { throw ContractError(.notFound, "no deployment \(id) is remembered") }
        return current
    }
    func staged() async throws(ContractError) -> [StagedInfo] {
        try check()
        return stagedList
    }
    func stage(_ file: BusDescriptor) async throws(ContractError) -> StagedInfo {
        calls.append("stage")
        try check()
        if stagesBusy > 0 {
            stagesBusy -= 1
            LoopActor.spawn { self.whileBusy(self) }
            throw ContractError(.busy, "other packages are being received")
        }
        staging(self)
        return StagedInfo(
            token: "t1", name: "rinetd", version: "2", architecture: "amd64", signer: "CN=me", warnings: ["careful"])
    }
    func discard(_ token: String) async throws(ContractError) { calls.append("discard \(token)") }
    func install(_ token: String, _ options: InstallOptions) async throws(ContractError) -> String {
        try begin("install \(token) \(options.activation) \(options.allowDowngrade)")
    }
    func remove(_ name: String, purge: Bool) async throws(ContractError) -> String {
        try begin("remove \(name) \(purge)")
    }
    func activate(_ name: String) async throws(ContractError) -> String { try begin("activate \(name)") }
    func deactivate(_ name: String) async throws(ContractError) -> String { try begin("deactivate \(name)") }
    func rollback(_ name: String) async throws(ContractError) -> String { try begin("rollback \(name)") }
    func watch(
        deployments: @escaping @LoopActor (DeploymentInfo) -> Void, availability: @escaping @LoopActor (Bool) -> Void
    ) throws(ContractError) {
        deploymentHandler = deployments
        availabilityHandler = availability
    }
    func onInterrupt(_ handler: @escaping @LoopActor () -> Void) { interruptHandler = handler }
}

/// Standard output and standard error of a command.
final class Output {
    var out = ""
    var err = ""
}

/// Runs a command line against played daemons.
@LoopActor
func run(
    _ line: String, _ gateway: FakeGateway, terminal: Bool = false, scheduler: any Scheduler = LoopScheduler.shared,
    host: any HostLinks = FakeLinks()
) async -> (code: ExitCode, out: String, err: String) {
    let output = Output()
    let words = line.split(separator: " ").map(String.init)
    let console = Console(json: Invocation.asksForJSON(words), isTerminal: terminal) {
        if $0 == 1 { output.out += $1 } else { output.err += $1 }
    }
    do throws(Failure) {
        let invocation = try Invocation.parse(words)
        guard let command = invocation.command else { return (.usage, "", "") }
        let session = Session(
            console: console, gateway: gateway, invocation: invocation, scheduler: scheduler, host: host)
        return (try await session.run(command), output.out, output.err)
    } catch {
        console.failure(error)
        return (error.code, output.out, output.err)
    }
}

enum BusErrors {
    /// What the bus daemon answers to somebody whom its policy does not let through.
    static let rejected = BusError(
        BusError.accessDenied,
        "Rejected send message, 2 matched rules; type=\"method_call\", sender=\":1.99\" (uid=1000 pid=9 comm=\"gatekeel\")"
    )
}
