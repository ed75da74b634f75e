import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// A right that is taken away: what was to be told is not told any more. `main` (7) owns the lists, `main1` (8) loses its right.
@Suite struct RightsLostTests {
    @LoopActor
    private struct World {
        let rig: Rig
        let lists: AccessLists

        init(_ edit: (inout ServerSettings) -> Void = { _ in }) async throws {
            var settings = ServerSettings(lifetime: 86400)
            edit(&settings)
            var made: AccessLists?
            rig = Rig(
                settings, servers: 2,
                lists: {
                    made = AccessLists(
                        accounts: $0,
                        members: $0.all.map { AccessMember(name: $0.name, shortServerID: $0.shortServerID) },
                        path: nil)
                    return made
                })
            lists = try #require(made)
            try await rig.register()
        }

        var session: FakeSession { rig.transport.sessions[1] }

        func observe(_ path: String = "/30000/0/1") {
            #expect(session.requestAtOnce(serverRequest(.get, path, observe: 0))?.observe != nil)
        }

        /// The second server may write the instance, and no more.
        func takeAway() async throws {
            let id = try #require(
                lists.instances.first { lists.list($0)?.instance == 0 && lists.list($0)?.object == 30000 })
            try await lists.change(id, owner: 7, rights: [7: .all, 8: [.write]])
            await settle()
        }
    }

    @Test func whatWaitsIsNotSent() async throws {
        try await onLoop {
            let world = try await World()
            world.observe()
            // Another one is under way, so that this one waits.
            var other = serverRequest(.get, "/3/0/1", observe: 0)
            other.token = [2]
            #expect(world.session.requestAtOnce(other)?.observe != nil)
            world.rig.device.set(1, .integer(5))
            world.rig.object.set(1, .integer(2))
            #expect(world.session.notified.map(\.token) == [[2]])
            try await world.takeAway()
            world.session.notified[0].completion(nil)
            #expect(world.session.notified.map(\.response.code) == [.content, .unauthorized])
            // Nothing of it was on its way, so the session stays.
            #expect(!world.session.isClosed && world.rig.transport.sessions.count == 2)
        }
    }

    /// libcoap would send it again until it is acknowledged.
    @Test func whatIsOnItsWayGoesWithItsSession() async throws {
        try await onLoop {
            let world = try await World()
            world.observe()
            world.rig.object.set(1, .integer(2))
            let sent = world.session
            #expect(sent.notified.map(\.response.payload) == [Array("2".utf8)])
            try await world.takeAway()
            #expect(sent.isClosed)
            let new = try #require(world.rig.transport.sessions.last)
            #expect(new !== sent)
            await new.answer(Response(.changed))
            #expect(new.notified.map(\.response.code) == [.unauthorized])
            // Nobody calls that an outage.
            #expect(!world.rig.reports.all.contains { if case .lost = $0 { true } else { false } })
        }
    }

    @Test func theLaterBlocksOfAnAnswerAreForgotten() async throws {
        try await onLoop {
            let world = try await World()
            try await world.takeAway()
            #expect(world.session.forgottenBodies == 1)
            #expect(world.rig.transport.sessions[0].forgottenBodies == 0)
        }
    }

    /// Of an object that several servers observe only the instance goes.
    @Test func anObservationOfMoreTellsTheRest() async throws {
        try await onLoop {
            let world = try await World()
            world.rig.object.contents[1] = [1: .single(.integer(7))]
            world.rig.object.changes?.instancesChanged(30000)
            await settle()
            var all = serverRequest(.get, "/30000", accept: 110, observe: 0)
            all.token = [3]
            #expect(world.session.requestAtOnce(all)?.observe != nil)
            await world.session.end(.closed)
            world.rig.object.set(1, .integer(2))
            try await world.takeAway()
            world.rig.client.reconnect()
            await settle()
            let new = try #require(world.rig.transport.sessions.last)
            await new.answer(Response(.changed))
            let payload = try #require(new.notified.first?.response.payload)
            let entries = try Codec.decodeComposite(payload, .senMLJSON) { _ in TestObject.table }.content.entries
            #expect(Set(entries.map(\.path.instance)) == [1])
        }
    }

    @Test func aSendThatIsOnItsWayGoesWithItsSession() async throws {
        try await onLoop {
            let world = try await World { $0.muteSend = false }
            let client = world.rig.client
            LoopActor.spawn { _ = try? await client.send([Path(30000, 0, 1), Path(3, 0, 1)], to: "main1") }
            await settle()
            let sent = world.session
            #expect(sent.requests.last?.path == ["dp"])
            try await world.takeAway()
            #expect(sent.isClosed)
            let new = try #require(world.rig.transport.sessions.last)
            await new.answer(Response(.changed))
            let again = try #require(new.requests.last)
            #expect(again.path == ["dp"])
            let content = try Codec.decodeComposite(again.payload, .senMLCBOR) { _ in TestObject.table }.content
            #expect(content.entries.map(\.path) == [Path(3, 0, 1)])
            await new.answer(Response(.changed))
        }
    }
}
