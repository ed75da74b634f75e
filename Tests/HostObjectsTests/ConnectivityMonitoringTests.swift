import EventLoop
import Glibc
import LwM2M
import LwM2MClient
import Netlink
import TestSupport
import Testing

@testable import HostObjects

@LoopActor
private final class Fixture {
    let network = FakeNetwork()
    let scheduler = ManualScheduler()
    let changes = RecordedChanges()
    let object: ConnectivityMonitoring
    private let host: RecordedHost

    init(_ files: [String: String] = [:]) throws {
        host = try RecordedHost(files)
        object = ConnectivityMonitoring(network: network, files: host.files, scheduler: scheduler)
        object.changes = changes
        network.add(1, "lo", [127, 0, 0, 1])
        network.change(1) { $0.flags |= 8 }
    }

    /// Two links with routers; the server is reached by the second.
    static func twoLinks() throws -> Fixture {
        let fixture = try Fixture(["/sys/class/net/eth1/speed": "100\n", "/sys/class/net/eth0/speed": "-1\n"])
        fixture.network.add(2, "eth0", [192, 0, 2, 2])
        fixture.network.add(
            3, "eth1", [198, 51, 100, 2], [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [7])
        fixture.network.present.defaultRoutes = [
            NetworkRoute(family: AF_INET, gateway: [192, 0, 2, 1], interface: 2, metric: 10),
            NetworkRoute(family: AF_INET, gateway: [198, 51, 100, 1], interface: 3, metric: 100),
        ]
        fixture.network.route(by: 3)
        return fixture
    }

    func value(_ resource: UInt16) -> Value? {
        guard case .single(let value)? = try? object.read(0, resource) else { return nil }
        return value
    }

    func values(_ resource: UInt16) -> [UInt16: Value]? {
        guard case .multiple(let values)? = try? object.read(0, resource) else { return nil }
        return values
    }

    /// The next look is a new one.
    func pass(_ seconds: Int = 1) { scheduler.advance(by: .seconds(seconds)) }
}

@Suite struct ConnectivityMonitoringTests {
    @Test func theServersLinkComesFirst() async throws {
        try await onLoop {
            let fixture = try Fixture.twoLinks()
            #expect(fixture.value(0) == .integer(41))
            #expect(fixture.values(1) == [0: .integer(41)])
            #expect(fixture.value(2) == .integer(0))
            #expect(
                fixture.values(4) == [
                    0: .string("198.51.100.2"), 1: .string("2001:db8::7"), 2: .string("192.0.2.2"),
                ])
            // A router has the place of the address whose link it is on; IPv6 has none here.
            #expect(fixture.values(5) == [0: .string("198.51.100.1"), 2: .string("192.0.2.1")])
            #expect(fixture.object.resources(of: 0) == [0, 1, 2, 4, 5])
        }
    }

    @Test func withoutAPathToTheServerTheFirstDefaultRouteCounts() async throws {
        try await onLoop {
            let fixture = try Fixture.twoLinks()
            fixture.network.path = nil
            #expect(fixture.values(4)?[0] == .string("192.0.2.2"))
            // Its link is down: the next route's.
            fixture.network.change(2) { $0.hasCarrier = false }
            fixture.pass()
            #expect(fixture.values(4)?[0] == .string("198.51.100.2"))
        }
    }

    @Test func aRadio() async throws {
        try await onLoop {
            let fixture = try Fixture()
            fixture.network.add(5, "wlan0", [192, 0, 2, 2])
            fixture.network.route(by: 5)
            fixture.network.present.radios = [WirelessInterface(index: 5, radio: 0, mode: .station)]
            #expect(fixture.value(0) == .integer(21) && fixture.values(1) == [0: .integer(21)])
            // Associated with nothing.
            #expect(fixture.value(2) == .integer(0))
            var accessPoint = WirelessStation(address: [2, 0, 0, 0, 0, 1])
            accessPoint.signal = -70
            fixture.network.present.accessPoints = [5: accessPoint]
            fixture.pass()
            #expect(fixture.value(2) == .integer(-70))
            accessPoint.averageSignal = -65
            fixture.network.present.accessPoints = [5: accessPoint]
            fixture.pass()
            #expect(fixture.value(2) == .integer(-65))
        }
    }

