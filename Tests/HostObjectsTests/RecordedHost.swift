import EventLoop
import Glibc
import Linux
import LwM2M
import LwM2MClient
import TestSupport

@testable import HostObjects

/// A host's files in a folder of its own, removed with this value.
final class RecordedHost: Sendable {
    let root: String

    init(_ files: [String: String] = [:]) throws {
        var template = Array("/tmp/gatekeel-host-XXXXXX".utf8CString)
        root = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? ""
        }
        try write(files)
    }

    deinit { try? Files.removeTree(root) }

    func write(_ files: [String: String]) throws {
        for (path, text) in files {
            try Files.makeDirectories(Files.split(root + path).folder)
            try Files.replace(root + path, with: text.utf8, mode: 0o644)
        }
    }

    func link(_ path: String, to target: String) throws {
        try Files.makeDirectories(Files.split(root + path).folder)
        try Files.replaceLink(root + path, target: target)
    }

    func remove(_ path: String) throws { try Files.removeTree(root + path) }

    var files: HostFiles { HostFiles(root: root) }
}

/// A laptop as its kernel shows it: mains and one battery, and the battery of a mouse.
let laptop = [
    "/sys/class/dmi/id/sys_vendor": "LENOVO\n", "/sys/class/dmi/id/product_name": "20XW0026GE\n",
    "/sys/class/dmi/id/product_version": "ThinkPad X1 Carbon Gen 9\n",
    "/sys/class/dmi/id/bios_version": "N32ET75W (1.51 )\n",
    "/sys/class/power_supply/AC/type": "Mains\n", "/sys/class/power_supply/AC/online": "1\n",
    "/sys/class/power_supply/BAT0/type": "Battery\n", "/sys/class/power_supply/BAT0/present": "1\n",
    "/sys/class/power_supply/BAT0/status": "Charging\n", "/sys/class/power_supply/BAT0/voltage_now": "16442000\n",
    "/sys/class/power_supply/BAT0/power_now": "21730000\n", "/sys/class/power_supply/BAT0/capacity": "79\n",
    "/sys/class/power_supply/BAT0/capacity_level": "Normal\n",
    "/sys/class/power_supply/hidpp_battery_0/type": "Battery\n",
    "/sys/class/power_supply/hidpp_battery_0/scope": "Device\n",
    "/sys/class/power_supply/hidpp_battery_0/capacity": "5\n",
]

/// A Raspberry Pi 4: a device tree, no DMI, no power supply.
let board = [
    "/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "/proc/device-tree/compatible": "raspberrypi,4-model-b\0brcm,bcm2711\0",
    "/proc/device-tree/serial-number": "10000000a1b2c3d4\0",
]

/// A virtual machine whose maker filled nothing in.
let placeholders = [
    "/sys/class/dmi/id/sys_vendor": "To Be Filled By O.E.M.\n", "/sys/class/dmi/id/product_name": "Default string\n",
    "/sys/class/dmi/id/product_serial": "00000000\n", "/sys/class/dmi/id/product_version": " \n",
    "/sys/class/dmi/id/bios_version": "P2.10\n",
]

struct FixedClock: WallClock {
    var now: Int64 = 1_700_000_000
    var offset = 3600

    func utcOffset(at seconds: Int64) -> Int { offset }
}

/// A host that does what it is told, or not, and remembers it.
@LoopActor
final class FakeControl: HostControl {
    var calls: [String] = []
    var refuseTime: HostControlError?
    var refuseZone: HostControlError?
    var refuseReboot: HostControlError?
    var refuseCheck: HostControlError?
    /// How often the clock may still be set.
    var tokens = Int.max

    private func spend() throws(HostControlError) {
        guard tokens > 0 else { throw .tooOften("try again in 1 s") }
        tokens -= 1
    }

    func checkReboot() async throws(HostControlError) { if let refuseCheck { throw refuseCheck } }

    func reboot() async throws(HostControlError) {
        calls.append("reboot")
        if let refuseReboot { throw refuseReboot }
    }

    func setTime(_ seconds: Int64) async throws(HostControlError) {
        if let refuseTime { throw refuseTime }
        try spend()
        calls.append("time \(seconds)")
    }

    func setTimezone(_ name: String) async throws(HostControlError) {
        if let refuseZone { throw refuseZone }
        try spend()
        calls.append("zone \(name)")
    }
}

@LoopActor
final class RecordedChanges: ObjectChanges {
    var paths: [Path] = []

    func changed(_ path: Path) { paths.append(path) }
    func instancesChanged(_ object: UInt16) {}
}

/// A device object with all its fakes.
@LoopActor
final class DeviceFixture {
    let control = FakeControl()
    let changes = RecordedChanges()
    let scheduler = ManualScheduler()
    let device: DeviceObject
    /// What waits for its answer to leave.
    private(set) var waiting: [@Sendable @LoopActor () async -> Void] = []

    init(_ host: RecordedHost, settings: DeviceSettings? = nil, clock: FixedClock = FixedClock()) {
        var enqueue: (@LoopActor (@escaping @Sendable @LoopActor () async -> Void) -> Void)?
        device = DeviceObject(
            settings: settings ?? DeviceSettings(storagePath: "/"), agentVersion: "1.2.3", files: host.files,
            control: control, clock: clock, scheduler: scheduler, afterAnswer: { enqueue?($0) })
        device.changes = changes
        enqueue = { [weak self] in self?.waiting.append($0) }
    }

    func answerLeft() async {
        let work = waiting
        waiting = []
        for step in work { await step() }
    }

    /// The content, read after the object's last look has aged.
    func read(_ resource: UInt16) -> ResourceContent? {
        scheduler.advance(by: .seconds(2))
        return try? device.read(0, resource)
    }

    func text(_ resource: UInt16) -> String? {
        guard case .single(.string(let text)) = read(resource) else { return nil }
        return text
    }

    func number(_ resource: UInt16) -> Int64? {
        guard case .single(.integer(let number)) = read(resource) else { return nil }
        return number
    }

    func numbers(_ resource: UInt16) -> [UInt16: Int64]? {
        guard case .multiple(let values) = read(resource) else { return nil }
        return values.compactMapValues { value in
            if case .integer(let number) = value { number } else { nil }
        }
    }

    func write(_ values: [UInt16: Value]) async -> OperationError? {
        do throws(OperationError) {
            try await device.write(0, values.mapValues(ResourceContent.single), mode: .update)
            return nil
        } catch {
            return error
        }
    }
}
