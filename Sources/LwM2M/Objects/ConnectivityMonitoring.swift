extension ObjectDefinition {
    /// Object 4, Connectivity Monitoring: the links of the host as they are. A server gets the version of its LwM2M: 1.0, 1.2 or
    /// 1.3, since some read a version that they do not know as 1.0. The resources that are here are the same in all.
    public static func connectivityMonitoring(in version: EnablerVersion) -> ObjectDefinition {
        switch version {
        case .v10: monitoringTable("1.0", bearers: "0-50", percent: "0-100", signal: "dBm", utilization: "%")
        case .v11: monitoringTable("1.2", bearers: "0..50", percent: "0..100", signal: "", utilization: "%")
        case .v12: connectivityMonitoring
        }
    }

    /// Version 1.3. Not here is what a modem tells: link quality (3), APN (7), cell and network (8 to 10, 12), signal to noise (11),
    /// coverage enhancement (13).
    public static let connectivityMonitoring = monitoringTable(
        "1.3", bearers: "0..50", percent: "0..100", signal: "dBm", utilization: "/100")

    private static func monitoringTable(
        _ version: String, bearers: String, percent: String, signal: String, utilization: String
    ) -> ObjectDefinition {
        ObjectDefinition(
            id: 4, name: "Connectivity Monitoring", version: version, multiple: false, mandatory: false,
            resources: [
                ResourceDefinition(0, "Network Bearer", .read, .integer, mandatory: true, range: bearers),
                ResourceDefinition(
                    1, "Available Network Bearer", .read, .integer, multiple: true, mandatory: true, range: bearers),
                ResourceDefinition(2, "Radio Signal Strength", .read, .integer, mandatory: true, units: signal),
                ResourceDefinition(4, "IP Addresses", .read, .string, multiple: true, mandatory: true),
                ResourceDefinition(5, "Router IP Addresses", .read, .string, multiple: true),
                ResourceDefinition(6, "Link Utilization", .read, .integer, range: percent, units: utilization),
            ])
    }
}
