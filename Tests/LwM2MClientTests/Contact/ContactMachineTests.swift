import Testing

@testable import LwM2MClient

/// The contact's table: every state with every event.
@Suite struct ContactMachineTests {
    typealias State = ContactMachine.State
    typealias Event = ContactMachine.Event

    private static let now = Duration.seconds(1000)

    /// A machine in each state, by the events that lead there.
    static let states: [(name: String, events: [Event])] = [
        ("closed", []),
        ("opening", [.open]),
        ("open", [.open, .answered]),
        ("open, pinging", [.open, .answered, .wake]),
        ("waiting", [.open, .failed("no answer")]),
        ("waiting, refused", [.open, .refused("no")]),
    ]

    private static func machine(_ events: [Event], keepAlive: Duration? = .seconds(0)) -> ContactMachine {
        var machine = ContactMachine(retry: RetryPolicy(), keepAlive: keepAlive)
        for event in events { _ = machine.handle(event, at: now, jitter: 0.5) }
        return machine
    }

    /// The kind of the state that follows; nil: impossible. In the order of `states`.
    static let table: [(name: String, event: Event, next: [String?])] = [
        ("open", .open, ["opening", nil, nil, nil, nil, nil]),
        ("close", .close, ["closed", "closed", "closed", "closed", "closed", "closed"]),
        ("answered", .answered, [nil, "open", "open", "open", nil, nil]),
        ("heard", .heard, [nil, "opening", "open", "open", "waiting", "waiting"]),
        ("failed", .failed("x"), [nil, "waiting", "waiting", "waiting", "waiting", "waiting"]),
        ("unusable", .unusable("x"), [nil, "waiting", "waiting", "waiting", nil, nil]),
        ("busy", .busy("x", seconds: 5), [nil, "waiting", "waiting", "waiting", nil, nil]),
        ("refused", .refused("x"), [nil, "waiting", "waiting", "waiting", nil, nil]),
        ("renew", .renew("x"), [nil, "opening", "opening", "opening", nil, nil]),
        ("pinged", .pinged(nil), [nil, "opening", "open", "open", "waiting", "waiting"]),
        ("not pinged", .pinged(.timeout), [nil, "opening", "open", "opening", "waiting", "waiting"]),
        ("path changed", .pathChanged, [nil, "waiting", "waiting", "waiting", "waiting", "waiting"]),
        ("reconnect", .reconnect, [nil, "opening", "opening", "opening", "opening", "opening"]),
        ("wake", .wake, [nil, "opening", "open", "open", "waiting", "waiting"]),
        (
            "policy", .policy(RetryPolicy(count: 2), keepAlive: nil),
            ["closed", "opening", "open", "open", "waiting", "waiting"]
        ),
    ]

    private static func kind(_ state: State) -> String {
        switch state {
        case .closed: "closed"
        case .opening: "opening"
        case .open: "open"
        case .waiting: "waiting"
        }
    }

    @Test(arguments: table.indices)
    func everyEventInEveryState(_ row: Int) {
        let (name, event, next) = Self.table[row]
        for (state, expected) in zip(Self.states, next) {
            var machine = Self.machine(state.events)
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

    @Test func anOutageIsToldOnceWhateverItsCauses() {
        var machine = Self.machine([.open, .answered])
        var told: [String] = []
        func take(_ event: Event, at now: Duration) {
            for case .lost(let text) in machine.handle(event, at: now, jitter: 0) ?? [] { told.append(text) }
        }
        take(.renew("a ping was not answered"), at: Self.now)
        take(.failed("no answer"), at: Self.now)
        take(.wake, at: Self.now + .seconds(10))
        take(.busy("busy", seconds: 1), at: Self.now + .seconds(10))
        take(.wake, at: Self.now + .seconds(20))
        take(.unusable("5.00"), at: Self.now + .seconds(20))
        #expect(told == ["a ping was not answered"])
        take(.wake, at: Self.now + .seconds(40))
        take(.answered, at: Self.now + .seconds(40))
        #expect(machine.trouble == nil)
        take(.failed("gone"), at: Self.now + .seconds(50))
        #expect(told == ["a ping was not answered", "gone"])
    }

    @Test func aChangedPathIsTriedSoonAndCountsAnew() {
        var machine = Self.machine([.open, .failed("x")])
        for _ in 0..<6 {
            guard case .waiting(let until?, _) = machine.state else { break }
            _ = machine.handle(.wake, at: until, jitter: 0.5)
            _ = machine.handle(.failed("x"), at: until, jitter: 0.5)
        }
        #expect(machine.trouble?.failures == 7)
        let now = Duration.seconds(5000)
        #expect(machine.handle(.pathChanged, at: now, jitter: 1) == [.close])
        #expect(machine.trouble?.failures == 0)
        #expect(machine.nextWake == now + .milliseconds(1500))
    }

    @Test func aServerThatRefusesIsNotHurriedByANewPath() {
        var machine = Self.machine([.open, .refused("no")])
        let due = machine.nextWake
        #expect(machine.handle(.pathChanged, at: Self.now, jitter: 0) == [])
        #expect(machine.nextWake == due)
    }

    /// Its Max-Age holds over any path; the session that was kept is of the old one.
    @Test func aBusyServerIsNotHurriedByANewPath() {
        var machine = Self.machine([.open, .busy("busy", seconds: 600)])
        let due = machine.nextWake
        #expect(machine.handle(.pathChanged, at: Self.now, jitter: 0) == [.close])
        #expect(machine.nextWake == due)
        #expect(machine.trouble?.kind == .busy)
    }

    /// `gatekeel reconnect`, after the cause of the refusal was removed.
    @Test func anOperatorsContactIsMadeAtOnceAlsoWithAServerThatRefuses() {
        var machine = Self.machine([.open, .refused("no")])
        #expect(machine.handle(.reconnect, at: Self.now, jitter: 1) == [.open])
        #expect(machine.trouble?.failures == 0)
    }

    @Test func aPingIsDueAfterSilenceAlone() {
        var machine = Self.machine([.open, .answered], keepAlive: .seconds(60))
        #expect(machine.nextWake == Self.now + .seconds(60))
        _ = machine.handle(.heard, at: Self.now + .seconds(50), jitter: 0)
        #expect(machine.handle(.wake, at: Self.now + .seconds(60), jitter: 0) == [])
        #expect(machine.nextWake == Self.now + .seconds(110))
        #expect(machine.handle(.wake, at: Self.now + .seconds(110), jitter: 0) == [.ping])
        #expect(machine.nextWake == nil)
    }
}
