import TestSupport
import Testing

/// CONFORMANCE.md claims what the tests of this repository show, and leaves out no test of OMA's.
@Suite struct ConformanceTests {
    /// The numbers of OMA's tests about objects 0 to 3, the operations, reporting, queue mode, bootstrap, security and several
    /// servers.
    private static let numbers: [OMATest.Version: [Int]] = {
        let common = [
            0, 1, 2, 3, 101, 102, 103, 104, 201, 202, 203, 204, 205, 210, 215, 220, 241, 260, 261, 270, 271, 290,
            301, 302, 303, 401, 402, 403, 551, 555, 556, 560, 565, 566,
            651, 652, 655, 656, 657, 660, 661, 670, 680, 685, 950, 951,
        ]
        let added: [ClosedRange<Int>] = [
            4...10, 105...109, 211...212, 221...237, 256...257, 280...281, 304...311, 404...406,
        ]
        return [.v10: common, .v11: (common + added.flatMap { Array($0) }).sorted()]
    }()

    private static let declared = Result { try DeclaredTests() }

    @Test func theCommittedPageEqualsTheTable() throws {
        try expectGenerated("CONFORMANCE.md", is: ConformancePage.text)
    }

    @Test(arguments: OMATest.Version.allCases) func everyTestOfOMAIsThereOnce(version: OMATest.Version) {
        #expect(OMATest.all.filter { $0.verdicts[version] != nil }.map(\.id) == Self.numbers[version])
    }

    @Test func whatIsPassedIsPassedBySomeTest() {
        for test in OMATest.all {
            for (version, verdict) in test.verdicts {
                if case .passed(let tests, _) = verdict { #expect(!tests.isEmpty, "\(test.id)") }
                guard case .same(let id) = verdict else { continue }
                let other = OMATest.all.first { $0.id == id }?.verdicts[version]
                if case .same = other { Issue.record("\(test.id) is as \(id), which is as another one") }
                #expect(other != nil, "\(test.id) is as \(id), which is not there")
            }
        }
    }

    /// A test that was renamed, deleted or turned off is not there.
    @Test func everyNamedTestIsRun() throws {
        let declared = try Self.declared.get()
        #expect(declared.system.count > 100 && declared.unit.count > 500)
        for test in OMATest.all {
            for name in Set(test.verdicts.values.flatMap(\.tests)) {
                let isRun = declared.system.contains(name) || declared.unit.contains(name)
                #expect(isRun, "\(test.id) names \(name), which is no test that runs; see CONTRIBUTING.md, Conformance")
            }
        }
    }

    /// What was written for this page is on it.
    @Test func everyConformanceTestIsNamed() throws {
        let named = Set(OMATest.all.flatMap(\.verdicts.values).flatMap(\.tests))
        let written = try Self.declared.get().system.filter { $0.hasPrefix("conformance.") }
        #expect(!written.isEmpty)
        for name in written {
            let isNamed = named.contains(name)
            #expect(isNamed, "no test of OMA's names \(name)")
        }
    }

    @Test func testsThatAreTurnedOffAreNotDeclared() {
        let text = """
            @Suite struct FirstTests {
                @Test func one() {}
                @Test(
                    arguments: [1, 2])
                func two(_ number: Int) {
                    func inner() {}
                }
                @Test(.disabled("why")) func three() {}
                @Test(
                    .enabled(if: false)
                )
                func four() {}
                func five() {}
            }

            @Suite(.disabled("why")) struct SecondTests {
                @Test func six() {}
            }

            extension FirstTests {
                @Test func seven() async throws {}
            }
            """
        #expect(DeclaredTests.unit(in: text) == ["FirstTests/one", "FirstTests/two", "FirstTests/seven"])
    }
}
