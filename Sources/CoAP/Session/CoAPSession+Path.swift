import CCoAP
import EventLoop
import Glibc
import Linux
import LwM2MClient
import Netlink

/// Where a client's session was opened: by this its path is recognized.
struct OpenedPath {
    /// The bytes of the peer's socket address, and of ours.
    let peer: [UInt8]
    let local: [UInt8]
    /// nil when the kernel had no route.
    let path: NetworkPath?
}

/// Asks for the route to the bytes of a socket address: `NetworkPath.current(to:)`, or a test's own.
public typealias RouteLookup = @LoopActor (_ peer: [UInt8]) throws(Errno) -> NetworkPath?

extension CoAPSession {
    /// Remembers the way to the peer, when the session has its socket.
    func rememberPath(to peer: PeerAddress, _ raw: OpaquePointer) {
        var local = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_storage>.size)
        let length = gk_coap_session_local(raw, &local, local.count)
        local.removeLast(local.count - length)
        opened = OpenedPath(peer: peer.bytes, local: local, path: try? route(peer.bytes))
    }

    public var peer: [UInt8]? { opened?.peer }

    public var path: SessionPath {
        // A server's sessions are its peers' to keep.
        guard role == .client else { return .same }
        guard let opened else { return .unopened }
        let now: NetworkPath?
        do throws(Errno) {
            now = try route(opened.peer)
        } catch {
            // The kernel could not be asked (no descriptor left): no reason to give up a session that works.
            return .same
        }
        guard let now else { return .gone }
        let holds = opened.path?.holds(now) { NetworkPath.isAssigned(opened.local) } ?? false
        return holds ? .same : .moved
    }
}
