import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// What an outage hides from a server that observes (1/x/6).
@Suite struct NotificationHistoryTests {
    private static func observe(_ path: String, accept: UInt16? = 110) -> Request {
        Request(
            .get, path: path.split(separator: "/").map { String($0) }, accept: accept, observe: 0, token: [1])
    }

    @LoopActor
    private static func observed(_ path: String, accept: UInt16? = 110, storing: Bool = true) async throws -> Rig {
        let rig = Rig(ServerSettings(lifetime: 86400, notificationStoring: storing))
        try await rig.register()
        #expect(try rig.session.requestAtOnce(observe(path, accept: accept))?.observe != nil)
        return rig
    }

    @LoopActor
    private static func entries(_ notified: FakeSession.Notified) throws -> [CompositeContent.Entry] {
        let format = try #require(notified.response.contentFormat)
        return try Codec.decodeComposite(notified.response.payload, ContentFormat(rawValue: format)) { _ in
            TestObject.table
        }
        .content.entries
    }

    /// The server is back: an Update over a new session is answered.
    @LoopActor
    private static func back(_ rig: Rig) async throws -> FakeSession {
        rig.client.reconnect()
        await settle()
        try await rig.session.answer(Response(.changed))
        return try rig.session
    }

    @Test(arguments: [110, 112] as [UInt16])
    func changesArriveTogetherWithTheirTimes(format: UInt16) async throws {
        try await onLoop {
            let rig = try await Self.observed("/30000/0/1", accept: format)
            try await rig.session.end(.closed)
            for value in 2...4 as ClosedRange<Int64> {
                await rig.advance(.seconds(0.25))
                rig.object.set(1, .integer(value))
            }
            let session = try await Self.back(rig)
            #expect(session.notified.count == 1)
            let entries = try Self.entries(session.notified[0])
            #expect(entries.map(\.value) == [.integer(2), .integer(3), .integer(4)])
            #expect(entries.map(Rig.age) == [0.25, 0.5, 0.75])
            // What comes then is told as before.
            session.notified[0].completion(nil)
            rig.object.set(1, .integer(5))
            #expect(session.notified.count == 2)
            #expect(try Self.entries(session.notified[1]).map(\.time) == [nil])
        }
    }

    @Test func periodsHoldDuringAnOutageToo() async throws {
        try await onLoop {
            let rig = try await Self.observed("/30000/0/1")
            let attributes = Request(.put, path: ["30000", "0", "1"], query: ["pmin=10", "pmax=60"])
            #expect(try await rig.session.request(attributes)?.code == .changed)
            try await rig.session.end(.closed)
            // One change, and one more that has to wait, then nothing but the longest period.
            await rig.advance(.seconds(12))
            rig.object.set(1, .integer(2))
            rig.object.set(1, .integer(3))
            await rig.advance(.seconds(75))
            let session = try await Self.back(rig)
            let entries = try Self.entries(session.notified[0])
            #expect(entries.map(\.value) == [.integer(2), .integer(3), .integer(3)])
            #expect(entries.map(Rig.age) == [12, 22, 82])
        }
    }

    @Test func withoutStoringAnOutageIsNotTold() async throws {
        try await onLoop {
            let rig = try await Self.observed("/30000/0/1", storing: false)
            try await rig.session.end(.closed)
            rig.object.set(1, .integer(2))
            let session = try await Self.back(rig)
            #expect(session.notified.isEmpty)
            rig.object.set(1, .integer(3))
            #expect(session.notified.count == 1)
        }
    }

    /// A server may change its mind meanwhile, through another way.
    @Test func whatWasStoredIsDroppedIfTheServerDoesNotWantItAnyMore() async throws {
        try await onLoop {
            let rig = try await Self.observed("/30000/0/1")
            try await rig.session.end(.closed)
            rig.object.set(1, .integer(2))
            try await rig.accounts.change(0) { $0.notificationStoring = false }
            #expect(try await Self.back(rig).notified.isEmpty)
        }
    }

    @Test func theOldestMakesRoom() async throws {
        try await onLoop {
            let rig = try await Self.observed("/30000/0/1")
            try await rig.session.end(.closed)
            for value in 2...250 as ClosedRange<Int64> { rig.object.set(1, .integer(value)) }
            let session = try await Self.back(rig)
            session.notified[0].completion(nil)
            let entries = try session.notified.flatMap { try Self.entries($0) }
            #expect(entries.map(\.value) == (151...250).map { .integer(Int64($0)) })
        }
    }

