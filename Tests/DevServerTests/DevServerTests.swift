import CoAP
import EventLoop
import JSON
import LwM2M
import LwM2MClient
import TestSupport
import Testing

@testable import DevServer

/// Tests the demo's server with a client that sends single requests and answers from a table.
@Suite struct DevServerTests {
    /// A client that answers from a table.
    @LoopActor
    final class Client: SessionHandler {
        var requests: [Request] = []
        var answers: [String: Response] = [:]
        let transport = CoAPTransport()
        private var sessions: [any Session] = []

        init() {}

        func open(_ port: UInt16) -> any Session {
            let session = transport.open(
                ServerEndpoint(host: "127.0.0.1", port: port, security: .noSec), handler: self)
            sessions.append(session)
            return session
        }

        func register(_ port: UInt16, lifetime: Int = 60) async throws -> (any Session, Response) {
            let session = open(port)
            let response = try await session.send(
                Request(
                    .post, path: ["rd"], query: ["ep=gateway", "lwm2m=1.1", "lt=\(lifetime)", "b=U"], contentFormat: 40,
                    payload: Array("</>;rt=\"oma.lwm2m\";ct=110,</3/0>,</9/0>".utf8)))
            return (session, response)
        }

        func close() { for session in sessions { session.close() } }

        func handle(_ request: Request, on: any Session, respond: @escaping @LoopActor (Response) -> Void) {
            requests.append(request)
            let key = "\(request.method) /\(request.path.joined(separator: "/"))"
            respond(answers[key] ?? .failure(.notFound, key))
        }

        func upload(_ request: Request, size: Int?, on session: any Session) -> UploadDecision {
            .collect(limit: 1 << 20)
        }

        func sessionEnded(_ session: any Session, _ reason: TransportError) {}
    }

    @LoopActor
    final class Rig {
        let clock = ManualScheduler()
        let server: DevServer
        let client = Client()
        let port: UInt16
        var events: [String] = []

        init() throws {
            server = DevServer(scheduler: clock)
            port = try #require(server.listen("127.0.0.1", port: 0, secure: false))
            server.report = { [weak self] in
                self?.events.append($0["event"]?.string ?? "")
            }
        }

        func close() {
            client.close()
            server.close()
        }
    }

    @Test func registrationsAreUpdatedAndExpire() async throws {
        try await onLoop {
            let rig = try Rig()
            let (session, registered) = try await rig.client.register(rig.port)
            #expect(registered == Response(.created, locationPath: ["rd", "1"]))
            let known = try #require(await rig.server.registration(of: "gateway", within: .zero))
            #expect(known.lifetime == .seconds(60) && known.version == "1.1" && known.links.count == 3)
            rig.clock.advance(by: .seconds(59))
            let updated = try await session.send(Request(.post, path: ["rd", "1"], query: ["lt=100"]))
            #expect(updated.code == .changed && known.lifetime == .seconds(100))
            rig.clock.advance(by: .seconds(99))
            #expect(rig.server.registrations.count == 1)
            rig.clock.advance(by: .seconds(1))
            #expect(rig.server.registrations.isEmpty)
            #expect(try await session.send(Request(.post, path: ["rd", "1"])).code == .notFound)
            // A new registration replaces an old one of the same name.
            #expect(try await rig.client.register(rig.port).1.locationPath == ["rd", "2"])
            #expect(try await rig.client.register(rig.port).1.locationPath == ["rd", "3"])
            #expect(rig.server.registrations.count == 1)
            #expect(try await session.send(Request(.delete, path: ["rd", "3"])).code == .deleted)
            #expect(rig.events == ["registered", "updated", "expired", "registered", "registered", "deregistered"])
            rig.close()
        }
    }

