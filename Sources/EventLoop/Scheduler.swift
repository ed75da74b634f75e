/// A clock with timers. It is injected: daemons use the loop's, tests use a manual one.
@LoopActor
public protocol Scheduler: AnyObject {
    /// The time since boot, including suspend (`CLOCK_BOOTTIME`).
    var now: Duration { get }

    /// Calls `handler` once after `delay`, even if nobody keeps the token.
    @discardableResult
    func schedule(after delay: Duration, _ handler: @escaping @LoopActor () -> Void) -> any Scheduled
}

/// A scheduled timer.
@LoopActor
public protocol Scheduled: AnyObject {
    /// Cancels the timer. Does nothing after the handler was called.
    func cancel()
}

extension Scheduler {
    /// Suspends the calling task for `delay`.
    public func sleep(for delay: Duration) async {
        await withCheckedContinuation { continuation in
            schedule(after: delay) { continuation.resume() }
        }
    }
}
