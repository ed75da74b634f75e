import Linux

/// A netlink socket that becomes readable when links, addresses or routes of this host change (rtnetlink(7)).
///
/// Most of these events concern nobody: a container's interface, an IPv6 lifetime that a router refreshed. The messages
/// are not read: whoever has an interest asks for its `NetworkPath` or `NetworkPicture` again.
public struct RouteMonitor: ~Copyable {
    /// linux/rtnetlink.h: RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_IFADDR, RTMGRP_IPV6_ROUTE.
    private static let groups: UInt32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400

    private let socket: NetlinkSocket

    /// To be watched for readability; it stays this value's own.
    public var descriptor: Int32 { socket.descriptor.raw }

    public init() throws(Errno) { socket = try NetlinkSocket(.route, groups: Self.groups) }

    /// Drops what is queued; true when there was anything. An overrun (`ENOBUFS`) counts as a change.
    public func drain() -> Bool { socket.drain() }
}
