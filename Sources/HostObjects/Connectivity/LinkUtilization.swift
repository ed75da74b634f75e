import Netlink

/// Link Utilization (4/0/6): how much of a link's rate was used between two looks at it, in percent.
struct LinkUtilization: Hashable {
    /// A shorter time says nothing: what is asked for again within it is told again.
    static let shortest = Duration.seconds(10)

    private struct Sample: Hashable {
        let interface: Int32
        let bytes: UInt64
        let at: Duration
    }

    private var sample: Sample?
    /// nil until a link was looked at twice, and while its rate is not known.
    private(set) var percent: Int64?

    /// Takes what the link's counters say.
    ///
    /// - Parameter rate: bits per second in one direction; nil when nobody knows it.
    mutating func look(_ link: NetworkLink?, rate: Double?, at now: Duration) {
        guard let link else {
            self = LinkUtilization()
            return
        }
        let bytes = link.traffic.receivedBytes &+ link.traffic.sentBytes
        let current = Sample(interface: link.index, bytes: bytes, at: now)
        // Another link, or a driver that counts anew.
        guard let before = sample, before.interface == link.index, before.bytes <= bytes else {
            sample = current
            percent = nil
            return
        }
        let passed = now - before.at
        guard passed >= Self.shortest else { return }
        sample = current
        guard let rate, rate > 0 else {
            percent = nil
            return
        }
        percent = Int64(min(100, (Double(bytes - before.bytes) * 8 / rate / (passed / .seconds(1)) * 100).rounded()))
    }
}
