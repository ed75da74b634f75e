import Bus
import Contract
import EventLoop
import Glibc
import Linux
import State
import TestSupport
import Testing

@testable import Installer

@Suite(.enabled(if: PrivateBus.missing == nil, "SKIPPED: dbus-daemon is not installed"), .timeLimit(.minutes(patience)))
struct HostTests {
    @LoopActor
    struct Rig {
        let systemd: SystemdRig
        let server: BusConnection
        let client: HostProxy
        let scheduler = ManualScheduler()
        let host: HostService
        let clock = Clock()
        let folder: TemporaryDirectory

        init() async throws {
            folder = try TemporaryDirectory("host")
            systemd = try await SystemdRig()
            server = try BusConnection.open(address: systemd.bus.address)
            host = HostService(
                server, SystemdConnection(server), access: CallerPolicy(agent: getuid(), watchers: nil),
                scheduler: scheduler, reboots: Self.limit(folder, boot: "one", scheduler), serial: "GK-1",
                horizon: { 2_000_000_000 })
            try server.export(host.object)
            try await server.requestName(Installer1.busName)
            try systemd.connection.export(clock.object)
            try await systemd.connection.requestName("org.freedesktop.timedate1")
            client = HostProxy(systemd.connection)
        }

        /// The limit as a daemon of the given boot has it; the scheduler is its uptime.
        static func limit(_ folder: TemporaryDirectory, boot: String, _ scheduler: ManualScheduler) -> RebootLimit {
            RebootLimit(
                path: "\(folder.path)/reboots", boot: boot, uptime: { Int(scheduler.now.components.seconds) })
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

    @Test func aRebootIsSystemdsOrderlyOneAndLimited() async throws {
        try await withHost { rig in
            #expect(try await rig.client.rebootWait() == 0)
            try await rig.client.reboot()
            #expect(rig.systemd.fake.calls == ["StartUnit reboot.target replace-irreversibly"])
            rig.scheduler.advance(by: .seconds(10))
            for _ in 0..<2 { try await rig.client.reboot() }
            rig.scheduler.advance(by: .seconds(5))
            let error = await #expect(throws: ContractError.self) { try await rig.client.reboot() }
            #expect(error?.code == .tooOften)
            #expect(error?.text.contains("try again in 885 s") == true)
            #expect(try await rig.client.rebootWait() == 885)
            #expect(rig.systemd.fake.calls.count == 3)
            rig.scheduler.advance(by: .seconds(885))
            try await rig.client.reboot()
        }
    }

    /// Each boot has a daemon of its own, and a clock that begins at zero.
    @Test func theLimitOnRebootsSurvivesTheReboot() async throws {
        try await onLoop {
            let folder = try TemporaryDirectory("reboots")
            for (boot, wait) in [("a", nil), ("b", nil), ("c", nil), ("d", 870), ("e", 870)] as [(String, Int?)] {
                let clock = ManualScheduler(now: .seconds(10))
                #expect(await Rig.limit(folder, boot: boot, clock).take() == wait, "boot \(boot)")
            }
            // Counted from the first of the three: 10 s in boot b, 10 s in boot c, and the time in this one.
            let clock = ManualScheduler(now: .seconds(880))
            #expect(await Rig.limit(folder, boot: "f", clock).take() == nil)
        }
    }

    /// A disk that takes nothing may be what the operator wants to heal by a reboot.
    @Test func withoutARecordOneRebootIsAllowedLateInABoot() async throws {
        try await onLoop {
            let folder = try TemporaryDirectory("reboots")
            let limit = { (seconds: Int) in
                RebootLimit(path: "\(folder.path)/gone/reboots", boot: "a", uptime: { seconds })
            }
            #expect(await limit(60).take() == 840)
            #expect(await limit(900).take() == nil)
        }
    }

    @Test func rebootsThatAreAskedForAtOnceAreAllCounted() async throws {
        try await onLoop {
            let folder = try TemporaryDirectory("reboots")
            let limit = Rig.limit(folder, boot: "a", ManualScheduler(now: .seconds(60)))
            let answers = Answers()
            let calls = (0..<6).map { _ in LoopActor.spawn { answers.all.append(await limit.take()) } }
            for call in calls { await call.value }
            #expect(answers.all.count { $0 == nil } == RebootHistory.allowed)
            #expect(answers.all.compactMap(\.self) == [900, 900, 900])
        }
    }

    @LoopActor
    private final class Answers { var all: [Int?] = [] }

    /// That it cannot be read does not mean that there was no reboot.
    @Test func aRecordOfANewerReleaseIsNeitherNoneNorWrittenOver() async throws {
        try await onLoop {
            let folder = try TemporaryDirectory("reboots")
            let record = CheckedFile.checked("format=2\nBoot=b\nUptime=1\n".utf8)
            try Files.replace("\(folder.path)/reboots", with: record)
            #expect(await Rig.limit(folder, boot: "a", ManualScheduler(now: .seconds(60))).take() == 840)
            #expect(await Rig.limit(folder, boot: "a", ManualScheduler(now: .seconds(60))).wait() == 840)
            #expect(await Rig.limit(folder, boot: "a", ManualScheduler(now: .seconds(900))).take() == nil)
            #expect(try Files.read("\(folder.path)/reboots", limit: 4096) == record)
        }
    }

    @Test func aRecordThatIsLostCountsUntilTheLimitLooksBackNoFurther() async throws {
        try await onLoop {
            let folder = try TemporaryDirectory("reboots")
            try Files.replace("\(folder.path)/reboots", with: Array("damaged".utf8))
            let clock = ManualScheduler(now: .seconds(60))
            #expect(await Rig.limit(folder, boot: "a", clock).take() == 840)
            clock.advance(by: .seconds(840))
            for _ in 0..<3 { #expect(await Rig.limit(folder, boot: "a", clock).take() == nil) }
            #expect(await Rig.limit(folder, boot: "a", clock).take() == 900)
        }
    }

    @Test func aRecordOfRebootsIsReadBack() throws {
        let history = RebootHistory().noting(boot: "a", uptime: 100).noting(boot: "b", uptime: 7)
        #expect(history.bytes == Array("format=1\nBoot=b\nUptime=7\nAge=7\nAge=0\n".utf8))
        #expect(try RebootHistory(bytes: history.bytes) == history)
        for text in ["", "Boot=b\n", "Boot=b\nUptime=1\nAge=-1\n", "Boot=b\nUptime=x\n", "Boot b\nUptime=1\n"] {
            #expect(try RebootHistory(bytes: Array(text.utf8)) == nil, "\(text)")
        }
        #expect(throws: NewerFormat.self) { try RebootHistory(bytes: Array("format=2\nBoot=b\nUptime=1\n".utf8)) }
        // More reboots, in a longer time: a newer release's limit.
        let wider = Array("Boot=b\nUptime=1\nAge=5000\nAge=40\nAge=30\nAge=20\nAge=10\n".utf8)
        #expect(try RebootHistory(bytes: wider)?.wait(boot: "b", uptime: 1) == RebootHistory.window - 30)
        // What a newer release added is written back.
        let newer = try #require(try RebootHistory(bytes: history.bytes + Array("Later=x\n".utf8)))
        #expect(String(decoding: newer.noting(boot: "b", uptime: 9).bytes, as: UTF8.self).hasSuffix("\nLater=x\n"))
    }

    @Test func theUptimeIsThatOfProcess1() {
        let stat = "1 (odd ) name) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 100 200\n"
        #expect(Uptime.startTime(in: Array(stat.utf8)) == 12345 / sysconf(Int32(_SC_CLK_TCK)))
        #expect(Uptime.startTime(in: Array("1 (init) S 0".utf8)) == nil)
    }

    /// OMA's own test sequence writes the clock more often than ten times in a minute.
    @Test func theClockIsSetAsOftenAsAServerDoes() async throws {
        try await withHost { rig in
            for _ in 0..<60 { try await rig.client.setTime(1_700_000_000_000_000) }
            let error = await #expect(throws: ContractError.self) { try await rig.client.setTimezone("Europe/Berlin") }
            #expect(error?.code == .tooOften)
            #expect(error?.text.contains("try again in 1 s") == true)
            rig.scheduler.advance(by: .seconds(1))
            try await rig.client.setTimezone("Europe/Berlin")
        }
    }

    /// The object is exported for as long as the connection is; the service may be gone before.
    @Test func withoutTheServiceEveryCallIsRefused() async throws {
        try await onLoop {
            let bus = try PrivateBus()
            let server = try BusConnection.open(address: bus.address)
            let folder = try TemporaryDirectory("host")
            var host: HostService? = HostService(
                server, SystemdConnection(server), access: CallerPolicy(agent: getuid(), watchers: nil),
                scheduler: ManualScheduler(), reboots: Rig.limit(folder, boot: "one", ManualScheduler()), serial: "GK-1"
            )
            try server.export(try #require(host).object)
            try await server.requestName(Installer1.busName)
            host = nil
            let client = try BusConnection.open(address: bus.address)
            let error = await #expect(throws: ContractError.self) { _ = try await HostProxy(client).hardwareSerial() }
            #expect(error?.code == .accessDenied)
            client.close()
            server.close()
            bus.stop()
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
