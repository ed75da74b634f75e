import CSDBus
import EventLoop
import Glibc

/// A connection to a message bus or to one peer (`sd-bus(3)`), attached to the process's event loop.
///
/// The loop keeps it until `close()` is called or the other side hangs up. Everything is asynchronous: messages that are sent
/// before the connection is up are queued.
///
/// A lasting connection reconnects after the other side hung up, and restores its matches, watched names and exported objects.
/// Calls in flight fail nevertheless, and owned names are lost.
@LoopActor
public final class BusConnection {
    /// The current `sd_bus *`; a lasting connection replaces it. Do not use it while `isOpen` is false.
    private(set) var bus: OpaquePointer
    /// Whether the other side is a bus daemon. Without one there are no names and no senders.
    public let isBus: Bool
    /// False after either side closed the connection; true again after a lasting one has reconnected.
    public private(set) var isOpen = false
    /// Called when the other side hung up. Not called after `close()` or for failed attempts to reconnect.
    public var onDisconnect: (@LoopActor () -> Void)?
    /// Called when a lasting connection is up again. Read values and request names again: signals may have been missed.
    public var onReconnect: (@LoopActor () -> Void)?

    var attachments: [ObjectIdentifier: BusToken] = [:]
    var calls: [ObjectIdentifier: PendingCall] = [:]
    var names: [String: WatchedName] = [:]
    /// Distinguishes messages of an earlier connection: a unique name may belong to another program on the next one.
    private(set) var generation = 0

    private let address: String
    /// The timer for reconnecting; nil if a lost connection is not restored.
    private let retry: (any Scheduler)?
    /// Whether the connection is up or will be again.
    var isLasting: Bool { retry != nil && !isClosed }
    private var retrying: (any Scheduled)?
    private var attempts = 0
    private var isUp = true
    private var isClosed = false

    // Keeps a connection alive while the loop holds its descriptor.
    private static var connections: [ObjectIdentifier: BusConnection] = [:]

    private init(address: String, isBus: Bool, retry: (any Scheduler)?) throws(BusError) {
        (self.address, self.isBus, self.retry) = (address, isBus, retry)
        bus = try Self.connect(address, isBus)
        isOpen = true
        Self.connections[ObjectIdentifier(self)] = self
        do throws(BusError) {
            try attach { bus, pointer, slot in
                sd_bus_match_signal_async(
                    bus, &slot, nil, nil, "org.freedesktop.DBus.Local", "Disconnected", disconnected, nil, pointer)
            } handler: { [weak self] _ in
                self?.hungUp()
            }
        } catch {
            close()
            throw error
        }
    }

    /// The system bus: `$DBUS_SYSTEM_BUS_ADDRESS`, else `/run/dbus/system_bus_socket` (`sd_bus_set_address(3)`).
    ///
    /// - Parameter retry: makes the connection lasting, and provides the time for its attempts to reconnect.
    public static func system(retry: (any Scheduler)? = nil) throws(BusError) -> BusConnection {
        try open(
            address: environment("DBUS_SYSTEM_BUS_ADDRESS") ?? "unix:path=/run/dbus/system_bus_socket", retry: retry)
    }

    /// A bus or peer by its address: `unix:path=/run/systemd/private`.
    ///
    /// - Parameters:
    ///   - isBus: false for a peer that is not a message bus, such as systemd's private socket.
    ///   - retry: makes the connection lasting, and provides the time for its attempts to reconnect.
    public static func open(
        address: String, isBus: Bool = true, retry: (any Scheduler)? = nil
    ) throws(BusError) -> BusConnection {
        try BusConnection(address: address, isBus: isBus, retry: retry)
    }