    @Test func aBridgeOfARadio() async throws {
        try await onLoop {
            let fixture = try Fixture()
            fixture.network.add(5, "wlan0")
            fixture.network.change(5) { $0.master = 6 }
            fixture.network.add(6, "br0", kind: "bridge", [192, 0, 2, 2])
            fixture.network.add(7, "lowpan0", hardware: 825, [UInt8](repeating: 0x20, count: 16))
            fixture.network.present.radios = [WirelessInterface(index: 5, radio: 0, mode: .station)]
            fixture.network.route(by: 6)
            #expect(fixture.value(0) == .integer(21))
            #expect(fixture.values(1) == [0: .integer(21), 1: .integer(23)])
        }
    }

    @Test func whatIsNotUpOrNotSureIsNotTold() async throws {
        try await onLoop {
            let fixture = try Fixture.twoLinks()
            fixture.network.add(8, "eth2", [203, 0, 113, 1], up: false)
            fixture.network.add(9, "eth3", [203, 0, 113, 2])
            fixture.network.present.addresses.append(
                NetworkAddress(bytes: [169, 254, 0, 1], prefixLength: 16, interface: 3, scope: 253))
            fixture.network.present.addresses[fixture.network.present.addresses.count - 2].flags = 0x40
            #expect(fixture.values(4)?.count == 3)
        }
    }

    @Test func manyAddressesAreCut() async throws {
        try await onLoop {
            let fixture = try Fixture.twoLinks()
            for number in 0..<100 as Range<UInt8> { fixture.network.add(Int32(number) + 10, "x", [10, 0, 0, number]) }
            #expect(fixture.values(4)?.count == ConnectivityPicture.addressLimit)
            #expect(fixture.values(4)?[0] == .string("198.51.100.2"))
        }
    }

    @Test func withoutAnyLinkTheMandatoryValuesRemain() async throws {
        try await onLoop {
            let fixture = try Fixture()
            #expect(fixture.value(0) == .integer(41) && fixture.value(2) == .integer(0))
            #expect(fixture.values(1) == [:] && fixture.values(4) == [:])
            #expect(fixture.object.resources(of: 0) == [0, 1, 2, 4])
            #expect(throws: OperationError.self) { try fixture.object.read(0, 5) }
            #expect(throws: OperationError.self) { try fixture.object.read(0, 6) }
        }
    }

    /// All formats can say that there is no address.
    @Test(arguments: [ContentFormat.tlv, .senMLJSON, .senMLCBOR, .lwm2mCBOR, .lwm2mJSON])
    func noAddressCanBeTold(format: ContentFormat) async throws {
        try await onLoop {
            let fixture = try Fixture()
            let values = Dictionary(
                uniqueKeysWithValues: try fixture.object.resources(of: 0).map { ($0, try fixture.object.read(0, $0)) })
            let bytes = try Codec.encode(
                [InstanceContent(0, values)], format, at: Path(4, 0), fixture.object.definition, .v12)
            #expect(!bytes.isEmpty)
        }
    }

    @Test func theBearerOfALinkThatIsGoneStays() async throws {
        try await onLoop {
            let fixture = try Fixture()
            fixture.network.add(5, "wlan0", [192, 0, 2, 2])
            fixture.network.route(by: 5)
            fixture.network.present.radios = [WirelessInterface(index: 5, radio: 0, mode: .station)]
            #expect(fixture.value(0) == .integer(21))
            fixture.network.present = NetworkPicture()
            fixture.network.path = nil
            fixture.pass()
            #expect(fixture.value(0) == .integer(21) && fixture.values(4) == [:])
        }
    }

