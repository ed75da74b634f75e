import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// Several servers: Registration Priority Order (1/x/13), Initial Registration Delay Timer (14), Registration Failure Block
/// (15), and when a registration has failed (17 and 20).
@Suite struct RegistrationOrderTests {
    private static func seed(
        _ name: String, _ id: UInt16, _ edit: (inout ServerSettings) -> Void = { _ in }
    ) -> ServerAccount.Seed {
        var settings = ServerSettings(lifetime: 300)
        edit(&settings)
        return ServerAccount.Seed(
            name: name, shortServerID: id, endpoint: ServerEndpoint(host: name, port: 5683, security: .noSec),
            settings: settings)
    }

    /// A client with these accounts, started.
    @LoopActor private static func rig(_ seeds: [ServerAccount.Seed], path: String? = nil) async throws -> Rig {
        let rig = Rig(seeds: seeds, path: path)
        rig.client.start()
        await settle()
        return rig
    }

    private static let created = Response(.created, locationPath: ["rd", "x"])

    @LoopActor private static func states(_ rig: Rig) -> [ConnectionStatus.State] { rig.client.status.map(\.state) }

    @Test func theServersAreRegisteredWithInTheirOrder() async throws {
        try await onLoop {
            let rig = try await Self.rig([
                Self.seed("third", 1) { $0.registrationPriority = 30 },
                Self.seed("first", 2) { $0.registrationPriority = 10 },
                Self.seed("beside", 3), Self.seed("second", 4) { $0.registrationPriority = 20 },
            ])
            #expect(rig.transport.sessions.count == 2)
            #expect(Self.states(rig) == [.held, .registering, .registering, .held])
            #expect(rig.client.status[0].lastError?.isEmpty == false)
            #expect(rig.client.status[0].nextAttempt == nil)
            await rig.transport.sessions[0].answer(Self.created)
            #expect(Self.states(rig) == [.held, .registered, .registering, .registering])
            await rig.transport.sessions[2].answer(Self.created)
            #expect(Self.states(rig) == [.registering, .registered, .registering, .registered])
            // Its own updates change nothing of the order.
            await rig.advance(.seconds(150))
            await rig.transport.sessions[0].answer(Response(.changed))
            #expect(rig.transport.sessions.count == 4)
        }
    }

    @Test(arguments: [false, true]) func aRefusalLetsTheNextOneBeginUnlessItBlocks(isBlocking: Bool) async throws {
        try await onLoop {
            let rig = try await Self.rig([
                Self.seed("first", 1) {
                    $0.registrationPriority = 1
                    $0.registrationFailureBlock = isBlocking
                }, Self.seed("second", 2) { $0.registrationPriority = 2 },
            ])
            await rig.transport.sessions[0].answer(Response(.forbidden))
            #expect(Self.states(rig) == [.refused, isBlocking ? .held : .registering])
            // It tries again, with success.
            await rig.advance(.seconds(900))
            let again = try #require(rig.transport.sessions.last { $0.requests.count == 1 && !$0.isClosed })
            await again.answer(Self.created)
            if isBlocking {
                #expect(Self.states(rig) == [.registered, .registering])
            } else {
                #expect(rig.transport.sessions.count == 3)
            }
        }
    }

    /// The registration has failed when the sequences of attempts are exhausted, not before.
    @Test func exhaustedAttemptsLetTheNextOneBegin() async throws {
        try await onLoop {
            let rig = try await Self.rig([
                Self.seed("first", 1) {
                    $0.registrationPriority = 1
                    $0.communicationRetryCount = 2
                    $0.communicationRetryTimer = 10
                    $0.communicationSequenceDelay = 50
                    $0.communicationSequenceCount = 2
                }, Self.seed("second", 2) { $0.registrationPriority = 2 },
            ])
            for pause in [10, 50, 10] {
                try rig.session.fail(.timeout)
                await settle()
                #expect(Self.states(rig) == [.waiting, .held])
                await rig.advance(.seconds(pause))
            }
            #expect(rig.transport.sessions.count == 4)
            try rig.session.fail(.timeout)
            await settle()
            #expect(Self.states(rig) == [.waiting, .registering])
            // The first one goes on nevertheless.
            await rig.advance(.seconds(50))
            #expect(rig.transport.sessions.count == 6)
        }
    }

    /// It may say so for days.
    @Test func aBusyServerKeepsNoOtherWaiting() async throws {
        try await onLoop {
            let rig = try await Self.rig([
                Self.seed("first", 1) {
                    $0.registrationPriority = 1
                    $0.communicationRetryCount = 1
                }, Self.seed("second", 2) { $0.registrationPriority = 2 },
            ])
            await rig.transport.sessions[0].answer(Response(.serviceUnavailable, maxAge: 30))
            #expect(Self.states(rig) == [.waiting, .registering])
            #expect(rig.transport.sessions.count == 2)
        }
    }

    /// One sequence, and none after it: the failure counts although two are asked for.
    @Test func aServerThatIsGivenUpKeepsNoOtherWaiting() async throws {
        try await onLoop {
            let rig = try await Self.rig([
                Self.seed("first", 1) {
                    $0.registrationPriority = 1
                    $0.communicationRetryCount = 1
                    $0.communicationSequenceCount = 2
                    $0.communicationSequenceDelay = ServerSettings.never
                }, Self.seed("second", 2) { $0.registrationPriority = 2 },
            ])
            rig.transport.sessions[0].fail(.timeout)
            await settle()
            #expect(rig.transport.sessions.count == 2)
        }
    }

