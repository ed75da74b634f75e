import Testing

@testable import Deployment

@Suite struct MachineTests {
    typealias Conditions = DeploymentMachine.Conditions

    /// The phases of a deployment in which each phase ends with an event, `done` unless one is named.
    private func walk(
        _ operation: Deployment.DeploymentOperation, _ conditions: Conditions, _ events: [Phase: Transition.Event] = [:]
    ) -> (phases: [Phase], result: DeploymentResult?) {
        var machine = DeploymentMachine(
            operation: operation, phase: DeploymentMachine.firstPhase(of: operation))
        var phases = [machine.phase]
        var result: DeploymentResult?
        while machine.phase != .finished, phases.count < 30 {
            let actions = machine.handle(events[machine.phase] ?? .done, conditions)
            for case .settle(let settled) in actions { result = settled }
            if actions.isEmpty { break }
            phases.append(machine.phase)
        }
        return (phases, result)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let operation: Deployment.DeploymentOperation
        var conditions = Conditions(hasOld: true, enables: true, starts: true)
        var events: [Phase: Transition.Event] = [:]
        let phases: [Phase]
        let result: DeploymentResult
        var testDescription: String { name }
    }

    static let early = Conditions(hasOld: true, attachesEarly: true, enables: true, starts: true)

    static let cases: [Case] = [
        Case(
            name: "first install, inactive", operation: .install, conditions: Conditions(),
            phases: [.verifying, .unpacking, .preparing, .switching, .committing, .cleaning, .finished], result: .done),
        Case(
            name: "update of what runs", operation: .update,
            phases: [
                .verifying, .unpacking, .preparing, .stopping, .switching, .starting, .probation, .committing,
                .cleaning,
                .finished,
            ], result: .done),
        Case(
            name: "update of what runs and is stopped in the same way by both", operation: .update,
            conditions: early,
            phases: [
                .verifying, .unpacking, .preparing, .attaching, .exchanging, .probation, .committing, .cleaning,
                .finished,
            ], result: .done),
        Case(
            name: "its unit files cannot be put in place", operation: .update, conditions: early,
            events: [.attaching: .failed],
            phases: [
                .verifying, .unpacking, .preparing, .attaching, .revertSwitching, .revertStarting, .cleaning, .finished,
            ], result: .failed),
        Case(
            name: "the exchange fails", operation: .update, conditions: early, events: [.exchanging: .failed],
            phases: [
                .verifying, .unpacking, .preparing, .attaching, .exchanging, .revertStopping, .revertSwitching,
                .revertStarting, .cleaning, .finished,
            ], result: .rolledBack),
        Case(
            name: "probation fails after an exchange", operation: .update, conditions: early,
            events: [.probation: .failed],
            phases: [
                .verifying, .unpacking, .preparing, .attaching, .exchanging, .probation, .revertStopping,
                .revertSwitching, .revertStarting, .cleaning, .finished,
            ], result: .rolledBack),
        Case(
            name: "roll-back by hand of what runs", operation: .rollback, conditions: early,
            phases: [.preparing, .attaching, .exchanging, .probation, .committing, .cleaning, .finished], result: .done),
        Case(
            name: "update of what is inactive is kept at the switch", operation: .update,
            conditions: Conditions(hasOld: true),
            phases: [.verifying, .unpacking, .preparing, .stopping, .switching, .committing, .cleaning, .finished],
            result: .done),
        Case(
            name: "enabled and nothing to start", operation: .update,
            conditions: Conditions(hasOld: true, enables: true),
            phases: [
                .verifying, .unpacking, .preparing, .stopping, .switching, .starting, .committing, .cleaning, .finished,
            ], result: .done),
        Case(
            name: "unpacking fails", operation: .update, events: [.unpacking: .failed],
            phases: [.verifying, .unpacking, .cleaning, .finished], result: .failed),
        Case(
            name: "the old one does not stop", operation: .update, events: [.stopping: .failed],
            phases: [.verifying, .unpacking, .preparing, .stopping, .revertStarting, .cleaning, .finished],
            result: .failed),
        Case(
            name: "the switch fails", operation: .update, events: [.switching: .failed],
            phases: [
                .verifying, .unpacking, .preparing, .stopping, .switching, .revertStopping, .revertSwitching,
                .revertStarting, .cleaning, .finished,
            ], result: .rolledBack),
        Case(
            name: "probation fails", operation: .update, events: [.probation: .failed],
            phases: [
                .verifying, .unpacking, .preparing, .stopping, .switching, .starting, .probation, .revertStopping,
                .revertSwitching, .revertStarting, .cleaning, .finished,
            ], result: .rolledBack),
        Case(
            name: "probation fails, and the new one does not stop, and the old one does not start", operation: .update,
            events: [.probation: .failed, .revertStopping: .hopeless, .revertStarting: .hopeless],
            phases: [
                .verifying, .unpacking, .preparing, .stopping, .switching, .starting, .probation, .revertStopping,
                .revertSwitching, .revertStarting, .cleaning, .finished,
            ], result: .rolledBack),
        Case(
            name: "a first install that fails is no roll-back", operation: .install,
            conditions: Conditions(enables: true, starts: true), events: [.starting: .failed],
            phases: [
                .verifying, .unpacking, .preparing, .switching, .starting, .revertStopping, .revertSwitching,
                .revertStarting, .cleaning, .finished,
            ], result: .failed),
        Case(
            name: "roll-back by hand", operation: .rollback,
            phases: [
                .preparing, .stopping, .switching, .starting, .probation, .committing, .cleaning, .finished,
            ], result: .done),
        Case(
            name: "activate fails", operation: .activate, events: [.probation: .failed],
            phases: [
                .starting, .probation, .revertStopping, .revertSwitching, .revertStarting, .cleaning, .finished,
            ], result: .failed),
        Case(
            name: "what is deactivated does not stop", operation: .deactivate, events: [.stopping: .failed],
            phases: [.stopping, .revertStarting, .cleaning, .finished], result: .failed),
        Case(
            name: "a deactivation cannot be written", operation: .deactivate, events: [.committing: .failed],
            phases: [.stopping, .committing, .revertSwitching, .revertStarting, .cleaning, .finished], result: .failed),
        Case(
            name: "deactivate", operation: .deactivate, phases: [.stopping, .committing, .cleaning, .finished],
            result: .done),
        Case(
            name: "remove", operation: .remove, phases: [.stopping, .removing, .cleaning, .finished], result: .done),
        Case(
            name: "what is removed does not stop", operation: .remove, events: [.stopping: .failed],
            phases: [.stopping, .revertStarting, .cleaning, .finished], result: .failed),
    ]

