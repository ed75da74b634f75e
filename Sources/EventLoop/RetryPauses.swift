/// Pauses between attempts at what may heal by itself: each is twice as long as the one before, and none longer than five
/// minutes. Pure.
public struct RetryPauses: Hashable, Sendable {
    public static let longest: Duration = .seconds(300)

    private var coming: Duration

    /// - Parameter first: the first pause.
    public init(first: Duration = .seconds(1)) { coming = min(first, Self.longest) }

    /// The pause before the next attempt.
    public mutating func next() -> Duration {
        defer { coming = min(coming * 2, Self.longest) }
        return coming
    }
}
