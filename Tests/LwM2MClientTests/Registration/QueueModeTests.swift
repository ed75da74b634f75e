import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// Queue mode (LwM2M Core 6.5): when the client sleeps, and what wakes it.
@Suite struct QueueModeTests {
    private static func settings(lifetime: UInt32 = 3600, storing: Bool = true) -> ServerSettings {
        ServerSettings(lifetime: lifetime, notificationStoring: storing, queueMode: true)
    }

    /// Registered, and asleep.
    @LoopActor private static func asleep(_ settings: ServerSettings = settings()) async throws -> Rig {
        let rig = Rig(settings)
        try await rig.register()
        await rig.advance(.seconds(93))
        return rig
    }

    @Test func registerTellsItAsEachVersionWritesIt() async throws {
        try await onLoop {
            for (version, settings, expected) in [
                (EnablerVersion.v10, ServerSettings(queueMode: true), ["b=UQ"]),
                (.v11, ServerSettings(queueMode: true), ["b=U", "Q"]),
                (.v12, ServerSettings(queueMode: true), ["b=U", "Q"]), (.v10, ServerSettings(), ["b=U"]),
                (.v11, ServerSettings(), ["b=U"]),
            ] {
                let rig = Rig(settings, version: version)
                try await rig.register()
                let query = try #require(rig.session.requests.first).query
                #expect(query == ["ep=gw", "lt=86400", "lwm2m=\(version)"] + expected)
            }
        }
    }

    @Test func itSleepsSoLongAfterTheLastMessage() async throws {
        try await onLoop {
            let rig = Rig(Self.settings())
            try await rig.register()
            await rig.advance(.seconds(92))
            #expect(rig.state == .registered)
            // A request, an acknowledgement and an answer each begin the time anew.
            let session = try rig.session
            _ = await session.request(Request(.get, path: ["30000", "0", "0"], observe: 0, token: [1]))
            await rig.advance(.seconds(92))
            #expect(rig.state == .registered)
            rig.object.set(0, .string("b"))
            await settle()
            try #require(session.notified.count == 1)
            session.notified[0].completion(nil)
            await rig.advance(.seconds(92))
            #expect(rig.state == .registered)
            await rig.advance(.seconds(1))
            #expect(rig.state == .asleep)
            #expect(session.isClosed)
            #expect(rig.reports.all.last == .asleep(server: "main"))
            #expect(rig.client.status.first?.registeredSince != nil)
        }
    }

    @Test func withoutQueueModeItIsAwakeForEver() async throws {
        try await onLoop {
            let rig = Rig(ServerSettings(lifetime: 3600))
            try await rig.register()
            await rig.advance(.seconds(1000))
            #expect(try !rig.session.isClosed)
            #expect(rig.state == .registered)
        }
    }

    @Test func itWakesForItsUpdateAlone() async throws {
        try await onLoop {
            let rig = try await Self.asleep()
            let due = try #require(rig.client.status.first?.nextAttempt)
            #expect(rig.transport.sessions.count == 1)
            await rig.advance(due - rig.scheduler.now - .seconds(1))
            #expect(rig.transport.sessions.count == 1)
            await rig.advance(.seconds(1))
            try #require(rig.transport.sessions.count == 2)
            let session = try rig.session
            #expect(session.requests.map(\.path) == [["rd", "x"]])
            await session.answer(Response(.changed))
            #expect(rig.state == .registered)
            await rig.advance(.seconds(93))
            #expect(rig.state == .asleep)
        }
    }

    /// Nothing else sets a timer: between two Updates the process is not woken up.
    @Test func asleepNothingIsDueBeforeTheUpdate() async throws {
        try await onLoop {
            let rig = try await Self.asleep()
            let due = try #require(rig.client.status.first?.nextAttempt)
            #expect(rig.scheduler.nextDelay == due - rig.scheduler.now)
        }
    }

