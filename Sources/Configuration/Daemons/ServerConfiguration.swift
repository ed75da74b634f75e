/// `[Server NAME]`: an account as the administrator wants it.
public struct ServerConfiguration: Hashable, Sendable {
    public var name: String
    /// Where the section begins, for messages.
    public var position: Position
    public var uri: ServerURI
    /// nil with `coap://`.
    public var pskIdentity: String?
    public var pskKeyFile: String?
    public var shortServerID: Int
    public var version: Version
    public var lifetime: Duration
    /// Zero: off.
    public var keepAlive: Duration
    public var queueMode: Bool
    /// Of queue mode.
    public var awakeTime: Duration
    public var defaultMinimumPeriod: Duration
    /// Zero: none.
    public var defaultMaximumPeriod: Duration
    /// nil: the resource is absent, and Send is muted.
    public var muteSend: Bool?
    /// Words of `rightWords`, or `none`.
    public var rights: [String]
    public var ownsAccess: Bool
    /// nil: the specification's day.
    public var disableTimeout: Duration?
    /// nil: at once, whatever the other servers do.
    public var registrationPriority: Int?
    public var initialRegistrationDelay: Duration?
    public var registrationFailureBlock: Bool?
    public var bootstrapOnRegistrationFailure: Bool?
    public var communicationRetryCount: Int?
    public var communicationRetryTimer: Duration?
    /// Zero: no further sequence.
    public var communicationSequenceDelay: Duration?
    public var communicationSequenceCount: Int?

    /// A version of LwM2M.
    public enum Version: String, Hashable, Sendable, CaseIterable {
        case v10 = "1.0"
        case v11 = "1.1"
        case v12 = "1.2"
    }

    /// nil when `URI=` is empty, which turns the account off, or missing.
    init?(_ section: SectionSettings) {
        guard let uri = section[Self.uriKey] else { return nil }
        self.uri = uri
        name = section.name
        position = section.position
        pskIdentity = section[Self.pskIdentityKey]
        pskKeyFile = section[Self.pskKeyFileKey]
        shortServerID = section[Self.shortServerIDKey]
        version = section[Self.versionKey]
        lifetime = section[Self.lifetimeKey]
        keepAlive = section[Self.keepAliveKey]
        queueMode = section[Self.queueModeKey]
        awakeTime = section[Self.awakeTimeKey]
        defaultMinimumPeriod = section[Self.defaultMinimumPeriodKey]
        defaultMaximumPeriod = section[Self.defaultMaximumPeriodKey]
        muteSend = section[Self.muteSendKey]
        rights = section[Self.rightsKey]
        ownsAccess = section[Self.ownsAccessKey]
        disableTimeout = section[Self.disableTimeoutKey]
        registrationPriority = section[Self.registrationPriorityKey]
        initialRegistrationDelay = section[Self.initialRegistrationDelayKey]
        registrationFailureBlock = section[Self.registrationFailureBlockKey]
        bootstrapOnRegistrationFailure = section[Self.bootstrapOnRegistrationFailureKey]
        communicationRetryCount = section[Self.communicationRetryCountKey]
        communicationRetryTimer = section[Self.communicationRetryTimerKey]
        communicationSequenceDelay = section[Self.communicationSequenceDelayKey]
        communicationSequenceCount = section[Self.communicationSequenceCountKey]
    }

    /// Reads and checks the key file; nil with `coap://`.
    public func key() throws(KeyFile.Refusal) -> Secret? {
        guard let pskKeyFile else { return nil }
        return try KeyFile.read(pskKeyFile)
    }

    /// The key file, if it can be read and holds a key.
    var readableKeyFile: String? { (try? key()) == nil ? nil : pskKeyFile }

    func problem(
        _ key: String, severity: ConfigurationProblem.Severity = .error, _ text: String
    ) -> ConfigurationProblem {
        ConfigurationProblem(position, section: "Server \(name)", key: key, severity: severity, text)
    }

