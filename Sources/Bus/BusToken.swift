import CSDBus
import EventLoop

/// A match, a watch or an exported object. It stays in force until it is cancelled or the connection ends, even if nobody
/// keeps it.
@LoopActor
public final class BusToken {
    /// Makes the slot on a connection.
    typealias Make = (_ bus: OpaquePointer, _ data: UnsafeMutableRawPointer, _ slot: inout OpaquePointer?) -> Int32

    /// The order of creation, which is also the order of restoring after a reconnect.
    let order: Int
    private static var made = 0
    private var slot: OpaquePointer?
    fileprivate var make: Make?
    fileprivate var handler: (@LoopActor (OpaquePointer) -> Void)?
    fileprivate weak var connection: BusConnection?
    /// Called each time the slot was made.
    var onAttach: (@LoopActor () -> Void)?
    /// Called when the token is cancelled, for tokens with more than a slot.
    var onCancel: (@LoopActor () -> Void)?

    init(_ connection: BusConnection?) {
        self.connection = connection
        Self.made += 1
        order = Self.made
    }

    func attach(to bus: OpaquePointer) throws(BusError) {
        guard let make else { return }
        try checked(make(bus, Unmanaged.passUnretained(self).toOpaque(), &slot), "attach to the bus")
        onAttach?()
    }

    /// Frees the slot of a connection that has ended.
    func release() {
        if let slot { sd_bus_slot_unref(slot) }
        slot = nil
    }

    /// Cancels it: its handler is not called any more. Further calls do nothing.
    public func cancel() {
        detach()
        connection?.attachments[ObjectIdentifier(self)] = nil
    }

    func detach() {
        release()
        make = nil
        handler = nil
        onAttach = nil
        let onCancel = onCancel
        self.onCancel = nil
        onCancel?()
    }
}

extension BusConnection {
    /// Makes a slot whose callback calls `handler`. The connection keeps the token alive, so that the pointer in the C
    /// library stays valid as long as the slot exists.
    @discardableResult
    func attach(
        _ make: @escaping BusToken.Make, handler: @escaping @LoopActor (OpaquePointer) -> Void,
        onAttach: (@LoopActor () -> Void)? = nil
    ) throws(BusError) -> BusToken {
        guard isOpen || isLasting else { throw BusError(BusError.disconnected, "the bus connection ended") }
        let token = BusToken(self)
        token.make = make
        token.handler = handler
        token.onAttach = onAttach
        attachments[ObjectIdentifier(token)] = token
        do throws(BusError) {
            if isOpen { try token.attach(to: bus) }
        } catch {
            token.cancel()
            throw error
        }
        return token
    }
}

/// The callback of every slot made by `attach`. Returns 0, so that other slots get the message too.
func tokenFired(
    _ message: OpaquePointer?, _ data: UnsafeMutableRawPointer?, _: UnsafeMutablePointer<sd_bus_error>?
) -> Int32 {
    guard let message, let data else { return 0 }
    LoopActor.assumeIsolated((message, data)) { message, data in
        Unmanaged<BusToken>.fromOpaque(data).takeUnretainedValue().handler?(message)
    }
    return 0
}

/// Like `tokenFired`, but returns 1: the handler alone answers the message.
func objectFired(
    _ message: OpaquePointer?, _ data: UnsafeMutableRawPointer?, _ error: UnsafeMutablePointer<sd_bus_error>?
) -> Int32 {
    _ = tokenFired(message, data, error)
    return 1
}
