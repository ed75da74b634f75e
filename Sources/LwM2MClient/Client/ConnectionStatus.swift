/// How it stands with one server, for `gatekeel status`.
public struct ConnectionStatus: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        case stopped, registering, registered, updating, waiting, refused, deregistering
        /// It is not its turn in the order of registration.
        case held
        /// The server disabled itself (1/x/4); the next attempt is at the end of that.
        case disabled
        /// Queue mode: the server knows this client, which is not to be reached; the next attempt is its next Update.
        case asleep
    }

    /// The configuration section's name.
    public let name: String
    public let shortServerID: UInt16
    /// `coaps://host:5684`.
    public let uri: String
    public let state: State
    /// The scheduler's time of the answer to the Register that holds; nil while the server does not know this client.
    public let registeredSince: Duration?
    /// What went wrong last; nil while all is well. For people; holds no secret.
    public let lastError: String?
    /// The scheduler's time of the next attempt; nil when none is planned.
    public let nextAttempt: Duration?
    /// What the server calls this client: `/rd/a1b2`; nil while not registered.
    public let location: String?
    public let lifetime: UInt32
    public let observations: Int
    /// Values that wait to be sent (Send, 6.4.6).
    public let waitingValues: Int
    /// The address that the server was contacted at last, as the bytes of a `sockaddr_in` or `sockaddr_in6`; nil before its name
    /// was resolved.
    public let peer: [UInt8]?
}

extension ConnectionStatus {
    /// Of an account whose server is not contacted.
    init(
        of account: ServerAccount, _ state: State, waitingValues: Int, lastError: String? = nil,
        nextAttempt: Duration? = nil
    ) {
        self.init(
            name: account.name, shortServerID: account.shortServerID, uri: account.uri, state: state,
            registeredSince: nil, lastError: lastError, nextAttempt: nextAttempt, location: nil,
            lifetime: account.settings.lifetime, observations: 0, waitingValues: waitingValues, peer: nil)
    }
}
