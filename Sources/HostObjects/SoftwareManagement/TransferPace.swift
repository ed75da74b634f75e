/// Whether a transfer trickles: fewer bytes than its minimum arrived in the last ten minutes. Pure.
///
/// Only time in which bytes arrive counts. An attempt of a download that brings none belongs to the patience with the server, and
/// a push without blocks to the time that the transport waits for one.
struct TransferPace: Hashable, Sendable {
    static let window: Duration = .seconds(600)

    /// The length of time over which the bytes of the window are added up.
    private static let slot: Duration = .seconds(60)

    /// Bytes of each whole slot, the newest last.
    private var slots: [Int] = []
    private var bytes = 0
    private var spent: Duration = .zero

    /// Takes note of the bytes that arrived in a length of time.
    mutating func note(_ count: Int, in time: Duration) {
        bytes += count
        spent += max(time, .zero)
        guard spent >= Self.slot else { return }
        // A slot may have been longer: its bytes are spread evenly.
        let whole = Int(spent / Self.slot)
        for _ in 0..<min(whole, Self.count) { slots.append(bytes / whole) }
        bytes = 0
        spent -= Self.slot * whole
        slots.removeFirst(max(0, slots.count - Self.count))
    }

    /// - Parameter minimum: bytes a second; 0 for none.
    func isTooSlow(_ minimum: Int) -> Bool {
        slots.count == Self.count && slots.reduce(0, +) < minimum * Int(Self.window.components.seconds)
    }

    /// Why such a transfer is ended.
    static func reason(_ minimum: Int) -> String {
        "too-slow: fewer than \(minimum) bytes a second arrived over 10 minutes (MinDownloadRate=)"
    }

    /// What an operator sees while a transfer trickles and is not ended yet; empty when it does not. By the last minute.
    func warning(_ minimum: Int) -> String {
        guard let last = slots.last, last < minimum * Int(Self.slot.components.seconds) else { return "" }
        return
            "slow: \(last / Int(Self.slot.components.seconds)) bytes a second arrive; fewer than \(minimum) over 10 minutes end it (MinDownloadRate=)"
    }

    private static let count = Int(window / slot)
}