    @Test func sentValuesAreEvents() async throws {
        try await onLoop {
            let rig = try Rig()
            let (session, _) = try await rig.client.register(rig.port)
            var sent: JSON?
            rig.server.report = { sent = $0 }
            let content = CompositeContent([
                .init(Path(9, 0, 7), .integer(3), time: 1_767_225_600.5), .init(Path(3, 0, 0), .string("Keel")),
            ])
            let payload = try Codec.encodeComposite(content, .senMLCBOR)
            let response = try await session.send(
                Request(.post, path: ["dp"], contentFormat: 112, payload: payload))
            #expect(response.code == .changed)
            #expect(
                sent.map { String(decoding: $0.write(), as: UTF8.self) }
                    == #"{"event":"send","endpoint":"gateway","values":[{"path":"/9/0/7","value":3,"time":1767225600.5},"#
                    + #"{"path":"/3/0/0","value":"Keel","time":null}]}"#)
            // A client that is not registered, another method, another format, and no content at all.
            let stranger = rig.client.open(rig.port)
            let refusals = [
                try await stranger.send(Request(.post, path: ["dp"], contentFormat: 112, payload: payload)).code,
                try await session.send(Request(.put, path: ["dp"], contentFormat: 112, payload: payload)).code,
                try await session.send(Request(.post, path: ["dp"], contentFormat: 0, payload: payload)).code,
                try await session.send(Request(.post, path: ["dp"], contentFormat: 112, payload: [1])).code,
            ]
            #expect(refusals == [.notFound, .methodNotAllowed, .unsupportedContentFormat, .badRequest])
            rig.close()
        }
    }

    @Test(arguments: [
        Request(.post, path: ["rd"]), Request(.post, path: ["rd"], query: ["ep=a"]),
        Request(.post, path: ["rd"], query: ["ep=a", "lwm2m=1.1", "lt=x"]),
        Request(.post, path: ["rd"], query: ["ep=a", "lwm2m=1.1"], payload: [0x3c]),
        Request(.post, path: ["rd", "9"]), Request(.delete, path: ["rd", "9"]), Request(.get, path: ["rd"]),
        Request(.get, path: ["3"]),
    ])
    func badRequestsAreRefused(_ request: Request) async throws {
        try await onLoop {
            let rig = try Rig()
            #expect(try await rig.client.open(rig.port).send(request).code.codeClass == 4)
            #expect(rig.server.registrations.isEmpty)
            rig.close()
        }
    }

    @Test func operationsHaveTheirWireFormat() async throws {
        try await onLoop {
            let rig = try Rig()
            _ = try await rig.client.register(rig.port)
            let gateway = try #require(rig.server.registrations.first)
            let changed = Response(.changed)
            rig.client.answers = [
                "0.01 /9/0/7": Response(.content, contentFormat: 0, payload: [0x33]),
                "0.01 /9/0": Response(
                    .content, contentFormat: 11542, payload: [0xc1, 7, 3, 0xc3, 0, 0x61, 0x62, 0x63]),
                "0.03 /9/0/2": changed, "0.02 /9/0/6": changed, "0.03 /9/0/7": changed, "0.02 /9/0": changed,
                "0.02 /9": Response(.created, locationPath: ["9", "5"]), "0.04 /9/5": Response(.deleted),
            ]
            let path = Path(9, 0, 7)
            #expect(rig.server.value(of: try await rig.server.read(path, nil, gateway), at: path) == 3)
            let whole = try await rig.server.read(Path(9, 0), 11542, gateway)
            #expect(rig.server.value(of: whole, at: Path(9, 0)) == ["0": "abc", "7": 3])
            let file = [UInt8](repeating: 1, count: 3000)
            #expect(try await rig.server.write(Path(9, 0, 2), 42, file, gateway).code == .changed)
            #expect(try await rig.server.execute(Path(9, 0, 6), "1", gateway).code == .changed)
            #expect(try await rig.server.attributes(path, "pmin=1&pmax=9", gateway).code == .changed)
            #expect(try await rig.server.write(Path(9, 0), 11542, [0xc1, 8, 1], gateway).code == .changed)
            #expect(try await rig.server.create(9, 5, [(8, "1")], gateway).locationPath == ["9", "5"])
            #expect(try await rig.server.delete(Path(9, 5), gateway).code == .deleted)
            let sent = rig.client.requests
            #expect(sent.map(\.accept) == [nil, 11542, nil, nil, nil, nil, nil, nil])
            #expect(sent[2].payload == file && sent[2].contentFormat == 42)
            #expect(sent[3].payload == [0x31] && sent[3].contentFormat == 0 && sent[3].method == .post)
            #expect(sent[4].query == ["pmin=1", "pmax=9"] && sent[5].method == .post)
            // A TLV instance: type 00, 8-bit length 3, identifier 5. It contains resource 8.
            #expect(sent[6].payload == [0x03, 5, 0xc1, 8, 1])
            rig.close()
        }
    }