    @Test func largeContentsAreBoundedInBytes() async throws {
        try await onLoop {
            let rig = try await Self.observed("/30000/0/0")
            try await rig.session.end(.closed)
            for letter in ["a", "b", "c", "d", "e", "f"] {
                rig.object.set(0, .string(String(repeating: letter, count: 60_000)))
            }
            let session = try await Self.back(rig)
            let entries = try Self.entries(session.notified[0])
            session.notified[0].completion(nil)
            #expect(
                entries.map { $0.value } == ["c", "d", "e", "f"].map { .string(String(repeating: $0, count: 60_000)) })
            // One that is larger than all the room is told by its content of then.
            try await rig.session.end(.closed)
            rig.object.set(0, .string(String(repeating: "x", count: 300_000)))
            rig.object.set(0, .string("y"))
            let late = try await Self.back(rig)
            #expect(try late.notified.map { try Self.entries($0).map(\.value) } == [[.string("y")]])
        }
    }

    /// Whose only change made room for others' is told its content of then.
    @Test func nothingIsForgottenForEver() async throws {
        try await onLoop {
            let rig = try await Self.observed("/30000/0/1")
            var other = Self.observe("/30000/0/0")
            other.token = [2]
            #expect(try rig.session.requestAtOnce(other)?.observe != nil)
            try await rig.session.end(.closed)
            rig.object.set(1, .integer(2))
            for letter in ["a", "b", "c", "d", "e"] {
                rig.object.set(0, .string(String(repeating: letter, count: 60_000)))
            }
            let session = try await Self.back(rig)
            for index in 0..<8 where index < session.notified.count { session.notified[index].completion(nil) }
            let told = try session.notified.filter { $0.token == [1] }.map { try Self.entries($0).map(\.value) }
            #expect(told == [[.integer(2)]])
        }
    }

    @Test func largeHistoriesTakeSeveralMessages() async throws {
        try await onLoop {
            let rig = try await Self.observed("/30000/0/0")
            try await rig.session.end(.closed)
            for index in 0..<50 {
                await rig.advance(.milliseconds(10))
                rig.object.set(0, .string("\(index) " + String(repeating: "x", count: 500)))
            }
            let session = try await Self.back(rig)
            var seen: [CompositeContent.Entry] = []
            var index = 0
            while index < session.notified.count {
                #expect(session.notified[index].response.payload.count <= 4096)
                seen += try Self.entries(session.notified[index])
                session.notified[index].completion(nil)
                index += 1
            }
            #expect(seen.count == 50 && index > 1)
            #expect(seen.compactMap(Rig.age) == (1...50).map { Double($0) / 100 })
        }
    }

    @Test func anObservationThatWasCancelledMeanwhileIsNotTold() async throws {
        try await onLoop {
            let rig = try await Self.observed("/30000/0/1")
            let lost = try rig.session
            rig.object.set(1, .integer(2))
            var cancel = Self.observe("/30000/0/1")
            cancel.observe = 1
            #expect(lost.requestAtOnce(cancel)?.code == .content)
            await lost.end(.closed)
            #expect(try await Self.back(rig).notified.isEmpty)
        }
    }

    /// Texts have no times: what changed first is told first, whatever observes it.
    @Test func theOrderOfSeveralObservationsIsKept() async throws {
        try await onLoop {
            let rig = try await Self.observed("/30000/0/1", accept: nil)
            var other = Self.observe("/30000/0/0", accept: nil)
            other.token = [2]
            #expect(try rig.session.requestAtOnce(other)?.observe != nil)
            try await rig.session.end(.closed)
            for value in 2...20 as ClosedRange<Int64> {
                rig.object.set(1, .integer(value))
                rig.object.set(0, .string("\(value)!"))
            }
            let session = try await Self.back(rig)
            for index in 0..<38 { session.notified[index].completion(nil) }
            let told = session.notified.map { String(decoding: $0.response.payload, as: UTF8.self) }
            #expect(told == (2...20).flatMap { ["\($0)", "\($0)!"] })
        }
    }

    /// The server has forgotten this client by then, and all that it observed.
    @Test func nothingIsFollowedOnceTheRegistrationHasExpired() async throws {
        try await onLoop {
            let rig = Rig(ServerSettings(lifetime: 60))
            try await rig.register()
            #expect(try rig.session.requestAtOnce(Self.observe("/30000/0/8"))?.observe != nil)
            rig.object.sampling = .seconds(5)
            try await rig.session.end(.closed)
            await rig.advance(.seconds(30))
            let reads = rig.object.reads
            await rig.advance(.seconds(3600))
            #expect(rig.object.reads - reads < 10)
        }
    }

    @Test func whatWasUnderWayComesFirst() async throws {
        try await onLoop {
            let rig = try await Self.observed("/30000/0/1")
            let lost = try rig.session
            rig.object.set(1, .integer(2))
            rig.object.set(1, .integer(3))
            #expect(lost.notified.count == 1)
            await rig.advance(.seconds(1))
            await lost.end(.closed)
            rig.object.set(1, .integer(4))
            let entries = try Self.entries(try await Self.back(rig).notified[0])
            #expect(entries.map(\.value) == [.integer(2), .integer(3), .integer(4)])
            #expect(entries.map(Rig.age) == [0, 0.001, 1])
        }
    }

    @Test func severalPathsKeepTheirMoments() async throws {
        try await onLoop {
            let rig = Rig(ServerSettings(lifetime: 86400))
            try await rig.register()
            var selection = PathSelection()
            selection.add(Path(30000, 0, 1))
            selection.add(Path(30000, 0, 0))
            let request = Request(
                .fetch, path: [], contentFormat: 112, accept: 112, observe: 0, token: [1],
                payload: try Codec.encodePaths(selection, .senMLCBOR))
            #expect(try rig.session.requestAtOnce(request)?.observe != nil)
            try await rig.session.end(.closed)
            await rig.advance(.seconds(0.5))
            rig.object.set(1, .integer(2))
            await rig.advance(.seconds(0.25))
            rig.object.set(0, .string("b"))
            let entries = try Self.entries(try await Self.back(rig).notified[0])
            #expect(entries.map(\.value) == [.integer(2), .string("a"), .integer(2), .string("b")])
            #expect(entries.map(Rig.age) == [0.5, 0.5, 0.75, 0.75])
        }
    }

    @Test func anObservationThatEndsTakesItsHistoryWithIt() async throws {
        try await onLoop {
            let rig = try await Self.observed("/30000/0/1")
            try await rig.session.end(.closed)
            rig.object.set(1, .integer(2))
            rig.client.reconnect()
            await settle()
            // The server has forgotten this client: it registers anew, and the server observes what it still wants.
            try await rig.session.answer(Response(.notFound))
            try await rig.session.answer(Response(.created, locationPath: ["rd", "y"]))
            #expect(try rig.session.notified.isEmpty)
        }
    }
}
