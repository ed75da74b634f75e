import Glibc

/// The messages of rtnetlink(7) that ask for one route, and its answer.
///
/// Numbers are in the host's byte order; everything is padded to 4 bytes.
enum RouteMessage {
    // linux/rtnetlink.h and linux/netlink.h
    private static let error: UInt16 = 2  // NLMSG_ERROR
    private static let newRoute: UInt16 = 24  // RTM_NEWROUTE
    private static let getRoute: UInt16 = 26  // RTM_GETROUTE
    private static let isRequest: UInt16 = 1  // NLM_F_REQUEST
    private static let destination: UInt16 = 1  // RTA_DST
    private static let interface: UInt16 = 4  // RTA_OIF
    private static let gateway: UInt16 = 5  // RTA_GATEWAY
    private static let preferredSource: UInt16 = 7  // RTA_PREFSRC
    private static let via: UInt16 = 18  // RTA_VIA

    private static let headerSize = 16  // struct nlmsghdr
    private static let routeSize = 12  // struct rtmsg

    /// `RTM_GETROUTE` for the address of a peer.
    ///
    /// - Parameter peer: the bytes of a `sockaddr_in` or `sockaddr_in6`.
    /// - Returns: nil for another family.
    static func request(for peer: [UInt8]) -> [UInt8]? {
        guard peer.count >= 2 else { return nil }
        let family = peer.withUnsafeBytes { $0.loadUnaligned(as: sa_family_t.self) }
        let address: ArraySlice<UInt8>
        var scope: UInt32 = 0
        switch Int32(family) {
        case AF_INET where peer.count >= 8: address = peer[4..<8]
        case AF_INET6 where peer.count >= 28:
            address = peer[8..<24]
            scope = peer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 24, as: UInt32.self) }
        default: return nil
        }
        var body = [UInt8(truncatingIfNeeded: family), UInt8(address.count * 8)]
        body += [UInt8](repeating: 0, count: routeSize - body.count)
        body += attribute(destination, address)
        // A link-local address means something on one link only.
        if scope != 0 { body += attribute(interface, bytes(scope)) }
        var message = bytes(UInt32(headerSize + body.count)) + bytes(getRoute) + bytes(isRequest)
        message += bytes(UInt32(1)) + bytes(UInt32(0))
        return message + body
    }

    /// The path that an answer tells; nil when it says that there is no route.
    ///
    /// - Throws: `EBADMSG` for what is no answer, or the kernel's error.
    static func path(in message: ArraySlice<UInt8>) throws(Errno) -> NetworkPath? {
        let bytes = Array(message)
        guard bytes.count >= headerSize else { throw Errno(EBADMSG, "read a route") }
        let length = Int(number(bytes, 0, as: UInt32.self))
        guard length >= headerSize, length <= bytes.count else { throw Errno(EBADMSG, "read a route") }
        switch number(bytes, 4, as: UInt16.self) {
        case error where length >= headerSize + 4:
            let code = -number(bytes, headerSize, as: Int32.self)
            if noRoute.contains(code) { return nil }
            throw Errno(code, "ask for a route")
        case newRoute where length >= headerSize + routeSize:
            return try path(bytes[..<length], from: headerSize + routeSize)
        default: throw Errno(EBADMSG, "read a route")
        }
    }

    /// What the kernel answers when an address cannot be reached: no route, or one that says so (unreachable, blackhole,
    /// prohibit).
    private static let noRoute: Set<Int32> = [ENETUNREACH, EHOSTUNREACH, EINVAL, EACCES, ENETDOWN, ENODEV]

    private static func path(_ message: ArraySlice<UInt8>, from start: Int) throws(Errno) -> NetworkPath? {
        let bytes = Array(message)
        var path = NetworkPath(source: [], interface: 0)
        var offset = start
        while offset + 4 <= bytes.count {
            let length = Int(number(bytes, offset, as: UInt16.self))
            guard length >= 4, offset + length <= bytes.count else { throw Errno(EBADMSG, "read a route") }
            let value = bytes[(offset + 4)..<(offset + length)]
            switch number(bytes, offset + 2, as: UInt16.self) {
            case interface where value.count == 4: path.interface = number(bytes, offset + 4, as: Int32.self)
            case gateway: path.gateway = Array(value)
            // struct rtvia: a family, and an address of it.
            case via: path.gateway = Array(value.dropFirst(2))
            case preferredSource: path.source = Array(value)
            default: break
            }
            offset += (length + 3) & ~3
        }
        return path.interface == 0 ? nil : path
    }

    private static func attribute(_ kind: UInt16, _ value: some Collection<UInt8>) -> [UInt8] {
        bytes(UInt16(4 + value.count)) + bytes(kind) + Array(value)
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }

    private static func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: [UInt8], _ offset: Int, as type: Number.Type
    ) -> Number {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
}
