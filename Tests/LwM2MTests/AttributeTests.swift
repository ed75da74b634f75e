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
