import Testing

@testable import LwM2MClient

/// What each answer to Register and Update leads to.
@Suite struct RegistrationMachineTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let attempt: RegistrationMachine.Attempt
        let response: Response
        let phase: RegistrationMachine.Phase
        /// Seconds until the next attempt, at the least and at the most.
        var wait: ClosedRange<Int>?

        var testDescription: String { "\(attempt) answered \(response.code)" }
    }

    static let cases: [Case] = [
        Case(attempt: .register, response: Response(.created, locationPath: ["rd", "1"]), phase: .registered),
        Case(attempt: .register, response: Response(.created), phase: .waiting(.register), wait: 1...3),
        Case(
            attempt: .register, response: Response(.created, locationPath: [String(repeating: "x", count: 600)]),
            phase: .waiting(.register), wait: 1...3),
        Case(attempt: .register, response: Response(.badRequest), phase: .waiting(.register), wait: 450...1350),
        Case(attempt: .register, response: Response(.forbidden), phase: .waiting(.register), wait: 450...1350),
        Case(attempt: .register, response: Response(.preconditionFailed), phase: .waiting(.register), wait: 450...1350),
        Case(attempt: .register, response: Response(.internalServerError), phase: .waiting(.register), wait: 1...3),
        Case(
            attempt: .register, response: Response(.serviceUnavailable, maxAge: 30), phase: .waiting(.register),
            wait: 30...38),
        Case(attempt: .register, response: Response(.serviceUnavailable), phase: .waiting(.register), wait: 60...75),
        Case(
            attempt: .register, response: Response(.serviceUnavailable, maxAge: .max), phase: .waiting(.register),
            wait: 86400...108_001),
        Case(attempt: .update, response: Response(.changed), phase: .registered),
        Case(attempt: .update, response: Response(.notFound), phase: .attempting(.register)),
        Case(attempt: .update, response: Response(.badRequest), phase: .attempting(.register)),
        Case(attempt: .update, response: Response(.forbidden), phase: .attempting(.register)),
        Case(
            attempt: .update, response: Response(.serviceUnavailable, maxAge: 5), phase: .waiting(.update), wait: 5...7),
        Case(
            attempt: .update, response: Response(.serviceUnavailable, maxAge: 900), phase: .waiting(.register),
            wait: 900...1125),
        Case(attempt: .update, response: Response(.internalServerError), phase: .waiting(.update), wait: 1...3),
    ]

    private static let start = Duration.seconds(5000)

    private static func attempting(_ attempt: RegistrationMachine.Attempt) -> (RegistrationMachine, Duration) {
        var machine = RegistrationMachine(lifetime: 300, retry: RetryPolicy(), keepAlive: nil)
        _ = machine.handle(.start, at: start, jitter: 0.5)
        guard attempt == .update else { return (machine, start) }
        _ = machine.handle(.answered(Response(.created, locationPath: ["rd", "0"])), at: start, jitter: 0.5)
        let due = start + .seconds(135)
        _ = machine.handle(.wake, at: due, jitter: 0.5)
        return (machine, due)
    }

    @Test(arguments: cases, [0.0, 0.5, 1.0])
    func answers(_ test: Case, jitter: Double) {
        var (machine, now) = Self.attempting(test.attempt)
        #expect(machine.phase == .attempting(test.attempt))
        let actions = machine.handle(.answered(test.response), at: now, jitter: jitter)
        #expect(machine.phase == test.phase)
        guard let wait = test.wait else { return }
        guard case .wake(let due?) = actions.last else {
            Issue.record("no wake")
            return
        }
        #expect(due - now >= .seconds(wait.lowerBound))
        #expect(due - now <= .seconds(wait.upperBound))
    }

    @Test func retriesBackOffAndEndInSequencesThatAreSpreadOut() {
        for jitter in [0.0, 0.25, 1.0] {
            var (machine, now) = Self.attempting(.register)
            var waits: [Duration] = []
            for _ in 0..<12 {
                _ = machine.handle(.failed(.timeout), at: now, jitter: jitter)
                guard let until = machine.waitsUntil else { break }
                waits.append(until - now)
                now = until
                let actions = machine.handle(.wake, at: now, jitter: jitter)
                #expect(actions.contains(.openSession))
            }
            let bases: [Duration] = [2, 4, 8, 16, 32, 60, 120, 240, 480, 900, 60, 120].map { .seconds($0) }
            #expect(waits.count == bases.count)
            for (wait, base) in zip(waits, bases) {
                #expect(wait >= base / 2 && wait <= base + base / 2, "\(wait) for \(base)")
            }
        }
    }

    @Test func noPolicyMakesAttemptsWithoutAPause() {
        for policy in [
            RetryPolicy(first: .zero, timer: .zero, count: 0, sequenceDelay: .zero),
            RetryPolicy(first: .seconds(-1), timer: .seconds(-1), count: -1, sequenceDelay: .seconds(-1)),
        ] {
            for failures in [-1, 0, 1, 2, 100] {
                #expect(policy.delay(afterFailures: failures, jitter: 0) >= .milliseconds(100))
            }
        }
    }

    @Test func anOutageIsToldOnceAndItsEndOnce() {
        var (machine, now) = Self.attempting(.update)
        var reports: [RegistrationMachine.Report] = []
        func take(_ actions: [RegistrationMachine.Action]) {
            for case .report(let report) in actions { reports.append(report) }
        }
        for _ in 0..<2 {
            take(machine.handle(.failed(.timeout), at: now, jitter: 0))
            now = machine.waitsUntil ?? now
            take(machine.handle(.wake, at: now, jitter: 0))
        }
        take(machine.handle(.answered(Response(.changed)), at: now, jitter: 0))
        #expect(reports == [.lost("no answer came"), .reachedAgain])
    }

    @Test func aRefusalIsToldOnceAndANetworkChangeDoesNotHurryIt() {
        var (machine, now) = Self.attempting(.register)
        var refusals = 0
        for _ in 0..<3 {
            let actions = machine.handle(.answered(.failure(.forbidden, "who?")), at: now, jitter: 0)
            if actions.contains(.report(.refused(.forbidden, "who?"))) { refusals += 1 }
            let until = machine.waitsUntil
            _ = machine.handle(.networkChanged, at: now, jitter: 0)
            #expect(machine.waitsUntil == until)
            now = until ?? now
            _ = machine.handle(.wake, at: now, jitter: 0)
        }
        #expect(refusals == 1)
        #expect(machine.phase == .attempting(.register))
    }

    @Test(arguments: [false, true])
    func aPingThatIsNotAnsweredMakesANewSession(duringAnUpdate: Bool) {
        var (machine, now) = Self.attempting(.update)
        if !duringAnUpdate { _ = machine.handle(.answered(Response(.changed)), at: now, jitter: 0.5) }
        now += .seconds(15)
        let actions = machine.handle(.pinged(.timeout), at: now, jitter: 0.5)
        #expect(actions.contains(.openSession))
        #expect(machine.phase == .attempting(.update))
        // One that is answered changes nothing.
        _ = machine.handle(.answered(Response(.changed)), at: now, jitter: 0.5)
        #expect(!machine.handle(.pinged(nil), at: now, jitter: 0.5).contains(.openSession))
    }

    /// A server that believes to observe what is not observed any more would wait for ever.
    @Test(arguments: [false, true])
    func anObservationThatWasGivenUpEndsInANewRegistration(duringAnUpdate: Bool) {
        var (machine, now) = Self.attempting(.update)
        if !duringAnUpdate { _ = machine.handle(.answered(Response(.changed)), at: now, jitter: 0.5) }
        _ = machine.handle(.deliveryFailed(.timeout, observationGivenUp: true), at: now, jitter: 0.5)
        if duringAnUpdate {
            _ = machine.handle(.answered(Response(.changed)), at: now, jitter: 0.5)
            now += .seconds(1)
            _ = machine.handle(.wake, at: now, jitter: 0.5)
        }
        #expect(machine.phase == .attempting(.register))
        _ = machine.handle(.answered(Response(.created, locationPath: ["rd", "1"])), at: now, jitter: 0.5)
        // Once: what follows are Updates again.
        _ = machine.handle(.wake, at: now + .seconds(150), jitter: 0.5)
        #expect(machine.phase == .attempting(.update))
    }

    @Test func eventsThatComeTooLateOrTooEarlyChangeNothing() {
        var machine = RegistrationMachine(lifetime: 300, retry: RetryPolicy(), keepAlive: .seconds(10))
        let events: [RegistrationMachine.Event] = [
            .wake, .answered(Response(.created, locationPath: ["a"])), .failed(.timeout), .sessionEnded(.closed),
            .deliveryFailed(.timeout, observationGivenUp: false), .pinged(.timeout), .updateNeeded(after: .zero),
            .networkChanged,
        ]
        for event in events { #expect(machine.handle(event, at: .seconds(1), jitter: 0) == [.wake(at: nil)]) }
        #expect(machine.phase == .stopped)
    }

    /// Whatever comes in whatever order: there is always a next step, and no request is sent without a session.
    @Test func neverStuck() {
        var generator = SystemRandomNumberGenerator()
        let events: [RegistrationMachine.Event] = [
            .wake, .answered(Response(.created, locationPath: ["a"])), .answered(Response(.changed)),
            .answered(Response(.notFound)), .answered(Response(.forbidden)), .failed(.timeout), .sessionEnded(.closed),
            .deliveryFailed(.timeout, observationGivenUp: false), .pinged(nil), .pinged(.timeout), .heard,
            .updateNeeded(after: .zero),
            .networkChanged, .settingsChanged(lifetime: 60), .settingsChanged(lifetime: 300),
        ]
        for _ in 0..<200 {
            var machine = RegistrationMachine(lifetime: 300, retry: RetryPolicy(), keepAlive: .seconds(25))
            var now = Duration.seconds(1)
            var open = false
            var trace: [String] = []
            func check(_ event: RegistrationMachine.Event) {
                var due: Duration??
                for action in machine.handle(event, at: now, jitter: Double.random(in: 0...1, using: &generator)) {
                    switch action {
                    case .openSession: open = true
                    case .closeSession: open = false
                    case .send, .ping, .sendDeregister: #expect(open, "\(trace)")
                    case .wake(let at): due = .some(at)
                    default: break
                    }
                }
                trace.append("\(event) -> \(machine.phase)")
                if let due, due == nil, case .attempting = machine.phase { return }
                if let due { #expect(due != nil, "\(trace)") }
            }
            check(.start)
            for _ in 0..<60 {
                if Bool.random(using: &generator), let until = machine.waitsUntil { now = max(now, until) }
                now += .seconds(Int.random(in: 0...40, using: &generator))
                let event = events.randomElement(using: &generator) ?? .wake
                if case .sessionEnded = event {
                    guard open else { continue }
                    open = false
                }
                check(event)
            }
        }
    }
}
