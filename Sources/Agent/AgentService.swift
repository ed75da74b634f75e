import Bus
import Contract
import EventLoop
import Glibc
import Journal
import LwM2M
import LwM2MClient

/// The packages on their way from servers, as `org.gatekeel.Agent1` shows and ends them.
@LoopActor
protocol PackageTransfers: AnyObject {
    /// In the order of their instances.
    var transfers: [TransferInfo] { get }

    /// Ends a transfer and drops its bytes.
    ///
    /// - Throws: `NotFound` when none is under way.
    func cancel(_ instance: UInt16) async throws(ContractError)
}

/// `org.gatekeel.Agent1`: what the client does and shows, for `gatekeel` and other programs on the host.
///
/// Who may look is decided by the bus's policy (`org.gatekeel.Agent1.conf`): root, the service's own user and the group
/// adm. What changes something is for root and the service's own user; this is checked here as well.
@LoopActor
final class AgentService {
    /// Loads the configuration again; set by the agent.
    var reload: (@LoopActor () async throws(ContractError) -> Void)?

    private let environment: AgentEnvironment
    private let clock: StableClock
    private let object = BusObject(path: Agent1.path)

    private var client: Client { environment.client }

    init(_ environment: AgentEnvironment) {
        self.environment = environment
        clock = StableClock(environment.scheduler)
        object.add(
            Agent1.interface,
            methods: [
                "Status": { [weak self] _ in [.properties(self?.status.properties ?? [:])] },
                "Objects": { [weak self] _ in [.list(self?.objects.map(\.properties) ?? [])] },
                "Read": { [weak self] call throws(BusError) in
                    [.list(try self?.read(call.arguments.first?.text ?? "").map(\.properties) ?? [])]
                },
                "Send": { [weak self] call throws(BusError) in
                    let paths = call.arguments.first?.strings ?? []
                    let server = call.arguments.dropFirst().first?.text ?? ""
                    return [.list(try await self?.send(paths, to: server).map(\.properties) ?? [])]
                },
                "Cancel": { [weak self] call throws(BusError) in
                    guard let self else { throw ContractError(.failed, "the service ends").busError }
                    try await cancel(call.arguments.first?.unsigned ?? 0)
                    return []
                },
                "Reload": { [weak self] _ throws(BusError) in
                    do throws(ContractError) {
                        guard let reload = self?.reload else { throw ContractError(.busy, "gatekeeld is starting") }
                        try await reload()
                    } catch {
                        throw error.busError
                    }
                    return []
                },
                "Reconnect": { [weak self] _ in
                    self?.client.reconnect()
                    return []
                },
            ])
        object.authorize = { call, changes throws(BusError) in
            if changes { try Self.authorize(try await call.credentials(), call.member) }
        }
    }

    /// Exports the object and takes the name.
    func publish(on connection: BusConnection) async throws(BusError) {
        try connection.export(object)
        try await takeName(on: connection)
    }

    /// A name is lost with its connection.
    func takeName(on connection: BusConnection) async throws(BusError) {
        try await connection.requestName(Agent1.busName)
    }

    /// Tells who listens that something of the status changed.
    func statusChanged() { object.emit(Agent1.interface, "StatusChanged", [.properties(status.properties)]) }

    private var status: AgentStatus {
        func moment(_ at: Duration?) -> Int64 { at.map { clock.seconds(at: $0) } ?? 0 }
        let servers = client.status.map { server in
            ServerStatus(
                name: server.name, uri: server.uri, state: .init(server.state),
                shortServerID: Int(server.shortServerID),
                registeredAt: moment(server.registeredSince),
                nextAttempt: moment(server.nextAttempt), lifetime: Int64(server.lifetime),
                reason: server.lastError ?? "", waitingValues: server.waitingValues,
                interface: server.peer.map(HostNetwork.interface) ?? "")
        }
        let unusable = environment.accountSeeds.unusable.map { account in
            ServerStatus(
                name: account.name, uri: account.uri, state: .unusable, shortServerID: account.shortServerID,
                reason: account.refusal.description)
        }
        return AgentStatus(
            endpoint: environment.endpoint, version: Product.version, servers: servers + unusable,
            transfers: environment.transfers?.transfers ?? [],
            configurationProblems: environment.configurationProblems.map(\.description),
            stateProblems: environment.stateProblems.texts)
    }

    /// - Throws: `AccessDenied` for everybody but root and the service's own user.
    nonisolated static func authorize(_ caller: BusCredentials, _ member: String) throws(BusError) {
        guard caller.user != 0, caller.user != geteuid() else { return }
        Log.event(.callerRefused, "The user \(caller.user, .user) may not call \(member, .operation); call it as root")
        throw ContractError(.accessDenied, "only root may do that").busError
    }

