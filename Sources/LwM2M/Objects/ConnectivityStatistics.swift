extension ObjectDefinition {
    /// Object 7, Connectivity Statistics, version 1.0: what went over the link to the server in a time that a server chooses. Not
    /// here are short messages (0, 1) and the size of messages (4, 5).
    public static let connectivityStatistics = ObjectDefinition(
        id: 7, name: "Connectivity Statistics", version: "1.0", multiple: false, mandatory: false,
        resources: [
            ResourceDefinition(2, "Tx Data", .read, .integer),
            ResourceDefinition(3, "Rx Data", .read, .integer),
            ResourceDefinition(6, "Start", .execute, mandatory: true),
            ResourceDefinition(7, "Stop", .execute, mandatory: true),
            ResourceDefinition(8, "Collection Period", .readWrite, .integer, units: "s"),
        ])
}
