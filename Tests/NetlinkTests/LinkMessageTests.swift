import Glibc
import Linux
import Testing

@testable import Netlink

/// Links, addresses and routes as a kernel told them.
@Suite struct LinkMessageTests {
    @Test func anEthernetLikeLink() throws {
        let link = try #require(try NetworkLink(try message(Recorded.uplink)))
        #expect(link.index == 3 && link.name == "uplink" && link.kind == "veth" && link.mtu == 1500)
        #expect(link.state == .up && link.hasCarrier && link.isUp && link.isEthernetLike && !link.isLoopback)
        #expect(link.address == bytes("d204f8b3d28d"))
        // The other end of the veth is no device that it runs over.
        #expect(link.lower == 2 && !link.isPartOfLower && link.master == nil)
        #expect(link.traffic.receivedPackets == 6 && link.traffic.sentPackets == 8)
        #expect(link.traffic.receivedBytes == 0x204 && link.traffic.sentBytes == 0x304)
    }

    @Test func aBridgeAndItsPart() throws {
        let bridge = try #require(try NetworkLink(try message(Recorded.bridge)))
        let port = try #require(try NetworkLink(try message(Recorded.port)))
        #expect(bridge.name == "br0" && bridge.kind == "bridge" && bridge.hasParts)
        #expect(port.name == "port0" && port.master == bridge.index)
    }

    @Test func loopback() throws {
        let link = try #require(try NetworkLink(try message(Recorded.loopback)))
        #expect(link.name == "lo" && link.isLoopback && link.state == .unknown && link.kind.isEmpty)
        #expect(link.isUp && !link.isEthernetLike)
    }

    @Test func addresses() throws {
        let address = try #require(try NetworkAddress(try message(Recorded.address)))
        #expect(address.text == "192.0.2.2" && address.prefixLength == 24 && address.interface == 3)
        #expect(address.isGlobal && address.family == AF_INET)
        let address6 = try #require(try NetworkAddress(try message(Recorded.address6)))
        #expect(address6.text == "2001:db8:1::2" && address6.prefixLength == 64 && address6.family == AF_INET6)
        #expect(address6.isGlobal)
        let linkLocal = try #require(try NetworkAddress(try message(Recorded.linkLocal)))
        #expect(linkLocal.text == "fe80::d004:f8ff:feb3:d28d" && !linkLocal.isGlobal)
    }

    @Test func anAddressThatIsNotSureYetIsNotGlobal() throws {
        var address = try #require(try NetworkAddress(try message(Recorded.address6)))
        // IFA_F_TENTATIVE, IFA_F_DADFAILED.
        for flag in [0x40, 0x08] as [UInt32] {
            address.flags = flag
            #expect(!address.isGlobal)
        }
        // IFA_F_TEMPORARY and IFA_F_DEPRECATED can still be reached.
        address.flags = 0x21
        #expect(address.isGlobal)
    }

    @Test func theOtherEndOfAPointToPointLinkIsNotItsAddress() throws {
        let header: [UInt8] = [UInt8(AF_INET), 32, 0x80, 0] + Int32(7).bytes
        let body = header + Attributes.bytes(1, [10, 0, 0, 1]) + Attributes.bytes(2, [10, 0, 0, 2])
        let message = NetlinkMessage(type: NetworkAddress.added, flags: [], sequence: 1, payload: body[...])
        #expect(try NetworkAddress(message)?.text == "10.0.0.2")
    }

    @Test func defaultRoutes() throws {
        let route = try #require(try NetworkRoute.all(in: try message(Recorded.defaultRoute)).first)
        #expect(route.isDefault && route.metric == 100 && route.interface == 3 && route.gateway == [192, 0, 2, 1])
        let route6 = try #require(try NetworkRoute.all(in: try message(Recorded.defaultRoute6)).first)
        #expect(route6.isDefault && route6.metric == 1024 && route6.family == AF_INET6)
        #expect(NetworkAddress.text(route6.gateway) == "fe80::1")
    }

    @Test func aRouteByTwoNextHops() throws {
        let routes = try NetworkRoute.all(in: try message(Recorded.multipath))
        #expect(routes.map(\.gateway) == [[192, 0, 2, 1], [192, 0, 2, 9]])
        #expect(routes.allSatisfy { $0.interface == 3 && $0.prefixLength == 24 && !$0.isDefault })
    }

