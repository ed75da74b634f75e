import Bus
import Configuration
import Contract
import EventLoop
import Journal
import Linux

/// Makes the agent. While what it needs for that cannot be read, it says so in the journal, in the unit's status and on the
/// bus, and tries again: a process that ended would be started anew for the same.
@LoopActor
final class AgentStarter {
    typealias Loaded = ConfigurationStore<AgentConfiguration>.Loaded

    private let store: ConfigurationStore<AgentConfiguration>
    private let folder: String
    private let bus: BusConnection
    private let scheduler: any Scheduler
    private lazy var attempts = Attempts(
        scheduler: scheduler, attempt: { [unowned self] in try await attempt() },
        failed: { [unowned self] in try await standBy($0) })
    private var made: (agent: Agent, loaded: Loaded)?
    /// The configuration that was refused last: each attempt would name the same errors.
    private var told: NoConfiguration?
    /// nil until the first attempt has failed.
    private var standby: StandbyService?

    init(
        _ store: ConfigurationStore<AgentConfiguration>, folder: String, bus: BusConnection,
        scheduler: any Scheduler = LoopScheduler.shared
    ) {
        self.store = store
        self.folder = folder
        self.bus = bus
        self.scheduler = scheduler
    }

    /// - Throws: `AgentStartFailure` for what does not pass, `BusError`.
    func run() async throws -> (Agent, Loaded) {
        try await attempts.run()
        guard let (agent, loaded) = made else { preconditionFailure("an attempt that succeeded has made an agent") }
        made = nil
        if standby != nil { Log.notice("What gatekeeld needs can be read again") }
        standby?.end()
        Self.tell(loaded)
        return (agent, loaded)
    }

    /// - Returns: why there is no agent, if that may pass.
    private func attempt() async throws(AgentStartFailure) -> String? {
        do throws(AgentStartFailure) {
            let loaded = try await load()
            made = (try Agent(loaded, store, folder: folder, bus: bus, scheduler: scheduler), loaded)
            return nil
        } catch {
            guard error.kind == .passing else { throw error }
            return error.description
        }
    }

    /// Tries at once; does nothing while no attempt is waited for.
    func retry() { attempts.retry() }

    /// The bus is back: names have to be requested again.
    func busReturned() async { try? await standby?.takeName(on: bus) }

    private func load() async throws(AgentStartFailure) -> Loaded {
        let store = store
        do {
            // A failing disk may take longer than the watchdog waits.
            return try await Worker.shared.run { try store.readOrKept() }
        } catch let error as NoConfiguration {
            if told?.refused != error.refused { Reporter.report(error.refused) }
            told = error
            throw AgentStartFailure(error)
        } catch {
            throw AgentStartFailure("\(error)")
        }
    }

    private func standBy(_ problem: String) async throws {
        let text = "gatekeeld has not started and tries again: \(problem)"
        // Each attempt would say the same.
        if standby?.problem != text {
            Log.event(
                .stateUnreadable,
                LogMessage(
                    "gatekeeld cannot start: \(problem, .reason); it is tried again by itself. Check the disk (dmesg); 'systemctl reload gatekeeld' tries at once"
                ).with(.file, folder))
        }
        if let standby {
            standby.problem = text
        } else {
            let standby = StandbyService(text) { [weak self] in self?.retry() }
            self.standby = standby
            try await standby.publish(on: bus)
        }
        ServiceManager.ready(status: text)
    }

    private static func tell(_ loaded: Loaded) {
        Log.level = loaded.configuration.logLevel
        if let refused = loaded.refused {
            Reporter.report(refused)
            Log.event(
                .configurationKept,
                "The configuration has \(refused.problems.count) errors; the last one that worked is in use. 'gatekeel config check' names every error; fix them, then 'systemctl reload gatekeeld'"
            )
        }
        if loaded.configuration.servers.isEmpty {
            Log.notice("No server is configured: add a section [Server NAME] in /etc/gatekeel/gatekeeld.conf.d/")
        }
    }
}

/// `org.gatekeel.Agent1` before there is an agent: every call is refused and says why.
@LoopActor
final class StandbyService {
    /// Why there is no agent.
    var problem: String

    private let object = BusObject(path: Agent1.path)
    private let retry: @LoopActor () -> Void
    private var export: BusToken?

    /// - Parameter retry: makes another attempt at once.
    init(_ problem: String, retry: @escaping @LoopActor () -> Void) {
        self.problem = problem
        self.retry = retry
        let names = Agent1.interface.methods.map(\.name)
        object.add(
            Agent1.interface, methods: Dictionary(uniqueKeysWithValues: names.map { ($0, handler) }))
        object.authorize = { call, changes throws(BusError) in
            if changes { try AgentService.authorize(try await call.credentials(), call.member) }
        }
    }

    private var handler: BusObject.Handler {
        { [weak self] call throws(BusError) in
            guard let self else { return [] }
            return try self.refuse(call)
        }
    }

    private func refuse(_ call: BusCall) throws(BusError) -> [BusValue] {
        if call.member == "Reload" { retry() }
        throw ContractError(.unavailable, problem).busError
    }

    func publish(on connection: BusConnection) async throws(BusError) {
        export = try connection.export(object)
        try await takeName(on: connection)
    }

    func takeName(on connection: BusConnection) async throws(BusError) {
        try await connection.requestName(Agent1.busName)
    }

    /// The agent's own object takes its place.
    func end() { export?.cancel() }
}