    /// Values that contradict each other. A value that was refused is not reported as missing too.
    func conflicts(_ section: SectionSettings) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        if uri.isSecure {
            if pskIdentity == nil, !section.isRefused(Self.pskIdentityKey) {
                problems.append(problem("PSKIdentity", "missing; coaps:// needs it"))
            }
            if pskKeyFile == nil, !section.isRefused(Self.pskKeyFileKey) {
                problems.append(problem("PSKKeyFile", "missing; coaps:// needs it"))
            }
        } else {
            problems.append(
                problem(
                    "URI", severity: .warning,
                    "coap:// is neither encrypted nor authenticated; use coaps:// with a key"
                ))
            if pskIdentity != nil || pskKeyFile != nil {
                problems.append(
                    problem("URI", "coap:// uses no key; write coaps:// or drop PSKIdentity= and PSKKeyFile="))
            }
        }
        if queueMode, keepAlive != .zero {
            problems.append(
                problem("KeepAlive", "in queue mode nothing keeps a connection alive; drop KeepAlive= or QueueMode="))
        }
        if queueMode, lifetime * 0.4 <= awakeTime {
            problems.append(
                problem(
                    "QueueMode", severity: .warning,
                    "the agent never sleeps: it updates the registration when 40 % of Lifetime= are over, and is awake for "
                        + "AwakeTime= then; make Lifetime= longer"))
        }
        if version == .v10, muteSend == false {
            problems.append(problem("MuteSend", "LwM2M 1.0 has no Send; drop MuteSend= or write a later Version="))
        }
        if defaultMaximumPeriod != .zero, defaultMaximumPeriod < defaultMinimumPeriod {
            problems.append(
                problem("DefaultMaximumPeriod", "it is shorter than DefaultMinimumPeriod=; make it at least as long"))
        }
        return problems
    }

    /// What is wrong with the key file, for a service that sees this much of the host.
    ///
    /// - Parameter asService: whether the calling process has the daemon's user and groups.
    func keyProblems(_ view: ServiceView, asService: Bool) -> [ConfigurationProblem] {
        if let path = pskKeyFile, let obstacle = view.obstacle(path) {
            return [problem("PSKKeyFile", "key file \(path): \(obstacle)")]
        }
        do throws(KeyFile.Refusal) {
            guard let key = try key(), key.bytes.count < 16 else { return [] }
            return [
                problem(
                    "PSKKeyFile", severity: .warning,
                    "the key has \(key.bytes.count) bytes; 16 or more cannot be guessed")
            ]
        } catch {
            guard view.isOwnCredential(error.path), error.isAbsent || error.isForeign else {
                return [problem(of: error, asService: asService)]
            }
            // Credentials are there while the service runs, and only it and root see them.
            if error.isForeign { return [] }
            guard view.hasCredentials else {
                return [
                    problem(
                        "PSKKeyFile", severity: .warning,
                        "\(error); systemd makes it when \(view.unit) starts, if the unit has LoadCredential= or "
                            + "SetCredential= for it: start \(view.unit), then check again")
                ]
            }
            return [
                problem(
                    "PSKKeyFile",
                    "\(error); the unit has no credential of this name: add LoadCredential= with 'systemctl edit "
                        + "\(view.unit)' and restart it")
            ]
        }
    }

    /// What to say of a key file that is refused.
    ///
    /// - Parameter asService: whether the file was opened as the daemon's user. Anyone else who may not open it cannot
    ///   say that the daemon may not.
    func problem(of refusal: KeyFile.Refusal, asService: Bool) -> ConfigurationProblem {
        guard refusal.isForeign else { return problem("PSKKeyFile", "\(refusal)") }
        guard !asService else {
            return problem(
                "PSKKeyFile",
                "\(refusal) for the user gatekeel; 'chown root:gatekeel' and 'chmod 0640' the file, and let the user "
                    + "pass through the folders above it")
        }
        return problem(
            "PSKKeyFile", severity: .warning, "\(refusal); check it as root, to see whether gatekeeld can read it")
    }
}

