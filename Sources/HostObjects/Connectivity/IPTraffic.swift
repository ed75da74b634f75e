import Netlink

/// Bytes over a link from the IP header up, as object 7 counts them.
struct IPTraffic: Hashable {
    var sent: UInt64
    var received: UInt64

    static let none = IPTraffic(sent: 0, received: 0)

    init(sent: UInt64, received: UInt64) {
        self.sent = sent
        self.received = received
    }

    /// What a link has counted. Of frames like Ethernet's it counts the header too, 14 bytes each.
    init(_ link: NetworkLink) {
        let header: UInt64 = link.isEthernetLike ? 14 : 0
        func payload(_ bytes: UInt64, _ packets: UInt64) -> UInt64 {
            let (headers, overflow) = packets.multipliedReportingOverflow(by: header)
            return overflow || headers > bytes ? 0 : bytes - headers
        }
        sent = payload(link.traffic.sentBytes, link.traffic.sentPackets)
        received = payload(link.traffic.receivedBytes, link.traffic.receivedPackets)
    }

    static func + (left: IPTraffic, right: IPTraffic) -> IPTraffic {
        func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
            let (sum, overflow) = left.addingReportingOverflow(right)
            return overflow ? .max : sum
        }
        return IPTraffic(sent: sum(left.sent, right.sent), received: sum(left.received, right.received))
    }

    /// What came since a base. A counter that is below it began anew.
    func since(_ base: IPTraffic) -> IPTraffic {
        IPTraffic(
            sent: sent >= base.sent ? sent - base.sent : sent,
            received: received >= base.received ? received - base.received : received)
    }
}
