import CoAP
import EventLoop
import LwM2M
import LwM2MClient
import TestSupport
import Testing

/// Real DTLS on loopback, between the two roles.
@Suite struct SecurityTests {
    static let identity = Array("gateway-1".utf8)
    static let key = [UInt8](repeating: 0x5a, count: 16)

    @LoopActor
    struct Pair {
        let serverHandler = TestHandler()
        let clientHandler = TestHandler()
        let server: CoAPServer
        let transport: CoAPTransport
        let port: UInt16

        init(
            _ host: String = "127.0.0.1", secure: Bool = true, _ parameters: CoAPParameters = .quick,
            scheduler: any Scheduler = LoopScheduler.shared
        ) throws {
            server = CoAPServer(handler: serverHandler, parameters: parameters) {
                $0 == SecurityTests.identity ? SecurityTests.key : nil
            }
            port = try #require(server.listen(host, secure: secure))
            transport = CoAPTransport(parameters: parameters, scheduler: scheduler)
        }

        func open(
            _ host: String = "127.0.0.1", identity: [UInt8] = SecurityTests.identity,
            key: [UInt8]? = SecurityTests.key, port: UInt16? = nil
        ) -> any Session {
            transport.open(
                ServerEndpoint(
                    host: host, port: port ?? self.port,
                    security: key.map { .psk(identity: identity, key: $0) } ?? .noSec),
                handler: clientHandler)
        }

        /// The server's side of the client's session, after the client spoke.
        func peer(of session: any Session) async throws -> CoAPSession {
            serverHandler.serve = { _, respond in respond(Response(.created, locationPath: ["rd", "1"])) }
            let response = try await session.send(Request(.post, path: ["rd"]))
            #expect(response == Response(.created, locationPath: ["rd", "1"]))
            return try #require(server.sessions.last)
        }
    }

    @Test(arguments: [("127.0.0.1", true), ("127.0.0.1", false), ("::1", true), ("::1", false)])
    func requestsTravelBothWays(_ host: String, _ secure: Bool) async throws {
        try await onLoop {
            let pair = try Pair(host, secure: secure)
            let session = pair.open(host, key: secure ? SecurityTests.key : nil)
            let peer = try await pair.peer(of: session)
            pair.clientHandler.serve = { request, respond in
                respond(Response(.content, contentFormat: 0, payload: Array(request.path.joined(separator: ".").utf8)))
            }
            let response = try await peer.send(Request(.get, path: ["3", "0", "0"]))
            #expect(response == Response(.content, contentFormat: 0, payload: Array("3.0.0".utf8)))
            try await session.ping()
            session.close()
            pair.server.close()
        }
    }

    @Test func aNameIsResolved() async throws {
        try await onLoop {
            let pair = try Pair()
            let session = pair.open("localhost")
            // localhost may be ::1 first, where nobody listens: the next attempt takes the next address.
            do {
                _ = try await pair.peer(of: session)
                session.close()
            } catch {
                let again = pair.open("localhost")
                _ = try await pair.peer(of: again)
                again.close()
            }
            pair.server.close()
        }
    }

    @Test func anIdentityThatIsNotKnown() async throws {
        try await onLoop {
            let pair = try Pair()
            let session = pair.open(identity: Array("nobody".utf8))
            let error = await session.sending(Request(.post, path: ["rd"])).value().error
            let reason = await pair.clientHandler.end()
            if case .handshake = reason {} else { Issue.record("\(reason.map { "\($0)" } ?? "no reason")") }
            #expect(error == reason)
            pair.server.close()
        }
    }

    @Test func aWrongKey() async throws {
        try await onLoop {
            let pair = try Pair()
            let session = pair.open(key: [1, 2, 3])
            let error = await session.sending(Request(.post, path: ["rd"])).value().error
            if case .handshake = error {} else { Issue.record("\(error.map { "\($0)" } ?? "no error")") }
            #expect(pair.clientHandler.ends.count == 1)
            pair.server.close()
        }
    }

    @Test(arguments: [[], [0x61, 0], [UInt8](repeating: 0x61, count: 256)]) func anIdentityThatCannotBe(
        _ identity: [UInt8]
    )
        async throws
    {
        try await onLoop {
            let pair = try Pair()
            _ = pair.open(identity: identity)
            if case .handshake = await pair.clientHandler.end() {} else { Issue.record("taken") }
            pair.server.close()
        }
    }

    @Test func nobodyThere() async throws {
        try await onLoop {
            let pair = try Pair()
            _ = pair.open(port: 1)
            #expect(await pair.clientHandler.end() == .unreachable("Connection refused"))
            pair.server.close()
        }
    }

