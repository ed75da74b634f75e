import CCoAP
import EventLoop
import Linux
import LwM2M
import LwM2MClient

/// One association with a peer, over UDP or DTLS; requests travel both ways.
///
/// libcoap sends, retransmits, encrypts and parses. This class adds what libcoap 4.3.1 lacks: a cache of duplicates,
/// block-wise transfer, and the detection of acknowledgements. libcoap does not report an empty ACK, but it forgets the
/// message. A client's session therefore has a context of its own and one confirmable message under way at a time
/// (NSTART = 1, RFC 7252, 4.7): when `coap_can_exit(3)` says that nothing is waiting and no refusal came, the message was
/// acknowledged. Separate responses do not wait for that; messages under way together count as acknowledged together.
@LoopActor
public final class CoAPSession: Session, ContextOwner {
    enum Role {
        /// We opened it; it has a context of its own.
        case client
        /// A peer opened it at one of our endpoints; the context is shared, and libcoap's NSTART keeps the order.
        case server
    }

    let role: Role
    let parameters: CoAPParameters
    let scheduler: any Scheduler
    /// DTLS: there is an association that can be lost.
    let secure: Bool
    let route: RouteLookup
    var context: Context?
    /// The `coap_session_t *`; nil before the name is resolved and after the end.
    var raw: OpaquePointer?
    /// nil after the end: nothing is reported any more.
    var handler: (any SessionHandler)?
    /// Called once, at the end; the owner of the session drops it then.
    var ended: (@LoopActor (CoAPSession, _ connected: Bool) -> Void)?

    // Requests of the peer.
    var duplicates = DuplicateCache()
    let uploads: Uploads
    var downloads = Downloads()

    // Messages of ours.
    var queue: [Outgoing] = []
    var flights: [UInt16: Outgoing] = [:]
    /// Notifications that are not to be acknowledged and left lately: they may be answered by a Reset.
    var unconfirmed: [(id: UInt16, token: [UInt8])] = []
    var retrying: (any Scheduled)?
    var pending: [[UInt8]: PendingRequest] = [:]
    var observers: [[UInt8]: Observer] = [:]
    var flushing: [@LoopActor () -> Void] = []

    // State.
    var connected = false
    var loss: TransportError?
    var settling = false
    /// Over which way it was opened; nil before the name is resolved.
    var opened: OpenedPath?
    var progress = HandshakeProgress.unanswered
    /// Runs while a handshake waits for the server's next flight.
    var flightTimer: (any Scheduled)?
    /// When the last message of the peer came; empty acknowledgements do not count.
    var heard = Duration.zero
    var silence: (any Scheduled)?

    init(
        role: Role, secure: Bool, parameters: CoAPParameters, scheduler: any Scheduler, handler: any SessionHandler,
        route: @escaping RouteLookup = { _ in nil }
    ) {
        self.role = role
        self.secure = secure
        self.parameters = parameters
        self.scheduler = scheduler
        self.handler = handler
        self.route = route
        uploads = Uploads(
            scheduler: scheduler, limits: Uploads.Limits(idle: parameters.transferTimeout))
    }

    /// Takes over a reference to a libcoap session.
    func attach(_ raw: OpaquePointer, _ context: Context) {
        self.raw = raw
        self.context = context
        coap_session_set_app_data(raw, Unmanaged.passUnretained(self).toOpaque())
        let (seconds, attoseconds) = parameters.ackTimeout.components
        coap_session_set_ack_timeout(
            raw,
            coap_fixed_point_t(
                integer_part: UInt16(clamping: seconds), fractional_part: UInt16(attoseconds / 1_000_000_000_000_000)))
        let factor = parameters.ackRandomFactor
        coap_session_set_ack_random_factor(
            raw, coap_fixed_point_t(integer_part: factor / 1000, fractional_part: factor % 1000))
        coap_session_set_max_retransmit(raw, parameters.maxRetransmit)
        // NSTART is counted here. libcoap's own count leaks when a message ID of the peer's equals one of ours, and would
        // in the end let nothing leave.
        if role == .client { coap_session_set_nstart(raw, 1000) }
    }

    // MARK: Events of libcoap

    /// A client's context has only this session.
    func session(for raw: OpaquePointer) -> CoAPSession? { raw == self.raw ? self : nil }

