/// What gatekeeld's configuration says: `/etc/gatekeel/gatekeeld.conf` and its drop-ins.
public struct AgentConfiguration: Hashable, Sendable {
    /// nil: `gatekeel-` and the machine's application-specific identifier.
    public var endpoint: String?
    /// In the files' order; those with an empty `URI=` are left out.
    public var servers: [ServerConfiguration]
    public var device: DeviceConfiguration
    public var software: SoftwareConfiguration

    /// The built-in defaults: no server.
    public init() { self.init(Settings()) }

    init(_ settings: Settings) {
        let agent = settings["Agent"]
        endpoint = agent[Self.endpointKey]
        servers = settings.named("Server").compactMap(ServerConfiguration.init)
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

    /// All that is wrong, key files included, and what will work but is no good idea.
    public static func check(_ files: ConfigurationFiles = files) -> [ConfigurationProblem] {
        let (configuration, problems) = read(files.snapshot())
        return problems + configuration.servers.flatMap(\.keyProblems)
    }

    private static func read(
        _ snapshot: ConfigurationSnapshot
    ) -> (configuration: AgentConfiguration, problems: [ConfigurationProblem]) {
        let (settings, problems) = table.read(snapshot.documents())
        let configuration = AgentConfiguration(settings)
        return (configuration, snapshot.problems + problems + configuration.conflicts(settings))
    }

    /// What each key allows by itself but not together.
    private func conflicts(_ settings: Settings) -> [ConfigurationProblem] {
        var problems = settings.named("Server").filter { $0.position(of: ServerConfiguration.uriKey) == nil }.map {
            ConfigurationProblem(
                $0.position, section: $0.header, key: "URI",
                "missing; expected: \(ServerConfiguration.uriKey.type.allowed)")
        }
        for (index, server) in servers.enumerated() {
            if let other = servers[..<index].first(where: { $0.shortServerID == server.shortServerID }) {
                problems.append(
                    server.problem(
                        "ShortServerID",
                        "[Server \(other.name)] has the number \(server.shortServerID) too; give each its own"))
            }
            problems += server.conflicts
        }
        return problems
    }
}
