import EventLoop

/// Moments of one message as SenML has them (RFC 8428, section 4.5.3): seconds since 1970, with three decimals. While the clock is
/// at its beginning they are relative to now.
@LoopActor
struct SenMLTimes {
    private let clock: StableClock
    private let now: Duration
    /// In milliseconds.
    private var last: Int64?

    /// - Parameter now: the scheduler's present time.
    init(_ clock: StableClock, now: Duration) {
        self.clock = clock
        self.now = now
    }

    /// The time of one moment; the moments come in order. Each is later than the one before: a message has a path only once with
    /// one time.
    ///
    /// - Parameters:
    ///   - moment: a time of the scheduler.
    ///   - time: the time since 1970, of a moment in an earlier boot; nil: as the clock says now.
    mutating func next(_ moment: Duration, time: Duration? = nil) -> Double {
        let absolute = (time ?? clock.time(at: moment)).milliseconds
        let time = absolute >= Self.leastAbsolute ? absolute : min(0, (moment - now).milliseconds)
        let next = max(time, last.map { $0 + 1 } ?? time)
        last = next
        return Double(next) / 1000
    }

    /// 2²⁸ seconds: what is smaller is relative.
    private static let leastAbsolute: Int64 = 268_435_456_000
}

extension Duration {
    /// Rounded.
    var milliseconds: Int64 { Int64((self / .milliseconds(1)).rounded()) }
}