    /// Makes a started `sd_bus` that is attached to the loop.
    private static func connect(_ address: String, _ isBus: Bool) throws(BusError) -> OpaquePointer {
        var made: OpaquePointer?
        try checked(sd_bus_new(&made), "make a connection")
        guard let bus = made else { throw BusError(BusError.failed, "sd_bus_new returned no connection") }
        do throws(BusError) {
            try checked(sd_bus_set_address(bus, address), "use the address '\(address)'")
            try checked(sd_bus_set_bus_client(bus, isBus ? 1 : 0), "be a bus client")
            // Otherwise the process would exit when the connection to the bus ends. The owner of the connection decides that.
            try checked(sd_bus_set_exit_on_disconnect(bus, 0), "disable exit on disconnect")
            try checked(sd_bus_attach_event(bus, EventLoop.shared.handle, 0), "attach the bus to the loop")
            try checked(sd_bus_start(bus), "connect to the bus")
            return bus
        } catch {
            sd_bus_detach_event(bus)
            sd_bus_close_unref(bus)
            throw error
        }
    }

    /// The connection's unique name on the bus (`:1.42`). Waits until the bus has answered Hello.
    public var uniqueName: String? {
        var name: UnsafePointer<CChar>?
        // This blocks until the connection is up. It is used in tests and after the first answered call.
        guard isOpen, sd_bus_get_unique_name(bus, &name) >= 0, let name else { return nil }
        return String(cString: name)
    }

    /// Sends the queued messages and closes for good. Calls in flight fail with `Disconnected`.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        retrying?.cancel()
        if isOpen {
            sd_bus_flush(bus)
            end()
        }
        forget()
    }

    // MARK: Disconnecting and reconnecting

    /// The other side has closed the connection.
    func hungUp() {
        guard isOpen else { return }
        end()
        if isLasting { for watched in names.values { watched.lost() } } else { forget() }
        if isUp { onDisconnect?() }
        isUp = false
        reconnectLater()
    }

    private func end() {
        isOpen = false
        generation += 1
        for token in attachments.values { token.release() }
        let calls = calls.values
        self.calls = [:]
        for call in calls { call.finish(.failure(BusError(BusError.disconnected, "the bus connection ended"))) }
        sd_bus_detach_event(bus)
        sd_bus_close_unref(bus)
    }

    private func forget() {
        for token in attachments.values { token.detach() }
        attachments = [:]
        names = [:]
        Self.connections[ObjectIdentifier(self)] = nil
    }

    /// The first attempt is immediate, because systemd keeps the socket while it restarts a bus daemon.
    private func reconnectLater() {
        guard let retry, !isClosed else { return }
        retrying?.cancel()
        let delay: Duration = attempts == 0 ? .zero : .seconds(1 << min(attempts - 1, 3))
        attempts += 1
        retrying = retry.schedule(after: delay) { [weak self] in self?.reconnect() }
    }

    private func reconnect() {
        guard !isClosed, !isOpen else { return }
        do throws(BusError) {
            bus = try Self.connect(address, isBus)
            isOpen = true
            // In the order in which they were made, so that a name's owner is requested before the matches that depend on it.
            for token in attachments.values.sorted(by: { $0.order < $1.order }) where isOpen {
                try token.attach(to: bus)
            }
        } catch {
            if isOpen { end() }
            return reconnectLater()
        }
        guard isOpen else { return }
        let mine = generation
        // GetId instead of Ping, because the system bus's policy does not allow Ping.
        call(Self.driver, path: Self.driverPath, interface: Self.driver, member: "GetId", []) { [weak self] reply in
            guard let self, self.isOpen, self.generation == mine else { return }
            // The bus has answered, so all earlier requests are in force.
            guard case .success = reply else { return self.hungUp() }
            self.attempts = 0
            self.isUp = true
            self.onReconnect?()
        }
    }

    /// Sends a message without expecting a reply.
    func send(_ message: OpaquePointer) throws(BusError) {
        guard isOpen else { throw BusError(BusError.disconnected, "the bus connection ended") }
        try told(sd_bus_send(bus, message, nil), "send to the bus")
    }

    /// Like `checked`. If the other side is gone, ends the connection before the caller gets the error.
    func told(_ result: Int32, _ context: @autoclosure () -> String) throws(BusError) {
        if [ENOTCONN, ECONNRESET, EPIPE, ESHUTDOWN].contains(-result) { hungUp() }
        try checked(result, context())
    }
}

private func disconnected(
    _ message: OpaquePointer?, _ data: UnsafeMutableRawPointer?, _: UnsafeMutablePointer<sd_bus_error>?
) -> Int32 {
    tokenFired(message, data, nil)
}
