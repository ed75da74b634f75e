import Testing

@testable import LwM2M

@Suite struct AttributeTests {
    private func update(_ queries: [String], _ path: Path = Path(3, 0, 9)) throws -> AttributeUpdate {
        try AttributeUpdate(queries, at: path, .device)
    }

    @Test func attributesAreSetAndUnset() throws {
        var attributes = try update(["pmin=10", "pmax=60", "gt=50", "lt=42.5", "st=0.5"]).applied(to: Attributes())
        #expect(
            attributes
                == Attributes(minimumPeriod: 10, maximumPeriod: 60, greaterThan: 50, lessThan: 42.5, step: 0.5))
        attributes = try update(["pmin", "gt=", "pmax=0"]).applied(to: attributes)
        #expect(attributes == Attributes(maximumPeriod: 0, lessThan: 42.5, step: 0.5))
        #expect(try update(["lt=-5"]).applied(to: attributes).lessThan == -5)
        attributes = try update(["epmin=5", "epmax=60"], Path(3)).applied(to: attributes)
        #expect(attributes.minimumEvaluationPeriod == 5 && attributes.maximumEvaluationPeriod == 60)
        attributes = try update(["epmin="], Path(3)).applied(to: attributes)
        #expect(attributes.minimumEvaluationPeriod == nil && attributes.maximumEvaluationPeriod == 60)
    }

    @Test(arguments: [
        [], ["pmin=-1"], ["pmin=1.5"], ["pmin=x"], ["pmin=4294967296"], ["pmax=+1"], ["gt=nan"], ["gt=0x1"], ["st=-1"],
        ["pmin=1", "pmin=2"], ["epmin=1.5"], ["epmax=-1"], ["epmin=5", "epmax=5"], ["epmin=6", "epmax=5"], ["dim=3"],
        ["ver=1.1"], ["=1"], [""], ["gt=10", "lt=10"],
        ["gt=10", "lt=20"],
        ["gt=10", "lt=5", "st=2.5"],
    ])
    func badQueriesAreRefused(queries: [String]) {
        #expect(throws: AttributeUpdate.Refused.self) { try update(queries) }
    }

    @Test func thresholdsAreOnlyForNumbers() {
        for path in [Path(3), Path(3, 0), Path(3, 0, 0), Path(3, 0, 99)] {
            #expect(throws: AttributeUpdate.Refused.self) { try update(["gt=1"], path) }
        }
        for path in [Path(3, 0, 9), Path(3, 0, 7), Path(3, 0, 7, 1), Path(3, 0, 13)] {
            #expect(throws: Never.self) { try update(["gt=1"], path) }
        }
        #expect(throws: Never.self) { try update(["pmin=1"], Path(3)) }
        #expect(throws: AttributeUpdate.Refused.self) { try update(["pmin=1"], Path(3, 0, 4)) }
    }

    /// The levels at which an attribute may be written (LwM2M Core 1.2, Table "NOTIFICATION class Attributes").
    enum Level: CaseIterable { case object, instance, resource, resourceInstance }

    /// Each attribute, whether it is for levels above the resource, and the resources that it is for: of numbers, of booleans, all.
    private static let rules: [(name: String, isForAll: Bool, types: [DataType]?)] = [
        ("pmin", true, nil), ("pmax", true, nil), ("epmin", true, nil), ("epmax", true, nil), ("con", true, nil),
        ("hqmax", true, nil), ("gt", false, [.integer, .unsignedInteger, .float, .time]),
        ("lt", false, [.integer, .unsignedInteger, .float, .time]),
        ("st", false, [.integer, .unsignedInteger, .float, .time]), ("edge", false, [.boolean]),
    ]

    /// Each attribute × each level × each type.
    @Test(arguments: Level.allCases, rules.map(\.name))
    func eachAttributeHasItsLevelsAndTypes(level: Level, name: String) throws {
        let rule = try #require(Self.rules.first { $0.name == name })
        for resource in everything.resources {
            let path: Path
            switch level {
            case .object: path = Path(7000)
            case .instance: path = Path(7000, 1)
            case .resource: path = Path(7000, 1, resource.id)
            case .resourceInstance: path = Path(7000, 1, resource.id, 0)
            }
            let isAbove = level == .object || level == .instance
            let fits = rule.types.map { $0.contains(resource.type) } ?? true
            let isTaken = isAbove ? rule.isForAll : resource.operations.readable && fits
            let update = try? AttributeUpdate(["\(name)=1"], at: path, everything, .v12)
            #expect((update != nil) == isTaken, "\(name) at \(path), \(resource.name)")
            guard let update else { continue }
            let written = update.applied(to: Attributes())
            #expect(written.linkParameters == [Link.Parameter(name, "1")])
            let unset = try AttributeUpdate([name], at: path, everything, .v12)
            #expect(unset.applied(to: written).isEmpty)
        }
    }

    @Test(arguments: ["edge=2", "edge=", "con=true", "con=-1", "hqmax=-1", "hqmax=1.5", "hqmax=x", "edge=01"])
    func flagsAndCountsAreChecked(query: String) {
        let flag = Path(7000, 0, 4)
        // Without a value it unsets.
        let isTaken = query == "edge="
        #expect(((try? AttributeUpdate([query], at: flag, everything, .v12)) != nil) == isTaken)
    }

    @Test func newerAttributesAreOfTheirVersion() {
        for name in ["edge", "con", "hqmax"] {
            for version in [EnablerVersion.v10, .v11] {
                #expect(throws: AttributeUpdate.Refused.self) {
                    try AttributeUpdate(["\(name)=1"], at: Path(7000, 0, 4), everything, version)
                }
            }
        }
    }

    @Test func anObserveCompositeHasAttributesOfObjects() throws {
        let own = try AttributeUpdate(composite: ["pmin=1", "pmax=9", "epmin=1", "epmax=2", "con=0", "hqmax=3"], .v12)
        #expect(own.applied(to: Attributes()).linkParameters.count == 6)
        for query in ["gt=1", "lt=1", "st=1", "edge=1", "x=1"] {
            #expect(throws: AttributeUpdate.Refused.self) { try AttributeUpdate(composite: [query], .v12) }
        }
    }

    @Test func conditionsMustNotOverlap() {
        #expect(Attributes(greaterThan: 10, lessThan: 5, step: 2.4).changeConditionsAreValid)
        #expect(!Attributes(greaterThan: 10, lessThan: 5, step: 2.5).changeConditionsAreValid)
        #expect(!Attributes(greaterThan: 5, lessThan: 5).changeConditionsAreValid)
        #expect(Attributes(greaterThan: 5).changeConditionsAreValid)
    }

    @Test func aMaximumBelowTheMinimumIsIgnored() {
        #expect(Attributes(minimumPeriod: 10, maximumPeriod: 5).effectiveMaximumPeriod == nil)
        #expect(Attributes(minimumPeriod: 10, maximumPeriod: 10).effectiveMaximumPeriod == 10)
        #expect(Attributes(maximumPeriod: 0).effectiveMaximumPeriod == nil)
    }

    @Test func nearestLevelTakesPrecedence() {
        var table = AttributeTable()
        table[Path(3)] = Attributes(minimumPeriod: 1, maximumPeriod: 100)
        table[Path(3, 0)] = Attributes(minimumPeriod: 2)
        table[Path(3, 0, 7)] = Attributes(greaterThan: 50)
        table[Path(3, 0, 7, 1)] = Attributes(minimumPeriod: 4, greaterThan: 60)
        #expect(
            table.effective(at: Path(3, 0, 7, 1))
                == Attributes(minimumPeriod: 4, maximumPeriod: 100, greaterThan: 60))
        #expect(
            table.effective(at: Path(3, 0, 7)) == Attributes(minimumPeriod: 2, maximumPeriod: 100, greaterThan: 50))
        #expect(table.effective(at: Path(3)) == Attributes(minimumPeriod: 1, maximumPeriod: 100))
        #expect(table.effective(at: Path(1, 0)).isEmpty)
        table.remove(under: Path(3, 0))
        #expect(Array(table.byPath.keys) == [Path(3)])
        table[Path(3)] = Attributes()
        #expect(table.byPath.isEmpty)
    }
}

