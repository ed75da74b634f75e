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
        let endpoint = try EndpointName.chosen(loaded.configuration.endpoint)
        let reporter = Reporter(endpoint: endpoint)
        let seeds = AccountSeeds(loaded.configuration)
        let accounts = ServerAccounts(seeds: seeds.seeds, dormant: seeds.dormant, path: "\(folder)/accounts")
        let lists = AccessLists(
            accounts: accounts, members: loaded.configuration.servers.map { AccessMember($0) }, path: "\(folder)/access"
        )
        let boot = MachineIdentity.thisBoot
        let client = Client(
            endpoint: endpoint, accounts: accounts, lists: lists,
            store: NotificationStore(prefix: "\(folder)/notifications", boot: boot ?? ""),
            transport: CoAPTransport(scheduler: scheduler), scheduler: scheduler, report: { reporter.report($0) })
        environment = AgentEnvironment(
            loaded.configuration, endpoint: endpoint, folder: folder, boot: boot ?? "unknown", bus: bus,
            scheduler: scheduler, client: client, lists: lists, accountSeeds: seeds)
        self.store = store
        features = Features.all(environment)
        for object in features.flatMap(\.objects) { client.add(object) }
        service = AgentService(environment)
        environment.stateProblems.changed = { [weak self] isWrong in
            self?.environment.conditions.set(.stateUnreadable, isWrong)
            self?.statusChanged()
        }
        reporter.changed = { [weak self] in self?.contactChanged() }
        environment.statusChanged = { [weak service] in service?.statusChanged() }
        service.reload = { [weak self] () async throws(ContractError) in
            guard let self else { throw ContractError(.unreachable, "gatekeeld is ending") }
            try await self.reload()
        }
    }

    /// Ends the process so that systemd starts it anew; set by the program.
    var restart: (@LoopActor () -> Void)? {
        get { environment.stateProblems.restart }
        set { environment.stateProblems.restart = newValue }
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
        await startFeatures()
        do throws(Errno) {
            network = try NetworkWatch(scheduler: environment.scheduler) { [weak self] in
                Log.debug("Addresses or routes changed")
                self?.networkChanged()
            }
        } catch {
            Log.warning(
                "Changes of the network are not seen: \(error, .reason); servers are contacted again only when they do not answer. Restart gatekeeld to try again"
            )
        }
        guard !isLeaving else { return }
        client.start()
    }

    private func networkChanged() {
        client.networkChanged()
        for feature in features { feature.networkChanged() }
    }

    /// So long the registration waits for the features.
    static let startLimit = Duration.seconds(3)

    private func startFeatures() async {
        let features = features
        let isDone = await environment.scheduler.wait(atMost: Self.startLimit) {
            for feature in features { await feature.start() }
        }
        if !isDone { Log.info("The servers are contacted before everything that they can read is there") }
    }

    /// The bus is back: names have to be requested again.
    func busReturned() async {
        do throws(BusError) {
            try await service.takeName(on: environment.bus)
            Log.notice("The system bus is back")
        } catch {
            // The bus may be gone again, and then this runs again; or another process has the name.
            Log.warning(
                "The bus does not give the name \(Agent1.busName): \("\(error)", .reason); restart gatekeeld, so that 'gatekeel status' works again"
            )
        }
    }

    /// De-registers; takes less than two seconds.
    func stop() async {
        isLeaving = true
        network?.stop()
        await client.stop()
        for feature in features { await feature.stop() }
        environment.stateProblems.stop()
    }

    // MARK: Configuration

    /// Takes the configuration over that the files have now.
    ///
    /// - Throws: `Refused` for a configuration with errors: the one in use stays in use; `Failed` when a part of it could
    ///   not be taken over.
    func reload() async throws(ContractError) {
        await turn.take()
        defer { turn.give() }
        guard !isLeaving else { return }
        let loaded: ConfigurationStore<AgentConfiguration>.Loaded
        do throws(ConfigurationError) {
            loaded = try store.read()
        } catch {
            Reporter.report(error)
            refused(error)
            throw ContractError(.refused, error.description)
        }
        Log.level = loaded.configuration.logLevel
        // An identifier that cannot be read now is no other one.
        if case .success(let wanted) = EndpointName.name(loaded.configuration.endpoint), wanted != environment.endpoint
        {
            Log.notice("The endpoint name stays \(environment.endpoint, .endpoint) until gatekeeld is restarted")
        }
        var failures: [String] = []
        for feature in features {
            do throws(ReloadFailure) {
                try await feature.reload(loaded.configuration)
            } catch {
                failures.append(error.text)
            }
        }
        await client.reload()
        guard failures.isEmpty else {
            statusChanged()
            throw ContractError(.failed, failures.joined(separator: "\n"))
        }
        await took(loaded)
        statusChanged()
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
                "The configuration is in use but no copy of it could be kept: \("\(error)", .reason); free space in \(environment.folder, .file) or check the disk (dmesg), then reload gatekeeld"
            )
        }
    }

    private func refused(_ error: ConfigurationError?) {
        environment.configurationProblems = error?.problems ?? []
        environment.conditions.set(.configurationRefused, error != nil)
        statusChanged()
    }

    // MARK: Status

    private func contactChanged() {
        for feature in features { feature.contactChanged() }
        statusChanged()
    }

    private func statusChanged() {
        service.statusChanged()
        ServiceManager.status(statusLine)
    }

    /// What `systemctl status` shows.
    var statusLine: String {
        StatusLine(
            endpoint: environment.endpoint, isConfigurationRefused: !environment.configurationProblems.isEmpty,
            stateProblems: environment.stateProblems.texts,
            unusable: environment.accountSeeds.unusable, servers: client.status
        ).text
    }
}
