import CCoAP
import EventLoop
import Linux
import LwM2M
import LwM2MClient

/// One association with a peer, over UDP or DTLS; requests travel both ways.
///
/// libcoap sends, retransmits, encrypts and parses; this class adds what libcoap 4.3.1 leaves out: duplicates are
/// answered from a cache, bodies travel in blocks, and an acknowledgement is noticed. libcoap tells nobody of a plain
/// ACK; but it forgets the message. So a client's session has a context of its own and one confirmable message under
/// way at a time (NSTART = 1, RFC 7252, 4.7): when `coap_can_exit(3)` says that nothing waits any more and no refusal
/// came, that message was acknowledged. Separate responses alone do not wait for it; what is under way together counts as
/// acknowledged together.
@LoopActor
public final class CoAPSession: Session, ContextOwner {
    enum Role {
        /// We opened it; its context is its own.
        case client
        /// A peer opened it at one of our endpoints; the context is shared, and libcoap's NSTART keeps the order.
        case server
    }

    let role: Role
    let parameters: CoAPParameters
    let scheduler: any Scheduler
    /// DTLS: it has keys and can be lost.
    let secure: Bool
    var context: Context?
    /// The `coap_session_t *`; nil before the name is resolved and after the end.
    var raw: OpaquePointer?
    /// nil after the end: nothing is told any more.
    var handler: (any SessionHandler)?
    /// Called once, at the end, for whoever keeps the session alive.
    var ended: (@LoopActor (CoAPSession, _ connected: Bool) -> Void)?

    // What the peer asks.
    var duplicates = DuplicateCache()
    let uploads: Uploads
    var downloads = Downloads()
    /// Which body an observation notifies of, by token, and when it began: the peer reads its later blocks by path.
    var observed: [[UInt8]: (key: Downloads.Key, serial: Int)] = [:]
    var observedSerial = 0

    // What we say.
    var queue: [Outgoing] = []
    var flights: [UInt16: Outgoing] = [:]
    var retrying: (any Scheduled)?
    var pending: [[UInt8]: PendingRequest] = [:]
    var observers: [[UInt8]: Observer] = [:]
    var flushing: [@LoopActor () -> Void] = []

    // How it goes.
    var connected = false
    var loss: TransportError?
    var settling = false
    /// When the peer said something last, but for plain acknowledgements, which end what waits for them.
    var heard = Duration.zero
    var silence: (any Scheduled)?

    init(
        role: Role, secure: Bool, parameters: CoAPParameters, scheduler: any Scheduler, handler: any SessionHandler
    ) {
        self.role = role
        self.secure = secure
        self.parameters = parameters
        self.scheduler = scheduler
        self.handler = handler
        uploads = Uploads(
            scheduler: scheduler, limits: Uploads.Limits(idle: parameters.transferTimeout))
    }

    /// Takes a libcoap session; the reference to it is given over.
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
        // We keep NSTART by ourselves. libcoap's own count leaks a place when a message ID of the peer's happens to be
        // one of ours, and would stand still for good.
        if role == .client { coap_session_set_nstart(raw, 1000) }
    }

    // MARK: Events of libcoap

    /// A client's context has this session alone.
    func session(for raw: OpaquePointer) -> CoAPSession? { raw == self.raw ? self : nil }

    func happened(_ event: Int) {
        switch event {
        case gk_event_connected:
            connected = true
            // What waited for the handshake leaves now.
            if !flights.isEmpty { watchSilence() }
        case gk_event_error:
            let text = context?.alert ?? "the peer and we found no common ground"
            loss = loss ?? (connected ? .closed : .handshake(text))
        case gk_event_session_deleted: loss = loss ?? .closed
        default: break
        }
    }

    /// The end of a turn: what was acknowledged, what was lost, what is next.
    func settle() {
        guard let raw, let context, !settling else { return }
        settling = true
        defer { settling = false }
        // libcoap obeys the signals of CoAP over TCP (RFC 8323, 5.3) over UDP as well: one datagram would make every message
        // too small to answer with.
        coap_session_set_mtu(raw, UInt32(COAP_DEFAULT_MTU))
        if secure, coap_session_get_state(raw) == COAP_SESSION_STATE_NONE { loss = loss ?? presumedLoss() }
        if let loss {
            end(loss)
            return
        }
        if role == .client, !flights.isEmpty, retrying == nil, context.isQuiet {
            let acknowledged = flights
            flights = [:]
            endSilence()
            for item in acknowledged.values { conclude(item, nil) }
        }
        pump()
    }

    /// libcoap dropped the DTLS association without an event that says why.
    private func presumedLoss() -> TransportError {
        if let text = context?.unreachable { return .unreachable(text) }
        if connected { return .closed }
        return .handshake("no answer: nobody there, or another key")
    }

    // MARK: Silence

    /// Gives the session up when the peer says nothing within this time.
    func expectAnswer(within limit: Duration) {
        scheduler.schedule(after: limit) { [weak self] in
            guard let self, !self.connected else { return }
            self.end(self.secure ? self.presumedLoss() : .timeout)
        }
    }

    /// Gives the association up when the peer says nothing for too long while a message of ours waits.
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

    /// Ends the session for a reason that is not ours, and says so.
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
        endSilence()
        uploads.abortAll(reason)
        let unfinished = Array(flights.values) + queue
        flights = [:]
        queue = []
        let observers = self.observers
        self.observers = [:]
        for item in unfinished { conclude(item, reason) }
        // Acknowledged requests without a response are in no queue.
        for token in Array(pending.keys) { fail(token, reason) }
        for observer in observers.values { observer.ended(reason) }
        observed = [:]
        resumeFlushing()
        release()
        ended?(self, connected)
        ended = nil
    }

    private func release() {
        guard let raw, let context else { return }
        self.raw = nil
        self.context = nil
        // No callback for this session any more.
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
