import Testing

@testable import LwM2MClient

/// Contact and registration together: what each answer to Register and Update leads to, and what operators are told.
@Suite struct ConnectionMachineTests {
    /// What the machine does next.
    enum Outcome: Hashable, Sendable {
        case registered
        /// A Register is under way.
        case registering
        /// The next attempt is this one.
        case waiting(RegistrationMachine.Step)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let step: RegistrationMachine.Step
        let response: Response
        let outcome: Outcome
        /// Seconds until the next attempt, at the least and at the most.
        var wait: ClosedRange<Int>?

        var testDescription: String { "\(step) answered \(response.code)" }
    }

    static let cases: [Case] = [
        Case(step: .register, response: Response(.created, locationPath: ["rd", "1"]), outcome: .registered),
        Case(step: .register, response: Response(.created), outcome: .waiting(.register), wait: 1...3),
        Case(
            step: .register, response: Response(.created, locationPath: [String(repeating: "x", count: 600)]),
            outcome: .waiting(.register), wait: 1...3),
        Case(step: .register, response: Response(.badRequest), outcome: .waiting(.register), wait: 450...1350),
        Case(step: .register, response: Response(.forbidden), outcome: .waiting(.register), wait: 450...1350),
        Case(step: .register, response: Response(.preconditionFailed), outcome: .waiting(.register), wait: 450...1350),
        Case(step: .register, response: Response(.unauthorized), outcome: .waiting(.register), wait: 450...1350),
        // A server that is being restarted.
        Case(step: .register, response: Response(.notFound), outcome: .waiting(.register), wait: 1...3),
        Case(step: .register, response: Response(.requestEntityIncomplete), outcome: .waiting(.register), wait: 1...3),
        Case(step: .register, response: Response(.internalServerError), outcome: .waiting(.register), wait: 1...3),
        Case(
            step: .register, response: Response(.serviceUnavailable, maxAge: 30), outcome: .waiting(.register),
            wait: 30...38),
        Case(step: .register, response: Response(.serviceUnavailable), outcome: .waiting(.register), wait: 60...75),
        Case(
            step: .register, response: Response(.serviceUnavailable, maxAge: .max), outcome: .waiting(.register),
            wait: 86400...108_001),
        Case(step: .update, response: Response(.changed), outcome: .registered),
        Case(step: .update, response: Response(.notFound), outcome: .registering),
        Case(step: .update, response: Response(.badRequest), outcome: .registering),
        Case(step: .update, response: Response(.forbidden), outcome: .registering),
        Case(
            step: .update, response: Response(.serviceUnavailable, maxAge: 5), outcome: .waiting(.update), wait: 5...7),
        Case(
            step: .update, response: Response(.serviceUnavailable, maxAge: 900), outcome: .waiting(.register),
            wait: 900...1125),
        Case(step: .update, response: Response(.internalServerError), outcome: .waiting(.update), wait: 1...3),
    ]

    private static let start = Duration.seconds(5000)

    private static func asking(
        _ step: RegistrationMachine.Step, keepAlive: Duration? = nil
    ) -> (ConnectionMachine, Duration) {
        var machine = ConnectionMachine(lifetime: 300, retry: RetryPolicy(), keepAlive: keepAlive)
        _ = machine.handle(.start(disabledUntil: nil), at: start, jitter: 0.5)
        guard step == .update else { return (machine, start) }
        _ = machine.handle(.answered(Response(.created, locationPath: ["rd", "0"])), at: start, jitter: 0.5)
        let due = start + .seconds(135)
        _ = machine.handle(.wake(), at: due, jitter: 0.5)
        return (machine, due)
    }

    /// The request under way.
    private static func step(_ machine: ConnectionMachine) -> RegistrationMachine.Step? {
        switch machine.registration.state {
        case .registering: .register
        case .updating: .update
        default: nil
        }
    }

    /// What is sent next, at the time that the machine asked for.
    private static func outcome(_ machine: ConnectionMachine) -> Outcome? {
        switch (machine.registration.state, machine.contact.state) {
        case (.registered, .open): return .registered
        case (.registering, .open), (.registering, .opening): return .registering
        case (_, .waiting(let until?, _)):
            var next = machine
            let actions = next.handle(.wake(), at: until, jitter: 0) ?? []
            return actions.contains(.sendRegister) ? .waiting(.register) : .waiting(.update)
        default: return nil
        }
    }