/// Conditions of one resource that are attached to it, its instances and what is above it (LwM2M Core 1.2, 5.1.2).
@Suite struct AttributeContradictionTests {
    private static let resource = Path(3, 0, 7)
    private static let instance = Path(3, 0, 7, 1)

    struct Case: Sendable, CustomTestStringConvertible {
        let above: Attributes
        let below: Attributes
        let isContradiction: Bool
        var testDescription: String { "\(above.linkParameters) above \(below.linkParameters)" }
    }

    @Test(arguments: [
        Case(above: Attributes(greaterThan: 5), below: Attributes(lessThan: 5), isContradiction: true),
        Case(above: Attributes(lessThan: 5), below: Attributes(greaterThan: 4), isContradiction: true),
        Case(above: Attributes(greaterThan: 10, lessThan: 1), below: Attributes(step: 4.5), isContradiction: true),
        Case(above: Attributes(step: 3), below: Attributes(greaterThan: 6, lessThan: 0), isContradiction: true),
        Case(above: Attributes(greaterThan: 10, lessThan: 1), below: Attributes(step: 4.4), isContradiction: false),
        Case(above: Attributes(greaterThan: 5, lessThan: 1), below: Attributes(greaterThan: 9), isContradiction: false),
        Case(
            above: Attributes(greaterThan: 5), below: Attributes(greaterThan: 2, lessThan: 1), isContradiction: false),
    ])
    func itIsFoundFromEachLevel(test: Case) {
        let table = AttributeTable([Self.resource: test.above, Self.instance: test.below])
        let found = test.isContradiction ? Self.instance : nil
        #expect(table.contradiction(under: Self.instance) == found)
        #expect(table.contradiction(under: Self.resource) == found)
        #expect(table.contradiction(under: Path(3)) == found)
        #expect(table.contradiction(under: Path(3, 1)) == nil)
    }

