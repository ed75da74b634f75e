import CSDBus
import EventLoop

/// A method call to an exported object.
@LoopActor
public final class BusCall {
    /// The caller's unique name; nil on a connection without a bus.
    public let sender: String?
    public let path: String
    public let interface: String
    public let member: String
    public let arguments: [BusValue]

    private let message: OpaquePointer
    private let connection: BusConnection
    private let generation: Int
    private var answered = false

    init(_ message: OpaquePointer, _ connection: BusConnection) throws(BusError) {
        arguments = try MessageReader.values(message)
        sender = Bus.sender(of: message)
        path = text(sd_bus_message_get_path(message))
        interface = text(sd_bus_message_get_interface(message))
        member = text(sd_bus_message_get_member(message))
        self.message = sd_bus_message_ref(message)
        self.connection = connection
        generation = connection.generation
    }

    /// The caller's credentials, which the bus provides.
    public func credentials() async throws(BusError) -> BusCredentials {
        guard connection.generation == generation else {
            throw BusError(BusError.disconnected, "the bus connection ended")
        }
        guard let sender else { throw BusError(BusError.accessDenied, "the caller is unknown") }
        return try await connection.credentials(of: sender)
    }

    /// Answers the call. Further answers are ignored. An answer that cannot be sent is dropped: the connection is ending.
    func answer(_ result: Result<[BusValue], BusError>) {
        guard !answered else { return }
        answered = true
        defer { sd_bus_message_unref(message) }
        // The caller may not expect a reply, and the connection of the call may have ended.
        guard connection.isOpen, connection.generation == generation, sd_bus_message_get_expect_reply(message) > 0
        else { return }
        do throws(BusError) {
            try answer(with: try result.get())
        } catch {
            answer(with: error)
        }
    }

    private func answer(with values: [BusValue]) throws(BusError) {
        var reply: OpaquePointer?
        try checked(sd_bus_message_new_method_return(message, &reply), "answer \(member)")
        guard let reply else { return }
        defer { sd_bus_message_unref(reply) }
        try MessageWriter(message: reply).append(values)
        try connection.send(reply)
    }

    private func answer(with error: BusError) {
        var raw = sd_bus_error()
        defer { sd_bus_error_free(&raw) }
        sd_bus_error_set(&raw, error.name, error.message)
        sd_bus_reply_method_error(message, &raw)
    }
}
