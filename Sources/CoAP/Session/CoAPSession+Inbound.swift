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
    /// Answers until then leave with the acknowledgement.
    var inCallback = true
    /// The answer that came during the callback.
    var piggybacked: Answer?
    private var answered = false

    init(_ session: CoAPSession, id: UInt16, token: [UInt8], confirmable: Bool, _ message: consuming WireMessage) {
        self.session = session
        self.id = id
        self.token = token
        self.confirmable = confirmable
        self.message = message
    }

    /// What the body of the answer is known by.
    var key: Downloads.Key { Downloads.Key(message) }

    func respond(_ response: Response) {
        guard !answered else { return }
        if message.options.observe != nil {
            session.track(observation: self, accepted: response.observe != nil && response.code.isSuccess)
        }
        var answer = WireMessage(response)
        // Nothing is sliced below the smallest block.
        if answer.payload.count > Block.size(0) || message.options.block2?.number ?? 0 > 0 {
            answer = session.downloads.first(
                answer, for: key, requested: message.options.block2, now: session.scheduler.now)
        }
        answer.options.block1 = message.options.block1
        self.answer(answer)
    }

    func answer(_ message: WireMessage) {
        guard !answered else { return }
        answered = true
        let answer = Answer(message)
        session.duplicates.answered(id: id, token: token, answer, separately: !inCallback)
        if inCallback { piggybacked = answer } else { session.answer(self, separately: message) }
    }

    /// Whether the peer does not care for such an answer (RFC 7967).
    func isUnwanted(_ code: Code) -> Bool {
        code.codeClass > 0 && (message.options.noResponse ?? 0) & (1 << (code.codeClass - 1)) != 0
    }
}

extension CoAPSession {
    /// A request, inside libcoap's turn. What is put into `answer` leaves with the acknowledgement; when it is left
    /// alone an empty acknowledgement leaves (nothing, for a non-confirmable request).
    func received(request: OpaquePointer, answer: OpaquePointer) {
        guard handler != nil else { return }
        connected = true
        if silence != nil { heard = scheduler.now }
        let id = UInt16(truncatingIfNeeded: coap_pdu_get_mid(request))
        let token = PDU.token(request)
        let confirmable = coap_pdu_get_type(request) == COAP_MESSAGE_CON
        let message = PDU.decode(request)
        // RFC 7252, 5.4.1: without an acknowledgement to answer 4.02 with, the message is rejected.
        if !confirmable, !message.options.unknownCritical.isEmpty { return }
        switch duplicates.verdict(
            id: id, DuplicateCache.Kind(message), code: message.code, token: token, now: scheduler.now)
        {
        case .fresh: break
        case .underWay, .answeredSeparately: return
        case .answered(let kept): return fill(answer, kept.message)
        case .overloaded:
            return fill(answer, .failure(.serviceUnavailable, "too many requests are under way"))
        }
        let exchange = InboundExchange(self, id: id, token: token, confirmable: confirmable, message)
        serve(exchange)
        // A handler that started a task which needs no one else: its answer goes into the acknowledgement as well.
        if exchange.piggybacked == nil { EventLoop.shared.settle() }
        exchange.inCallback = false
        if let answered = exchange.piggybacked { fill(answer, answered.message) }
    }

    private func serve(_ exchange: InboundExchange) {
        if let fault = exchange.message.options.fault { return exchange.answer(.failure(.badRequest, fault.rawValue)) }
        if let block = exchange.message.options.block1 { return receive(block, exchange) }
        if let block = exchange.message.options.block2, block.number > 0,
            let slice = downloads.later(block, for: exchange.key, now: scheduler.now)
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
        if accepted, exchange.message.options.observe == 0 {
            observedSerial += 1
            observed[exchange.token] = (exchange.key, observedSerial)
            // Who registered anew left the old ones without a word.
            if observed.count > 256, let oldest = observed.min(by: { $0.value.serial < $1.value.serial }) {
                observed[oldest.key] = nil
            }
        } else {
            observed[exchange.token] = nil
        }
    }
}
