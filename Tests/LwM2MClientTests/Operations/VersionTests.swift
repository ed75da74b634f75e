import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// What a server meets that is spoken to in LwM2M 1.0 or 1.2.
@Suite struct VersionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let request: Request
        /// For a server of 1.0.
        let code: Code
        /// The same, for one of 1.1.
        let later: Code

        init(_ name: String, _ request: Request, _ code: Code, later: Code) {
            testDescription = name
            self.request = request
            self.code = code
            self.later = later
        }
    }

    private static func request(
        _ method: Code, _ path: String, _ format: UInt16? = nil, _ payload: [UInt8] = [], query: [String] = [],
        accept: UInt16? = nil, observe: UInt32? = nil
    ) -> Request {
        Request(
            method, path: path.split(separator: "/").map { String($0) }, query: query, contentFormat: format,
            accept: accept, observe: observe, token: [1], payload: payload)
    }

    private static let paths = Array(#"[{"n":"/3/0/1"}]"#.utf8)

    static let cases: [Case] = [
        Case("Read of a resource instance", request(.get, "/30000/0/5/1"), .notFound, later: .content),
        Case("Observe of a resource instance", request(.get, "/30000/0/5/1", observe: 0), .notFound, later: .content),
        Case(
            "Discover of a resource instance", request(.get, "/3/0/5/1", accept: 40), .notFound,
            later: .methodNotAllowed),
        Case("Write of a resource instance", request(.put, "/30000/0/5/1", 0, [0x37]), .notFound, later: .changed),
        Case(
            "Write-Attributes of a resource instance", request(.put, "/30000/0/5/1", query: ["pmin=1"]), .notFound,
            later: .changed),
        Case(
            "partial update of a resource", request(.post, "/30000/0/5", 11542, [0x41, 0, 7]), .methodNotAllowed,
            later: .changed),
        Case(
            "partial update of an instance", request(.post, "/30000/0", 11542, [0xC1, 1, 7]), .changed, later: .changed),
        Case("Read as SenML JSON", request(.get, "/30000/0", accept: 110), .notAcceptable, later: .content),
        Case("Read as CBOR", request(.get, "/30000/0/1", accept: 60), .notAcceptable, later: .content),
        Case("Read as LwM2M CBOR", request(.get, "/30000/0/1", accept: 11544), .notAcceptable, later: .content),
        Case("Read as LwM2M JSON", request(.get, "/30000/0", accept: 11543), .content, later: .content),
        Case("Observe as SenML CBOR", request(.get, "/3/0", accept: 112, observe: 0), .notAcceptable, later: .content),
        Case("Write as CBOR", request(.put, "/30000/0/1", 60, [7]), .unsupportedContentFormat, later: .changed),
        Case("Write as text", request(.put, "/30000/0/1", 0, [0x37]), .changed, later: .changed),
        Case("Read-Composite", request(.fetch, "/", 110, paths), .methodNotAllowed, later: .content),
        Case("Observe-Composite", request(.fetch, "/", 110, paths, observe: 0), .methodNotAllowed, later: .content),
        Case(
            "Write-Composite", request(.iPatch, "/", 110, Array(#"[{"n":"/30000/0/1","v":7}]"#.utf8)),
            .methodNotAllowed, later: .changed),
        Case("pmin", request(.put, "/30000/0/1", query: ["pmin=1"]), .changed, later: .changed),
        Case("epmin", request(.put, "/30000/0/1", query: ["epmin=1"]), .badRequest, later: .changed),
        Case("a resource that came later", request(.get, "/3/0/8"), .notFound, later: .content),
        Case("a Write of a resource that came later", request(.put, "/3/0/7", 42, [1]), .notFound, later: .changed),
    ]

    /// Object 3 has resources 7 and 8 since a later version.
    @LoopActor private static func rig(_ version: EnablerVersion) async throws -> Rig {
        let rig = Rig(version: version)
        rig.device.older = ObjectDefinition(
            id: 3, name: "Device", version: "1.0", multiple: false, mandatory: true,
            resources: TestObject.table.resources.filter { $0.id < 7 })
        // It was added before.
        rig.client.remove(3)
        rig.client.add(rig.device)
        try await rig.register()
        return rig
    }

    @Test(arguments: cases) func operations(test: Case) async throws {
        try await onLoop {
            for (version, code) in [(EnablerVersion.v10, test.code), (.v11, test.later), (.v12, test.later)] {
                let rig = try await Self.rig(version)
                let response = try await rig.session.request(test.request)
                #expect(response?.code == code, "\(version)")
            }
        }
    }

    @Test func uploadsOfVersion10AreHeldToItsFormatsToo() async throws {
        try await onLoop {
            for (version, isTaken) in [(EnablerVersion.v10, false), (.v11, true)] {
                let rig = try await Self.rig(version)
                let decision = try rig.session.upload(Self.request(.put, "/30000/0/0", 60))
                if case .collect = decision { #expect(isTaken) } else { #expect(!isTaken) }
            }
        }
    }

    @Test(
        arguments: [
            (EnablerVersion.v10, "1.0", ["11543"], nil), (.v11, "1.1", ["0 42 60 110 112 11542 11543"], "1.1"),
            (.v12, "1.2", ["0 42 60 110 112 11542 11543 11544"], "1.1"),
        ] as [(EnablerVersion, String, [String], String?)])
    func registerTellsTheVersionItsFormatsAndItsObjects(
        version: EnablerVersion, text: String, formats: [String], device: String?
    ) async throws {
        try await onLoop {
            let rig = try await Self.rig(version)
            let request = try #require(try rig.session.requests.first)
            #expect(request.query == ["ep=gw", "lt=300", "lwm2m=\(text)", "b=U"])
            let links = try LinkFormat.decode(request.payload)
            #expect(links.first?["ct"] == formats.first)
            #expect(links.first { $0.target == "/3" }?["ver"] == device)
            #expect(links.contains { $0.target == "/3/0" })
        }
    }

    @Test func anAnswerOfVersion10IsTLVUnlessAskedOtherwise() async throws {
        try await onLoop {
            let rig = try await Self.rig(.v10)
            let plain = try #require(try rig.session.requestAtOnce(Self.request(.get, "/30000/0/1")))
            #expect(plain.contentFormat == 11542 && plain.payload == [0xC1, 1, 1])
            let text = try #require(try rig.session.requestAtOnce(Self.request(.get, "/30000/0/1", accept: 0)))
            #expect(text.contentFormat == 0 && text.payload == Array("1".utf8))
            let old = try #require(try rig.session.requestAtOnce(Self.request(.get, "/30000/0/1", accept: 1543)))
            #expect(old.contentFormat == 1543)
        }
    }

    @Test func aNotificationOfVersion10IsTLVAndHasItsValues() async throws {
        try await onLoop {
            let rig = try await Self.rig(.v10)
            _ = try rig.session.requestAtOnce(Self.request(.get, "/30000/0/1", observe: 0))
            rig.object.set(1, .integer(7))
            rig.object.set(1, .integer(120))
            let notified = try rig.session.notified
            #expect(notified.first?.response.payload == [0xC1, 1, 7])
            notified.first?.completion(nil)
            #expect(try rig.session.notified.last?.response.payload == [0xC1, 1, 0])
            #expect(try rig.session.notified.last?.response.contentFormat == 11542)
        }
    }

    @Test func aValueThatCameLaterIsNotToldToVersion10() async throws {
        try await onLoop {
            for (version, text) in [(EnablerVersion.v10, "0"), (.v11, "120")] {
                let rig = try await Self.rig(version)
                rig.object.set(1, .integer(120))
                let one = try rig.session.requestAtOnce(Self.request(.get, "/30000/0/1", accept: 0))
                #expect(one?.payload == Array(text.utf8))
                let all = try #require(try rig.session.requestAtOnce(Self.request(.get, "/30000/0", accept: 11543)))
                #expect(String(decoding: all.payload, as: UTF8.self).contains(#""n":"1","v":\#(text)"#))
            }
        }
    }

    @Test func whatVersion10DoesNotHaveIsNotDiscovered() async throws {
        try await onLoop {
            let rig = try await Self.rig(.v10)
            let answer = try #require(try rig.session.requestAtOnce(Self.request(.get, "/3", accept: 40)))
            let targets = try LinkFormat.decode(answer.payload).map(\.target)
            #expect(targets == ["/3", "/3/0", "/3/0/0", "/3/0/1", "/3/0/2", "/3/0/5", "/3/0/3", "/3/0/4"])
        }
    }

    @Test func twoServersAreSpokenToEachInItsVersion() async throws {
        try await onLoop {
            func seed(_ name: String, _ id: UInt16, _ version: EnablerVersion) -> ServerAccount.Seed {
                ServerAccount.Seed(
                    name: name, shortServerID: id, endpoint: ServerEndpoint(host: name, port: 5683, security: .noSec),
                    version: version)
            }
            let rig = Rig()
            try await rig.accounts.reload([seed("main", 7, .v11), seed("old", 8, .v10)])
            rig.client.start()
            await settle()
            let versions = rig.transport.sessions.map { $0.requests.first?.query[2] }
            #expect(versions == ["lwm2m=1.1", "lwm2m=1.0"])
            let answers = rig.transport.sessions.map { $0.requestAtOnce(Self.request(.get, "/3/0/1"))?.contentFormat }
            #expect(answers == [0, 11542])
        }
    }

    @Test func aChangedVersionRegistersAnew() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            var seed = try #require(rig.accounts.all.first).seed
            seed.version = .v10
            try await rig.accounts.reload([seed])
            #expect(rig.accounts.takeNotes() == [])
            let reload = LoopActor.spawn { await rig.client.reload() }
            await settle()
            await rig.transport.sessions[0].answer(Response(.deleted))
            await reload.value
            await settle()
            #expect(try rig.session.requests.first?.query.contains("lwm2m=1.0") == true)
        }
    }

    /// The section's digest of accounts that name no version is the one of releases that knew none.
    @Test func theDigestOfAnAccountIsThatOfEarlierReleases() {
        func seed(_ version: EnablerVersion) -> String {
            ServerAccount.Seed(
                name: "main", shortServerID: 7, endpoint: ServerEndpoint(host: "::1", port: 5683, security: .noSec),
                version: version
            ).fingerprint
        }
        #expect(seed(.v11) == "6ddd8b13a7158c9b")
        #expect(Set([seed(.v10), seed(.v11), seed(.v12)]).count == 3)
    }
}
