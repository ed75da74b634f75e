import LwM2M
import LwM2MClient
import TestSupport
import Testing

@testable import HostObjects

private let zones = [
    "/usr/share/zoneinfo/Europe/Berlin": "TZif2", "/usr/share/zoneinfo/Etc/GMT-2": "TZif2",
    "/usr/share/zoneinfo/Etc/UTC": "TZif2",
]

@Suite struct DeviceTimeTests {
    @Test func timeAndZoneAreRead() async throws {
        let host = try RecordedHost(zones)
        try host.link("/etc/localtime", to: "../usr/share/zoneinfo/Europe/Berlin")
        await onLoop {
            let fixture = DeviceFixture(host)
            #expect(fixture.read(13) == .single(.time(1_700_000_000)))
            #expect(fixture.text(14) == "+01:00")
            #expect(fixture.text(15) == "Europe/Berlin")
            #expect(DeviceFixture(host, clock: FixedClock(offset: -12600)).text(14) == "-03:30")
        }
    }

    @Test func aZoneWithoutANameIsAbsent() async throws {
        let copied = try RecordedHost(["/etc/localtime": "TZif2"])
        let named = try RecordedHost(
            zones.merging(["/etc/localtime": "TZif2", "/etc/timezone": "Europe/Berlin\n"]) { $1 })
        let none = try RecordedHost()
        await onLoop {
            #expect(DeviceFixture(copied).text(15) == nil)
            #expect(DeviceFixture(named).text(15) == "Europe/Berlin")
            #expect(DeviceFixture(none).text(15) == "UTC")
        }
    }

    @Test func timeIsSet() async throws {
        let host = try RecordedHost(zones)
        await onLoop {
            let fixture = DeviceFixture(host)
            #expect(await fixture.write([13: .time(1_800_000_000)]) == nil)
            #expect(fixture.control.calls == ["time 1800000000"])
            #expect(fixture.changes.paths == [Path(3, 0, 13)])
        }
    }

    /// OMA's own test writes both. No zone has half an hour's offset all year, but one that is named does.
    @Test func anOffsetBesideAZoneNeedsNoZoneOfItsOwn() async throws {
        let host = try RecordedHost(zones.merging(["/usr/share/zoneinfo/Asia/Kolkata": "TZif2"]) { $1 })
        await onLoop {
            let fixture = DeviceFixture(host)
            #expect(await fixture.write([14: .string("+05:30"), 15: .string("Asia/Kolkata")]) == nil)
            #expect(fixture.control.calls == ["zone Asia/Kolkata"])
            #expect(await fixture.write([14: .string("+05:30")])?.code == .badRequest)
            #expect(await fixture.write([14: .string("5:30"), 15: .string("Asia/Kolkata")])?.code == .badRequest)
        }
    }

