import CSDBus
import EventLoop

/// A well-known name whose owner is tracked.
@LoopActor
final class WatchedName {
    var owner: String?
    /// Whether the bus has reported the owner yet.
    var known = false
    var handlers: [ObjectIdentifier: @LoopActor (String?) -> Void] = [:]

    func changed(to owner: String?) {
        guard !known || self.owner != owner else { return }
        known = true
        self.owner = owner
        for handler in handlers.values { handler(owner) }
    }

    /// The connection to the bus was lost, so nobody owns the name.
    func lost() {
        if known { changed(to: nil) }
        known = false
    }
}

extension BusConnection {
    /// Requests a well-known name without queueing (`org.freedesktop.DBus.RequestName`).
    ///
    /// - Throws: `NameExists` if another program owns it.
    public func requestName(_ name: String) async throws(BusError) {
        let doNotQueue: UInt32 = 4
        let reply = try await call(
            Self.driver, path: Self.driverPath, interface: Self.driver, member: "RequestName",
            [.string(name), .uint32(doNotQueue)])
        // 1: primary owner; 4: already owner.
        guard reply.first == .uint32(1) || reply.first == .uint32(4) else {
            throw BusError(
                "org.freedesktop.DBus.Error.NameExists", "another program owns the name '\(name)'; stop it first")
        }
    }

    /// Tracks the owner of a name: `handler` gets the unique name, or nil if nobody owns it. It is called first with the
    /// current owner.
    @discardableResult
    public func watchName(
        _ name: String, handler: @escaping @LoopActor (_ owner: String?) -> Void
    ) throws(BusError) -> BusToken {
        let watched = try follow(name)
        let token = BusToken(self)
        attachments[ObjectIdentifier(token)] = token
        let key = ObjectIdentifier(token)
        watched.handlers[key] = handler
        token.onCancel = { [weak watched] in watched?.handlers[key] = nil }
        if watched.known { handler(watched.owner) }
        return token
    }

    /// Starts to track a name. It is tracked for the rest of the connection's life.
    ///
    /// The bus handles the messages of one sender in order. So the owner is known before a signal arrives for any match that
    /// is made after this call.
    @discardableResult
    func follow(_ name: String) throws(BusError) -> WatchedName {
        if let watched = names[name] { return watched }
        let watched = WatchedName()
        let rule =
            "type='signal',sender='\(Self.driver)',path='\(Self.driverPath)',interface='\(Self.driver)',"
            + "member='NameOwnerChanged',arg0='\(name)'"
        try attach { bus, pointer, slot in
            sd_bus_add_match_async(bus, &slot, rule, tokenFired, nil, pointer)
        } handler: { [weak watched] message in
            guard sender(of: message) == Self.driver,
                let values = try? MessageReader.values(message), values.count == 3, values[0].text == name,
                let owner = values[2].text
            else { return }
            watched?.changed(to: owner.isEmpty ? nil : owner)
        } onAttach: { [weak self, weak watched] in
            self?.call(
                Self.driver, path: Self.driverPath, interface: Self.driver, member: "GetNameOwner", [.string(name)]
            ) { [weak self, weak watched] reply in
                // Without an answer the owner stays unknown; the next connection asks again.
                guard let self, self.isOpen else { return }
                let values = try? reply.get()
                watched?.changed(to: values?.first?.text)
            }
        }
        names[name] = watched
        return watched
    }

    nonisolated static let driver = "org.freedesktop.DBus"
    nonisolated static let driverPath = "/org/freedesktop/DBus"
}

/// The sender's unique name, which the bus writes into a message; nil on a connection without a bus.
func sender(of message: OpaquePointer) -> String? {
    sd_bus_message_get_sender(message).map { String(cString: $0) }
}
