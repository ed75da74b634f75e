import EventLoop
import LwM2MClient

/// An observation of ours at a peer (RFC 7641): a server's side of it, for tests and the demo.
@LoopActor
public final class Observer {
    let request: Request
    let handler: @LoopActor (Response) -> Void
    /// Set when the peer accepted it.
    var token: [UInt8]?

    init(_ request: Request, _ handler: @escaping @LoopActor (Response) -> Void) {
        self.request = request
        self.handler = handler
    }

    func ended(_ reason: TransportError) { token = nil }
}

extension CoAPSession {
    /// Observes a resource: the response to the request, and notifications from then on.
    public func observe(
        _ request: Request, _ handler: @escaping @LoopActor (Response) -> Void
    ) async throws(TransportError) -> (Response, Observer) {
        var request = request
        request.observe = 0
        let observer = Observer(request, handler)
        let result = await withCheckedContinuation { continuation in
            start(request, observer: observer) { continuation.resume(returning: $0) }
        }
        return (try result.get(), observer)
    }

    /// Cancels an observation by a request with Observe 1 and its token (RFC 7641, 3.6); the answer is a plain Read's.
    public func cancel(_ observer: Observer) async throws(TransportError) -> Response {
        guard handler != nil, let token = observer.token else { throw .closed }
        var request = observer.request
        request.observe = 1
        let result = await withCheckedContinuation { continuation in
            let pending = PendingRequest(OutgoingRequest(request)) { continuation.resume(returning: $0) }
            send(pending.exchange.start(), pending, token: token)
        }
        forget(observer)
        return try result.get()
    }

    /// Forgets an observation: its next notification is answered by a Reset, which cancels it at the peer.
    public func forget(_ observer: Observer) {
        guard let token = observer.token else { return }
        observer.token = nil
        observers[token] = nil
    }

    /// A notification; one with more blocks is read to its end first.
    func notified(_ observer: Observer, _ token: [UInt8], _ message: WireMessage) {
        if !message.code.isSuccess || message.options.observe == nil { forget(observer) }
        var reading = observer.request
        reading.observe = nil
        let request = PendingRequest(OutgoingRequest(reading)) { result in
            if case .success(var response) = result {
                response.observe = message.options.observe
                observer.handler(response)
            }
        }
        switch request.exchange.received(message) {
        case .send(let next): send(next, request)
        case .finish(let response): observer.handler(response)
        // The next notification tells.
        case .fail: break
        }
    }
}
