import Bus
import Configuration
import Contract
import Deployment
import EventLoop
import Glibc
import Journal
import Linux

/// `gatekeel-installd`: configuration, wiring and life.
@LoopActor
public final class InstallerDaemon {
    private let store: ConfigurationStore<InstallerConfiguration>
    /// nil until there is one: the files have errors, and the last one that worked cannot be read for now.
    private var loaded: ConfigurationStore<InstallerConfiguration>.Loaded?
    private let bus: BusConnection
    private let engine: DeploymentEngine
    private let reader: ReplaceableReader
    private let installer: InstallerService
    private let host: HostService
    private let keyring: KeyringWatch
    private let hostWatch: HostWatch
    private var signals: [SignalSource] = []
    private var isStopping = false
    private let workers: WorkerWatch
    /// The errors of the configuration that were reported last while there was none to use.
    private var told: ConfigurationError?
    /// The name is on the bus.
    private var isPublished = false
    private lazy var opening = Attempts(
        scheduler: LoopScheduler.shared, attempt: { [unowned self] in await openProblem() },
        failed: { [unowned self] in try await stayUp($0) })

    /// Reads the configuration and connects to the bus; nothing is changed yet.
    ///
    /// - Throws: `NoConfiguration` when the files have errors and no earlier configuration was kept.
    init(files: ConfigurationFiles) throws {
        store = ConfigurationStore(files, keptIn: keptConfiguration)
        loaded = try Self.load(store)
        let configuration = loaded?.configuration ?? InstallerConfiguration()
        Log.level = configuration.install.logLevel
        let scheduler = LoopScheduler.shared
        bus = try BusConnection.system()
        let systemd = SystemdConnection(bus)
        let units = SystemdUnitManager(systemd)
        workers = WorkerWatch { name in
            Log.error(
                "The worker '\(name)' hangs in a call of the kernel; systemd restarts the service, and what it did goes on. Look for a failing disk in the kernel's log (dmesg)"
            )
            ServiceManager.starveWatchdog()
        }
        reader = ReplaceableReader(DebPackageReader(configuration: configuration.install))
        let ports = Ports(
            units: units, health: SystemdHealthRunner(systemd, scheduler: scheduler),
            provisioner: SystemdProvisioner(systemd, scheduler: scheduler), bus: SystemMessageBus(bus),
            packages: reader, scheduler: scheduler,
            wallClock: { Host.now() }, bootID: try Host.bootID())
        engine = DeploymentEngine(policy: Policy(configuration), ports: ports)
        let keyring = KeyringWatch(
            warning: configuration.install.certificateWarning, scheduler: scheduler, now: { Host.now() })
        self.keyring = keyring
        let access = CallerPolicy.host()
        installer = InstallerService(
            engine: engine, units: units, access: access, version: Product.version,
            keyring: { try await keyring.certificates() })
        hostWatch = HostWatch(scheduler: scheduler) { [installer] in installer.lookAtHost() }
        host = HostService(
            bus, systemd, access: access, scheduler: scheduler,
            reboots: RebootLimit(
                path: "\(HostPaths().store)/reboots", boot: try Host.bootID(),
                uptime: { Uptime.seconds(scheduler: scheduler) }),
            horizon: { try? await keyring.certificates().map(\.notAfter).max() })
    }

    /// Opens the store, takes the name and tells systemd. What was interrupted goes on.
    ///
    /// While the store cannot be opened, the name is taken all the same: whoever asks hears why, and the host can be rebooted.
    func start() async throws {
        signals = [
            SignalSource(SIGTERM) { [weak self] in self?.stop() }, SignalSource(SIGINT) { [weak self] in self?.stop() },
            SignalSource(SIGHUP) { [weak self] in self?.reload() },
        ]
        bus.onDisconnect = { [weak self] in
            // Without the bus neither callers nor systemd are to be heard: a new process connects anew.
            Log.error(
                "The system bus hung up; the service starts anew. If it does not come back, look at 'systemctl status dbus'"
            )
            self?.leave(1)
        }
        ServiceManager.feedWatchdog()
        workers.start()
        ServiceManager.status("opening the store")
        try await opening.run()
        guard !isStopping else { return }
        await keepConfiguration()
        await installer.start()
        guard !isStopping else { return }
        if installer.storeProblem != nil { Log.notice("The store is open again") }
        installer.storeProblem = nil
        try await publish()
        try bus.watchName("org.freedesktop.systemd1") { [weak self] owner in
            guard owner != nil, let self else { return }
            // systemd was executed anew: what it told meanwhile was missed.
            self.installer.refresh()
        }
        keyring.start()
        hostWatch.start()
        installer.hostChanged = { [hostWatch] in hostWatch.noteChange() }
        installer.lookAtHost()
        ServiceManager.ready(status: installer.statusLine)
    }

    /// - Returns: nil when there may be a configuration later: without one the store is not opened.
    private static func load(
        _ store: ConfigurationStore<InstallerConfiguration>
    ) throws(NoConfiguration) -> ConfigurationStore<InstallerConfiguration>.Loaded? {
        do throws(NoConfiguration) {
            return try store.readOrKept()
        } catch {
            guard error.mayPass else { throw error }
            return nil
        }
    }

    private func publish() async throws {
        guard !isPublished else { return }
        isPublished = true
        try bus.export(installer.object)
        try bus.export(host.object)
        try await bus.requestName(Installer1.busName)
    }

