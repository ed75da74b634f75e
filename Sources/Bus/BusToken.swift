import CSDBus
import EventLoop

/// A match, a watch or an exported object, in force until it is cancelled or the connection ends. It need not be kept.
@LoopActor
public final class BusToken {
    /// Makes the slot on a connection.
    typealias Make = (_ bus: OpaquePointer, _ data: UnsafeMutableRawPointer, _ slot: inout OpaquePointer?) -> Int32

    /// Tokens are made anew in the order in which they were made.
    let order: Int
    private static var made = 0
    private var slot: OpaquePointer?
    fileprivate var make: Make?
    fileprivate var handler: (@LoopActor (OpaquePointer) -> Void)?
    fileprivate weak var connection: BusConnection?
    /// Told each time that the slot was made.
    var onAttach: (@LoopActor () -> Void)?
    /// Told when the token is cancelled, for tokens that stand for more than a slot.
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

    /// Gives the slot back, for a connection that ended.
    func release() {
        if let slot { sd_bus_slot_unref(slot) }
        slot = nil
    }

    /// Takes it back; its handler is not called any more. Further calls do nothing.
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
    /// Makes a slot whose callback comes to `handler`. The connection keeps the token alive, so that the pointer that
    /// the C side holds stays good for as long as the slot lives.
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

/// The callback of every slot that `attach` made. 0: others may see the message too.
func tokenFired(
    _ message: OpaquePointer?, _ data: UnsafeMutableRawPointer?, _: UnsafeMutablePointer<sd_bus_error>?
) -> Int32 {
    guard let message, let data else { return 0 }
    nonisolated(unsafe) let (message_, pointer) = (message, data)  // stay on this thread
    LoopActor.assumeIsolated {
        Unmanaged<BusToken>.fromOpaque(pointer).takeUnretainedValue().handler?(message_)
    }
    return 0
}

/// As `tokenFired`, and the message is answered by the handler alone.
func objectFired(
    _ message: OpaquePointer?, _ data: UnsafeMutableRawPointer?, _ error: UnsafeMutablePointer<sd_bus_error>?
) -> Int32 {
    _ = tokenFired(message, data, error)
    return 1
}