    private func cancel(_ instance: UInt64) async throws(BusError) {
        do throws(ContractError) {
            guard let transfers = environment.transfers, let instance = UInt16(exactly: instance) else {
                throw ContractError(.notFound, "no transfer to instance \(instance) is under way")
            }
            try await transfers.cancel(instance)
        } catch {
            throw error.busError
        }
    }

    private var objects: [AgentObject] {
        client.objects.map { object in
            AgentObject(
                id: Int(object.definition.id), name: object.definition.name, version: object.definition.version,
                instances: object.instances.map { Int($0) })
        }
    }

    private func path(_ text: String) throws(BusError) -> Path {
        guard let path = Path(text) else {
            throw ContractError(.invalidArgument, "'\(text)' is no path; expected /3, /3/0, /3/0/9 or /3/0/11/0")
                .busError
        }
        return path
    }

    private func send(_ texts: [String], to server: String) async throws(BusError) -> [SendInfo] {
        guard (1...Self.sentPathLimit).contains(texts.count) else {
            throw ContractError(.invalidArgument, "name 1 to \(Self.sentPathLimit) paths").busError
        }
        var paths: [Path] = []
        for text in texts {
            let path = try path(text)
            // It tells which of the paths cannot be sent, and why.
            _ = try read(path)
            paths.append(path)
        }
        if !server.isEmpty, !client.status.contains(where: { $0.name == server }) {
            throw ContractError(.notFound, "there is no usable account '\(server)'; 'gatekeel status' lists them")
                .busError
        }
        let results: [SendResult]
        do throws(OperationError) {
            results = try await client.send(paths, to: server.isEmpty ? nil : server)
        } catch {
            throw ContractError(error, at: paths[0]).busError
        }
        return results.map { SendInfo($0) }
    }

    private static let sentPathLimit = 64

    private func read(_ text: String) throws(BusError) -> [AgentValue] {
        let path = try path(text)
        let instances = try read(path)
        guard let definition = client.objects.first(where: { $0.definition.id == path.object })?.definition else {
            throw ContractError(.notFound, "there is no object \(path.object)").busError
        }
        return instances.flatMap { AgentValue.values(of: $0, definition) }
    }

    private func read(_ path: Path) throws(BusError) -> [InstanceContent] {
        do throws(OperationError) {
            return try client.read(path)
        } catch {
            throw ContractError(error, at: path).busError
        }
    }
}

extension AgentValue {
    /// The values of one instance, in the order of their paths.
    static func values(of instance: InstanceContent, _ object: ObjectDefinition) -> [AgentValue] {
        let number = instance.id ?? 0
        return instance.resources.sorted { $0.key < $1.key }.flatMap { resource, content in
            let definition = object[resource]
            return content.values.map { resourceInstance, value in
                let path = resourceInstance.map { Path(object.id, number, resource, $0) }
                return AgentValue(
                    path: (path ?? Path(object.id, number, resource)).description, name: definition?.name ?? "",
                    type: value.type.contractName, unit: definition?.units ?? "", value: BusValue(value))
            }
        }
    }
}

extension DataType {
    /// As `Agent1.Read` names it.
    var contractName: String {
        switch self {
        case .unsignedInteger: "unsigned"
        case .objectLink: "objlnk"
        case .coreLink: "corelnk"
        default: rawValue
        }
    }
}

extension BusValue {
    /// A resource's value as `Agent1.Read` gives it.
    init(_ value: Value) {
        switch value {
        case .string(let text), .coreLink(let text): self = .string(text)
        case .integer(let number), .time(let number): self = .int64(number)
        case .unsignedInteger(let number): self = .uint64(number)
        case .float(let number): self = .double(number)
        case .boolean(let flag): self = .bool(flag)
        case .opaque(let bytes): self = .array(of: "y", bytes.map { .byte($0) })
        case .objectLink(let link): self = .string("\(link)")
        }
    }
}

extension ServerStatus.State {
    init(_ state: ConnectionStatus.State) {
        self =
            switch state {
            case .registered, .updating: .registered
            case .registering: .registering
            case .waiting, .held, .refused: .waiting
            case .disabled: .disabled
            case .asleep: .asleep
            case .stopped, .deregistering: .stopped
            }
    }
}

extension ContractError {
    /// What an operation on a path was refused with.
    fileprivate init(_ error: OperationError, at path: Path) {
        let code: Code =
            switch error.code {
            case .notFound: .notFound
            case .unauthorized, .forbidden: .accessDenied
            // A resource that cannot be read.
            case .methodNotAllowed: .refused
            default: .failed
            }
        self.init(code, "\(path): \(error.message) (\(error.code))")
    }
}

extension SendInfo {
    fileprivate init(_ result: SendResult) {
        switch result.outcome {
        case .delivered: self.init(server: result.server, result: .delivered)
        case .stored: self.init(server: result.server, result: .stored)
        case .muted: self.init(server: result.server, result: .muted)
        case .nothing: self.init(server: result.server, result: .nothing)
        case .failed(let reason): self.init(server: result.server, result: .failed, reason: reason)
        }
    }
}
