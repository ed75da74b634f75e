import Journal

/// What gatekeeld's configuration says: `/etc/gatekeel/gatekeeld.conf` and its drop-ins.
public struct AgentConfiguration: Hashable, Sendable {
    /// nil: `gatekeel-` and the machine's application-specific identifier.
    public var endpoint: String?
    /// The log level: messages of this level and of more severe ones are logged.
    public var logLevel: Level
    /// In the files' order; those with an empty `URI=` are left out.
    public var servers: [ServerConfiguration]
    /// In the files' order.
    public var sends: [SendConfiguration]
    public var device: DeviceConfiguration
    public var software: SoftwareConfiguration

    /// The built-in defaults: no server.
    public init() { self.init(Settings()) }

    init(_ settings: Settings) {
        let agent = settings["Agent"]
        endpoint = agent[Self.endpointKey]
        logLevel = agent[Self.logLevelKey]
        servers = settings.named("Server").compactMap(ServerConfiguration.init)
        sends = settings.named("Send").compactMap(SendConfiguration.init)
        device = DeviceConfiguration(settings["Device"])
        software = SoftwareConfiguration(settings["Software"])
    }

    /// Where the configuration is.
    public static let files = ConfigurationFiles("gatekeel/gatekeeld.conf")

    /// Reads the files.
    ///
    /// Key files are not opened: `ServerConfiguration.key()` does that, so that one bad key keeps no other server away.
    /// - Throws: all that is wrong, not only the first.
    public static func load(_ files: ConfigurationFiles = files) throws(ConfigurationError) -> AgentConfiguration {
        try load(files.snapshot())
    }

    /// The same, of files that were read before.
    public static func load(_ snapshot: ConfigurationSnapshot) throws(ConfigurationError) -> AgentConfiguration {
        let (configuration, problems) = read(snapshot)
        let errors = problems.filter { $0.severity == .error }
        if !errors.isEmpty { throw ConfigurationError(errors) }
        return configuration
    }

    /// All problems, key files included, and warnings about what works but is risky.
    ///
    /// - Parameters:
    ///   - view: what the daemon's unit lets it see.
    ///   - asService: whether the calling process has the daemon's user and groups. Files are opened with its rights.
    public static func check(
        _ files: ConfigurationFiles = files, view: ServiceView = .agent, asService: Bool = false
    ) -> ConfigurationReport {
        let snapshot = files.snapshot()
        let (configuration, problems) = read(snapshot)
        return ConfigurationReport(
            files: snapshot.files.map(\.path) + configuration.servers.compactMap(\.readableKeyFile),
            problems: problems + files.ignoredProblems
                + configuration.servers.flatMap {
                    $0.keyProblems(view, asService: asService)
                })
    }

    private static func read(
        _ snapshot: ConfigurationSnapshot
    ) -> (configuration: AgentConfiguration, problems: [ConfigurationProblem]) {
        let (settings, problems) = table.read(snapshot.documents())
        let configuration = AgentConfiguration(settings)
        return (configuration, snapshot.problems + problems + configuration.conflicts(settings))
    }

    /// Values that are allowed but contradict each other.
    private func conflicts(_ settings: Settings) -> [ConfigurationProblem] {
        let sections = settings.named("Server")
        var problems = sections.filter {
            $0.position(of: ServerConfiguration.uriKey) == nil && !$0.isRefused(ServerConfiguration.uriKey)
        }.map {
            ConfigurationProblem(
                $0.position, section: $0.header, key: "URI",
                "missing; expected: \(ServerConfiguration.uriKey.type.allowed)")
        }
        // The first account with each number.
        var owners: [Int: String] = [:]
        for server in servers {
            guard let section = sections.first(where: { $0.name == server.name }) else { continue }
            if section.isRefused(ServerConfiguration.shortServerIDKey) {
                // Its number is not known.
            } else if let other = owners[server.shortServerID] {
                problems.append(
                    server.problem(
                        "ShortServerID",
                        "[Server \(other)] has the number \(server.shortServerID) too; give each its own"))
            } else {
                owners[server.shortServerID] = server.name
            }
            problems += server.conflicts(section)
        }
        for server in servers where server.rights.contains("none") && server.rights.count > 1 {
            problems.append(server.problem("Rights", "none stands alone"))
        }
        let listOwners = servers.filter(\.ownsAccess)
        if listOwners.count > 1 {
            problems.append(
                listOwners[1].problem(
                    "OwnsAccess", "[Server \(listOwners[0].name)] has it too; one server owns the access control lists")
            )
        }
        let names = sections.map(\.name)
        return problems + settings.named("Send").flatMap { SendConfiguration.problems(of: $0, accounts: names) }
    }
}
