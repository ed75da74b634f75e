import EventLoop

/// A scheduler whose time passes only when a test advances it.
@LoopActor
public final class ManualScheduler: Scheduler {
    public private(set) var now: Duration
    private var timers: [Timer] = []
    private var sequence = 0

    public init(now: Duration = .seconds(1000)) { self.now = now }

    @discardableResult
    public func schedule(after delay: Duration, _ handler: @escaping @LoopActor () -> Void) -> any Scheduled {
        sequence += 1
        let timer = Timer(due: now + max(delay, .zero), order: sequence, handler: handler)
        timers.append(timer)
        return timer
    }

    /// Advances the time. Fires the due timers in order, each at its own time.
    public func advance(by duration: Duration) {
        let end = now + duration
        while let next = earliest(until: end) {
            now = max(now, next.due)
            timers.removeAll { $0 === next }
            next.handler?()
        }
        now = end
    }

    /// The time until the next timer; nil if none is set.
    public var nextDelay: Duration? {
        timers.lazy.filter { $0.handler != nil }.map { $0.due - self.now }.min()
    }

    /// How many timers are set.
    public var armed: Int { timers.count { $0.handler != nil } }

    private func earliest(until end: Duration) -> Timer? {
        timers.removeAll { $0.handler == nil }
        return timers.filter { $0.due <= end }.min { ($0.due, $0.order) < ($1.due, $1.order) }
    }

    private final class Timer: Scheduled {
        let due: Duration
        let order: Int
        var handler: (@LoopActor () -> Void)?

        init(due: Duration, order: Int, handler: @escaping @LoopActor () -> Void) {
            self.due = due
            self.order = order
            self.handler = handler
        }

        func cancel() { handler = nil }
    }
}
