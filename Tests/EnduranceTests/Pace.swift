import EventLoop
import TestSupport

/// How fast time passes, and what happens in it.
struct Pace {
    /// Between two things that happen, in milliseconds.
    var events: ClosedRange<Int64>
    /// Of an outage, in milliseconds.
    var outages: ClosedRange<Int64>
    /// So long is looked whether something has settled.
    var look: Duration
    /// What comes later than a period that is observed has come by then.
    var settling: Duration
    /// So long until the gateway has to be registered with a server that is there.
    var patience: Duration
    /// Lifetimes that the server writes, in seconds.
    var lifetimes: ClosedRange<Int>

    /// Under a clock that the test advances.
    static let simulated = Pace(
        events: 1...60_000, outages: 5000...900_000, look: .seconds(5), settling: .seconds(20),
        patience: .seconds(7200), lifetimes: 200...400)
    /// Under the loop's own clock.
    static let real = Pace(
        events: 1...200, outages: 1000...15_000, look: .milliseconds(200), settling: .seconds(1),
        patience: .seconds(180), lifetimes: 20...40)
}

/// The clock of a test: one that it advances, or the loop's.
@LoopActor
enum EnduranceClock {
    case manual(ManualScheduler)
    case real

    var scheduler: any Scheduler {
        switch self {
        case .manual(let clock): clock
        case .real: LoopScheduler.shared
        }
    }

    /// Timers that are set; nil: nobody knows of the loop's.
    var timers: Int? { if case .manual(let clock) = self { clock.armed } else { nil } }
}
