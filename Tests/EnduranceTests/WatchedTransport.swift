@testable import CoAP
import EventLoop
import LwM2MClient

/// The gateway's transport, which knows the sessions that are still there.
@LoopActor
final class WatchedTransport: Transport {
    private struct Known { weak var session: CoAPSession? }

    private let transport: CoAPTransport
    private var known: [Known] = []
    private(set) var opened = 0

    init(_ transport: CoAPTransport) { self.transport = transport }

    func open(_ endpoint: ServerEndpoint, handler: any SessionHandler) -> any Session {
        let session = transport.open(endpoint, handler: handler)
        opened += 1
        known.removeAll { $0.session == nil }
        known.append(Known(session: session as? CoAPSession))
        return session
    }

    /// The sessions that were not freed, open or not.
    var sessions: [CoAPSession] { known.compactMap(\.session) }

    /// What the sessions are busy with.
    var state: [String] {
        sessions.map { session in
            "\(session.flights.count) unacknowledged, \(session.queue.count) queued, \(session.pending.count) unanswered, "
                + "retrying: \(session.retrying != nil), open: \(session.handler != nil), attached: \(session.raw != nil), "
                + "libcoap is quiet: \(session.context?.isQuiet ?? true), \(session.flights.values.map(\.message.code))"
        }
    }

    /// Whether nothing is on its way: no session waits for an acknowledgement, or for a name.
    var isQuiet: Bool {
        sessions.allSatisfy { session in
            guard session.handler != nil else { return true }
            return session.raw != nil && (session.flights.isEmpty || session.retrying != nil)
        }
    }
}
