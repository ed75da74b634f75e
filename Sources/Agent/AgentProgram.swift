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
            Log.error("gatekeeld takes no argument but --help and --version; see gatekeeld(8)")
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
    private let folder = getenv("STATE_DIRECTORY").map { String(cString: $0) } ?? "/var/lib/gatekeeld"
    private var agent: Agent?
    private var isLeaving = false

    func run() async {
        // Before anything makes a thread: sd-event takes signals that are blocked everywhere.
        _ = SignalSource(SIGTERM) { [self] in leave() }
        _ = SignalSource(SIGINT) { [self] in leave() }
        _ = SignalSource(SIGHUP) { [self] in reload() }
        ServiceManager.feedWatchdog()
        Log.limitRepetition { delay in
            LoopActor.spawn { LoopScheduler.shared.schedule(after: delay) { Log.writeSummaries() } }
        }

        let store = ConfigurationStore<AgentConfiguration>(
            AgentConfiguration.files, keptIn: "\(folder)/configuration")
        let loaded: ConfigurationStore<AgentConfiguration>.Loaded
        do throws(ConfigurationError) {
            loaded = try store.readOrKept()
        } catch {
            Reporter.report(error)
            Log.error(
                "gatekeeld cannot start: the configuration has errors, and there is no earlier one that worked. 'gatekeel config check' names every error; fix them, then 'systemctl restart gatekeeld'"
            )
            // The unit does not restart for this status: another attempt would end the same way.
            EventLoop.shared.exit(EX_CONFIG)
            return
        }
        Log.level = loaded.configuration.logLevel
        if let refused = loaded.refused {
            Reporter.report(refused)
            Log.event(
                .configurationKept,
                "The configuration has \(refused.problems.count) errors; the last one that worked is in use. 'gatekeel config check' names every error; fix them, then 'systemctl reload gatekeeld'"
            )
        }
        do {
            // Servers need no bus: they keep their sessions and observations while it is away.
            let bus = try BusConnection.system(retry: LoopScheduler.shared)
            bus.onDisconnect = { [self] in
                guard !isLeaving else { return }
                Log.warning(
                    "The system bus is gone; nothing can be installed until it is back. If it does not come back, look at 'systemctl status dbus'"
                )
            }
            bus.onReconnect = { [self] in
                guard !isLeaving else { return }
                LoopActor.spawn { await self.agent?.busReturned() }
            }
            let agent = try Agent(loaded, store, folder: folder, bus: bus)
            self.agent = agent
            try await agent.start(loaded)
        } catch {
            // The text of a start failure says what to do; an error of the bus does not.
            let text = error is AgentStartFailure ? "\(error)" : "\(error); look at 'systemctl status dbus'"
            Log.error("gatekeeld cannot start: \(text, .reason); then 'systemctl restart gatekeeld'")
            EventLoop.shared.exit(AgentStartFailure.exitStatus(of: error))
            return
        }
        if loaded.configuration.servers.isEmpty {
            Log.notice("No server is configured: add a section [Server NAME] in /etc/gatekeel/gatekeeld.conf.d/")
        }
        ServiceManager.ready(status: agent?.statusLine ?? "")
    }

    private func leave() {
        guard !isLeaving else { return }
        isLeaving = true
        ServiceManager.stopping()
        LoopActor.spawn { [self] in
            await agent?.stop()
            Log.writeSummaries(all: true)
            EventLoop.shared.exit(0)
        }
    }

    /// SIGHUP: without an answer. `systemctl reload` calls `Agent1.Reload`, which has one.
    private func reload() {
        guard let agent, !isLeaving else { return }
        ServiceManager.reloading()
        LoopActor.spawn { [self] in
            // What is wrong was reported, and the text below says it.
            try? await agent.reload()
            guard !isLeaving else { return }
            ServiceManager.ready(status: agent.statusLine)
        }
    }
}
