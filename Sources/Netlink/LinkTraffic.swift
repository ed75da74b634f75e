import Glibc
import Linux

/// What went over a link since it exists, in frames (`struct rtnl_link_stats64` of linux/if_link.h). Drivers may count anew.
public struct LinkTraffic: Hashable, Sendable {
    public var receivedPackets: UInt64 = 0
    public var sentPackets: UInt64 = 0
    public var receivedBytes: UInt64 = 0
    public var sentBytes: UInt64 = 0
    public var receiveErrors: UInt64 = 0
    public var sendErrors: UInt64 = 0
    public var receiveDrops: UInt64 = 0
    public var sendDrops: UInt64 = 0

    public init() {}

    /// - Throws: `EBADMSG` when the counters are not all there; later kernels have more.
    init(_ bytes: ArraySlice<UInt8>) throws(Errno) {
        guard let sendDrops = bytes.number(at: 56, as: UInt64.self) else { throw Errno(EBADMSG, "read counters") }
        func counter(_ place: Int) -> UInt64 { bytes.number(at: place * 8, as: UInt64.self) ?? 0 }
        receivedPackets = counter(0)
        sentPackets = counter(1)
        receivedBytes = counter(2)
        sentBytes = counter(3)
        receiveErrors = counter(4)
        sendErrors = counter(5)
        receiveDrops = counter(6)
        self.sendDrops = sendDrops
    }
}
