import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

@Suite struct ObservationTests {
    private static func observe(
        _ path: String, token: UInt8 = 1, accept: UInt16? = nil, observe: UInt32 = 0
    ) -> Request {
        Request(
            .get, path: path.split(separator: "/").map { String($0) }, accept: accept, observe: observe, token: [token])
    }

    @LoopActor private static func text(_ session: FakeSession) -> [String] {
        session.notified.map { String(decoding: $0.response.payload, as: UTF8.self) }
    }

    @Test func everyChangeIsToldInOrderOneAtATime() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            let first = session.requestAtOnce(Self.observe("/30000/0/1"))
            #expect(first?.code == .content)
            let start = try #require(first?.observe)
            _ = session.requestAtOnce(Self.observe("/30000/0/0", token: 2))
            rig.object.set(0, .string("result"))
            for value in 2...4 as ClosedRange<Int64> { rig.object.set(1, .integer(value)) }
            // What counts is the content at the time of the change, not when it is sent.
            #expect(Self.text(session) == ["result"])
            for index in 0..<4 {
                #expect(session.notified.count == index + 1)
                session.notified[index].completion(nil)
            }
            #expect(Self.text(session) == ["result", "2", "3", "4"])
            #expect(session.notified.map(\.token) == [[2], [1], [1], [1]])
            let sequence = session.notified.compactMap(\.response.observe)
            #expect(sequence.count == 4 && sequence == sequence.sorted() && sequence[0] > start)
            #expect(session.notified.allSatisfy { $0.response.contentFormat == 0 })
        }
    }

    /// A timer may be late; another change must not take its place.
    @Test func anotherChangeDoesNotHideWhatIsDue() async throws {
        try await onLoop {
            let rig = Rig(ServerSettings(lifetime: 86400))
            try await rig.register()
            let session = try rig.session
            _ = await session.request(Request(.put, path: ["30000", "0", "1"], query: ["pmax=60"]))
            // Before the timer of the observations.
            rig.scheduler.schedule(after: .seconds(60)) { rig.object.set(0, .string("b")) }
            _ = session.requestAtOnce(Self.observe("/30000/0/1"))
            _ = session.requestAtOnce(Self.observe("/30000/0/0", token: 2))
            await rig.advance(.seconds(60))
            session.notified.first?.completion(nil)
            await rig.advance(.zero)
            #expect(session.notified.map(\.token) == [[2], [1]])
        }
    }

    @Test func levelsAboveTellTheWholeInTheFormatThatWasAskedFor() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            for (token, path) in [(1, "/30000"), (2, "/30000/0"), (3, "/30000/0/5"), (4, "/30000/0/5/1")]
                as [(UInt8, String)]
            {
                #expect(session.requestAtOnce(Self.observe(path, token: token, accept: 110))?.observe != nil)
            }
            rig.object.contents[0]?[5] = .multiple([0: .integer(10), 1: .integer(99)])
            rig.object.changes?.changed(Path(30000, 0, 5))
            for index in 0..<4 { session.notified[index].completion(nil) }
            #expect(session.notified.map(\.token) == [[1], [2], [3], [4]])
            #expect(session.notified.allSatisfy { $0.response.contentFormat == 110 })
            #expect(session.notified.allSatisfy { String(decoding: $0.response.payload, as: UTF8.self).contains("99") })
            // Another instance of the resource is another's business.
            rig.object.contents[0]?[5] = .multiple([0: .integer(11), 1: .integer(99)])
            rig.object.changes?.changed(Path(30000, 0, 5))
            for index in 4..<7 { session.notified[index].completion(nil) }
            #expect(session.notified.count == 7)
            #expect(!session.notified[4...].contains { $0.token == [4] })
        }
    }

    @Test func aResetEndsItAndACancelEndsIt() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            _ = session.requestAtOnce(Self.observe("/30000/0/1"))
            rig.object.set(1, .integer(2))
            rig.object.set(1, .integer(3))
            session.notified[0].completion(.reset)
            #expect(session.notified.count == 1)
            #expect(rig.client.status[0].observations == 0)

            _ = session.requestAtOnce(Self.observe("/30000/0/1", token: 9))
            let answer = session.requestAtOnce(Self.observe("/30000/0/1", token: 9, observe: 1))
            #expect(answer?.code == .content && answer?.observe == nil)
            rig.object.set(1, .integer(4))
            #expect(session.notified.count == 1)
        }
    }

    @Test func theSameTokenReplacesAndAnErrorIsNoObservation() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            _ = session.requestAtOnce(Self.observe("/30000/0/1"))
            _ = session.requestAtOnce(Self.observe("/30000/0/0"))
            let refused = session.requestAtOnce(Self.observe("/30000/0/3", token: 2))
            #expect(refused?.code == .methodNotAllowed && refused?.observe == nil)
            #expect(session.requestAtOnce(Self.observe("/0", token: 3))?.code == .unauthorized)
            #expect(session.requestAtOnce(Self.observe("/30000/0/0", token: 4, accept: 42))?.code == .notAcceptable)
            #expect(rig.client.status[0].observations == 1)
            rig.object.set(1, .integer(5))
            #expect(session.notified.isEmpty)
        }
    }

    @Test func tooManyAreAnsweredButNotKept() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            @LoopActor func observed(_ number: Int) -> Response? {
                let token = [UInt8(number >> 8), UInt8(number & 255)]
                return session.requestAtOnce(Request(.get, path: ["30000", "0", "1"], observe: 0, token: token))
            }
            for number in 0..<Observations.limit { #expect(observed(number)?.observe != nil) }
            let more = observed(Observations.limit)
            #expect(more?.code == .content && more?.observe == nil)
        }
    }

    /// The last content of each is kept: many of them may not be of whole objects.
    @Test func manyAreOfFewValues() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            @LoopActor func observed(_ path: [String], _ number: Int) -> Bool {
                let token = [UInt8(number >> 8), UInt8(number & 255)]
                return session.requestAtOnce(Request(.get, path: path, observe: 0, token: token))?.observe != nil
            }
            let whole = (0..<Observations.limit).prefix { observed(["30000"], $0) }.count
            #expect(whole > Observations.largeLimit && whole < Observations.limit)
            #expect(observed(["30000", "0", "1"], Observations.limit))
            #expect(!observed(["30000"], Observations.limit + 1))
        }
    }

    @Test func timeThatPassesIsNoChangeAboveItsResource() async throws {
        try await onLoop {
            let rig = Rig()
            rig.object.sampling = .seconds(10)
            rig.object.passing = 1
            try await rig.register()
            let session = try rig.session
            #expect(session.requestAtOnce(Self.observe("/30000/0"))?.observe != nil)
            #expect(session.requestAtOnce(Self.observe("/30000", token: 2))?.observe != nil)
            for second in 1...5 as ClosedRange<Int64> {
                rig.object.set(1, .integer(1000 + second), silently: true)
                await rig.advance(.seconds(10))
            }
            #expect(session.notified.isEmpty)
            // Another resource changed: all is told as it is now. The clock was set: so it is.
            rig.object.set(8, .integer(7), silently: true)
            await rig.advance(.seconds(10))
            for index in 0..<2 { session.notified[index].completion(nil) }
            rig.object.set(1, .integer(5))
            for index in 2..<4 { session.notified[index].completion(nil) }
            #expect(session.notified.map(\.token) == [[1], [2], [1], [2]])
        }
    }

    @Test func aStepOfTimeIsToldWhenItIsAskedFor() async throws {
        try await onLoop {
            let rig = Rig()
            rig.object.passing = 1
            try await rig.register()
            let session = try rig.session
            #expect(session.requestAtOnce(Self.observe("/30000/0/1"))?.observe != nil)
            @LoopActor func pass(_ seconds: ClosedRange<Int64>) async {
                for second in seconds {
                    rig.object.set(1, .integer(1000 + second), silently: true)
                    await rig.advance(.seconds(1))
                }
            }
            await pass(1...30)
            #expect(session.notified.isEmpty)
            let step = Request(.put, path: ["30000", "0", "1"], query: ["st=10"])
            #expect(await session.request(step)?.code == .changed)
            #expect(Self.text(session) == ["1030"])
            session.notified[0].completion(nil)
            await pass(31...45)
            #expect(Self.text(session) == ["1030", "1040"])
        }
    }

    @Test func attributesHoldBackAndDefaultsDo() async throws {
        try await onLoop {
            let rig = Rig(ServerSettings(lifetime: 86400, defaultMinimumPeriod: 10, defaultMaximumPeriod: 60))
            try await rig.register()
            let session = try rig.session
            _ = session.requestAtOnce(Self.observe("/30000/0/1"))
            rig.object.set(1, .integer(2))
            #expect(session.notified.isEmpty)
            await rig.advance(.seconds(10))
            #expect(Self.text(session) == ["2"])
            session.notified[0].completion(nil)
            await rig.advance(.seconds(60))
            #expect(Self.text(session) == ["2", "2"])
            session.notified[1].completion(nil)
            // What a server attaches counts from then on.
            _ = await session.request(
                Request(.put, path: ["30000", "0", "1"], query: ["pmin=0", "pmax=0", "st=5"]))
            rig.object.set(1, .integer(6))
            #expect(session.notified.count == 2)
            rig.object.set(1, .integer(7))
            #expect(Self.text(session) == ["2", "2", "7"])
            session.notified[2].completion(nil)
            await rig.advance(.seconds(600))
            #expect(session.notified.count == 3)
        }
    }

    @Test func sampledOnlyWhileObserved() async throws {
        try await onLoop {
            let rig = Rig(ServerSettings(lifetime: 86400))
            rig.object.sampling = .seconds(30)
            try await rig.register()
            let session = try rig.session
            let idle = rig.scheduler.nextDelay
            await rig.advance(.seconds(100))
            #expect(rig.object.reads == 0)
            _ = session.requestAtOnce(Self.observe("/30000/0/8"))
            rig.object.set(8, .integer(5), silently: true)
            await rig.advance(.seconds(29))
            #expect(rig.object.reads == 1)
            await rig.advance(.seconds(1))
            #expect(Self.text(session) == ["5"])
            session.notified[0].completion(nil)
            _ = session.requestAtOnce(Self.observe("/30000/0/8", observe: 1))
            let reads = rig.object.reads
            await rig.advance(.seconds(1000))
            #expect(rig.object.reads == reads)
            #expect(rig.scheduler.nextDelay.map { $0 < idle ?? .zero } == true)
        }
    }

    @Test func whatIsDeletedIsToldOnceAsNotFound() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            rig.object.contents[1] = [1: .single(.integer(1))]
            _ = session.requestAtOnce(Self.observe("/30000/1/1"))
            _ = await session.request(Request(.delete, path: ["30000", "1"]))
            #expect(session.notified.count == 1)
            #expect(session.notified[0].response.code == .notFound)
            #expect(session.notified[0].response.observe == nil)
            session.notified[0].completion(nil)
            #expect(rig.client.status[0].observations == 0)
        }
    }

    /// Otherwise the server would take the silence for "no change" for ever: the registration lasts.
    @Test(arguments: ["session ended", "not acknowledged"])
    func aLastWordThatIsLostIsToldOverTheNextSession(loss: String) async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let first = try rig.session
            rig.object.contents[1] = [1: .single(.integer(1))]
            _ = first.requestAtOnce(Self.observe("/30000/1/1"))
            _ = await first.request(Request(.delete, path: ["30000", "1"]))
            #expect(first.notified.map(\.response.code) == [.notFound])
            if loss == "session ended" { await first.end(.closed) } else { first.notified[0].completion(.timeout) }
            await rig.advance(.seconds(5))
            let second = try rig.session
            #expect(second !== first && second.requests == [Request(.post, path: ["rd", "x"])])
            await second.answer(Response(.changed))
            #expect(second.notified.map(\.response.code) == [.notFound])
            #expect(second.notified.map(\.token) == first.notified.map(\.token))
            try #require(second.notified.first).completion(nil)
            #expect(rig.client.status[0].observations == 0)
            // It is over: nothing follows, also not in the next session.
            await second.end(.closed)
            await rig.advance(.seconds(5))
            try await rig.session.answer(Response(.changed))
            #expect(try rig.session.notified.isEmpty)
        }
    }

    @Test func aLastWordIsNotRepeatedToAServerThatCancelled() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let first = try rig.session
            rig.object.contents[1] = [1: .single(.integer(1))]
            _ = first.requestAtOnce(Self.observe("/30000/1/1"))
            _ = await first.request(Request(.delete, path: ["30000", "1"]))
            // The token is used anew while the last word is on its way.
            #expect(first.requestAtOnce(Self.observe("/30000/0/1"))?.observe != nil)
            await first.end(.closed)
            await rig.advance(.seconds(5))
            try await rig.session.answer(Response(.changed))
            #expect(try rig.session.notified.isEmpty)
            #expect(rig.client.status[0].observations == 1)
        }
    }

    @Test func whatChangesWhileTheServerIsAwayIsToldInOrder() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            // Observed in one order, changed in the other.
            _ = try rig.session.requestAtOnce(Self.observe("/30000/0/1", token: 1))
            _ = try rig.session.requestAtOnce(Self.observe("/30000/0/0", token: 2))
            try await rig.session.end(.closed)
            rig.object.set(0, .string("result"))
            for value in 2...40 as ClosedRange<Int64> { rig.object.set(1, .integer(value)) }
            await rig.advance(.seconds(2))
            try await rig.session.answer(Response(.changed))
            let session = try rig.session
            // A text has no time: each change is a notification of its own.
            for index in 0..<40 { session.notified[index].completion(nil) }
            #expect(Self.text(session) == ["result"] + (2...40).map { "\($0)" })
        }
    }

    @Test func aNotificationThatIsNotAcknowledgedIsToldAgainOverANewSessionAndThenGivenUp() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let first = try rig.session
            _ = first.requestAtOnce(Self.observe("/30000/0/1"))
            rig.object.set(1, .integer(2))
            first.notified[0].completion(.timeout)
            await settle()
            let second = try rig.session
            #expect(second !== first)
            #expect(second.requests == [Request(.post, path: ["rd", "x"])])
            await second.answer(Response(.changed))
            #expect(Self.text(second) == ["2"])
            second.notified[0].completion(.timeout)
            await settle()
            try await rig.session.answer(Response(.changed))
            #expect(try rig.session.notified.isEmpty)
            #expect(rig.client.status[0].observations == 0)
        }
    }

    @Test func theQueueIsBoundedAndKeepsTheLast() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let session = try rig.session
            _ = session.requestAtOnce(Self.observe("/30000/0/1"))
            for value in 2...1000 as ClosedRange<Int64> { rig.object.set(1, .integer(value)) }
            var index = 0
            while index < session.notified.count {
                session.notified[index].completion(nil)
                index += 1
            }
            #expect(session.notified.count == 17)
            #expect(Self.text(session).last == "1000")
        }
    }

    /// Notification Storing When Disabled or Offline (1/x/6).
    @Test(arguments: [true, false])
    func changesDuringAnOutageAreToldWhenTheServerWantsThem(isStoring: Bool) async throws {
        try await onLoop {
            let rig = Rig(ServerSettings(lifetime: 300, notificationStoring: isStoring))
            try await rig.register()
            #expect(try rig.session.requestAtOnce(Self.observe("/30000/0/1"))?.observe != nil)
            try await rig.session.end(.timeout)
            rig.object.set(1, .integer(5))
            await rig.advance(.seconds(4))
            try await rig.session.answer(Response(.changed))
            #expect(Self.text(try rig.session) == (isStoring ? ["5"] : []))
            // What changes from now on is told in any case.
            if isStoring { try rig.session.notified[0].completion(nil) }
            rig.object.set(1, .integer(6))
            #expect(Self.text(try rig.session).last == "6")
        }
    }
}
