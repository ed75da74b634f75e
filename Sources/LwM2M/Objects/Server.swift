extension ObjectDefinition {
    /// Object 1, LwM2M Server: how this client registers with a server. Not here are what needs bootstrap and certificates (9,
    /// 11, 12), links (10), SMS (21) and what 1.2 adds beyond 23.
    public static func server(in version: EnablerVersion) -> ObjectDefinition {
        switch version {
        case .v10: server10
        case .v11: server
        case .v12: server12
        }
    }

    /// Version 1.1.
    public static let server = serverTable(
        "1.1", base(shortServerID: "1..65534", binding: transports) + registration(.none, .none) + others)

    private static let server10 = serverTable(
        "1.0", base(shortServerID: "1-65535", binding: "The possible values of Resource are listed in 5.3.1.1"))

    private static let server12 = serverTable(
        "1.2",
        base(shortServerID: "1..65534", binding: "") + registration(.read, .readWrite) + others)

    private static func serverTable(_ version: String, _ resources: [ResourceDefinition]) -> ObjectDefinition {
        ObjectDefinition(
            id: 1, name: "LwM2M Server", version: version, multiple: true, mandatory: true, resources: resources)
    }

    private static let transports = "The possible values are those listed in the LwM2M Core Specification"

    private static let others = [
        ResourceDefinition(22, "Preferred Transport", .readWrite, .string, range: transports),
        ResourceDefinition(23, "Mute Send", .readWrite, .boolean),
    ]

    private static func base(shortServerID: String, binding: String) -> [ResourceDefinition] {
        [
            ResourceDefinition(0, "Short Server ID", .read, .integer, mandatory: true, range: shortServerID),
            ResourceDefinition(1, "Lifetime", .readWrite, .integer, mandatory: true, units: "s"),
            ResourceDefinition(2, "Default Minimum Period", .readWrite, .integer, units: "s"),
            ResourceDefinition(3, "Default Maximum Period", .readWrite, .integer, units: "s"),
            ResourceDefinition(4, "Disable", .execute),
            ResourceDefinition(5, "Disable Timeout", .readWrite, .integer, units: "s"),
            ResourceDefinition(
                6, "Notification Storing When Disabled or Offline", .readWrite, .boolean, mandatory: true),
            ResourceDefinition(7, "Binding", .readWrite, .string, mandatory: true, range: binding),
            ResourceDefinition(8, "Registration Update Trigger", .execute, mandatory: true),
        ]
    }

    /// The order of registration and the retries: for bootstrap servers alone in 1.1, for servers too in 1.2.
    ///
    /// - Parameters:
    ///   - order: what a server may do with what decides the order and the end of registration.
    ///   - timing: with the timers and counts.
    private static func registration(_ order: Operations, _ timing: Operations) -> [ResourceDefinition] {
        [
            ResourceDefinition(13, "Registration Priority Order", order, .unsignedInteger),
            ResourceDefinition(14, "Initial Registration Delay Timer", timing, .unsignedInteger, units: "s"),
            ResourceDefinition(15, "Registration Failure Block", order, .boolean),
            ResourceDefinition(16, "Bootstrap on Registration Failure", order, .boolean),
            ResourceDefinition(17, "Communication Retry Count", timing, .unsignedInteger),
            ResourceDefinition(18, "Communication Retry Timer", timing, .unsignedInteger, units: "s"),
            ResourceDefinition(
                19, "Communication Sequence Delay Timer", timing, .unsignedInteger, units: timing == .none ? "" : "s"),
            ResourceDefinition(20, "Communication Sequence Retry Count", timing, .unsignedInteger),
        ]
    }
}
