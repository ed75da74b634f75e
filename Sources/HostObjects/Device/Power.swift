/// The host's power as resources 6 to 9 and 20 show it, and the error conditions that follow from it.
struct Power: Hashable {
    /// By name; a supply keeps its resource instance for as long as this process lives.
    private(set) var instances: [String: UInt16] = [:]
    private(set) var supplies: [PowerSupply] = []

    /// Takes what the host has now.
    mutating func update(_ supplies: [PowerSupply]) {
        self.supplies = supplies
        for supply in supplies where instances[supply.name] == nil {
            instances[supply.name] = (0..<UInt16.max).first { id in !instances.values.contains(id) }
        }
    }

    /// Available Power Sources (6): 1 internal battery, 2 external battery, 5 USB, 6 mains.
    var sources: [UInt16: Int64] {
        byInstance { supply in
            switch supply.kind {
            case .internalBattery: 1
            case .externalBattery: 2
            case .usb: 5
            case .mains: 6
            }
        }
    }

    /// Power Source Voltage (7), mV.
    var millivolts: [UInt16: Int64] { byInstance { $0.millivolts.map(Int64.init) } }

    /// Power Source Current (8), mA.
    var milliamperes: [UInt16: Int64] { byInstance { $0.milliamperes.map(Int64.init) } }

    private func byInstance(_ value: (PowerSupply) -> Int64?) -> [UInt16: Int64] {
        var result: [UInt16: Int64] = [:]
        for supply in supplies where supply.isAvailable {
            if let id = instances[supply.name], let value = value(supply) { result[id] = value }
        }
        return result
    }

    private var batteries: [PowerSupply] { supplies.filter { $0.kind == .internalBattery } }

    private var presentBatteries: [PowerSupply] { batteries.filter(\.isAvailable) }

    /// Battery Level (9), percent: the mean of the internal batteries that know theirs.
    var batteryLevel: Int64? {
        let levels = presentBatteries.compactMap(\.capacity)
        return levels.isEmpty ? nil : Int64(levels.reduce(0, +) / levels.count)
    }

    /// Battery Status (20); nil for a host that has no place for a battery.
    var batteryStatus: Int64? {
        guard !batteries.isEmpty else { return nil }
        let present = presentBatteries
        if present.isEmpty { return 5 }
        if present.contains(where: \.isDamaged) { return 3 }
        if present.contains(where: { $0.charge == .charging }) { return 1 }
        if isBatteryLow { return 4 }
        if present.allSatisfy({ $0.charge == .full }) { return 2 }
        if present.allSatisfy({ $0.charge == .unknown }) { return 6 }
        return 0
    }

    /// Error code 1: all internal batteries are low and none is being charged.
    var isBatteryLow: Bool {
        let present = presentBatteries
        return !present.isEmpty && present.allSatisfy { $0.isLow && $0.charge != .charging && $0.charge != .full }
    }

    /// Error code 2: there are supplies from outside, and none gives power.
    var isExternalPowerOff: Bool {
        let external = supplies.filter { $0.kind == .mains || $0.kind == .usb }
        return !external.isEmpty && !external.contains(where: \.isAvailable)
    }
}