    @Test(arguments: cases, [0.0, 0.5, 1.0])
    func answers(_ test: Case, jitter: Double) throws {
        var (machine, now) = Self.asking(test.step)
        #expect(machine.registration.isAsking)
        let result = machine.handle(.answered(test.response), at: now, jitter: jitter)
        let actions = try #require(result)
        #expect(Self.outcome(machine) == test.outcome)
        guard let wait = test.wait else { return }
        guard case .wake(let due?) = actions.last else {
            Issue.record("no wake")
            return
        }
        #expect(due - now >= .seconds(wait.lowerBound))
        #expect(due - now <= .seconds(wait.upperBound))
    }

    @Test func retriesBackOffAndEndInSequencesThatAreSpreadOut() throws {
        for jitter in [0.0, 0.25, 1.0] {
            var (machine, now) = Self.asking(.register)
            var waits: [Duration] = []
            for _ in 0..<12 {
                _ = machine.handle(.failed(.timeout), at: now, jitter: jitter)
                guard let until = machine.nextAttempt else { break }
                waits.append(until - now)
                now = until
                let result = machine.handle(.wake(), at: now, jitter: jitter)
                let actions = try #require(result)
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
                #expect((policy.delay(afterFailures: failures, jitter: 0) ?? .zero) >= .milliseconds(100))
            }
        }
    }

    // MARK: When a registration has failed

    @Test func aRefusedRegistrationHasFailed() {
        var (machine, now) = Self.asking(.register)
        var failures = 0
        for _ in 0..<2 {
            let actions = machine.handle(.answered(Response(.forbidden)), at: now, jitter: 0)
            if actions?.contains(.registrationFailed) == true { failures += 1 }
            now = machine.nextAttempt ?? now
            _ = machine.handle(.wake(), at: now, jitter: 0)
        }
        #expect(failures == 1)
    }

    @Test func aRegistrationWhoseAttemptsAreExhaustedHasFailed() {
        var (machine, now) = Self.asking(.register)
        _ = machine.handle(
            .settingsChanged(lifetime: 300, retry: RetryPolicy(first: .seconds(60), count: 3), awakeTime: nil), at: now,
            jitter: 0)
        var failed: [Bool] = []
        for _ in 0..<6 {
            let actions = machine.handle(.failed(.timeout), at: now, jitter: 0)
            failed.append(actions?.contains(.registrationFailed) == true)
            now = machine.nextAttempt ?? now
            _ = machine.handle(.wake(), at: now, jitter: 0)
        }
        #expect(failed == [false, false, true, false, false, false])
    }

    /// The registration lasts while the server is out of reach.
    @Test func anUpdateWhoseAttemptsAreExhaustedIsNoFailedRegistration() {
        var (machine, now) = Self.asking(.update)
        _ = machine.handle(
            .settingsChanged(lifetime: 86400, retry: RetryPolicy(first: .seconds(60), count: 1), awakeTime: nil),
            at: now, jitter: 0)
        for _ in 0..<2 {
            let actions = machine.handle(.failed(.timeout), at: now, jitter: 0)
            #expect(actions?.contains(.closeSession) == true)
            #expect(actions?.contains(.registrationFailed) == false)
            now = machine.nextAttempt ?? now
            _ = machine.handle(.wake(), at: now, jitter: 0)
            guard case .updating = machine.registration.state else { break }
        }
    }

    @Test func anOutageIsToldOnceAndItsEndOnce() {
        var (machine, now) = Self.asking(.update)
        var reports: [ConnectionMachine.Report] = []
        func take(_ actions: [ConnectionMachine.Action]?) {
            for case .report(let report) in actions ?? [] { reports.append(report) }
        }
        for _ in 0..<2 {
            take(machine.handle(.failed(.timeout), at: now, jitter: 0))
            now = machine.nextAttempt ?? now
            take(machine.handle(.wake(), at: now, jitter: 0))
        }
        take(machine.handle(.answered(Response(.changed)), at: now, jitter: 0))
        #expect(reports == [.lost("no answer came"), .reachedAgain])
    }

