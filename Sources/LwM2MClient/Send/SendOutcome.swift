/// What became of values that were to be sent to one server.
public enum SendOutcome: Hashable, Sendable {
    /// The server acknowledged them.
    case delivered
    /// They wait: the server is not in contact, or has not answered yet.
    case stored
    /// The server wants no Send (1/x/23).
    case muted
    /// There was nothing to send that this server may read.
    case nothing
    /// The server refused them, or newer ones took their room; they are gone. The text is for people.
    case failed(String)
}

/// What became of values that were to be sent to one server, with the account's name.
public struct SendResult: Hashable, Sendable {
    public let server: String
    public let outcome: SendOutcome
}
