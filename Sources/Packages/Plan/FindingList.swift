/// The findings about a package, bounded: a package with 20,000 files that are not installed takes no more memory, and makes no
/// longer record, than one with three.
///
/// Of findings that say the same about different files the first are kept, and the last one kept counts the others.
public struct FindingList: Hashable, Sendable {
    /// In the order in which they were found.
    private var kept: [Finding] = []
    /// How many findings were left out, of those that say something new.
    private var omitted: [Finding.Severity: Int] = [:]

    public init() {}

    public init(_ findings: some Sequence<Finding>) { add(findings) }

    /// Whether something prevents the installation.
    public var hasRefusal: Bool { kept.contains { $0.severity == .refused } }

    /// Whether further findings would not be listed: no reason for a refusal is missing then that matters.
    public var isFull: Bool { kept.count { $0.severity == .refused } >= PackageLimits.findings }

    public mutating func add(_ finding: Finding) {
        let same = kept.indices.filter {
            kept[$0].severity == finding.severity && kept[$0].kind == finding.kind && kept[$0].text == finding.text
        }
        if let last = same.last, same.count >= PackageLimits.sameFindings {
            kept[last].others += 1 + finding.others
        } else if kept.count(where: { $0.severity == finding.severity }) < PackageLimits.findings {
            kept.append(finding)
        } else {
            omitted[finding.severity, default: 0] += 1 + finding.others
        }
    }

    /// Adds a finding, if there is one.
    public mutating func add(_ finding: Finding?) { if let finding { add(finding) } }

    public mutating func add(_ findings: some Sequence<Finding>) { for finding in findings { add(finding) } }

    public mutating func add(_ other: FindingList) {
        add(other.kept)
        omitted.merge(other.omitted) { $0 + $1 }
    }

    /// All that is kept: the reasons of a refusal first.
    public var listed: [Finding] { findings(.refused) + findings(.warning) }

    /// What is kept of a severity; at last how many others there are.
    public func findings(_ severity: Finding.Severity) -> [Finding] {
        let listed = kept.filter { $0.severity == severity }
        guard let count = omitted[severity] else { return listed }
        let noun = severity == .refused ? "reason" : "warning"
        return listed + [
            Finding(severity, .unsupported, "the package", "\(count) further \(noun)s are not listed")
        ]
    }
}