    @Test func aRefusalIsToldOnceAndANetworkChangeDoesNotHurryIt() {
        var (machine, now) = Self.asking(.register)
        var refusals = 0
        for _ in 0..<3 {
            let actions = machine.handle(.answered(.failure(.forbidden, "who?")), at: now, jitter: 0)
            if actions?.contains(.report(.refused(.forbidden, "who?"))) == true { refusals += 1 }
            let until = machine.nextAttempt
            _ = machine.handle(.pathChanged, at: now, jitter: 0)
            #expect(machine.nextAttempt == until)
            now = until ?? now
            _ = machine.handle(.wake(), at: now, jitter: 0)
        }
        #expect(refusals == 1)
        #expect(Self.step(machine) == .register)
    }

    @Test(arguments: [false, true])
    func aPingThatIsNotAnsweredMakesANewSession(duringAnUpdate: Bool) {
        var (machine, now) = Self.asking(.update, keepAlive: .seconds(20))
        _ = machine.handle(.answered(Response(.changed)), at: now, jitter: 0.5)
        now += .seconds(20)
        #expect(machine.handle(.wake(), at: now, jitter: 0.5)?.contains(.ping) == true)
        if duringAnUpdate {
            _ = machine.handle(.updateNeeded(after: .zero), at: now, jitter: 0.5)
            _ = machine.handle(.wake(), at: now, jitter: 0.5)
            #expect(Self.step(machine) == .update)
        }
        now += .seconds(15)
        let actions = machine.handle(.pinged(.timeout), at: now, jitter: 0.5)
        #expect(actions?.contains(.openSession) == true)
        #expect(Self.step(machine) == .update)
        // One that is answered changes nothing.
        _ = machine.handle(.answered(Response(.changed)), at: now, jitter: 0.5)
        now += .seconds(20)
        #expect(machine.handle(.wake(), at: now, jitter: 0.5)?.contains(.ping) == true)
        #expect(machine.handle(.pinged(nil), at: now, jitter: 0.5)?.contains(.openSession) == false)
        #expect(machine.registration.isAsking == false)
    }

    /// A server that believes to observe what is not observed any more would wait for ever.
    @Test(arguments: [false, true])
    func anObservationThatWasGivenUpEndsInANewRegistration(duringAnUpdate: Bool) {
        var (machine, now) = Self.asking(.update)
        if !duringAnUpdate { _ = machine.handle(.answered(Response(.changed)), at: now, jitter: 0.5) }
        _ = machine.handle(.deliveryFailed(.timeout, observationGivenUp: true), at: now, jitter: 0.5)
        if duringAnUpdate {
            _ = machine.handle(.answered(Response(.changed)), at: now, jitter: 0.5)
            now += .seconds(1)
            _ = machine.handle(.wake(), at: now, jitter: 0.5)
        }
        #expect(Self.step(machine) == .register)
        _ = machine.handle(.answered(Response(.created, locationPath: ["rd", "1"])), at: now, jitter: 0.5)
        // Once: what follows are Updates again.
        _ = machine.handle(.wake(), at: now + .seconds(150), jitter: 0.5)
        #expect(Self.step(machine) == .update)
    }

