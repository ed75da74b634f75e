/// An error or a warning about a configuration: its place, its key, and what is allowed. Never holds a secret.
public struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    /// Whether the configuration can still be used: with warnings it can.
    public enum Severity: String, Sendable { case error, warning }

    public var severity: Severity
    public var position: Position
    /// The section's header without brackets: `Server main`; empty outside of sections.
    public var section: String
    /// The key; empty when the problem is not about one.
    public var key: String
    /// A sentence about the problem and what is allowed.
    public var text: String

    public init(
        _ position: Position, section: String = "", key: String = "", severity: Severity = .error, _ text: String
    ) {
        self.severity = severity
        self.position = position
        self.section = section
        self.key = key
        self.text = text
    }

    /// `/etc/gatekeel/gatekeeld.conf:12: [Server main] Lifetime=: …`.
    public var description: String {
        var words = ["\(position):"]
        if severity == .warning { words.append("warning:") }
        if !section.isEmpty { words.append(key.isEmpty ? "[\(section)]:" : "[\(section)] \(key)=:") }
        words.append(text)
        return words.joined(separator: " ")
    }
}

/// A configuration that cannot be used, with all that is wrong in it, not only the first.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    public var problems: [ConfigurationProblem]

    public init(_ problems: [ConfigurationProblem]) { self.problems = problems }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
