import EventLoop
import Linux
import LwM2M
import State
import TestSupport
import Testing

@testable import LwM2MClient

/// What an outage leaves outlasts a restart (1/x/6).
@Suite struct NotificationRestartTests {
    private static func observe(_ path: String = "/30000/0/1", accept: UInt16? = 110, token: UInt8 = 1) -> Request {
        Request(
            .get, path: path.split(separator: "/").map { String($0) }, accept: accept, observe: 0, token: [token])
    }

    private static let created = Response(.created, locationPath: ["rd", "y"])

    /// A gateway with a folder for its state, which is started again and again.
    @LoopActor
    private final class World {
        let folder = TemporaryFolder()
        let settings: ServerSettings
        var rig: Rig

        init(_ settings: ServerSettings = ServerSettings(lifetime: 86400)) {
            self.settings = settings
            rig = Rig(settings, path: "\(folder.path)/accounts", store: Self.store(folder, "boot"))
        }

        private static func store(_ folder: TemporaryFolder, _ boot: String) -> NotificationStore {
            NotificationStore(prefix: "\(folder.path)/notifications", boot: boot)
        }

        var file: String { "\(folder.path)/notifications-0" }
        var isKept: Bool { (try? Files.exists(file)) == true }

        /// The same object in another process, so much later.
        ///
        /// - Parameter boot: whether the host was started anew too: its uptime begins again then.
        func restart(after pause: Duration = .zero, boot: Bool = false) async {
            let before = rig
            rig = Rig(
                settings, epoch: (before.time.now + pause) / .seconds(1), path: "\(folder.path)/accounts",
                store: Self.store(folder, boot ? "other" : "boot"),
                now: boot ? .seconds(20) : before.scheduler.now + pause)
            rig.object.contents = before.object.contents
            rig.client.start()
            await settle()
        }

        /// Ends it as systemd does.
        func stop() async {
            let client = rig.client
            var isOver = false
            LoopActor.spawn {
                await client.stop()
                isOver = true
            }
            await settle()
            rig.scheduler.advance(by: .seconds(2))
            await stored { isOver }
        }

        /// The server is registered with anew.
        func registered() async throws -> FakeSession {
            let session = try rig.session
            await session.answer(NotificationRestartTests.created)
            return session
        }

        static func entries(_ notified: FakeSession.Notified) throws -> [CompositeContent.Entry] {
            try Codec.decodeComposite(
                notified.response.payload, ContentFormat(rawValue: notified.response.contentFormat ?? 0)
            ) { _ in TestObject.table }.content.entries
        }
    }

    /// Out of reach, with three values that changed, a second apart.
    @LoopActor
    private static func outage(_ settings: ServerSettings = ServerSettings(lifetime: 86400)) async throws -> World {
        let world = World(settings)
        try await world.rig.register()
        #expect(try world.rig.session.requestAtOnce(observe())?.observe != nil)
        try await world.rig.session.end(.closed)
        for value in 2...4 as ClosedRange<Int64> {
            await world.rig.advance(.seconds(1))
            world.rig.object.set(1, .integer(value))
        }
        return world
    }

    @Test(arguments: [false, true])
    func valuesArriveWithTheirTimesInOrder(isAnotherBoot: Bool) async throws {
        try await onLoop {
            let world = try await Self.outage()
            await world.stop()
            #expect(world.isKept == true)
            await world.restart(after: .seconds(60), boot: isAnotherBoot)
            #expect(world.rig.client.status.first?.observations == 1)
            // It goes on while the server is not to be reached.
            world.rig.object.set(1, .integer(5))
            await world.rig.advance(.seconds(3))
            world.rig.object.set(1, .integer(6))
            let session = try await world.registered()
            #expect(session.requests.first?.path == ["rd"])
            let notified = try #require(session.notified.first)
            #expect(notified.token == [1])
            let entries = try World.entries(notified)
            #expect(entries.map(\.value) == [2, 3, 4, 5, 6].map { .integer($0) })
            let times = entries.compactMap(Rig.age)
            #expect(times.prefix(3) == [1, 2, 3])
            #expect(times.count == 5 && times == times.sorted() && times[3] >= 63)
            session.notified[0].completion(nil)
            // All was told: nothing is kept.
            await world.rig.advance(.seconds(301))
            await stored { !world.isKept }
            #expect(world.isKept == false)
        }
    }

