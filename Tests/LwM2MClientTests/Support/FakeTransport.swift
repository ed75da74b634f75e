import EventLoop
import LwM2M
import LwM2MClient
import TestSupport

/// A transport whose server is the test.
@LoopActor
final class FakeTransport: Transport {
    private(set) var sessions: [FakeSession] = []

    func open(_ endpoint: ServerEndpoint, handler: any SessionHandler) -> any Session {
        let session = FakeSession(handler)
        sessions.append(session)
        return session
    }
}

@LoopActor
final class FakeSession: Session {
    struct Sent {
        let request: Request
        fileprivate let continuation: CheckedContinuation<Result<Response, TransportError>, Never>
    }

    struct Notified {
        let token: [UInt8]
        let response: Response
        let isConfirmable: Bool
        let completion: @LoopActor (TransportError?) -> Void
    }

    var path = SessionPath.same
    var peer: [UInt8]?
    private unowned let handler: any SessionHandler
    private var sent: [Sent] = []
    private var pings: [CheckedContinuation<TransportError?, Never>] = []
    private(set) var requests: [Request] = []
    private(set) var notified: [Notified] = []
    private(set) var isClosed = false
    private(set) var pingCount = 0
    /// Besides the client's own requests that have no answer.
    var isTransferring = false
    var isBusy: Bool { isTransferring || !sent.isEmpty }

    init(_ handler: any SessionHandler) { self.handler = handler }

    func send(_ request: Request) async throws(TransportError) -> Response {
        requests.append(request)
        let result = await withCheckedContinuation { sent.append(Sent(request: request, continuation: $0)) }
        return try result.get()
    }

    func notify(
        of request: Request, _ response: Response, confirmable: Bool,
        completion: @escaping @LoopActor (TransportError?) -> Void
    ) {
        let acknowledged: @LoopActor (TransportError?) -> Void = { [handler] error in
            if error == nil { handler.heard(on: self) }
            completion(error)
        }
        notified.append(
            Notified(
                token: request.token, response: response, isConfirmable: confirmable, completion: acknowledged))
        if !confirmable { completion(nil) }
    }

    func ping() async throws(TransportError) {
        pingCount += 1
        if let error = await withCheckedContinuation({ pings.append($0) }) { throw error }
    }

    func flush(within limit: Duration) async {}

    /// How often the bodies of answers were forgotten.
    private(set) var forgottenBodies = 0

    func forgetBodies() { forgottenBodies += 1 }

    /// The server answers an unconfirmed notification with a Reset.
    func reset(_ token: [UInt8]) { handler.forgot(token, on: self) }

    func close() {
        isClosed = true
        fail(.closed)
    }

    // MARK: The test's side

    /// Answers the oldest request of the client's.
    func answer(_ response: Response) async {
        guard !sent.isEmpty else { return }
        handler.heard(on: self)
        sent.removeFirst().continuation.resume(returning: .success(response))
        await settle()
    }

    func fail(_ error: TransportError) {
        let all = sent
        sent = []
        for one in all { one.continuation.resume(returning: .failure(error)) }
    }

    func answerPing(_ error: TransportError?) async {
        if !pings.isEmpty { pings.removeFirst().resume(returning: error) }
        await settle()
    }

    func end(_ error: TransportError) async {
        handler.sessionEnded(self, error)
        await settle()
    }

    /// A request of the server's, and what came back.
    func request(_ request: Request) async -> Response? {
        var answer: Response?
        var count = 0
        handler.heard(on: self)
        handler.handle(request, on: self) {
            answer = $0
            count += 1
        }
        await settle()
        return count <= 1 ? answer : nil
    }

    /// A request of the server's whose answer is not waited for.
    func begin(_ request: Request, _ answered: @escaping @LoopActor (Response) -> Void) {
        handler.handle(request, on: self, respond: answered)
    }

    /// What came back before `handle` returned.
    func requestAtOnce(_ request: Request) -> Response? {
        var answer: Response?
        handler.handle(request, on: self) { answer = $0 }
        return answer
    }

    func upload(_ request: Request, size: Int? = nil) -> UploadDecision {
        handler.upload(request, size: size, on: self)
    }
}

/// Lets all that waits on the loop run.
@LoopActor
func settle() async {
    for _ in 0..<12 { await Task.yield() }
}

/// Waits until what a worker stores is durable; gives up after a while.
///
/// Between its looks the loop rests: a test that asks in every turn keeps the sources of all the others waiting.
@LoopActor
func stored(_ isStored: () -> Bool) async {
    for _ in 0..<2000 * patience where !isStored() { await LoopScheduler.shared.sleep(for: .milliseconds(5)) }
}
