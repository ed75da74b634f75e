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
    private let files: ConfigurationFiles
    private var configuration: InstallerConfiguration
    private let bus: BusConnection
    private let engine: DeploymentEngine
    private let reader: ReplaceableReader
    private let installer: InstallerService
    private let host: HostService
    private let keyring: KeyringWatch
    private var signals: [SignalSource] = []
    private var isStopping = false

    /// Reads the configuration and connects to the bus; nothing is changed yet.
    init(files: ConfigurationFiles) throws {
        self.files = files
        configuration = try InstallerConfiguration.load(files)
        Log.level = configuration.install.logLevel
        let scheduler = LoopScheduler.shared
        bus = try BusConnection.system()
        let systemd = SystemdConnection(bus)
        let units = SystemdUnitManager(systemd)
        reader = ReplaceableReader(DebPackageReader(configuration: configuration.install))
        let ports = Ports(
            units: units, health: SystemdHealthRunner(systemd, scheduler: scheduler),
            provisioner: SystemdProvisioner(systemd, scheduler: scheduler), packages: reader, scheduler: scheduler,
            wallClock: { Host.now() }, bootID: Host.bootID())
        engine = DeploymentEngine(policy: Policy(configuration), ports: ports)
        let keyring = KeyringWatch(
            warning: configuration.install.certificateWarning, scheduler: scheduler, now: { Host.now() })
        self.keyring = keyring
        let access = CallerPolicy.host()
        installer = InstallerService(
            engine: engine, units: units, access: access, version: Product.version,
            keyring: { try await keyring.certificates() })
        host = HostService(
            bus, systemd, access: access, scheduler: scheduler,
            horizon: { try? await keyring.certificates().map(\.notAfter).max() })
    }

    /// Opens the store, takes the name and tells systemd. What was interrupted goes on.
    func start() async throws {
        signals = [
            SignalSource(SIGTERM) { [weak self] in self?.stop() }, SignalSource(SIGINT) { [weak self] in self?.stop() },
            SignalSource(SIGHUP) { [weak self] in self?.reload() },
        ]
        bus.onDisconnect = { [weak self] in
            // Without the bus neither callers nor systemd are to be heard: a new process connects anew.
            Log.error("The system bus hung up; the service starts anew")
            self?.leave(1)
        }
        ServiceManager.feedWatchdog()
        ServiceManager.status("opening the store")
        for note in try await engine.open() { note.log() }
        await installer.start()
        guard !isStopping else { return }
        try bus.export(installer.object)
        try bus.export(host.object)
        try bus.watchName("org.freedesktop.systemd1") { [weak self] owner in
            guard owner != nil, let self else { return }
            // systemd was executed anew: what it told meanwhile was missed.
            LoopActor.spawn { await self.installer.refresh() }
        }
        try await bus.requestName(Installer1.busName)
        keyring.start()
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
        EventLoop.shared.exit(code)
    }

    private func reload() {
        ServiceManager.reloading()
        do {
            configuration = try InstallerConfiguration.load(files)
            Log.level = configuration.install.logLevel
            engine.policy = Policy(configuration)
            reader.replace(DebPackageReader(configuration: configuration.install))
            installer.access = CallerPolicy.host()
            host.access = installer.access
            keyring.warning = configuration.install.certificateWarning
            keyring.start()
            Log.info("The configuration was read again")
        } catch {
            report(error)
        }
        ServiceManager.ready(status: installer.statusLine)
    }
}

/// Tells what is wrong with the configuration, file by file.
func report(_ error: any Error) {
    guard let error = error as? ConfigurationError else {
        Log.error("\("\(error)", .reason)")
        return
    }
    for problem in error.problems {
        Log.event(
            .configurationRefused,
            LogMessage("\(problem.description, .reason)").with(.file, problem.position.file).with(.key, problem.key))
    }
}

extension InstallerDaemon {
    /// Runs the daemon to its end.
    ///
    /// - Returns: the process's exit status: 78 (`EX_CONFIG`) for a configuration that cannot be used.
    public nonisolated static func main(files: ConfigurationFiles = InstallerConfiguration.files) -> Int32 {
        Heap.returnsLargeBuffers()
        LoopActor.spawn {
            do {
                let daemon = try InstallerDaemon(files: files)
                running = daemon
                try await daemon.start()
            } catch {
                report(error)
                EventLoop.shared.exit(error is ConfigurationError ? 78 : 1)
            }
        }
        return EventLoop.shared.run()
    }

    /// Kept for the life of the process.
    private static var running: InstallerDaemon?
}
