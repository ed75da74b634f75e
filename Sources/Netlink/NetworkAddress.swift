import Glibc
import Linux

/// An IP address of a link (rtnetlink(7), `RTM_NEWADDR`).
public struct NetworkAddress: Hashable, Sendable {
    /// 4 or 16 bytes.
    public var bytes: [UInt8]
    /// How many of its bits are the network's.
    public var prefixLength: UInt8
    /// The index of its link.
    public var interface: Int32
    /// `RT_SCOPE_…` of linux/rtnetlink.h: 0 for an address that is valid everywhere.
    public var scope: UInt8
    /// `IFA_F_…` of linux/if_addr.h.
    public var flags: UInt32

    public init(bytes: [UInt8], prefixLength: UInt8, interface: Int32, scope: UInt8 = 0, flags: UInt32 = 0) {
        self.bytes = bytes
        self.prefixLength = prefixLength
        self.interface = interface
        self.scope = scope
        self.flags = flags
    }

    /// `AF_INET` or `AF_INET6`.
    public var family: Int32 { bytes.count == 4 ? AF_INET : AF_INET6 }

    /// Datagrams of others get here by it: it is no link-local one, and nobody else was found to have it
    /// (`IFA_F_TENTATIVE`, `IFA_F_DADFAILED`).
    public var isGlobal: Bool { scope == 0 && flags & (0x40 | 0x08) == 0 }

    /// `192.0.2.2`, `2001:db8::1` (`inet_ntop(3)`).
    public var text: String { Self.text(bytes) }

    /// The text of an address of 4 or 16 bytes; empty for other bytes.
    public static func text(_ bytes: [UInt8]) -> String {
        guard bytes.count == 4 || bytes.count == 16 else { return "" }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else {
            return ""
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension NetworkAddress {
    static let added: UInt16 = 20  // RTM_NEWADDR
    static let get: UInt16 = 22  // RTM_GETADDR
    private static let size = 8  // struct ifaddrmsg

    /// linux/if_addr.h
    private enum Kind {
        static let address: UInt16 = 1  // IFA_ADDRESS
        static let local: UInt16 = 2  // IFA_LOCAL
        static let flags: UInt16 = 8  // IFA_FLAGS
    }

    /// The body of `RTM_GETADDR` for all addresses.
    static let question = [UInt8](repeating: 0, count: size)

    /// The address that a message tells; nil for a message of another kind, or of another family than IPv4 and IPv6.
    ///
    /// - Throws: `EBADMSG` for what is cut off, or an address of another length than its family's.
    init?(_ message: NetlinkMessage) throws(Errno) {
        guard message.type == Self.added else { return nil }
        // struct ifaddrmsg: family, prefix, flags, scope, index.
        let header = message.payload
        guard let family = header.number(at: 0, as: UInt8.self), let prefix = header.number(at: 1, as: UInt8.self),
            let flags = header.number(at: 2, as: UInt8.self), let scope = header.number(at: 3, as: UInt8.self),
            let index = header.number(at: 4, as: Int32.self)
        else { throw Errno(EBADMSG, "read an address") }
        guard Int32(family) == AF_INET || Int32(family) == AF_INET6 else { return nil }
        let attributes = try Attributes(header.dropFirst(Self.size))
        // Of a point-to-point link IFA_ADDRESS is the other end's.
        guard let bytes = attributes[Kind.local] ?? attributes[Kind.address],
            bytes.count == (Int32(family) == AF_INET ? 4 : 16), Int(prefix) <= bytes.count * 8
        else { throw Errno(EBADMSG, "read an address") }
        self.init(
            bytes: Array(bytes), prefixLength: prefix, interface: index, scope: scope,
            flags: attributes.number(Kind.flags, as: UInt32.self) ?? UInt32(flags))
    }
}
