/// What a server may write into its instance of object 1 (LwM2M Core, Appendix E.2).
public struct ServerSettings: Hashable, Sendable {
    /// Lifetime (1), seconds.
    public var lifetime: UInt32
    /// Default Minimum Period (2), seconds; nil is 0.
    public var defaultMinimumPeriod: UInt32?
    /// Default Maximum Period (3), seconds; nil is none.
    public var defaultMaximumPeriod: UInt32?
    /// Disable Timeout (5), seconds; nil is the specification's day.
    public var disableTimeout: UInt32?
    /// Notification Storing When Disabled or Offline (6): whether changes during an outage are told after it.
    public var notificationStoring: Bool
    /// Binding (7): `U`, the only one that this client speaks.
    public var binding: String
    /// Mute Send (23): whether this client sends nothing of its own accord (Send, 6.4.6). nil, the absent resource, is as true.
    public var muteSend: Bool?

    /// Whether Send is muted.
    public var isSendMuted: Bool { muteSend ?? true }

    public init(
        lifetime: UInt32 = 86400, defaultMinimumPeriod: UInt32? = nil, defaultMaximumPeriod: UInt32? = nil,
        disableTimeout: UInt32? = nil, notificationStoring: Bool = true, binding: String = "U",
        muteSend: Bool? = nil
    ) {
        self.lifetime = lifetime
        self.defaultMinimumPeriod = defaultMinimumPeriod
        self.defaultMaximumPeriod = defaultMaximumPeriod
        self.disableTimeout = disableTimeout
        self.notificationStoring = notificationStoring
        self.binding = binding
        self.muteSend = muteSend
    }

    /// Refuses what this client cannot do.
    ///
    /// - Throws: 4.00 with what is allowed.
    public func validate() throws(OperationError) {
        guard (Self.shortestLifetime...Self.longest).contains(lifetime) else {
            throw OperationError(.badRequest, "Lifetime is \(Self.shortestLifetime) to \(Self.longest) seconds")
        }
        for (name, value) in [
            ("Default Minimum Period", defaultMinimumPeriod), ("Default Maximum Period", defaultMaximumPeriod),
            ("Disable Timeout", disableTimeout),
        ] {
            if let value, value > Self.longest {
                throw OperationError(.badRequest, "\(name) is at most \(Self.longest) seconds")
            }
        }
        guard binding == "U" else { throw OperationError(.badRequest, "Binding is U: this client speaks UDP") }
    }

    /// A shorter lifetime would mean a request every few seconds, or a registration that lapses between two of them.
    public static let shortestLifetime: UInt32 = 10

    /// The longest time that a server may ask for: 68 years, what fits a signed 32-bit number of seconds.
    public static let longest = UInt32(Int32.max)
}
