import Glibc

/// Converts the scheduler's times to the time of day, so that the same moment is the same second whenever it is asked for.
///
/// Each conversion of its own would add the jitter of reading two clocks, and a moment near a full second would flip
/// between two values. The difference of the clocks is therefore kept until the time of day is really set.
@LoopActor
public final class StableClock {
    private let read: () -> Duration
    private let scheduler: any Scheduler
    private var offset: Duration?

    /// Smaller changes are jitter, or a slow correction by a time service.
    private static let tolerance = Duration.milliseconds(500)

    /// - Parameter read: the time since 1970-01-01T00:00:00Z; `CLOCK_REALTIME` when nil.
    public init(_ scheduler: any Scheduler, read: (() -> Duration)? = nil) {
        self.scheduler = scheduler
        self.read = read ?? StableClock.realTime
    }

    private nonisolated static func realTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// Seconds since the epoch.
    ///
    /// - Parameter moment: a time of the scheduler.
    public func seconds(at moment: Duration) -> Int64 { time(at: moment).components.seconds }

    /// The time since the epoch.
    ///
    /// - Parameter moment: a time of the scheduler.
    public func time(at moment: Duration) -> Duration {
        let present = read() - scheduler.now
        if let offset, (offset - present).magnitude < Self.tolerance {} else { offset = present }
        return moment + (offset ?? present)
    }
}

extension Duration {
    fileprivate var magnitude: Duration { self < .zero ? .zero - self : self }
}
