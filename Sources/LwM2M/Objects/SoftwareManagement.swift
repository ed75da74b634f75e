extension ObjectDefinition {
    /// Object 9, Software Management: one instance per package.
    public static let softwareManagement = ObjectDefinition(
        id: 9, name: "LWM2M Software Management", version: "1.0", multiple: true,
        mandatory: false,
        resources: [
            ResourceDefinition(0, "PkgName", .read, .string, mandatory: true, range: "0..255 bytes"),
            ResourceDefinition(1, "PkgVersion", .read, .string, mandatory: true, range: "0..255 bytes"),
            ResourceDefinition(2, "Package", .write, .opaque),
            ResourceDefinition(3, "Package URI", .write, .string, range: "0..255 bytes"),
            ResourceDefinition(4, "Install", .execute, mandatory: true),
            ResourceDefinition(6, "Uninstall", .execute, mandatory: true),
            ResourceDefinition(7, "Update State", .read, .integer, mandatory: true, range: "0..4"),
            ResourceDefinition(8, "Update Supported Objects", .readWrite, .boolean),
            ResourceDefinition(9, "Update Result", .read, .integer, mandatory: true, range: "0..200"),
            ResourceDefinition(10, "Activate", .execute, mandatory: true),
            ResourceDefinition(11, "Deactivate", .execute, mandatory: true),
            ResourceDefinition(12, "Activation State", .read, .boolean, mandatory: true),
            ResourceDefinition(16, "Status Reason", .read, .string),
        ])
}
