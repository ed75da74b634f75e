import CLinux
import Glibc

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
    /// The kernel answers within `sendto(2)`: this does not block.
    /// - Parameter peer: the bytes of a `sockaddr_in` or `sockaddr_in6`.
    /// - Returns: nil when there is no route.
    /// - Throws: when the kernel could not be asked.
    public static func current(to peer: [UInt8]) throws(Errno) -> NetworkPath? {
        guard let request = RouteMessage.request(for: peer) else {
            throw Errno(EAFNOSUPPORT, "ask for a route")
        }
        let socket = FileDescriptor(
            owning: try retrying("open a netlink socket") { Glibc.socket(AF_NETLINK, netlinkSocketType, 0) })
        let number = socket.raw
        _ = try retrying("ask for a route") { send(number, request, request.count, 0) }
        var answer = [UInt8](repeating: 0, count: 8192)
        let length = try retrying("read a route") { recv(number, &answer, answer.count, Int32(MSG_DONTWAIT)) }
        return try RouteMessage.path(in: answer[..<length])
    }

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
        let family = address.withUnsafeBytes { $0.loadUnaligned(as: sa_family_t.self) }
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

/// `SOCK_RAW | SOCK_CLOEXEC`: Glibc's module has them as enumerations of different types.
private let netlinkSocketType = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
private let datagramSocketType = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
