import CCoAP
import EventLoop
import Linux
import LwM2MClient
import Netlink

/// Sessions with servers over libcoap: plain UDP and DTLS 1.2 with pre-shared keys.
@LoopActor
public final class CoAPTransport: Transport {
    private typealias Place = NameLookups.Place

    private let parameters: CoAPParameters
    private let scheduler: any Scheduler
    private let route: RouteLookup
    private let names: NameLookups
    /// Open sessions live here: libcoap holds no reference to them.
    private var sessions: [ObjectIdentifier: CoAPSession] = [:]
    /// How often a host did not answer at all: the next attempt takes the next address of its name.
    private var failures: [Place: Int] = [:]

    /// - Parameter route: how the way to a peer is asked for.
    public convenience init(
        parameters: CoAPParameters = CoAPParameters(), scheduler: any Scheduler = LoopScheduler.shared,
        route: @escaping RouteLookup = NetworkPath.current(to:)
    ) {
        self.init(parameters: parameters, scheduler: scheduler, route: route, names: NameLookups())
    }

    init(
        parameters: CoAPParameters = CoAPParameters(), scheduler: any Scheduler = LoopScheduler.shared,
        route: @escaping RouteLookup = NetworkPath.current(to:), names: NameLookups
    ) {
        self.parameters = parameters
        self.route = route
        self.scheduler = scheduler
        self.names = names
    }

    public func open(_ endpoint: ServerEndpoint, handler: any SessionHandler) -> any Session {
        let secure = if case .psk = endpoint.security { true } else { false }
        let session = CoAPSession(
            role: .client, secure: secure, parameters: parameters, scheduler: scheduler, handler: handler,
            route: route)
        sessions[ObjectIdentifier(session)] = session
        let place = Place(host: endpoint.host, port: endpoint.port)
        session.ended = { [weak self] session, connected in
            guard let self else { return }
            self.sessions[ObjectIdentifier(session)] = nil
            self.failures[place] = connected ? nil : self.failures[place, default: 0] + 1
        }
        LoopActor.spawn { await self.connect(session, endpoint, place) }
        return session
    }

    private func connect(_ session: CoAPSession, _ endpoint: ServerEndpoint, _ place: Place) async {
        do throws(TransportError) {
            try PeerAddress.check(endpoint.host)
            let addresses = try await addresses(of: place)
            // It was closed while the name was resolved.
            guard session.handler != nil else { return }
            let tried = failures[place, default: 0]
            if tried + 1 < addresses.count { session.expectAnswer(within: parameters.addressTimeout) }
            let skipped = tried % addresses.count
            for address in addresses[skipped...] + addresses[..<skipped] {
                if try attach(session, endpoint.security, address) { return }
            }
            throw .unreachable("\(endpoint.host): no route, or no descriptor left")
        } catch {
            session.end(error)
        }
    }

    private func addresses(of place: Place) async throws(TransportError) -> [PeerAddress] {
        if let address = PeerAddress.numeric(place.host, place.port) { return [address] }
        return try await names.addresses(of: place)
    }

    /// - Returns: false when there is no route to this address.
    private func attach(
        _ session: CoAPSession, _ security: ServerEndpoint.Security, _ address: PeerAddress
    ) throws(TransportError) -> Bool {
        guard let context = Context(owner: session) else { return false }
        let raw: OpaquePointer?
        switch security {
        case .noSec:
            raw = address.withCoAPAddress { coap_new_client_session(context.raw, nil, $0, COAP_PROTO_UDP) }
        case .psk(let identity, let key):
            guard (1...255).contains(identity.count), !identity.contains(0), (1...256).contains(key.count) else {
                context.free()
                throw .handshake("a PSK identity has 1 to 255 bytes, none of them 0; a key has 1 to 256 bytes")
            }
            raw = newSession(context, address, identity, key)
        }
        guard let raw else {
            context.free()
            return false
        }
        session.attach(raw, context)
        session.rememberPath(to: address, raw)
        session.watchHandshake()
        context.start()
        session.pump()
        return true
    }

    private func newSession(
        _ context: Context, _ address: PeerAddress, _ identity: [UInt8], _ key: [UInt8]
    ) -> OpaquePointer? {
        identity.withUnsafeBufferPointer { identity in
            key.withUnsafeBufferPointer { key in
                var setup = coap_dtls_cpsk_t()
                setup.version = gk_COAP_CPSK_VERSION
                // The server's hint is ignored: the identity belongs to the account. libcoap copies both.
                setup.psk_info.identity = coap_bin_const_t(length: identity.count, s: identity.baseAddress)
                setup.psk_info.key = coap_bin_const_t(length: key.count, s: key.baseAddress)
                return address.withCoAPAddress { address in
                    CoAPLibrary.attribute(to: context) {
                        coap_new_client_session_psk2(context.raw, nil, address, COAP_PROTO_DTLS, &setup)
                    }
                }
            }
        }
    }
}
