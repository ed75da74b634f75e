/// A pause that somebody may end early.
@LoopActor
public final class Pause {
    private let scheduler: any Scheduler
    private var timer: (any Scheduled)?
    private var sleeper: CheckedContinuation<Void, Never>?

    public init(scheduler: any Scheduler) { self.scheduler = scheduler }

    /// Suspends for so long, or until `end()`. One task at a time may wait.
    public func sleep(for delay: Duration) async {
        timer = scheduler.schedule(after: delay) { [weak self] in self?.end() }
        await withCheckedContinuation { sleeper = $0 }
    }

    /// Ends the pause that is under way; does nothing when there is none.
    public func end() {
        timer?.cancel()
        timer = nil
        sleeper?.resume()
        sleeper = nil
    }
}
