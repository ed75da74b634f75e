import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// What one of several servers may do with object 1.
@Suite struct AccessTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let request: Request
        /// On the instance of the server's own account.
        let own: Code
        /// On the other server's.
        let foreign: Code
        /// On one that no server has.
        let absent: Code
    }

    static let cases: [Case] = [
        Case(
            testDescription: "Read of the instance", request: serverRequest(.get, "/1/N"), own: .content,
            foreign: .unauthorized, absent: .notFound),
        Case(
            testDescription: "Read of a resource", request: serverRequest(.get, "/1/N/1"), own: .content,
            foreign: .unauthorized, absent: .notFound),
        Case(
            testDescription: "Observe", request: serverRequest(.get, "/1/N/1", observe: 0), own: .content,
            foreign: .unauthorized, absent: .notFound),
        Case(
            testDescription: "Discover", request: serverRequest(.get, "/1/N", accept: 40), own: .content,
            foreign: .unauthorized, absent: .notFound),
        Case(
            testDescription: "Write of a resource",
            request: serverRequest(.put, "/1/N/1", format: 0, payload: Array("60".utf8)), own: .changed,
            foreign: .unauthorized, absent: .notFound),
        Case(
            testDescription: "Write of the instance",
            request: serverRequest(.post, "/1/N", format: 11542, payload: [0xC1, 1, 60]), own: .changed,
            foreign: .unauthorized, absent: .notFound),
        Case(
            testDescription: "Write-Attributes", request: serverRequest(.put, "/1/N/1", query: ["pmin=5"]),
            own: .changed,
            foreign: .unauthorized, absent: .notFound),
        Case(
            testDescription: "Execute", request: serverRequest(.post, "/1/N/4"), own: .changed, foreign: .unauthorized,
            absent: .notFound),
        Case(
            testDescription: "Delete", request: serverRequest(.delete, "/1/N"), own: .deleted, foreign: .unauthorized,
            absent: .notFound),
    ]

    @LoopActor private static func rig() async throws -> (rig: Rig, server: TestObject) {
        let server = TestObject(
            ObjectDefinition(
                id: 1, name: "Server", version: "1.1", multiple: true, mandatory: true,
                resources: TestObject.table.resources))
        server.contents[1] = [1: .single(.integer(300))]
        server.keepsFirst = false
        let rig = Rig(servers: 2, more: { _ in [server] })
        try await rig.register()
        return (rig, server)
    }

    @Test(arguments: cases)
    func aServerReachesItsOwnInstanceOfObject1Alone(test: Case) async throws {
        try await onLoop {
            for (instance, code) in [(1, test.foreign), (7, test.absent), (0, test.own)] {
                let (rig, server) = try await Self.rig()
                let before = server.contents[1]
                var request = test.request
                request.path = request.path.map { $0 == "N" ? "\(instance)" : $0 }
                let response = await rig.transport.sessions[0].request(request)
                #expect(response?.code == code, "instance \(instance)")
                #expect(server.contents[1] == before)
            }
        }
    }

    @Test func aReadOfTheObjectShowsTheOwnInstanceAndDiscoverAll() async throws {
        try await onLoop {
            let (rig, _) = try await Self.rig()
            for (session, number) in [(rig.transport.sessions[0], 0), (rig.transport.sessions[1], 1)] {
                let read = try #require(session.requestAtOnce(serverRequest(.get, "/1", accept: 110)))
                let text = String(decoding: read.payload, as: UTF8.self)
                #expect(text.contains("\"\(number)/1\""), "\(text)")
                #expect(!text.contains("\"\(1 - number)/1\""), "\(text)")
                let links = session.requestAtOnce(serverRequest(.get, "/1", accept: 40))
                let discovered = String(decoding: try #require(links).payload, as: UTF8.self)
                #expect(discovered.contains("</1/0>") && discovered.contains("</1/1>"))
            }
        }
    }

    @Test func anotherServersChangeIsNotNotified() async throws {
        try await onLoop {
            let (rig, server) = try await Self.rig()
            let session = rig.transport.sessions[0]
            #expect(session.requestAtOnce(serverRequest(.get, "/1", observe: 0))?.observe != nil)
            server.contents[1]?[1] = .single(.integer(60))
            rig.client.changed(Path(1, 1, 1))
            #expect(session.notified.isEmpty)
            server.contents[0]?[1] = .single(.integer(60))
            rig.client.changed(Path(1, 0, 1))
            #expect(session.notified.count == 1)
        }
    }

    @Test func aServerWhoseAccountIsGoneGetsNothing() async throws {
        try await onLoop {
            let (rig, _) = try await Self.rig()
            let session = rig.transport.sessions[1]
            try await rig.accounts.reload([rig.accounts.all[0].seed])
            #expect(session.requestAtOnce(serverRequest(.get, "/3/0/1"))?.code == .unauthorized)
        }
    }
}
