import LwM2M
import TestSupport
import Testing

@testable import HostObjects

@Suite struct DevicePowerTests {
    @Test func aLaptopOnMains() async throws {
        let host = try RecordedHost(laptop)
        await onLoop {
            let fixture = DeviceFixture(host)
            // By name: AC is 0, BAT0 is 1; the mouse is none.
            #expect(fixture.numbers(6) == [0: 6, 1: 1])
            #expect(fixture.numbers(7) == [1: 16442])
            #expect(fixture.numbers(8) == [1: 1321])
            #expect(fixture.number(9) == 79)
            #expect(fixture.number(20) == 1)
            #expect(fixture.numbers(11) == [0: 0])
        }
    }

    @Test func aSupplyKeepsItsInstance() async throws {
        let host = try RecordedHost(laptop)
        try await onLoop {
            let fixture = DeviceFixture(host)
            #expect(fixture.numbers(6) == [0: 6, 1: 1])
            try host.write(["/sys/class/power_supply/AC/online": "0\n", "/sys/class/power_supply/A0/type": "USB\n"])
            try host.write(["/sys/class/power_supply/A0/online": "1\n"])
            #expect(fixture.numbers(6) == [1: 1, 2: 5])
            try host.write(["/sys/class/power_supply/AC/online": "1\n"])
            #expect(fixture.numbers(6) == [0: 6, 1: 1, 2: 5])
        }
    }

    /// What the kernel says of a battery, and what the server reads.
    @Test(
        arguments: [
            ("Charging", "79", "Good", 1), ("Discharging", "79", "Good", 0), ("Full", "100", "Good", 2),
            ("Unknown", "50", "Good", 6),
            ("Discharging", "9", "Good", 4), ("Charging", "9", "Good", 1), ("Discharging", "79", "Dead", 3),
            ("Not charging", "80", "Good", 0), ("Discharging", "10", "Unknown", 4),
        ] as [(String, String, String, Int64)])
    func theStatusOfTheBattery(status: String, capacity: String, health: String, value: Int64) async throws {
        let host = try RecordedHost(laptop)
        let battery = "/sys/class/power_supply/BAT0"
        try host.write(["\(battery)/status": status, "\(battery)/capacity": capacity, "\(battery)/health": health])
        await onLoop { #expect(DeviceFixture(host).number(20) == value) }
    }

    @Test func aBatteryThatIsNotInItsPlace() async throws {
        let host = try RecordedHost(laptop)
        try host.write(["/sys/class/power_supply/BAT0/present": "0"])
        await onLoop {
            let fixture = DeviceFixture(host)
            #expect(fixture.number(20) == 5)
            #expect(fixture.number(9) == nil)
            #expect(fixture.numbers(6) == [0: 6])
            #expect(fixture.numbers(7) == nil)
        }
    }

    @Test func theLevelIsMadeOfEnergyWhereThereIsNoOther() async throws {
        let host = try RecordedHost(laptop)
        try host.remove("/sys/class/power_supply/BAT0/capacity")
        try host.write([
            "/sys/class/power_supply/BAT0/energy_now": "25000000",
            "/sys/class/power_supply/BAT0/energy_full": "50000000",
            "/sys/class/power_supply/BAT1/type": "Battery", "/sys/class/power_supply/BAT1/capacity": "100",
        ])
        await onLoop { #expect(DeviceFixture(host).number(9) == 75) }
    }

    @Test func errorsComeAndGo() async throws {
        let host = try RecordedHost(laptop)
        try await onLoop {
            let fixture = DeviceFixture(host)
            #expect(fixture.numbers(11) == [0: 0])
            try host.write([
                "/sys/class/power_supply/AC/online": "0", "/sys/class/power_supply/BAT0/status": "Discharging",
            ])
            #expect(fixture.numbers(11) == [0: 2])
            try host.write(["/sys/class/power_supply/BAT0/capacity": "7"])
            #expect(fixture.numbers(11) == [0: 2, 1: 1])
            try host.write([
                "/sys/class/power_supply/AC/online": "1", "/sys/class/power_supply/BAT0/status": "Discharging",
            ])
            #expect(fixture.numbers(11) == [1: 1])
            // Reset counts what is still wrong from 0.
            try await fixture.device.execute(0, 12, [])
            #expect(fixture.changes.paths == [Path(3, 0, 11)])
            #expect(fixture.numbers(11) == [0: 1])
            try host.write(["/sys/class/power_supply/BAT0/status": "Charging"])
            #expect(fixture.numbers(11) == [0: 0])
        }
    }

    @Test func othersReportErrorsToo() async throws {
        let host = try RecordedHost()
        await onLoop {
            let fixture = DeviceFixture(host)
            fixture.device.report(.connectivityFailure, true)
            fixture.device.report(.connectivityFailure, true)
            #expect(fixture.numbers(11) == [0: 7])
            fixture.device.report(.connectivityFailure, false)
            #expect(fixture.numbers(11) == [0: 0])
            #expect(fixture.changes.paths == [Path(3, 0, 11), Path(3, 0, 11)])
        }
    }

    @Test func shortMemoryIsAnError() async throws {
        let host = try RecordedHost([
            "/proc/meminfo": "MemTotal:  1000000 kB\nMemFree: 5 kB\nMemAvailable:   19999 kB\n"
        ])
        try await onLoop {
            let fixture = DeviceFixture(host)
            #expect(fixture.numbers(11) == [0: 5])
            try host.write(["/proc/meminfo": "MemTotal: 1000000 kB\nMemAvailable: 20000 kB\n"])
            #expect(fixture.numbers(11) == [0: 0])
        }
    }

    @Test func readingTheWholeObjectIsOneLook() async throws {
        let host = try RecordedHost(laptop)
        try await onLoop {
            let fixture = DeviceFixture(host)
            try host.write(["/sys/class/power_supply/BAT0/capacity": "60"])
            #expect(try fixture.device.read(0, 9) == .single(.integer(79)))
            fixture.scheduler.advance(by: .seconds(1))
            #expect(try fixture.device.read(0, 9) == .single(.integer(60)))
        }
    }
}

@Suite struct ErrorCodesTests {
    @Test func instancesFollowTheRegistry() {
        var codes = ErrorCodes()
        var changed: [Bool] = []
        #expect(codes.values == [0: 0])
        changed.append(codes.set(.outOfMemory, true))
        changed.append(codes.set(.outOfMemory, true))
        #expect(codes.values == [0: 5])
        changed.append(codes.set(.lowBattery, true))
        #expect(codes.values == [0: 5, 1: 1])
        changed.append(codes.set(.outOfMemory, false))
        #expect(codes.values == [1: 1])
        changed.append(codes.set(.connectivityFailure, true))
        #expect(codes.values == [0: 7, 1: 1])
        codes.reset()
        #expect(codes.values == [0: 1, 1: 7])
        changed.append(codes.set(.lowBattery, false))
        changed.append(codes.set(.connectivityFailure, false))
        changed.append(codes.set(.connectivityFailure, false))
        #expect(codes.values == [0: 0])
        #expect(changed == [true, false, true, true, true, true, true, false])
    }
}
