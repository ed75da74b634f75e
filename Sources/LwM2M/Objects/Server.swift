extension ObjectDefinition {
    /// Object 1, LwM2M Server: the accounts' registration parameters. Disable and bootstrap resources are not supported.
    public static let server = ObjectDefinition(
        id: 1, name: "LwM2M Server", version: "1.1", multiple: true,
        mandatory: true,
        resources: [
            ResourceDefinition(0, "Short Server ID", .read, .integer, mandatory: true, range: "1..65534"),
            ResourceDefinition(1, "Lifetime", .readWrite, .integer, mandatory: true, units: "s"),
            ResourceDefinition(2, "Default Minimum Period", .readWrite, .integer, units: "s"),
            ResourceDefinition(3, "Default Maximum Period", .readWrite, .integer, units: "s"),
            ResourceDefinition(
                6, "Notification Storing When Disabled or Offline", .readWrite, .boolean, mandatory: true),
            ResourceDefinition(
                7, "Binding", .readWrite, .string, mandatory: true,
                range: "The possible values are those listed in the LwM2M Core Specification"),
            ResourceDefinition(8, "Registration Update Trigger", .execute, mandatory: true),
            ResourceDefinition(23, "Mute Send", .readWrite, .boolean),
        ])
}
