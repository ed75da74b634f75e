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
    public func credentials(of name: String) async throws(BusError) -> BusCredentials {
        let reply = try await call(
            Self.driver, path: Self.driverPath, interface: Self.driver, member: "GetConnectionCredentials",
            [.string(name)])
        guard let values = reply.first?.properties, case .uint32(let user)? = values["UnixUserID"] else {
            throw BusError(BusError.accessDenied, "the bus does not know the caller's user")
        }
        let told = values["UnixGroupIDs"]?.elements?.compactMap(\.unsigned).map { UInt32(truncatingIfNeeded: $0) }
        return BusCredentials(
            user: user, groups: told ?? [],
            process: values["ProcessID"]?.unsigned.map { UInt32(truncatingIfNeeded: $0) })
    }
}
