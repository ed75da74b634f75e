import EventLoop
import Glibc
import Linux
import LwM2M
import LwM2MClient
import Netlink
import State
import TestSupport
import Testing

@testable import HostObjects

@LoopActor
private final class Fixture {
    let network = FakeNetwork()
    let scheduler = ManualScheduler()
    let changes = RecordedChanges()
    let clock = SetClock()
    let folder: TemporaryDirectory
    private(set) var object: ConnectivityStatistics

    var path: String { "\(folder.path)/statistics" }

    init() throws {
        folder = try TemporaryDirectory("statistics")
        object = ConnectivityStatistics(
            network: network, path: "\(folder.path)/statistics", boot: "1", scheduler: scheduler, clock: clock)
        object.changes = changes
        network.add(2, "eth0", [192, 0, 2, 2])
        network.add(3, "ppp0", hardware: 512, [198, 51, 100, 2])
        network.route(by: 2)
        network.pass(2, sent: 5_000_000, received: 7_000_000)
        network.pass(3, sent: 90_000, received: 80_000)
    }

    /// The daemon is started again.
    func restart(boot: String = "1", orderly: Bool = true) async {
        if orderly { await object.stop() }
        object = ConnectivityStatistics(
            network: network, path: path, boot: boot, scheduler: scheduler, clock: clock)
        object.changes = changes
        await object.start()
    }

    func execute(_ resource: UInt16) async throws { try await object.execute(0, resource, []) }

    func set(period: Int64) async throws {
        try await object.write(0, [8: .single(.integer(period))], mode: .update)
    }

    /// Both clocks.
    func pass(_ seconds: Int64) async {
        clock.set(clock.now + seconds)
        scheduler.advance(by: .seconds(seconds))
        await settle()
    }

    func settle() async {
        // What a worker stores, at most.
        for _ in 0..<50 {
            await Task.yield()
            usleep(100)
        }
    }

    /// Tx Data and Rx Data, kB.
    var data: [Int64] {
        ([2, 3] as [UInt16]).map { resource in
            guard case .single(.integer(let number))? = try? object.read(0, resource) else { return -1 }
            return number
        }
    }
}

@Suite struct ConnectivityStatisticsTests {
    @Test func nothingIsCollectedBeforeStart() async throws {
        try await onLoop {
            let fixture = try Fixture()
            fixture.network.pass(2, sent: 9_000)
            #expect(fixture.data == [0, 0])
            #expect(fixture.object.resources(of: 0) == [2, 3, 6, 7, 8])
            #expect(try fixture.object.read(0, 8) == .single(.integer(0)))
            #expect(fixture.scheduler.armed == 0)
        }
    }