    @Test func thePeerClosesTheSession() async throws {
        try await onLoop {
            let pair = try Pair()
            let session = pair.open()
            let peer = try await pair.peer(of: session)
            peer.close()
            #expect(await pair.clientHandler.end() == .closed)
            #expect(pair.server.sessions.isEmpty)
            // And we close: the server's side is told.
            let second = pair.open()
            _ = try await pair.peer(of: second)
            second.close()
            #expect(await pair.serverHandler.end() == .closed)
            #expect(pair.server.sessions.isEmpty)
            pair.server.close()
        }
    }

    @Test func theServerForgetsTheSession() async throws {
        try await onLoop {
            // A relay stands before two servers of the same keys: the second knows nothing of the first's sessions.
            let old = try Pair()
            let new = try Pair()
            let relay = try Relay(to: old.port)
            let session = old.open(port: relay.port)
            _ = try await old.peer(of: session)
            relay.target = DatagramSocket.loopback(new.port)
            _ = await session.sending(Request(.post, path: ["rd", "1"])).value()
            let reason = await old.clientHandler.end()
            #expect(reason == .timeout || reason == .closed)
            let again = old.open(port: relay.port)
            _ = try await new.peer(of: again)
            again.close()
            relay.close()
            old.server.close()
            new.server.close()
        }
    }

    /// libcoap alone would retransmit for a minute and a half.
    @Test func aSilentServerIsGivenUpAndOneThatSaysSomethingIsNot() async throws {
        try await onLoop {
            let scheduler = ManualScheduler()
            let old = try Pair("127.0.0.1", CoAPParameters(), scheduler: scheduler)
            let new = try Pair()
            let relay = try Relay(to: old.port)
            let session = old.open(port: relay.port)
            let peer = try await old.peer(of: session)
            // Acknowledged: nothing waits, and silence is no loss.
            scheduler.advance(by: .seconds(600))
            #expect(old.clientHandler.ends.isEmpty)
            // What we say goes astray, what the server says arrives.
            relay.target = DatagramSocket.loopback(new.port)
            var result: TransportError?
            session.notify(of: observing([1]), Response(.content, observe: 1), confirmable: true) { result = $0 }
            scheduler.advance(by: .seconds(14))
            let read = peer.sending(Request(.get, path: ["3"]))
            while old.clientHandler.requests.isEmpty { await LoopScheduler.shared.sleep(for: .milliseconds(1)) }
            scheduler.advance(by: .seconds(14))
            #expect(old.clientHandler.ends.isEmpty)
            scheduler.advance(by: .seconds(1))
            #expect(old.clientHandler.ends == [.timeout])
            #expect(result == .timeout)
            old.server.close()
            _ = await read.value()
            relay.close()
            new.server.close()
        }
    }

    @Test func anObservationAndItsEnd() async throws {
        try await onLoop {
            let pair = try Pair()
            let session = pair.open()
            let peer = try await pair.peer(of: session)
            pair.clientHandler.serve = { request, respond in respond(Response(.content, observe: 1, payload: [1])) }
            var heard: [Response] = []
            let (first, observer) = try await peer.observe(Request(.get, path: ["9", "0", "7"])) { heard.append($0) }
            #expect(first == Response(.content, observe: 1, payload: [1]))
            let observe = try #require(pair.clientHandler.requests.last)
            let large = [UInt8](repeating: 9, count: 3000)
            for (number, payload) in [(2, [2]), (3, large)] {
                let error = await withCheckedContinuation { continuation in
                    session.notify(
                        of: observe, Response(.content, observe: UInt32(number), payload: payload), confirmable: true
                    ) {
                        continuation.resume(returning: $0)
                    }
                }
                #expect(error == nil)
            }
            await peer.flush(within: .seconds(5))
            #expect(
                heard == [
                    Response(.content, observe: 2, payload: [2]), Response(.content, observe: 3, payload: large),
                ])
            peer.forget(observer)
            let error = await withCheckedContinuation { continuation in
                session.notify(of: observe, Response(.content, observe: 4), confirmable: true) {
                    continuation.resume(returning: $0)
                }
            }
            #expect(error == .reset)
            session.close()
            pair.server.close()
        }
    }

    @Test func aPushOfFiveMegabytesIsStreamed() async throws {
        try await onLoop {
            let pair = try Pair("127.0.0.1", CoAPParameters())
            let session = pair.open()
            let peer = try await pair.peer(of: session)
            let sink = TestSink()
            sink.keeps = false
            pair.clientHandler.decide = { _, size in
                #expect(size == 5 << 20)
                return .stream(sink)
            }
            let body = [UInt8](repeating: 0xa5, count: 5 << 20)
            let response = try await peer.send(
                Request(.put, path: ["9", "0", "2"], contentFormat: 42, payload: body))
            #expect(response.code == .changed && sink.count == 5 << 20 && sink.finished == 1)
            // Block by block: nothing of it is put together.
            #expect(sink.appends == 5 << 10 && sink.largest == 1024)
            session.close()
            pair.server.close()
        }
    }
}
