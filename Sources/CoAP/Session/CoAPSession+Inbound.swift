import CCoAP
import EventLoop
import LwM2M
import LwM2MClient

/// One request of the peer's, until it is answered.
@LoopActor
final class InboundExchange {
    private let session: CoAPSession
    let id: UInt16
    let token: [UInt8]
    let confirmable: Bool
    let message: WireMessage
    /// While true, an answer is sent with the acknowledgement.
    var inCallback = true
    /// The answer that was given during the callback.
    var piggybacked: Answer?
    private var answered = false

    init(_ session: CoAPSession, id: UInt16, token: [UInt8], confirmable: Bool, _ message: consuming WireMessage) {
        self.session = session
        self.id = id
        self.token = token
        self.confirmable = confirmable
        self.message = message
    }

    /// Identifies the body of the answer.
    var key: Downloads.Key { Downloads.Key(message) }

    func respond(_ response: Response) {
        guard !answered else { return }
        var answer = WireMessage(response)
        // A body that fits the smallest block is never sliced.
        if answer.payload.count > Block.size(0) || message.options.block2?.number ?? 0 > 0 {
            answer = session.downloads.first(
                answer, for: key, token: token, requested: message.options.block2, now: session.scheduler.now)
        }
        answer.options.block1 = message.options.block1
        self.answer(consume answer)
    }

    func answer(_ message: consuming WireMessage) {
        guard !answered else { return }
        answered = true
        let answer = Answer(message)
        session.duplicates.answered(id: id, token: token, answer, separately: !inCallback)
        if inCallback { piggybacked = answer } else { session.answer(self, separately: answer.message) }
    }

    /// Whether the peer does not want such an answer (RFC 7967).
    func isUnwanted(_ code: Code) -> Bool {
        code.codeClass > 0 && (message.options.noResponse ?? 0) & (1 << (code.codeClass - 1)) != 0
    }
}

extension CoAPSession {
    /// Takes a request, within libcoap's callback. What is put into `answer` is sent with the acknowledgement. When
    /// nothing is, the acknowledgement is empty (a non-confirmable request gets none).
    func received(request: OpaquePointer, answer: OpaquePointer) {
        guard handler != nil else { return }
        noteHeard()
        let id = UInt16(truncatingIfNeeded: coap_pdu_get_mid(request))
        let token = PDU.token(request)
        let confirmable = coap_pdu_get_type(request) == COAP_MESSAGE_CON
        let message = PDU.decode(request)
        // RFC 7252, 5.4.1: such a message is rejected silently, since there is no acknowledgement to carry 4.02.
        if !confirmable, !message.options.unknownCritical.isEmpty { return }
        let kind = DuplicateCache.Kind(message.code, block1: message.options.block1)
        switch duplicates.verdict(
            id: id, kind, code: message.code, token: token,
            unacknowledged: kind == .change ? unacknowledgedResponses : 0, now: scheduler.now)
        {
        case .fresh: break
        case .underWay, .answeredSeparately: return
        case .answered(let kept): return fill(answer, kept.message)
        case .overloaded:
            // 5.03 is not among LwM2M's codes, and servers reject it.
            return fill(
                answer,
                .failure(.internalServerError, "too many requests are under way; try again when some are answered"))
        }
        let exchange = InboundExchange(self, id: id, token: token, confirmable: confirmable, consume message)
        serve(exchange)
        // The handler may have started a task that can finish at once: its answer is sent with the acknowledgement too.
        if exchange.piggybacked == nil { EventLoop.shared.settle() }
        exchange.inCallback = false
        if let answered = exchange.piggybacked { fill(answer, answered.message) }
    }

    /// A message of the peer's came.
    func noteHeard() {
        connected = true
        if silence != nil { heard = scheduler.now }
        handler?.heard(on: self)
    }

    private func serve(_ exchange: InboundExchange) {
        if let fault = exchange.message.options.fault { return exchange.answer(.failure(.badRequest, fault.rawValue)) }
        if let block = exchange.message.options.block1 { return receive(block, exchange) }
        if let block = exchange.message.options.block2, block.number > 0,
            let slice = downloads.later(block, for: exchange.key, token: exchange.token, now: scheduler.now)
        {
            return exchange.answer(slice)
        }
        deliver(exchange.message.request(token: exchange.token), exchange)
    }

    private func receive(_ block: Block, _ exchange: InboundExchange) {
        guard let handler else { return }
        let outcome = uploads.receive(exchange.message, token: exchange.token, block: block) { request, size in
            handler.upload(request, size: size, on: self)
        }
        switch outcome {
        case .respond(var message):
            if message.options.block1 == nil, block.number == 0 { message.options.block1 = block }
            exchange.answer(message)
        case .accept(let sink, let message):
            sink.whenReady { exchange.answer($0.map(WireMessage.init) ?? message) }
        case .deliver(let request): deliver(request, exchange)
        case .finish(let sink): sink.finish { exchange.respond($0) }
        }
    }

    private func deliver(_ request: Request, _ exchange: InboundExchange) {
        handler?.handle(request, on: self) { exchange.respond($0) }
    }

    private func fill(_ answer: OpaquePointer, _ message: WireMessage) {
        guard !PDU.fill(answer, message) else { return }
        // Some options are in the message already; only the code can still be changed.
        gk_coap_pdu_set_code(answer, Code.internalServerError.rawValue)
    }

    /// Sends a late response as a message of its own (RFC 7252, 5.2.2 and 5.2.3).
    func answer(_ exchange: InboundExchange, separately message: WireMessage) {
        guard !exchange.isUnwanted(message.code) else { return }
        submit(
            Outgoing(
                confirmable: exchange.confirmable, token: exchange.token, message: message, purpose: .response))
    }
}
