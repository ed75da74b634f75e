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
        ("deregistering", [.start, .contact, created, disable]),
        ("disabled", [.start, disable]),
        ("registering", [.start, .contact, disable]),
        ("asleep", [.start, .contact, created, .sleep]),
    ]

    private static let disable = Event.disable(until: now + .seconds(60))

    private static func machine(_ events: [Event]) -> RegistrationMachine {
        var machine = RegistrationMachine(lifetime: 300)
        for event in events { _ = machine.handle(event, at: now, jitter: 0.5) }
        return machine
    }

    /// What each state becomes; `-`: impossible. In the order of `states`: `S`topped, `U`nregistered, registerin`G`,
    /// `R`egistered, u`P`dating, `O`ut of contact, d`E`registering, `D`isabled, `A`sleep.
    static let table: [(name: String, event: Event, next: String)] = [
        ("start", .start, "U----------"),
        ("stop", .stop, "SSSEESEESSE"),
        ("disable", disable, "SDGEEDEEDGE"),
        ("enable", .enable, "SUGRPOEEUGA"),
        ("contact", .contact, "-GGPPPEE-GP"),
        ("contact lost", .contactLost, "-UUOOOSDDDA"),
        ("2.01", created, "--R-O-SD-E-"),
        ("2.04", .answered(Response(.changed)), "--U-R-SD-D-"),
        ("4.04", .answered(Response(.notFound)), "--U-G-SD-D-"),
        ("5.03", .answered(Response(.serviceUnavailable)), "--U-O-SD-D-"),
        ("changed", .changed(after: .seconds(1)), "SUGRPOEEDGA"),
        ("observation given up", .observationGivenUp, "SUGRPUEEDGA"),
        ("lifetime", .lifetime(60), "SUGRPOEEDGA"),
        ("sleep", .sleep, "---A-------"),
        ("wake", .wake, "SUGRPOEEDGA"),
    ]

    private static let letters: [String: Character] = [
        "stopped": "S", "unregistered": "U", "registering": "G", "registered": "R", "updating": "P",
        "outOfContact": "O", "deregistering": "E", "disabled": "D",
        "asleep": "A",
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
        case .disabled: "disabled"
        case .asleep: "asleep"
        }
    }

    @Test(arguments: table.indices)
    func everyEventInEveryState(_ row: Int) {
        let (name, event, next) = Self.table[row]
        #expect(next.count == Self.states.count)
        for (state, expected) in zip(Self.states, next) {
            var machine = Self.machine(state.events)
            #expect(Self.kind(machine.state) == state.name)
            let before = machine
            let actions = machine.handle(event, at: Self.now, jitter: 0.5)
            #expect((actions == nil) == (expected == "-"), "\(state.name): \(name)")
            if expected == "-" {
                #expect(machine == before)
            } else {
                #expect(Self.letters[Self.kind(machine.state)] == expected, "\(state.name): \(name)")
            }
        }
    }

    // MARK: Queue mode

    @Test func asleepTheNextStepIsDueAsBefore() {
        var machine = Self.machine([.start, .contact, Self.created])
        let due = machine.nextWake
        #expect(machine.handle(.sleep, at: Self.now, jitter: 0) == [.asleep])
        #expect(machine.nextWake == due && due != nil)
        #expect(machine.handle(.wake, at: Self.now, jitter: 0) == [])
        #expect(machine.handle(.wake, at: due ?? Self.now, jitter: 0) == [.awake])
        #expect(machine.handle(.contact, at: due ?? Self.now, jitter: 0) == [.update(location: ["rd", "1"])])
    }

    @Test func whatChangesMeanwhileWakesIt() {
        var machine = Self.machine([.start, .contact, Self.created, .sleep, .changed(after: .seconds(1))])
        #expect(machine.nextWake == Self.now + .seconds(1))
        machine = Self.machine([.start, .contact, Self.created, .sleep, .observationGivenUp])
        #expect(machine.handle(.wake, at: Self.now, jitter: 0) == [.awake])
        #expect(machine.handle(.contact, at: Self.now, jitter: 0) == [.register])
    }

    @Test func itWakesToDeregister() {
        var machine = Self.machine([.start, .contact, Self.created, .sleep])
        #expect(machine.handle(.stop, at: Self.now, jitter: 0) == [.awake])
        #expect(machine.nextWake == Self.now + RegistrationMachine.stopLimit)
        #expect(machine.handle(.contact, at: Self.now, jitter: 0) == [.deregister(location: ["rd", "1"])])
        #expect(machine.handle(.answered(Response(.deleted)), at: Self.now, jitter: 0) == [.deregistered, .ended])
    }

    // MARK: Disable

    @Test func aDisabledServerIsDeregisteredFromAndLeftAloneForItsTime() {
        var machine = Self.machine([.start, .contact, Self.created])
        #expect(machine.handle(Self.disable, at: Self.now, jitter: 0) == [.deregister(location: ["rd", "1"])])
        #expect(machine.handle(.answered(Response(.deleted)), at: Self.now, jitter: 0) == [.deregistered, .disabled])
        #expect(machine.nextWake == Self.now + .seconds(60))
        #expect(machine.registration == nil)
        #expect(machine.handle(.wake, at: Self.now + .seconds(59), jitter: 0) == [])
        #expect(machine.handle(.wake, at: Self.now + .seconds(60), jitter: 0) == [.enabled])
        #expect(machine.handle(.contact, at: Self.now + .seconds(60), jitter: 0) == [.register])
    }

    @Test func aDeregisterOfADisableThatIsNotAnsweredEndsTheWaitSoon() {
        var machine = Self.machine([.start, .contact, Self.created, Self.disable])
        let limit = Self.now + RegistrationMachine.disableLimit
        #expect(machine.nextWake == limit)
        #expect(machine.handle(.wake, at: limit, jitter: 0) == [.disabled])
        #expect(machine.nextWake == Self.now + .seconds(60))
    }

    @Test func aDisableDuringARegisterFollowsItsAnswer() {
        var machine = Self.machine([.start, .contact, Self.disable])
        // Another session for the same Register changes nothing.
        #expect(machine.handle(.contact, at: Self.now, jitter: 0) == [.register])
        let actions = machine.handle(Self.created, at: Self.now, jitter: 0)
        #expect(actions?.last == .deregister(location: ["rd", "1"]))
        machine = Self.machine([.start, .contact, Self.disable])
        #expect(machine.handle(.answered(Response(.forbidden)), at: Self.now, jitter: 0) == [.disabled])
    }

    @Test func anOperatorEndsADisableInEachOfItsStates() {
        var machine = Self.machine([.start, Self.disable])
        #expect(machine.handle(.enable, at: Self.now, jitter: 0) == [.enabled])
        machine = Self.machine([.start, .contact, Self.created, Self.disable, .enable])
        _ = machine.handle(.answered(Response(.deleted)), at: Self.now, jitter: 0)
        #expect(machine.handle(.wake, at: Self.now, jitter: 0) == [.enabled])
        machine = Self.machine([.start, .contact, Self.disable, .enable])
        #expect(
            machine.handle(Self.created, at: Self.now, jitter: 0)?.contains(.deregister(location: ["rd", "1"])) == false
        )
    }

    @Test func aStopDuringADisableIsNoLongerThanAnyStop() {
        var machine = Self.machine([.start, .contact, Self.created, Self.disable, .stop])
        #expect(machine.nextWake == Self.now + RegistrationMachine.stopLimit)
        #expect(machine.handle(.wake, at: Self.now + RegistrationMachine.stopLimit, jitter: 0) == [.ended])
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
