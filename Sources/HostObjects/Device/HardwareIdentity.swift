import Linux

/// What the hardware says about itself: DMI (/sys/class/dmi/id), else the device tree (/proc/device-tree).
public struct HardwareIdentity: Hashable, Sendable {
    public var manufacturer: String?
    public var model: String?
    public var serial: String?
    public var hardwareVersion: String?
    public var firmwareVersion: String?

    public init(reading files: HostFiles) {
        func dmi(_ name: String) -> String? { files.text("/sys/class/dmi/id/\(name)").flatMap(DMIText.meaningful) }
        func tree(_ name: String) -> String? { files.text("/proc/device-tree/\(name)").flatMap(DMIText.meaningful) }
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
}