    @Test func beforeTheStartNothingIsDone() throws {
        var machine = ConnectionMachine(lifetime: 300, retry: RetryPolicy(), keepAlive: .seconds(10))
        let idle: [ConnectionMachine.Event] = [
            .wake(), .heard, .deliveryFailed(.timeout, observationGivenUp: true), .updateNeeded(after: .zero),
            .pathChanged, .reconnect, .settingsChanged(lifetime: 60, retry: RetryPolicy(), awakeTime: nil),
            .disable(for: .seconds(60)),
        ]
        for event in idle {
            let result = machine.handle(event, at: .seconds(1), jitter: 0)
            let actions = try #require(result)
            #expect(actions.allSatisfy { $0 == .wake(at: nil) }, "\(event)")
        }
        let impossible: [ConnectionMachine.Event] = [
            .answered(Response(.created, locationPath: ["a"])), .failed(.timeout), .sessionEnded(.closed),
            .pinged(.timeout),
        ]
        for event in impossible { #expect(machine.handle(event, at: .seconds(1), jitter: 0) == nil, "\(event)") }
        #expect(machine.registration.state == .stopped && machine.contact.state == .closed)
    }

    /// Lifetime, location, control characters: what a server answers is bounded before it is kept.
    @Test func aRefusalsTextIsOneBoundedLine() throws {
        var (machine, now) = Self.asking(.register)
        let payload = Array("no\u{0} such\nendpoint\u{1b}[31m".utf8) + [UInt8](repeating: 0x78, count: 500)
        let result = machine.handle(.answered(Response(.forbidden, payload: payload)), at: now, jitter: 0)
        let actions = try #require(result)
        now += .seconds(1)
        var text = ""
        for case .report(.refused(_, let words)) in actions { text = words }
        #expect(text.hasPrefix("no  such endpoint [31mxxx"))
        #expect(text.utf8.count <= 128)
        #expect(machine.lastError?.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
    }

    @Test func theRegistrationLastsThroughAnOutage() {
        var (machine, now) = Self.asking(.update)
        let since = machine.registration.registration?.since
        #expect(since == Self.start)
        _ = machine.handle(.failed(.timeout), at: now, jitter: 0)
        now = machine.nextAttempt ?? now
        _ = machine.handle(.wake(), at: now, jitter: 0)
        _ = machine.handle(.answered(Response(.changed)), at: now, jitter: 0)
        #expect(machine.registration.registration?.since == since)
    }

    /// Whatever comes in whatever order: no event that the shell can give is impossible, there is always a next step, and
    /// no request is sent without a session.
    @Test func neverStuck() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<400 {
            let awakeTime: Duration? = Bool.random(using: &generator) ? .seconds(30) : nil
            var machine = ConnectionMachine(
                lifetime: 300, retry: RetryPolicy(), keepAlive: .seconds(25), awakeTime: awakeTime)
            var now = Duration.seconds(1)
            var isOpen = false
            var due: Duration?
            var trace: [String] = []
            func check(_ event: ConnectionMachine.Event) throws {
                let jitter = Double.random(in: 0...1, using: &generator)
                trace.append("\(event)")
                let result = machine.handle(event, at: now, jitter: jitter)
                let actions = try #require(result, "\(trace.suffix(8))")
                for action in actions {
                    switch action {
                    case .openSession: isOpen = true
                    case .closeSession: isOpen = false
                    case .sendRegister, .sendUpdate, .sendDeregister, .ping: #expect(isOpen, "\(trace)")
                    case .wake(let at): due = at
                    default: break
                    }
                }
                trace.append("\(machine.registration.state)/\(machine.contact.state)")
                // Something is under way, or something is due.
                let isStopped = machine.registration.state == .stopped
                #expect(machine.registration.isAsking || due != nil || isStopped, "\(trace)")
                var isQuiet = isStopped
                if case .disabled = machine.registration.state { isQuiet = true }
                if machine.registration.isAsleep { isQuiet = true }
                #expect((machine.contact.state == .closed) == isQuiet, "\(trace)")
            }
            try check(.start(disabledUntil: nil))
            for index in 0..<80 {
                if machine.registration.state == .stopped { break }
                if Bool.random(using: &generator), let until = due { now = max(now, until) }
                now += .seconds(Int.random(in: 0...40, using: &generator))
                var events: [ConnectionMachine.Event] = [
                    .wake(), .wake(isBusy: true), .heard, .deliveryFailed(.timeout, observationGivenUp: false),
                    .deliveryFailed(.timeout, observationGivenUp: true), .updateNeeded(after: .zero), .pathChanged,
                    .reconnect, .settingsChanged(lifetime: 60, retry: RetryPolicy(), awakeTime: nil),
                    .settingsChanged(lifetime: 300, retry: RetryPolicy(count: 2), awakeTime: awakeTime),
                    .disable(for: .seconds(50)),
                ]
                if machine.contact.state != .closed { events += [.pinged(nil), .pinged(.timeout)] }
                // The shell gives answers to the request under way alone, and a session's end while there is one.
                if machine.registration.isAsking {
                    events += [
                        .answered(Response(.created, locationPath: ["a"])), .answered(Response(.changed)),
                        .answered(Response(.notFound)), .answered(Response(.forbidden)),
                        .answered(Response(.serviceUnavailable)), .answered(Response(.internalServerError)),
                        .failed(.timeout),
                    ]
                }
                if isOpen { events.append(.sessionEnded(.closed)) }
                if index > 60 { events.append(.stop) }
                let event = events.randomElement(using: &generator) ?? .wake()
                if case .sessionEnded = event { isOpen = false }
                try check(event)
            }
        }
    }
}