    func happened(_ event: Int) {
        switch event {
        case gk_event_connected:
            connected = true
            flightTimer?.cancel()
            // What waited for the handshake leaves now.
            if !flights.isEmpty { watchSilence() }
        case gk_event_error:
            let text = context?.alert ?? "the peer and we found no common ground"
            loss = loss ?? (connected ? .closed : .handshake(text))
        case gk_event_session_deleted: loss = loss ?? .closed
        default: break
        }
    }

    /// After a turn of libcoap's: notices acknowledgements and losses, and sends what is next.
    func settle() {
        guard let raw, let context, !settling else { return }
        settling = true
        defer { settling = false }
        // libcoap obeys the signals of CoAP over TCP (RFC 8323, 5.3) over UDP as well: one datagram would make every message
        // too small to answer with.
        coap_session_set_mtu(raw, UInt32(COAP_DEFAULT_MTU))
        noteHandshake(raw)
        // Since 4.3.4 libcoap ends a session for them, also a plain one, and calls no event.
        if secure || role == .client, coap_session_get_state(raw) == COAP_SESSION_STATE_NONE {
            loss = loss ?? presumedLoss()
        }
        if let loss {
            end(loss)
            return
        }
        if !context.resets.isEmpty { forgotten(context.resets) }
        if role == .client, !flights.isEmpty, retrying == nil, context.isQuiet {
            let acknowledged = flights
            flights = [:]
            endSilence()
            handler?.heard(on: self)
            for item in acknowledged.values { conclude(item, nil) }
        }
        pump()
    }

    /// libcoap dropped the DTLS association without an event that says why.
    func presumedLoss() -> TransportError {
        if let text = context?.unreachable { return .unreachable(text) }
        if connected { return .closed }
        // An alert of the server's says more than the step at which the handshake ended.
        return .handshake(context?.alert ?? progress.reason)
    }

    // MARK: Silence

    /// Ends the session when the peer says nothing within this time.
    func expectAnswer(within limit: Duration) {
        scheduler.schedule(after: limit) { [weak self] in
            guard let self, !self.connected else { return }
            self.end(self.secure ? self.presumedLoss() : .timeout)
        }
    }

    /// Ends the session when the peer says nothing for too long while a message of ours waits.
    func watchSilence() {
        guard secure, role == .client, connected, handler != nil else { return }
        heard = scheduler.now
        guard silence == nil else { return }
        wait(parameters.silenceTimeout)
    }

    private func wait(_ limit: Duration) {
        silence = scheduler.schedule(after: limit) { [weak self] in
            guard let self else { return }
            self.silence = nil
            guard !self.flights.isEmpty else { return }
            let quiet = self.scheduler.now - self.heard
            guard quiet >= self.parameters.silenceTimeout else {
                return self.wait(self.parameters.silenceTimeout - quiet)
            }
            self.end(self.context?.unreachable.map(TransportError.unreachable) ?? .timeout)
        }
    }

    func endSilence() {
        silence?.cancel()
        silence = nil
    }

    // MARK: The end

    /// Ends the session for a reason other than `close`, and tells the handler.
    func end(_ reason: TransportError) {
        guard let handler else { return }
        finish(reason)
        handler.sessionEnded(self, reason)
    }

    public func close() {
        guard handler != nil else { return }
        finish(.closed)
    }

    private func finish(_ reason: TransportError) {
        handler = nil
        retrying?.cancel()
        retrying = nil
        flightTimer?.cancel()
        endSilence()
        uploads.abortAll(reason)
        let unfinished = Array(flights.values) + queue
        flights = [:]
        queue = []
        let observers = self.observers
        self.observers = [:]
        for item in unfinished { conclude(item, reason) }
        // Requests that were acknowledged and wait for their response are in no queue.
        for token in Array(pending.keys) { fail(token, reason) }
        for observer in observers.values { observer.ended(reason) }
        resumeFlushing()
        release()
        ended?(self, connected)
        ended = nil
    }

    private func release() {
        guard let raw, let context else { return }
        self.raw = nil
        self.context = nil
        // From here on, callbacks do not find this session.
        coap_session_set_app_data(raw, nil)
        switch role {
        case .client:
            context.later { coap_session_release(raw) }
            context.free()
        case .server:
            let secure = secure
            context.later {
                // Says close_notify, and lets libcoap drop the session at its next turn.
                if secure { coap_session_disconnected(raw, COAP_NACK_NOT_DELIVERABLE) }
                coap_session_release(raw)
            }
        }
    }
}
