import CCoAP
import EventLoop
import Glibc
import Linux
import LwM2M
import LwM2MClient

/// A message of ours that is to leave.
struct Outgoing {
    enum Purpose {
        case request
        case notification(@LoopActor (TransportError?) -> Void)
        case response
        case ping(@LoopActor (TransportError?) -> Void)
    }

    var confirmable: Bool
    var token: [UInt8]
    var message: WireMessage
    var purpose: Purpose
    /// How often the kernel refused it.
    var attempts: UInt16 = 0
}

/// A request of ours without a response yet.
@LoopActor
final class PendingRequest {
    var exchange: OutgoingRequest
    let completion: @LoopActor (Result<Response, TransportError>) -> Void
    /// Becomes an observer when the first response says so.
    var observer: Observer?
    var timer: (any Scheduled)?

    init(_ exchange: OutgoingRequest, _ completion: @escaping @LoopActor (Result<Response, TransportError>) -> Void) {
        self.exchange = exchange
        self.completion = completion
    }
}

extension CoAPSession {
    public func send(_ request: Request) async throws(TransportError) -> Response {
        let result = await withCheckedContinuation { continuation in
            start(request) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    public func notify(
        of request: Request, _ response: Response, confirmable: Bool,
        completion: @escaping @LoopActor (TransportError?) -> Void
    ) {
        guard handler != nil else { return completion(.closed) }
        // The size that the observe request asked for holds for its notifications (RFC 7959, 2.6).
        let requested = request.blockExponent.map { Block(number: 0, more: false, exponent: $0) }
        let message = downloads.first(
            WireMessage(response), for: Downloads.Key(request), token: request.token, requested: requested,
            now: scheduler.now)
        submit(
            Outgoing(
                confirmable: confirmable, token: request.token, message: message, purpose: .notification(completion)))
    }

    public func forgetBodies() { downloads = Downloads() }

    public func ping() async throws(TransportError) {
        let failure = await withCheckedContinuation { continuation in
            guard handler != nil else { return continuation.resume(returning: TransportError?.some(.closed)) }
            submit(
                Outgoing(
                    confirmable: true, token: [], message: WireMessage(.empty),
                    purpose: .ping { continuation.resume(returning: $0) }))
        }
        if let failure { throw failure }
    }

    public func flush(within limit: Duration) async {
        guard handler != nil, hasUnanswered else { return }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            var waiting = true
            let done: @LoopActor () -> Void = {
                guard waiting else { return }
                waiting = false
                continuation.resume()
            }
            flushing.append(done)
            scheduler.schedule(after: limit, done)
        }
    }

    /// Starts a request of ours; `completion` is called once.
    func start(
        _ request: Request, observer: Observer? = nil,
        _ completion: @escaping @LoopActor (Result<Response, TransportError>) -> Void
    ) {
        guard handler != nil else { return completion(.failure(.closed)) }
        let pending = PendingRequest(OutgoingRequest(request), completion)
        pending.observer = observer
        send(pending.exchange.start(), pending)
    }

    /// Sends one message of a request of ours, under a token that nobody can guess.
    func send(_ message: WireMessage, _ request: PendingRequest, token: [UInt8] = randomBytes(8)) {
        pending[token] = request
        submit(Outgoing(confirmable: true, token: token, message: message, purpose: .request))
    }

    // MARK: The queue

    func submit(_ item: Outgoing) {
        queue.append(item)
        pump()
    }

    /// Sends what may leave: a client's requests and notifications one by one, in order.
    func pump() {
        guard raw != nil else { return }
        while let index = queue.firstIndex(where: mayLeave) { transmit(queue.remove(at: index)) }
        if !hasUnanswered { resumeFlushing() }
    }

    /// Responses bypass NSTART: a lost notification must not delay them for longer than servers wait.
    private func mayLeave(_ item: Outgoing) -> Bool {
        if role == .server || flights.isEmpty || !item.confirmable { return true }
        guard case .response = item.purpose else { return false }
        // A peer that acknowledges nothing, or whose acknowledgements get lost, must not stop the responses to its other
        // requests. It has at most so many requests outstanding (`DuplicateCache`).
        return retrying == nil && flights.count < DuplicateCache.underWay
    }

    /// Separate responses that the peer may not have; in the server role libcoap alone knows.
    var unacknowledgedResponses: Int {
        guard role == .client else { return 0 }
        func isResponse(_ item: Outgoing) -> Bool { if case .response = item.purpose { true } else { false } }
        return flights.values.count(where: isResponse) + queue.count(where: isResponse)
    }

    private var hasUnanswered: Bool { !queue.isEmpty || !flights.isEmpty || !pending.isEmpty }

    public var isBusy: Bool { hasUnanswered || duplicates.isServing || !uploads.isIdle }

    func resumeFlushing() {
        let waiting = flushing
        flushing = []
        for resume in waiting { resume() }
    }

    private func transmit(_ item: Outgoing) {
        guard let raw else { return }
        guard let pdu = PDU.make(raw, confirmable: item.confirmable, token: item.token, item.message) else {
            return conclude(item, .unreachable("the message does not fit a datagram"))
        }
        context?.unreachable = nil
        let id = UInt16(truncatingIfNeeded: coap_pdu_get_mid(pdu))
        // A client's session waits for the acknowledgement; in the server role only refusals matter, and libcoap does the rest.
        if item.confirmable {
            flights[id] = item
            watchSilence()
        }
        if case .request = item.purpose { watch(item.token) }
        if case .notification = item.purpose, !item.confirmable { remember(id, item.token) }
        // libcoap owns the message from here on, whether it is sent or not.
        guard coap_send(raw, pdu) == gk_COAP_INVALID_MID else {
            if !item.confirmable { conclude(item, nil) }
            return
        }
        let reason = String(cString: strerror(errno))
        guard item.confirmable else { return conclude(item, .unreachable(reason)) }
        guard let item = flights.removeValue(forKey: id) else { return }
        retry(item, id, reason)
    }

    /// The kernel refused the datagram (no route, or the ICMP error of an earlier one): try again as if it had been lost.
    private func retry(_ item: Outgoing, _ id: UInt16, _ reason: String) {
        guard handler != nil, retrying == nil, item.attempts < parameters.maxRetransmit else {
            return conclude(item, .unreachable(reason))
        }
        flights[id] = item
        let delay = item.attempts == 0 ? .zero : parameters.ackTimeout * (1 << (Int(item.attempts) - 1))
        retrying = scheduler.schedule(after: delay) { [self] in
            retrying = nil
            guard var item = flights.removeValue(forKey: id) else { return }
            item.attempts += 1
            transmit(item)
            settle()
        }
    }

    private func watch(_ token: [UInt8]) {
        guard let request = pending[token] else { return }
        request.timer?.cancel()
        request.timer = scheduler.schedule(after: parameters.responseTimeout) { [self] in
            // A client's message that is not acknowledged yet has its own end; a handshake may have to come first.
            if role == .client, flights.values.contains(where: { $0.token == token }) { return watch(token) }
            fail(token, .timeout)
            pump()
        }
    }

    // MARK: How it ended

    /// - Parameter error: nil when the message was acknowledged.
    func conclude(_ item: Outgoing, _ error: TransportError?) {
        switch item.purpose {
        case .request: if let error { fail(item.token, error) }
        case .notification(let completion):
            completion(error)
        case .response: break
        // The Reset is the answer (RFC 7252, 4.3).
        case .ping(let completion): completion(error == .reset ? nil : error)
        }
    }

    func fail(_ token: [UInt8], _ error: TransportError) {
        guard let request = pending.removeValue(forKey: token) else { return }
        request.timer?.cancel()
        request.completion(.failure(error))
    }

    /// A message of ours was refused or given up: libcoap's nack handler.
    func refused(_ id: UInt16, _ reason: coap_nack_reason_t) {
        switch reason {
        case COAP_NACK_RST: conclude(id, .reset)
        case COAP_NACK_TOO_MANY_RETRIES:
            let error = context?.unreachable.map(TransportError.unreachable) ?? .timeout
            // The peer may have forgotten the DTLS association and drop everything unread.
            if secure, role == .client { loss = loss ?? error }
            conclude(id, error)
        // UDP: a hint; libcoap keeps sending. DTLS: the association is gone, as `settle` will see.
        case COAP_NACK_ICMP_ISSUE: break
        default: break
        }
    }

    /// Notifications whose Resets are recognized, the latest ones.
    private static let remembered = 64

    private func remember(_ id: UInt16, _ token: [UInt8]) {
        if unconfirmed.count >= Self.remembered { unconfirmed.removeFirst() }
        unconfirmed.append((id, token))
    }

    /// Resets came: those to notifications that nobody acknowledges end their observations (RFC 7641, 3.6).
    func forgotten(_ ids: [UInt16]) {
        for id in ids {
            // A confirmable message may have the number by now; its Reset is libcoap's to tell.
            guard flights[id] == nil, let index = unconfirmed.lastIndex(where: { $0.id == id }) else { continue }
            handler?.forgot(unconfirmed.remove(at: index).token, on: self)
        }
    }

    private func conclude(_ id: UInt16, _ error: TransportError) {
        guard let item = flights.removeValue(forKey: id) else { return }
        conclude(item, error)
    }

    // MARK: Responses

    /// A response; false asks for a Reset.
    func received(response: OpaquePointer) -> Bool {
        guard handler != nil else { return false }
        noteHeard()
        let token = PDU.token(response)
        let message = PDU.decode(response)
        let acknowledging = coap_pdu_get_type(response) == COAP_MESSAGE_ACK
        guard [2, 4, 5].contains(message.code.codeClass), message.options.unknownCritical.isEmpty,
            message.options.fault == nil
        else { return acknowledging }
        // A notification may arrive between a cancellation and its answer.
        let notifies = observers[token] != nil && !acknowledging && message.options.observe != nil
        if !notifies, let request = pending.removeValue(forKey: token) {
            request.timer?.cancel()
            if role == .server { flights = flights.filter { $0.value.token != token } }
            proceed(request, token, message)
            return true
        }
        if let observer = observers[token] {
            notified(observer, token, message)
            return true
        }
        return acknowledging
    }

    private func proceed(_ request: PendingRequest, _ token: [UInt8], _ message: WireMessage) {
        if let observer = request.observer, observer.token == nil, message.code.isSuccess,
            message.options.observe != nil
        {
            observer.token = token
            observers[token] = observer
        }
        switch request.exchange.received(message) {
        case .send(let next): send(next, request)
        case .finish(let response): request.completion(.success(response))
        case .fail(let error): request.completion(.failure(error))
        }
    }
}
