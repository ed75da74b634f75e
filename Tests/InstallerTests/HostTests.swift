import Bus
import Contract
import EventLoop
import Glibc
import TestSupport
import Testing

@testable import Installer

@Suite(.enabled(if: PrivateBus.missing == nil, "SKIPPED: dbus-daemon is not installed"), .timeLimit(.minutes(1)))
struct HostTests {
    @LoopActor
    struct Rig {
        let systemd: SystemdRig
        let server: BusConnection
        let client: HostProxy
        let scheduler = ManualScheduler()
        let host: HostService
        let clock = Clock()

        init() async throws {
            systemd = try await SystemdRig()
            server = try BusConnection.open(address: systemd.bus.address)
            host = HostService(
                server, SystemdConnection(server), access: CallerPolicy(agent: getuid(), watchers: nil),
                scheduler: scheduler, serial: "GK-1", horizon: { 2_000_000_000 })
            try server.export(host.object)
            try await server.requestName(Installer1.busName)
            try systemd.connection.export(clock.object)
            try await systemd.connection.requestName("org.freedesktop.timedate1")
            client = HostProxy(systemd.connection)
        }

        func end() {
            server.close()
            systemd.end()
        }
    }

    /// timedate1 of the test.
    @LoopActor
    final class Clock {
        let object = BusObject(path: "/org/freedesktop/timedate1")
        var calls: [[BusValue]] = []
        var failure: BusError?

        init() {
            let interface = BusInterface(
                "org.freedesktop.timedate1", "",
                methods: [
                    .init("SetTime", "", inputs: [.init("t", "x"), .init("r", "b"), .init("i", "b")]),
                    .init("SetTimezone", "", inputs: [.init("z", "s"), .init("i", "b")]),
                ])
            let handler: BusObject.Handler = { [unowned self] call throws(BusError) in
                if let failure { throw failure }
                calls.append(call.arguments)
                return []
            }
            object.add(interface, methods: ["SetTime": handler, "SetTimezone": handler])
        }
    }

    private func withHost(_ body: @escaping @Sendable @LoopActor (Rig) async throws -> Void) async throws {
        try await onLoop {
            let rig = try await Rig()
            defer { rig.end() }
            try await body(rig)
        }
    }

    @Test func aRebootIsSystemdsOrderlyOneAndNotMadeOftener() async throws {
        try await withHost { rig in
            try await rig.client.reboot()
            #expect(rig.systemd.fake.calls == ["StartUnit reboot.target replace-irreversibly"])
            try await rig.client.reboot()
            let error = await #expect(throws: ContractError.self) { try await rig.client.reboot() }
            #expect(error?.code == .tooOften)
            rig.scheduler.advance(by: .seconds(61))
            try await rig.client.reboot()
        }
    }

    @Test func theClockIsSetByTimedated() async throws {
        try await withHost { rig in
            try await rig.client.setTime(1_700_000_000_000_000)
            try await rig.client.setTimezone("Europe/Berlin")
            #expect(
                rig.clock.calls == [
                    [.int64(1_700_000_000_000_000), .bool(false), .bool(false)],
                    [.string("Europe/Berlin"), .bool(false)],
                ])
            #expect(try await rig.client.hardwareSerial() == "GK-1")
        }
    }

    @Test func aClockThatNTPKeepsIsRefusedWithTheReason() async throws {
        try await withHost { rig in
            rig.clock.failure = BusError(
                "org.freedesktop.timedate1.AutomaticTimeSyncEnabled", "Automatic time synchronization is enabled")
            let error = await #expect(throws: ContractError.self) {
                try await rig.client.setTime(1_700_000_000_000_000)
            }
            #expect(error?.code == .refused)
            #expect(error?.text.contains("NTP") == true)
        }
    }

    @Test(arguments: ["", "/etc/passwd", "../x", "Europe/", "a b", "Europe//Berlin", "Ä"])
    func aTimezoneThatIsNoneReachesNothing(zone: String) async throws {
        try await withHost { rig in
            let error = await #expect(throws: ContractError.self) { try await rig.client.setTimezone(zone) }
            #expect(error?.code == .invalidArgument)
            #expect(rig.clock.calls.isEmpty)
        }
    }

    @Test func aTimeAfterEveryCertificateIsRefused() async throws {
        try await withHost { rig in
            let error = await #expect(throws: ContractError.self) {
                try await rig.client.setTime(2_000_000_001_000_000)
            }
            #expect(error?.code == .invalidArgument)
            #expect(rig.clock.calls.isEmpty)
            try await rig.client.setTime(2_000_000_000_000_000)
        }
    }

    @Test func aTimeOutOfReasonIsRefused() async throws {
        try await withHost { rig in
            for time: UInt64 in [0, 1, .max] {
                let error = await #expect(throws: ContractError.self) { try await rig.client.setTime(time) }
                #expect(error?.code == .invalidArgument)
            }
        }
    }

    @Test(arguments: [
        ("PF12345\n", "PF12345"), ("To Be Filled By O.E.M.\n", ""), ("Default string", ""),
        ("10000000abcd\0", "10000000abcd"),
        ("  \n", ""), ("0", ""), ("\u{1}A\u{7F}B", "AB"),
    ])
    func aSerialNumberThatIsNoneIsNone(text: String, serial: String) {
        #expect(HardwareSerial.clean(Array(text.utf8)) == serial)
    }
}