    /// State of an earlier release, which took them: what is nearer holds.
    @Test func whatIsNearerHolds() {
        let table = AttributeTable([
            Path(3): Attributes(minimumPeriod: 5),
            Self.resource: Attributes(maximumPeriod: 60, greaterThan: 5), Self.instance: Attributes(lessThan: 5),
        ])
        #expect(
            table.effective(at: Self.instance) == Attributes(minimumPeriod: 5, maximumPeriod: 60, lessThan: 5))
    }
}

@Suite struct ExecuteArgumentTests {
    private func list(_ text: String) throws -> [ExecuteArgument] { try ExecuteArgument.list(Array(text.utf8)) }

    @Test func listsOfTheSpecificationAreRead() throws {
        #expect(try list("") == [])
        #expect(try list("5") == [ExecuteArgument(digit: 5)])
        #expect(try list("2='10.3'") == [ExecuteArgument(digit: 2, value: "10.3")])
        #expect(
            try list("7, 0=' <https://www.omaspecworks.org>'")
                == [ExecuteArgument(digit: 7), ExecuteArgument(digit: 0, value: " <https://www.omaspecworks.org>")])
        #expect(try list("0,1,2,3,4").map(\.digit) == [0, 1, 2, 3, 4])
        #expect(try list("0=''") == [ExecuteArgument(digit: 0, value: "")])
    }

    @Test(arguments: [
        "a", ",", "0,", ",0", "00", "0=", "0='", "0=a", "0='a", "0=a'", "0='a''", "0='a'b", "0='\"'", "0='\\'",
        "0='\u{7F}'",
        "0='ä'", "0='\n'", "1,1", "1,1='x'", "10", "0 ", " 0", "0;1",
    ])
    func invalidListsAreRefused(text: String) {
        #expect(throws: ExecuteArgument.Malformed.self) { try list(text) }
    }
}
