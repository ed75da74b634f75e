import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// What LwM2M 1.2 adds to reporting: `edge`, `con` and `hqmax`, and attributes within an Observe.
@Suite struct ObservationAttributeTests {
    private static func observe(
        _ path: String, _ query: [String] = [], token: UInt8 = 1, accept: UInt16? = nil
    ) -> Request {
        Request(
            .get, path: path.split(separator: "/").map { String($0) }, query: query, accept: accept, observe: 0,
            token: [token])
    }

    private static func composite(_ paths: [String], _ query: [String] = []) -> Request {
        let list = paths.map { #"{"n":"\#($0)"}"# }.joined(separator: ",")
        return Request(
            .fetch, path: [], query: query, contentFormat: 110, accept: 110, observe: 0, token: [9],
            payload: Array("[\(list)]".utf8))
    }

    @LoopActor private static func registered(_ version: EnablerVersion = .v12) async throws -> Rig {
        let rig = Rig(ServerSettings(lifetime: 86400), version: version)
        rig.object.contents[0]?[9] = .single(.boolean(false))
        try await rig.register()
        return rig
    }

    @LoopActor private static func write(_ rig: Rig, _ path: String, _ query: String...) async throws {
        let request = Request(.put, path: path.split(separator: "/").map { String($0) }, query: query)
        #expect(try await rig.session.request(request)?.code == .changed)
    }

    @LoopActor private static func text(_ session: FakeSession) -> [String] {
        session.notified.map { String(decoding: $0.response.payload, as: UTF8.self) }
    }

    // MARK: Levels

    /// A condition that would contradict one of another level is refused, so that the server hears of it.
    @Test func aContradictionAcrossLevelsIsRefused() async throws {
        try await onLoop {
            let rig = try await Self.registered()
            let session = try rig.session
            func attach(_ path: String, _ query: String...) async -> Response? {
                await session.request(
                    Request(.put, path: path.split(separator: "/").map { String($0) }, query: query))
            }
            #expect(await attach("/30000/0/5", "gt=50")?.code == .changed)
            let refused = await attach("/30000/0/5/0", "lt=60")
            #expect(refused?.code == .badRequest)
            let reason = String(decoding: refused?.payload ?? [], as: UTF8.self)
            #expect(reason.hasSuffix("at /30000/0/5/0 with what is attached to it and above it"))
            // From above, too, and by what is taken away.
            #expect(await attach("/30000/0/5/0", "lt=60", "gt=100")?.code == .changed)
            #expect(await attach("/30000/0/5", "st=25")?.code == .badRequest)
            #expect(await attach("/30000/0/5/0", "gt")?.code == .badRequest)
            #expect(await attach("/30000/0/5", "gt")?.code == .changed)
            #expect(await attach("/30000/0/5/0", "gt")?.code == .changed)
            #expect(rig.accounts.attributes(0).effective(at: Path(30000, 0, 5, 0)) == Attributes(lessThan: 60))
        }
    }

    // MARK: Attributes within an Observe

    @Test func theyHoldForThatObservationAlone() async throws {
        try await onLoop {
            let rig = try await Self.registered()
            let session = try rig.session
            try await Self.write(rig, "/30000/0/1", "gt=100")
            #expect(session.requestAtOnce(Self.observe("/30000/0/1", ["st=5"]))?.observe != nil)
            #expect(session.requestAtOnce(Self.observe("/30000/0/1", token: 2))?.observe != nil)
            rig.object.set(1, .integer(5))
            // A step of less than 5, and nothing that is attached.
            #expect(session.notified.isEmpty)
            rig.object.set(1, .integer(6))
            #expect(session.notified.map(\.token) == [[1]])
            session.notified[0].completion(nil)
            rig.object.set(1, .integer(101))
            session.notified[1].completion(nil)
            #expect(Set(session.notified.dropFirst().map(\.token)) == [[1], [2]])
            // Discover shows what is attached.
            let links = await session.request(Request(.get, path: ["30000", "0", "1"], accept: 40))
            #expect(links.map { String(decoding: $0.payload, as: UTF8.self) } == "</30000/0/1>;gt=100")
        }
    }

    @Test func attachedOnesDoNotCountForIt() async throws {
        try await onLoop {
            let rig = try await Self.registered()
            let session = try rig.session
            try await Self.write(rig, "/30000/0/1", "pmin=50", "gt=100")
            _ = session.requestAtOnce(Self.observe("/30000/0/1", ["pmax=600"]))
            rig.object.set(1, .integer(2))
            #expect(session.notified.count == 1)
            // Also those that are written later.
            try await Self.write(rig, "/30000/0/1", "pmin=70")
            session.notified[0].completion(nil)
            rig.object.set(1, .integer(3))
            #expect(session.notified.count == 2)
        }
    }

    @Test(arguments: [
        (EnablerVersion.v12, ["pmin=x"]), (.v12, ["foo=1"]), (.v12, ["edge=1"]), (.v12, ["gt=1", "lt=5"]),
        (.v11, ["pmin=1"]), (.v10, ["pmin=1"]),
    ])
    func whatIsNotUnderstoodIsRefused(version: EnablerVersion, query: [String]) async throws {
        try await onLoop {
            let rig = try await Self.registered(version)
            let answer = try rig.session.requestAtOnce(Self.observe("/30000/0/1", query))
            #expect(answer?.code == .badRequest)
            #expect(rig.client.status.first?.observations == 0)
        }
    }

    @Test func aCompositeHasThoseOfObjects() async throws {
        try await onLoop {
            let rig = try await Self.registered()
            let session = try rig.session
            try await Self.write(rig, "/30000/0/1", "pmin=1000", "gt=100")
            #expect(session.requestAtOnce(Self.composite(["/30000/0/1", "/3/0/0"], ["gt=1"]))?.code == .badRequest)
            #expect(session.requestAtOnce(Self.composite(["/30000/0/1", "/3/0/0"], ["pmin=10"]))?.observe != nil)
            // The threshold of the resource counts, its minimum period does not.
            await rig.advance(.seconds(11))
            rig.object.set(1, .integer(50))
            #expect(session.notified.isEmpty)
            rig.object.set(1, .integer(101))
            #expect(session.notified.count == 1)
            let read = Request(.fetch, path: [], query: ["pmin=1"], contentFormat: 110, payload: Array("[]".utf8))
            #expect(session.requestAtOnce(read)?.code == .badRequest)
        }
    }

    // MARK: edge

    @Test func anEdgeIsToldEachTime() async throws {
        try await onLoop {
            let rig = try await Self.registered()
            let session = try rig.session
            try await Self.write(rig, "/30000/0/9", "edge=1")
            _ = session.requestAtOnce(Self.observe("/30000/0/9"))
            for flag in [true, false, true, true, false] {
                rig.object.set(9, .boolean(flag))
                session.notified.last?.completion(nil)
            }
            #expect(Self.text(session) == ["1", "1"])
        }
    }

    // MARK: con

    @Test func unconfirmedNotificationsFollowWithoutWaiting() async throws {
        try await onLoop {
            let rig = try await Self.registered()
            let session = try rig.session
            try await Self.write(rig, "/30000", "con=0")
            _ = session.requestAtOnce(Self.observe("/30000/0/1"))
            for number in 2...4 as ClosedRange<Int64> { rig.object.set(1, .integer(number)) }
            #expect(Self.text(session) == ["2", "3", "4"])
            #expect(session.notified.allSatisfy { !$0.isConfirmable })
            // Once an hour one is confirmed: the server may not care any more.
            await rig.advance(.seconds(3600))
            rig.object.set(1, .integer(5))
            #expect(session.notified.last?.isConfirmable == true)
            session.notified.last?.completion(nil)
            rig.object.set(1, .integer(6))
            #expect(session.notified.last?.isConfirmable == false)
            // The first one of a session too.
            rig.client.reconnect()
            await settle()
            let next = try rig.session
            await next.answer(Response(.changed))
            rig.object.set(1, .integer(7))
            #expect(next.notified.map(\.isConfirmable) == [true])
            next.notified.last?.completion(nil)
            // The last word is.
            rig.object.contents[0]?[1] = nil
            rig.client.changed(Path(30000, 0, 1))
            #expect(next.notified.last?.response.code == .notFound)
            #expect(next.notified.last?.isConfirmable == true)
        }
    }

    @Test func unconfirmedOnesThatWaitAreReplacedByTheNewest() async throws {
        try await onLoop {
            let rig = try await Self.registered()
            let session = try rig.session
            try await Self.write(rig, "/30000/0/1", "con=0")
            _ = session.requestAtOnce(Self.observe("/30000/0/0"))
            _ = session.requestAtOnce(Self.observe("/30000/0/1", token: 2))
            rig.object.set(0, .string("waits"))
            for number in 2...20 as ClosedRange<Int64> { rig.object.set(1, .integer(number)) }
            #expect(Self.text(session) == ["waits"])
            session.notified[0].completion(nil)
            #expect(Self.text(session) == ["waits", "20"])
        }
    }

    @Test func onePartThatWantsItIsEnough() async throws {
        try await onLoop {
            let rig = try await Self.registered()
            let session = try rig.session
            try await Self.write(rig, "/30000", "con=0")
            _ = session.requestAtOnce(Self.composite(["/30000/0/1", "/3/0/0"]))
            _ = session.requestAtOnce(Self.observe("/30000/0", token: 2))
            rig.object.set(1, .integer(2))
            session.notified[0].completion(nil)
            #expect(session.notified.map(\.isConfirmable) == [true, false])
            try await Self.write(rig, "/30000/0/1", "con=1")
            rig.device.set(0, .string("b"))
            session.notified.last?.completion(nil)
            rig.object.set(0, .string("b"))
            // The resource below the instance wants it.
            #expect(session.notified.last?.token == [2])
            #expect(session.notified.last?.isConfirmable == true)
        }
    }

    // MARK: hqmax

    @LoopActor private static func outage(_ rig: Rig, _ values: ClosedRange<Int64>) async throws -> FakeSession {
        await (try rig.session).end(.timeout)
        for value in values {
            rig.object.set(1, .integer(value))
            rig.device.set(0, .string("d\(value)"))
        }
        rig.client.reconnect()
        await settle()
        let session = try rig.session
        await session.answer(Response(.changed))
        var index = 0
        while index < session.notified.count {
            session.notified[index].completion(nil)
            index += 1
        }
        return session
    }

    @Test(arguments: [(2, ["8", "9"]), (0, []), (1000, ["5", "6", "7", "8", "9"])])
    func anOutageLeavesAsManyAsAreWanted(limit: Int, expected: [String]) async throws {
        try await onLoop {
            let rig = try await Self.registered()
            try await Self.write(rig, "/30000/0", "hqmax=\(limit)")
            _ = try rig.session.requestAtOnce(Self.observe("/30000/0/1"))
            let session = try await Self.outage(rig, 5...9)
            #expect(Self.text(session) == expected)
            rig.object.set(1, .integer(10))
            #expect(Self.text(session) == expected + ["10"])
        }
    }

    @Test func pathsWithoutAQueueAreLeftOut() async throws {
        try await onLoop {
            let rig = try await Self.registered()
            try await Self.write(rig, "/30000/0/1", "hqmax=3")
            try await Self.write(rig, "/3", "hqmax=0")
            _ = try rig.session.requestAtOnce(Self.composite(["/30000/0/1", "/3/0/0"]))
            let session = try await Self.outage(rig, 5...6)
            let all = Self.text(session).joined()
            #expect(all.contains(#""n":"/30000/0/1""#) && all.contains(#""v":6"#))
            #expect(!all.contains("d5") && !all.contains("d6"))
        }
    }

    @Test func sleepIsNoOutage() async throws {
        try await onLoop {
            let rig = Rig(ServerSettings(lifetime: 86400, queueMode: true), version: .v12)
            try await rig.register()
            _ = try rig.session.requestAtOnce(Self.observe("/30000/0/1", ["hqmax=0", "con=0"]))
            await rig.advance(.seconds(93))
            #expect(rig.state == .asleep)
            rig.object.set(1, .integer(7))
            await rig.advance(.zero)
            let session = try rig.session
            // While contact is on the way.
            rig.object.set(1, .integer(8))
            await session.answer(Response(.changed))
            session.notified.first?.completion(nil)
            #expect(Self.text(session) == ["7", "8"])
        }
    }
}

/// What servers attached to an instance that the host removes.
@Suite struct AttributesOfGoneInstancesTests {
    private static let attach = Request(.put, path: ["30000", "1"], query: ["pmin=5"], token: [1])

    @Test func attributesGoWithAnInstanceThatTheHostRemoves() async throws {
        try await onLoop {
            let rig = Rig()
            rig.object.contents[1] = [1: .single(.integer(5))]
            try await rig.register()
            #expect(try await rig.session.request(Self.attach)?.code == .changed)
            #expect(rig.accounts.attributes(0).byPath.keys.sorted() == [Path(30000, 1)])
            rig.object.contents[1] = nil
            rig.object.changes?.instancesChanged(30000)
            await settle()
            rig.object.contents[1] = [1: .single(.integer(6))]
            rig.object.changes?.instancesChanged(30000)
            #expect(rig.accounts.attributes(0).byPath.isEmpty)
        }
    }

    @Test func attributesStayWhileInstancesAreStillToCome() async throws {
        try await onLoop {
            let rig = Rig()
            rig.object.contents[1] = [1: .single(.integer(5))]
            try await rig.register()
            #expect(try await rig.session.request(Self.attach)?.code == .changed)
            rig.object.isComplete = false
            rig.object.contents[1] = nil
            rig.object.changes?.instancesChanged(30000)
            await settle()
            #expect(rig.accounts.attributes(0).byPath.keys.sorted() == [Path(30000, 1)])
        }
    }
}
