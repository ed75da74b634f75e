extension ObjectDefinition {
    /// Object 0, LwM2M Security: the accounts' addresses and keys. No server may read or write it.
    public static let security = ObjectDefinition(
        id: 0, name: "LWM2M Security", version: "1.1", multiple: true,
        mandatory: true,
        resources: [
            ResourceDefinition(0, "LWM2M  Server URI", .none, .string, mandatory: true, range: "0..255 bytes"),
            ResourceDefinition(1, "Bootstrap-Server", .none, .boolean, mandatory: true),
            ResourceDefinition(2, "Security Mode", .none, .integer, mandatory: true, range: "0..4"),
            ResourceDefinition(3, "Public Key or Identity", .none, .opaque, mandatory: true),
            ResourceDefinition(4, "Server Public Key", .none, .opaque, mandatory: true),
            ResourceDefinition(5, "Secret Key", .none, .opaque, mandatory: true),
            ResourceDefinition(10, "Short Server ID", .none, .integer, range: "1..65534"),
        ])
}