    @Test func whoKeepsTheClockIsNamed() async throws {
        let host = try RecordedHost(zones)
        await onLoop {
            let fixture = DeviceFixture(host)
            fixture.control.refuseTime = .refused("a time service keeps the clock")
            #expect(
                await fixture.write([13: .time(1_800_000_000)])
                    == OperationError(.methodNotAllowed, "a time service keeps the clock"))
            fixture.control.refuseTime = .failed("gatekeel-installd does not run")
            #expect(await fixture.write([13: .time(1_800_000_000)])?.code == .internalServerError)
            #expect(fixture.changes.paths.isEmpty)
        }
    }

    /// 4.05 would say that the resource is never written; 5.03 is not among LwM2M's codes.
    @Test func writesThatComeTooOftenGet500AndTheWait() async throws {
        let host = try RecordedHost(zones)
        await onLoop {
            let fixture = DeviceFixture(host)
            fixture.control.refuseTime = .tooOften("try again in 1 s")
            fixture.control.refuseZone = .tooOften("try again in 2 s")
            #expect(
                await fixture.write([13: .time(1_800_000_000)])
                    == OperationError(.internalServerError, "try again in 1 s"))
            for values in [[14: .string("+02:00")], [15: .string("Europe/Berlin")]] as [[UInt16: Value]] {
                #expect(await fixture.write(values) == OperationError(.internalServerError, "try again in 2 s"))
            }
        }
    }

    @Test(arguments: [0, -1, 946_684_799, 1_700_000_000_000] as [Int64])
    func absurdTimesAreRefused(seconds: Int64) async throws {
        let host = try RecordedHost()
        await onLoop {
            let fixture = DeviceFixture(host)
            #expect(await fixture.write([13: .time(seconds)])?.code == .badRequest)
            #expect(throws: OperationError.self) { try fixture.device.check(0, [13: .single(.time(seconds))]) }
            #expect(fixture.control.calls.isEmpty)
        }
    }

    @Test func zonesAreSetByNameAndByOffset() async throws {
        let host = try RecordedHost(zones)
        await onLoop {
            let fixture = DeviceFixture(host)
            #expect(await fixture.write([15: .string("Europe/Berlin")]) == nil)
            #expect(await fixture.write([14: .string("+02:00")]) == nil)
            // The offset that holds already changes nothing.
            #expect(await fixture.write([14: .string("+01:00")]) == nil)
            #expect(fixture.control.calls == ["zone Europe/Berlin", "zone Etc/GMT-2"])
            #expect(await fixture.write([14: .string("+05:30")])?.code == .badRequest)
        }
    }

    @Test(arguments: [
        "", "Nowhere", "Europe", "../../etc/passwd", "Europe/../Europe/Berlin", "/Europe/Berlin", "Europe//Berlin",
        "Europe/Berlin\n",
        "europe/berlin", "Europe/Berlin/", ".", "-x",
    ])
    func otherNamesAreRefused(name: String) async throws {
        let host = try RecordedHost(zones)
        await onLoop {
            let fixture = DeviceFixture(host)
            #expect(await fixture.write([15: .string(name)])?.code == .badRequest)
            #expect(fixture.control.calls.isEmpty)
        }
    }

    @Test func allIsWrittenOrNothing() async throws {
        let host = try RecordedHost(zones)
        try host.link("/etc/localtime", to: "/usr/share/zoneinfo/Etc/UTC")
        await onLoop {
            let fixture = DeviceFixture(host)
            #expect(await fixture.write([13: .time(0), 15: .string("Europe/Berlin")])?.code == .badRequest)
            #expect(fixture.control.calls.isEmpty)
            fixture.control.refuseTime = .refused("no")
            #expect(
                await fixture.write([13: .time(1_800_000_000), 15: .string("Europe/Berlin")])?.code == .methodNotAllowed
            )
            #expect(fixture.control.calls.isEmpty)
            #expect(fixture.changes.paths.isEmpty)
            // The clock was 1_700_000_000.
            fixture.control.refuseTime = nil
            fixture.control.refuseZone = .tooOften("try again in 1 s")
            #expect(
                await fixture.write([13: .time(1_800_000_000), 15: .string("Europe/Berlin")])?.code
                    == .internalServerError)
            #expect(fixture.control.calls == ["time 1800000000", "time 1700000000"])
            #expect(fixture.changes.paths.isEmpty)
        }
    }

    /// The limit of one token left: what cannot be taken back is told.
    @Test func aTimeThatCannotBeTakenBackIsTold() async throws {
        let host = try RecordedHost(zones)
        try host.link("/etc/localtime", to: "/usr/share/zoneinfo/Etc/UTC")
        await onLoop {
            let fixture = DeviceFixture(host)
            fixture.control.tokens = 1
            #expect(
                await fixture.write([13: .time(1_800_000_000), 15: .string("Europe/Berlin")])?.code
                    == .internalServerError)
            #expect(fixture.control.calls == ["time 1800000000"])
            #expect(fixture.changes.paths == [Path(3, 0, 13)])
        }
    }

    @Test(
        arguments: [
            ("Z", 0), ("+00:00", 0), ("+02", 7200), ("+0230", 9000), ("-03:30", -12600), ("+14:00", 50400), ("", nil),
            ("2", nil),
            ("+2", nil), ("+2:00", nil), ("+02:0", nil), ("+02:60", nil), ("+15:00", nil), ("+0a:00", nil),
            ("+02:00:00", nil), ("UTC+2", nil),
            ("+:", nil), ("++2:00", nil),
        ] as [(String, Int?)])
    func offsetsAreRead(text: String, seconds: Int?) { #expect(TimeZones.offset(text) == seconds) }

    @Test func offsetsHaveZones() {
        #expect(TimeZones.zone(offset: 7200) == "Etc/GMT-2")
        #expect(TimeZones.zone(offset: -18000) == "Etc/GMT+5")
        #expect(TimeZones.zone(offset: 0) == "Etc/UTC")
        #expect(TimeZones.zone(offset: 50400) == "Etc/GMT-14")
        #expect(TimeZones.zone(offset: -46800) == nil)
        #expect(TimeZones.zone(offset: 1800) == nil)
    }
}

@Suite struct RebootTests {
    @Test func aRebootThatWouldBeRefusedIsAnsweredWithTheReason() async throws {
        let host = try RecordedHost()
        await onLoop {
            let fixture = DeviceFixture(host)
            fixture.control.refuseCheck = .tooOften("try again in 60 s")
            let error = await #expect(throws: OperationError.self) { try await fixture.device.execute(0, 4, []) }
            #expect(error == OperationError(.internalServerError, "try again in 60 s"))
            #expect(fixture.waiting.isEmpty && fixture.control.calls.isEmpty)
        }
    }

    @Test func theAnswerLeavesFirst() async throws {
        let host = try RecordedHost()
        try await onLoop {
            let fixture = DeviceFixture(host)
            try await fixture.device.execute(0, 4, [])
            #expect(fixture.control.calls.isEmpty)
            #expect(fixture.waiting.count == 1)
            // Asked again while it waits: one reboot.
            try await fixture.device.execute(0, 4, [])
            #expect(fixture.waiting.count == 1)
            await fixture.answerLeft()
            #expect(fixture.control.calls == ["reboot"])
        }
    }

    @Test func aRebootThatFailsIsToldAndCanBeAskedAgain() async throws {
        let host = try RecordedHost()
        try await onLoop {
            let fixture = DeviceFixture(host)
            fixture.control.refuseReboot = .refused("too many reboots")
            var told: [HostControlError] = []
            fixture.device.rebootFailed = { told.append($0) }
            try await fixture.device.execute(0, 4, [])
            await fixture.answerLeft()
            #expect(told == [.refused("too many reboots")])
            try await fixture.device.execute(0, 4, [])
            #expect(fixture.waiting.count == 1)
        }
    }
}
