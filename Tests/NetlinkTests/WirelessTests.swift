import Linux
import Testing

@testable import Netlink

/// No radio was at hand: these messages are put together by linux/nl80211.h. The family of the controller is recorded.
@Suite struct WirelessTests {
    private static func message(_ attributes: [UInt8]...) -> NetlinkMessage {
        let body = GenericFamily.body(7, attributes.flatMap { $0 })
        return NetlinkMessage(type: 0x1C, flags: [], sequence: 1, payload: body[...])
    }

    private static func attribute(_ kind: UInt16, _ value: some Collection<UInt8>) -> [UInt8] {
        Attributes.bytes(kind, value)
    }

    private static let address: [UInt8] = [2, 0, 0, 0, 1, 0]

    @Test func aFamily() throws {
        let family = try GenericFamily(try NetlinkTests.message(Recorded.controller))
        #expect(family.id == 16 && family.name == "nlctrl")
        #expect(throws: Errno.self) { _ = try GenericFamily(Self.message()) }
        #expect(throws: Errno.self) {
            _ = try GenericFamily(NetlinkMessage(type: 16, flags: [], sequence: 1, payload: [1, 2, 3]))
        }
    }

    @Test func aFamilyThatIsNotLoadedIsNotFound() throws {
        var socket = try NetlinkSocket(.generic)
        #expect(try GenericFamily.named("nlctrl", &socket)?.id == 16)
        #expect(try GenericFamily.named("no-such-one", &socket) == nil)
    }

    @Test func aStation() throws {
        let message = Self.message(
            Self.attribute(1, UInt32(0).bytes), Self.attribute(3, UInt32(5).bytes), Self.attribute(4, "wlan0\0".utf8),
            Self.attribute(5, UInt32(2).bytes), Self.attribute(52, "plant".utf8), Self.attribute(38, UInt32(2437).bytes)
        )
        let interface = try #require(try WirelessInterface(message))
        #expect(interface.index == 5 && interface.radio == 0 && interface.mode == .station)
        #expect(interface.ssid == Array("plant".utf8) && interface.frequency == 2437)
    }

    @Test func whatHasNoLinkOrAModeThatIsNotKnown() throws {
        // A P2P device has no interface index.
        #expect(try WirelessInterface(Self.message(Self.attribute(1, UInt32(0).bytes))) == nil)
        let nan = Self.message(
            Self.attribute(1, UInt32(0).bytes), Self.attribute(3, UInt32(5).bytes), Self.attribute(5, UInt32(12).bytes))
        #expect(try WirelessInterface(nan)?.mode == nil)
        let huge = Self.message(Self.attribute(1, UInt32(0).bytes), Self.attribute(3, UInt32.max.bytes))
        #expect(try WirelessInterface(huge) == nil)
    }

    @Test func theAccessPointOfAStation() throws {
        let information =
            Self.attribute(7, [UInt8(bitPattern: -61)]) + Self.attribute(13, [UInt8(bitPattern: -60)])
            + Self.attribute(8, Self.attribute(1, UInt16(650).bytes) + Self.attribute(5, UInt32(650).bytes))
            + Self.attribute(14, Self.attribute(1, UInt16(540).bytes)) + Self.attribute(16, UInt32(77).bytes)
        let station = try #require(
            try WirelessStation(Self.message(Self.attribute(6, Self.address), Self.attribute(21, information))))
        #expect(station.address == Self.address && station.signal == -61 && station.averageSignal == -60)
        #expect(station.sendRate == 650 && station.receiveRate == 540 && station.connected == 77)
        // A driver that tells nothing.
        let silent = try #require(try WirelessStation(Self.message(Self.attribute(6, Self.address))))
        #expect(silent == WirelessStation(address: Self.address))
        #expect(try WirelessStation(Self.message(Self.attribute(6, [1, 2]))) == nil)
        #expect(throws: Errno.self) {
            _ = try WirelessStation(Self.message(Self.attribute(6, Self.address), Self.attribute(21, [9, 0, 7, 0, 1])))
        }
    }

    // MARK: Scans

    private static func element(_ id: UInt8, _ value: [UInt8]) -> [UInt8] { [id, UInt8(value.count)] + value }

    private static func network(_ elements: [UInt8], capability: UInt16 = 0x11) throws -> WirelessNetwork {
        let bss =
            attribute(1, address) + attribute(2, UInt32(5180).bytes) + attribute(5, capability.bytes)
            + attribute(6, elements) + attribute(7, Int32(-5500).bytes) + attribute(9, UInt32(1).bytes)
        return try #require(try WirelessNetwork(message(attribute(3, UInt32(5).bytes), attribute(47, bss))))
    }

    /// Version 1, CCMP for the group, CCMP for pairs, and these authentications.
    private static func rsn(_ authentications: UInt8...) -> [UInt8] {
        let suites = authentications.flatMap { [0x00, 0x0F, 0xAC, $0] as [UInt8] }
        return element(
            48,
            [1, 0, 0x00, 0x0F, 0xAC, 4, 1, 0, 0x00, 0x0F, 0xAC, 4, UInt8(authentications.count), 0] + suites + [0, 0])
    }

    @Test func aNetworkOfTheLastScan() throws {
        let network = try Self.network(Self.element(0, Array("plant".utf8)) + Self.rsn(2))
        #expect(network.bssid == Self.address && network.ssid == Array("plant".utf8))
        #expect(network.frequency == 5180 && network.signal == -55 && network.isAssociated)
        #expect(network.security == .psk)
    }

    @Test func whatNetworksAskFor() throws {
        #expect(try Self.network(Self.rsn(2, 8)).security == .sae)
        #expect(try Self.network(Self.rsn(1)).security == .enterprise)
        #expect(try Self.network(Self.rsn(18)).security == .owe)
        #expect(try Self.network(Self.rsn(99)).security == .other)
        #expect(try Self.network([], capability: 0x01).security == .open)
        #expect(try Self.network([], capability: 0x11).security == .wep)
        #expect(try Self.network(Self.element(221, [0x00, 0x50, 0xF2, 0x01, 1, 0])).security == .wpa)
    }

    @Test func elementsOfAHostileNeighbour() throws {
        // Counts that reach beyond the element's end.
        let long: [UInt8] = [1, 0, 0x00, 0x0F, 0xAC, 4, 0xFF, 0xFF]
        #expect(try Self.network(Self.element(48, long)).security == .other)
        #expect(try Self.network(Self.element(48, [])).security == .other)
        #expect(try Self.network(Self.element(48, [1, 0, 0, 0x0F, 0xAC, 4, 0, 0, 0, 0])).security == .other)
        // An element that is cut off, and all after it.
        let cut = try Self.network([0, 9, 0x61])
        #expect(cut.ssid.isEmpty && cut.security == .wep)
        #expect(try Self.network([0]).ssid.isEmpty)
        // A name that is hidden, one that is too long, and a second one.
        #expect(try Self.network(Self.element(0, [0, 0, 0])).ssid.isEmpty)
        #expect(try Self.network(Self.element(0, [UInt8](repeating: 0x61, count: 33))).ssid.isEmpty)
        #expect(try Self.network(Self.element(0, [0x61]) + Self.element(0, [0x62])).ssid == [0x61])
        #expect(try WirelessNetwork(Self.message(Self.attribute(3, UInt32(5).bytes))) == nil)
    }

    // MARK: Radios

    @Test func theFrequenciesOfARadio() throws {
        func frequency(_ number: UInt32, disabled: Bool = false) -> [UInt8] {
            Self.attribute(1, number.bytes) + (disabled ? Self.attribute(2, []) : [])
        }
        let list =
            Self.attribute(0, frequency(2412)) + Self.attribute(1, frequency(2417))
            + Self.attribute(2, frequency(2484, disabled: true))
        let message = Self.message(
            Self.attribute(1, UInt32(3).bytes), Self.attribute(22, Self.attribute(0, Self.attribute(1, list))))
        #expect(try Wireless.frequencies(in: message, of: 3) == [2412, 2417])
        #expect(try Wireless.frequencies(in: message, of: 4) == nil)
        // A part of the answer that is about something else.
        #expect(try Wireless.frequencies(in: Self.message(Self.attribute(1, UInt32(3).bytes)), of: 3) == [])
        let cut = Self.message(Self.attribute(1, UInt32(3).bytes), Self.attribute(22, [200, 0, 0, 0]))
        #expect(throws: Errno.self) { _ = try Wireless.frequencies(in: cut, of: 3) }
    }

    @Test func theCountry() throws {
        #expect(try Wireless.country(in: Self.message(Self.attribute(33, "DE\0".utf8))) == "DE")
        #expect(try Wireless.country(in: Self.message(Self.attribute(33, "DEU\0".utf8))) == nil)
        #expect(try Wireless.country(in: Self.message()) == nil)
    }

    @Test(
        arguments: [
            (2412, 1), (2437, 6), (2472, 13), (2484, 14), (5180, 36), (5825, 165), (5955, 1), (7115, 233), (5935, 2),
            (4920, 184), (60480, nil), (0, nil), (.max, nil),
        ] as [(UInt32, Int?)])
    func channels(frequency: UInt32, channel: Int?) { #expect(Wireless.channel(at: frequency) == channel) }
}
