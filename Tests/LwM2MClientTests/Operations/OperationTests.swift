import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// Every operation's response codes, by name.
@Suite struct OperationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let request: Request
        let code: Code
        var format: UInt16?
        var payload: [UInt8]?

        init(
            _ name: String, _ request: Request, _ code: Code, format: UInt16? = nil, payload: [UInt8]? = nil
        ) {
            self.name = name
            self.request = request
            self.code = code
            self.format = format
            self.payload = payload
        }

        var testDescription: String { name }
    }

    private static func segments(_ path: String) -> [String] { path.split(separator: "/").map { String($0) } }

    private static func get(_ path: String, accept: UInt16? = nil, query: [String] = []) -> Request {
        Request(.get, path: segments(path), query: query, accept: accept)
    }

    private static func put(_ path: String, _ format: UInt16?, _ payload: [UInt8], query: [String] = []) -> Request {
        Request(.put, path: segments(path), query: query, contentFormat: format, payload: payload)
    }

    private static func post(_ path: String, _ format: UInt16? = nil, _ payload: [UInt8] = []) -> Request {
        Request(.post, path: segments(path), contentFormat: format, payload: payload)
    }

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    static let reads: [Case] = [
        Case("Read of a single value is text", get("/30000/0/0"), .content, format: 0, payload: text("a")),
        Case("Read of an opaque value is opaque", get("/30000/0/7"), .content, format: 42, payload: [1, 2]),
        Case(
            "Read of a number as TLV", get("/30000/0/1", accept: 11542), .content, format: 11542, payload: [0xC1, 1, 1]),
        Case("Read of a number as CBOR", get("/30000/0/1", accept: 60), .content, format: 60, payload: [1]),
        Case(
            "Read of a number as SenML JSON", get("/30000/0/1", accept: 110), .content, format: 110,
            payload: text(#"[{"bn":"/30000/0/1","v":1}]"#)),
        Case("Read of an instance is SenML CBOR", get("/30000/0"), .content, format: 112),
        Case("Read of an object is SenML CBOR", get("/30000"), .content, format: 112),
        Case("Read of several values is SenML CBOR", get("/30000/0/5"), .content, format: 112),
        Case("Read of a resource instance is text", get("/30000/0/5/1"), .content, format: 0, payload: text("11")),
        Case(
            "Read of a resource instance as TLV", get("/30000/0/5/1", accept: 11542), .content, payload: [0x41, 1, 11]),
        Case(
            "Read of a number as LwM2M JSON", get("/30000/0/1", accept: 11543), .content, format: 11543,
            payload: text(#"{"bn":"/30000/0/1","e":[{"v":1}]}"#)),
        Case(
            "Read of a number as LwM2M CBOR", get("/30000/0/1", accept: 11544), .content, format: 11544,
            payload: [0xA1, 0x83, 0x19, 0x75, 0x30, 0, 1, 1]),
        Case(
            "Read with an old server's number of TLV", get("/30000/0/1", accept: 1542), .content, format: 1542,
            payload: [0xC1, 1, 1]),
        Case(
            "Read with an old server's number of LwM2M JSON", get("/30000/0/1", accept: 1543), .content, format: 1543,
            payload: text(#"{"bn":"/30000/0/1","e":[{"v":1}]}"#)),
        Case("Read as SenML CBOR", get("/30000/0", accept: 112), .content, format: 112),
        Case("Read of an instance as text", get("/30000/0", accept: 0), .notAcceptable),
        Case("Read of several values as text", get("/30000/0/5", accept: 0), .notAcceptable),
        Case("Read of a text as opaque", get("/30000/0/0", accept: 42), .notAcceptable),
        Case("Read in an unknown format", get("/30000/0/0", accept: 9999), .notAcceptable),
        Case("Read of a write-only resource", get("/30000/0/3"), .methodNotAllowed),
        Case("Read of an executable", get("/30000/0/4"), .methodNotAllowed),
        Case("Read of a resource that the instance lacks", get("/30000/0/6"), .notFound),
        Case("Read of a resource that the table lacks", get("/30000/0/99"), .notFound),
        Case("Read of an instance that is not there", get("/30000/1"), .notFound),
        Case("Read of an object that is not there", get("/30001"), .notFound),
        Case("Read of a resource instance that is not there", get("/30000/0/5/9"), .notFound),
        Case("Read of an instance of a single resource", get("/30000/0/0/0"), .notFound),
        Case("Read with a query", get("/30000/0/0", query: ["pmin=1"]), .badRequest),
        Case("Read of Security", get("/0"), .unauthorized),
        Case("Read of a Security resource", get("/0/0/5"), .unauthorized),
        Case("Read of the root", get("/"), .methodNotAllowed),
        Case("Read of /bs", get("/bs"), .methodNotAllowed),
        Case("Read of a name", get("/hello"), .notFound),
        Case("Read of a sign", get("/+3"), .notFound),
        Case("Read of a leading zero", get("/03"), .notFound),
        Case("Read of the reserved identifier", get("/65535"), .notFound),
        Case("Read of an identifier that overflows", get("/4294967299"), .notFound),
        Case("Read of five segments", get("/30000/0/5/1/0"), .notFound),
        Case("Read of an empty segment", Request(.get, path: ["30000", ""]), .notFound),
        Case(
            "Read with an unknown critical option",
            Request(.get, path: ["30000"], unknownCriticalOptions: [2049]), .badOption),
        Case("FETCH of a path", Request(.fetch, path: ["3"]), .methodNotAllowed),
        Case("PATCH", Request(.patch, path: ["3", "0"]), .methodNotAllowed),
        Case("An unknown method", Request(Code(rawValue: 8), path: ["3", "0"]), .methodNotAllowed),
    ]

    static let changes: [Case] = [
        Case("Write of a text", put("/30000/0/0", 0, text("b")), .changed),
        Case("Write of a number as TLV", put("/30000/0/1", 11542, [0xC1, 1, 9]), .changed),
        Case(
            "Write of a number as LwM2M JSON", put("/30000/0/1", 11543, text(#"{"bn":"/30000/0/1","e":[{"v":9}]}"#)),
            .changed),
        Case(
            "Write of a number as LwM2M CBOR", put("/30000/0/1", 11544, [0xA1, 0x83, 0x19, 0x75, 0x30, 0, 1, 9]),
            .changed),
        Case("Write with an old server's number of TLV", put("/30000/0/1", 1542, [0xC1, 1, 9]), .changed),
        Case(
            "Partial update of a resource as LwM2M CBOR",
            post("/30000/0/5", 11544, [0xA1, 0x83, 0x19, 0x75, 0x30, 0, 5, 0xA1, 7, 2]), .changed),
        Case("Write of a resource that the instance lacks", put("/30000/0/6", 0, text("x")), .changed),
        Case("Write of several values", put("/30000/0/5", 11542, [0x86, 5, 0x41, 0, 1, 0x41, 1, 2]), .changed),
        Case("Write of a resource instance", put("/30000/0/5/1", 0, text("12")), .changed),
        Case("Write of a resource instance that is not there", put("/30000/0/5/9", 0, text("1")), .notFound),
        Case("Write of an instance", put("/30000/0", 11542, [0xC1, 1, 9]), .changed),
        Case("Partial update of an instance", post("/30000/0", 11542, [0xC1, 1, 9]), .changed),
        Case("Partial update of a resource", post("/30000/0/5", 11542, [0x83, 5, 0x41, 7, 2]), .changed),
        Case("Write of text into a number", put("/30000/0/1", 0, text("x")), .badRequest),
        Case("Write of a broken TLV", put("/30000/0/1", 11542, [0xC8]), .badRequest),
        Case("Write of broken CBOR", put("/30000/0/1", 60, [0xFF]), .badRequest),
        Case("Write without a content format", put("/30000/0/1", nil, text("1")), .badRequest),
        Case("Write of nothing at all", put("/30000/0/1", nil, []), .badRequest),
        Case("Write with a query", put("/30000/0/1", 0, text("1"), query: ["pmin=1"]), .badRequest),
        Case("Write in an unknown format", put("/30000/0/1", 9999, text("1")), .unsupportedContentFormat),
        Case("Write of an instance as text", put("/30000/0", 0, text("1")), .unsupportedContentFormat),
        Case("Write of several values as text", put("/30000/0/5", 0, text("1")), .unsupportedContentFormat),
        Case("Write of a text as opaque", put("/30000/0/0", 42, [1]), .unsupportedContentFormat),
        Case("Write of a read-only resource", put("/30000/0/2", 0, text("1")), .methodNotAllowed),
        Case("Write of an executable", put("/30000/0/4", 0, text("1")), .methodNotAllowed),
        Case("Write that the object refuses", put("/30000/0/0", 0, text("refuse")), .badRequest),
        Case("Write of a resource that the table lacks", put("/30000/0/99", 0, text("1")), .notFound),
        Case("Write of an instance that is not there", put("/30000/1/0", 0, text("1")), .notFound),
        Case("Write of an object", put("/30000", 11542, []), .methodNotAllowed),
        Case("Write of Security", put("/0/0/0", 0, text("coap://evil")), .unauthorized),
        Case("Execute", post("/30000/0/4"), .changed),
        Case("Execute with arguments", post("/30000/0/4", 0, text("0='x',1")), .changed),
        Case("Execute with a broken argument", post("/30000/0/4", 0, text("a")), .badRequest),
        Case("Execute with an argument twice", post("/30000/0/4", 0, text("0,0")), .badRequest),
        Case("Execute with TLV", post("/30000/0/4", 11542, [1]), .unsupportedContentFormat),
        Case("Execute of what is not executable", post("/30000/0/0"), .methodNotAllowed),
        Case("Execute of a writable with text", post("/30000/0/0", 0, text("0='x'")), .methodNotAllowed),
        Case("Execute of what is not there", post("/30000/0/99"), .notFound),
        Case("Execute of a resource instance", post("/30000/0/4/0"), .methodNotAllowed),
        Case("POST on the root", post("/"), .methodNotAllowed),
        Case("Bootstrap-Finish", post("/bs"), .methodNotAllowed),
        Case("Create below Security", post("/0", 11542, []), .unauthorized),
        Case("Create with a taken identifier", post("/30000", 11542, [0x00, 0]), .badRequest),
        Case("Create without a content format", post("/30000", nil, [1]), .badRequest),
        Case("Create as text", post("/30000", 0, text("x")), .unsupportedContentFormat),
        Case("Create of two", post("/30000", 11542, [0x00, 5, 0x00, 6]), .badRequest),
        Case("Create with an unknown resource", post("/30000", 11542, [0xC1, 99, 1]), .badRequest),
        Case("Create where there is one", post("/3", 11542, []), .methodNotAllowed),
        Case("Delete of the first", Request(.delete, path: ["30000", "0"]), .methodNotAllowed),
        Case("Delete of what is not there", Request(.delete, path: ["30000", "9"]), .notFound),
        Case("Delete of an object", Request(.delete, path: ["30000"]), .methodNotAllowed),
        Case("Delete of a resource", Request(.delete, path: ["30000", "0", "1"]), .methodNotAllowed),
        Case("Delete of everything", Request(.delete, path: []), .methodNotAllowed),
        Case("Delete of Security", Request(.delete, path: ["0", "0"]), .unauthorized),
        Case("Write-Attributes", put("/30000/0/1", nil, [], query: ["pmin=1", "pmax=5", "gt=3"]), .changed),
        Case("Write-Attributes of an object", put("/30000", nil, [], query: ["pmin=1"]), .changed),
        Case("Write-Attributes of a threshold for an instance", put("/30000/0", nil, [], query: ["gt=1"]), .badRequest),
        Case("Write-Attributes of a threshold for a text", put("/30000/0/0", nil, [], query: ["gt=1"]), .badRequest),
        Case("Write-Attributes that contradict", put("/30000/0/1", nil, [], query: ["lt=5", "gt=1"]), .badRequest),
        Case("Write-Attributes of an unknown one", put("/30000/0/1", nil, [], query: ["hq=5"]), .badRequest),
        Case("Write-Attributes of no number", put("/30000/0/1", nil, [], query: ["pmin=x"]), .badRequest),
        Case("Write-Attributes of an executable", put("/30000/0/4", nil, [], query: ["pmin=1"]), .methodNotAllowed),
        Case("Write-Attributes of what is not there", put("/30000/7", nil, [], query: ["pmin=1"]), .notFound),
        Case("Write-Attributes of Security", put("/0/0", nil, [], query: ["pmin=1"]), .unauthorized),
    ]

    /// Reads answer before the callback returns: no task, no separate response.
    /// Its cost must not grow with the number of instances.
    @Test func aReadOfOneInstanceListsNoOthers() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let before = rig.object.listings
            for path in [["30000", "0", "1"], ["30000", "0"], ["30000", "0", "5", "1"], ["30000", "7"]] {
                _ = try await rig.session.request(Request(.get, path: path))
            }
            #expect(rig.object.listings == before)
        }
    }

    @Test(arguments: reads) func aRead(_ test: Case) async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let response = try #require(try rig.session.requestAtOnce(test.request))
            #expect(response.code == test.code, "\(String(decoding: response.payload, as: UTF8.self))")
            if let format = test.format { #expect(response.contentFormat == format) }
            if let payload = test.payload { #expect(response.payload == payload) }
            if !response.code.isSuccess { #expect(!response.payload.isEmpty && response.contentFormat == nil) }
        }
    }

    @Test(arguments: changes) func aChange(_ test: Case) async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let before = rig.object.contents
            let response = try #require(try await rig.session.request(test.request))
            #expect(response.code == test.code, "\(String(decoding: response.payload, as: UTF8.self))")
            if !response.code.isSuccess { #expect(rig.object.contents == before) }
        }
    }

    @Test func aWriteWithOneBadResourceWritesNone() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let before = rig.object.contents
            // 1 is writable, 2 is not.
            let payload: [UInt8] = [0xC1, 1, 9, 0xC4, 2, 0, 0, 0, 0]
            let response = try await rig.session.request(Self.put("/30000/0", 11542, payload))
            #expect(response?.code == .methodNotAllowed)
            #expect(rig.object.contents == before)
        }
    }

    @Test func replacingAndUpdatingResourceInstances() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            _ = try await rig.session.request(Self.post("/30000/0/5", 11542, [0x83, 5, 0x41, 7, 2]))
            #expect(
                rig.object.contents[0]?[5] == .multiple([0: .integer(10), 1: .integer(11), 7: .integer(2)]))
            _ = try await rig.session.request(Self.put("/30000/0/5/1", 0, Self.text("12")))
            #expect(
                rig.object.contents[0]?[5] == .multiple([0: .integer(10), 1: .integer(12), 7: .integer(2)]))
            _ = try await rig.session.request(Self.put("/30000/0/5", 11542, [0x83, 5, 0x41, 3, 4]))
            #expect(rig.object.contents[0]?[5] == .multiple([3: .integer(4)]))
            _ = try await rig.session.request(Self.put("/30000/0", 11542, [0xC1, 1, 9]))
            #expect(rig.object.writes == [.update, .update, .update, .replace])
        }
    }

    @Test func createTellsWhereWithAnIdentifierAndWithout() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let given = try await rig.session.request(Self.post("/30000", 11542, [0x03, 5, 0xC1, 1, 9]))
            #expect(given?.code == .created)
            #expect(given?.locationPath == ["30000", "5"])
            let chosen = try await rig.session.request(Self.post("/30000"))
            #expect(chosen?.locationPath == ["30000", "1"])
            // A read-only value is a hint to the object.
            let hinted = try await rig.session.request(Self.post("/30000", 11542, [0xC4, 2, 0x3F, 0x80, 0, 0]))
            #expect(hinted?.code == .created)
            #expect(rig.object.created == [2: .single(.float(1))])
            await rig.advance(.seconds(1))
            #expect(try rig.session.requests.last?.contentFormat == 40)
        }
    }

    @Test func whatIsDeletedTakesItsAttributesAlong() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            rig.object.contents[3] = [1: .single(.integer(1))]
            _ = try await rig.session.request(Self.put("/30000/3/1", nil, [], query: ["pmin=5"]))
            #expect(!rig.accounts.attributes(0).byPath.isEmpty)
            let response = try await rig.session.request(Request(.delete, path: ["30000", "3"]))
            #expect(response?.code == .deleted)
            #expect(rig.accounts.attributes(0).byPath.isEmpty)
        }
    }

    @Test func executeGetsItsArguments() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            _ = try await rig.session.request(Self.post("/30000/0/4", nil, Self.text("1='a b',2")))
            #expect(rig.object.executed == [[ExecuteArgument(digit: 1, value: "a b"), ExecuteArgument(digit: 2)]])
        }
    }

    @Test func discoverTellsWhatIsThereAndWhatIsAttached() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            for (path, query) in [
                ("/30000", ["pmin=1"]), ("/30000/0", ["pmax=60"]),
                ("/30000/0/1", ["gt=50", "lt=42.2", "epmin=1", "epmax=9"]),
            ] {
                _ = try await rig.session.request(Self.put(path, nil, [], query: query))
            }
            @LoopActor func discover(_ path: String) throws -> String {
                let response = try rig.session.requestAtOnce(Self.get(path, accept: 40))
                #expect(response?.contentFormat == 40)
                return String(decoding: response?.payload ?? [], as: UTF8.self)
            }
            #expect(try discover("/30000").hasPrefix("</30000>;ver=1.1;pmin=1,</30000/0>;pmax=60,</30000/0/0>"))
            #expect(
                try discover("/30000/0").hasPrefix(
                    "</30000/0>;pmin=1;pmax=60,</30000/0/0>,</30000/0/1>;gt=50;lt=42.2;epmin=1;epmax=9"))
            #expect(
                try discover("/30000/0/1") == "</30000/0/1>;pmin=1;pmax=60;gt=50;lt=42.2;epmin=1;epmax=9")
            #expect(try discover("/30000/0/5").hasPrefix("</30000/0/5>;dim=2;pmin=1;pmax=60"))
            #expect(try rig.session.requestAtOnce(Self.get("/0", accept: 40))?.code == .unauthorized)
            #expect(try rig.session.requestAtOnce(Self.get("/30000/0/6", accept: 40))?.code == .notFound)
            #expect(try rig.session.requestAtOnce(Self.get("/30000/0/5/0", accept: 40))?.code == .methodNotAllowed)
        }
    }

    @Test func aRequestOnAnAccountThatIsGoneIsRefused() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            try await rig.accounts.reload([])
            #expect(session.requestAtOnce(Self.get("/3/0/0"))?.code == .unauthorized)
        }
    }

    @Test func readingALotAllocatesNoTask() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            for _ in 0..<1000 {
                #expect(try rig.session.requestAtOnce(Self.get("/3/0/0"))?.payload == Self.text("a"))
            }
            #expect(rig.device.reads == 1000)
        }
    }
}
