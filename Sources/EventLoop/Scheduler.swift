/// Time and timers, injected: the loop's own in a daemon, a manual one in tests.
@LoopActor
public protocol Scheduler: AnyObject {
    /// Time since boot, suspend included (`CLOCK_BOOTTIME`).
    var now: Duration { get }

    /// Calls `handler` once, `delay` from now. The token need not be kept.
    @discardableResult
    func schedule(after delay: Duration, _ handler: @escaping @LoopActor () -> Void) -> any Scheduled
}

/// A timer that was scheduled.
@LoopActor
public protocol Scheduled: AnyObject {
    /// The handler will not be called any more; after it was called, nothing.
    func cancel()
}

extension Scheduler {
    /// Suspends the calling task.
    public func sleep(for delay: Duration) async {
        await withCheckedContinuation { continuation in
            schedule(after: delay) { continuation.resume() }
        }
    }
}
