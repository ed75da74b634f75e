/// Something that the audit of a package found: where, what, and whether it is in the way.
public struct Finding: Hashable, Sendable, CustomStringConvertible {
    public enum Severity: String, Sendable {
        /// The package is not installed.
        case refused
        /// It is installed; the operator should know.
        case warning
    }

    /// What it is about; `DeploymentError.Code` and `org.gatekeel.Error.*` follow from it.
    public enum Kind: String, Sendable {
        /// A dependency that is not met.
        case relation
        /// In the way of what is installed.
        case conflict
        case architecture
        /// What Gatekeel does not do: scripts, places, what an overlay cannot do.
        case unsupported
        /// The package itself is not as it must be.
        case malformed
    }

    public var severity: Severity
    public var kind: Kind
    /// In the package: `postinst`, `usr/lib/systemd/system/foo.service`.
    public var file: String
    /// Counted from 1; 0 stands for the whole file.
    public var line: Int
    /// A sentence for people.
    public var text: String

    public init(_ severity: Severity, _ kind: Kind, _ file: String, line: Int = 0, _ text: String) {
        self.severity = severity
        self.kind = kind
        self.file = file
        self.line = line
        self.text = text
    }

    public var description: String { line > 0 ? "\(file):\(line): \(text)" : "\(file): \(text)" }
}

/// Why a package is refused: all reasons, not only the first.
public struct PackageRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// Never empty; warnings are not among them.
    public let findings: [Finding]

    public init?(_ findings: [Finding]) {
        let refused = findings.filter { $0.severity == .refused }
        if refused.isEmpty { return nil }
        self.findings = refused
    }

    init(unchecked findings: [Finding]) { self.findings = findings }

    /// The kind to answer with: that of the first finding, but an architecture that does not fit says it all.
    public var kind: Finding.Kind {
        findings.contains { $0.kind == .architecture } ? .architecture : findings.first?.kind ?? .malformed
    }

    /// One line: the first three reasons and how many more there are.
    public var description: String {
        let shown = findings.prefix(3).map(\.description).joined(separator: "; ")
        return findings.count > 3 ? "\(shown); and \(findings.count - 3) more" : shown
    }
}
