extension ObjectDefinition {
    /// Object 3, Device: the host. Version 1.2 for its device-specific error codes (11); else it is as 1.1. A server of LwM2M 1.0
    /// gets 1.0.
    public static func device(in version: EnablerVersion) -> ObjectDefinition { version == .v10 ? device10 : device }

    /// Version 1.2.
    public static let device = deviceTable(
        "1.2", Ranges(sources: "0..7", percent: "0..100", errors: "0..32", battery: "0..6"),
        Units(voltage: "", current: "", level: "/100", memory: ""))

    private static let device10 = deviceTable(
        "1.0", Ranges(sources: "0-7", percent: "0-100", errors: "0-8", battery: "0-6"),
        Units(voltage: "mV", current: "mA", level: "%", memory: "KB"))

    private struct Ranges {
        let sources, percent, errors, battery: String
    }

    private struct Units {
        let voltage, current, level, memory: String
    }

    private static func deviceTable(_ version: String, _ ranges: Ranges, _ units: Units) -> ObjectDefinition {
        ObjectDefinition(
            id: 3, name: "Device", version: version, multiple: false, mandatory: true,
            resources: [
                ResourceDefinition(0, "Manufacturer", .read, .string),
                ResourceDefinition(1, "Model Number", .read, .string),
                ResourceDefinition(2, "Serial Number", .read, .string),
                ResourceDefinition(3, "Firmware Version", .read, .string),
                ResourceDefinition(4, "Reboot", .execute, mandatory: true),
                ResourceDefinition(
                    6, "Available Power Sources", .read, .integer, multiple: true, range: ranges.sources),
                ResourceDefinition(7, "Power Source Voltage", .read, .integer, multiple: true, units: units.voltage),
                ResourceDefinition(8, "Power Source Current", .read, .integer, multiple: true, units: units.current),
                ResourceDefinition(9, "Battery Level", .read, .integer, range: ranges.percent, units: units.level),
                ResourceDefinition(10, "Memory Free", .read, .integer, units: units.memory),
                ResourceDefinition(
                    11, "Error Code", .read, .integer, multiple: true, mandatory: true, range: ranges.errors),
                ResourceDefinition(12, "Reset Error Code", .execute),
                ResourceDefinition(13, "Current Time", .readWrite, .time),
                ResourceDefinition(14, "UTC Offset", .readWrite, .string),
                ResourceDefinition(15, "Timezone", .readWrite, .string),
                ResourceDefinition(16, "Supported Binding and Modes", .read, .string, mandatory: true),
                ResourceDefinition(17, "Device Type", .read, .string),
                ResourceDefinition(18, "Hardware Version", .read, .string),
                ResourceDefinition(19, "Software Version", .read, .string),
                ResourceDefinition(20, "Battery Status", .read, .integer, range: ranges.battery),
                ResourceDefinition(21, "Memory Total", .read, .integer),
            ])
    }
}
