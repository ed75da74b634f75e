import CCoAP
import EventLoop
import LwM2MClient

/// How far a client's DTLS handshake got: what is wrong when the server falls silent.
enum HandshakeProgress {
    /// No ServerHello came: nobody listens there, or a firewall drops our datagrams.
    case unanswered
    /// The server answered until it got our key exchange: it cannot read what we encrypted with our key.
    case keyExchanged

    /// Why there is no session, and what to do about it.
    var reason: String {
        switch self {
        case .unanswered:
            "no answer; check the address and the port in URI=, and that no firewall on the way drops UDP"
        case .keyExchanged:
            "the server fell silent after the key exchange: a wrong key or identity; check PSKIdentity= and PSKKeyFile= "
                + "and what the server has for this client"
        }
    }
}

extension CoAPSession {
    /// Ends the handshake when the server stays silent for too long: libcoap would try for half a minute and more, and
    /// would not say how far it got.
    func watchHandshake() {
        guard secure, role == .client else { return }
        awaitFlight(parameters.handshakeTimeout)
    }

    private func awaitFlight(_ limit: Duration) {
        flightTimer = scheduler.schedule(after: limit) { [weak self] in
            guard let self, !self.connected else { return }
            self.end(self.presumedLoss())
        }
    }

    /// Looks how far the handshake is, at the end of a turn of libcoap's; each step forward has its own time.
    func noteHandshake(_ raw: OpaquePointer) {
        guard secure, role == .client, progress == .unanswered, !connected,
            let tls = coap_session_get_tls(raw, nil), gk_tls_sent_key_exchange(OpaquePointer(tls)) == 1
        else { return }
        progress = .keyExchanged
        flightTimer?.cancel()
        awaitFlight(parameters.handshakeTimeout)
    }
}
