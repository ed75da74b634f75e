/// What the hardware says about itself: DMI (/sys/class/dmi/id), else the device tree (/proc/device-tree).
public struct HardwareIdentity: Hashable, Sendable {
    public var manufacturer: String?
    public var model: String?
    public var serial: String?
    public var hardwareVersion: String?
    public var firmwareVersion: String?

    public init(reading files: HostFiles) {
        func dmi(_ name: String) -> String? { files.text("/sys/class/dmi/id/\(name)").flatMap(Self.meaningful) }
        func tree(_ name: String) -> String? { files.text("/proc/device-tree/\(name)").flatMap(Self.meaningful) }
        // `compatible` starts with "vendor,board", the most specific one first.
        let compatible = tree("compatible").map { $0.prefix { $0 != "\0" } }
        let vendor = compatible?.firstIndex(of: ",").flatMap { comma in compatible?[..<comma] }
        manufacturer = dmi("sys_vendor") ?? vendor.map(String.init)
        model = dmi("product_name") ?? tree("model")
        // Readable by root alone in DMI; installd tells it.
        serial = dmi("product_serial") ?? tree("serial-number")
        hardwareVersion = dmi("product_version")
        firmwareVersion = dmi("bios_version") ?? tree("chosen/u-boot,version")
    }

    /// The text, unless it is one of those that manufacturers leave in.
    public static func meaningful(_ text: String) -> String? {
        guard !placeholders.contains(text.lowercased()), text.contains(where: { $0 != "0" && $0 != "." && $0 != "-" })
        else { return nil }
        return text
    }

    private static let placeholders: Set<String> = [
        "to be filled by o.e.m.", "to be filled by oem", "default string", "system manufacturer", "system product name",
        "system version", "system serial number", "not specified", "not applicable", "not available", "none", "n/a",
        "na",
        "unknown", "undefined", "invalid", "o.e.m.", "oem", "empty", "0123456789", "123456789", "1234567890",
        "xxxxxxxx",
    ]
}
