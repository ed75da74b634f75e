import CCoAP

/// The cipher suites of a client's DTLS sessions.
enum Ciphers {
    /// For `SSL_set_cipher_list(3)`: pre-shared keys alone or with an elliptic-curve key exchange.
    ///
    /// A finite-field key exchange (DHE) is left out: it costs a third of a second of the loop, more on a small gateway.
    /// RSA-PSK needs a certificate. `SECLEVEL=0` allows `TLS_PSK_WITH_AES_128_CCM_8`, the suite that LwM2M requires, which
    /// OpenSSL 3.2 and later refuse by default for its short authentication tag.
    static let preSharedKey = "PSK:!eNULL:!kDHEPSK:!kRSAPSK:@SECLEVEL=0"
}

/// Stands in the way of OpenSSL's `SSL_connect(3)` when libcoap calls it: libcoap 4.3 sets the cipher suites itself and lets
/// nobody change them before the ClientHello leaves.
///
/// The dynamic linker prefers a symbol of the program to one of a library. This does what `SSL_connect(3)` is documented to
/// do, for every caller in the process; DTLS clients, which are libcoap's, get our cipher suites first.
@_cdecl("SSL_connect")
public func connectWithOurCiphers(_ ssl: OpaquePointer?) -> Int32 {
    guard let ssl else { return -1 }
    if SSL_in_before(ssl) == 1 {
        SSL_set_connect_state(ssl)
        if SSL_is_dtls(ssl) == 1, SSL_set_cipher_list(ssl, Ciphers.preSharedKey) != 1 { return 0 }
    }
    return SSL_do_handshake(ssl)
}
