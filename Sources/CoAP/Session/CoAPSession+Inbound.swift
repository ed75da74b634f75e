import CCoAP
import EventLoop
import LwM2M
import LwM2MClient

/// One request of the peer's, until it is answered.
@LoopActor
final class InboundExchange {
    weak var session: CoAPSession?
    let id: UInt16
    let token: [UInt8]
    let confirmable: Bool
    let key: Downloads.Key
    let block1: Block?
    let block2: Block?
    let observe: UInt32?
    let noResponse: UInt8
    /// Answers until then leave with the acknowledgement.
    var inCallback = true
    /// The answer that came during the callback.
    var piggybacked: WireMessage?
    private var answered = false

    init(_ session: CoAPSession, id: UInt16, token: [UInt8], confirmable: Bool, _ message: WireMessage) {
        self.session = session
        self.id = id
        self.token = token
        self.confirmable = confirmable
        key = Downloads.Key(message)
        block1 = message.options.block1
        block2 = message.options.block2
        observe = message.options.observe
        noResponse = message.options.noResponse ?? 0
    }

    func respond(_ response: Response) {
        guard !answered, let session else { return }
        session.track(observation: self, accepted: response.observe != nil && response.code.isSuccess)
        var message = session.downloads.first(
            WireMessage(response), for: key, requested: block2, now: session.scheduler.now)
        message.options.block1 = block1
        answer(message)
    }

    func answer(_ message: WireMessage) {
        guard !answered, let session else { return }
        answered = true
        session.duplicates.answered(id: id, token: token, message, separately: !inCallback)
        if inCallback { piggybacked = message } else { session.answer(self, separately: message) }
    }

    /// Whether the peer does not care for such an answer (RFC 7967).
    func isUnwanted(_ code: Code) -> Bool {
        code.codeClass > 0 && noResponse & (1 << (code.codeClass - 1)) != 0
    }
}

extension CoAPSession {
    /// A request, inside libcoap's turn. What is put into `answer` leaves with the acknowledgement; when it is left
    /// alone an empty acknowledgement leaves (nothing, for a non-confirmable request).
    func received(request: OpaquePointer, answer: OpaquePointer) {
        guard handler != nil else { return }
        connected = true
        let id = UInt16(truncatingIfNeeded: coap_pdu_get_mid(request))
        let token = PDU.token(request)
        let code = Code(rawValue: gk_coap_pdu_code(request))
        switch duplicates.verdict(id: id, code: code, token: token, now: scheduler.now) {
        case .fresh: break
        case .underWay, .answeredSeparately: return
        case .answered(let message): return fill(answer, message)
        case .overloaded:
            return fill(answer, .failure(.serviceUnavailable, "too many requests are under way"))
        }
        let message = PDU.decode(request)
        let exchange = InboundExchange(
            self, id: id, token: token, confirmable: coap_pdu_get_type(request) == COAP_MESSAGE_CON, message)
        serve(message, exchange)
        // A handler that started a task which needs no one else: its answer goes into the acknowledgement as well.
        if exchange.piggybacked == nil { EventLoop.shared.settle() }
        exchange.inCallback = false
        if let answered = exchange.piggybacked { fill(answer, answered) }
    }

    private func serve(_ message: WireMessage, _ exchange: InboundExchange) {
        if let fault = message.options.fault { return exchange.answer(.failure(.badRequest, fault.rawValue)) }
        if let block = message.options.block1 { return receive(block, message, exchange) }
        if let block = message.options.block2, block.number > 0,
            let slice = downloads.later(block, for: exchange.key, now: scheduler.now)
        {
            return exchange.answer(slice)
        }
        deliver(message.request(token: exchange.token), exchange)
    }

    private func receive(_ block: Block, _ message: WireMessage, _ exchange: InboundExchange) {
        guard let handler else { return }
        let outcome = uploads.receive(message, token: exchange.token, block: block) { request, size in
            handler.upload(request, size: size, on: self)
        }
        switch outcome {
        case .respond(var message):
            if message.options.block1 == nil, exchange.block1?.number == 0 { message.options.block1 = block }
            exchange.answer(message)
        case .deliver(let request): deliver(request, exchange)
        case .finish(let sink): sink.finish { exchange.respond($0) }
        }
    }

    private func deliver(_ request: Request, _ exchange: InboundExchange) {
        handler?.handle(request, on: self) { exchange.respond($0) }
    }

    private func fill(_ answer: OpaquePointer, _ message: WireMessage) {
        guard !PDU.fill(answer, message) else { return }
        // Options went in before there was no room left; nothing but the code can be put right.
        gk_coap_pdu_set_code(answer, Code.internalServerError.rawValue)
    }

    /// A response that is late, in a message of its own (RFC 7252, 5.2.2 and 5.2.3).
    func answer(_ exchange: InboundExchange, separately message: WireMessage) {
        guard !exchange.isUnwanted(message.code) else { return }
        submit(
            Outgoing(
                confirmable: exchange.confirmable, token: exchange.token, message: message, purpose: .response))
    }

    /// Remembers whose blocks a notification's are.
    func track(observation exchange: InboundExchange, accepted: Bool) {
        guard exchange.observe != nil else { return }
        if accepted, exchange.observe == 0 {
            // Above this a peer's notifications come in one state each, but not from the state that was notified.
            if observed.count < 256 { observed[exchange.token] = exchange.key }
        } else {
            observed[exchange.token] = nil
        }
    }
}
