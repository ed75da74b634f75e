import CLinux
import Glibc

/// A netlink socket that becomes readable when links, addresses or routes of this host change (rtnetlink(7)).
///
/// Most of these events concern nobody: a container's interface, an IPv6 lifetime that a router refreshed. The messages
/// are not read: whoever has an interest asks for its `NetworkPath` again.
public struct RouteMonitor: ~Copyable, Sendable {
    /// To be watched for readability.
    public let descriptor: FileDescriptor

    public init() throws(Errno) {
        descriptor = FileDescriptor(owning: try retrying("open a netlink socket") { gk_route_monitor() })
    }

    /// Drops what is queued; true when there was anything. An overrun (`ENOBUFS`) counts as a change.
    public func drain() -> Bool {
        var changed = false
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let got = recv(descriptor.raw, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if got > 0 || (got < 0 && errno == ENOBUFS) {
                changed = true
            } else if got < 0 && errno == EINTR {
                continue
            } else {
                return changed
            }
        }
    }
}
