import LwM2M

/// What holds for an account, as its instance of object 1 tells (LwM2M Core, Appendix E.2). What a server may write of it
/// depends on the version of LwM2M that it is spoken to in.
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
    /// Binding (7): `U`, the only one that this client speaks. LwM2M 1.0 adds queue mode to it: see `binding(in:)`.
    public var binding: String
    /// Queue mode (6.5): this client is to be reached only for a while after it was in contact. From 1.1 on no resource tells it.
    public var queueMode: Bool
    /// Mute Send (23): whether this client sends nothing of its own accord (Send, 6.4.6). nil, the absent resource, is as true.
    public var muteSend: Bool?

    /// Whether Send is muted.
    public var isSendMuted: Bool { muteSend ?? true }
    /// Registration Priority Order (13): the account with the lowest number registers first; nil: at once.
    public var registrationPriority: UInt32?
    /// Initial Registration Delay Timer (14), seconds; nil is 0.
    public var initialRegistrationDelay: UInt32?
    /// Registration Failure Block (15): whether a failure keeps the accounts after this one from registering; nil is false.
    public var registrationFailureBlock: Bool?
    /// Bootstrap on Registration Failure (16). It is kept and has no effect: this client has no bootstrap.
    public var bootstrapOnRegistrationFailure: Bool?
    /// Communication Retry Count (17): attempts in a sequence; nil is the default of `RetryPolicy`.
    public var communicationRetryCount: UInt32?
    /// Communication Retry Timer (18), seconds; nil is the default of `RetryPolicy`.
    public var communicationRetryTimer: UInt32?
    /// Communication Sequence Delay Timer (19), seconds, `never` for no further sequence; nil is the default of
    /// `RetryPolicy`.
    public var communicationSequenceDelay: UInt64?
    /// Communication Sequence Retry Count (20); nil is 1.
    public var communicationSequenceCount: UInt32?
    /// Preferred Transport (22). It is kept for when this client has more than one.
    public var preferredTransport: String?

    public init(
        lifetime: UInt32 = 86400, defaultMinimumPeriod: UInt32? = nil, defaultMaximumPeriod: UInt32? = nil,
        disableTimeout: UInt32? = nil, notificationStoring: Bool = true, binding: String = "U",
        queueMode: Bool = false, muteSend: Bool? = nil
    ) {
        self.lifetime = lifetime
        self.defaultMinimumPeriod = defaultMinimumPeriod
        self.defaultMaximumPeriod = defaultMaximumPeriod
        self.disableTimeout = disableTimeout
        self.notificationStoring = notificationStoring
        self.binding = binding
        self.queueMode = queueMode
        self.muteSend = muteSend
    }

    /// Binding (7) as a version writes it: `UQ` for queue mode in 1.0, `U` else.
    public func binding(in version: EnablerVersion) -> String {
        binding + (version == .v10 && queueMode ? "Q" : "")
    }

    /// Takes a Binding (7) as a version writes it.
    public mutating func setBinding(_ text: String, in version: EnablerVersion) {
        guard version == .v10 else { return binding = text }
        queueMode = text == "UQ"
        binding = queueMode ? "U" : text
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
        try validateRegistration()
        guard binding == "U" else {
            throw OperationError(.badRequest, "Binding is U, or UQ in LwM2M 1.0: this client speaks UDP")
        }
        if let preferredTransport, !Self.transports.contains(preferredTransport) {
            throw OperationError(
                .badRequest, "Preferred Transport is one of \(Self.transports.joined(separator: ", "))")
        }
    }

    /// What the configuration refuses too: one lost message must not mean years without contact, nor a loop without a pause.
    private func validateRegistration() throws(OperationError) {
        for (name, value, limit) in [
            ("Initial Registration Delay Timer", initialRegistrationDelay, 86400),
            ("Communication Retry Count", communicationRetryCount, 1000),
            ("Communication Retry Timer", communicationRetryTimer, 86400),
            ("Communication Sequence Retry Count", communicationSequenceCount, 1000),
        ] as [(String, UInt32?, UInt32)] {
            if let value, value > limit { throw OperationError(.badRequest, "\(name) is at most \(limit)") }
        }
        for (name, isZero) in [
            ("Communication Retry Count", communicationRetryCount == 0),
            ("Communication Retry Timer", communicationRetryTimer == 0),
            ("Communication Sequence Delay Timer", communicationSequenceDelay == 0),
            ("Communication Sequence Retry Count", communicationSequenceCount == 0),
        ] where isZero { throw OperationError(.badRequest, "\(name) is at least 1") }
        if let communicationSequenceDelay, communicationSequenceDelay > 31_536_000,
            communicationSequenceDelay < Self.never
        {
            throw OperationError(
                .badRequest,
                "Communication Sequence Delay Timer is at most 31536000 seconds, or \(Self.never) for never")
        }
    }

    /// A shorter lifetime would mean a request every few seconds, or a registration that lapses between two of them.
    public static let shortestLifetime: UInt32 = 10

    /// The longest time that a server may ask for: 68 years, what fits a signed 32-bit number of seconds.
    public static let longest = UInt32(Int32.max)

    /// The Disable Timeout of a server that has set none: a day.
    public static let defaultDisableTimeout: UInt32 = 86400

    /// From this Communication Sequence Delay Timer on there is no further sequence. The specification calls it MAX_VALUE; it
    /// is read as that of 32 and of 64 bits.
    public static let never = UInt64(UInt32.max)

    /// The transports of LwM2M Core 6.2.1.2: UDP, MQTT, HTTP, TCP, SMS, Non-IP.
    private static let transports = ["U", "M", "H", "T", "S", "N"]
}
