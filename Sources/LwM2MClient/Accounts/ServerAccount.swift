import LwM2M

/// An account with a server: its instances of object 0 (Security) and object 1 (Server), which have the same identifier.
public struct ServerAccount: Hashable, Sendable {
    /// What a configuration section says of a server.
    public struct Seed: Hashable, Sendable {
        /// The section's name, unique; an account is known by it across restarts.
        public var name: String
        /// Short Server ID (0/x/10, 1/x/0): 1 to 65534, unique.
        public var shortServerID: UInt16
        public var endpoint: ServerEndpoint
        /// The version of LwM2M that the server is spoken to in.
        public var version: EnablerVersion
        public var settings: ServerSettings
        /// After so long without a word from the server a ping is sent, which also keeps a NAT's mapping; nil: never.
        public var keepAlive: Duration?
        /// In queue mode: so long after the server's last word this client is to be reached.
        public var awakeTime: Duration

        /// MAX_TRANSMIT_WAIT (RFC 7252, 4.8.2), after which servers take a client in queue mode for asleep.
        public static let defaultAwakeTime = Duration.seconds(93)

        public init(
            name: String, shortServerID: UInt16, endpoint: ServerEndpoint, version: EnablerVersion = .v11,
            settings: ServerSettings = ServerSettings(), keepAlive: Duration? = nil,
            awakeTime: Duration = Self.defaultAwakeTime
        ) {
            self.name = name
            self.shortServerID = shortServerID
            self.endpoint = endpoint
            self.version = version
            self.settings = settings
            self.keepAlive = keepAlive
            self.awakeTime = awakeTime
        }
    }

    /// The instance of objects 0 and 1; stays as long as the section's name does.
    public let instance: UInt16
    /// The configuration's part; its `settings` are what the section says, not what holds.
    public internal(set) var seed: Seed
    /// What holds: the section's, or what the server wrote since.
    public internal(set) var settings: ServerSettings
    /// It was registered with since its section changed last; told only where the first registration is delayed (1/x/14).
    var wasRegistered = false

    public var name: String { seed.name }
    public var shortServerID: UInt16 { seed.shortServerID }
    public var endpoint: ServerEndpoint { seed.endpoint }
    public var version: EnablerVersion { seed.version }
    public var retry: RetryPolicy { RetryPolicy(settings) }
    public var keepAlive: Duration? { seed.keepAlive }
    /// How long this client is awake after the server's last word; nil without queue mode.
    var queueModeAwakeTime: Duration? { settings.queueMode ? seed.awakeTime : nil }

    /// LwM2M Server URI (0/x/0): `coaps://host:5684`; it holds no secret.
    public var uri: String { endpoint.uri }
}

extension ServerEndpoint {
    /// `coap://host:5683` or `coaps://host:5684`; an IPv6 address in brackets.
    public var uri: String {
        let scheme =
            switch security {
            case .noSec: "coap"
            case .psk: "coaps"
            }
        return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
