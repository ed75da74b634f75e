/// A test of OMA's "Enabler Test Specification for Lightweight M2M", and what Gatekeel's tests show of it.
///
/// The specification writes `LightweightM2M-1.1-int-203` for test 203 with LwM2M 1.1.
struct OMATest: Sendable {
    /// A version of LwM2M.
    enum Version: String, CaseIterable, Sendable {
        case v10 = "1.0"
        case v11 = "1.1"
    }

    enum Verdict: Sendable {
        /// These tests perform the steps and check the criteria, except for what the note says.
        case passed([String], note: String? = nil)
        /// The specification says that the result is that of another test.
        case same(as: Int)
        /// The specification has a title but no steps. These tests are Gatekeel's own of what the title says.
        case noSteps([String], note: String? = nil)
        /// The reason, and the tests of what is there instead.
        case notApplicable(String, [String] = [])
        /// What it waits for, and the tests of what is there already.
        case open(Missing, [String] = [])

        /// The tests that it names: `module.function` is a system test, `Suite/function` a unit test.
        var tests: [String] {
            switch self {
            case .passed(let tests, _), .noSteps(let tests, _), .notApplicable(_, let tests), .open(_, let tests): tests
            case .same: []
            }
        }
    }

    /// What open tests wait for, in the words of the page.
    enum Missing: String, Sendable {
        case version10 = "a run with an account of LwM2M 1.0"
        case bootstrap = "bootstrap"
        case certificates = "certificates"
        case stream = "CoAP over TCP"
        case oscore = "OSCORE"
        case clock = "a test machine with a clock of its own; the containers share the host's"
    }

    /// Tests about one subject.
    struct Group: Sendable {
        let name: String
        let tests: [OMATest]
    }

    let id: Int
    let title: String
    /// nil for a version that has no such test.
    let verdicts: [Version: Verdict]

    /// A test of both versions. What has been run with LwM2M 1.1 alone waits for the other.
    static func both(_ id: Int, _ title: String, _ now: Verdict, v10: Verdict? = nil) -> OMATest {
        var before = now
        if case .passed = now { before = .open(.version10) }
        return OMATest(id: id, title: title, verdicts: [.v11: now, .v10: v10 ?? before])
    }

    /// A test of LwM2M 1.1 alone.
    static func v11(_ id: Int, _ title: String, _ now: Verdict) -> OMATest {
        OMATest(id: id, title: title, verdicts: [.v11: now])
    }
}
