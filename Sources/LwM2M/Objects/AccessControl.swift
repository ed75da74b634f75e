extension ObjectDefinition {
    /// Object 2, LwM2M Access Control: what each of several servers may do with the instances of other objects.
    public static func accessControl(in version: EnablerVersion) -> ObjectDefinition {
        version == .v10 ? accessControl10 : accessControl
    }

    public static let accessControl = accessControl("1.1", rights: "0..31")
    static let accessControl10 = accessControl("1.0", rights: "16-bit")

    private static func accessControl(_ version: String, rights: String) -> ObjectDefinition {
        ObjectDefinition(
            id: 2, name: "LwM2M Access Control", version: version, multiple: true, mandatory: false,
            resources: [
                ResourceDefinition(0, "Object ID", .read, .integer, mandatory: true, range: "1..65534"),
                ResourceDefinition(1, "Object Instance ID", .read, .integer, mandatory: true, range: "0..65535"),
                ResourceDefinition(2, "ACL", .readWrite, .integer, multiple: true, range: rights),
                ResourceDefinition(3, "Access Control Owner", .readWrite, .integer, mandatory: true, range: "0..65535"),
            ])
    }
}
