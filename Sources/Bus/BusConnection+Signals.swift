import CSDBus
import EventLoop

/// A received signal.
public struct BusSignal: Sendable {
    /// The sender's unique name; nil on a connection without a bus.
    public let sender: String?
    public let path: String
    public let interface: String
    public let member: String
    public let arguments: [BusValue]
}

extension BusConnection {
    /// Calls `handler` for each matching signal (`sd_bus_add_match_async(3)`).
    ///
    /// Signals are ignored unless the current owner of `sender` sent them. Anyone can send a signal directly to us, and
    /// sd-bus does not check the sender for a match on a well-known name.
    /// - Parameters:
    ///   - sender: a well-known or unique name; nil means anybody. Ignored on a connection without a bus.
    ///   - path: the object.
    ///   - beneath: an object; the signals of all objects below it match too.
    ///   - interface: nil means any.
    ///   - member: nil means any.
    @discardableResult
    public func onSignal(
        from sender: String?, path: String? = nil, beneath: String? = nil, interface: String? = nil,
        member: String? = nil, handler: @escaping @LoopActor (BusSignal) -> Void
    ) throws(BusError) -> BusToken {
        let isBus = isBus
        let wellKnown = sender.flatMap { isBus && !$0.hasPrefix(":") && $0 != Self.driver ? $0 : nil }
        let owner = try wellKnown.map { name throws(BusError) in try follow(name) }
        var rule = "type='signal'"
        func add(_ key: String, _ value: String?) {
            // Valid names and paths have no apostrophe, so there is nothing to escape.
            if let value { rule += ",\(key)='\(value.filter { $0 != "'" })'" }
        }
        add("sender", isBus ? sender : nil)
        add("path", path)
        add("path_namespace", beneath)
        add("interface", interface)
        add("member", member)
        return try attach { bus, pointer, slot in
            sd_bus_add_match_async(bus, &slot, rule, tokenFired, nil, pointer)
        } handler: { message in
            let from = Bus.sender(of: message)
            if isBus, let sender, from != (owner == nil ? sender : owner?.owner) { return }
            guard let values = try? MessageReader.values(message) else { return }
            handler(
                BusSignal(
                    sender: from, path: text(sd_bus_message_get_path(message)),
                    interface: text(sd_bus_message_get_interface(message)),
                    member: text(sd_bus_message_get_member(message)), arguments: values))
        }
    }

    /// Calls `handler` with the properties that changed and those that must be read again
    /// (`org.freedesktop.DBus.Properties.PropertiesChanged`).
    @discardableResult
    public func onPropertiesChanged(
        from sender: String?, path: String, interface: String,
        handler: @escaping @LoopActor (_ changed: [String: BusValue], _ invalidated: [String]) -> Void
    ) throws(BusError) -> BusToken {
        try onSignal(
            from: sender, path: path, interface: "org.freedesktop.DBus.Properties", member: "PropertiesChanged"
        ) { signal in
            guard signal.arguments.count == 3, signal.arguments[0].text == interface,
                let changed = signal.arguments[1].properties, let invalidated = signal.arguments[2].strings
            else { return }
            handler(changed, invalidated)
        }
    }

    /// Broadcasts a signal (`sd_bus_emit_signal(3)`).
    public func emit(path: String, interface: String, member: String, _ arguments: [BusValue]) throws(BusError) {
        try emitDirectly(to: nil, path: path, interface: interface, member: member, arguments)
    }

    /// Sends a signal to `destination` only, or broadcasts it if that is nil.
    func emitDirectly(
        to destination: String?, path: String, interface: String, member: String, _ arguments: [BusValue]
    ) throws(BusError) {
        guard isOpen else { throw BusError(BusError.disconnected, "the bus connection ended") }
        var message: OpaquePointer?
        try checked(
            sd_bus_message_new_signal(bus, &message, path, interface, member), "signal \(interface).\(member)")
        guard let message else { throw BusError(BusError.failed, "no message") }
        defer { sd_bus_message_unref(message) }
        try MessageWriter(message: message).append(arguments)
        if let destination { try checked(sd_bus_message_set_destination(message, destination), "set a destination") }
        try send(message)
    }
}

/// The text of a header field; empty if the message does not have it.
func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
