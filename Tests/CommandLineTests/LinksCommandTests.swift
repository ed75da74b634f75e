import Contract
import EventLoop
import Glibc
import JSON
import Linux
import TestSupport
import Testing

@testable import CommandLine
@testable import Netlink

/// A host with a link to the server, a radio, and a link without carrier.
@LoopActor
final class FakeLinks: HostLinks {
    var error: Errno?
    var present = NetworkPicture()

    init() {
        present.links = [
            Self.link(1, "lo", flags: 9), Self.link(2, "eth0"), Self.link(3, "wlan0"),
            Self.link(4, "eth1", carrier: false),
        ]
        present.links[0].state = .unknown
        present.links[1].address = [2, 0, 0, 0, 1, 0]
        present.links[1].mtu = 1500
        present.links[1].traffic.receivedBytes = 3_000_000
        present.links[1].traffic.receivedPackets = 2000
        present.links[1].traffic.sentBytes = 1024
        present.links[1].traffic.sendErrors = 3
        present.addresses = [
            NetworkAddress(bytes: [192, 0, 2, 2], prefixLength: 24, interface: 2),
            NetworkAddress(
                bytes: [0xFE, 0x80] + [UInt8](repeating: 0, count: 13) + [1], prefixLength: 64, interface: 2, scope: 253
            ),
        ]
        present.defaultRoutes = [NetworkRoute(family: AF_INET, gateway: [192, 0, 2, 1], interface: 2)]
        var radio = WirelessInterface(index: 3, radio: 0, mode: .station)
        radio.ssid = Array("plant\u{1B}[2J".utf8)
        radio.frequency = 2437
        present.radios = [radio]
        var accessPoint = WirelessStation(address: [2, 0, 0, 0, 9, 9])
        accessPoint.averageSignal = -61
        accessPoint.sendRate = 655
        accessPoint.connected = 185
        present.accessPoints = [3: accessPoint]
    }

    private static func link(_ index: Int32, _ name: String, flags: UInt32 = 1, carrier: Bool = true) -> NetworkLink {
        var link = NetworkLink(index: index, name: name, hardware: flags & 8 != 0 ? 772 : 1, flags: flags)
        link.state = carrier ? .up : .down
        link.hasCarrier = carrier
        return link
    }

    func picture() throws(Errno) -> NetworkPicture {
        if let error { throw error }
        return present
    }

    func survey(of interface: WirelessInterface) -> RadioSurvey? {
        var survey = RadioSurvey()
        survey.country = "DE"
        survey.frequencies = [2412, 2437]
        var network = WirelessNetwork(bssid: [2, 0, 0, 0, 9, 9])
        network.ssid = Array("plant".utf8)
        network.signal = -55
        network.frequency = 5180
        network.security = .psk
        survey.networks = [network]
        return survey
    }
}

@Suite struct LinksCommandTests {
    @LoopActor
    private func gateway() -> FakeGateway {
        let gateway = FakeGateway()
        gateway.status.servers[0].interface = "eth0"
        return gateway
    }

    @Test func theLinksAndWhoUsesThem() async {
        await onLoop {
            let (code, out, err) = await run("links", gateway())
            #expect(code == .done && err.isEmpty)
            #expect(
                out == """
                    lo\tloopback\tup\t\t\t0\t0\t
                    eth0\tethernet\tup\t192.0.2.2/24 fe80::1/64\t\t2.8M\t1.0K\tmain
                    wlan0\twlan\tup\t\t-61 dBm\t0\t0\t
                    eth1\tethernet\tno carrier\t\t\t0\t0\t

                    """)
        }
    }

    @Test func withoutTheDaemonTheLinksAreThere() async {
        await onLoop {
            let gateway = gateway()
            gateway.agentError = ContractError(.unreachable, "gone")
            let (code, out, err) = await run("links", gateway)
            #expect(code == .done && out.hasPrefix("lo\t") && err.contains("gone") && err.contains("not known"))
            let document = try? JSON.parse(Array(await run("links --json", gateway).out.utf8))
            #expect(document?.array?.allSatisfy { $0["servers"] == .null } == true)
        }
    }

    @Test func oneLink() async {
        await onLoop {
            let (code, out, _) = await run("link eth0", gateway())
            #expect(code == .done)
            #expect(
                out == """
                    name\teth0
                    kind\tethernet
                    state\tup
                    hardware address\t02:00:00:00:01:00
                    MTU\t1500
                    address\t192.0.2.2/24
                    address\tfe80::1/64
                    router\t192.0.2.1
                    received\t2.8M in 2000 packets
                    sent\t1.0K in 0 packets, 3 errors
                    servers\tmain

                    """)
        }
    }

    @Test func aRadioShowsWhatItSaw() async {
        await onLoop {
            let out = await run("link wlan0", gateway()).out
            // A name of a network does not move a terminal's cursor.
            #expect(out.contains("network\tplant\\x1b[2J\n"))
            for line in [
                "mode\tstation", "access point\t02:00:00:00:09:09", "associated for\t3 min 5 s",
                "channel\t6 (2437 MHz)", "signal\t-61 dBm",
                "sends at\t65.5 Mbit/s", "country\tDE", "channels\t1 6",
                "seen\tplant, 02:00:00:00:09:09, 36 (5180 MHz), -55 dBm, psk",
            ] {
                #expect(out.contains("\(line)\n"), "\(line): \(out)")
            }
        }
    }

    @Test func aLinkThatIsNotThere() async {
        await onLoop {
            let (code, _, err) = await run("link eth9", gateway())
            #expect(code == .notFound && err.contains("gatekeel links"))
        }
    }

    @Test func aKernelThatDoesNotTell() async {
        await onLoop {
            let host = FakeLinks()
            host.error = Errno(EPERM, "open a netlink socket")
            let (code, _, err) = await run("links", gateway(), host: host)
            #expect(code == .failed && err.contains("netlink"))
        }
    }

    @Test func statesForPeople() {
        func state(_ edit: (inout NetworkLink) -> Void) -> String {
            var link = NetworkLink(index: 1, name: "x", hardware: 1, flags: 1)
            link.hasCarrier = true
            edit(&link)
            return LinkView(link: link, picture: NetworkPicture(), servers: nil).state
        }
        #expect(state { $0.state = .up } == "up")
        #expect(state { $0.state = .unknown } == "up")
        #expect(state { $0.state = .dormant } == "dormant")
        #expect(state { $0.hasCarrier = false } == "no carrier")
        #expect(state { $0.flags = 0 } == "off")
        #expect(
            state {
                $0.state = .lowerLayerDown
                $0.hasCarrier = false
            } == "no carrier")
    }
}
