/// One power supply of the host (/sys/class/power_supply; Documentation/ABI/testing/sysfs-class-power).
struct PowerSupply: Hashable {
    enum Kind: Hashable { case mains, usb, internalBattery, externalBattery }

    enum Charge: Hashable { case charging, discharging, idle, full, unknown }

    let name: String
    let kind: Kind
    /// A supply that gives power: plugged in, or a battery that is in its place.
    let isAvailable: Bool
    var millivolts: Int?
    var milliamperes: Int?
    /// Percent, 0 to 100.
    var capacity: Int?
    var charge = Charge.unknown
    /// The driver says that the battery is dead or broken.
    var isDamaged = false
    /// The driver says that the battery is low, or it is at 10 % or less.
    var isLow = false

    /// All supplies of the host itself, by name. Batteries of its peripherals (mice, headsets) are none.
    static func all(_ files: HostFiles) -> [PowerSupply] {
        let folder = "/sys/class/power_supply"
        return files.names(in: folder).compactMap { PowerSupply(name: $0, files, "\(folder)/\($0)") }
    }

    private init?(name: String, _ files: HostFiles, _ folder: String) {
        func text(_ attribute: String) -> String? { files.text("\(folder)/\(attribute)") }
        func number(_ attribute: String) -> Int? { files.integer("\(folder)/\(attribute)") }
        guard text("scope") != "Device" else { return nil }
        switch text("type") {
        case "Mains": kind = .mains
        case "USB", "USB_DCP", "USB_CDP", "USB_ACA", "USB_C", "USB_PD", "USB_PD_DRP", "BrickID": kind = .usb
        case "Battery": kind = .internalBattery
        case "UPS": kind = .externalBattery
        default: return nil
        }
        self.name = name
        isAvailable =
            switch kind {
            case .mains, .usb: number("online") ?? 0 > 0
            case .internalBattery, .externalBattery: number("present") ?? 1 > 0
            }
        guard isAvailable else { return }
        let microvolts = number("voltage_now")
        millivolts = microvolts.map { $0 / 1000 }
        if let microamperes = number("current_now") {
            milliamperes = microamperes / 1000
        } else if let microwatts = number("power_now"), let millivolts, millivolts > 0 {
            milliamperes = microwatts / millivolts
        }
        guard kind == .internalBattery || kind == .externalBattery else { return }
        capacity = (number("capacity") ?? Self.ratio(number, "energy") ?? Self.ratio(number, "charge"))
            .map { min(max($0, 0), 100) }
        charge =
            switch text("status") {
            case "Charging": .charging
            case "Discharging": .discharging
            case "Not charging": .idle
            case "Full": .full
            default: .unknown
            }
        isDamaged = ["Dead", "Over voltage", "Unspecified failure"].contains(text("health") ?? "")
        isLow = ["Low", "Critical"].contains(text("capacity_level") ?? "") || capacity ?? 100 <= 10
    }

    private static func ratio(_ number: (String) -> Int?, _ of: String) -> Int? {
        guard let now = number("\(of)_now"), let full = number("\(of)_full"), full > 0 else { return nil }
        let (scaled, overflow) = now.multipliedReportingOverflow(by: 100)
        return overflow ? nil : scaled / full
    }
}
