/// How a client that does not reach its server tries again (LwM2M Core 6.2.1.1, object 1 resources 17 to 20).
///
/// A communication sequence is `count` attempts. Between them passes `timer`, doubled each time; after the last of them
/// passes `sequenceDelay`, and a new sequence begins. Unless an account says otherwise, ours begins sooner: from `first`,
/// doubled until `timer` is reached, because most outages are a lost packet or a server's restart.
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
    /// Communication Sequence Delay Timer (19): between two sequences, and after a refusal (4.00, 4.03); nil: no further
    /// attempt.
    public var sequenceDelay: Duration?
    /// Communication Sequence Retry Count (20): after so many sequences the registration has failed, for the order of the
    /// servers. The attempts go on.
    public var sequenceCount: Int

    /// The specification's 60 s and 5 attempts in 1 sequence; its day between sequences is a quarter of an hour here, for a
    /// gateway with one server has nothing else that it could do.
    public init(
        first: Duration = .seconds(2), timer: Duration = .seconds(60), count: Int = 5,
        sequenceDelay: Duration? = .seconds(900), sequenceCount: Int = 1
    ) {
        self.first = first
        self.timer = timer
        self.count = count
        self.sequenceDelay = sequenceDelay
        self.sequenceCount = sequenceCount
    }

    /// What an account's settings say. One that has a count or a timer gets its sequences alone, without our early attempts.
    public init(_ settings: ServerSettings) {
        self.init()
        if let count = settings.communicationRetryCount { self.count = Int(count) }
        if let timer = settings.communicationRetryTimer { self.timer = .seconds(timer) }
        if settings.communicationRetryCount != nil || settings.communicationRetryTimer != nil { first = timer }
        if let delay = settings.communicationSequenceDelay {
            sequenceDelay = delay < ServerSettings.never ? .seconds(delay) : nil
        }
        if let count = settings.communicationSequenceCount { sequenceCount = Int(count) }
    }

    /// Where so many failed attempts in a row, 1 and up, have led.
    private enum Place {
        /// Before the sequences; the delay.
        case early(Duration)
        /// In a sequence, after so many of its attempts.
        case inSequence(Int)
        /// So many sequences are over.
        case sequencesOver(Int)
    }

    private func place(afterFailures failures: Int) -> Place {
        var soon = max(first, Self.shortest)
        var left = max(1, failures)
        while left > 1 && soon < timer {
            soon *= 2
            left -= 1
        }
        if soon < timer { return .early(soon) }
        let count = max(1, count)
        return left % count == 0 ? .sequencesOver(left / count) : .inSequence(left % count)
    }

    /// The delay after so many failed attempts in a row, 1 and up; nil: no further attempt.
    ///
    /// - Parameter jitter: from 0 to 1, drawn anew for each call.
    public func delay(afterFailures failures: Int, jitter: Double) -> Duration? {
        let base: Duration? =
            switch place(afterFailures: failures) {
            case .early(let delay): delay
            case .inSequence(let attempts): min(timer * (1 << min(attempts - 1, 20)), Self.longest)
            case .sequencesOver: sequenceDelay
            }
        return base.map { Self.drawn($0, jitter) }
    }

    /// The delay after a refusal; nil: no further attempt.
    func delayAfterRefusal(jitter: Double) -> Duration? { sequenceDelay.map { Self.drawn($0, jitter) } }

    /// Whether the registration has failed with this failed attempt: true for one number of them.
    func fails(afterFailures failures: Int) -> Bool {
        if case .sequencesOver(max(1, sequenceCount)) = place(afterFailures: failures) { true } else { false }
    }

    /// Whatever was configured: a gateway is not lost for years by a few doublings.
    private static let longest = Duration.seconds(86400)

    /// Whatever was configured: never in a loop without a pause.
    private static let shortest = Duration.milliseconds(200)

    /// From half of a delay to one and a half of it.
    private static func drawn(_ delay: Duration, _ jitter: Double) -> Duration {
        max(delay, shortest) * (0.5 + min(max(jitter, 0), 1))
    }
}
