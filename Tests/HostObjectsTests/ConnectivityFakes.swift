import EventLoop
import Glibc
import LwM2M
import Netlink
import Synchronization

@testable import HostObjects

/// A host's links, played.
@LoopActor
final class FakeNetwork: NetworkView {
    var present = NetworkPicture()
    var path: NetworkPath?
    /// Whether the kernel can be asked.
    var isSilent = false
    private(set) var looks = 0

    func picture() -> NetworkPicture? {
        looks += 1
        return isSilent ? nil : present
    }

    func link(_ index: Int32) -> NetworkLink? {
        looks += 1
        return isSilent ? nil : present.link(index)
    }

    func link(named name: String) -> NetworkLink? {
        looks += 1
        return isSilent ? nil : present.links.first { $0.name == name }
    }

    func pathToServer() -> NetworkPath? { path }

    /// Adds a link that is up, with addresses.
    func add(
        _ index: Int32, _ name: String, kind: String = "", hardware: UInt16 = 1, _ addresses: [UInt8]...,
        up: Bool = true
    ) {
        var link = NetworkLink(index: index, name: name, hardware: hardware, flags: 1)
        link.kind = kind
        link.state = up ? .up : .down
        link.hasCarrier = up
        present.links.append(link)
        for address in addresses {
            present.addresses.append(
                NetworkAddress(bytes: address, prefixLength: address.count == 4 ? 24 : 64, interface: index))
        }
    }

    func change(_ index: Int32, _ edit: (inout NetworkLink) -> Void) {
        guard let place = present.links.firstIndex(where: { $0.index == index }) else { return }
        edit(&present.links[place])
    }

    /// Lets packets pass: as many bytes from the IP header up, one packet each way.
    func pass(_ index: Int32, sent: UInt64 = 0, received: UInt64 = 0) {
        change(index) { link in
            let header: UInt64 = link.isEthernetLike ? 14 : 0
            link.traffic.sentBytes += sent + header
            link.traffic.sentPackets += 1
            link.traffic.receivedBytes += received + header
            link.traffic.receivedPackets += 1
        }
    }

    /// The server is reached by a link.
    func route(by index: Int32) { path = NetworkPath(source: [192, 0, 2, 2], interface: index) }
}

/// A time of day that a test sets.
final class SetClock: WallClock {
    private let seconds = Atomic<Int64>(1_700_000_000)

    var now: Int64 { seconds.load(ordering: .relaxed) }
    func set(_ time: Int64) { seconds.store(time, ordering: .relaxed) }
    func utcOffset(at seconds: Int64) -> Int { 0 }
}
