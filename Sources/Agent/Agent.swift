import Bus
import CoAP
import Configuration
import Contract
import EventLoop
import Glibc
import HostObjects
import Journal
import LwM2M
import LwM2MClient
import Linux

/// gatekeeld: the LwM2M client of this gateway, wired.
@LoopActor
public final class Agent {
    /// Why the agent cannot start; the text says what to do.
    public struct StartFailure: Error, CustomStringConvertible {
        public let description: String
    }

    private let client: Client
    private let endpoint: String
    private let service: AgentService
    private let device: DeviceObject
    private let software: SoftwareManagement
    private let installer: BusInstaller
    private let installerProxy: InstallerProxy
    private let hostProxy: HostProxy
    private let scheduler: any Scheduler
    private let folder: String
    private var network: NetworkWatch?

    /// - Parameter folder: the state folder (`StateDirectory=`).
    init(
        _ configuration: AgentConfiguration, folder: String, bus: BusConnection,
        scheduler: any Scheduler = LoopScheduler.shared
    ) throws(StartFailure) {
        guard let endpoint = configuration.endpoint ?? EndpointName.derived() else {
            throw StartFailure(
                description: "this machine has no /etc/machine-id to derive an endpoint name from; set Endpoint= in "
                    + "the section [Agent] of gatekeeld.conf, or run systemd-machine-id-setup")
        }
        self.endpoint = endpoint
        self.scheduler = scheduler
        self.folder = folder
        do throws(Errno) {
            try Files.makeDirectories("\(folder)/software", mode: 0o700)
        } catch {
            throw StartFailure(description: "the state folder cannot be used: \(error)")
        }

        installerProxy = InstallerProxy(bus)
        hostProxy = HostProxy(bus)
        installer = BusInstaller(installerProxy)
        let (seeds, dormant) = Agent.seeds(configuration)
        let accounts = ServerAccounts(seeds: seeds, dormant: dormant, path: "\(folder)/accounts")
        let flusher = Flusher(scheduler)
        device = DeviceObject(
            settings: DeviceSettings(configuration.device), agentVersion: Product.version,
            control: BusHostControl(hostProxy), scheduler: scheduler, afterAnswer: { flusher.afterAnswer($0) })
        software = SoftwareManagement(
            Agent.options(configuration, folder: folder), installer: installer, fetcher: ProcessFetcher(),
            scheduler: scheduler)
        let reporter = Reporter(endpoint: endpoint)
        client = Client(
            endpoint: endpoint,
            objects: [SecurityObject(accounts: accounts), ServerObject(accounts: accounts), device, software],
            accounts: accounts, transport: CoAPTransport(scheduler: scheduler), scheduler: scheduler,
            report: { reporter.report($0) })
        service = AgentService(client: client, endpoint: endpoint, scheduler: scheduler)
        flusher.client = client
        reporter.changed = { [weak service] in service?.statusChanged() }
        service.transfers = TransferView(software, scheduler: scheduler)
        software.report = { Reporter.report($0) }
        software.transfersChanged = { [weak service] in service?.statusChanged() }
        device.rebootFailed = { error in
            Log.error("The reboot that a server asked for did not come about: \("\(error)", .reason)")
        }
    }

    // MARK: Life

    func start(_ bus: BusConnection) async throws(StartFailure) {
        do throws(BusError) {
            try await service.publish(on: bus)
        } catch {
            throw StartFailure(description: "the bus does not give the name \(Agent1.busName): \(error)")
        }
        await noteAccounts()
        await follow()
        await software.start()
        if let serial = try? await hostProxy.hardwareSerial() { device.hardwareSerial(serial) }
        do throws(Errno) {
            network = try NetworkWatch(scheduler: scheduler) { [weak self] in
                Log.debug("Addresses or routes changed: servers are contacted anew")
                self?.client.networkChanged()
            }
        } catch {
            Log.warning("Changes of the network are not seen: \(error, .reason)")
        }
        client.start()
    }

    /// The bus is back: what was followed is followed again; a name has to be taken again.
    func busReturned(_ bus: BusConnection) async {
        do throws(BusError) {
            try await service.takeName(on: bus)
            Log.notice("The system bus is back")
        } catch {
            // Gone once more, and it will be back once more; or the name is another's, which no attempt changes.
            Log.warning("The bus does not give the name \(Agent1.busName): \("\(error)", .reason)")
        }
    }

    /// De-registers and leaves; takes less than two seconds.
    func stop() async {
        network?.stop()
        await client.stop()
    }

