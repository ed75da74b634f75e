import Glibc

/// Why the agent cannot start; the text says what to do.
struct AgentStartFailure: Error, CustomStringConvertible {
    let description: String
    /// Another attempt would end the same way, until an operator changed something.
    let isPermanent: Bool

    init(_ description: String, isPermanent: Bool = false) {
        self.description = description
        self.isPermanent = isPermanent
    }

    /// The exit status of a start that failed; the unit does not restart for `EX_CONFIG`.
    static func exitStatus(of error: any Error) -> Int32 {
        (error as? AgentStartFailure)?.isPermanent == true ? EX_CONFIG : EX_UNAVAILABLE
    }
}
