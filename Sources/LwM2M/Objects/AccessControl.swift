extension ObjectDefinition {
    /// Object 2, LwM2M Access Control: what each of several servers may do with the instances of other objects.
    public static let accessControl = ObjectDefinition(
        id: 2, name: "LwM2M Access Control", version: "1.1", multiple: true, mandatory: false,
        resources: [
            ResourceDefinition(0, "Object ID", .read, .integer, mandatory: true, range: "1..65534"),
            ResourceDefinition(1, "Object Instance ID", .read, .integer, mandatory: true, range: "0..65535"),
            ResourceDefinition(2, "ACL", .readWrite, .integer, multiple: true, range: "0..31"),
            ResourceDefinition(3, "Access Control Owner", .readWrite, .integer, mandatory: true, range: "0..65535"),
        ])
}
