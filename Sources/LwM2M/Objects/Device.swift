extension ObjectDefinition {
    /// Object 3, Device: the host. Version 1.2 for its device-specific error codes (11); else it is as 1.1.
    public static let device = ObjectDefinition(
        id: 3, name: "Device", version: "1.2", multiple: false,
        mandatory: true,
        resources: [
            ResourceDefinition(0, "Manufacturer", .read, .string),
            ResourceDefinition(1, "Model Number", .read, .string),
            ResourceDefinition(2, "Serial Number", .read, .string),
            ResourceDefinition(3, "Firmware Version", .read, .string),
            ResourceDefinition(4, "Reboot", .execute, mandatory: true),
            ResourceDefinition(6, "Available Power Sources", .read, .integer, multiple: true, range: "0..7"),
            ResourceDefinition(7, "Power Source Voltage", .read, .integer, multiple: true),
            ResourceDefinition(8, "Power Source Current", .read, .integer, multiple: true),
            ResourceDefinition(9, "Battery Level", .read, .integer, range: "0..100", units: "/100"),
            ResourceDefinition(10, "Memory Free", .read, .integer),
            ResourceDefinition(11, "Error Code", .read, .integer, multiple: true, mandatory: true, range: "0..32"),
            ResourceDefinition(12, "Reset Error Code", .execute),
            ResourceDefinition(13, "Current Time", .readWrite, .time),
            ResourceDefinition(14, "UTC Offset", .readWrite, .string),
            ResourceDefinition(15, "Timezone", .readWrite, .string),
            ResourceDefinition(16, "Supported Binding and Modes", .read, .string, mandatory: true),
            ResourceDefinition(17, "Device Type", .read, .string),
            ResourceDefinition(18, "Hardware Version", .read, .string),
            ResourceDefinition(19, "Software Version", .read, .string),
            ResourceDefinition(20, "Battery Status", .read, .integer, range: "0..6"),
            ResourceDefinition(21, "Memory Total", .read, .integer),
        ])
}
