import CoAP
import EventLoop
import LwM2MClient
import TestSupport
import Testing

/// Serves sessions by closures, and remembers what happened.
@LoopActor
final class TestHandler: SessionHandler {
    var requests: [Request] = []
    var ends: [TransportError] = []
    /// Tokens of unconfirmed notifications that were answered by a Reset.
    var forgotten: [[UInt8]] = []
    var serve: (Request, @escaping @LoopActor (Response) -> Void) -> Void = { _, respond in respond(Response(.content))
    }
    var decide: (Request, Int?) -> UploadDecision = { _, _ in .collect(limit: 4096) }
    var sessions: [any Session] = []
    var ended: (@LoopActor () -> Void)?

    init() {}

    func handle(_ request: Request, on session: any Session, respond: @escaping @LoopActor (Response) -> Void) {
        requests.append(request)
        if !sessions.contains(where: { $0 === session }) { sessions.append(session) }
        serve(request, respond)
    }

    func upload(_ request: Request, size: Int?, on session: any Session) -> UploadDecision { decide(request, size) }

    func forgot(_ token: [UInt8], on session: any Session) { forgotten.append(token) }

    func sessionEnded(_ session: any Session, _ reason: TransportError) {
        ends.append(reason)
        ended?()
    }

    /// Waits for the end of a session.
    func end() async -> TransportError? {
        if ends.isEmpty {
            await withCheckedContinuation { continuation in
                guard ends.isEmpty else { return continuation.resume() }
                ended = { [weak self] in
                    self?.ended = nil
                    continuation.resume()
                }
            }
        }
        return ends.first
    }
}

/// Counts what is streamed to it.
@LoopActor
final class TestSink: UploadSink {
    var bytes: [UInt8] = []
    var count = 0
    var appends = 0
    var largest = 0
    var keeps = true
    var finished = 0
    var aborts: [TransportError] = []
    var refuse: (Int) -> Response? = { _ in nil }
    var answer: (@escaping @LoopActor (Response) -> Void) -> Void = { $0(Response(.changed)) }
    var ready: (@escaping @LoopActor (Response?) -> Void) -> Void = { $0(nil) }

    init() {}

    func append(_ bytes: [UInt8]) -> Response? {
        count += bytes.count
        appends += 1
        largest = max(largest, bytes.count)
        if keeps { self.bytes += bytes }
        return refuse(count)
    }

    func whenReady(_ body: @escaping @LoopActor (Response?) -> Void) { ready(body) }

    func finish(respond: @escaping @LoopActor (Response) -> Void) {
        finished += 1
        answer(respond)
    }

    func abort(_ reason: TransportError) { aborts.append(reason) }
}

extension CoAPParameters {
    /// As short as libcoap allows, without chance in it: given up after 3 s.
    static let quick = CoAPParameters(
        ackTimeout: .seconds(1), ackRandomFactor: 1000, maxRetransmit: 1, responseTimeout: .seconds(4),
        transferTimeout: .seconds(5))
}

/// A client's session with a peer whose every datagram the test writes.
@LoopActor
final class Lockstep {
    let peer: DatagramSocket
    let handler = TestHandler()
    let transport: CoAPTransport
    let session: any Session
    /// The session's confirmable messages so far.
    private var heard: Set<[UInt8]> = []

    init(_ parameters: CoAPParameters = CoAPParameters(), scheduler: any Scheduler = LoopScheduler.shared) async throws
    {
        peer = try DatagramSocket()
        transport = CoAPTransport(parameters: parameters, scheduler: scheduler)
        session = transport.open(
            ServerEndpoint(host: "127.0.0.1", port: peer.port, security: .noSec), handler: handler)
        // The client speaks first, so that the peer learns its port.
        let session = session
        let pong = Eventually { () throws(TransportError) in try await session.ping() }
        let ping = try #require(await message())
        #expect(ping.kind == .con && ping.code == 0)
        say(CoAPDatagram(.rst, 0, id: ping.id))
        try await pong.value().get()
    }

    func say(_ message: CoAPDatagram) { peer.send(message.bytes) }

    /// The next message that is no copy of an earlier one: a busy loop may see an acknowledgement only after libcoap repeated what it
    /// is for.
    func message(within limit: Duration = .seconds(5 * patience)) async -> CoAPDatagram? {
        while let message = await anyMessage(within: limit) {
            if message.kind != .con || heard.insert(message.bytes).inserted { return message }
        }
        return nil
    }

    /// The next message, also if it is a copy.
    func anyMessage(within limit: Duration = .seconds(5 * patience)) async -> CoAPDatagram? {
        await peer.next(within: limit).flatMap { CoAPDatagram($0) }
    }

    /// Says one message and hears the next.
    func ask(_ message: CoAPDatagram) async throws -> CoAPDatagram {
        say(message)
        return try #require(await self.message())
    }

    func close() {
        session.close()
        peer.close()
    }
}

/// What a call of ours gives in the end, while the test plays the peer.
@LoopActor
final class Eventually<Value: Sendable> {
    private var result: Result<Value, TransportError>?
    private var waiting: CheckedContinuation<Void, Never>?

    init(_ body: @escaping @LoopActor () async throws(TransportError) -> Value) {
        LoopActor.spawn {
            do throws(TransportError) {
                self.result = .success(try await body())
            } catch {
                self.result = .failure(error)
            }
            self.waiting?.resume()
        }
    }

    func value() async -> Result<Value, TransportError> {
        while true {
            if let result { return result }
            await withCheckedContinuation { if result == nil { waiting = $0 } else { $0.resume() } }
        }
    }
}

extension Session {
    func sending(_ request: Request) -> Eventually<Response> {
        Eventually { () throws(TransportError) in try await self.send(request) }
    }
}

extension Result {
    var error: Failure? { if case .failure(let error) = self { error } else { nil } }
}

/// Passes datagrams between a client and a server that can be exchanged for another one.
@LoopActor
final class Relay {
    let port: UInt16
    var target: [UInt8]
    private let front: DatagramSocket
    private let back: DatagramSocket
    private var client: [UInt8] = []

    init(to port: UInt16) throws {
        target = DatagramSocket.loopback(port)
        front = try DatagramSocket()
        back = try DatagramSocket()
        self.port = front.port
        front.relay = { [weak self] bytes, from in
            guard let self else { return }
            self.client = from
            self.back.send(bytes, to: self.target)
        }
        back.relay = { [weak self] bytes, _ in
            guard let self else { return }
            self.front.send(bytes, to: self.client)
        }
    }

    func close() {
        front.close()
        back.close()
    }
}

/// The observe request that notifications of the path 9 answer.
func observing(_ token: [UInt8]) -> Request { Request(.get, path: ["9"], observe: 0, token: token) }
