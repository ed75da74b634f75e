/// `CONFORMANCE.md`, made from the table of OMA's tests.
enum ConformancePage {
    private static let introduction = """
        # Conformance

        OMA's "Enabler Test Specification for Lightweight M2M" numbers its tests: LightweightM2M-1.1-int-203 is test 203 with LwM2M
        1.1. This page lists those about objects 0 to 3, the operations, reporting, queue mode, bootstrap, security and several
        servers, and what Gatekeel's own tests show of them. Nobody else has checked that.

        The page is generated from a table. A unit test fails if a test that is named here does not exist or is not run, or if one of
        OMA's is missing.

        The steps and criteria of OMA's tests were taken from a copy of the specification for LwM2M 1.0, from a public table of those
        of its edition for 1.2, which has the tests for 1.1 under the same numbers, and from Zephyr's interoperability tests. The
        edition for 1.1 itself was not at hand.

        | | |
        |---|---|
        | passed | the named tests perform the steps and check the criteria; what they do otherwise is said |
        | open | what is missing; named tests perform a part of the steps |
        | not applicable | and why; named tests show what is there instead |
        | no steps | the specification has a title only; named tests are Gatekeel's own of what the title says |

        A name with a dot is a system test: `lwm2m.notifications_follow_attributes` is a function in `Tests/System/tests/lwm2m.py`.
        The server of these tests is Eclipse Leshan. A name with a slash is a unit test: its suite and its function.

        """

    static var text: String {
        var text = introduction
        text += "\n## Summary\n\n| LwM2M | passed | open | not applicable | no steps |\n|---|---|---|---|---|\n"
        for version in OMATest.Version.allCases {
            let words = OMATest.all.compactMap { $0.verdicts[version] }.map { word(resolved($0, version)) }
            let counts = ["passed", "open", "not applicable", "no steps"].map { word in
                "\(words.filter { $0 == word }.count)"
            }
            text += "| \(version.rawValue) | \(counts.joined(separator: " | ")) |\n"
        }
        for group in OMATest.groups {
            text += "\n## \(group.name)\n\n| | title | 1.0 | 1.1 |\n|---|---|---|---|\n"
            for test in group.tests {
                let cells = OMATest.Version.allCases.map { version in
                    test.verdicts[version].map { cell($0, version) } ?? ""
                }
                text += "| \(test.id) | \(test.title) | \(cells.joined(separator: " | ")) |\n"
            }
        }
        return text
    }

    /// The verdict that a test shares with another one; the verdict itself when there is no such test.
    private static func resolved(_ verdict: OMATest.Verdict, _ version: OMATest.Version) -> OMATest.Verdict {
        guard case .same(let id) = verdict else { return verdict }
        return OMATest.all.first { $0.id == id }?.verdicts[version] ?? verdict
    }

    private static func word(_ verdict: OMATest.Verdict) -> String {
        switch verdict {
        case .passed: "passed"
        case .open: "open"
        case .notApplicable: "not applicable"
        case .noSteps: "no steps"
        case .same: "same"
        }
    }

    private static func cell(_ verdict: OMATest.Verdict, _ version: OMATest.Version) -> String {
        let detail: String? =
            switch verdict {
            case .passed(_, let note), .noSteps(_, let note): note
            case .notApplicable(let reason, _): reason
            case .open(let missing, _): missing.rawValue
            case .same(let id): "as \(id), says the specification"
            }
        var text = word(resolved(verdict, version))
        if let detail { text += ": \(detail)" }
        let names = verdict.tests.map { "`\($0)`" }.joined(separator: ", ")
        return names.isEmpty ? text : "\(text). \(names)"
    }
}