    @Test func aKernelThatCannotBeAskedChangesNothing() async throws {
        try await onLoop {
            let fixture = try Fixture.twoLinks()
            #expect(fixture.values(4)?.count == 3)
            fixture.network.isSilent = true
            fixture.pass()
            #expect(fixture.values(4)?.count == 3)
        }
    }

    // MARK: Utilization

    @Test func utilizationIsMeasuredBetweenTwoLooks() async throws {
        try await onLoop {
            let fixture = try Fixture.twoLinks()
            #expect(fixture.value(6) == nil)
            // 100 Mbit/s for 20 s is 250 MB; a quarter of it, both ways together.
            fixture.network.change(3) {
                $0.traffic.sentBytes = 20_000_000
                $0.traffic.receivedBytes = 42_500_000
            }
            fixture.pass(20)
            #expect(fixture.value(6) == .integer(25))
            // Too soon after it: the same again.
            fixture.pass(5)
            #expect(fixture.value(6) == .integer(25))
            fixture.pass(20)
            #expect(fixture.value(6) == .integer(0))
            // Counters never say more than all of it.
            fixture.network.change(3) { $0.traffic.sentBytes = 20_000_000_000 }
            fixture.pass(20)
            #expect(fixture.value(6) == .integer(100))
        }
    }

    @Test func utilizationOfALinkWithoutASpeedIsAbsent() async throws {
        try await onLoop {
            let fixture = try Fixture.twoLinks()
            fixture.network.route(by: 2)
            #expect(fixture.value(6) == nil)
            fixture.network.pass(2, sent: 1000)
            fixture.pass(20)
            #expect(fixture.value(6) == nil)
        }
    }

    @Test func anotherLinkOrCountersThatBeginAnewHaveNoUtilizationYet() async throws {
        try await onLoop {
            let fixture = try Fixture.twoLinks()
            fixture.network.change(3) { $0.traffic.sentBytes = 1_000_000 }
            #expect(fixture.value(6) == nil)
            fixture.pass(20)
            #expect(fixture.value(6) == .integer(0))
            fixture.network.change(3) { $0.traffic.sentBytes = 10 }
            fixture.pass(20)
            #expect(fixture.value(6) == nil)
            fixture.pass(20)
            #expect(fixture.value(6) == .integer(0))
            fixture.network.route(by: 2)
            fixture.pass(20)
            #expect(fixture.value(6) == nil)
        }
    }

    // MARK: Looks

    @Test func readingTheWholeObjectIsOneLook() async throws {
        try await onLoop {
            let fixture = try Fixture.twoLinks()
            for resource in fixture.object.resources(of: 0) { _ = try fixture.object.read(0, resource) }
            #expect(fixture.network.looks == 1)
            fixture.pass()
            #expect(fixture.value(0) == .integer(41))
            #expect(fixture.network.looks == 2)
        }
    }

    @Test func aChangeOfTheNetworkIsToldWithoutALook() async throws {
        try await onLoop {
            let fixture = try Fixture.twoLinks()
            #expect(fixture.values(4)?.count == 3)
            fixture.object.networkChanged()
            #expect(fixture.changes.paths == [Path(4, 0)])
            #expect(fixture.network.looks == 1 && fixture.scheduler.armed == 0)
            // Whoever looks now sees what is now.
            fixture.network.change(3) { $0.hasCarrier = false }
            #expect(fixture.values(4) == [0: .string("192.0.2.2")])
        }
    }

    @Test func onlySignalAndUtilizationAreLookedAtBetweenEvents() async throws {
        try await onLoop {
            let object = try Fixture().object
            let sampled = object.definition.resources.map(\.id).filter { object.samplingInterval(0, $0) != nil }
            #expect(sampled == [2, 6])
        }
    }

    @Test func eachServerGetsItsVersion() async throws {
        try await onLoop {
            let object = try Fixture().object
            #expect(EnablerVersion.allCases.map { object.definition(in: $0).version } == ["1.0", "1.2", "1.3"])
        }
    }
}
