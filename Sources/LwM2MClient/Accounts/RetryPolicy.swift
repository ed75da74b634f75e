/// How a client that does not reach its server tries again (LwM2M Core 6.2.1.1, object 1 resources 17 to 20).
///
/// A communication sequence is `count` attempts. Between them passes `timer`, doubled each time; after the last of them
/// passes `sequenceDelay`, and a new sequence begins. Ours begins sooner: from `first`, doubled until `timer` is reached,
/// because most outages are a lost packet or a server's restart.
///
/// Every delay is drawn from half of it to one and a half of it, so that a fleet that lost its server together does not
/// come back together.
public struct RetryPolicy: Hashable, Sendable {
    /// Before the first retry.
    public var first: Duration
    /// Communication Retry Timer (18): doubled for each further retry of a sequence.
    public var timer: Duration
    /// Communication Retry Count (17): attempts in one sequence.
    public var count: Int
    /// Communication Sequence Delay Timer (19): between two sequences, and after a refusal (4.00, 4.03).
    public var sequenceDelay: Duration

    /// The specification's 60 s and 5 attempts; its day between sequences is a quarter of an hour here, for a gateway
    /// with one server has nothing else that it could do.
    public init(
        first: Duration = .seconds(2), timer: Duration = .seconds(60), count: Int = 5,
        sequenceDelay: Duration = .seconds(900)
    ) {
        self.first = first
        self.timer = timer
        self.count = count
        self.sequenceDelay = sequenceDelay
    }

    /// The delay after so many failed attempts in a row, 1 and up.
    ///
    /// - Parameter jitter: from 0 to 1, drawn anew for each call.
    public func delay(afterFailures failures: Int, jitter: Double) -> Duration {
        var soon = max(first, .milliseconds(200))
        var left = max(1, failures) - 1
        while left > 0 && soon < timer {
            soon *= 2
            left -= 1
        }
        let base: Duration
        if soon < timer {
            base = soon
        } else {
            let inSequence = left % max(1, count)
            base = inSequence == max(1, count) - 1 ? sequenceDelay : timer * (1 << min(inSequence, 20))
        }
        // Whatever was configured: never in a loop without a pause.
        return max(base, .milliseconds(200)).jittered(jitter)
    }
}

extension Duration {
    /// From half of this duration to one and a half of it.
    func jittered(_ jitter: Double) -> Duration { self * (0.5 + min(max(jitter, 0), 1)) }
}
