import Glibc
import Linux

/// The way that datagrams to one address leave this host: what decides whether a UDP association still works.
public struct NetworkPath: Hashable, Sendable {
    /// The source address that a new socket gets (`RTA_PREFSRC`): 4 or 16 bytes.
    public var source: [UInt8]
    /// The index of the interface (`RTA_OIF`).
    public var interface: Int32
    /// The next hop (`RTA_GATEWAY`; `RTA_VIA` for one of the other family); empty when the address is on the link.
    public var gateway: [UInt8]

    public init(source: [UInt8], interface: Int32, gateway: [UInt8] = []) {
        self.source = source
        self.interface = interface
        self.gateway = gateway
    }

    /// Asks the kernel for its route to an address (rtnetlink(7), `RTM_GETROUTE`), as it is now.
    ///
    /// The kernel answers at once: this does not block.
    /// - Parameter peer: the bytes of a `sockaddr_in` or `sockaddr_in6`.
    /// - Returns: nil when there is no route.
    /// - Throws: when the kernel could not be asked.
    public static func current(to peer: [UInt8]) throws(Errno) -> NetworkPath? {
        guard let question = question(peer) else { throw Errno(EAFNOSUPPORT, "ask for a route") }
        var socket = try NetlinkSocket(.route)
        return try path(in: try socket.answer(NetworkRoute.get, question))
    }

    /// The body of `RTM_GETROUTE` for the address of a peer; nil for another family.
    static func question(_ peer: [UInt8]) -> [UInt8]? {
        guard let family = peer[...].number(at: 0, as: sa_family_t.self) else { return nil }
        let address: ArraySlice<UInt8>
        var scope: UInt32 = 0
        switch Int32(family) {
        case AF_INET where peer.count >= 8: address = peer[4..<8]
        case AF_INET6 where peer.count >= 28:
            address = peer[8..<24]
            scope = peer[...].number(at: 24, as: UInt32.self) ?? 0
        default: return nil
        }
        var body = [UInt8(truncatingIfNeeded: family), UInt8(address.count * 8)]
        body += [UInt8](repeating: 0, count: NetworkRoute.size - body.count)
        body += Attributes.bytes(NetworkRoute.Kind.destination, address)
        // A link-local address means something on one link only.
        if scope != 0 { body += Attributes.bytes(NetworkRoute.Kind.interface, scope.bytes) }
        return body
    }

    /// The path that an answer tells; nil when it says that there is no route.
    ///
    /// - Throws: `EBADMSG` for what is no answer, or the kernel's error.
    static func path(in answer: NetlinkMessage) throws(Errno) -> NetworkPath? {
        let routes: [NetworkRoute]
        do throws(Errno) {
            routes = try NetworkRoute.all(in: try answer.accepted())
        } catch {
            if noRoute.contains(error.code) { return nil }
            throw error
        }
        guard let route = routes.first else { throw Errno(EBADMSG, "read a route") }
        guard route.interface != 0 else { return nil }
        return NetworkPath(source: route.source, interface: route.interface, gateway: route.gateway)
    }

    /// What the kernel answers when an address cannot be reached: no route, or one that says so (unreachable, blackhole,
    /// prohibit).
    private static let noRoute: Set<Int32> = [ENETUNREACH, EHOSTUNREACH, EINVAL, EACCES, ENETDOWN, ENODEV]

    /// Whether an association that was opened over this path, from `local`, still works when the path is `now`.
    ///
    /// The interface and the next hop have to be the same, and the source address too. IPv6 is different in one point:
    /// temporary addresses (RFC 8981) replace each other for new sockets every day, while the older ones stay usable. A
    /// new source in the same /64 network is no change as long as the host still has the old one.
    /// - Parameter isAssigned: whether the host still has the association's own address.
    public func holds(_ now: NetworkPath, isAssigned: () -> Bool) -> Bool {
        guard interface == now.interface, gateway == now.gateway, source.count == now.source.count else { return false }
        if source.count == 4 { return source == now.source }
        return source.prefix(8) == now.source.prefix(8) && isAssigned()
    }

    /// Whether the host has an address: a socket can be bound to it (`bind(2)`, `EADDRNOTAVAIL`).
    ///
    /// - Parameter address: the bytes of a `sockaddr_in` or `sockaddr_in6`; its port is not used.
    public static func isAssigned(_ address: [UInt8]) -> Bool {
        guard address.count >= 8 else { return false }
        let family = address[...].number(at: 0, as: sa_family_t.self) ?? 0
        var address = address
        (address[2], address[3]) = (0, 0)
        guard
            let socket = try? FileDescriptor(
                owning: retrying("socket") { Glibc.socket(Int32(family), datagramSocketType, 0) })
        else { return false }
        let number = socket.raw
        return address.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            return bind(number, base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) == 0
        }
    }
}

/// Glibc's module has these flags as enumerations.
private let datagramSocketType = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
