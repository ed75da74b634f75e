import EventLoop
import Glibc

/// The credentials of a unique name's owner, which the bus daemon reads from the socket (`SO_PEERCRED`, `SO_PEERGROUPS`).
public struct BusCredentials: Hashable, Sendable {
    public let user: UInt32
    /// Primary and supplementary groups.
    public let groups: [UInt32]
    public let process: UInt32?

    public init(user: UInt32, groups: [UInt32], process: UInt32?) {
        self.user = user
        self.groups = groups
        self.process = process
    }
}

extension BusConnection {
    /// `org.freedesktop.DBus.GetConnectionCredentials`.
    ///
    /// Asks again when there is no reply: while messages with many descriptors are queued for a connection, the bus daemon
    /// drops its own replies to it (`max_outgoing_unix_fds`, `max_outgoing_bytes` of dbus-daemon(1)).
    public func credentials(of name: String) async throws(BusError) -> BusCredentials {
        for seconds in [1, 2, 4] {
            do throws(BusError) {
                return try await credentials(of: name, deadline: .seconds(seconds))
            } catch  where error.name == BusError.noReply {
                continue
            }
        }
        return try await credentials(of: name, deadline: .seconds(8))
    }

    private func credentials(of name: String, deadline: Duration) async throws(BusError) -> BusCredentials {
        let reply = try await call(
            Self.driver, path: Self.driverPath, interface: Self.driver, member: "GetConnectionCredentials",
            [.string(name)], deadline: deadline)
        guard let values = reply.first?.properties, case .uint32(let user)? = values["UnixUserID"] else {
            throw BusError(BusError.accessDenied, "the bus does not know the caller's user")
        }
        let told = values["UnixGroupIDs"]?.elements?.compactMap(\.unsigned).map { UInt32(truncatingIfNeeded: $0) }
        return BusCredentials(
            user: user, groups: told ?? [],
            process: values["ProcessID"]?.unsigned.map { UInt32(truncatingIfNeeded: $0) })
    }
}
