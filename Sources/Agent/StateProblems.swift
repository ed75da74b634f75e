import EventLoop
import Journal

/// State files that cannot be read now. The agent works without them as far as it can, says so, and looks again: an error is
/// no absence, so nothing is written over them.
@LoopActor
final class StateProblems {
    /// Ends the process so that systemd starts it anew, with what can be read again.
    var restart: (@LoopActor () -> Void)?
    /// Is told when a problem came or went, with whether there is one.
    var changed: (@LoopActor (_ isWrong: Bool) -> Void)?

    private var reasons: [String: String] = [:]
    private var timers: [String: any Scheduled] = [:]
    private let scheduler: any Scheduler
    /// A disk that comes and goes must not restart the agent every few seconds.
    static let firstPause: Duration = .seconds(15)

    init(scheduler: any Scheduler) { self.scheduler = scheduler }

    /// A sentence for each file, sorted.
    var texts: [String] { reasons.sorted { $0.key < $1.key }.map { "\($0.key) cannot be read: \($0.value)" } }

    /// - Parameter reason: why the file cannot be read and what does not work meanwhile; nil when it can.
    func set(_ file: String, _ reason: String?) {
        guard reasons[file] != reason else { return }
        reasons[file] = reason
        changed?(!reasons.isEmpty)
    }

    /// A file that is read at a start only: looks from time to time whether it can be read, and then starts anew.
    func follow(
        _ file: String, _ reason: String, isReadable: @escaping @Sendable @LoopActor () async -> Bool
    ) {
        set(file, reason)
        guard timers[file] == nil else { return }
        look(file, RetryPauses(first: Self.firstPause), isReadable)
    }

    /// The file is not needed any more, or was read meanwhile.
    func forget(_ file: String) {
        timers.removeValue(forKey: file)?.cancel()
        set(file, nil)
    }

    private func look(
        _ file: String, _ pauses: RetryPauses, _ isReadable: @escaping @Sendable @LoopActor () async -> Bool
    ) {
        var pauses = pauses
        timers[file] = scheduler.schedule(after: pauses.next()) { [weak self, pauses] in
            LoopActor.spawn {
                let isReadableNow = await isReadable()
                guard let self, self.timers[file] != nil else { return }
                guard isReadableNow else { return self.look(file, pauses, isReadable) }
                self.timers[file] = nil
                Log.notice("\(file, .file) can be read again; gatekeeld starts anew to use it")
                self.restart?()
            }
        }
    }

    /// Looks no more.
    func stop() {
        for timer in timers.values { timer.cancel() }
        timers = [:]
    }
}
