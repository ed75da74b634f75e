import Linux

/// One result of the audit of a package: where, what, and whether it prevents the installation.
public struct Finding: Hashable, Sendable, CustomStringConvertible {
    public enum Severity: String, Sendable {
        /// The package cannot be installed.
        case refused
        /// The package can be installed, but the operator should know.
        case warning
    }

    /// The subject, which determines `DeploymentError.Code` and `org.gatekeel.Error.*`.
    public enum Kind: String, Sendable {
        /// A dependency that is not met.
        case relation
        /// A conflict with an installed package.
        case conflict
        case architecture
        /// Something that Gatekeel does not support: scripts, places, or what an overlay cannot do.
        case unsupported
        /// The package itself is invalid.
        case malformed
    }

    public var severity: Severity
    public var kind: Kind
    /// The file in the package: `postinst`, `usr/lib/systemd/system/foo.service`.
    public var file: String
    /// Counted from 1; 0 stands for the whole file.
    public var line: Int
    /// The explanation for people: what is wrong and what to do. At most `PackageLimits.textBytes`, as `file`.
    public var text: String
    /// How many findings say the same about other files and are not listed.
    public var others = 0

    public init(_ severity: Severity, _ kind: Kind, _ file: String, line: Int = 0, _ text: String) {
        self.severity = severity
        self.kind = kind
        self.file = file.bounded(to: PackageLimits.textBytes)
        self.line = line
        self.text = text.bounded(to: PackageLimits.textBytes)
    }

    public var description: String { (line > 0 ? "\(file):\(line): " : "\(file): ") + explanation }

    /// The text, with the number of the others.
    public var explanation: String { others == 0 ? text : "\(text) (and \(others) others)" }
}

/// The reasons why a package is refused: all of them, not only the first.
public struct PackageRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// Never empty. Holds no warnings.
    public let findings: [Finding]

    public init?(_ findings: [Finding]) {
        let refused = findings.filter { $0.severity == .refused }
        if refused.isEmpty { return nil }
        self.findings = refused
    }

    init(unchecked findings: [Finding]) { self.findings = findings }

    /// The kind to answer with: that of the first finding, but a wrong architecture takes precedence.
    public var kind: Finding.Kind {
        findings.contains { $0.kind == .architecture } ? .architecture : findings.first?.kind ?? .malformed
    }

    /// One line with the first three reasons and the number of further ones.
    public var description: String {
        let shown = findings.prefix(3).map(\.description).joined(separator: "; ")
        let further = findings.dropFirst(3).reduce(0) { $0 + 1 + $1.others }
        return further > 0 ? "\(shown); and \(further) more" : shown
    }
}
