import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// Read-Composite and Write-Composite (LwM2M Core 6.3.8 and 6.3.9).
@Suite struct CompositeOperationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let request: Request
        let code: Code
        var payload: String?

        init(_ name: String, _ request: Request, _ code: Code, _ payload: String? = nil) {
            testDescription = name
            self.request = request
            self.code = code
            self.payload = payload
        }
    }

    private static func read(_ paths: String..., accept: UInt16? = nil, observe: UInt32? = nil) -> Request {
        let list = paths.map { #"{"n":"\#($0)"}"# }.joined(separator: ",")
        return Request(
            .fetch, path: [], contentFormat: 110, accept: accept, observe: observe, token: [1],
            payload: Array("[\(list)]".utf8))
    }

    private static func write(_ json: String, format: UInt16? = 110) -> Request {
        Request(.iPatch, path: [], contentFormat: format, payload: Array(json.utf8))
    }

    private static func raw(
        _ method: Code, _ payload: [UInt8], format: UInt16?, accept: UInt16? = nil, query: [String] = [],
        unknown: [UInt16] = []
    ) -> Request {
        Request(
            method, path: [], query: query, contentFormat: format, accept: accept, payload: payload,
            unknownCriticalOptions: unknown)
    }

    // MARK: Read-Composite

    static let reads: [Case] = [
        Case(
            "of resources of two objects", read("/30000/0/1", "/3/0/0"), .content,
            #"[{"n":"/30000/0/1","v":1},{"n":"/3/0/0","vs":"a"}]"#),
        Case("of a resource instance", read("/30000/0/5/1"), .content, #"[{"n":"/30000/0/5/1","v":11}]"#),
        Case(
            "of a resource with instances", read("/30000/0/5"), .content,
            #"[{"n":"/30000/0/5/0","v":10},{"n":"/30000/0/5/1","v":11}]"#),
        Case(
            "of an instance, without executables and write-only resources", read("/30000/0"), .content,
            #"[{"n":"/30000/0/0","vs":"a"},{"n":"/30000/0/1","v":1},{"n":"/30000/0/2","v":2.5},{"n":"/30000/0/5/0","v":10},{"n":"/30000/0/5/1","v":11},{"n":"/30000/0/7","vd":"AQI"},{"n":"/30000/0/8","v":0}]"#
        ),
        Case(
            "of paths that overlap: each value once", read("/3/0/1", "/3/0", "/3/0/1"), .content,
            #"[{"n":"/3/0/1","v":1},{"n":"/3/0/0","vs":"a"},{"n":"/3/0/2","v":2.5},{"n":"/3/0/5/0","v":10},{"n":"/3/0/5/1","v":11},{"n":"/3/0/7","vd":"AQI"},{"n":"/3/0/8","v":0}]"#
        ),
        Case(
            "with partial presence", read("/77/0", "/3/7", "/3/0/6", "/3/0/99", "/3/0/5/9", "/30000/0/1"), .content,
            #"[{"n":"/30000/0/1","v":1}]"#),
        Case("of nothing that is there", read("/77"), .content, "[]"),
        Case("of an executable", read("/3/0/4", "/3/0/1"), .content, #"[{"n":"/3/0/1","v":1}]"#),
        Case("of a write-only resource", read("/3/0/3", "/3/0/1"), .content, #"[{"n":"/3/0/1","v":1}]"#),
        Case("of Security", read("/0", "/0/0/0", "/3/0/1"), .content, #"[{"n":"/3/0/1","v":1}]"#),
        Case("without Accept, in the payload's format", read("/3/0/1"), .content, #"[{"n":"/3/0/1","v":1}]"#),
        Case("in TLV", read("/3/0/1", accept: 11542), .notAcceptable),
        Case("in text", read("/3/0/1", accept: 0), .notAcceptable),
        Case("in an unknown format", read("/3/0/1", accept: 9999), .notAcceptable),
        Case("without a content format", raw(.fetch, Array(#"[{"n":"/3"}]"#.utf8), format: nil), .badRequest),
        Case("with a payload in TLV", raw(.fetch, [], format: 11542), .unsupportedContentFormat),
        Case("without a payload", raw(.fetch, [], format: 110), .badRequest),
        Case("of no path", raw(.fetch, Array("[]".utf8), format: 110), .badRequest),
        Case("of a path with a value", raw(.fetch, Array(#"[{"n":"/3","v":1}]"#.utf8), format: 110), .badRequest),
        Case("of a name", raw(.fetch, Array(#"[{"n":"hello"}]"#.utf8), format: 110), .badRequest),
        Case("with a query", raw(.fetch, Array(#"[{"n":"/3"}]"#.utf8), format: 110, query: ["pmin=1"]), .badRequest),
        Case(
            "with an unknown critical option", raw(.fetch, Array(#"[{"n":"/3"}]"#.utf8), format: 110, unknown: [2049]),
            .badOption),
    ]

    @Test(arguments: reads) func readComposite(_ item: Case) async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let response = try rig.session.requestAtOnce(item.request)
            #expect(response?.code == item.code)
            guard let payload = item.payload else { return }
            #expect(response?.contentFormat == 110)
            #expect(response.map { String(decoding: $0.payload, as: UTF8.self) } == payload)
        }
    }

    @Test func theRootIsAllButSecurity() async throws {
        try await onLoop {
            let security = TestObject(
                ObjectDefinition(
                    id: 0, name: "Security", version: "1.1", multiple: true, mandatory: true,
                    resources: TestObject.table.resources))
            let rig = Rig(more: { _ in [security] })
            try await rig.register()
            for segments in [[], [""]] as [[String]] {
                var request = Self.read("/")
                request.path = segments
                let response = try #require(try rig.session.requestAtOnce(request))
                #expect(response.code == .content)
                let decoded = try Codec.decodeComposite(response.payload, .senMLJSON) { _ in TestObject.table }
                #expect(
                    decoded.content.entries.map(\.path.object) == Array(repeating: 3, count: 7)
                        + Array(repeating: 30000, count: 7))
            }
            #expect(security.reads == 0)
        }
    }

    @Test func theAnswerIsInTheFormatOfAccept() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let paths = PathSelection([Path(30000, 0, 1), Path(3, 0, 0)])
            for asked in Codec.compositeFormats {
                for accepted in Codec.compositeFormats {
                    let response = try rig.session.requestAtOnce(
                        Self.raw(
                            .fetch, Codec.encodePaths(paths, asked), format: asked.rawValue, accept: accepted.rawValue))
                    #expect(response?.contentFormat == accepted.rawValue)
                    let decoded = try Codec.decodeComposite(response?.payload ?? [], accepted) { _ in TestObject.table }
                    #expect(
                        decoded.content
                            == CompositeContent([
                                .init(Path(30000, 0, 1), .integer(1)), .init(Path(3, 0, 0), .string("a")),
                            ]))
                }
            }
        }
    }

    @Test func anotherServersAccountIsNotShown() async throws {
        try await onLoop {
            let server = TestObject(
                ObjectDefinition(
                    id: 1, name: "Server", version: "1.1", multiple: true, mandatory: true,
                    resources: TestObject.table.resources))
            server.contents[1] = server.contents[0]
            let rig = Rig(servers: 2, more: { _ in [server] })
            try await rig.register()
            for (index, own) in [(0, 0), (1, 1)] {
                let session = rig.transport.sessions[index]
                for request in [Self.read("/1"), Self.read("/1/0/1", "/1/1/1"), Self.read("/")] {
                    let response = try #require(session.requestAtOnce(request))
                    let decoded = try Codec.decodeComposite(response.payload, .senMLJSON) { _ in TestObject.table }
                    let instances = Set(decoded.content.entries.filter { $0.path.object == 1 }.map(\.path.instance))
                    #expect(instances == [UInt16(own)])
                }
                let foreign = UInt16(1 - own)
                let response = await session.request(
                    Self.write(#"[{"n":"/3/0/1","v":8},{"n":"/1/\#(foreign)/1","v":9}]"#))
                #expect(response?.code == .unauthorized)
                #expect(rig.device.contents[0]?[1] == .single(.integer(1)))
            }
        }
    }

    // MARK: Write-Composite

    static let writes: [Case] = [
        Case("of two objects", write(#"[{"n":"/30000/0/1","v":2},{"n":"/3/0/0","vs":"b"}]"#), .changed),
        Case("of a resource that the instance lacks", write(#"[{"n":"/3/0/6","vs":"b"}]"#), .changed),
        Case("of a resource instance that is not there", write(#"[{"n":"/3/0/5/7","v":5}]"#), .changed),
        Case("of nothing", write("[]"), .changed),
        Case("without a content format", write("[]", format: nil), .badRequest),
        Case("in TLV", write("", format: 11542), .unsupportedContentFormat),
        Case("in LwM2M JSON", write(#"{"e":[]}"#, format: 11543), .unsupportedContentFormat),
        Case("of broken JSON", write("["), .badRequest),
        Case("of one path twice", write(#"[{"n":"/3/0/1","v":2},{"n":"/3/0/1","v":3}]"#), .badRequest),
        Case("of one path at two times", write(#"[{"n":"/3/0/1","v":2},{"n":"/3/0/1","v":3,"t":-5}]"#), .badRequest),
        Case("of an instance", write(#"[{"n":"/30000/0/1","v":2},{"n":"/3/0","v":3}]"#), .badRequest),
        Case("of a wrong type", write(#"[{"n":"/30000/0/1","v":2},{"n":"/3/0/1","vs":"x"}]"#), .badRequest),
        Case("of a path without a value", write(#"[{"n":"/30000/0/1","v":2},{"n":"/3/0/1"}]"#), .badRequest),
        Case("of an object that is not there", write(#"[{"n":"/30000/0/1","v":2},{"n":"/77/0/1","v":3}]"#), .notFound),
        Case("of an instance that is not there", write(#"[{"n":"/30000/0/1","v":2},{"n":"/3/9/1","v":3}]"#), .notFound),
        Case("of a resource that is not there", write(#"[{"n":"/30000/0/1","v":2},{"n":"/3/0/99","v":3}]"#), .notFound),
        Case("of a read-only resource", write(#"[{"n":"/30000/0/1","v":2},{"n":"/3/0/2","v":3}]"#), .methodNotAllowed),
        Case("of an executable", write(#"[{"n":"/30000/0/1","v":2},{"n":"/3/0/4","v":3}]"#), .methodNotAllowed),
        Case("of Security", write(#"[{"n":"/30000/0/1","v":2},{"n":"/0/0/0","vs":"x"}]"#), .unauthorized),
        Case("that an object refuses", write(#"[{"n":"/30000/0/1","v":2},{"n":"/3/0/0","vs":"refuse"}]"#), .badRequest),
        Case(
            "of write-only resources of two instances",
            write(#"[{"n":"/30000/0/3","vd":"AQ"},{"n":"/3/0/3","vd":"AQ"}]"#), .methodNotAllowed),
    ]

    /// A Write-Composite that fails has changed nothing, whichever object comes first.
    @Test(arguments: writes) func writeComposite(_ item: Case) async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let before = [rig.object.contents, rig.device.contents]
            let response = try await rig.session.request(item.request)
            #expect(
                response?.code == item.code, "\(response.map { String(decoding: $0.payload, as: UTF8.self) } ?? "")")
            if item.code != .changed { #expect([rig.object.contents, rig.device.contents] == before) }
        }
    }

    @Test func allValuesAreWritten() async throws {
        try await onLoop {
            for format in Codec.compositeFormats {
                let rig = Rig()
                try await rig.register()
                let content = CompositeContent([
                    .init(Path(30000, 0, 1), .integer(2)), .init(Path(3, 0, 5, 1), .integer(99)),
                    .init(Path(30000, 0, 0), .string("b")), .init(Path(3, 0, 5, 7), .integer(5)),
                ])
                let response = try await rig.session.request(
                    Self.raw(.iPatch, Codec.encodeComposite(content, format), format: format.rawValue))
                #expect(response == Response(.changed))
                #expect(rig.object.contents[0]?[0] == .single(.string("b")))
                #expect(rig.object.contents[0]?[1] == .single(.integer(2)))
                // What is not named stays, instances of a resource too.
                #expect(rig.object.contents[0]?[2] == .single(.float(2.5)))
                #expect(
                    rig.device.contents[0]?[5]
                        == .multiple([0: .integer(10), 1: .integer(99), 7: .integer(5)]))
                // Each instance is written once.
                #expect(rig.object.writes == [.update] && rig.device.writes == [.update])
            }
        }
    }

    @Test func whatAnObjectRefusesIsTakenBackElsewhere() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let before = rig.object.contents
            let response = try await rig.session.request(
                Self.write(#"[{"n":"/30000/0/1","v":2},{"n":"/30000/0/5/0","v":7},{"n":"/3/0/0","vs":"refuse"}]"#))
            #expect(response?.code == .badRequest)
            #expect(rig.object.contents == before)
            #expect(rig.object.writes == [.update, .update])
            // A resource that was not there goes only when the instance is replaced.
            _ = try await rig.session.request(
                Self.write(#"[{"n":"/30000/0/6","vs":"new"},{"n":"/3/0/0","vs":"refuse"}]"#))
            #expect(rig.object.contents == before)
            #expect(rig.object.writes.last == .replace)
        }
    }

    @Test func allObjectsAreAskedBeforeOneIsWritten() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            _ = try rig.session.requestAtOnce(Request(.get, path: ["30000", "0", "1"], observe: 0, token: [1]))
            let response = try await rig.session.request(
                Self.write(#"[{"n":"/30000/0/1","v":2},{"n":"/3/0/0","vs":"invalid"}]"#))
            #expect(response?.code == .badRequest)
            #expect(rig.object.writes.isEmpty && rig.device.writes.isEmpty)
            #expect(try rig.session.notified.isEmpty)
        }
    }

    @Test func whatCannotBeReadIsWrittenLast() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let before = rig.object.contents
            let response = try await rig.session.request(
                Self.write(#"[{"n":"/30000/0/3","vd":"AQ"},{"n":"/3/0/0","vs":"refuse"}]"#))
            #expect(response?.code == .badRequest)
            #expect(rig.object.contents == before && rig.object.writes.isEmpty)
        }
    }

    @Test func largePayloadsAreCollected() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            for request in [Self.read("/"), Self.write("[]")] {
                guard case .collect(let limit) = try rig.session.upload(request) else {
                    Issue.record("not collected")
                    return
                }
                #expect(limit == DeviceManagement.bodyLimit)
            }
            guard case .refuse(let response) = try rig.session.upload(Self.write("", format: 11542)) else {
                Issue.record("not refused")
                return
            }
            #expect(response.code == .unsupportedContentFormat)
        }
    }
}
