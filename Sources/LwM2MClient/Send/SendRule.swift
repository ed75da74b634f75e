import LwM2M

/// What is sent to servers of the client's own accord, and when: a `[Send NAME]` section.
public struct SendRule: Hashable, Sendable {
    /// The section's name, unique.
    public var name: String
    /// Names of accounts; empty: all.
    public var servers: Set<String>
    public var paths: [Path]
    /// Between two times that the values are taken; nil: they are not taken by time.
    public var period: Duration?
    /// Whether a change of one of the paths counts: with `gt`, `lt` or `st` one that meets them, without any change. nil: none does.
    public var condition: Attributes?

    public init(
        name: String, servers: Set<String> = [], paths: [Path], period: Duration? = nil, condition: Attributes? = nil
    ) {
        self.name = name
        self.servers = servers
        self.paths = paths
        self.period = period
        self.condition = condition
    }

    /// Whether it is for this account.
    func includes(_ account: ServerAccount) -> Bool { servers.isEmpty || servers.contains(account.name) }
}
