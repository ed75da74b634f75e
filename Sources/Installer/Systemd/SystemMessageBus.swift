import Bus
import Deployment
import EventLoop

/// The message bus that the daemon is connected to.
@LoopActor
public final class SystemMessageBus: MessageBus {
    private let connection: BusConnection

    /// - Parameter connection: the system bus.
    public init(_ connection: BusConnection) { self.connection = connection }

    public func reloadConfiguration() async throws {
        do throws(BusError) {
            try await connection.call(
                "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus",
                member: "ReloadConfig")
        } catch {
            throw DeploymentError(.failed, "the message bus does not read its configuration anew: \(error.message)")
        }
    }
}