    @Test(arguments: cases)
    func theTable(_ example: Case) {
        let (phases, result) = walk(example.operation, example.conditions, example.events)
        #expect(phases == example.phases)
        #expect(result == example.result)
    }

    /// The phases that an operation can be in.
    private func reachable(_ operation: Deployment.DeploymentOperation) -> Set<Phase> {
        var found: Set<Phase> = []
        var open: [Phase] = [DeploymentMachine.firstPhase(of: operation)]
        let conditions =
            [true, false].flatMap { old in
                [true, false].flatMap { enables in
                    [true, false].map { Conditions(hasOld: old, enables: enables, starts: $0) }
                }
            } + [Self.early]
        while let phase = open.popLast() {
            guard found.insert(phase).inserted else { continue }
            for event in Transition.Event.allCases {
                open += conditions.compactMap { DeploymentMachine.transition(operation, phase, event, $0)?.to }
            }
        }
        return found
    }

    @Test(arguments: Deployment.DeploymentOperation.allCases)
    func everyReachablePhaseHasAnAnswerToEveryEvent(_ operation: Deployment.DeploymentOperation) {
        for phase in reachable(operation) where phase != .finished {
            for event in Transition.Event.allCases {
                // An operation that does not fail: its clean-up ends it in any case.
                let row = DeploymentMachine.transition(operation, phase, event, Conditions(hasOld: true))
                #expect(row != nil, "\(operation) \(phase) \(event)")
            }
        }
    }

    @Test(arguments: Deployment.DeploymentOperation.allCases)
    func exhaustionAlwaysEnds(_ operation: Deployment.DeploymentOperation) {
        for phase in reachable(operation) where phase != .finished {
            var machine = DeploymentMachine(operation: operation, phase: phase)
            var events = 0
            _ = machine.handle(.exhausted, Conditions(hasOld: true, enables: true, starts: true))
            while machine.phase != .finished, events < 10 {
                // What goes on must not go forward again.
                #expect(phase == .cleaning || machine.phase != .probation, "\(operation) \(phase)")
                _ = machine.handle(.done, Conditions(hasOld: true, enables: true, starts: true))
                events += 1
            }
            #expect(machine.phase == .finished, "\(operation) from \(phase)")
        }
    }

