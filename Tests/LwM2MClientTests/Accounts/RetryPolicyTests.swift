import EventLoop
import LwM2M
import TestSupport
import Testing

@testable import LwM2MClient

/// The resources 17 to 20 of object 1, and what they make of attempts that fail.
@Suite struct RetryPolicyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let edit: @Sendable (inout ServerSettings) -> Void
        /// The delays after the first failures, seconds; nil: no further attempt.
        let delays: [Int?]
        /// The number of failures with which the registration has failed.
        let failed: Int

        init(_ name: String, delays: [Int?], failed: Int, _ edit: @escaping @Sendable (inout ServerSettings) -> Void) {
            testDescription = name
            self.edit = edit
            self.delays = delays
            self.failed = failed
        }
    }

    static let cases: [Case] = [
        Case("none is set", delays: [2, 4, 8, 16, 32, 60, 120, 240, 480, 900, 60], failed: 10) { _ in },
        Case("Communication Retry Count", delays: [60, 120, 900, 60, 120, 900], failed: 3) {
            $0.communicationRetryCount = 3
        },
        Case("a count of 1", delays: [900, 900, 900], failed: 1) { $0.communicationRetryCount = 1 },
        Case("Communication Retry Timer", delays: [10, 20, 40, 80, 900, 10], failed: 5) {
            $0.communicationRetryTimer = 10
        },
        Case("Communication Sequence Delay Timer", delays: [10, 5, 10, 5], failed: 2) {
            $0.communicationRetryCount = 2
            $0.communicationRetryTimer = 10
            $0.communicationSequenceDelay = 5
        },
        Case("no further sequence", delays: [10, nil, 10], failed: 2) {
            $0.communicationRetryCount = 2
            $0.communicationRetryTimer = 10
            $0.communicationSequenceDelay = ServerSettings.never
        },
        Case("no further sequence, with 64 bits", delays: [nil], failed: 1) {
            $0.communicationRetryCount = 1
            $0.communicationSequenceDelay = .max
        },
        Case("Communication Sequence Retry Count", delays: [10, 900, 10, 900, 10, 900], failed: 6) {
            $0.communicationRetryCount = 2
            $0.communicationRetryTimer = 10
            $0.communicationSequenceCount = 3
        },
    ]

    @Test(arguments: cases) func delays(test: Case) {
        var settings = ServerSettings()
        test.edit(&settings)
        let policy = RetryPolicy(settings)
        for (index, seconds) in test.delays.enumerated() {
            let expected = seconds.map { Duration.seconds($0) }
            #expect(policy.delay(afterFailures: index + 1, jitter: 0.5) == expected, "failure \(index + 1)")
        }
        #expect((1...30).filter { policy.fails(afterFailures: $0) } == [test.failed])
    }

    @Test func aDelayIsDrawnFromHalfOfItToOneAndAHalf() {
        var settings = ServerSettings()
        settings.communicationRetryTimer = 10
        let policy = RetryPolicy(settings)
        #expect(policy.delay(afterFailures: 1, jitter: 0) == .seconds(5))
        #expect(policy.delay(afterFailures: 1, jitter: 1) == .seconds(15))
    }

    /// A write by the server holds from the next failure on; the session is not touched.
    @Test func aChangeOfTheTimersTakesEffectAtOnce() async throws {
        try await onLoop {
            let rig = Rig(version: .v12)
            try await rig.register()
            try await rig.accounts.change(0) {
                $0.communicationRetryCount = 2
                $0.communicationRetryTimer = 10
                $0.communicationSequenceDelay = 100
            }
            #expect(rig.transport.sessions.count == 1)
            for delay in [10, 100, 10, 100] {
                await rig.advance(.seconds(150))
                try rig.session.fail(.timeout)
                await settle()
                #expect(rig.client.status.first?.nextAttempt == rig.scheduler.now + .seconds(delay))
                await rig.advance(.seconds(delay))
            }
        }
    }

    @Test func withoutAFurtherSequenceOnlyAnEventBringsTheNextAttempt() async throws {
        try await onLoop {
            var settings = ServerSettings(lifetime: 300)
            settings.communicationRetryCount = 1
            settings.communicationSequenceDelay = ServerSettings.never
            let rig = Rig(settings)
            rig.client.start()
            await settle()
            try rig.session.fail(.timeout)
            await settle()
            #expect(rig.state == .waiting)
            #expect(rig.client.status.first?.nextAttempt == nil)
            await rig.advance(.seconds(1_000_000))
            #expect(rig.transport.sessions.count == 1)
            // The network is back.
            try rig.session.path = .gone
            rig.client.networkChanged()
            try rig.session.path = .same
            rig.client.networkChanged()
            await rig.advance(.seconds(2))
            #expect(rig.transport.sessions.count == 2)
            try rig.session.fail(.timeout)
            await settle()
            rig.client.reconnect()
            await settle()
            #expect(rig.transport.sessions.count == 3)
        }
    }

    @Test func aRefusalWaitsForTheSequenceDelay() async throws {
        try await onLoop {
            for (delay, next) in [(120, Duration.seconds(120)), (ServerSettings.never, nil)] as [(UInt64, Duration?)] {
                var settings = ServerSettings(lifetime: 300)
                settings.communicationSequenceDelay = delay
                let rig = Rig(settings)
                rig.client.start()
                await settle()
                try await rig.session.answer(Response(.forbidden))
                #expect(rig.state == .refused)
                #expect(rig.client.status.first?.nextAttempt == next.map { rig.scheduler.now + $0 })
            }
        }
    }
}