    @Test(arguments: [true, false])
    func aNotificationWakesIt(storing: Bool) async throws {
        try await onLoop {
            let rig = Rig(Self.settings(storing: storing))
            try await rig.register()
            _ = await (try rig.session).request(Request(.get, path: ["30000", "0", "0"], observe: 0, token: [1]))
            await rig.advance(.seconds(93))
            #expect(rig.state == .asleep)
            rig.object.set(0, .string("b"))
            await rig.advance(.zero)
            try #require(rig.transport.sessions.count == 2)
            let session = try rig.session
            #expect(session.requests.map(\.path) == [["rd", "x"]])
            #expect(session.notified.isEmpty)
            // What changes on the way is told too.
            rig.object.set(0, .string("c"))
            await session.answer(Response(.changed))
            try #require(session.notified.count == 1)
            #expect(session.notified[0].token == [1])
            session.notified[0].completion(nil)
            await settle()
            #expect(session.notified.map { String(decoding: $0.response.payload, as: UTF8.self) } == ["b", "c"])
        }
    }

    /// Without storing (1/x/6), what happens in an outage after a sleep is not told.
    @Test func anOutageAfterASleepIsAnOutage() async throws {
        try await onLoop {
            let rig = Rig(Self.settings(storing: false))
            try await rig.register()
            _ = await (try rig.session).request(Request(.get, path: ["30000", "0", "0"], observe: 0, token: [1]))
            await rig.advance(.seconds(93))
            rig.object.set(0, .string("b"))
            await rig.advance(.zero)
            (try rig.session).fail(.timeout)
            await settle()
            rig.object.set(0, .string("c"))
            await rig.advance(.seconds(10))
            let session = try rig.session
            await session.answer(Response(.changed))
            #expect(rig.state == .registered)
            #expect(session.notified.isEmpty)
            rig.object.set(0, .string("d"))
            await settle()
            #expect(session.notified.count == 1)
        }
    }

    @Test func whatDisappearsWakesItToo() async throws {
        try await onLoop {
            let rig = Rig(Self.settings())
            try await rig.register()
            _ = await (try rig.session).request(Request(.get, path: ["30000", "0", "0"], observe: 0, token: [1]))
            await rig.advance(.seconds(93))
            rig.object.contents[0]?[0] = nil
            rig.client.changed(Path(30000, 0, 0))
            await rig.advance(.zero)
            let session = try rig.session
            await session.answer(Response(.changed))
            #expect(session.notified.map(\.response.code) == [.notFound])
        }
    }

    /// Both timers are due in the same turn.
    @Test func whatIsDueWhenItFallsAsleepWakesIt() async throws {
        try await onLoop {
            var settings = Self.settings()
            settings.defaultMaximumPeriod = 93
            let rig = Rig(settings)
            try await rig.register()
            _ = await (try rig.session).request(Request(.get, path: ["30000", "0", "0"], observe: 0, token: [1]))
            await rig.advance(.seconds(93))
            await rig.advance(.zero)
            #expect(rig.transport.sessions.count == 2)
        }
    }

    @Test func whatDisappearedWhileOfflineDoesNotSpin() async throws {
        try await onLoop {
            let rig = Rig(Self.settings())
            try await rig.register()
            _ = await (try rig.session).request(Request(.get, path: ["30000", "0", "0"], observe: 0, token: [1]))
            await (try rig.session).end(.timeout)
            rig.object.contents[0]?[0] = nil
            rig.client.changed(Path(30000, 0, 0))
            await settle()
            #expect(rig.scheduler.nextDelay != .zero)
        }
    }

    /// Before it is turned on, nobody noted what was heard.
    @Test func turnedOnLaterItIsAwakeForItsTime() async throws {
        try await onLoop {
            let rig = Rig(ServerSettings(lifetime: 86400), version: .v10)
            try await rig.register()
            await rig.advance(.seconds(1000))
            try await rig.accounts.change(0) { $0.setBinding("UQ", in: .v10) }
            await rig.advance(.milliseconds(500))
            #expect(rig.state == .registered)
            #expect(rig.transport.sessions.count == 1)
        }
    }

