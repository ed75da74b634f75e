import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

@Suite struct RegistrationTests {
    @Test func registersWithTheEndpointTheLifetimeTheVersionAndTheObjects() async throws {
        try await onLoop {
            let rig = Rig()
            rig.client.start()
            await settle()
            let request = try #require(try rig.session.requests.first)
            #expect(request.method == .post)
            #expect(request.path == ["rd"])
            #expect(request.query == ["ep=gw", "lt=300", "lwm2m=1.1", "b=U"])
            #expect(request.contentFormat == 40)
            let links = try LinkFormat.decode(request.payload)
            #expect(links.map(\.target) == ["/", "/3", "/3/0", "/30000", "/30000/0"])
            #expect(links[1]["ver"] == "1.1")
            #expect(rig.state == .registering)
            try await rig.session.answer(Response(.created, locationPath: ["rd", "x"]))
            #expect(rig.state == .registered)
            #expect(rig.client.status.first?.location == "/rd/x")
            #expect(rig.reports.all == [.registered(server: "main", location: "/rd/x")])
        }
    }

    @Test func updatesBeforeHalfTheLifetimeWithNothingWhenNothingChanged() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            await rig.advance(.seconds(119))
            #expect(try rig.session.requests.count == 1)
            await rig.advance(.seconds(31))
            let update = try #require(try rig.session.requests.last)
            #expect(try rig.session.requests.count == 2)
            #expect(update == Request(.post, path: ["rd", "x"]))
            let since = rig.client.status.first?.registeredSince
            try await rig.session.answer(Response(.changed))
            #expect(rig.state == .registered)
            #expect(rig.client.status.first?.registeredSince == since)
            #expect(rig.transport.sessions.count == 1)
        }
    }

    @Test func aNewInstanceIsToldOnceForManyChanges() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            for id in 1...5 as ClosedRange<UInt16> {
                rig.object.contents[id] = [:]
                rig.object.changes?.instancesChanged(30000)
                await rig.advance(.milliseconds(100))
            }
            await rig.advance(.seconds(1))
            #expect(try rig.session.requests.count == 2)
            let update = try #require(try rig.session.requests.last)
            #expect(try LinkFormat.decode(update.payload).map(\.target).suffix(2) == ["/30000/4", "/30000/5"])
            #expect(update.contentFormat == 40)
            try await rig.session.answer(Response(.changed))
            // What was told is not told again.
            await rig.advance(.seconds(150))
            #expect(try rig.session.requests.last == Request(.post, path: ["rd", "x"]))
        }
    }

    @Test func aChangeDuringAnUpdateIsToldAfterIt() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            await rig.advance(.seconds(150))
            rig.object.contents[9] = [:]
            rig.object.changes?.instancesChanged(30000)
            try await rig.session.answer(Response(.changed))
            await rig.advance(.seconds(1))
            #expect(try rig.session.requests.last?.payload.isEmpty == false)
        }
    }

    @Test func aWrittenLifetimeIsToldSoon() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            try await rig.accounts.change(0) { $0.lifetime = 60 }
            await rig.advance(.seconds(1))
            #expect(try rig.session.requests.last == Request(.post, path: ["rd", "x"], query: ["lt=60"]))
            try await rig.session.answer(Response(.changed))
            await rig.advance(.seconds(30))
            #expect(try rig.session.requests.last == Request(.post, path: ["rd", "x"]))
        }
    }

    @Test func theTriggerUpdatesAfterItsAnswer() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            rig.accounts.trigger(0)
            #expect(try rig.session.requests.count == 1)
            await rig.advance(.milliseconds(200))
            #expect(try rig.session.requests.count == 2)
        }
    }

    @Test func aServerThatForgotIsRegisteredWithAtOnceAndObservesAnew() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            _ = try await rig.session.request(Request(.get, path: ["30000", "0", "1"], observe: 0, token: [1]))
            #expect(rig.client.status.first?.observations == 1)
            await rig.advance(.seconds(150))
            try await rig.session.answer(Response(.notFound))
            #expect(try rig.session.requests.last?.path == ["rd"])
            #expect(rig.client.status.first?.observations == 0)
            #expect(rig.transport.sessions.count == 1)
        }
    }

    @Test func anUnansweredUpdateMakesANewSessionAndUpdatesThere() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            _ = try await rig.session.request(Request(.get, path: ["30000", "0", "1"], observe: 0, token: [1]))
            await rig.advance(.seconds(150))
            try rig.session.fail(.timeout)
            await settle()
            #expect(rig.state == .waiting)
            #expect(rig.client.status.first?.lastError != nil)
            #expect(try rig.session.isClosed)
            rig.object.set(1, .integer(7))
            await rig.advance(.seconds(3))
            #expect(rig.transport.sessions.count == 2)
            #expect(try rig.session.requests == [Request(.post, path: ["rd", "x"])])
            try await rig.session.answer(Response(.changed))
            #expect(rig.state == .registered)
            #expect(rig.reports.all.last == .reachedAgain(server: "main"))
            // The observation lasted, and the change it missed is told.
            #expect(try rig.session.notified.map(\.response.payload) == [Array("7".utf8)])
        }
    }

    @Test func afterTheLifetimeItRegistersAnew() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            await rig.advance(.seconds(150))
            for _ in 0..<20 {
                if rig.state == .updating || rig.state == .registering { try rig.session.fail(.timeout) }
                await settle()
                await rig.advance(.seconds(60))
            }
            #expect(try rig.session.requests.last?.path == ["rd"])
        }
    }

    @Test func deRegistersOnStopAndWaitsNoLongerThanAllowed() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let stop = LoopActor.spawn { await rig.client.stop() }
            await settle()
            #expect(try rig.session.requests.last == Request(.delete, path: ["rd", "x"]))
            await rig.advance(.milliseconds(1500))
            await stop.value
            #expect(try rig.session.isClosed)
        }
    }

    @Test func anAnswerToDeRegisterEndsItAtOnce() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let stop = LoopActor.spawn { await rig.client.stop() }
            await settle()
            try await rig.session.answer(Response(.deleted))
            await stop.value
            #expect(rig.reports.all.last == .deregistered(server: "main"))
            #expect(rig.scheduler.nextDelay == nil)
        }
    }

    /// A container's interface, a refreshed lifetime of IPv6, an address that has nothing to do with the server.
    @Test func aChangeOfTheNetworkElsewhereLeavesTheSessionAlone() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            for _ in 0..<4 { rig.client.networkChanged() }
            await rig.advance(.seconds(5))
            #expect(rig.transport.sessions.count == 1)
            #expect(try !rig.session.isClosed && rig.session.requests.count == 1)
        }
    }

    /// There is nothing to move to, and a cable that is plugged in again carries the same session on.
    @Test func withoutARouteTheSessionIsKept() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            try rig.session.path = .gone
            rig.client.networkChanged()
            try rig.session.path = .same
            rig.client.networkChanged()
            await rig.advance(.seconds(5))
            #expect(rig.transport.sessions.count == 1)
        }
    }

    @Test func aServerThatWasOutOfReachIsTriedWhenTheRouteIsBack() async throws {
        try await onLoop {
            let rig = Rig(jitter: 0)
            try await rig.register()
            for _ in 0..<6 {
                await rig.transport.sessions.last?.end(.unreachable("Network is unreachable"))
                await rig.advance(.seconds(60))
            }
            await rig.transport.sessions.last?.end(.unreachable("Network is unreachable"))
            await settle()
            let last = try rig.session
            let count = rig.transport.sessions.count
            // Events of the same path are no reason to try before it is time.
            rig.client.networkChanged()
            await rig.advance(.seconds(2))
            #expect(rig.transport.sessions.count == count && rig.state == .waiting)
            last.path = .gone
            rig.client.networkChanged()
            await rig.advance(.seconds(2))
            #expect(rig.transport.sessions.count == count)
            last.path = .same
            rig.client.networkChanged()
            await rig.advance(.seconds(2))
            #expect(rig.transport.sessions.count == count + 1)
        }
    }

    /// Otherwise no attempt would live for as long as a slow name server takes.
    @Test func aSessionWhoseNameIsLookedUpIsKept() async throws {
        try await onLoop {
            let rig = Rig()
            rig.client.start()
            await settle()
            try rig.session.path = .unopened
            for _ in 0..<5 {
                rig.client.networkChanged()
                await rig.advance(.seconds(2))
            }
            #expect(rig.transport.sessions.count == 1)
            #expect(try !rig.session.isClosed)
            // The name had no address: a change of the network is a reason to ask again soon.
            for _ in 0..<6 {
                await rig.transport.sessions.last?.end(.unresolved("no address"))
                try rig.session.path = .unopened
                await rig.advance(.seconds(60))
            }
            await rig.transport.sessions.last?.end(.unresolved("no address"))
            let count = rig.transport.sessions.count
            try rig.session.path = .unopened
            rig.client.networkChanged()
            await rig.advance(.seconds(2))
            #expect(rig.transport.sessions.count == count + 1)
        }
    }

    @Test func furtherEventsDoNotPutTheAttemptOff() async throws {
        try await onLoop {
            let rig = Rig(jitter: 1)
            try await rig.register()
            try rig.session.path = .moved
            for _ in 0..<3 {
                rig.client.networkChanged()
                await rig.advance(.milliseconds(500))
            }
            #expect(rig.transport.sessions.count == 2)
        }
    }

    @Test func aPathThatChangedIsTriedAtOnceOverANewSession() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            try rig.session.path = .moved
            for _ in 0..<4 { rig.client.networkChanged() }
            #expect(try rig.session.isClosed)
            await rig.advance(.seconds(2))
            #expect(rig.transport.sessions.count == 2)
            #expect(try rig.session.requests == [Request(.post, path: ["rd", "x"])])
        }
    }

    @Test func aPingThatFailsMakesANewSession() async throws {
        try await onLoop {
            let rig = Rig(keepAlive: .seconds(25))
            try await rig.register()
            await rig.advance(.seconds(20))
            // What the server says counts as a sign of life.
            _ = try await rig.session.request(Request(.get, path: ["3", "0", "0"]))
            await rig.advance(.seconds(24))
            #expect(try rig.session.pingCount == 0)
            await rig.advance(.seconds(1))
            #expect(try rig.session.pingCount == 1)
            try await rig.session.answerPing(nil)
            await rig.advance(.seconds(25))
            #expect(try rig.session.pingCount == 2)
            try await rig.session.answerPing(.timeout)
            #expect(rig.transport.sessions.count == 2)
            #expect(try rig.session.requests == [Request(.post, path: ["rd", "x"])])
        }
    }

    /// Nothing says how long an Update would wait: it is queued behind the ping.
    @Test func aPingThatIsNotAnsweredDuringAnUpdateMakesANewSession() async throws {
        try await onLoop {
            let rig = Rig(ServerSettings(lifetime: 30), keepAlive: .seconds(5))
            try await rig.register()
            await rig.advance(.seconds(5))
            #expect(try rig.session.pingCount == 1)
            await rig.advance(.seconds(14))
            #expect(rig.state == .updating)
            #expect(rig.transport.sessions.count == 1)
            await rig.advance(.seconds(1))
            #expect(rig.transport.sessions.count == 2)
            #expect(try rig.session.requests == [Request(.post, path: ["rd", "x"])])
            // What becomes of the first one's is nobody's business any more.
            await rig.transport.sessions[0].answerPing(nil)
            try await rig.session.answer(Response(.changed))
            #expect(rig.state == .registered)
            #expect(rig.transport.sessions.count == 2)
        }
    }

    @Test func aSessionThatEndsIsMadeAnewSoon() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            try await rig.session.end(.closed)
            #expect(rig.state == .waiting)
            await rig.advance(.seconds(2))
            #expect(rig.transport.sessions.count == 2)
            #expect(try rig.session.requests == [Request(.post, path: ["rd", "x"])])
        }
    }

    /// SIGHUP followed by SIGTERM: the changed account's server must not be registered with after the De-register.
    @Test func stoppingDuringAReloadRegistersNowhere() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            var seed = try #require(rig.accounts.all.first).seed
            seed.endpoint.port = 5999
            try await rig.accounts.reload([seed])
            let reload = LoopActor.spawn { await rig.client.reload() }
            await settle()
            let stop = LoopActor.spawn { await rig.client.stop() }
            await settle()
            // The De-register of the old connection is answered only now.
            try await rig.session.answer(Response(.deleted))
            await reload.value
            await stop.value
            #expect(rig.transport.sessions.count == 1)
            #expect(try rig.session.requests.map(\.method) == [.post, .delete])
        }
    }

    @Test func reloadingTakesAccountsThatCameAndWent() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            let old = try rig.session
            try await rig.accounts.reload([
                ServerAccount.Seed(
                    name: "other", shortServerID: 8,
                    endpoint: ServerEndpoint(host: "other", port: 5683, security: .noSec))
            ])
            let reload = LoopActor.spawn { await rig.client.reload() }
            await settle()
            #expect(old.requests.last == Request(.delete, path: ["rd", "x"]))
            await old.answer(Response(.deleted))
            await reload.value
            await settle()
            #expect(rig.client.status.map(\.name) == ["other"])
            #expect(rig.transport.sessions.count == 2)
        }
    }
}
