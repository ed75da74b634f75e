import CCoAP
import EventLoop

/// Receives what happens in a context.
@LoopActor
protocol ContextOwner: AnyObject {
    /// Our session for a libcoap session; a new one for an unknown peer.
    func session(for raw: OpaquePointer) -> CoAPSession?

    /// A turn of libcoap's is over: its results can be examined, and libcoap may be called again.
    func settle()
}

/// A `coap_context_t` as a source of the loop.
///
/// libcoap's epoll descriptor has its sockets and a timer for retransmissions and handshakes, so that nothing wakes an
/// idle process. A callback must neither run libcoap's loop nor free anything: `later` postpones that to the end of the
/// turn.
@LoopActor
final class Context {
    let raw: OpaquePointer
    private var source: IOSource?
    /// Strong until `free`: a weak reference would slow down every retain of the session.
    private var owner: (any ContextOwner)?
    private var processing = false
    private var deferred: [@LoopActor () -> Void] = []
    private var freed = false
    /// The latest texts about TLS and ICMP, for the reason of a session's end: libcoap has them only in its log.
    var alert: String?
    var unreachable: String?
    /// Message IDs of Resets that came in this turn, of any message.
    var resets: [UInt16] = []

    init?(owner: any ContextOwner) {
        CoAPLibrary.start()
        guard let raw = coap_new_context(nil) else { return nil }
        self.raw = raw
        self.owner = owner
        coap_set_app_data(raw, Unmanaged.passUnretained(self).toOpaque())
        coap_context_set_block_mode(raw, 0)
        coap_register_response_handler(raw, contextResponse)
        coap_register_nack_handler(raw, contextNack)
        coap_register_event_handler(raw, contextEvent)
        // We serve every path and method, also /.well-known/core, which libcoap would answer itself.
        guard let unknown = coap_resource_unknown_init(contextRequest) else { return }
        gk_coap_register_all(unknown, contextRequest)
        coap_add_resource(raw, unknown)
        // libcoap copies the path, but keeps no bytes alive until it has.
        let core = ".well-known/core".withCString { coap_resource_init(coap_make_str_const($0), 0) }
        if let core {
            gk_coap_register_all(core, contextRequest)
            coap_add_resource(raw, core)
        }
    }

    /// Joins the loop; after the context has its sockets.
    func start() {
        guard !freed, source == nil else { return }
        source = IOSource(descriptor: coap_context_get_coap_fd(raw)) { [self] _ in process() }
        // Sets libcoap's timer for what was sent so far.
        process()
    }

    /// One turn of libcoap, without waiting: `coap_io_do_epoll(3)`. `coap_io_process(3)` would do the same and set its timer
    /// once more.
    func process() {
        guard !processing, !freed else { return }
        processing = true
        CoAPLibrary.attribute(to: self) { gk_coap_turn(raw) }
        processing = false
        owner?.settle()
        resets = []
        while !deferred.isEmpty { deferred.removeFirst()() }
    }

    /// Runs `body` now, or at the end of the present turn.
    func later(_ body: @escaping @LoopActor () -> Void) {
        if processing { deferred.append(body) } else { body() }
    }

    /// Frees the context and its sessions; DTLS ones say close_notify.
    func free() { later { [self] in freeNow() } }

    private func freeNow() {
        guard !freed else { return }
        freed = true
        source?.cancel()
        source = nil
        owner = nil
        coap_set_app_data(raw, nil)
        coap_free_context(raw)
    }

    /// Whether nothing waits for an acknowledgement, in any session (`coap_can_exit(3)`).
    var isQuiet: Bool { coap_can_exit(raw) == 1 }

    fileprivate func session(for raw: OpaquePointer) -> CoAPSession? { freed ? nil : owner?.session(for: raw) }
}

// MARK: C callbacks

/// Our session, when there is one.
@LoopActor
private func known(_ raw: OpaquePointer) -> CoAPSession? {
    // No closure: Swift would ask the executor whether it may run it, in each callback.
    guard let data = coap_session_get_app_data(raw) else { return nil }
    return Unmanaged<CoAPSession>.fromOpaque(data).takeUnretainedValue()
}

/// Our session; a new one for a peer that says something for the first time.
@LoopActor
private func session(_ raw: OpaquePointer) -> CoAPSession? {
    if let known = known(raw) { return known }
    guard let context = coap_session_get_context(raw), let data = coap_get_app_data(context) else { return nil }
    return Unmanaged<Context>.fromOpaque(data).takeUnretainedValue().session(for: raw)
}

private func contextRequest(
    _: OpaquePointer?, _ raw: OpaquePointer?, _ request: OpaquePointer?, _: UnsafePointer<coap_string_t>?,
    _ response: OpaquePointer?
) {
    guard let raw, let request, let response else { return }
    LoopActor.assumeIsolated((raw, request, response)) { raw, request, response in
        session(raw)?.received(request: request, answer: response)
    }
}

private func contextResponse(
    _ raw: OpaquePointer?, _: OpaquePointer?, _ received: OpaquePointer?, _: coap_mid_t
) -> coap_response_t {
    guard let raw, let received else { return COAP_RESPONSE_OK }
    return LoopActor.assumeIsolated((raw, received)) { raw, received in
        known(raw)?.received(response: received) ?? true ? COAP_RESPONSE_OK : COAP_RESPONSE_FAIL
    }
}

private func contextNack(
    _ raw: OpaquePointer?, _: OpaquePointer?, _ reason: coap_nack_reason_t, _ id: coap_mid_t
) {
    guard let raw else { return }
    LoopActor.assumeIsolated((raw, id, reason)) { known($0)?.refused(UInt16(truncatingIfNeeded: $1), $2) }
}

private func contextEvent(_ raw: OpaquePointer?, _ event: coap_event_t) -> Int32 {
    guard let raw else { return 0 }
    LoopActor.assumeIsolated((raw, Int(event.rawValue))) { known($0)?.happened($1) }
    return 0
}
