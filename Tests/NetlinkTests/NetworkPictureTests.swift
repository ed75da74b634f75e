import Glibc
import Testing

@testable import Netlink

@Suite struct NetworkPictureTests {
    /// A link that is up.
    private static func link(
        _ index: Int32, _ name: String, kind: String = "", lower: Int32? = nil, master: Int32? = nil, up: Bool = true
    ) -> NetworkLink {
        var link = NetworkLink(index: index, name: name, hardware: NetworkLink.ethernet, flags: 1)
        link.kind = kind
        link.lower = lower
        link.master = master
        link.state = up ? .up : .down
        link.hasCarrier = up
        return link
    }

    private static func picture(_ links: NetworkLink...) -> NetworkPicture {
        var picture = NetworkPicture()
        picture.links = links
        return picture
    }

    @Test func theDeviceBelowAVLANOfABond() throws {
        let picture = Self.picture(
            Self.link(1, "bond0.7", kind: "vlan", lower: 2), Self.link(2, "bond0", kind: "bond"),
            Self.link(3, "eth0", master: 2, up: false), Self.link(4, "eth1", master: 2), Self.link(5, "eth2", master: 2)
        )
        #expect(picture.device(of: picture.links[0]).name == "eth1")
        #expect(picture.device(of: picture.links[1]).name == "eth1")
        #expect(picture.device(of: picture.links[3]).name == "eth1")
    }

    @Test func aBridgeWithoutParts() {
        let picture = Self.picture(Self.link(1, "br0", kind: "bridge"))
        #expect(picture.device(of: picture.links[0]).name == "br0")
    }

    @Test func allPartsAreDown() {
        let picture = Self.picture(
            Self.link(1, "br0", kind: "bridge"), Self.link(2, "eth0", master: 1, up: false),
            Self.link(3, "eth1", master: 1, up: false))
        #expect(picture.device(of: picture.links[0]).name == "eth0")
    }

    @Test func aVethIsItsOwnDevice() {
        let picture = Self.picture(Self.link(1, "a", kind: "veth", lower: 2), Self.link(2, "b", kind: "veth", lower: 1))
        #expect(picture.device(of: picture.links[0]).name == "a")
    }

    @Test func aCircleIsNotFollowed() {
        let picture = Self.picture(
            Self.link(1, "a", kind: "vlan", lower: 2), Self.link(2, "b", kind: "vlan", lower: 1))
        #expect(picture.device(of: picture.links[0]).name == "a")
    }

    @Test func aLowerLinkThatIsNotThere() {
        let picture = Self.picture(Self.link(1, "a", kind: "vlan", lower: 9))
        #expect(picture.device(of: picture.links[0]).name == "a")
    }

    @Test func kinds() {
        var wlan = Self.picture(Self.link(7, "wlan0"))
        #expect(wlan.kind(of: wlan.links[0]) == "ethernet")
        wlan.radios = [WirelessInterface(index: 7, radio: 0, mode: .station)]
        #expect(wlan.kind(of: wlan.links[0]) == "wlan")
        for (hardware, kind) in [(512, "ppp"), (519, "wwan"), (825, "6lowpan"), (65534, "other")] as [(UInt16, String)]
        {
            let link = NetworkLink(index: 1, name: "x", hardware: hardware, flags: 1)
            #expect(NetworkPicture().kind(of: link) == kind)
        }
    }

    @Test func theRouterOfALink() {
        var picture = Self.picture(Self.link(1, "eth0"), Self.link(2, "eth1"))
        picture.defaultRoutes = [
            NetworkRoute(family: AF_INET, gateway: [192, 0, 2, 1], interface: 2, metric: 10),
            NetworkRoute(family: AF_INET, interface: 1, metric: 20),
            NetworkRoute(family: AF_INET, gateway: [192, 0, 2, 9], interface: 2, metric: 100),
        ]
        #expect(picture.router(of: picture.links[1], family: AF_INET) == [192, 0, 2, 1])
        #expect(picture.router(of: picture.links[1], family: AF_INET6) == nil)
        #expect(picture.router(of: picture.links[0], family: AF_INET) == nil)
    }

    @Test(arguments: [
        (NetworkLink.State.up, true, true), (.unknown, true, true), (.dormant, true, false), (.down, false, false),
        (.up, false, false), (.lowerLayerDown, false, false),
    ])
    func aLinkIsUpWithCarrierAndState(state: NetworkLink.State, carrier: Bool, isUp: Bool) {
        var link = Self.link(1, "eth0")
        link.state = state
        link.hasCarrier = carrier
        #expect(link.isUp == isUp)
        link.flags = 0
        #expect(!link.isUp)
    }
}
