import Testing

@testable import LwM2MClient

/// The registration's table: every state with every event.
@Suite struct RegistrationMachineTests {
    typealias Event = RegistrationMachine.Event

    private static let now = Duration.seconds(1000)
    private static let created = Event.answered(Response(.created, locationPath: ["rd", "1"]))

    /// A machine in each state, by the events that lead there.
    static let states: [(name: String, events: [Event])] = [
        ("stopped", []),
        ("unregistered", [.start]),
        ("registering", [.start, .contact]),
        ("registered", [.start, .contact, created]),
        ("updating", [.start, .contact, created, .contact]),
        ("outOfContact", [.start, .contact, created, .contactLost]),
        ("deregistering", [.start, .contact, created, .stop]),
    ]

    private static func machine(_ events: [Event]) -> RegistrationMachine {
        var machine = RegistrationMachine(lifetime: 300)
        for event in events { _ = machine.handle(event, at: now, jitter: 0.5) }
        return machine
    }

    /// The kind of the state that follows; nil: impossible. In the order of `states`.
    static let table: [(name: String, event: Event, next: [String?])] = [
        ("start", .start, ["unregistered", nil, nil, nil, nil, nil, nil]),
        (
            "stop", .stop,
            ["stopped", "stopped", "stopped", "deregistering", "deregistering", "stopped", "deregistering"]
        ),
        ("contact", .contact, [nil, "registering", "registering", "updating", "updating", "updating", nil]),
        (
            "contact lost", .contactLost,
            [nil, "unregistered", "unregistered", "outOfContact", "outOfContact", "outOfContact", "stopped"]
        ),
        ("2.01", created, [nil, nil, "registered", nil, "outOfContact", nil, "stopped"]),
        ("2.04", .answered(Response(.changed)), [nil, nil, "unregistered", nil, "registered", nil, "stopped"]),
        ("4.04", .answered(Response(.notFound)), [nil, nil, "unregistered", nil, "registering", nil, "stopped"]),
        (
            "5.03", .answered(Response(.serviceUnavailable)),
            [nil, nil, "unregistered", nil, "outOfContact", nil, "stopped"]
        ),
        (
            "changed", .changed(after: .seconds(1)),
            ["stopped", "unregistered", "registering", "registered", "updating", "outOfContact", "deregistering"]
        ),
        (
            "observation given up", .observationGivenUp,
            ["stopped", "unregistered", "registering", "registered", "updating", "unregistered", "deregistering"]
        ),
        (
            "lifetime", .lifetime(60),
            ["stopped", "unregistered", "registering", "registered", "updating", "outOfContact", "deregistering"]
        ),
        (
            "wake", .wake,
            ["stopped", "unregistered", "registering", "registered", "updating", "outOfContact", "deregistering"]
        ),
    ]

    private static func kind(_ state: RegistrationMachine.State) -> String {
        switch state {
        case .stopped: "stopped"
        case .unregistered: "unregistered"
        case .registering: "registering"
        case .registered: "registered"
        case .updating: "updating"
        case .outOfContact: "outOfContact"
        case .deregistering: "deregistering"
        }
    }

    @Test(arguments: table.indices)
    func everyEventInEveryState(_ row: Int) {
        let (name, event, next) = Self.table[row]
        for (state, expected) in zip(Self.states, next) {
            var machine = Self.machine(state.events)
            #expect(Self.kind(machine.state) == state.name)
            let before = machine
            let actions = machine.handle(event, at: Self.now, jitter: 0.5)
            #expect((actions == nil) == (expected == nil), "\(state.name): \(name)")
            if let expected {
                #expect(Self.kind(machine.state) == expected, "\(state.name): \(name)")
            } else {
                #expect(machine == before)
            }
        }
    }

    @Test func anUpdateFollowsBeforeHalfOfTheLifetime() {
        for jitter in [0.0, 0.5, 1.0] {
            var machine = Self.machine([.start, .contact])
            _ = machine.handle(Self.created, at: Self.now, jitter: jitter)
            guard let due = machine.nextWake else {
                Issue.record("nothing is due")
                continue
            }
            #expect(due >= Self.now + .seconds(120) && due <= Self.now + .seconds(150))
            #expect(machine.handle(.wake, at: due - .milliseconds(1), jitter: 0) == [])
            #expect(machine.handle(.wake, at: due, jitter: 0) == [.update(location: ["rd", "1"])])
        }
    }

    @Test func afterTheLifetimeContactMeansRegister() {
        var machine = Self.machine([.start, .contact, Self.created, .contactLost])
        #expect(machine.handle(.contact, at: Self.now + .seconds(299), jitter: 0) == [.update(location: ["rd", "1"])])
        machine = Self.machine([.start, .contact, Self.created, .contactLost])
        #expect(machine.handle(.contact, at: Self.now + .seconds(300), jitter: 0) == [.register])
    }

    @Test(arguments: [false, true])
    func aChangeDuringARequestIsToldRightAfterIt(isUpdate: Bool) {
        var machine = Self.machine(isUpdate ? [.start, .contact, Self.created, .contact] : [.start, .contact])
        _ = machine.handle(.changed(after: .zero), at: Self.now, jitter: 0)
        _ = machine.handle(isUpdate ? .answered(Response(.changed)) : Self.created, at: Self.now, jitter: 0)
        #expect(machine.nextWake == Self.now + .seconds(1))
    }

    @Test func anObservationGivenUpDuringAnUpdateRegistersAfterIt() {
        var machine = Self.machine([.start, .contact, Self.created, .contact, .observationGivenUp])
        // A change in between does not turn it into an Update.
        _ = machine.handle(.changed(after: .zero), at: Self.now, jitter: 0)
        _ = machine.handle(.answered(Response(.changed)), at: Self.now, jitter: 0)
        #expect(machine.handle(.wake, at: Self.now + .seconds(1), jitter: 0) == [.register])
    }

    @Test func aDeregisterIsWaitedForNoLongerThanAllowed() {
        var machine = Self.machine([.start, .contact, Self.created, .stop])
        #expect(machine.nextWake == Self.now + RegistrationMachine.stopLimit)
        #expect(machine.handle(.wake, at: Self.now + .seconds(1), jitter: 0) == [])
        #expect(machine.handle(.wake, at: Self.now + RegistrationMachine.stopLimit, jitter: 0) == [.ended])
    }
}
