import Bus
import CoAP
import Configuration
import Contract
import EventLoop
import HostObjects
import Journal
import LwM2MClient
import Linux

/// gatekeeld: the LwM2M client of this gateway, with its features.
@LoopActor
final class Agent {
    private let environment: AgentEnvironment
    private let features: [any Feature]
    private let service: AgentService
    private let store: ConfigurationStore<AgentConfiguration>
    private let turn = Turn()
    private var network: NetworkWatch?
    private var isLeaving = false

    private var client: Client { environment.client }

    /// - Parameter folder: the state folder (`StateDirectory=`); it exists.
    init(
        _ loaded: ConfigurationStore<AgentConfiguration>.Loaded, _ store: ConfigurationStore<AgentConfiguration>,
        folder: String, bus: BusConnection, scheduler: any Scheduler = LoopScheduler.shared
    ) throws(AgentStartFailure) {
        guard let endpoint = loaded.configuration.endpoint ?? EndpointName.derived() else {
            throw AgentStartFailure(
                "this machine has no /etc/machine-id to derive an endpoint name from; set Endpoint= in the section [Agent] "
                    + "of gatekeeld.conf, or run systemd-machine-id-setup")
        }
        let reporter = Reporter(endpoint: endpoint)
        let seeds = AccountSeeds(loaded.configuration)
        let client = Client(
            endpoint: endpoint,
            accounts: ServerAccounts(seeds: seeds.seeds, dormant: seeds.dormant, path: "\(folder)/accounts"),
            transport: CoAPTransport(scheduler: scheduler), scheduler: scheduler, report: { reporter.report($0) })
        environment = AgentEnvironment(
            loaded.configuration, endpoint: endpoint, folder: folder, bus: bus, scheduler: scheduler, client: client,
            accountSeeds: seeds)
        self.store = store
        features = try Features.all(environment)
        for object in features.flatMap(\.objects) { client.add(object) }
        service = AgentService(environment)
        reporter.changed = { [weak service] in service?.statusChanged() }
        environment.statusChanged = { [weak service] in service?.statusChanged() }
        service.reload = { [weak self] () async throws(ContractError) in
            guard let self else { throw ContractError(.unreachable, "gatekeeld is ending") }
            do throws(ConfigurationError) {
                try await self.reload()
            } catch {
                throw ContractError(.refused, error.description)
            }
        }
    }

    // MARK: Life

    func start(_ loaded: ConfigurationStore<AgentConfiguration>.Loaded) async throws(AgentStartFailure) {
        do throws(BusError) {
            try await service.publish(on: environment.bus)
        } catch {
            throw AgentStartFailure(
                "the bus does not give the name \(Agent1.busName): \(error); check that no other gatekeeld runs and that "
                    + "/usr/share/dbus-1/system.d/\(Agent1.busName).conf is there")
        }
        await took(loaded)
        for feature in features { await feature.start() }
        do throws(Errno) {
            network = try NetworkWatch(scheduler: environment.scheduler) { [weak self] in
                Log.debug("Addresses or routes changed")
                self?.client.networkChanged()
            }
        } catch {
            Log.warning(
                "Changes of the network are not seen: \(error, .reason); servers are contacted again only when they do not answer. Restart gatekeeld to try again"
            )
        }
        guard !isLeaving else { return }
        client.start()
    }

    /// The bus is back: names have to be requested again.
    func busReturned() async {
        do throws(BusError) {
            try await service.takeName(on: environment.bus)
            Log.notice("The system bus is back")
        } catch {
            // The bus may be gone again, and then this runs again; or another process has the name.
            Log.warning(
                "The bus does not give the name \(Agent1.busName): \("\(error)", .reason); 'gatekeel status' does not work until gatekeeld is restarted"
            )
        }
    }

    /// De-registers; takes less than two seconds.
    func stop() async {
        isLeaving = true
        network?.stop()
        await client.stop()
        for feature in features { await feature.stop() }
    }

    // MARK: Configuration

    /// Takes the configuration over that the files have now.
    ///
    /// - Throws: what is wrong with it; the one in use stays in use.
    func reload() async throws(ConfigurationError) {
        await turn.take()
        defer { turn.give() }
        guard !isLeaving else { return }
        let loaded: ConfigurationStore<AgentConfiguration>.Loaded
        do throws(ConfigurationError) {
            loaded = try store.read()
        } catch {
            Reporter.report(error)
            refused(error)
            throw error
        }
        Log.level = loaded.configuration.logLevel
        let wanted = loaded.configuration.endpoint ?? EndpointName.derived()
        if wanted != environment.endpoint {
            Log.notice("The endpoint name stays \(environment.endpoint, .endpoint) until gatekeeld is restarted")
        }
        await took(loaded)
        for feature in features { await feature.reload(loaded.configuration) }
        await client.reload()
        service.statusChanged()
        Log.info("The configuration was reloaded")
    }

    /// A configuration is in use: it is kept for a start with a broken one.
    private func took(_ loaded: ConfigurationStore<AgentConfiguration>.Loaded) async {
        guard loaded.refused == nil else {
            refused(loaded.refused)
            return
        }
        refused(nil)
        let (store, snapshot) = (store, loaded.snapshot)
        do {
            try await Worker.shared.run { try store.keep(snapshot) }
        } catch {
            Log.warning(
                "The configuration is in use but no copy of it could be kept: \("\(error)", .reason); free space in \(environment.folder, .file), then reload gatekeeld"
            )
        }
    }

    private func refused(_ error: ConfigurationError?) {
        environment.configurationProblems = error?.problems ?? []
        environment.conditions.set(.configurationRefused, error != nil)
        service.statusChanged()
    }

    /// What `systemctl status` shows until a server answers.
    var statusLine: String {
        if !environment.configurationProblems.isEmpty {
            return "The configuration has errors; the last one that worked is in use"
        }
        if let account = environment.accountSeeds.unusable.first {
            return "The server \(account.name) is not contacted: \(account.refusal)"
        }
        return client.accounts.all.isEmpty ? "No server is configured" : "Registering"
    }
}
