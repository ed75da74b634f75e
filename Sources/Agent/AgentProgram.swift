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
    private var starter: AgentStarter?
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
                LoopActor.spawn {
                    await self.starter?.busReturned()
                    await self.agent?.busReturned()
                }
            }
            let starter = AgentStarter(store, folder: folder, bus: bus)
            self.starter = starter
            let (agent, loaded) = try await starter.run()
            self.starter = nil
            guard !isLeaving else { return }
            self.agent = agent
            // systemd starts the service again after an exit that nobody asked it for.
            agent.restart = { [self] in leave() }
            try await agent.start(loaded)
        } catch {
            // The text of a start failure says what to do; an error of the bus does not.
            let text = error is AgentStartFailure ? "\(error)" : "\(error); look at 'systemctl status dbus'"
            Log.error("gatekeeld cannot start: \(text, .reason); then 'systemctl restart gatekeeld'")
            // For EX_CONFIG the unit does not restart: another attempt would end the same way.
            EventLoop.shared.exit(AgentStartFailure.exitStatus(of: error))
            return
        }
        guard !isLeaving else { return }
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
        starter?.retry()
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
