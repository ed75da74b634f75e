/// Why the agent cannot start; the text says what to do.
struct AgentStartFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