    /// Takes a new configuration over, or says what is wrong and goes on with the old one.
    func reload(_ files: ConfigurationFiles) async {
        let configuration: AgentConfiguration
        do throws(ConfigurationError) {
            configuration = try AgentConfiguration.load(files)
        } catch {
            Reporter.report(error)
            Log.warning("The new configuration is not used, the old one stays in force")
            return
        }
        let wanted = configuration.endpoint ?? EndpointName.derived()
        if wanted != endpoint {
            Log.notice("The endpoint name stays \(endpoint, .endpoint) until gatekeeld is restarted")
        }
        let (seeds, dormant) = Agent.seeds(configuration)
        do throws(OperationError) {
            try await client.accounts.reload(seeds, dormant: dormant)
        } catch {
            Log.error("The accounts could not be stored: \(error.message, .reason)")
        }
        await noteAccounts()
        device.reload(DeviceSettings(configuration.device))
        software.reload(Agent.options(configuration, folder: folder))
        await client.reload()
        service.statusChanged()
        Log.info("The configuration was read anew")
    }

    // MARK: The installer

    /// Follows what the installer tells; its absence is no reason not to be reachable.
    private func follow() async {
        do throws(ContractError) {
            try installerProxy.onPackageChanged { [weak self] info in
                guard let self, let package = InstalledPackage(info) else { return }
                LoopActor.spawn { await self.software.packageChanged(package) }
            }
            try installerProxy.onPackageRemoved { [weak self] name in
                guard let self else { return }
                LoopActor.spawn { await self.software.packageRemoved(name) }
            }
            try installerProxy.onDeploymentChanged { [weak self] in self?.installer.deploymentChanged($0) }
            try installerProxy.onAvailability { [weak self] isThere in
                guard let self, isThere else { return }
                LoopActor.spawn {
                    await self.installer.appeared()
                    await self.software.installerAppeared()
                }
            }
        } catch {
            Log.error("gatekeel-installd cannot be followed: \(error.text, .reason)")
        }
    }

    // MARK: Accounts

    /// The accounts, and the names of those whose key file is refused.
    private static func seeds(
        _ configuration: AgentConfiguration
    ) -> (seeds: [ServerAccount.Seed], dormant: Set<String>) {
        var dormant: Set<String> = []
        let seeds: [ServerAccount.Seed] = configuration.servers.compactMap { server in
            do throws(KeyFile.Refusal) {
                return try server.seed()
            } catch {
                Log.event(
                    .keyRefused,
                    "The server \(server.name, .server) is not contacted: key file \(error.path, .file): \(error.text, .reason)"
                )
                dormant.insert(server.name)
                return nil
            }
        }
        return (seeds, dormant)
    }

    private static func options(_ configuration: AgentConfiguration, folder: String) -> SoftwareManagement.Options {
        SoftwareManagement.Options(
            folder: "\(folder)/software", answerTimeout: configuration.software.answerTimeout,
            restoreActivation: configuration.software.restoreActivation,
            maximumPackageSize: Int(clamping: configuration.software.maxPackageSize),
            downloads: DownloadSettings(configuration.software), reserve: DiskReserve(configuration.software),
            maximumInstances: configuration.software.maxInstances,
            // The unit hides /proc/sys, and gives it by its environment.
            boot: MachineIdentity.boot ?? getenv("GATEKEEL_BOOT").map { String(cString: $0) } ?? "unknown")
    }

    private func noteAccounts() async {
        for note in client.accounts.takeNotes() {
            switch note {
            case .configurationWon(let name):
                Log.event(
                    .accountReset,
                    "The account \(name, .server) follows its changed section; what its server had written is dropped")
            case .previousStateTaken:
                Log.event(.stateRestored, "\("\(folder)/accounts", .file) was damaged: the state before it is used")
            case .stateLost:
                Log.event(
                    .stateRestored,
                    "\("\(folder)/accounts", .file) and its copy were damaged: accounts are as the configuration says")
            }
        }
        do throws(OperationError) {
            try await client.accounts.save()
        } catch {
            Log.error("The accounts could not be stored: \(error.message, .reason)")
        }
    }
}

/// Does work once the present answer has left and was acknowledged.
@LoopActor
private final class Flusher {
    weak var client: Client?
    private let scheduler: any Scheduler

    init(_ scheduler: any Scheduler) { self.scheduler = scheduler }

    func afterAnswer(_ work: @escaping @Sendable @LoopActor () async -> Void) {
        LoopActor.spawn {
            // The answer is queued in this turn or the next; then it is waited for.
            await self.scheduler.sleep(for: .milliseconds(100))
            await self.client?.flush(within: .seconds(3))
            await work()
        }
    }
}
