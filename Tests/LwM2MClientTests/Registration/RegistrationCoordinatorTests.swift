import Testing

@testable import LwM2MClient

/// Which account begins when: a table of cases.
@Suite struct RegistrationCoordinatorTests {
    typealias Event = RegistrationCoordinator.Event
    typealias Member = RegistrationCoordinator.Member

    struct Step: Sendable {
        /// Seconds since the start.
        let at: Int
        let event: Event
        /// The accounts that begin; nil: the event is impossible.
        let begin: [UInt16]?

        init(_ at: Int = 0, _ event: Event, _ begin: [UInt16]?) {
            self.at = at
            self.event = event
            self.begin = begin
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let members: [Member]
        /// Those that begin at the start.
        let begin: [UInt16]
        let steps: [Step]

        init(_ name: String, _ members: [Member], _ begin: [UInt16], _ steps: [Step] = []) {
            testDescription = name
            self.members = members
            self.begin = begin
            self.steps = steps
        }
    }

    private static func member(
        _ account: UInt16, _ priority: UInt32? = nil, delay: Int = 0, blocks: Bool = false
    ) -> Member {
        Member(account: account, priority: priority, delay: .seconds(delay), blocks: blocks)
    }

    static let cases: [Case] = [
        Case("no account", [], []),
        Case("accounts without a priority begin at once", [member(0), member(1), member(2)], [0, 1, 2]),
        Case(
            "the lowest number begins, then the next",
            [member(0, 30), member(1, 10), member(2, 20)], [1],
            [Step(1, .settled(1), [2]), Step(2, .settled(2), [0]), Step(3, .settled(0), [])]),
        Case(
            "of equal numbers the lowest instance begins", [member(2, 5), member(1, 5)], [1],
            [Step(1, .settled(1), [2])]),
        Case(
            "the numbers may be 0 and the largest", [member(0, .max), member(1, 0)], [1], [Step(1, .settled(1), [0])]),
        Case(
            "those without a priority do not wait for the order", [member(0, 1), member(1), member(2, 2)], [0, 1],
            [Step(1, .settled(1), []), Step(2, .settled(0), [2])]),
        Case(
            "nobody waits for one without a priority", [member(0, blocks: true), member(1, 1)], [1, 0],
            [Step(1, .failed(0), [])]),
        Case(
            "after a failure the next one begins", [member(0, 1), member(1, 2)], [0],
            [Step(1, .failed(0), [1]), Step(2, .settled(0), [])]),
        Case(
            "after a failure that blocks, nobody begins", [member(0, 1, blocks: true), member(1, 2), member(2, 3)], [0],
            [Step(1, .failed(0), []), Step(2, .failed(0), []), Step(3, .wake, [])]),
        Case(
            "what is blocked begins after the success that comes later",
            [member(0, 1, blocks: true), member(1, 2), member(2, 3)], [0],
            [Step(1, .failed(0), []), Step(2, .settled(0), [1]), Step(3, .failed(1), [2])]),
        Case(
            "a failure in the middle blocks those after it", [member(0, 1), member(1, 2, blocks: true), member(2, 3)],
            [0], [Step(1, .settled(0), [1]), Step(2, .failed(1), []), Step(3, .settled(0), [])]),
        Case(
            "a failure after the success does not stop those that have begun",
            [member(0, 1, blocks: true), member(1, 2), member(2, 3)], [0],
            [Step(1, .settled(0), [1]), Step(2, .failed(0), []), Step(3, .settled(1), []), Step(4, .settled(0), [2])]),
        Case(
            "a delay counts from the end of the one before", [member(0, 1), member(1, 2, delay: 30)], [0],
            [
                Step(10, .settled(0), []), Step(39, .wake, []), Step(40, .wake, [1]), Step(41, .wake, []),
            ]),
        Case(
            "those after a delayed one wait too", [member(0, 1, delay: 30), member(1, 2)], [],
            [Step(30, .wake, [0]), Step(31, .settled(0), [1])]),
        Case(
            "a failure that blocks does not stop a delay that runs",
            [member(0, 1, blocks: true), member(1, 2, delay: 30), member(2, 3)], [0],
            [
                Step(0, .settled(0), []), Step(10, .failed(0), []), Step(30, .wake, [1]), Step(31, .settled(1), []),
                Step(32, .settled(0), [2]),
            ]),
        Case("a delay without a priority counts from the start", [member(0, delay: 5)], [], [Step(5, .wake, [0])]),
        Case(
            "a failure during a delay does not restart it", [member(0, 1), member(1, 2, delay: 30)], [0],
            [Step(0, .failed(0), []), Step(10, .settled(0), []), Step(30, .wake, [1])]),
        Case(
            "one that leaves holds nobody", [member(0, 1, blocks: true), member(1, 2)], [0],
            [Step(1, .failed(0), []), Step(2, .change(leaving: [0]), [1]), Step(3, .change(leaving: [1]), [])]),
        Case(
            "one that joins takes its place in the order", [member(0, 1), member(1, 9)], [0],
            [
                Step(1, .change(joining: [member(2, 5), member(3)]), [3]), Step(2, .settled(0), [2]),
                Step(3, .settled(2), [1]),
            ]),
        Case(
            "one that joins before those that have begun begins at once", [member(0, 5)], [0],
            [Step(1, .change(joining: [member(1, 1)]), [1])]),
        Case(
            "one that changes keeps its place", [member(0, 1, blocks: true), member(1, 2)], [0],
            [
                Step(1, .failed(0), []), Step(2, .change(leaving: [0], joining: [member(0, 1)]), [0]),
                Step(3, .failed(0), [1]),
            ]),
        Case(
            "impossible events", [member(0, 1), member(1, 2), member(2, 3, delay: 9)], [0],
            [
                Step(1, .settled(1), nil), Step(1, .failed(1), nil), Step(1, .settled(7), nil),
                Step(1, .change(leaving: [7]), nil),
                Step(1, .change(joining: [member(1)]), nil), Step(1, .change(joining: [member(8), member(8)]), nil),
                Step(1, .settled(0), [1]), Step(1, .settled(1), []), Step(1, .settled(2), nil),
            ]),
    ]

