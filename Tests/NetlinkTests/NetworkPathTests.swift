import Glibc
import Linux
import Testing

@testable import Netlink

/// Answers of the kernel (Linux 6.1), recorded.
@Suite struct NetworkPathTests {
    /// What the first message of a datagram tells.
    private static func path(_ datagram: ArraySlice<UInt8>) throws(Errno) -> NetworkPath? {
        guard let answer = try NetlinkMessage.all(in: datagram).first else { throw Errno(EBADMSG, "read a route") }
        return try NetworkPath.path(in: answer)
    }

    /// 198.51.100.7 by 192.0.2.1 on interface 3, from 192.0.2.2.
    private static let routed = bytes(
        "700000001800000001000000891a000002200000fe0000010002000008000f00fe00000008000100c6336407080004000300000008000700"
            + "c000020208000500c0000201080019000000000024000c0002000000000000000000000000000000000000000000000000000000000000"
            + "00")
    /// 192.0.2.9, on the link of interface 3, from 192.0.2.2.
    private static let onLink = bytes(
        "680000001800000001000000891a000002200000fe0000010002000008000f00fe00000008000100c0000209080004000300000008000700"
            + "c0000202080019000000000024000c000200000000000000000000000000000000000000000000000000000000000000")
    /// 2001:db8:f::1 by fe80::1 on interface 3, from 2001:db8:1::2.
    private static let routed6 = bytes(
        "b00000001800000001000000891a00000a808000fe0300010000000008000f00fe0000001400010020010db8000f00000000000000000001"
            + "14000200000000000000000000000000000000001400070020010db8000100000000000000000002080006000004000014000500fe80"
            + "0000000000000000000000000001080004000300000024000c000200000000000000000000000000000000000000000000000000000000"
            + "0000000500140000000000")
    /// No route.
    private static let unreachable = bytes(
        "3800000002000000010000007a1800009bffffff240000001a00010001000000000000000220000000000000000000000800010008080808"
    )

    @Test func aRouteByAGateway() throws {
        #expect(
            try Self.path(Self.routed[...])
                == NetworkPath(source: [192, 0, 2, 2], interface: 3, gateway: [192, 0, 2, 1]))
    }

    @Test func aNeighbour() throws {
        #expect(try Self.path(Self.onLink[...]) == NetworkPath(source: [192, 0, 2, 2], interface: 3))
    }

    @Test func aRouteOfIPv6() throws {
        let path = try #require(try Self.path(Self.routed6[...]))
        #expect(path.source == [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2])
        #expect(path.gateway == [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] && path.interface == 3)
    }

    @Test func noRoute() throws { #expect(try Self.path(Self.unreachable[...]) == nil) }

    @Test func anAnswerThatIsCutOffIsNone() {
        for length in Self.routed.indices {
            #expect(throws: Errno.self, "\(length)") { try Self.path(Self.routed[..<length]) }
        }
        // An attribute that reaches beyond the end.
        var long = Self.routed
        long[28] = 0xff
        #expect(throws: Errno.self) { try Self.path(long[...]) }
        long[28] = 0
        #expect(throws: Errno.self) { try Self.path(long[...]) }
    }

    @Test func theQuestion() {
        let peer = bytes("02001634c63364070000000000000000")
        #expect(NetworkPath.question(peer) == bytes("022000000000000000000000" + "08000100c6336407"))
        // A link-local address of IPv6 has a scope, which is the interface.
        let linkLocal = bytes("0a00163400000000" + "fe800000000000000000000000000009" + "03000000")
        let question = NetworkPath.question(linkLocal)
        #expect(question?.suffix(8) == bytes("0800040003000000")[...])
        #expect(NetworkPath.question([]) == nil)
        #expect(NetworkPath.question([1, 0, 0x2f, 0x78]) == nil)
    }

    @Test func theKernelIsAsked() throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let loopback = withUnsafeBytes(of: address) { Array($0) }
        let path = try #require(try NetworkPath.current(to: loopback))
        #expect(path.source == [127, 0, 0, 1] && path.gateway.isEmpty && path.interface > 0)
        #expect(NetworkPath.isAssigned(loopback))
        // TEST-NET-1 (RFC 5737) is nobody's.
        #expect(!NetworkPath.isAssigned(bytes("02000000c00002630000000000000000")))
    }

    // MARK: What ends an association

    private static let path = NetworkPath(source: [192, 0, 2, 2], interface: 3, gateway: [192, 0, 2, 1])

    @Test(arguments: [
        (NetworkPath(source: [192, 0, 2, 2], interface: 3, gateway: [192, 0, 2, 1]), true),
        (NetworkPath(source: [192, 0, 2, 3], interface: 3, gateway: [192, 0, 2, 1]), false),
        (NetworkPath(source: [192, 0, 2, 2], interface: 4, gateway: [192, 0, 2, 1]), false),
        (NetworkPath(source: [192, 0, 2, 2], interface: 3, gateway: [192, 0, 2, 254]), false),
        (NetworkPath(source: [192, 0, 2, 2], interface: 3), false),
    ])
    func ofIPv4EveryDifferenceCounts(now: NetworkPath, holds: Bool) {
        #expect(Self.path.holds(now) { true } == holds)
    }

    /// The network in the first 8 bytes, the interface identifier in the last.
    private static func path6(_ network: UInt8, _ host: UInt8) -> NetworkPath {
        NetworkPath(
            source: [0x20, 1, 0xd, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host], interface: 3,
            gateway: [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    }

    @Test func aNewTemporaryAddressOfIPv6LeavesTheOldOneAtWork() {
        let opened = Self.path6(1, 2)
        #expect(opened.holds(Self.path6(1, 2)) { true })
        #expect(opened.holds(Self.path6(1, 77)) { true })
        // The old one has been removed, or the network was renumbered.
        #expect(!opened.holds(Self.path6(1, 77)) { false })
        #expect(!opened.holds(Self.path6(9, 2)) { true })
        #expect(!opened.holds(Self.path) { true })
    }
}
