import Linux

/// The links of this host at one moment, with their addresses, the default routes, and what their radios say.
public struct NetworkPicture: Hashable, Sendable {
    /// Sorted by index.
    public var links: [NetworkLink] = []
    public var addresses: [NetworkAddress] = []
    /// The default routes of the main table; the one that is used first.
    public var defaultRoutes: [NetworkRoute] = []
    public var radios: [WirelessInterface] = []
    /// The access point that a station is associated with, by the station's index.
    public var accessPoints: [Int32: WirelessStation] = [:]

    public init() {}

    /// Asks the kernel; this does not block.
    ///
    /// - Throws: when the kernel could not be asked about links or addresses. What it does not say of routes and radios is absent.
    public static func current() throws(Errno) -> NetworkPicture {
        var picture = NetworkPicture()
        var socket = try NetlinkSocket(.route)
        picture.links = try socket.table(NetworkLink.get, NetworkLink.question()) { (message) throws(Errno) in
            try NetworkLink(message)
        }.sorted { $0.index < $1.index }
        picture.addresses = try socket.table(NetworkAddress.get, NetworkAddress.question) { (message) throws(Errno) in
            try NetworkAddress(message)
        }
        picture.defaultRoutes = (try? defaultRoutes()) ?? []
        try? picture.askRadios()
        return picture
    }

    /// The kernel tells the routes of all tables. A host with more of them than are read has none here.
    private static func defaultRoutes() throws(Errno) -> [NetworkRoute] {
        // One of its own: what is not read to its end is in the way of the next question.
        var socket = try NetlinkSocket(.route)
        let question = [UInt8](repeating: 0, count: NetworkRoute.size)
        return try socket.table(NetworkRoute.get, question) { (message) throws(Errno) in
            let routes = try NetworkRoute.all(in: message).filter(\.isDefault)
            return routes.isEmpty ? nil : routes
        }.flatMap { $0 }.sorted { $0.metric < $1.metric }
    }

    private mutating func askRadios() throws(Errno) {
        guard var wireless = try Wireless() else { return }
        radios = try wireless.interfaces()
        for radio in radios where radio.mode == .station {
            accessPoints[radio.index] = try wireless.stations(of: radio.index).first
        }
    }

    // MARK: What belongs together

    public func link(_ index: Int32) -> NetworkLink? { links.first { $0.index == index } }

    public func radio(of link: NetworkLink) -> WirelessInterface? { radios.first { $0.index == link.index } }

    /// The addresses of a link, as the kernel has them in order.
    public func addresses(of link: NetworkLink) -> [NetworkAddress] { addresses.filter { $0.interface == link.index } }

    /// The next hop of a link's default route for a family of addresses; nil when there is none.
    public func router(of link: NetworkLink, family: Int32) -> [UInt8]? {
        let route = defaultRoutes.first { $0.interface == link.index && $0.family == family && !$0.gateway.isEmpty }
        return route?.gateway
    }

    /// The device that a link's frames leave by: of a VLAN the link below it, of a bridge or bond the first of its parts that
    /// is up. A link that is a device itself, or whose device is not known (a tunnel), is returned as it is.
    public func device(of link: NetworkLink) -> NetworkLink {
        var device = link
        // Links can be stacked; a kernel that tells a circle is not believed.
        for _ in 0..<Self.depthLimit {
            var below: NetworkLink?
            if device.hasParts {
                let parts = links.filter { $0.master == device.index }
                below = parts.first(where: \.isUp) ?? parts.first
            } else if device.isPartOfLower {
                below = device.lower.flatMap { self.link($0) }
            }
            guard let below else { return device }
            device = below
        }
        return link
    }

    private static let depthLimit = 8

    /// What a link is, in one word: `ethernet`, `wlan`, `loopback`, `ppp`, `wwan`, or the kernel's name for what is not hardware
    /// (`bridge`, `vlan`, `veth`, `wireguard`).
    public func kind(of link: NetworkLink) -> String {
        if link.isLoopback { return "loopback" }
        if radio(of: link) != nil { return "wlan" }
        if !link.kind.isEmpty { return link.kind }
        return switch link.hardware {
        case NetworkLink.ethernet: "ethernet"
        case NetworkLink.pointToPoint: "ppp"
        case NetworkLink.rawIP: "wwan"
        case NetworkLink.sixLoWPAN: "6lowpan"
        default: "other"
        }
    }
}