    /// The clock is set right after the boot: that moves no value of the boot before.
    @Test func aClockThatIsSetLaterMovesNoValueOfTheBootBefore() async throws {
        try await onLoop {
            let world = try await Self.outage()
            await world.stop()
            await world.restart(after: .seconds(60), boot: true)
            world.rig.time.epoch += 5000
            let session = try await world.registered()
            let entries = try World.entries(try #require(session.notified.first))
            #expect(entries.prefix(3).compactMap(Rig.age) == [1, 2, 3])
        }
    }

    /// kill -9, or a loss of power.
    @Test func aKillCostsWhatCameSinceTheLastWrite() async throws {
        try await onLoop {
            let world = try await Self.outage()
            #expect(world.isKept == false)
            await world.rig.advance(NotificationKeeper.firstDelay)
            await stored { world.isKept }
            // Not for each value.
            world.rig.object.set(1, .integer(5))
            await world.rig.advance(.seconds(100))
            await world.restart()
            let session = try await world.registered()
            let entries = try World.entries(try #require(session.notified.first))
            #expect(entries.map(\.value) == [.integer(2), .integer(3), .integer(4), .integer(5)])
            #expect(entries.prefix(3).compactMap(Rig.age) == [1, 2, 3])
        }
    }

    @Test func aServerInContactLeavesNothing() async throws {
        try await onLoop {
            let world = World()
            try await world.rig.register()
            #expect(try world.rig.session.requestAtOnce(Self.observe())?.observe != nil)
            world.rig.object.set(1, .integer(2))
            try world.rig.session.notified[0].completion(nil)
            let client = world.rig.client
            var isOver = false
            LoopActor.spawn {
                await client.stop()
                isOver = true
            }
            await settle()
            try await world.rig.session.answer(Response(.deleted))
            await stored { isOver }
            #expect([isOver, world.isKept] == [true, false])
            await world.restart()
            #expect(world.rig.client.status.first?.observations == 0)
        }
    }

    /// In contact nothing is written, and no timer wakes the process up for that.
    @Test func inContactNothingIsDone() async throws {
        try await onLoop {
            let world = World()
            try await world.rig.register()
            #expect(try world.rig.session.requestAtOnce(Self.observe())?.observe != nil)
            let armed = world.rig.scheduler.armed
            world.rig.object.set(1, .integer(2))
            try world.rig.session.notified[0].completion(nil)
            world.rig.client.reconnect()
            await settle()
            try await world.rig.session.answer(Response(.changed))
            #expect(world.rig.scheduler.armed == armed)
        }
    }

    @Test func withoutStoringNothingIsKept() async throws {
        try await onLoop {
            let world = try await Self.outage(ServerSettings(lifetime: 86400, notificationStoring: false))
            await world.stop()
            #expect(world.isKept == false)
        }
    }

    /// The server has forgotten the registration meanwhile, and what it observed.
    @Test func whatIsOlderThanTheRegistrationIsDropped() async throws {
        try await onLoop {
            let world = try await Self.outage(ServerSettings(lifetime: 3600))
            await world.stop()
            await world.restart(after: .seconds(3700), boot: true)
            #expect(world.rig.client.status.first?.observations == 0)
            #expect(try await world.registered().notified.isEmpty)
        }
    }

    @Test func aDisabledServerIsToldAfterwards() async throws {
        try await onLoop {
            let world = World(ServerSettings(lifetime: 86400, disableTimeout: 600))
            try await world.rig.register()
            #expect(try world.rig.session.requestAtOnce(Self.observe())?.observe != nil)
            try await world.rig.accounts.disable(0)
            await world.rig.advance(.milliseconds(200))
            try await world.rig.session.answer(Response(.deleted))
            await world.rig.advance(.seconds(1))
            world.rig.object.set(1, .integer(2))
            await world.stop()
            await world.restart()
            #expect(world.rig.state == .disabled)
            world.rig.object.set(1, .integer(3))
            await world.rig.advance(.seconds(700))
            let session = try await world.registered()
            let entries = try World.entries(try #require(session.notified.first))
            #expect(entries.map(\.value) == [.integer(2), .integer(3)])
        }
    }

    /// A server that forgot the observation answers with a Reset. When it observes the same again, it gets what it missed.
    @Test func aServerThatObservesAnewGetsWhatItMissed() async throws {
        try await onLoop {
            let world = try await Self.outage()
            await world.stop()
            await world.restart()
            let session = try await world.registered()
            session.notified.first?.completion(.reset)
            #expect(world.rig.client.status.first?.observations == 0)
            let answer = try #require(session.requestAtOnce(Self.observe(token: 9)))
            #expect(answer.observe != nil)
            #expect(session.notified.count == 1)
            await world.rig.advance(.milliseconds(200))
            #expect(session.notified.count == 2)
            #expect(session.notified[1].token == [9])
            let entries = try World.entries(session.notified[1])
            #expect(entries.map(\.value) == [.integer(2), .integer(3), .integer(4)])
            #expect(entries.compactMap(Rig.age) == [1, 2, 3])
        }
    }

    /// In a format without times an old value would pass for the present one.
    @Test func aServerThatObservesAnewWithoutTimesGetsThePresentAlone() async throws {
        try await onLoop {
            let world = World()
            try await world.rig.register()
            #expect(try world.rig.session.requestAtOnce(Self.observe(accept: nil))?.observe != nil)
            try await world.rig.session.end(.closed)
            world.rig.object.set(1, .integer(2))
            await world.stop()
            await world.restart()
            let session = try await world.registered()
            session.notified.first?.completion(.reset)
            #expect(session.requestAtOnce(Self.observe(accept: nil, token: 9))?.observe != nil)
            await world.rig.advance(.seconds(1))
            #expect(session.notified.count == 1)
        }
    }

    /// Another server under the same name.
    @Test func anotherServerGetsNothingOfIt() async throws {
        try await onLoop {
            let world = try await Self.outage()
            await world.stop()
            var kept = try #require(
                CheckedFile(path: world.file, limit: 4 << 20).load { (bytes) throws(NewerFormat) in
                    try KeptNotifications(bytes: bytes)
                }.value)
            kept.server = "8 1.1 coap://elsewhere:5683"
            try CheckedFile(path: world.file, limit: 4 << 20).save(kept.bytes)
            await world.restart()
            #expect(world.rig.client.status.first?.observations == 0)
        }
    }

    @Test func severalPathsKeepTheirMoments() async throws {
        try await onLoop {
            let world = World()
            try await world.rig.register()
            var selection = PathSelection()
            selection.add(Path(30000, 0, 1))
            selection.add(Path(30000, 0))
            let request = Request(
                .fetch, path: [], contentFormat: 112, accept: 112, observe: 0, token: [1],
                payload: try Codec.encodePaths(selection, .senMLCBOR))
            #expect(try world.rig.session.requestAtOnce(request)?.observe != nil)
            try await world.rig.session.end(.closed)
            await world.rig.advance(.seconds(1))
            world.rig.object.set(1, .integer(2))
            let before = world.rig.object.contents[0]
            await world.stop()
            await world.restart()
            let session = try await world.registered()
            let entries = try World.entries(try #require(session.notified.first))
            #expect(entries.first == CompositeContent.Entry(Path(30000, 0, 1), .integer(2), time: entries.first?.time))
            #expect(Set(entries.map(\.path.resource)) == Set((before ?? [:]).keys.map { Optional($0) }))
        }
    }
}

/// The file of what is kept.
@Suite struct KeptNotificationsTests {
    private static let everything: KeptNotifications = {
        var kept = KeptNotifications(
            server: "7 1.1 coap://host:5683", boot: "b",
            until: KeptNotifications.Moment(uptime: .milliseconds(1500), time: .seconds(1_700_000_000)))
        kept.observations = [
            KeptNotifications.Observation(
                request: Request(
                    .get, path: ["3", "0"], query: ["pmin=5"], accept: 110, observe: 0, token: [1, 255],
                    blockExponent: 6),
                paths: [Path(3, 0)]),
            KeptNotifications.Observation(
                request: Request(
                    .fetch, path: [], contentFormat: 112, accept: 112, observe: 0, token: [], payload: [0, 10, 32]),
                paths: [Path(3, 0, 1), Path(4)]),
        ]
        let values: [Value] = [
            .string("two words\nand a line"), .integer(.min), .unsignedInteger(.max), .float(-0.1), .boolean(true),
            .opaque([]), .time(-1), .objectLink(ObjectLink(65535, 65535)), .coreLink("</1>"),
        ]
        var resources: [UInt16: ResourceContent] = [40: .multiple([0: .integer(1), 7: .integer(2)])]
        for (index, value) in values.enumerated() { resources[UInt16(index)] = .single(value) }
        kept.records = [
            KeptNotifications.Record(
                observation: 0, moment: KeptNotifications.Moment(uptime: nil, time: .milliseconds(1)),
                contents: [.instances([InstanceContent(0, resources)])]),
            KeptNotifications.Record(
                observation: 1, moment: KeptNotifications.Moment(uptime: .zero, time: .milliseconds(2)),
                contents: [.value(.string("")), .nothing]),
        ]
        return kept
    }()

    @Test func whatIsWrittenIsReadBack() throws {
        #expect(try KeptNotifications(bytes: Self.everything.bytes) == Self.everything)
        #expect(try KeptNotifications(bytes: KeptNotifications().bytes) == KeptNotifications())
    }

    /// Each line alone taken away or cut: the file is refused or read, and never a trap.
    @Test func damageIsNoTrap() throws {
        let lines = String(decoding: Self.everything.bytes, as: UTF8.self).split(separator: "\n")
        for index in lines.indices {
            var less = lines
            less.remove(at: index)
            _ = try? KeptNotifications(bytes: Array((less.joined(separator: "\n") + "\n").utf8))
            for length in 0..<min(lines[index].count, 40) {
                var cut = lines
                cut[index] = lines[index].prefix(length)
                _ = try? KeptNotifications(bytes: Array((cut.joined(separator: "\n") + "\n").utf8))
            }
        }
        #expect(try KeptNotifications(bytes: Array("gatekeel-accounts 1\n".utf8)) == nil)
        #expect(throws: NewerFormat.self) { try KeptNotifications(bytes: Array("gatekeel-notifications 2\n".utf8)) }
    }
}