    @Test func whatPassesFromStartToStop() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.execute(6)
            #expect(fixture.data == [0, 0])
            fixture.network.pass(2, sent: 3_000, received: 12_999)
            #expect(fixture.data == [3, 12])
            try await fixture.execute(7)
            fixture.network.pass(2, sent: 50_000, received: 50_000)
            #expect(fixture.data == [3, 12])
            // Stop once more changes nothing; Start begins at 0.
            try await fixture.execute(7)
            #expect(fixture.data == [3, 12])
            try await fixture.execute(6)
            #expect(fixture.data == [0, 0])
            // A collection without a period needs no timer.
            #expect(fixture.scheduler.armed == 0)
        }
    }

    @Test func changesAreTold() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.set(period: 60)
            #expect(fixture.changes.paths == [Path(7, 0, 8)])
            try await fixture.execute(6)
            #expect(fixture.changes.paths.suffix(2) == [Path(7, 0, 2), Path(7, 0, 3)])
        }
    }

    @Test func thePeriodEndsIt() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.set(period: 60)
            try await fixture.execute(6)
            fixture.network.pass(2, sent: 3_000)
            await fixture.pass(59)
            fixture.network.pass(2, sent: 2_000)
            #expect(fixture.data == [5, 0])
            await fixture.pass(1)
            fixture.network.pass(2, sent: 9_000)
            #expect(fixture.data == [5, 0])
            #expect(fixture.scheduler.armed == 0)
        }
    }

    @Test func aNewPeriodCountsForTheNextStart() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.execute(6)
            try await fixture.set(period: 10)
            await fixture.pass(20)
            fixture.network.pass(2, sent: 3_000)
            #expect(fixture.data == [3, 0])
            try await fixture.execute(6)
            await fixture.pass(20)
            fixture.network.pass(2, sent: 3_000)
            #expect(fixture.data == [0, 0])
        }
    }

    @Test func theEndOfAPeriodDoesNotEndTheNextCollection() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.set(period: 60)
            try await fixture.execute(6)
            fixture.clock.set(fixture.clock.now + 60)
            // The timer fires, and a Start comes before anything is done about it.
            async let start: Void = fixture.execute(6)
            fixture.scheduler.advance(by: .seconds(60))
            try await start
            await fixture.settle()
            fixture.network.pass(2, sent: 3_000)
            #expect(fixture.data == [3, 0])
        }
    }

    @Test func stopEndsThePeriodToo() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.set(period: 60)
            try await fixture.execute(6)
            try await fixture.execute(7)
            #expect(fixture.scheduler.armed == 0)
        }
    }

    // MARK: Links

    @Test func anotherLinkGoesOnWhereTheOneBeforeStopped() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.execute(6)
            fixture.network.pass(2, sent: 3_000, received: 1_000)
            fixture.network.route(by: 3)
            await fixture.object.follow()
            // ppp0 has no headers of Ethernet's; what it counted before is not counted.
            fixture.network.pass(3, sent: 2_000)
            fixture.network.pass(2, sent: 40_000)
            #expect(fixture.data == [5, 1])
            // And back: eth0 counts from then on.
            fixture.network.route(by: 2)
            await fixture.object.follow()
            fixture.network.pass(2, sent: 1_000)
            #expect(fixture.data == [6, 1])
        }
    }

    @Test func aLinkThatIsLostCountsOnWhenItIsBack() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.execute(6)
            fixture.network.path = nil
            fixture.network.change(2) { $0.hasCarrier = false }
            await fixture.object.follow()
            fixture.network.change(2) { $0.hasCarrier = true }
            fixture.network.route(by: 2)
            await fixture.object.follow()
            fixture.network.pass(2, sent: 2_000)
            #expect(fixture.data == [2, 0])
        }
    }

    @Test func aLinkThatIsMadeAnewCountsFromItsBeginning() async throws {
        try await onLoop {
            let fixture = try Fixture()
            fixture.network.route(by: 3)
            try await fixture.execute(6)
            fixture.network.pass(3, sent: 2_000)
            // pppd ends and comes again: another number, the same name.
            fixture.network.present.links.removeLast()
            #expect(fixture.data == [0, 0])
            fixture.network.add(9, "ppp0", hardware: 512, [198, 51, 100, 3])
            fixture.network.pass(9, sent: 500)
            fixture.network.route(by: 9)
            await fixture.object.follow()
            fixture.network.pass(9, sent: 3_000)
            #expect(fixture.data == [3, 0])
        }
    }

    @Test func countersThatBeginAnewAreNotBelowZero() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.execute(6)
            fixture.network.change(2) { $0.traffic = LinkTraffic() }
            fixture.network.pass(2, sent: 4_000, received: 2_000)
            #expect(fixture.data == [4, 2])
        }
    }

    @Test func withoutCollectingAChangeOfTheNetworkIsNotLookedAt() async throws {
        try await onLoop {
            let fixture = try Fixture()
            fixture.object.networkChanged()
            await fixture.settle()
            #expect(fixture.network.looks == 0)
            // While it collects, it is.
            try await fixture.execute(6)
            let looks = fixture.network.looks
            fixture.object.networkChanged()
            await fixture.settle()
            #expect(fixture.network.looks > looks)
        }
    }

    // MARK: Restarts

    @Test(arguments: [true, false]) func aRestartInTheSameBoot(orderly: Bool) async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.execute(6)
            fixture.network.pass(2, sent: 3_000)
            await fixture.restart(orderly: orderly)
            fixture.network.pass(2, sent: 2_000)
            #expect(fixture.data == [5, 0])
        }
    }

    @Test func aReboot() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.set(period: 600)
            try await fixture.execute(6)
            fixture.network.pass(2, sent: 3_000)
            await fixture.object.stop()
            // Counters begin at 0, and links may have other numbers.
            fixture.network.present = NetworkPicture()
            fixture.network.add(7, "eth0", [192, 0, 2, 2])
            fixture.network.route(by: 7)
            fixture.network.pass(7, sent: 1_000)
            fixture.clock.set(fixture.clock.now + 100)
            await fixture.restart(boot: "2", orderly: false)
            fixture.network.pass(7, sent: 2_000)
            #expect(fixture.data == [6, 0])
            await fixture.pass(499)
            #expect(fixture.scheduler.armed == 1)
            await fixture.pass(1)
            fixture.network.pass(7, sent: 2_000)
            #expect(fixture.data == [6, 0])
        }
    }

    /// The first default route is another link's.
    @Test func afterARestartTheLinkStaysUntilTheServerIsContacted() async throws {
        try await onLoop {
            let fixture = try Fixture()
            fixture.network.present.defaultRoutes = [
                NetworkRoute(family: AF_INET, gateway: [198, 51, 100, 1], interface: 3)
            ]
            try await fixture.execute(6)
            fixture.network.pass(2, sent: 3_000)
            fixture.network.path = nil
            await fixture.restart()
            fixture.network.pass(2, sent: 2_000)
            #expect(fixture.data == [5, 0])
            // It is contacted by the other link.
            fixture.network.route(by: 3)
            await fixture.object.follow()
            fixture.network.pass(2, sent: 50_000)
            fixture.network.pass(3, sent: 1_000)
            #expect(fixture.data == [6, 0])
        }
    }

    @Test func aRebootAndAStopBeforeTheServerIsContacted() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.execute(6)
            fixture.network.pass(2, sent: 3_000)
            await fixture.object.stop()
            fixture.network.present = NetworkPicture()
            fixture.network.path = nil
            fixture.network.add(7, "eth0", [192, 0, 2, 2])
            fixture.network.pass(7, sent: 1_000)
            await fixture.restart(boot: "2", orderly: false)
            fixture.network.pass(7, sent: 2_000)
            #expect(fixture.data == [6, 0])
            await fixture.restart(boot: "2")
            fixture.network.pass(7, sent: 1_000)
            #expect(fixture.data == [7, 0])
        }
    }

    @Test func withoutAWayToTheServerItBeginsWhenThereIsOne() async throws {
        try await onLoop {
            let fixture = try Fixture()
            fixture.network.path = nil
            try await fixture.execute(6)
            fixture.network.pass(2, sent: 3_000)
            #expect(fixture.data == [0, 0])
            fixture.network.route(by: 2)
            await fixture.object.follow()
            fixture.network.pass(2, sent: 2_000)
            #expect(fixture.data == [2, 0])
        }
    }

    @Test func aPeriodThatEndedMeanwhile() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.set(period: 60)
            try await fixture.execute(6)
            fixture.network.pass(2, sent: 3_000)
            fixture.clock.set(fixture.clock.now + 100)
            await fixture.restart(orderly: false)
            fixture.network.pass(2, sent: 9_000)
            #expect(fixture.data == [3, 0])
            await fixture.restart()
            #expect(fixture.data == [3, 0])
        }
    }

    @Test func aClockThatWasSetBackDoesNotMakeThePeriodLonger() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.set(period: 60)
            try await fixture.execute(6)
            fixture.clock.set(1000)
            await fixture.restart(orderly: false)
            #expect(fixture.scheduler.nextDelay == .seconds(60))
        }
    }

    // MARK: Refusals

    @Test(arguments: [-1, TrafficCollection.longestPeriod + 1, .max, .min] as [Int64])
    func aPeriodOutOfBounds(period: Int64) async throws {
        try await onLoop {
            let fixture = try Fixture()
            await #expect(throws: OperationError.self) { try await fixture.set(period: period) }
            #expect(throws: OperationError.self) {
                try fixture.object.check(0, [8: .single(.integer(period))])
            }
            #expect(try fixture.object.read(0, 8) == .single(.integer(0)))
        }
    }

    @Test func aReplacingWriteWithoutThePeriodClearsIt() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try await fixture.set(period: 60)
            try await fixture.object.write(0, [:], mode: .replace)
            #expect(try fixture.object.read(0, 8) == .single(.integer(0)))
        }
    }

    @Test func whatCannotBeStoredIsRefused() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try Files.makeDirectories(fixture.path)
            await #expect(throws: OperationError.self) { try await fixture.set(period: 60) }
            #expect(try fixture.object.read(0, 8) == .single(.integer(0)))
        }
    }

    @Test func theFileOfANewerRelease() async throws {
        try await onLoop {
            let fixture = try Fixture()
            let bytes = CheckedFile.checked("format=2\nRunning=yes\n".utf8)
            try Files.replace(fixture.path, with: bytes, mode: 0o600)
            await fixture.restart()
            guard case .stateKept = fixture.object.note else {
                Issue.record("\(String(describing: fixture.object.note))")
                return
            }
            await #expect(throws: OperationError.self) { try await fixture.execute(6) }
            #expect(try Files.read(fixture.path, limit: 1000) == bytes)
        }
    }

    @Test func aDamagedFile() async throws {
        try await onLoop {
            let fixture = try Fixture()
            try Files.replace(fixture.path, with: "Running=yes\n".utf8, mode: 0o600)
            await fixture.restart()
            #expect(fixture.object.note == .stateLost && fixture.data == [0, 0])
            try await fixture.execute(6)
            try await fixture.execute(7)
            try Files.replace(fixture.path, with: "x".utf8, mode: 0o600)
            await fixture.restart()
            #expect(fixture.object.note == .previousStateTaken)
        }
    }
}

