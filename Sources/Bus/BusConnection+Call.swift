import CSDBus
import EventLoop

/// A method call whose reply is awaited.
@LoopActor
final class PendingCall {
    var slot: OpaquePointer?
    weak var connection: BusConnection?
    private var completion: (@LoopActor (Result<[BusValue], BusError>) -> Void)?

    init(_ connection: BusConnection, completion: @escaping @LoopActor (Result<[BusValue], BusError>) -> Void) {
        self.connection = connection
        self.completion = completion
    }

    func finish(_ result: Result<[BusValue], BusError>) {
        if let slot { sd_bus_slot_unref(slot) }
        slot = nil
        connection?.calls[ObjectIdentifier(self)] = nil
        let completion = completion
        self.completion = nil
        completion?(result)
    }
}

extension BusConnection {
    /// Calls a method and waits for its reply (`sd_bus_call_async(3)`).
    ///
    /// - Parameters:
    ///   - destination: the name of the destination; nil on a connection without a bus.
    ///   - deadline: the call fails with `NoReply` after it. The peer may have done the work nevertheless.
    /// - Returns: the reply's values.
    @discardableResult
    public func call(
        _ destination: String?, path: String, interface: String, member: String, _ arguments: [BusValue] = [],
        deadline: Duration = .seconds(25)
    ) async throws(BusError) -> [BusValue] {
        let result: Result<[BusValue], BusError> = await withCheckedContinuation { continuation in
            call(
                destination, path: path, interface: interface, member: member, arguments, deadline: deadline
            ) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Calls a method. The message is queued before this returns, so calls are sent in order.
    func call(
        _ destination: String?, path: String, interface: String, member: String, _ arguments: [BusValue],
        deadline: Duration = .seconds(25), completion: @escaping @LoopActor (Result<[BusValue], BusError>) -> Void
    ) {
        let call = PendingCall(self, completion: completion)
        do throws(BusError) {
            let message = try methodCall(destination, path, interface, member, arguments)
            defer { sd_bus_message_unref(message) }
            // The connection keeps the call alive until its reply, its deadline or the end of the connection.
            calls[ObjectIdentifier(call)] = call
            let pointer = Unmanaged.passUnretained(call).toOpaque()
            let microseconds = UInt64(max(1, deadline / .microseconds(1)))
            try told(
                sd_bus_call_async(bus, &call.slot, message, replied, pointer, microseconds),
                "call \(interface).\(member)")
        } catch {
            call.finish(.failure(error))
        }
    }

    /// Reads a property (`org.freedesktop.DBus.Properties.Get`).
    public func property(
        _ name: String, of interface: String, at path: String, _ destination: String?,
        deadline: Duration = .seconds(25)
    ) async throws(BusError) -> BusValue {
        let reply = try await call(
            destination, path: path, interface: "org.freedesktop.DBus.Properties", member: "Get",
            [.string(interface), .string(name)], deadline: deadline)
        guard case .variant(let value)? = reply.first else {
            throw BusError(BusError.invalidArguments, "\(interface).\(name) has no value")
        }
        return value
    }

    /// Reads all properties of an interface (`org.freedesktop.DBus.Properties.GetAll`).
    public func properties(
        of interface: String, at path: String, _ destination: String?, deadline: Duration = .seconds(25)
    ) async throws(BusError) -> [String: BusValue] {
        let reply = try await call(
            destination, path: path, interface: "org.freedesktop.DBus.Properties", member: "GetAll",
            [.string(interface)], deadline: deadline)
        guard let values = reply.first?.properties else {
            throw BusError(BusError.invalidArguments, "\(interface) did not answer with a dictionary")
        }
        return values
    }

    private func methodCall(
        _ destination: String?, _ path: String, _ interface: String, _ member: String, _ arguments: [BusValue]
    ) throws(BusError) -> OpaquePointer {
        guard isOpen else { throw BusError(BusError.disconnected, "the bus connection ended") }
        var message: OpaquePointer?
        try checked(
            sd_bus_message_new_method_call(bus, &message, destination, path, interface, member),
            "call \(interface).\(member) at \(path)")
        guard let message else { throw BusError(BusError.failed, "no message") }
        do throws(BusError) {
            try MessageWriter(message: message).append(arguments)
        } catch {
            sd_bus_message_unref(message)
            throw error
        }
        return message
    }
}

/// The callback for a reply, an error, or sd-bus's own `NoReply` after the deadline.
private func replied(
    _ message: OpaquePointer?, _ data: UnsafeMutableRawPointer?, _: UnsafeMutablePointer<sd_bus_error>?
) -> Int32 {
    guard let message, let data else { return 0 }
    LoopActor.assumeIsolated((message, data)) { message, data in
        let call = Unmanaged<PendingCall>.fromOpaque(data).takeUnretainedValue()
        call.finish(reply(message))
    }
    return 1
}

@LoopActor
private func reply(_ message: OpaquePointer) -> Result<[BusValue], BusError> {
    if let error = sd_bus_message_get_error(message) {
        let name = error.pointee.name.map { String(cString: $0) } ?? BusError.failed
        let text = error.pointee.message.map { String(cString: $0) } ?? ""
        return .failure(BusError(name, text))
    }
    do throws(BusError) {
        return .success(try MessageReader.values(message))
    } catch {
        return .failure(error)
    }
}
