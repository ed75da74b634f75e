import EventLoop

/// How often something may be done: a bucket of so many, refilled one by one.
@LoopActor
final class RateLimit {
    private let capacity: Int
    private let interval: Duration
    private let scheduler: any Scheduler
    private var left: Int
    private var since: Duration

    /// - Parameters:
    ///   - capacity: how many at once.
    ///   - interval: after which one more is allowed.
    init(_ capacity: Int, every interval: Duration, scheduler: any Scheduler) {
        self.capacity = capacity
        self.interval = interval
        self.scheduler = scheduler
        left = capacity
        since = scheduler.now
    }

    /// Takes one.
    ///
    /// - Returns: nil when it was taken; when none is left, how long to wait for the next.
    func take() -> Duration? {
        let now = scheduler.now
        while left < capacity, since + interval <= now {
            left += 1
            since += interval
        }
        if left == capacity { since = now }
        guard left > 0 else { return since + interval - now }
        left -= 1
        return nil
    }
}