    /// A VLAN, a macvlan and a link whose lower one is in another namespace; put together by hand.
    @Test(arguments: [("vlan", false, 4 as Int32?, true), ("macvlan", false, 4, true), ("vlan", true, nil, true)])
    func whatALinkRunsOver(kind: String, elsewhere: Bool, lower: Int32?, isPart: Bool) throws {
        var body: [UInt8] = [0, 0, 1, 0] + Int32(9).bytes + UInt32(0x1043).bytes + UInt32(0).bytes
        body += Attributes.bytes(3, "eth0.7\0".utf8) + Attributes.bytes(5, Int32(4).bytes)
        body += Attributes.bytes(18, Attributes.bytes(1, kind.utf8))
        if elsewhere { body += Attributes.bytes(37, Int32(0).bytes) }
        let message = NetlinkMessage(type: NetworkLink.added, flags: [], sequence: 1, payload: body[...])
        let link = try #require(try NetworkLink(message))
        #expect(link.lower == lower && link.isPartOfLower == isPart && link.kind == kind && link.name == "eth0.7")
        // Without IFLA_CARRIER it is not up.
        #expect(!link.isUp)
    }

    @Test(arguments: [
        Recorded.uplink, Recorded.bridge, Recorded.address, Recorded.address6, Recorded.defaultRoute,
        Recorded.multipath,
    ])
    func aMessageThatIsCutOffIsNone(hex: String) {
        let whole = bytes(hex)
        for length in whole.indices.dropFirst() {
            #expect(throws: Errno.self, "\(length)") { _ = try NetlinkMessage.all(in: whole[..<length]) }
        }
        // An attribute that reaches beyond the end, and one that is shorter than its header.
        for damage in [0xFFFF, 3, 0] as [UInt16] {
            var damaged = whole
            let first = 16 + (whole[4] == 16 ? 16 : whole[4] == 20 ? 8 : 12)
            damaged.replaceSubrange(first..<first + 2, with: damage.bytes)
            #expect(throws: Errno.self, "\(damage)") {
                let message = try NetlinkMessage.all(in: damaged[...])[0]
                _ = try NetworkLink(message)
                _ = try NetworkAddress(message)
                _ = try NetworkRoute.all(in: message)
            }
        }
    }

    @Test func anAddressOfAnotherLengthIsNone() {
        let header: [UInt8] = [UInt8(AF_INET), 24, 0, 0] + Int32(7).bytes
        for (prefix, address) in [(24, [10, 0, 0]), (24, [UInt8](repeating: 1, count: 16)), (33, [10, 0, 0, 1])]
            as [(UInt8, [UInt8])]
        {
            var body = header + Attributes.bytes(1, address)
            body[1] = prefix
            let message = NetlinkMessage(type: NetworkAddress.added, flags: [], sequence: 1, payload: body[...])
            #expect(throws: Errno.self) { _ = try NetworkAddress(message) }
        }
    }

    @Test func severalMessagesInADatagram() throws {
        let both = bytes(Recorded.address) + bytes(Recorded.address6)
        let messages = try NetlinkMessage.all(in: both[...])
        #expect(try messages.compactMap { try NetworkAddress($0)?.text } == ["192.0.2.2", "2001:db8:1::2"])
        #expect(throws: Errno.self) { _ = try NetlinkMessage.all(in: (both + [0])[...]) }
    }

    @Test func aMessageIsReadAsItWasWritten() throws {
        let message = NetlinkMessage(type: 18, flags: [.request, .dump], sequence: 7, payload: [1, 2, 3, 4])
        #expect(try NetlinkMessage.all(in: message.bytes[...]) == [message])
        #expect(message.bytes == bytes("14000000" + "1200" + "0103" + "07000000" + "00000000" + "01020304"))
    }

    // MARK: The kernel

    @Test func theKernelIsAsked() throws {
        let picture = try NetworkPicture.current()
        let loopback = try #require(picture.links.first { $0.isLoopback })
        #expect(picture.kind(of: loopback) == "loopback" && loopback.name == "lo")
        #expect(try NetworkLink.current(loopback.index)?.name == "lo")
        #expect(try NetworkLink.current(named: "lo")?.index == loopback.index)
        for name in ["", "no-such-link", "a name that is far too long for one", "lo\0x"] {
            #expect(try NetworkLink.current(named: name) == nil, "\(name)")
        }
        for index in [0, -1, .max] as [Int32] { #expect(try NetworkLink.current(index) == nil) }
        #expect(picture.addresses(of: loopback).contains { $0.text == "127.0.0.1" && $0.prefixLength == 8 })
    }
}
