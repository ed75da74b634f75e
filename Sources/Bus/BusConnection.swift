import CSDBus
import EventLoop

/// A connection to a message bus or to one peer (`sd-bus(3)`), attached to the process's event loop.
///
/// The loop keeps it until `close()` is called or the other side hangs up. All is asynchronous: what is asked before the
/// connection is up is queued.
@LoopActor
public final class BusConnection {
    let bus: OpaquePointer
    /// Whether a bus daemon is at the other end; without one there are no names and no senders.
    public let isBus: Bool
    /// False once the connection was closed by either side.
    public private(set) var isOpen = true
    /// Called once when the other side hung up; not after `close()`.
    public var onDisconnect: (@LoopActor () -> Void)?

    var attachments: [ObjectIdentifier: BusToken] = [:]
    var calls: [ObjectIdentifier: PendingCall] = [:]
    var names: [String: WatchedName] = [:]

    // What keeps a connection alive while the loop holds its descriptor.
    private static var connections: [ObjectIdentifier: BusConnection] = [:]

    private init(bus: OpaquePointer, isBus: Bool) throws(BusError) {
        self.bus = bus
        self.isBus = isBus
        try checked(sd_bus_attach_event(bus, EventLoop.shared.handle, 0), "attach the bus to the loop")
        try checked(sd_bus_start(bus), "connect to the bus")
        Self.connections[ObjectIdentifier(self)] = self
        try attach { pointer, slot in
            sd_bus_match_signal_async(
                bus, &slot, nil, nil, "org.freedesktop.DBus.Local", "Disconnected", disconnected, nil, pointer)
        } handler: { [weak self] _ in
            self?.hungUp()
        }
    }

    /// The system bus: `$DBUS_SYSTEM_BUS_ADDRESS`, else `/run/dbus/system_bus_socket` (`sd_bus_set_address(3)`).
    public static func system() throws(BusError) -> BusConnection {
        try open(address: environment("DBUS_SYSTEM_BUS_ADDRESS") ?? "unix:path=/run/dbus/system_bus_socket")
    }

    /// A bus or peer by its address: `unix:path=/run/systemd/private`.
    ///
    /// - Parameter isBus: false for a peer that is no message bus, such as systemd's private socket.
    public static func open(address: String, isBus: Bool = true) throws(BusError) -> BusConnection {
        var bus: OpaquePointer?
        try checked(sd_bus_new(&bus), "make a connection")
        guard let bus else { throw BusError(BusError.failed, "sd_bus_new gave nothing") }
        // The initializer's own reference; given back by `close()`.
        do throws(BusError) {
            try checked(sd_bus_set_address(bus, address), "use the address \(address)")
            try checked(sd_bus_set_bus_client(bus, isBus ? 1 : 0), "be a bus client")
            // The whole process would exit otherwise when the bus goes; who owns the connection decides.
            try checked(sd_bus_set_exit_on_disconnect(bus, 0), "stay when the bus goes")
            return try BusConnection(bus: bus, isBus: isBus)
        } catch {
            sd_bus_close_unref(bus)
            throw error
        }
    }

    /// The connection's unique name on the bus (`:1.42`); waits until the bus said hello.
    public var uniqueName: String? {
        var name: UnsafePointer<CChar>?
        // Blocks until the connection is up; asked for in tests and after a first call was answered.
        guard isOpen, sd_bus_get_unique_name(bus, &name) >= 0, let name else { return nil }
        return String(cString: name)
    }

    /// Writes out what is queued and closes. Calls in flight fail with `Disconnected`.
    public func close() {
        guard isOpen else { return }
        sd_bus_flush(bus)
        end()
    }

    private func hungUp() {
        guard isOpen else { return }
        end()
        onDisconnect?()
    }

    private func end() {
        isOpen = false
        for token in attachments.values { token.detach() }
        attachments = [:]
        let calls = calls.values
        self.calls = [:]
        for call in calls { call.finish(.failure(BusError(BusError.disconnected, "the bus connection ended"))) }
        sd_bus_detach_event(bus)
        sd_bus_close_unref(bus)
        Self.connections[ObjectIdentifier(self)] = nil
    }

    /// Sends a message that no reply is expected to.
    func send(_ message: OpaquePointer) throws(BusError) {
        guard isOpen else { throw BusError(BusError.disconnected, "the bus connection ended") }
        try checked(sd_bus_send(bus, message, nil), "send to the bus")
    }
}

private func disconnected(
    _ message: OpaquePointer?, _ data: UnsafeMutableRawPointer?, _: UnsafeMutablePointer<sd_bus_error>?
) -> Int32 {
    tokenFired(message, data, nil)
}