    /// Its time has passed with the registration that the server writes it over.
    @Test func aDelayThatIsWrittenIsForNoLaterStart() async throws {
        let folder = try TemporaryDirectory()
        try await onLoop {
            let path = "\(folder.path)/accounts"
            let rig = try await Self.rig([Self.seed("first", 1)], path: path)
            await rig.transport.sessions[0].answer(Self.created)
            try await rig.accounts.change(0) { $0.initialRegistrationDelay = 3600 }
            let again = try await Self.rig([Self.seed("first", 1)], path: path)
            #expect(Self.states(again) == [.registering])
        }
    }

    @Test(
        arguments: [
            { $0.initialRegistrationDelay = 86401 }, { $0.communicationRetryCount = 1001 },
            { $0.communicationRetryTimer = 86401 }, { $0.communicationSequenceCount = 1001 },
            { $0.communicationSequenceDelay = 0 }, { $0.communicationSequenceDelay = 31_536_001 },
        ] as [@Sendable (inout ServerSettings) -> Void])
    func whatWouldLoseTheGatewayIsRefused(edit: @Sendable (inout ServerSettings) -> Void) {
        var settings = ServerSettings()
        edit(&settings)
        #expect(throws: OperationError.self) { try settings.validate() }
    }

    @Test func doublingsEndAtADay() {
        let policy = RetryPolicy(first: .seconds(60), timer: .seconds(60), count: 30)
        #expect(policy.delay(afterFailures: 25, jitter: 0.5) == .seconds(86400))
    }

    @Test func theFirstRegistrationIsDelayedAlsoOverRestartsUntilItSucceeds() async throws {
        let folder = try TemporaryDirectory()
        try await onLoop {
            let path = "\(folder.path)/accounts"
            let seeds = [
                Self.seed("first", 1) { $0.registrationPriority = 1 },
                Self.seed("second", 2) {
                    $0.registrationPriority = 2
                    $0.initialRegistrationDelay = 30
                },
            ]
            for isToSucceed in [false, true] {
                let rig = try await Self.rig(seeds, path: path)
                await rig.transport.sessions[0].answer(Self.created)
                #expect(Self.states(rig) == [.registered, .held])
                #expect(rig.client.status[1].nextAttempt == rig.scheduler.now + .seconds(30))
                await rig.advance(.milliseconds(29_999))
                #expect(rig.transport.sessions.count == 1)
                await rig.advance(.milliseconds(1))
                #expect(Self.states(rig) == [.registered, .registering])
                guard isToSucceed else { continue }
                await rig.transport.sessions[1].answer(Self.created)
                await stored { rig.accounts[1]?.wasRegistered == true }
            }
            let rig = try await Self.rig(seeds, path: path)
            await rig.transport.sessions[0].answer(Self.created)
            #expect(Self.states(rig) == [.registered, .registering])
            // A section that was edited is as new.
            var edited = seeds
            edited[1].settings.lifetime = 600
            let last = try await Self.rig(edited, path: path)
            await last.transport.sessions[0].answer(Self.created)
            #expect(Self.states(last) == [.registered, .held])
        }
    }

    @Test func aServerThatDisabledItselfBeforeARestartHoldsNobody() async throws {
        let folder = try TemporaryDirectory()
        try await onLoop {
            let path = "\(folder.path)/accounts"
            let seeds = [
                Self.seed("first", 1) {
                    $0.registrationPriority = 1
                    $0.registrationFailureBlock = true
                }, Self.seed("second", 2) { $0.registrationPriority = 2 },
            ]
            let rig = try await Self.rig(seeds, path: path)
            await rig.transport.sessions[0].answer(Self.created)
            try await rig.accounts.disable(0)
            let again = try await Self.rig(seeds, path: path)
            #expect(Self.states(again) == [.disabled, .registering])
        }
    }

    @Test func aServerThatIsTakenOutOfTheConfigurationHoldsNobody() async throws {
        try await onLoop {
            let second = Self.seed("second", 2) { $0.registrationPriority = 2 }
            let rig = try await Self.rig([Self.seed("first", 1) { $0.registrationPriority = 1 }, second])
            try await rig.accounts.reload([second])
            await rig.client.reload()
            await settle()
            #expect(Self.states(rig) == [.registering])
        }
    }

    @Test func aStopEndsTheOrder() async throws {
        try await onLoop {
            let rig = try await Self.rig([
                Self.seed("first", 1) { $0.registrationPriority = 1 },
                Self.seed("second", 2) {
                    $0.registrationPriority = 2
                    $0.initialRegistrationDelay = 5
                },
            ])
            await rig.transport.sessions[0].answer(Self.created)
            let stop = LoopActor.spawn { await rig.client.stop() }
            await settle()
            await rig.transport.sessions[0].answer(Response(.deleted))
            await stop.value
            #expect(Self.states(rig) == [.stopped, .stopped])
            await rig.advance(.seconds(60))
            #expect(rig.transport.sessions.count == 1)
        }
    }
}