    @Test(arguments: cases) func order(test: Case) {
        var coordinator = RegistrationCoordinator()
        #expect(coordinator.handle(.change(joining: test.members), at: .zero) == test.begin)
        for step in test.steps {
            let before = coordinator
            let begun = coordinator.handle(step.event, at: .seconds(step.at))
            #expect(begun == step.begin, "\(step.event) at \(step.at)")
            if begun == nil { #expect(coordinator == before) }
        }
    }

    @Test func itWakesForTheEndOfADelayAlone() {
        var coordinator = RegistrationCoordinator()
        #expect(coordinator.nextWake == nil)
        let members = [Self.member(0, 1), Self.member(1, 2, delay: 30), Self.member(2, delay: 50)]
        _ = coordinator.handle(.change(joining: members), at: .zero)
        #expect(coordinator.nextWake == .seconds(50))
        _ = coordinator.handle(.settled(0), at: .seconds(10))
        #expect(coordinator.nextWake == .seconds(40))
        _ = coordinator.handle(.wake, at: .seconds(50))
        #expect(coordinator.nextWake == nil)
    }

    /// Whatever comes in whatever order: nobody begins twice, and who is in the order begins only when all before it are
    /// settled, or failed without blocking.
    @Test func neverOutOfOrder() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let members = (0..<6 as Range<UInt16>).map { account in
                Self.member(
                    account, Bool.random(using: &generator) ? UInt32.random(in: 0...3, using: &generator) : nil,
                    blocks: Bool.random(using: &generator))
            }
            var coordinator = RegistrationCoordinator()
            var begun: Set<UInt16> = []
            for round in 0..<60 {
                let account = UInt16.random(in: 0..<6, using: &generator)
                let event: Event =
                    round == 0
                    ? .change(joining: members)
                    : [.settled(account), .failed(account), .wake].randomElement(using: &generator) ?? .wake
                for account in coordinator.handle(event, at: .seconds(round)) ?? [] {
                    #expect(begun.insert(account).inserted)
                    guard let priority = members[Int(account)].priority else { continue }
                    for other in members {
                        guard let place = other.priority, (place, other.account) < (priority, account) else { continue }
                        let phase = coordinator.phase(of: other.account)
                        #expect(phase == .settled || (phase == .failed && !other.blocks), "\(members)")
                    }
                }
            }
        }
    }
}
