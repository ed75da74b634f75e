extension ObjectDefinition {
    /// Object 1, LwM2M Server: the accounts' registration parameters. Disable and bootstrap resources are not supported.
    public static func server(in version: EnablerVersion) -> ObjectDefinition {
        version == .v10 ? server10 : server
    }

    /// Version 1.1.
    public static let server = serverTable(
        "1.1", shortServerID: "1..65534",
        binding: "The possible values are those listed in the LwM2M Core Specification",
        [ResourceDefinition(23, "Mute Send", .readWrite, .boolean)])

    private static let server10 = serverTable(
        "1.0", shortServerID: "1-65535", binding: "The possible values of Resource are listed in 5.3.1.1")

    private static func serverTable(
        _ version: String, shortServerID: String, binding: String, _ later: [ResourceDefinition] = []
    ) -> ObjectDefinition {
        ObjectDefinition(
            id: 1, name: "LwM2M Server", version: version, multiple: true, mandatory: true,
            resources: [
                ResourceDefinition(0, "Short Server ID", .read, .integer, mandatory: true, range: shortServerID),
                ResourceDefinition(1, "Lifetime", .readWrite, .integer, mandatory: true, units: "s"),
                ResourceDefinition(2, "Default Minimum Period", .readWrite, .integer, units: "s"),
                ResourceDefinition(3, "Default Maximum Period", .readWrite, .integer, units: "s"),
                ResourceDefinition(
                    6, "Notification Storing When Disabled or Offline", .readWrite, .boolean, mandatory: true),
                ResourceDefinition(7, "Binding", .readWrite, .string, mandatory: true, range: binding),
                ResourceDefinition(8, "Registration Update Trigger", .execute, mandatory: true),
            ] + later)
    }
}
