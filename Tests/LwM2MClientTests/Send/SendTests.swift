import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// Send to a fake server, with time that passes when told.
@Suite struct SendTests {
    private static let number = Path(30000, 0, 1)
    private static let text = Path(30000, 0, 0)

    @LoopActor
    private static func rig(
        muteSend: Bool? = false, servers: Int = 1, _ more: (ServerAccounts) -> [any Object] = { _ in [] }
    ) async throws -> Rig {
        let rig = Rig(ServerSettings(lifetime: 86400, muteSend: muteSend), servers: servers, more: more)
        try await rig.register()
        return rig
    }

    /// The Sends among the requests of a session, decoded.
    @LoopActor
    private static func sent(_ session: FakeSession) throws -> [[CompositeContent.Entry]] {
        try session.requests.filter { $0.path == ["dp"] }.map { request in
            #expect(request.method == .post && request.contentFormat == 112)
            return try Codec.decodeComposite(request.payload, .senMLCBOR) {
                $0 == 3 || $0 == 30000 ? TestObject.table : nil
            }
            .content.entries
        }
    }

    /// Calls `send` and lets it run; the result comes with the answer.
    @LoopActor
    private final class Call {
        var results: [SendResult]?
        var error: OperationError?

        init(_ rig: Rig, _ paths: [Path], to server: String? = nil) async {
            LoopActor.spawn {
                do throws(OperationError) {
                    self.results = try await rig.client.send(paths, to: server)
                } catch {
                    self.error = error
                }
            }
            await settle()
        }
    }

    private static func result(_ outcome: SendOutcome, _ server: String = "main") -> [SendResult] {
        [SendResult(server: server, outcome: outcome)]
    }