    @Test func sendWakesItAndWaitsForTheAnswer() async throws {
        try await onLoop {
            var settings = Self.settings()
            settings.muteSend = false
            let rig = try await Self.asleep(settings)
            let client = rig.client
            let results = Results()
            LoopActor.spawn { results.all = (try? await client.send([Path(30000, 0, 1)])) ?? [] }
            await settle()
            await rig.advance(.zero)
            let session = try rig.session
            #expect(session.requests.map(\.path) == [["rd", "x"]])
            // Another one while contact is on the way.
            let more = Results()
            LoopActor.spawn { more.all = (try? await client.send([Path(30000, 0, 0)])) ?? [] }
            await settle()
            await session.answer(Response(.changed))
            #expect(session.requests.map(\.path) == [["rd", "x"], ["dp"]])
            await session.answer(Response(.changed))
            #expect(results.all.map(\.outcome) == [.delivered])
            #expect(more.all.map(\.outcome) == [.delivered])
        }
    }

    @Test func objectsThatComeWakeIt() async throws {
        try await onLoop {
            let rig = try await Self.asleep()
            rig.object.contents[7] = [:]
            rig.client.instancesChanged(30000)
            await rig.advance(.seconds(1))
            #expect(try rig.session.requests.map(\.path) == [["rd", "x"]])
            #expect(rig.transport.sessions.count == 2)
        }
    }

    @Test func workAndTransfersKeepItAwake() async throws {
        try await onLoop {
            let rig = Rig(Self.settings())
            try await rig.register()
            rig.object.isWorking = true
            await rig.advance(.seconds(93))
            #expect(rig.state == .registered)
            rig.object.isWorking = false
            let session = try rig.session
            session.isTransferring = true
            await rig.advance(.seconds(93))
            #expect(rig.state == .registered)
            session.isTransferring = false
            await rig.advance(.seconds(93))
            #expect(rig.state == .asleep)
        }
    }

    @Test func anOperatorWakesIt() async throws {
        try await onLoop {
            let rig = try await Self.asleep()
            rig.client.reconnect()
            await settle()
            #expect(rig.transport.sessions.count == 2)
            #expect(try rig.session.requests.map(\.path) == [["rd", "x"]])
        }
    }

    @Test func itWakesToDeregister() async throws {
        try await onLoop {
            let rig = try await Self.asleep()
            let client = rig.client
            let stopping = LoopActor.spawn { await client.stop() }
            await settle()
            let session = try rig.session
            #expect(rig.transport.sessions.count == 2)
            #expect(session.requests.map(\.method) == [.delete])
            await session.answer(Response(.deleted))
            await stopping.value
            #expect(session.isClosed)
        }
    }

    /// A change of the network concerns no session: the next one takes the way of then.
    @Test func theNetworkDoesNotWakeIt() async throws {
        try await onLoop {
            let rig = try await Self.asleep()
            (try rig.session).path = .moved
            rig.client.networkChanged()
            await rig.advance(.seconds(10))
            #expect(rig.transport.sessions.count == 1)
            #expect(rig.state == .asleep)
        }
    }

    @Test func aServerOf10TurnsItOnByTheBinding() async throws {
        try await onLoop {
            let rig = Rig(ServerSettings(lifetime: 3600), version: .v10)
            try await rig.register()
            try await rig.accounts.change(0) { $0.setBinding("UQ", in: .v10) }
            await rig.advance(.seconds(1))
            let session = try rig.session
            #expect(session.requests.last?.query == ["b=UQ"])
            await session.answer(Response(.changed))
            await rig.advance(.seconds(93))
            #expect(rig.state == .asleep)
        }
    }

    @LoopActor private final class Results { var all: [SendResult] = [] }
}
