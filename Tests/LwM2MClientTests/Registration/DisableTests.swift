import EventLoop
import LwM2M
import State
import TestSupport
import Testing

@testable import LwM2MClient

/// Disable (1/x/4) and Disable Timeout (1/x/5).
@Suite struct DisableTests {
    private static let observe = Request(.get, path: ["30000", "0", "1"], observe: 0, token: [1])

    /// A rig whose server is registered with, and has disabled itself: the De-register is answered.
    @LoopActor private static func disabled(_ settings: ServerSettings = ServerSettings(lifetime: 300)) async throws
        -> Rig
    {
        let rig = Rig(settings)
        try await rig.register()
        _ = try rig.session.requestAtOnce(observe)
        try await rig.accounts.disable(0)
        await rig.advance(.milliseconds(200))
        try await rig.session.answer(Response(.deleted))
        return rig
    }

    @Test func theServerIsDeregisteredFromOnceTheAnswerLeft() async throws {
        try await onLoop {
            let rig = Rig()
            try await rig.register()
            try await rig.accounts.disable(0)
            await rig.advance(.milliseconds(199))
            #expect(try rig.session.requests.count == 1)
            await rig.advance(.milliseconds(1))
            #expect(try rig.session.requests.last == Request(.delete, path: ["rd", "x"]))
            #expect(try !rig.session.isClosed)
            try await rig.session.answer(Response(.deleted))
            #expect(try rig.session.isClosed)
            #expect(rig.state == .disabled)
            #expect(rig.client.status.first?.location == nil)
            #expect(
                rig.reports.all.suffix(2) == [.deregistered(server: "main"), .disabled(server: "main", seconds: 86400)])
        }
    }

    /// The default is a day.
    @Test(arguments: [(nil, 86400), (60, 60), (0, 0)] as [(UInt32?, Int)])
    func itIsLeftAloneForItsTimeoutAndThenRegisteredWith(timeout: UInt32?, seconds: Int) async throws {
        try await onLoop {
            let rig = try await Self.disabled(ServerSettings(lifetime: 300, disableTimeout: timeout))
            if seconds > 0 {
                // The time counts from the De-register on.
                #expect(rig.client.status.first?.nextAttempt == rig.scheduler.now + .seconds(seconds))
                await rig.advance(.seconds(seconds) - .milliseconds(1))
                #expect(rig.transport.sessions.count == 1)
            }
            await rig.advance(.milliseconds(1))
            #expect(rig.transport.sessions.count == 2)
            #expect(try rig.session.requests.map(\.path) == [["rd"]])
            try await rig.session.answer(Response(.created, locationPath: ["rd", "y"]))
            #expect(rig.state == .registered)
        }
    }

    @Test func nothingBringsItsServerAMessageMeanwhile() async throws {
        try await onLoop {
            let rig = try await Self.disabled()
            rig.object.set(1, .integer(5))
            rig.object.changes?.instancesChanged(30000)
            try await rig.accounts.change(0) { $0.lifetime = 60 }
            rig.accounts.trigger(0)
            try rig.session.path = .moved
            rig.client.networkChanged()
            await rig.advance(.seconds(3600))
            #expect(rig.transport.sessions.count == 1)
            #expect(try rig.session.requests.count == 2)
            #expect(try rig.session.notified.isEmpty)
        }
    }

    /// Notification Storing When Disabled or Offline (1/x/6): a server that forgot the observation answers with a Reset.
    @Test(arguments: [true, false])
    func whatChangesMeanwhileIsToldAfterwardsOrNot(isStoring: Bool) async throws {
        try await onLoop {
            let settings = ServerSettings(lifetime: 300, disableTimeout: 60, notificationStoring: isStoring)
            let rig = try await Self.disabled(settings)
            #expect(rig.client.status.first?.observations == (isStoring ? 1 : 0))
            rig.object.set(1, .integer(5))
            await rig.advance(.seconds(60))
            // Its first attempts may fail.
            try rig.session.fail(.timeout)
            await settle()
            await rig.advance(.seconds(10))
            try await rig.session.answer(Response(.created, locationPath: ["rd", "y"]))
            let notified = try rig.session.notified
            #expect(notified.map(\.token) == (isStoring ? [[1]] : []))
            #expect(notified.map(\.response.payload) == (isStoring ? [Array("5".utf8)] : []))
            notified.first?.completion(.reset)
            #expect(rig.client.status.first?.observations == 0)
        }
    }

    /// Only the registration after a Disable keeps observations.
    @Test func aLaterRegistrationForgetsThem() async throws {
        try await onLoop {
            let rig = try await Self.disabled(ServerSettings(lifetime: 300, disableTimeout: 60))
            await rig.advance(.seconds(60))
            try await rig.session.answer(Response(.created, locationPath: ["rd", "y"]))
            #expect(rig.client.status.first?.observations == 1)
            await rig.advance(.seconds(150))
            try await rig.session.answer(Response(.notFound))
            #expect(rig.client.status.first?.observations == 0)
        }
    }

    /// The server has forgotten them, and observes the same with new tokens: each is told once, and none takes another's place.
    @Test func whatIsObservedAnewReplacesWhatWasKept() async throws {
        try await onLoop {
            let rig = try await Self.disabled(ServerSettings(lifetime: 300, disableTimeout: 60))
            await rig.advance(.seconds(60))
            try await rig.session.answer(Response(.created, locationPath: ["rd", "y"]))
            let session = try rig.session
            var again = Self.observe
            again.token = [9]
            #expect(session.requestAtOnce(again)?.observe != nil)
            #expect(rig.client.status.first?.observations == 1)
            rig.object.set(1, .integer(7))
            #expect(session.notified.map(\.token) == [[9]])
            // In one registration the same may be observed twice.
            again.token = [10]
            #expect(session.requestAtOnce(again)?.observe != nil)
            #expect(rig.client.status.first?.observations == 2)
        }
    }

    @Test func anOperatorsReconnectEndsIt() async throws {
        try await onLoop {
            let rig = try await Self.disabled()
            rig.client.reconnect()
            await settle()
            try await rig.session.answer(Response(.created, locationPath: ["rd", "y"]))
            #expect(rig.state == .registered)
            // Also for a restart.
            #expect(rig.accounts.remainingSilence(0) == nil)
        }
    }

    @Test func anAccountThatIsEditedIsAsNew() async throws {
        try await onLoop {
            let rig = try await Self.disabled()
            var seed = try #require(rig.accounts.all.first).seed
            try await rig.accounts.reload([seed])
            await rig.client.reload()
            #expect(rig.state == .disabled)
            seed.settings.lifetime = 900
            try await rig.accounts.reload([seed])
            await rig.client.reload()
            await settle()
            #expect(rig.state == .registering)
        }
    }

    @Test func aStopMeanwhileTakesNoTime() async throws {
        try await onLoop {
            let rig = try await Self.disabled()
            await rig.client.stop()
            #expect(try rig.session.requests.count == 2)
        }
    }

    /// The seconds that pass before the restart, by the clock, and how long the server is left alone after it.
    @Test(arguments: [(1, 59), (59, 1), (60, nil), (5000, nil), (-5000, 60)] as [(Double, Int64?)])
    func itLastsOverARestart(passed: Double, left: Int64?) async throws {
        let folder = try TemporaryDirectory()
        try await onLoop {
            let path = "\(folder.path)/accounts"
            let settings = ServerSettings(lifetime: 300, disableTimeout: 60)
            let first = Rig(settings, epoch: 1_000_000, path: path)
            try await first.register()
            try await first.accounts.disable(0)

            let second = Rig(settings, epoch: 1_000_000 + passed, path: path)
            second.client.start()
            await settle()
            guard let left else {
                #expect(second.state == .registering)
                // A clock that is set back later does not bring it back.
                let seeds = second.accounts.all.map(\.seed)
                var rest: Duration? = .zero
                await stored {
                    rest = ServerAccounts(seeds: seeds, path: path, clock: { 1_000_000 }).remainingSilence(0)
                    return rest == nil
                }
                #expect(rest == nil)
                return
            }
            #expect(second.state == .disabled)
            #expect(second.transport.sessions.isEmpty)
            #expect(second.reports.all == [.disabled(server: "main", seconds: left)])
            await second.advance(.seconds(left) - .milliseconds(1))
            #expect(second.transport.sessions.isEmpty)
            await second.advance(.milliseconds(1))
            try await second.session.answer(Response(.created, locationPath: ["rd", "y"]))
            #expect(second.state == .registered)
            // Nothing of it is left for the next restart.
            let seeds = second.accounts.all.map(\.seed)
            var rest: Duration?
            await stored {
                rest = ServerAccounts(seeds: seeds, path: path, clock: { 1_000_000 }).remainingSilence(0)
                return rest == nil
            }
            #expect(rest == nil)
        }
    }

    @Test func whatCannotBeStoredIsRefusedAndChangesNothing() async throws {
        try await onLoop {
            let rig = Rig(path: "/proc/gatekeel-is-not-here/accounts")
            try await rig.register()
            await #expect(throws: OperationError.self) { try await rig.accounts.disable(0) }
            await rig.advance(.seconds(1))
            #expect(rig.state == .registered)
            #expect(try rig.session.requests.count == 1)
        }
    }

    @Test func itsTimeIsALineOfTheAccount() throws {
        let text = """
            gatekeel-accounts 1
            account main 0 0123456789abcdef
              lifetime 60
              storing 1
              binding U
              disabled-until 1700000000

            """
        let state = try #require(try AccountState(bytes: Array(text.utf8)))
        #expect(state.entries.first?.disabledUntil == 1_700_000_000)
        #expect(String(decoding: state.bytes, as: UTF8.self) == text)
        let wrong = text.replacing("1700000000", with: "soon")
        #expect(try AccountState(bytes: Array(wrong.utf8)) == nil)
    }
}
