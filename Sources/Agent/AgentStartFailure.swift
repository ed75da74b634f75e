import Configuration
import Glibc

/// Why the agent cannot start; the text says what to do, but for what passes.
struct AgentStartFailure: Error, CustomStringConvertible {
    enum Kind: Hashable {
        /// Another attempt would end the same way, until an operator changed something.
        case permanent
        /// What is needed cannot be read now: the process stays, says so and tries again.
        case passing
        /// Another process may do better.
        case ofProcess
    }

    let description: String
    let kind: Kind

    init(_ description: String, _ kind: Kind = .ofProcess) {
        self.description = description
        self.kind = kind
    }

    init(_ error: NoConfiguration) {
        let advice = error.mayPass ? "" : ". 'gatekeel config check' names every error; fix them"
        self.init(
            "the configuration has errors, and \(error.keptText)\(advice)", error.mayPass ? .passing : .permanent)
    }

    /// The exit status of a start that failed; the unit does not restart for `EX_CONFIG`.
    static func exitStatus(of error: any Error) -> Int32 {
        (error as? AgentStartFailure)?.kind == .permanent ? EX_CONFIG : EX_UNAVAILABLE
    }
}
