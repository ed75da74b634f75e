import LwM2M
import Testing

@testable import LwM2MClient

/// What is told when: time-lines of values, under attributes.
@Suite struct NotificationStateTests {
    struct Timeline: Sendable, CustomTestStringConvertible {
        let name: String
        let attributes: Attributes
        var sampling: Int?
        /// The values that the resource takes, by second.
        let values: [Int: Int64]
        let until: Int
        /// The seconds of the notifications, with their values.
        let told: [Int: Int64]
        /// How often the resource was looked at without being told to.
        var looks: Int = 0

        var testDescription: String { name }
    }

    static let timelines: [Timeline] = [
        Timeline(
            name: "no attributes: every change", attributes: Attributes(), values: [1: 1, 2: 2, 3: 2, 5: 3], until: 100,
            told: [1: 1, 2: 2, 5: 3]),
        Timeline(
            name: "pmin holds back, and tells the last", attributes: Attributes(minimumPeriod: 10),
            values: [1: 1, 2: 2, 15: 3], until: 100, told: [10: 2, 20: 3]),
        Timeline(
            name: "pmin: a change that went back is told all the same", attributes: Attributes(minimumPeriod: 10),
            values: [1: 1, 2: 0], until: 100, told: [10: 0]),
        Timeline(
            name: "pmax repeats", attributes: Attributes(maximumPeriod: 30), values: [40: 1], until: 110,
            told: [30: 0, 40: 1, 70: 1, 100: 1]),
        Timeline(
            name: "pmax below pmin is ignored", attributes: Attributes(minimumPeriod: 20, maximumPeriod: 10),
            values: [5: 1], until: 100, told: [20: 1]),
        Timeline(
            name: "pmax 0 is ignored", attributes: Attributes(maximumPeriod: 0), values: [5: 1], until: 100,
            told: [5: 1]),
        Timeline(
            name: "gt in both directions", attributes: Attributes(greaterThan: 10),
            values: [1: 5, 2: 10, 3: 11, 4: 20, 5: 10, 6: 3], until: 100, told: [3: 11, 5: 10]),
        Timeline(
            name: "lt in both directions", attributes: Attributes(lessThan: 0),
            values: [1: 5, 2: -1, 3: -9, 4: 0], until: 100, told: [2: -1, 4: 0]),
        Timeline(
            name: "st from the last that was told", attributes: Attributes(step: 10),
            values: [1: 5, 2: 9, 3: 10, 4: 19, 5: 0, 6: -10], until: 100, told: [3: 10, 5: 0, 6: -10]),
        Timeline(
            name: "any of the conditions", attributes: Attributes(greaterThan: 100, lessThan: 20, step: 30),
            values: [1: 20, 2: 30, 3: 101, 4: 110], until: 100, told: [1: 20, 3: 101]),
        Timeline(
            name: "conditions that contradict count for nothing", attributes: Attributes(greaterThan: 1, lessThan: 5),
            values: [1: 9], until: 100, told: [1: 9]),
        Timeline(
            name: "sampled", attributes: Attributes(), sampling: 10, values: [1: 1, 25: 2], until: 60,
            told: [10: 1, 30: 2], looks: 6),
        Timeline(
            name: "sampled, but not before pmin", attributes: Attributes(minimumPeriod: 25), sampling: 10,
            values: [1: 1, 26: 2], until: 60, told: [25: 1, 50: 2], looks: 2),
        Timeline(
            name: "told periodically: never sampled", attributes: Attributes(minimumPeriod: 20, maximumPeriod: 20),
            sampling: 10, values: [1: 1], until: 60, told: [20: 1, 40: 1, 60: 1], looks: 0),
        Timeline(
            name: "epmin: what is announced is looked at later, and only its last value counts",
            attributes: Attributes(minimumEvaluationPeriod: 10), values: [1: 1, 2: 2, 15: 3, 16: 4, 40: 5], until: 100,
            told: [10: 2, 20: 4, 40: 5], looks: 2),
        Timeline(
            name: "epmin: a change that went back was never seen", attributes: Attributes(minimumEvaluationPeriod: 10),
            values: [1: 1, 2: 0], until: 100, told: [:], looks: 1),
        Timeline(
            name: "epmin does not hold pmax back",
            attributes: Attributes(maximumPeriod: 5, minimumEvaluationPeriod: 10), values: [1: 1], until: 11,
            told: [5: 1, 10: 1]),
        Timeline(
            name: "sampled as seldom as epmin says", attributes: Attributes(minimumEvaluationPeriod: 25), sampling: 10,
            values: [1: 1], until: 60, told: [25: 1], looks: 2),
        Timeline(
            name: "sampled as often as epmax says", attributes: Attributes(maximumEvaluationPeriod: 4), sampling: 10,
            values: [1: 1], until: 12, told: [4: 1], looks: 3),
        Timeline(
            name: "evaluation periods that contradict count for nothing",
            attributes: Attributes(minimumEvaluationPeriod: 25, maximumEvaluationPeriod: 25), sampling: 10,
            values: [1: 1], until: 20, told: [10: 1], looks: 2),
        Timeline(
            name: "sampled for a threshold, told at pmax",
            attributes: Attributes(maximumPeriod: 25, greaterThan: 10), sampling: 10, values: [1: 1, 12: 11], until: 60,
            told: [20: 11, 45: 11], looks: 5),
        Timeline(
            name: "the rising edge", attributes: Attributes(risingEdge: true), values: [1: 1, 2: 0, 3: 1, 4: 1, 5: 0],
            until: 10, told: [1: 1, 3: 1]),
        Timeline(
            name: "the falling edge", attributes: Attributes(risingEdge: false), values: [1: 1, 2: 0, 3: 1, 4: 0],
            until: 10, told: [2: 0, 4: 0]),
        Timeline(
            name: "an edge, held back by pmin", attributes: Attributes(minimumPeriod: 5, risingEdge: true),
            values: [1: 1, 2: 0], until: 10, told: [5: 0]),
        Timeline(
            name: "an edge after pmax told the level", attributes: Attributes(maximumPeriod: 5, risingEdge: true),
            values: [1: 1, 2: 0, 7: 1], until: 8, told: [1: 1, 6: 0, 7: 1]),
        Timeline(
            name: "edges between two looks are not seen",
            attributes: Attributes(minimumEvaluationPeriod: 10, risingEdge: true), values: [1: 1, 2: 0], until: 20,
            told: [:], looks: 1),
    ]

