import Glibc
import Linux

/// A network interface of this host (rtnetlink(7), `RTM_NEWLINK`).
public struct NetworkLink: Hashable, Sendable {
    /// `IF_OPER_…` of linux/if.h (RFC 2863).
    public enum State: UInt8, Hashable, Sendable, CaseIterable {
        /// The driver does not tell: point-to-point links and tunnels.
        case unknown = 0
        case absent = 1
        case down = 2
        /// What it runs over is down: a VLAN of a link without carrier.
        case lowerLayerDown = 3
        case testing = 4
        /// It waits: a radio that is not associated, a link with 802.1X.
        case dormant = 5
        case up = 6
    }

    /// Its number, for as long as it exists.
    public var index: Int32
    /// `eth0`; what is not UTF-8 in it is replaced.
    public var name: String
    /// The type of its hardware addresses: `ARPHRD_…` of linux/if_arp.h.
    public var hardware: UInt16
    /// `IFF_…` of linux/if.h.
    public var flags: UInt32
    public var state: State = .unknown
    /// Whether its driver sees the other end.
    public var hasCarrier = false
    /// What a link that is not hardware is: `bridge`, `vlan`, `veth`; empty for hardware.
    public var kind = ""
    /// Its hardware address; empty when it has none.
    public var address: [UInt8] = []
    /// Bytes.
    public var mtu: UInt32 = 0
    /// What it runs over, in this namespace: the link of a VLAN. A veth's other end is told here, too.
    public var lower: Int32?
    /// The bridge or bond that it is a part of.
    public var master: Int32?
    public var traffic = LinkTraffic()

    public init(index: Int32, name: String, hardware: UInt16, flags: UInt32) {
        self.index = index
        self.name = name
        self.hardware = hardware
        self.flags = flags
    }

    // linux/if_arp.h
    static let ethernet: UInt16 = 1  // ARPHRD_ETHER
    static let pointToPoint: UInt16 = 512  // ARPHRD_PPP
    static let rawIP: UInt16 = 519  // ARPHRD_RAWIP
    static let sixLoWPAN: UInt16 = 825  // ARPHRD_6LOWPAN

    /// Only this host is behind it (`IFF_LOOPBACK`).
    public var isLoopback: Bool { flags & 0x8 != 0 }
    /// Its frames have a header of Ethernet's, 14 bytes, which its counters count.
    public var isEthernetLike: Bool { hardware == Self.ethernet }
    /// It is IPv6 over IEEE 802.15.4 or Bluetooth (RFC 4944, RFC 7668).
    public var isLoWPAN: Bool { hardware == Self.sixLoWPAN }

    /// Datagrams can leave by it: it is switched on (`IFF_UP`), has a carrier, and its driver does not say otherwise.
    public var isUp: Bool { flags & 0x1 != 0 && hasCarrier && (state == .up || state == .unknown) }

    /// Whether what it runs over is told by `lower`. Of a veth that is its other end, of a tunnel the link that its packets may
    /// leave by.
    var isPartOfLower: Bool { ["vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"].contains(kind) }

    /// Whether it consists of the links whose `master` it is.
    var hasParts: Bool { ["bridge", "bond", "team"].contains(kind) }
}

extension NetworkLink {
    static let added: UInt16 = 16  // RTM_NEWLINK
    static let get: UInt16 = 18  // RTM_GETLINK
    private static let size = 16  // struct ifinfomsg

    /// linux/if_link.h
    private enum Kind {
        static let address: UInt16 = 1  // IFLA_ADDRESS
        static let name: UInt16 = 3  // IFLA_IFNAME
        static let mtu: UInt16 = 4  // IFLA_MTU
        static let link: UInt16 = 5  // IFLA_LINK
        static let master: UInt16 = 10  // IFLA_MASTER
        static let operationalState: UInt16 = 16  // IFLA_OPERSTATE
        static let info: UInt16 = 18  // IFLA_LINKINFO
        static let statistics: UInt16 = 23  // IFLA_STATS64
        static let carrier: UInt16 = 33  // IFLA_CARRIER
        static let linkNamespace: UInt16 = 37  // IFLA_LINK_NETNSID
        static let infoKind: UInt16 = 1  // IFLA_INFO_KIND, in IFLA_LINKINFO
    }

    /// Asks the kernel for one link, as it is now; this does not block.
    ///
    /// - Returns: nil when there is none with this number.
    public static func current(_ index: Int32) throws(Errno) -> NetworkLink? {
        // 0 would stand for all.
        guard index > 0 else { return nil }
        return try answer(question(index))
    }

    /// Asks the kernel for one link, as it is now; this does not block.
    ///
    /// - Returns: nil when there is none with this name.
    public static func current(named name: String) throws(Errno) -> NetworkLink? {
        // What the kernel takes for a name (IFNAMSIZ).
        guard (1...15).contains(name.utf8.count), !name.utf8.contains(0) else { return nil }
        return try answer(question() + Attributes.bytes(Kind.name, Array(name.utf8) + [0]))
    }

    private static func answer(_ question: [UInt8]) throws(Errno) -> NetworkLink? {
        var socket = try NetlinkSocket(.route)
        do throws(Errno) {
            return try NetworkLink(try socket.answer(get, question).accepted())
        } catch {
            if error.code == ENODEV { return nil }
            throw error
        }
    }

    /// The body of `RTM_GETLINK`: of one interface, or of all for 0.
    static func question(_ index: Int32 = 0) -> [UInt8] {
        // struct ifinfomsg: family, padding, type, index, flags, change.
        [0, 0, 0, 0] + index.bytes + UInt32(0).bytes + UInt32(0).bytes
    }

    /// The link that a message tells; nil for a message of another kind.
    ///
    /// - Throws: `EBADMSG` for what is cut off.
    init?(_ message: NetlinkMessage) throws(Errno) {
        guard message.type == Self.added else { return nil }
        let header = message.payload
        guard header.count >= Self.size, let hardware = header.number(at: 2, as: UInt16.self),
            let index = header.number(at: 4, as: Int32.self), let flags = header.number(at: 8, as: UInt32.self)
        else { throw Errno(EBADMSG, "read a link") }
        let attributes = try Attributes(header.dropFirst(Self.size))
        self.init(index: index, name: attributes.text(Kind.name) ?? "", hardware: hardware, flags: flags)
        state = attributes.number(Kind.operationalState, as: UInt8.self).flatMap(State.init) ?? .unknown
        hasCarrier = attributes.number(Kind.carrier, as: UInt8.self) == 1
        kind = try attributes.nested(Kind.info)?.text(Kind.infoKind) ?? ""
        address = attributes[Kind.address].map { Array($0) } ?? []
        mtu = attributes.number(Kind.mtu, as: UInt32.self) ?? 0
        // In another namespace the same number is another link.
        if attributes[Kind.linkNamespace] == nil { lower = attributes.number(Kind.link, as: Int32.self) }
        if lower == 0 { lower = nil }
        master = attributes.number(Kind.master, as: Int32.self)
        if let statistics = attributes[Kind.statistics] { traffic = try LinkTraffic(statistics) }
    }
}
