/// Bounds how often Status Reason (9/x/16) is written, notified and logged for a transfer under way: a few changes at
/// once, then one a minute. Pure.
struct StatusGate: Sendable {
    static let burst = 4
    static let refill: Duration = .seconds(60)

    private var tokens = StatusGate.burst
    private var filled: Duration

    init(now: Duration) { filled = now }

    /// - Returns: how long to wait before a change is told; zero takes the right to tell it now.
    mutating func wait(_ now: Duration) -> Duration {
        let gained = Int((now - filled) / Self.refill)
        tokens = min(Self.burst, tokens + gained)
        filled = tokens == Self.burst ? now : filled + Self.refill * gained
        guard tokens > 0 else { return filled + Self.refill - now }
        tokens -= 1
        return .zero
    }
}
