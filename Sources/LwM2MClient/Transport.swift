import EventLoop

/// Where a server is, and how it is spoken to.
public struct ServerEndpoint: Hashable, Sendable {
    public enum Security: Hashable, Sendable {
        /// Plain CoAP over UDP.
        case noSec
        /// DTLS 1.2 with a pre-shared key.
        case psk(identity: [UInt8], key: [UInt8])
    }

    /// A name or an address, at most 255 bytes; an IPv6 address without brackets.
    public var host: String
    public var port: UInt16
    public var security: Security

    public init(host: String, port: UInt16, security: Security) {
        self.host = host
        self.port = port
        self.security = security
    }
}

/// Why a request got no response, or a session ended.
public enum TransportError: Error, Hashable, Sendable {
    /// The name did not resolve; the resolver's text.
    case unresolved(String)
    /// The handshake failed: wrong key or identity, no common cipher; OpenSSL's text.
    case handshake(String)
    /// No answer within the retransmissions (RFC 7252, 4.2) or the given time.
    case timeout
    /// The peer answered with a Reset.
    case reset
    /// The network refused: ICMP, no route; errno's text.
    case unreachable(String)
    /// What the peer answered makes no sense; for people.
    case malformed(String)
    /// The session was closed, by us or by the peer (DTLS close_notify).
    case closed
}

extension TransportError: CustomStringConvertible {
    /// For people: `gatekeel status` and the journal show it.
    public var description: String {
        switch self {
        case .unresolved(let text): "the name has no address: \(text)"
        case .handshake(let text): "the DTLS handshake failed: \(text)"
        case .timeout: "no answer came"
        case .reset: "the server answered with a Reset"
        case .unreachable(let text): "the server cannot be reached: \(text)"
        case .malformed(let text): "the server's answer makes no sense: \(text)"
        case .closed: "the session was closed"
        }
    }
}

/// How the way to a session's peer, as the kernel routes now, compares to the one that the session was opened over.
public enum SessionPath: Hashable, Sendable {
    /// The same source address, interface and next hop: nothing that concerns this session has changed.
    case same
    /// Another one: a new session has better prospects.
    case moved
    /// The session was not opened over any: the name is still looked up, or had no address.
    case unopened
    /// There is no route at the moment, so there is nothing to move to.
    case gone
}

/// Makes sessions with servers. libcoap implements it in a daemon, a fake in tests.
@LoopActor
public protocol Transport: AnyObject {
    /// Opens a session; nothing is sent before the first request but a DTLS handshake.
    ///
    /// The name is resolved off the loop. What fails arrives at `handler.sessionEnded`.
    func open(_ endpoint: ServerEndpoint, handler: any SessionHandler) -> any Session
}

/// One association with one server.
@LoopActor
public protocol Session: AnyObject {
    /// Asks the kernel for the way to the peer; it answers at once. Also valid after the session has ended.
    var path: SessionPath { get }

    /// The peer's address, as the bytes of a `sockaddr_in` or `sockaddr_in6`; nil before its name is resolved. Also there after the
    /// session has ended.
    var peer: [UInt8]? { get }

    /// Sends a confirmable request of ours (Register, Update, De-register), blocks and retransmissions included.
    func send(_ request: Request) async throws(TransportError) -> Response

    /// Sends a notification (RFC 7641, 4.2); `response.observe` is set by the caller.
    ///
    /// Notifications of one session leave in the order of the calls, one unacknowledged at a time (NSTART = 1).
    /// - Parameters:
    ///   - request: the observe request, perhaps of an earlier session: its token goes into the notification, and later blocks are
    ///     asked for with its path, query and format. Blocks are no larger than it asks for.
    ///   - confirmable: whether it is to be acknowledged. Else it is over when it has left; nobody knows whether it arrives.
    ///   - completion: nil when it was acknowledged or has left, else `.reset` (the server no longer cares) or what failed.
    func notify(
        of request: Request, _ response: Response, confirmable: Bool,
        completion: @escaping @LoopActor (TransportError?) -> Void)

    /// Sends what a NAT needs to keep its mapping: an empty confirmable message (CoAP ping), answered by a Reset.
    func ping() async throws(TransportError)

    /// Forgets the bodies whose later blocks the peer may still ask for: it may not read them any more.
    func forgetBodies()

    /// Waits until all that was queued is acknowledged or given up, at most so long. For de-registration and reboot.
    func flush(within limit: Duration) async

    /// Whether a message of ours waits for its acknowledgement or answer, a request of the peer's for its answer, or the next block
    /// of a transfer is awaited.
    var isBusy: Bool { get }

    /// Ends the session; for DTLS with close_notify. `sessionEnded` is not called.
    func close()
}

/// What serves a session.
@LoopActor
public protocol SessionHandler: AnyObject {
    /// A request of the server's. The responder is called once, now or later; when later, an empty acknowledgement
    /// leaves first and the response is a separate one (RFC 7252, 5.2.2).
    func handle(_ request: Request, on session: any Session, respond: @escaping @LoopActor (Response) -> Void)

    /// The first block of a Block1 transfer (RFC 7959) with more to come: says where the body goes.
    ///
    /// - Parameters:
    ///   - request: the request, without payload.
    ///   - size: Size1, when the server told it; never trusted for allocation.
    func upload(_ request: Request, size: Int?, on session: any Session) -> UploadDecision

    /// The peer said something: a request or a block of one, a response, or an acknowledgement. Before what comes of it.
    func heard(on session: any Session)

    /// The peer answered a notification that is not to be acknowledged with a Reset: it does not know the token (RFC 7641, 3.6).
    func forgot(_ token: [UInt8], on session: any Session)

    /// The session is lost; make a new one. Requests under way have failed already.
    func sessionEnded(_ session: any Session, _ reason: TransportError)
}

extension SessionHandler {
    public func heard(on session: any Session) {}

    public func forgot(_ token: [UInt8], on session: any Session) {}
}

/// Where the body of a Block1 transfer goes.
public enum UploadDecision {
    /// Collected in memory up to so many bytes (4.13 with Size1 above that), then given to `handle`.
    case collect(limit: Int)
    /// Streamed, block by block.
    case stream(any UploadSink)
    /// Refused at the first block.
    case refuse(Response)
}

/// Takes the body of a Block1 transfer block by block, in order, each byte once.
@LoopActor
public protocol UploadSink: AnyObject {
    /// The next bytes. A response that is returned ends the transfer with it.
    func append(_ bytes: [UInt8]) -> Response?

    /// Calls `body` once when there is room for the next bytes: the block is not acknowledged before. A response ends the
    /// transfer with it.
    func whenReady(_ body: @escaping @LoopActor (Response?) -> Void)

    /// All bytes are here; the response answers the last block, at once or as a separate response.
    func finish(respond: @escaping @LoopActor (Response) -> Void)

    /// The transfer ended early: timed out, superseded by a new one, or the session was lost.
    func abort(_ reason: TransportError)
}

extension UploadSink {
    public func whenReady(_ body: @escaping @LoopActor (Response?) -> Void) { body(nil) }
}