    @Test(arguments: timelines) func aTimeline(_ timeline: Timeline) {
        let rule = NotificationState.Rule(timeline.attributes, at: Path(3, 0, 9), ServerSettings())
        let sampling = timeline.sampling.map { Duration.seconds($0) }
        var value: Int64 = timeline.attributes.lessThan == 20 ? 50 : 0
        let isBoolean = timeline.attributes.risingEdge != nil
        func content() -> PathContent { .value(isBoolean ? .boolean(value != 0) : .integer(value)) }
        var state = NotificationState(content(), at: .zero)
        var told: [Int: Int64] = [:]
        var looks = 0
        for second in 1...timeline.until {
            let now = Duration.seconds(second)
            if let new = timeline.values[second] {
                value = new
                if sampling == nil, state.mayLook(at: now, rule) { state.saw(content(), at: now, rule) }
            }
            if state.step(at: now, rule, sampling: sampling) == .look {
                looks += 1
                state.saw(content(), at: now, rule)
            }
            if state.step(at: now, rule, sampling: sampling) == .notify {
                told[second] = value
                state.tell(content(), at: now)
            }
            // Whoever waits for the time that it names misses nothing.
            if case .wait(let until?) = state.step(at: now, rule, sampling: sampling) { #expect(until > now) }
        }
        #expect(told == timeline.told)
        #expect(looks == timeline.looks)
    }

    @Test func theAccountsDefaultsHoldWhereNothingIsAttached() {
        let settings = ServerSettings(defaultMinimumPeriod: 5, defaultMaximumPeriod: 50)
        let plain = NotificationState.Rule(Attributes(), at: Path(3), settings)
        #expect(plain.minimum == .seconds(5) && plain.maximum == .seconds(50))
        let attached = NotificationState.Rule(Attributes(minimumPeriod: 7), at: Path(3), settings)
        #expect(attached.minimum == .seconds(7) && attached.maximum == .seconds(50))
    }

    @Test func thresholdsLookAtEachResourceInstance() {
        let path = Path(3, 0, 7)
        let rule = NotificationState.Rule(Attributes(step: 10), at: path, ServerSettings())
        func content(_ values: [UInt16: Value]) -> PathContent {
            .instances([InstanceContent(0, [7: .multiple(values)])])
        }
        let start = NotificationState(content([0: .integer(0), 1: .integer(0)]), at: .zero)
        for (values, owes) in [
            ([0: .integer(5), 1: .integer(9)], false), ([0: .integer(5), 1: .integer(10)], true),
            ([0: .integer(0)], true), ([0: .integer(0), 1: .integer(0), 2: .integer(0)], true),
            ([0: .integer(0), 1: .integer(0)], false),
        ] as [([UInt16: Value], Bool)] {
            var state = start
            state.saw(content(values), at: .seconds(1), rule)
            #expect(state.owes == owes, "\(values)")
        }
    }

    @Test func edgesAreThoseOfEachResourceInstance() {
        let rule = NotificationState.Rule(Attributes(risingEdge: true), at: Path(3, 0, 7), ServerSettings())
        func content(_ values: [UInt16: Value]) -> PathContent {
            .instances([InstanceContent(0, [7: .multiple(values)])])
        }
        for (values, owes) in [
            ([0: .boolean(false), 1: .boolean(false)], false), ([0: .boolean(true), 1: .boolean(true)], true),
            ([0: .boolean(false)], true),
        ] as [([UInt16: Value], Bool)] {
            var state = NotificationState(content([0: .boolean(false), 1: .boolean(true)]), at: .zero)
            state.saw(content(values), at: .seconds(1), rule)
            #expect(state.owes == owes, "\(values)")
        }
    }

    @Test func notANumberIsNoReasonToTell() {
        let rule = NotificationState.Rule(Attributes(greaterThan: 1), at: Path(3, 0, 9), ServerSettings())
        var state = NotificationState(.value(.float(0)), at: .zero)
        state.saw(.value(.float(.nan)), at: .seconds(1), rule)
        #expect(!state.owes)
    }
}