    /// Reads the configuration if there is none yet, and opens the store.
    ///
    /// - Returns: why that failed; nil when the store is open.
    private func openProblem() async -> String? {
        do {
            if loaded == nil {
                let store = store
                take(try await Worker.shared.run { try store.readOrKept() })
            }
            installer.isConfigurationRefused = loaded?.refused != nil
            for note in try await engine.open() { note.log() }
            return nil
        } catch let error as NoConfiguration {
            // Each attempt would name the same errors.
            if told != error.refused { report(error.refused) }
            told = error.refused
            return "the configuration has errors, and \(error.keptText)"
        } catch {
            return "\(error)"
        }
    }

    /// Tells why the store is not open.
    private func stayUp(_ problem: String) async throws {
        guard !isStopping else { return }
        // Each attempt would say the same.
        if installer.storeProblem != problem {
            Log.event(
                .stateUnreadable,
                LogMessage(
                    "The store cannot be opened: \(problem, .reason); nothing of it is changed, no package can be installed or removed, and it is tried again by itself. Check the disk (dmesg); 'systemctl reload gatekeel-installd' tries at once"
                ).with(.file, HostPaths().store))
        }
        installer.storeProblem = problem
        try await publish()
        ServiceManager.ready(status: installer.statusLine)
    }

    // MARK: Signals

    private func stop() {
        guard !isStopping else { return }
        ServiceManager.stopping()
        leave(0)
    }

    private func leave(_ code: Int32) {
        isStopping = true
        // What runs is left as it is: its journal is durable, and the next process takes it up.
        engine.suspend()
        bus.close()
        Log.writeSummaries(all: true)
        EventLoop.shared.exit(code)
    }

    private func reload() {
        ServiceManager.reloading()
        do {
            take(try store.read())
            installer.isConfigurationRefused = false
            installer.access = CallerPolicy.host()
            host.access = installer.access
            keyring.start()
            LoopActor.spawn { await self.keepConfiguration() }
            Log.info("The configuration was reloaded")
        } catch {
            installer.isConfigurationRefused = loaded != nil
            report(error)
        }
        // A store that is not open yet is tried at once.
        opening.retry()
        ServiceManager.ready(status: installer.statusLine)
    }

    private func take(_ loaded: ConfigurationStore<InstallerConfiguration>.Loaded) {
        self.loaded = loaded
        let configuration = loaded.configuration
        Log.level = configuration.install.logLevel
        engine.policy = Policy(configuration)
        reader.replace(DebPackageReader(configuration: configuration.install))
        keyring.warning = configuration.install.certificateWarning
    }

    /// A configuration is in use: it is kept for a start with a broken one.
    private func keepConfiguration() async {
        guard let loaded else { return }
        if let refused = loaded.refused {
            report(refused)
            Log.event(
                .configurationKept,
                "The configuration has \(refused.problems.count) errors; the last one that worked is in use. 'gatekeel config check' names every error; fix them, then 'systemctl reload gatekeel-installd'"
            )
            return
        }
        let (store, snapshot) = (store, loaded.snapshot)
        do {
            try await Worker.shared.run { try store.keep(snapshot) }
        } catch {
            Log.warning(
                "The configuration is in use but no copy of it could be kept: \("\(error)", .reason); free space in /var/lib/gatekeel or check the disk (dmesg), then reload gatekeel-installd"
            )
        }
    }
}

/// The last configuration without errors, in the store's folder.
let keptConfiguration = "/var/lib/gatekeel/configuration"

/// Tells what is wrong with the configuration, file by file.
func report(_ error: any Error) {
    if let error = error as? NoConfiguration {
        report(error.refused)
        Log.error(
            "There is no configuration: the files have errors, and \(error.keptText, .reason). 'gatekeel config check' names every error; fix them, then 'systemctl restart gatekeel-installd'"
        )
        return
    }
    guard let error = error as? ConfigurationError else {
        Log.error(
            "gatekeel-installd cannot start: \("\(error)", .reason); systemd starts it again. Check the disk (dmesg) and 'systemctl status dbus'"
        )
        return
    }
    for problem in error.problems {
        Log.event(
            .configurationRefused,
            LogMessage("\(problem.description, .reason); correct it").with(.file, problem.position.file).with(
                .key, problem.key))
    }
}

extension InstallerDaemon {
    /// Runs the daemon to its end.
    ///
    /// - Returns: the process's exit status: 78 (`EX_CONFIG`) for a configuration that cannot be used.
    public nonisolated static func main(files: ConfigurationFiles = InstallerConfiguration.files) -> Int32 {
        Heap.returnsLargeBuffers()
        Log.limitRepetition { delay in
            LoopActor.spawn { LoopScheduler.shared.schedule(after: delay) { Log.writeSummaries() } }
        }
        LoopActor.spawn {
            do {
                let daemon = try InstallerDaemon(files: files)
                running = daemon
                try await daemon.start()
            } catch {
                report(error)
                EventLoop.shared.exit(error is NoConfiguration ? 78 : 1)
            }
        }
        return EventLoop.shared.run()
    }

    /// Tells what is wrong with the configuration, as a reload would; changes nothing.
    ///
    /// - Returns: 78 (`EX_CONFIG`) when it has errors.
    nonisolated static func check(files: ConfigurationFiles = InstallerConfiguration.files) -> Int32 {
        do throws(ConfigurationError) {
            _ = try ConfigurationStore<InstallerConfiguration>(files, keptIn: keptConfiguration).read()
            return 0
        } catch {
            report(error)
            return 78
        }
    }

    /// Kept for the life of the process.
    private static var running: InstallerDaemon?
}
