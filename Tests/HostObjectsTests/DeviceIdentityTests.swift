import LwM2M
import LwM2MClient
import TestSupport
import Testing

@testable import HostObjects

@Suite struct DeviceIdentityTests {
    @Test func aLaptopTellsItsDMI() async throws {
        let host = try RecordedHost(laptop)
        await onLoop {
            let fixture = DeviceFixture(host)
            #expect(fixture.text(0) == "LENOVO")
            #expect(fixture.text(1) == "20XW0026GE")
            #expect(fixture.text(3) == "N32ET75W (1.51 )")
            #expect(fixture.text(18) == "ThinkPad X1 Carbon Gen 9")
            #expect(fixture.text(2) == nil)
            #expect(fixture.text(16) == "U")
        }
    }

    @Test func aBoardTellsItsDeviceTree() async throws {
        let host = try RecordedHost(board)
        await onLoop {
            let fixture = DeviceFixture(host)
            #expect(fixture.text(0) == "raspberrypi")
            #expect(fixture.text(1) == "Raspberry Pi 4 Model B Rev 1.4")
            #expect(fixture.text(2) == "10000000a1b2c3d4")
            #expect(fixture.text(3) == nil)
        }
    }

    @Test func whatTheMakerLeftInIsAbsent() async throws {
        let host = try RecordedHost(placeholders)
        await onLoop {
            let fixture = DeviceFixture(host)
            for resource: UInt16 in [0, 1, 2, 18] { #expect(fixture.text(resource) == nil, "resource \(resource)") }
            #expect(fixture.text(3) == "P2.10")
        }
    }

    @Test func whatTheHostLacksIsAbsent() async throws {
        let host = try RecordedHost()
        await onLoop {
            let fixture = DeviceFixture(host)
            #expect(fixture.device.resources(of: 0) == [4, 10, 11, 12, 13, 14, 15, 16, 19, 21])
            let error = #expect(throws: OperationError.self) { try fixture.device.read(0, 9) }
            #expect(error?.code == .notFound)
        }
    }

    @Test func theConfigurationGoesFirst() async throws {
        let host = try RecordedHost(laptop)
        await onLoop {
            let settings = DeviceSettings(
                manufacturer: "ACME", modelNumber: "G1", serialNumber: "42", deviceType: "gateway",
                hardwareVersion: "B",
                storagePath: "/")
            let fixture = DeviceFixture(host, settings: settings)
            #expect([0, 1, 2, 17, 18].map { fixture.text($0) } == ["ACME", "G1", "42", "gateway", "B"])
            fixture.device.reload(DeviceSettings(modelNumber: "G2", serialNumber: "42", storagePath: "/"))
            #expect(fixture.changes.paths == [Path(3, 0, 0), Path(3, 0, 1), Path(3, 0, 17), Path(3, 0, 18)])
            #expect(fixture.text(0) == "LENOVO")
            #expect(fixture.text(1) == "G2")
            #expect(fixture.text(17) == nil)
        }
    }

    @Test func theSerialThatRootReadIsTaken() async throws {
        let host = try RecordedHost(laptop)
        await onLoop {
            let fixture = DeviceFixture(host)
            fixture.device.hardwareSerial("Default string")
            #expect(fixture.text(2) == nil)
            fixture.device.hardwareSerial("")
            #expect(fixture.changes.paths.isEmpty)
            fixture.device.hardwareSerial("PF3ABCDE")
            #expect(fixture.text(2) == "PF3ABCDE")
            #expect(fixture.changes.paths == [Path(3, 0, 2)])
        }
    }

    @Test func softwareVersionIsNeverEmpty() async throws {
        let bare = try RecordedHost()
        let debian = try RecordedHost([
            "/etc/os-release": "NAME=\"x\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n"
        ])
        let odd = try RecordedHost(["/usr/lib/os-release": "PRETTY_NAME=Tiny\\ Linux\n"])
        await onLoop {
            #expect(DeviceFixture(bare).text(19) == "gatekeel 1.2.3")
            #expect(DeviceFixture(debian).text(19) == "Debian GNU/Linux 12 (bookworm), gatekeel 1.2.3")
            #expect(DeviceFixture(odd).text(19) == "Tiny Linux, gatekeel 1.2.3")
        }
    }

    @Test func hostileFilesAreIgnored() async throws {
        let host = try RecordedHost([
            "/sys/class/dmi/id/sys_vendor": String(repeating: "x", count: 5000),
            "/sys/class/dmi/id/product_name": "\0\0 \n",
            "/etc/os-release": "PRETTY_NAME=\nPRETTY_NAME",
            "/sys/class/power_supply/X/type": "Battery",
            "/sys/class/power_supply/X/voltage_now": "99999999999999999999",
            "/sys/class/power_supply/X/capacity": "lots", "/sys/class/power_supply/X/energy_now": "9223372036854775807",
            "/sys/class/power_supply/X/energy_full": "1", "/sys/class/power_supply/Y/type": "Magic",
        ])
        await onLoop {
            let fixture = DeviceFixture(host)
            #expect(fixture.text(0) == nil)
            #expect(fixture.text(1) == nil)
            #expect(fixture.text(19) == "gatekeel 1.2.3")
            #expect(fixture.numbers(6) == [0: 1])
            #expect(fixture.numbers(7) == nil)
            #expect(fixture.number(9) == nil)
        }
    }

    @Test func storageIsInKilobytes() async throws {
        let host = try RecordedHost()
        try await onLoop {
            let fixture = DeviceFixture(host)
            let total = try #require(fixture.number(21))
            let free = try #require(fixture.number(10))
            let space = try #require(host.files.space(at: "/"))
            #expect(total == Int64(space.totalBytes / 1000))
            #expect(free > 0 && free <= total)
            let absent = DeviceFixture(host, settings: DeviceSettings(storagePath: "/nowhere"))
            #expect(absent.number(10) == nil)
            #expect(!absent.device.resources(of: 0).contains(21))
        }
    }
}