    @Test func valuesAreSentWithTheirTimeAndTheAnswerIsWaitedFor() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            let call = await Call(rig, [Self.number, Self.text])
            let session = try rig.session
            let entries = try #require(try Self.sent(session).first)
            #expect(entries.map(\.path) == [Self.number, Self.text])
            #expect(entries.map(\.value) == [.integer(1), .string("a")])
            // The rig's clock stands at 2026-01-01.
            #expect(entries.map(\.time) == [Rig.epoch, Rig.epoch])
            #expect(call.results == nil)
            await session.answer(Response(.changed))
            #expect(call.results == Self.result(.delivered))
            #expect(rig.client.status[0].waitingValues == 0)
        }
    }

    @Test func onlyOneMessageIsUnderWay() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            let session = try rig.session
            let first = await Call(rig, [Self.number])
            rig.object.set(1, .integer(2))
            let second = await Call(rig, [Self.number])
            rig.object.set(1, .integer(3))
            let third = await Call(rig, [Self.number])
            #expect(try Self.sent(session).count == 1)
            await session.answer(Response(.changed))
            #expect(first.results == Self.result(.delivered))
            // What came meanwhile leaves together, each value as it was then.
            let last = try #require(try Self.sent(session).last)
            #expect(last.map(\.value) == [.integer(2), .integer(3)])
            // A message has a path only once with one time.
            #expect(last.map(\.time) == [Rig.epoch, Rig.epoch + 0.001])
            #expect(second.results == nil)
            await session.answer(Response(.changed))
            #expect(second.results == Self.result(.delivered) && third.results == Self.result(.delivered))
        }
    }

    @Test(arguments: [true, nil] as [Bool?])
    func aServerThatMutesSendGetsNothing(_ mute: Bool?) async throws {
        try await onLoop {
            let rig = try await Self.rig(muteSend: mute)
            rig.client.sendRules = [SendRule(name: "all", paths: [Self.number], period: .seconds(10))]
            let call = await Call(rig, [Self.number])
            #expect(call.results == Self.result(.muted))
            await rig.advance(.seconds(60))
            #expect(try Self.sent(rig.session).isEmpty)
            #expect(rig.client.status[0].waitingValues == 0)
            // It begins once the server unmutes it.
            try await rig.accounts.change(0) { $0.muteSend = false }
            await rig.advance(.seconds(10))
            #expect(try Self.sent(rig.session).count == 1)
        }
    }

    @Test func mutingDropsWhatWaits() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            let first = await Call(rig, [Self.number])
            let second = await Call(rig, [Self.number])
            #expect(rig.client.status[0].waitingValues == 2)
            try await rig.accounts.change(0) { $0.muteSend = true }
            await settle()
            #expect(first.results == Self.result(.muted) && second.results == Self.result(.muted))
            #expect(rig.client.status[0].waitingValues == 0)
            try await rig.session.answer(Response(.changed))
            #expect(try Self.sent(rig.session).count == 1)
        }
    }

    @Test func valuesOfAnOutageAreKeptWithTheirTimes() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            let lost = try rig.session
            await lost.end(.closed)
            rig.client.sendRules = [SendRule(name: "all", paths: [Self.number], period: .seconds(100))]
            // Half of the period by the rig's jitter, then the whole.
            await rig.advance(.seconds(50))
            rig.object.set(1, .integer(2))
            await rig.advance(.seconds(100))
            let call = await Call(rig, [Self.text])
            #expect(call.results == Self.result(.stored))
            #expect(try Self.sent(lost).isEmpty)
            #expect(rig.client.status[0].waitingValues == 3)
            rig.client.reconnect()
            await settle()
            let session = try rig.session
            await session.answer(Response(.changed))
            let entries = try #require(try Self.sent(session).first)
            #expect(entries.map(\.value) == [.integer(1), .integer(2), .string("a")])
            #expect(entries.map(Rig.age) == [50, 150, 150.001])
            await session.answer(Response(.changed))
            #expect(rig.client.status[0].waitingValues == 0)
        }
    }

    @Test func whatIsNotAcknowledgedIsSentAgain() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            _ = await Call(rig, [Self.number])
            let lost = try rig.session
            await rig.advance(.seconds(5))
            lost.fail(.timeout)
            await settle()
            // A new session tells whether the server is there.
            let session = try rig.session
            #expect(session !== lost)
            await session.answer(Response(.changed))
            let entries = try #require(try Self.sent(session).first)
            #expect(entries.map(\.time) == [Rig.epoch])
        }
    }

    @Test func aServerThatNeverAnswersSendIsNotAskedForEver() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            _ = await Call(rig, [Self.number])
            for _ in 0..<Sender.attempts {
                try rig.session.fail(.timeout)
                await settle()
                await rig.advance(.seconds(600))
                try await rig.session.answer(Response(.changed))
            }
            #expect(rig.client.status[0].waitingValues == 0)
            #expect(
                rig.reports.all.contains(.sendRefused(server: "main", reason: "the server does not answer them")))
            #expect(rig.state == .registered)
        }
    }

    /// Plain CoAP: the network says that nobody listens, and the session stays.
    @Test func whatTheNetworkRefusesIsOfferedAgainLater() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            _ = await Call(rig, [Self.number])
            try rig.session.fail(.unreachable("connection refused"))
            await settle()
            let session = try rig.session
            await session.answer(Response(.changed))
            await rig.advance(Sender.standardPause)
            #expect(try Self.sent(session).count == 1)
        }
    }

    /// What came while the server was busy does not share the fate of what it refused.
    @Test func newValuesAreNotDroppedWithOldOnes() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            let session = try rig.session
            _ = await Call(rig, [Self.number])
            for _ in 0..<2 {
                await session.answer(Response(.serviceUnavailable, maxAge: 10))
                rig.object.set(1, .integer(2))
                _ = await Call(rig, [Self.number])
                await rig.advance(.seconds(10))
            }
            #expect(try Self.sent(session).map(\.count) == [1, 1, 1])
            await session.answer(Response(.serviceUnavailable))
            #expect(rig.client.status[0].waitingValues == 2)
            #expect(try Self.sent(session).last?.map(\.value) == [.integer(2), .integer(2)])
        }
    }

    @Test func whatWaitsForAServerIsNotForAnotherOneOfItsName() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            try await rig.session.end(.closed)
            _ = await Call(rig, [Self.number])
            #expect(rig.client.status[0].waitingValues == 1)
            var seed = rig.accounts.all[0].seed
            seed.endpoint.host = "elsewhere"
            try await rig.accounts.reload([seed])
            await rig.client.reload()
            #expect(rig.client.status[0].waitingValues == 0)
        }
    }

    @Test func thresholdsAreForNumbersAlone() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            rig.client.sendRules = [
                SendRule(
                    name: "high", paths: [Self.number, Self.text, Path(30000)],
                    condition: Attributes(minimumPeriod: 0, greaterThan: 20))
            ]
            rig.object.set(0, .string("b"))
            await rig.advance(.seconds(60))
            #expect(try Self.sent(rig.session).isEmpty)
            rig.object.set(1, .integer(21))
            await settle()
            #expect(try Self.sent(rig.session).count == 1)
        }
    }

    @Test func aRefusalDropsTheValuesAndIsToldOnce() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            let session = try rig.session
            let refused = Response(.notFound, payload: Array("no such\nobject".utf8))
            for _ in 0..<3 {
                let call = await Call(rig, [Self.number])
                await session.answer(refused)
                #expect(call.results == Self.result(.failed("the server answered with 4.04: no such object")))
            }
            @LoopActor func told() -> Int {
                rig.reports.all.count { if case .sendRefused = $0 { true } else { false } }
            }
            #expect(told() == 1)
            #expect(rig.client.status[0].waitingValues == 0)
            // After a success the next refusal is news.
            _ = await Call(rig, [Self.number])
            await session.answer(Response(.changed))
            _ = await Call(rig, [Self.number])
            await session.answer(refused)
            #expect(told() == 2)
        }
    }

    @Test func aBusyServerIsAskedAgainWhenItSays() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            let session = try rig.session
            let call = await Call(rig, [Self.number])
            await session.answer(Response(.serviceUnavailable, maxAge: 300))
            await rig.advance(.seconds(299))
            #expect(try Self.sent(session).count == 1)
            #expect(call.results == Self.result(.stored))
            await rig.advance(.seconds(1))
            #expect(try Self.sent(session).count == 2)
            await session.answer(Response(.internalServerError))
            await rig.advance(Sender.standardPause)
            #expect(try Self.sent(session).count == 3)
            await session.answer(Response(.internalServerError))
            // Three times are enough.
            await rig.advance(.seconds(600))
            #expect(try Self.sent(session).count == 3)
            #expect(rig.client.status[0].waitingValues == 0)
        }
    }

    @Test func droppedValuesAreToldOncePerOutage() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            try await rig.session.end(.closed)
            rig.object.set(0, .string(String(repeating: "x", count: 60000)))
            for _ in 0..<8 { _ = await Call(rig, [Self.text]) }
            #expect(rig.client.status[0].waitingValues == 4)
            #expect(rig.reports.all.count { $0 == .sendDropped(server: "main") } == 1)
        }
    }

    @Test func eachServerGetsWhatItMayRead() async throws {
        try await onLoop {
            let rig = try await Self.rig(servers: 2)
            let call = await Call(rig, [Path(30000, 0)])
            #expect(try rig.transport.sessions.map { try Self.sent($0).count } == [1, 1])
            for session in rig.transport.sessions { await session.answer(Response(.changed)) }
            #expect(call.results == Self.result(.delivered) + Self.result(.delivered, "main1"))
            let one = await Call(rig, [Self.number], to: "main1")
            #expect(try rig.transport.sessions.map { try Self.sent($0).count } == [1, 2])
            await rig.transport.sessions[1].answer(Response(.changed))
            #expect(one.results == Self.result(.delivered, "main1"))
            #expect(await Call(rig, [Self.number], to: "other").results == [])
        }
    }

    @Test func whatIsNotThereIsRefused() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            #expect(await Call(rig, [Path(0, 0)]).error?.code == .unauthorized)
            #expect(await Call(rig, [Path(77)]).error?.code == .notFound)
            #expect(await Call(rig, [Self.number, Path(30000, 0, 6)]).error?.code == .notFound)
            #expect(await Call(rig, [Path(30000, 0, 4)]).error?.code == .methodNotAllowed)
            #expect(try Self.sent(rig.session).isEmpty)
        }
    }

    @Test func aPeriodIsKeptThroughAReloadOfTheSameRules() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            let session = try rig.session
            let rule = SendRule(name: "all", paths: [Self.number], period: .seconds(100))
            rig.client.sendRules = [rule]
            await rig.advance(.seconds(49))
            rig.client.sendRules = [
                rule, SendRule(name: "never", servers: ["other"], paths: [Self.text], period: .seconds(1)),
            ]
            await rig.advance(.seconds(1))
            #expect(try Self.sent(session).count == 1)
            await session.answer(Response(.changed))
            await rig.advance(.seconds(100))
            #expect(try Self.sent(session).count == 2)
            await session.answer(Response(.changed))
            rig.client.sendRules = []
            await rig.advance(.seconds(1000))
            #expect(try Self.sent(session).count == 2)
        }
    }

    @Test func aGatewayThatSleptSendsOnce() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            rig.client.sendRules = [SendRule(name: "all", paths: [Self.number], period: .seconds(10))]
            // The scheduler of the tests runs each timer at its time; the schedule sees only the end of the sleep.
            await rig.advance(.seconds(5))
            #expect(rig.client.status[0].waitingValues == 1)
        }
    }

    @Test func changesAreSentAsTheConditionSays() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            let session = try rig.session
            @LoopActor func values() throws -> [Value] { try Self.sent(session).map { $0[0].value } }
            rig.client.sendRules = [
                SendRule(
                    name: "high", paths: [Self.number, Self.text],
                    condition: Attributes(minimumPeriod: 10, greaterThan: 20, step: 50))
            ]
            rig.object.set(1, .integer(15))
            await rig.advance(.seconds(60))
            #expect(try values() == [])
            rig.object.set(1, .integer(21))
            await settle()
            #expect(try values() == [.integer(21)])
            await session.answer(Response(.changed))
            // Not before the minimum period, but then, although it has gone back.
            rig.object.set(1, .integer(19))
            rig.object.set(1, .integer(22))
            await rig.advance(.seconds(9))
            #expect(try values().count == 1)
            await rig.advance(.seconds(1))
            #expect(try values() == [.integer(21), .integer(22)])
            await session.answer(Response(.changed))
            await rig.advance(.seconds(20))
            rig.object.set(1, .integer(73))
            await settle()
            #expect(try values().last == .integer(73))
            await session.answer(Response(.changed))
            // The other values go along.
            #expect(try Self.sent(session).last?.map(\.value) == [.integer(73), .string("a")])
        }
    }

    @Test func whatChangesWithoutAWordIsLookedAt() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            rig.object.sampling = .seconds(5)
            rig.client.sendRules = [
                SendRule(name: "sampled", paths: [Path(30000, 0, 8)], condition: Attributes(minimumPeriod: 0))
            ]
            rig.object.set(8, .integer(4), silently: true)
            await rig.advance(.seconds(5))
            #expect(try Self.sent(rig.session).map { $0.map(\.value) } == [[.integer(4)]])
        }
    }

    @Test func anInstanceThatAppearsIsSent() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            rig.client.sendRules = [
                SendRule(name: "second", paths: [Path(30000, 1, 1)], condition: Attributes(minimumPeriod: 0))
            ]
            rig.object.contents[1] = [1: .single(.integer(9))]
            rig.object.changes?.instancesChanged(30000)
            await settle()
            #expect(try Self.sent(rig.session).map { $0.map(\.path) } == [[Path(30000, 1, 1)]])
        }
    }

    @Test func nothingIsTakenAfterTheEnd() async throws {
        try await onLoop {
            let rig = try await Self.rig()
            rig.client.sendRules = [SendRule(name: "all", paths: [Self.number], period: .seconds(10))]
            LoopActor.spawn { await rig.client.stop() }
            await settle()
            try await rig.session.answer(Response(.deleted))
            let reads = rig.object.reads
            await rig.advance(.seconds(100))
            #expect(rig.object.reads == reads)
        }
    }

    @Test func aClockAtItsBeginningSendsAges() async throws {
        try await onLoop {
            let rig = Rig(ServerSettings(lifetime: 86400, muteSend: false), epoch: 1000)
            try await rig.register()
            try await rig.session.end(.closed)
            _ = await Call(rig, [Self.number])
            await rig.advance(.seconds(40))
            rig.client.reconnect()
            await settle()
            try await rig.session.answer(Response(.changed))
            #expect(try Self.sent(rig.session).first?.map(\.time) == [-40])
        }
    }
}