    @Test func thePhaseIsEnteredBeforeItsSteps() {
        var machine = DeploymentMachine(operation: .update, phase: .stopping)
        let actions = machine.handle(.done, Conditions(hasOld: true))
        #expect(actions.first == .enter(.switching))
        #expect(actions.dropFirst().first == .perform(.mark))
        #expect(actions.last == .perform(.unmark))
        #expect(machine.handle(.failed, Conditions(hasOld: true)).first == .enter(.revertStopping))
        _ = machine.handle(.done, Conditions(hasOld: true))
        #expect(machine.handle(.failed, Conditions(hasOld: true)).first == .pause)
    }

    @Test(arguments: [Deployment.DeploymentOperation.install, .update, .rollback])
    func nothingButTheExchangeIsBetweenStopAndStart(_ operation: Deployment.DeploymentOperation) throws {
        let before = Phase.attaching.steps(of: operation)
        let steps = Phase.exchanging.steps(of: operation)
        let stop = try #require(steps.firstIndex(of: .stop))
        let start = try #require(steps.firstIndex(of: .start))
        #expect(steps[stop...start] == [.stop, .conffiles, .links, .unmark, .start])
        // While both releases' files are about, nothing starts; and what is stopped is known to systemd as new.
        #expect(before.first == .mark && before.last == .reload)
        #expect(before.firstIndex(of: .rest) == 1 && before.contains(.attach))
    }

    /// In the same boot and after another: early attached units are never at the mercy of a phase that is skipped.
    @Test(arguments: [Transition.Event.resumed, .rebooted])
    func anInterruptedExchangeIsDoneAgain(_ event: Transition.Event) {
        for phase in [Phase.attaching, .exchanging] {
            #expect(DeploymentMachine.transition(.update, phase, event, Self.early)?.to == phase)
        }
    }

    /// What is on the way back, or cannot turn back, is tried again before it is given up.
    @Test(arguments: [Phase.revertStopping, .revertSwitching, .revertStarting, .cleaning])
    func oneFailureOnTheWayBackIsNotTheEnd(_ phase: Phase) {
        for operation in [Deployment.DeploymentOperation.update, .rollback, .activate] {
            var machine = DeploymentMachine(operation: operation, phase: phase)
            let actions = machine.handle(.failed, Conditions(hasOld: true, enables: true, starts: true))
            #expect(machine.phase == phase)
            #expect(actions.first == .pause)
        }
    }

    /// What failed as often as it may, and has no other way to go, is not repeated without a pause.
    @Test func whatIsHopelessAndStaysPauses() {
        for operation in Deployment.DeploymentOperation.allCases {
            for phase in reachable(operation) where phase != .finished {
                for event in [Transition.Event.failed, .hopeless] {
                    var machine = DeploymentMachine(operation: operation, phase: phase)
                    let actions = machine.handle(event, Conditions(hasOld: true, enables: true, starts: true))
                    #expect((machine.phase == phase) == (actions.first == .pause), "\(operation) \(phase) \(event)")
                }
            }
        }
    }

    /// A journal may name a phase that its operation does not have.
    @Test func withoutARowTheDeploymentEnds() {
        for event in [Transition.Event.done, .failed, .hopeless, .exhausted] {
            var machine = DeploymentMachine(operation: .activate, phase: .switching)
            #expect(machine.handle(event, Conditions()).prefix(2) == [.settle(.failed), .enter(.cleaning)])
            _ = machine.handle(.done, Conditions())
            #expect(machine.phase == .finished)
            #expect(machine.handle(event, Conditions()) == [])
        }
    }

    /// Kills, however many, leave no package half removed.
    @Test func aRemovalThatHasBegunIsAlwaysTakenUp() {
        var record = DeploymentRecord(id: "1", package: "app", operation: .remove, version: "1.0", phase: .removing)
        for _ in 1...20 { #expect(record.takeUp(bootID: "", policy: Policy()) == .resumed) }
    }

    @Test func namesOfPlacesAreDistinct() {
        #expect(Set(FaultNames.all).count == FaultNames.all.count)
        #expect(FaultNames.all.allSatisfy { $0.hasPrefix("deployment.") })
    }
}
