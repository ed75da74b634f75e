import EventLoop
import HostObjects
import LwM2MClient
import Netlink

/// The host's network by rtnetlink and nl80211. Nothing is kept open: the kernel is asked when a value is wanted.
@LoopActor
final class HostNetwork: NetworkView {
    private unowned let client: Client
    /// The address of the server that these values are about. It outlives a session: the next one may wait for its name.
    private var peer: [UInt8]?

    init(_ client: Client) { self.client = client }

    func picture() -> NetworkPicture? { try? NetworkPicture.current() }

    func link(_ index: Int32) -> NetworkLink? { try? NetworkLink.current(index) }

    func link(named name: String) -> NetworkLink? { try? NetworkLink.current(named: name) }

    /// To the first server that this client is registered with, else to the first whose address is known.
    func pathToServer() -> NetworkPath? {
        let servers = client.status.filter { $0.peer != nil }
        peer = (servers.first { $0.registeredSince != nil } ?? servers.first)?.peer ?? peer
        return peer.flatMap { try? NetworkPath.current(to: $0) }
    }

    /// The name of the interface by which an address is reached; empty when there is none.
    static func interface(to peer: [UInt8]) -> String {
        let path = try? NetworkPath.current(to: peer)
        return path.flatMap { try? NetworkLink.current($0.interface) }?.name ?? ""
    }
}
