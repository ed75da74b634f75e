import CCoAP
import EventLoop
import Glibc
import LwM2MClient

/// A CoAP server: endpoints that peers connect to. For tests and the demo.
@LoopActor
public final class CoAPServer {
    private let parameters: CoAPParameters
    private let scheduler: any Scheduler
    private let handler: any SessionHandler
    private var owner: ServerOwner?
    private var context: Context?
    private let keys: PreSharedKeys

    /// - Parameters:
    ///   - keys: gives the key of an identity; nil refuses the identity.
    public init(
        handler: any SessionHandler, parameters: CoAPParameters = CoAPParameters(),
        scheduler: any Scheduler = LoopScheduler.shared, keys: @escaping @LoopActor ([UInt8]) -> [UInt8]? = { _ in nil }
    ) {
        self.handler = handler
        self.parameters = parameters
        self.scheduler = scheduler
        self.keys = PreSharedKeys(keys)
        let owner = ServerOwner()
        owner.server = self
        self.owner = owner
        context = Context(owner: owner)
    }

    /// Listens at a numeric address.
    ///
    /// - Parameter port: 0 lets the kernel choose.
    /// - Returns: the port; nil when the address or the port cannot be used.
    public func listen(_ host: String, port: UInt16 = 0, secure: Bool = false) -> UInt16? {
        guard let context, let address = PeerAddress.numeric(host, port) else { return nil }
        if secure {
            var setup = coap_dtls_spsk_t()
            setup.version = gk_COAP_SPSK_VERSION
            setup.validate_id_call_back = serverKey
            setup.id_call_back_arg = Unmanaged.passUnretained(keys).toOpaque()
            guard coap_context_set_psk2(context.raw, &setup) == 1 else { return nil }
        }
        let endpoint = address.withCoAPAddress {
            coap_new_endpoint(context.raw, $0, secure ? COAP_PROTO_DTLS : COAP_PROTO_UDP)
        }
        guard let endpoint else { return nil }
        context.start()
        // '127.0.0.1:40123 UDP': libcoap tells the port nowhere else.
        let text = String(cString: coap_endpoint_str(endpoint))
        return text.split(separator: " ").first?.split(separator: ":").last.flatMap { UInt16($0) }
    }

    /// The sessions that are open.
    public var sessions: [CoAPSession] { Array(owner?.sessions.values ?? [:].values) }

    /// Ends all sessions and endpoints.
    public func close() {
        for session in sessions { session.close() }
        context?.free()
        context = nil
        owner?.server = nil
    }

    fileprivate func accept(_ raw: OpaquePointer) -> CoAPSession? {
        guard let context else { return nil }
        let secure = coap_session_get_proto(raw) == COAP_PROTO_DTLS
        let session = CoAPSession(
            role: .server, secure: secure, parameters: parameters, scheduler: scheduler, handler: handler)
        session.connected = true
        session.attach(coap_session_reference(raw), context)
        owner?.sessions[raw] = session
        let owner = owner
        session.ended = { _, _ in owner?.sessions[raw] = nil }
        return session
    }
}

/// The sessions of a server's context.
@LoopActor
private final class ServerOwner: ContextOwner {
    weak var server: CoAPServer?
    var sessions: [OpaquePointer: CoAPSession] = [:]

    func session(for raw: OpaquePointer) -> CoAPSession? { sessions[raw] ?? server?.accept(raw) }

    func settle() { for session in Array(sessions.values) { session.settle() } }
}

/// Keys by identity, at an address that libcoap can hold.
@LoopActor
private final class PreSharedKeys {
    private let lookup: @LoopActor ([UInt8]) -> [UInt8]?
    /// libcoap reads this after the callback has returned, and copies it at once.
    private let answer = UnsafeMutablePointer<coap_bin_const_t>.allocate(capacity: 1)
    private var bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 256)

    init(_ lookup: @escaping @LoopActor ([UInt8]) -> [UInt8]?) {
        self.lookup = lookup
        answer.initialize(to: coap_bin_const_t())
    }

    isolated deinit {
        answer.deallocate()
        bytes.deallocate()
    }

    fileprivate func key(_ identity: [UInt8]) -> UnsafePointer<coap_bin_const_t>? {
        guard let key = lookup(identity), (1...256).contains(key.count) else { return nil }
        _ = bytes.update(fromContentsOf: key)
        answer.pointee = coap_bin_const_t(length: key.count, s: UnsafePointer(bytes.baseAddress))
        return UnsafePointer(answer)
    }
}

private func serverKey(
    _ identity: UnsafeMutablePointer<coap_bin_const_t>?, _: OpaquePointer?, _ data: UnsafeMutableRawPointer?
) -> UnsafePointer<coap_bin_const_t>? {
    guard let identity, let data else { return nil }
    return LoopActor.assumeIsolated((identity, data)) { identity, data in
        let bytes = Array(UnsafeBufferPointer(start: identity.pointee.s, count: identity.pointee.length))
        return Unmanaged<PreSharedKeys>.fromOpaque(data).takeUnretainedValue().key(bytes)
    }
}
