import Glibc
import Linux

/// A route of this host, by one next hop (rtnetlink(7), `RTM_NEWROUTE`).
public struct NetworkRoute: Hashable, Sendable {
    /// `AF_INET` or `AF_INET6`.
    public var family: Int32
    /// How many bits of an address the route is for: 0 for a default route.
    public var prefixLength: UInt8
    /// The routing table: 254 is the main one.
    public var table: UInt32
    /// The next hop (`RTA_GATEWAY`; `RTA_VIA` for one of the other family); empty when the addresses are on the link.
    public var gateway: [UInt8] = []
    /// The index of the interface (`RTA_OIF`); 0 for a route that leads nowhere.
    public var interface: Int32 = 0
    /// Of two routes for the same addresses the one with the lower metric is used (`RTA_PRIORITY`).
    public var metric: UInt32 = 0
    /// The source address that a new socket gets (`RTA_PREFSRC`): 4 or 16 bytes, or empty.
    public var source: [UInt8] = []

    /// A default route of the main table.
    public var isDefault: Bool { prefixLength == 0 && table == Self.mainTable && interface != 0 }

    // linux/rtnetlink.h
    static let added: UInt16 = 24  // RTM_NEWROUTE
    static let get: UInt16 = 26  // RTM_GETROUTE
    static let size = 12  // struct rtmsg
    static let mainTable: UInt32 = 254  // RT_TABLE_MAIN

    enum Kind {
        static let destination: UInt16 = 1  // RTA_DST
        static let interface: UInt16 = 4  // RTA_OIF
        static let gateway: UInt16 = 5  // RTA_GATEWAY
        static let priority: UInt16 = 6  // RTA_PRIORITY
        static let preferredSource: UInt16 = 7  // RTA_PREFSRC
        static let multipath: UInt16 = 9  // RTA_MULTIPATH
        static let table: UInt16 = 15  // RTA_TABLE
        static let via: UInt16 = 18  // RTA_VIA
    }

    public init(
        family: Int32, prefixLength: UInt8 = 0, table: UInt32 = 254, gateway: [UInt8] = [], interface: Int32,
        metric: UInt32 = 0, source: [UInt8] = []
    ) {
        self.family = family
        self.prefixLength = prefixLength
        self.table = table
        self.gateway = gateway
        self.interface = interface
        self.metric = metric
        self.source = source
    }

    /// The routes that a message tells: one for each next hop. None for a message of another kind.
    ///
    /// - Throws: `EBADMSG` for what is cut off.
    static func all(in message: NetlinkMessage) throws(Errno) -> [NetworkRoute] {
        guard message.type == added else { return [] }
        // struct rtmsg: family, destination's and source's prefix, TOS, table, protocol, scope, type, flags.
        let header = message.payload
        guard header.count >= size, let family = header.number(at: 0, as: UInt8.self),
            let prefix = header.number(at: 1, as: UInt8.self), let table = header.number(at: 4, as: UInt8.self)
        else { throw Errno(EBADMSG, "read a route") }
        let attributes = try Attributes(header.dropFirst(size))
        var route = NetworkRoute(
            family: Int32(family), prefixLength: prefix,
            table: attributes.number(Kind.table, as: UInt32.self) ?? UInt32(table), interface: 0,
            metric: attributes.number(Kind.priority, as: UInt32.self) ?? 0,
            source: attributes[Kind.preferredSource].map { Array($0) } ?? [])
        guard let hops = attributes[Kind.multipath] else {
            route.take(attributes)
            return [route]
        }
        return try routes(by: hops, route)
    }

    /// `struct rtnexthop`: length, flags, hops, interface; then attributes.
    private static func routes(by hops: ArraySlice<UInt8>, _ common: NetworkRoute) throws(Errno) -> [NetworkRoute] {
        var routes: [NetworkRoute] = []
        var rest = hops
        while let length = rest.number(at: 0, as: UInt16.self) {
            guard length >= 8, Int(length) <= rest.count, let interface = rest.number(at: 4, as: Int32.self) else {
                throw Errno(EBADMSG, "read a next hop")
            }
            var route = common
            route.take(try Attributes(rest.prefix(Int(length)).dropFirst(8)))
            route.interface = interface
            routes.append(route)
            rest = rest.dropFirst(Int(length).padded)
        }
        return routes
    }

    private mutating func take(_ attributes: Attributes) {
        interface = attributes.number(Kind.interface, as: Int32.self) ?? 0
        if let address = attributes[Kind.gateway] { gateway = Array(address) }
        // struct rtvia: a family, and an address of it.
        if let via = attributes[Kind.via] { gateway = Array(via.dropFirst(2)) }
    }
}
