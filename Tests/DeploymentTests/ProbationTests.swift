import Testing

@testable import Deployment

@Suite struct ProbationTests {
    private let limits = Probation.Limits(startTimeout: .seconds(30), time: .seconds(20), allowedRestarts: 0)

    private func probation(_ units: [String] = ["a.service"], health: Bool = false, restarts: Int = 0) -> Probation {
        var limits = limits
        limits.allowedRestarts = restarts
        return Probation(
            required: units, limits: limits, hasHealthCheck: health, before: ["a.service": 5], now: .seconds(100))
    }

    private func status(
        _ state: UnitStatus.ActiveState, _ unit: String = "a.service", at time: UInt64 = 9,
        _ change: (inout UnitStatus) -> Void = { _ in }
    ) -> Probation.Event {
        var status = UnitStatus(unit: unit, activeState: state, conditionTimestamp: time)
        change(&status)
        return .status(status)
    }

    @Test func activeForTheWholeTimePasses() {
        var probation = probation()
        #expect(probation.begin() == [.wake(.seconds(30))])
        #expect(probation.handle(status(.activating), now: .seconds(101)) == [])
        #expect(probation.handle(status(.active), now: .seconds(110)) == [.becameActive, .wake(.seconds(20))])
        // A tick before the end asks for another one: nothing else would end the probation.
        #expect(probation.handle(.tick, now: .seconds(129)) == [.wake(.seconds(1))])
        #expect(probation.handle(.tick, now: .seconds(130)) == [.pass])
        #expect(probation.handle(status(.failed), now: .seconds(131)) == [])
    }

    @Test func allUnitsMustBeActive() {
        var probation = probation(["a.service", "b.socket"])
        #expect(probation.handle(status(.active), now: .seconds(101)) == [])
        #expect(
            probation.handle(.tick, now: .seconds(130))
                == [.fail(Reason("start-failed", "b.socket is not known to systemd after 30 s"))])
    }

    @Test func anOldFailureIsNoneOfThisStart() {
        var probation = probation()
        // What the start before left: the same time-stamp as before the start.
        let old = status(.inactive, at: 5) { $0.conditionsHold = false }
        #expect(probation.handle(old, now: .seconds(101)) == [])
        #expect(probation.handle(status(.active, at: 6), now: .seconds(102)).first == .becameActive)
    }

    @Test func aConditionThatDoesNotHoldSkips() {
        var probation = probation(["a.service", "b.socket"])
        #expect(probation.handle(status(.active, "b.socket"), now: .seconds(101)) == [])
        // systemd looks at assertions only when the conditions hold: this result is of an earlier start.
        let skipped = status(.inactive) {
            $0.conditionsHold = false; $0.assertsHold = false
        }
        #expect(probation.handle(skipped, now: .seconds(101)) == [.becameActive, .wake(.seconds(20))])
        #expect(probation.skipped == ["a.service"])
        #expect(probation.handle(.tick, now: .seconds(121)) == [.pass])
    }

    /// What ran before an update and is skipped after it is not what the update was for.
    @Test func whatRanBeforeMustNotBeSkipped() {
        var probation = Probation(
            required: ["a.service"], running: ["a.service"], limits: limits, hasHealthCheck: false, now: .seconds(100))
        let actions = probation.handle(status(.inactive) { $0.conditionsHold = false }, now: .seconds(101))
        let text = "a.service ran before, and systemd skipped it now: a condition in its file does not hold"
        #expect(actions == [.fail(Reason("start-failed", text))])
    }

    @Test func anAssertionThatDoesNotHoldFails() {
        var probation = probation()
        let actions = probation.handle(status(.inactive) { $0.assertsHold = false }, now: .seconds(101))
        #expect(
            actions == [
                .fail(
                    Reason(
                        "start-failed",
                        "a.service: systemd refused to start it, for an assertion in its file does not hold"))
            ])
    }

    @Test func oneshotsThatEndWellAreUp() {
        var probation = probation()
        let done = status(.inactive) {
            $0.isOneshot = true; $0.exitCode = 1
        }
        #expect(probation.handle(done, now: .seconds(101)).first == .becameActive)
        #expect(probation.handle(.tick, now: .seconds(121)) == [.pass])
    }

    @Test func aServiceThatStopsByItselfFails() {
        var probation = probation()
        _ = probation.handle(status(.active), now: .seconds(101))
        let actions = probation.handle(status(.inactive) { $0.exitCode = 1 }, now: .seconds(105))
        #expect(actions == [.fail(Reason("probation", "a.service exited with code 0"))])
    }

    @Test func restartsAreBorneUpToTheLimit() {
        var probation = probation(restarts: 1)
        _ = probation.handle(status(.active), now: .seconds(101))
        #expect(probation.handle(status(.activating) { $0.restarts = 1 }, now: .seconds(105)) == [])
        #expect(probation.handle(status(.active) { $0.restarts = 1 }, now: .seconds(106)) == [])
        #expect(
            probation.handle(status(.active) { $0.restarts = 2 }, now: .seconds(107))
                == [.fail(Reason("probation", "a.service was restarted 2 times"))])
    }

    @Test func aUnitThatIsNotRequiredMustNotFailEither() {
        var probation = probation()
        _ = probation.handle(status(.active), now: .seconds(101))
        let failed = status(.failed, "triggered.service") { $0.result = "watchdog" }
        #expect(
            probation.handle(failed, now: .seconds(105))
                == [.fail(Reason("probation", "triggered.service missed its watchdog"))])
    }

    @Test func theHealthCommandHasTheLastWord() {
        for (result, action) in [
            (HealthResult.passed, Probation.Action.pass),
            (.failed("exited with code 3"), .fail(Reason("health", "exited with code 3"))),
        ] {
            var probation = probation(health: true)
            _ = probation.handle(status(.active), now: .seconds(101))
            // Too early: no check was asked for.
            #expect(probation.handle(.health(.passed), now: .seconds(102)) == [])
            #expect(probation.handle(.tick, now: .seconds(121)) == [.checkHealth])
            #expect(probation.handle(.health(result), now: .seconds(122)) == [action])
        }
    }

    @Test func aFailureDuringTheHealthCommandCounts() {
        var probation = probation(health: true)
        _ = probation.handle(status(.active), now: .seconds(101))
        _ = probation.handle(.tick, now: .seconds(121))
        let crashed = status(.failed) {
            $0.result = "core-dump"; $0.exitCode = 3; $0.exitStatus = 11
        }
        #expect(
            probation.handle(crashed, now: .seconds(122))
                == [.fail(Reason("probation", "a.service dumped core by signal 11"))])
    }
}
