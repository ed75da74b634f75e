import Bus
import Configuration
import Contract
import EventLoop
import Glibc
import Journal
import Linux

/// The program gatekeeld.
public enum AgentProgram {
    /// Runs until a signal ends it; the exit status is as in sysexits.h where it is not 0.
    public static func main() -> Int32 {
        switch CommandLine.arguments.dropFirst().first {
        case nil: break
        case "--version":
            print("gatekeeld \(Product.version)")
            return 0
        case "--help":
            print("gatekeeld is the LwM2M agent of Gatekeel; systemd starts it. See gatekeeld(8), gatekeeld.conf(5).")
            return 0
        default:
            Log.error("gatekeeld takes no argument but --help and --version")
            return EX_USAGE
        }
        // A peer that went away is an error of a call, not a signal.
        signal(SIGPIPE, SIG_IGN)
        LoopActor.spawn { await Main().run() }
        return EventLoop.shared.run()
    }
}

@LoopActor
private final class Main {
    private let files = AgentConfiguration.files
    private var agent: Agent?
    private var leaving = false

    func run() async {
        // Before anything makes a thread: sd-event takes signals that are blocked everywhere.
        _ = SignalSource(SIGTERM) { [self] in leave() }
        _ = SignalSource(SIGINT) { [self] in leave() }
        _ = SignalSource(SIGHUP) { [self] in reload() }
        ServiceManager.feedWatchdog()

        let configuration: AgentConfiguration
        do throws(ConfigurationError) {
            configuration = try AgentConfiguration.load(files)
        } catch {
            Reporter.report(error)
            EventLoop.shared.exit(EX_CONFIG)
            return
        }
        Log.level = configuration.logLevel
        do {
            // Servers need no bus: they keep their sessions and observations while it is away.
            let bus = try BusConnection.system(retry: LoopScheduler.shared)
            bus.onDisconnect = { [self] in
                guard !leaving else { return }
                Log.warning("The system bus is gone; until it is back nothing can be installed")
            }
            bus.onReconnect = { [self] in
                guard !leaving else { return }
                LoopActor.spawn { await self.agent?.busReturned(bus) }
            }
            let folder = getenv("STATE_DIRECTORY").map { String(cString: $0) } ?? "/var/lib/gatekeeld"
            let agent = try Agent(configuration, folder: folder, bus: bus)
            self.agent = agent
            try await agent.start(bus)
        } catch {
            Log.error("gatekeeld cannot start: \("\(error)", .reason)")
            EventLoop.shared.exit(EX_UNAVAILABLE)
            return
        }
        if configuration.servers.isEmpty {
            Log.notice("No server is configured: add a section [Server NAME] in /etc/gatekeel/gatekeeld.conf.d/")
        }
        ServiceManager.ready(status: configuration.servers.isEmpty ? "No server is configured" : "Registering")
    }

    private func leave() {
        guard !leaving else { return }
        leaving = true
        ServiceManager.stopping()
        LoopActor.spawn { [self] in
            await agent?.stop()
            EventLoop.shared.exit(0)
        }
    }

    private func reload() {
        guard let agent, !leaving else { return }
        ServiceManager.reloading()
        LoopActor.spawn { [self] in
            await agent.reload(files)
            ServiceManager.ready(status: "Configuration read anew")
        }
    }
}