    @Test func untilWaitsForAnObservedValue() async throws {
        try await onLoop {
            let rig = try Rig()
            let (session, _) = try await rig.client.register(rig.port)
            let gateway = try #require(rig.server.registrations.first)
            let path = Path(9, 0, 7)
            rig.client.answers = ["0.01 /9/0/7": Response(.content, contentFormat: 0, observe: 1, payload: [0x30])]
            let first = try await rig.server.observe(path, nil, gateway)
            #expect(first.observe == 1 && gateway.notified[path] == 0)
            let observe = try #require(rig.client.requests.last)
            var seen = false
            LoopActor.spawn {
                seen = (try? await rig.server.until(path, "4", .seconds(30), gateway)) == 4
            }
            for (number, digit) in [(2, 0x33), (3, 0x34)] as [(UInt32, UInt8)] {
                await withCheckedContinuation { continuation in
                    session.notify(
                        of: observe, Response(.content, contentFormat: 0, observe: number, payload: [digit]),
                        confirmable: true
                    ) {
                        #expect($0 == nil)
                        continuation.resume()
                    }
                }
            }
            await session.flush(within: .seconds(5))
            #expect(seen && rig.events.suffix(2) == ["notification", "notification"])
            rig.client.answers["0.01 /9/0/7"] = Response(.content, contentFormat: 0, payload: [0x34])
            let cancelled = try await rig.server.cancel(path, byReset: false, gateway)
            #expect(cancelled?.code == .content && rig.client.requests.last?.observe == 1)
            #expect(rig.client.requests.last?.token == observe.token)
            rig.close()
        }
    }

    @Test func compositeOperationsHaveTheirWireFormat() async throws {
        try await onLoop {
            let rig = try Rig()
            let (session, _) = try await rig.client.register(rig.port)
            let gateway = try #require(rig.server.registrations.first)
            let selection = PathSelection([Path(9, 0, 7), Path(3, 0, 0)])
            let content = CompositeContent([
                .init(Path(9, 0, 7), .integer(3)), .init(Path(3, 0, 0), .string("Keel")),
                .init(Path(77, 0, 0), .string("x")),
            ])
            let payload = try Codec.encodeComposite(content, .senMLCBOR)
            rig.client.answers = [
                "0.05 /": Response(.content, contentFormat: 112, observe: 1, payload: payload),
                "0.07 /": Response(.changed),
            ]
            let values: JSON = ["/9/0/7": 3, "/3/0/0": "Keel", "/77/0/0": nil]
            let read = try await rig.server.readComposite(selection, gateway)
            #expect(JSON.values(of: read, rig.server.definition(of:)) == values)
            let request = try #require(rig.client.requests.last)
            #expect(request.method == .fetch && request.path.isEmpty && request.observe == nil)
            #expect(request.contentFormat == 112 && request.accept == 112)
            #expect(try Codec.decodePaths(request.payload, .senMLCBOR) == selection)

            let written = try await rig.server.writeComposite(
                [(Path(3, 0, 14), "+02:00"), (Path(1, 0, 1), "60")], gateway)
            #expect(written.code == .changed)
            let write = try #require(rig.client.requests.last)
            #expect(write.method == .iPatch && write.path.isEmpty && write.contentFormat == 112)
            #expect(
                try Codec.decodeComposite(write.payload, .senMLCBOR, rig.server.definition(of:)).content
                    == CompositeContent([.init(Path(3, 0, 14), .string("+02:00")), .init(Path(1, 0, 1), .integer(60))]))

            _ = try await rig.server.observeComposite(selection, gateway)
            let observe = try #require(rig.client.requests.last)
            #expect(rig.client.requests.last?.observe == 0)
            await withCheckedContinuation { continuation in
                session.notify(
                    of: observe, Response(.content, contentFormat: 112, observe: 2, payload: payload), confirmable: true
                ) {
                    #expect($0 == nil)
                    continuation.resume()
                }
            }
            #expect(rig.events.last == "notification")
            _ = try await rig.server.cancelComposite(gateway)
            #expect(rig.client.requests.last?.observe == 1 && rig.client.requests.last?.token == observe.token)
            await #expect(throws: CommandError.self) { try await rig.server.cancelComposite(gateway) }
            rig.close()
        }
    }

    @Test func optionsAreParsed() throws {
        let options = try ConsoleOptions(["--psk", "a:b:00ff", "--port", "0", "--strict"])
        #expect(options.keys == [Array("a:b".utf8): [0, 255]] && options.port == 0 && options.strict)
        for wrong in [["--psk", "a"], ["--psk", "a:0"], ["--psk", ":00"], ["--port", "65536"], ["--port"], ["x"]] {
            #expect(throws: CommandError.self) { try ConsoleOptions(wrong) }
        }
    }
}
