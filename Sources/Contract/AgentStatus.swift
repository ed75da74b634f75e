import Bus

/// The result of `Agent1.Status`.
public struct AgentStatus: DictionaryValue {
    public var endpoint: String
    public var version: String
    public var servers: [ServerStatus]
    /// Packages on their way, in the order of their instances. Earlier releases do not tell them.
    public var transfers: [TransferInfo]
    /// Errors in the configuration files, while an earlier configuration is in use; otherwise empty.
    public var configurationProblems: [String]
    /// State files that cannot be read, with the reason; gatekeeld works without them and tries again.
    public var stateProblems: [String]

    public init(
        endpoint: String, version: String, servers: [ServerStatus] = [], transfers: [TransferInfo] = [],
        configurationProblems: [String] = [], stateProblems: [String] = []
    ) {
        self.endpoint = endpoint
        self.version = version
        self.servers = servers
        self.transfers = transfers
        self.configurationProblems = configurationProblems
        self.stateProblems = stateProblems
    }

    public init?(properties: [String: BusValue]) {
        guard let endpoint = properties["endpoint"]?.text else { return nil }
        self.init(
            endpoint: endpoint, version: properties.text("version"),
            servers: (properties["servers"]?.list ?? []).compactMap(ServerStatus.init(properties:)),
            transfers: (properties["transfers"]?.list ?? []).compactMap(TransferInfo.init(properties:)),
            configurationProblems: properties.strings("configuration-problems"),
            stateProblems: properties.strings("state-problems"))
    }

    public var properties: [String: BusValue] {
        [
            "endpoint": .text(endpoint), "version": .text(version), "servers": .list(servers.map(\.properties)),
            "transfers": .list(transfers.map(\.properties)),
            "configuration-problems": .texts(configurationProblems),
            "state-problems": .texts(stateProblems),
        ]
    }
}

/// One LwM2M server, as the gateway sees it.
public struct ServerStatus: DictionaryValue {
    public enum State: String, Sendable, CaseIterable {
        case registered, registering
        /// Not registered; the agent retries at `nextAttempt`.
        case waiting
        case stopped
        /// Left alone until `nextAttempt`, because the server asked for it (Disable, 1/x/4).
        case disabled
        /// Registered, and not to be reached before it contacts the server itself, at `nextAttempt` at the latest (queue mode).
        case asleep
        /// Not contacted: its account cannot be used, as `reason` says (a key file that is refused).
        case unusable

        /// Whether the server has a registration of the gateway's.
        public var isRegistered: Bool { self == .registered || self == .asleep }
    }

    /// The account's name in the configuration.
    public var name: String
    /// Without user information and query.
    public var uri: String
    public var state: State
    public var shortServerID: Int
    /// Seconds since the epoch, 0 for none.
    public var registeredAt: Int64
    /// Seconds since the epoch, 0 for none.
    public var nextAttempt: Int64
    /// Seconds.
    public var lifetime: Int64
    /// Why it is not registered.
    public var reason: String
    /// Values that wait to be sent.
    public var waitingValues: Int
    /// The network interface by which it is contacted; empty while there is no route to it, or its address is not known.
    public var interface: String

    public init(
        name: String, uri: String, state: State, shortServerID: Int = 0, registeredAt: Int64 = 0,
        nextAttempt: Int64 = 0, lifetime: Int64 = 0, reason: String = "", waitingValues: Int = 0,
        interface: String = ""
    ) {
        self.name = name
        self.uri = uri
        self.state = state
        self.shortServerID = shortServerID
        self.registeredAt = registeredAt
        self.nextAttempt = nextAttempt
        self.lifetime = lifetime
        self.reason = reason
        self.waitingValues = waitingValues
        self.interface = interface
    }

    public init?(properties: [String: BusValue]) {
        guard let name = properties["name"]?.text else { return nil }
        self.init(
            name: name, uri: properties.text("uri"), state: State(rawValue: properties.text("state")) ?? .waiting,
            shortServerID: Int(clamping: properties.number("short-server-id")),
            registeredAt: Int64(contract: properties.number("registered-at")),
            nextAttempt: Int64(contract: properties.number("next-attempt")),
            lifetime: Int64(contract: properties.number("lifetime")), reason: properties.text("reason"),
            waitingValues: Int(clamping: properties.number("waiting-values")),
            interface: properties.text("interface"))
    }

    public var properties: [String: BusValue] {
        [
            "name": .text(name), "uri": .text(uri), "state": .string(state.rawValue),
            "short-server-id": .uint32(UInt32(clamping: shortServerID)), "registered-at": registeredAt.contract,
            "next-attempt": nextAttempt.contract, "lifetime": .uint32(UInt32(clamping: lifetime)),
            "reason": .text(reason), "waiting-values": .uint32(UInt32(clamping: waitingValues)),
            "interface": .text(interface),
        ]
    }
}