@Suite struct TrafficCollectionTests {
    private static func link(_ sent: UInt64, packets: UInt64 = 0) -> NetworkLink {
        var link = NetworkLink(index: 2, name: "eth0", hardware: 1, flags: 1)
        link.traffic.sentBytes = sent
        link.traffic.sentPackets = packets
        return link
    }

    @Test func theFileIsReadAsItWasWritten() throws {
        var collection = TrafficCollection()
        #expect(try TrafficCollection(bytes: collection.bytes) == collection)
        collection.period = 60
        collection.start(Self.link(1000), boot: "1", at: 1_700_000_000)
        #expect(try TrafficCollection(bytes: collection.bytes) == collection)
        collection.stop(Self.link(3000), boot: "1")
        #expect(try TrafficCollection(bytes: collection.bytes) == collection)
        #expect(collection.counted.sent == 2000)
    }

    @Test func linesOfANewerReleaseAreKept() throws {
        let bytes = Array("format=1\nPeriod=60\nRunning=no\nSMS=7\n".utf8)
        let collection = try #require(try TrafficCollection(bytes: bytes))
        #expect(Record(bytes: collection.bytes)?["SMS"] == "7")
    }

    @Test(arguments: [
        "nonsense", "format=1\nPeriod=-1\n", "format=1\nPeriod=99999999999\n",
        "format=1\nEndsAt=5\nLasts=-5\n",
    ])
    func whatIsNoCollection(text: String) throws { #expect(try TrafficCollection(bytes: Array(text.utf8)) == nil) }

    /// Anjay's demonstration underflows here.
    @Test func headersThatAreMoreThanAllBytes() {
        #expect(IPTraffic(Self.link(10, packets: 1)).sent == 0)
        #expect(IPTraffic(Self.link(10, packets: .max)).sent == 0)
        #expect(IPTraffic(Self.link(1014, packets: 1)).sent == 1000)
        #expect(
            (IPTraffic(sent: .max, received: 1) + IPTraffic(sent: 5, received: 1)) == IPTraffic(sent: .max, received: 2)
        )
    }
}