extension ServerConfiguration {
    static let uriKey = Key<ServerURI?>(
        "URI", .serverURI,
        "The server's address, for example coaps://lwm2m.example.com:5684; an IPv6 address stands in brackets. "
            + "An empty URI= turns the account off.")
    static let pskIdentityKey = Key<String?>(
        "PSKIdentity", .string(maxBytes: 128),
        "The identity that goes with the pre-shared key, as the server knows it.")
    static let pskKeyFileKey = Key<String?>(
        "PSKKeyFile", .path,
        "The file with the pre-shared key in hexadecimal digits. It must not be accessible to others: "
            + "'chown root:gatekeel' and 'chmod 0640' it. The place for it is /etc/gatekeel/keys/.")
    static let shortServerIDKey = Key(
        "ShortServerID", .integer(1...65534), default: 1,
        "The number of the server (0/x/10 and 1/x/0). Each account has its own.")
    static let versionKey = Key<Version>(
        "Version", .choice, default: .v11,
        "The version of LwM2M that the server is spoken to in. 1.0 is for servers that do not know 1.1: the objects are "
            + "registered in version 1.0, answers come as TLV unless the server asks for another format, SenML, CBOR, "
            + "composite operations and paths of resource instances are refused, and the error codes (3/0/11) are those "
            + "of 1.0. 1.2 adds LwM2M CBOR to the formats that are offered, and resources 13 to 20 of object 1 to what the server "
            + "may use.")
    static let lifetimeKey = Key(
        "Lifetime", .duration(.seconds(30) ... .seconds(31_536_000)), default: .seconds(3600),
        "How long the server keeps the registration without an update (1/x/1). The agent updates before half of it "
            + "is over.")
    static let keepAliveKey = Key(
        "KeepAlive", .duration(.seconds(5) ... .seconds(3600), zero: "off"), default: .zero,
        "Sends an empty message after so much silence, so that a NAT on the way keeps its mapping: mobile networks "
            + "forget one in 20 to 120 seconds. It costs traffic and battery.")
    static let queueModeKey = Key(
        "QueueMode", .boolean, default: false,
        "Queue mode: the agent can be reached for AwakeTime= after each contact, and sleeps then: it closes the connection and "
            + "sends nothing. It wakes up to update the registration, to notify, to send, and for 'gatekeel reconnect'; a "
            + "download or an installation keeps it awake. The server keeps its requests until then, so a short Lifetime= makes "
            + "it wait less. With Version=1.0 the server may change this (1/x/7).")
    static let awakeTimeKey = Key(
        "AwakeTime", .duration(.seconds(1) ... .seconds(86400)), default: .seconds(93),
        "In queue mode: so long after the server's last message the agent can be reached. Not less than the server takes it for; "
            + "93s (MAX_TRANSMIT_WAIT of CoAP) is what servers expect.")
    static let defaultMinimumPeriodKey = Key(
        "DefaultMinimumPeriod", .duration(.seconds(1) ... .seconds(86400), zero: "none"), default: .zero,
        "At least so much time between two notifications of an observation that names no pmin (1/x/2).")
    static let defaultMaximumPeriodKey = Key(
        "DefaultMaximumPeriod", .duration(.seconds(1) ... .seconds(31_536_000), zero: "none"), default: .zero,
        "At most so much time between two notifications of an observation that names no pmax (1/x/3).")
    static let muteSendKey = Key<Bool?>(
        "MuteSend", .boolean,
        "Mute Send (1/x/23). With no, values are sent to this server without being asked for: by the sections [Send NAME] and by "
            + "'gatekeel send'. Without this key the resource is absent, which is as yes, until the server writes it."
    )
    /// What `Rights=` takes, besides `none`.
    public static let rightWords = ["read", "write", "execute", "create", "delete"]
    static let rightsKey = Key(
        "Rights", .words("words of \(rightWords.listed), or none") { rightWords.contains($0) || $0 == "none" },
        default: rightWords,
        "While there are several servers: what this one may do with objects and with instances that the gateway made itself (the "
            + "default of its access control lists, 2/x/2). Instances that a server creates are its own alone. When this key changes, "
            + "what it says replaces what was written for this server.")
    static let ownsAccessKey = Key(
        "OwnsAccess", .boolean, default: false,
        "While there are several servers: whether this one may change the access control lists (2/x) of instances that the "
            + "gateway made itself. Without any such section it is the first server.")
    static let disableTimeoutKey = Key<Duration?>(
        "DisableTimeout", .duration(.seconds(1) ... .seconds(31_536_000)),
        "How long the agent leaves the server alone after the server has executed Disable (1/x/4 and 1/x/5). Without it: "
            + "a day.")
    static let registrationPriorityKey = Key<Int?>(
        "RegistrationPriority", .integer(0...Int(UInt32.max)),
        "The place of the server in the order of registration (1/x/13): the agent registers with the server that has the "
            + "lowest number first, and with the next one when that is done. Without it the agent registers at once.")
    static let initialRegistrationDelayKey = Key<Duration?>(
        "InitialRegistrationDelay", .duration(.seconds(1) ... .seconds(86400)),
        "How long the agent waits before it registers with the server for the first time, after the server before it in "
            + "the order is done (1/x/14).")
    static let registrationFailureBlockKey = Key<Bool?>(
        "RegistrationFailureBlock", .boolean,
        "Whether the servers after this one in the order wait until the registration with this one succeeds (1/x/15). "
            + "Otherwise they follow when the registration has failed: it was refused, or CommunicationRetryCount= and "
            + "CommunicationSequenceRetryCount= are exhausted.")
    static let bootstrapOnRegistrationFailureKey = Key<Bool?>(
        "BootstrapOnRegistrationFailure", .boolean,
        "The value of 1/x/16. It has no effect: the agent has no bootstrap.")
    static let communicationRetryCountKey = Key<Int?>(
        "CommunicationRetryCount", .integer(1...1000),
        "Attempts to reach the server in one sequence (1/x/17). Without it: 5.")
    static let communicationRetryTimerKey = Key<Duration?>(
        "CommunicationRetryTimer", .duration(.seconds(1) ... .seconds(86400)),
        "The time between the first two attempts of a sequence, doubled for each further one (1/x/18). Without it, and "
            + "without CommunicationRetryCount=: 1min, and before the first sequence attempts after 2s, 4s, 8s, 16s and 32s."
    )
    static let communicationSequenceDelayKey = Key<Duration?>(
        "CommunicationSequenceDelay", .duration(.seconds(1) ... .seconds(31_536_000), zero: "no further sequence"),
        "The time between two sequences, and after the server has refused the gateway (1/x/19). Without it: 15min. With 0 "
            + "the agent stops after one sequence or a refusal, until the network changes (after a sequence), 'gatekeel "
            + "reconnect' or a restart.")
    static let communicationSequenceCountKey = Key<Int?>(
        "CommunicationSequenceRetryCount", .integer(1...1000),
        "After so many sequences the registration has failed, for the order of registration (1/x/20). Attempts go on. "
            + "Without it: 1.")

    static let keys = [
        uriKey.declaration, pskIdentityKey.declaration, pskKeyFileKey.declaration, shortServerIDKey.declaration,
        versionKey.declaration,
        lifetimeKey.declaration, keepAliveKey.declaration, queueModeKey.declaration, awakeTimeKey.declaration,
        defaultMinimumPeriodKey.declaration,
        defaultMaximumPeriodKey.declaration, muteSendKey.declaration,
        rightsKey.declaration, ownsAccessKey.declaration, disableTimeoutKey.declaration,
        registrationPriorityKey.declaration,
        initialRegistrationDelayKey.declaration, registrationFailureBlockKey.declaration,
        bootstrapOnRegistrationFailureKey.declaration, communicationRetryCountKey.declaration,
        communicationRetryTimerKey.declaration, communicationSequenceDelayKey.declaration,
        communicationSequenceCountKey.declaration,
    ]
}
