import Linux

/// Why a deployment ended as it did: a short, stable ASCII token and text for people, shown as `token: text`.
public struct Reason: Hashable, Sendable, CustomStringConvertible {
    /// `start-failed`, `probation`, `health`, `interrupted`, `stop-failed`, or a code of `DeploymentError`.
    public var token: String
    /// One line.
    public var text: String

    /// The most bytes of the text. The journal, the history and the bus carry it.
    static let textLimit = 4096

    public init(_ token: String, _ text: String) {
        self.token = token
        self.text = String(text.bounded(to: Self.textLimit).map { $0.isNewline ? " " : $0 })
    }

    public var description: String { text.isEmpty ? token : "\(token): \(text)" }

    /// Units did not become active in time, or failed while starting.
    static func startFailed(_ text: String) -> Reason { Reason("start-failed", text) }
    /// Units did not stay active, or were restarted.
    static func probation(_ text: String) -> Reason { Reason("probation", text) }
    /// The health command did not succeed.
    static func health(_ text: String) -> Reason { Reason("health", text) }
    /// The old units did not stop, even after SIGKILL.
    static func stopFailed(_ text: String) -> Reason { Reason("stop-failed", text) }
    /// Crashes or losses of power, more often than policy allows.
    static func interrupted(_ text: String) -> Reason { Reason("interrupted", text) }
}
