/// How sessions send and wait (RFC 7252, 4.8); the defaults are the RFC's.
public struct CoAPParameters: Sendable {
    /// `ACK_TIMEOUT`, at least 1 s: libcoap takes no less.
    public var ackTimeout: Duration
    /// `ACK_RANDOM_FACTOR` in thousandths.
    public var ackRandomFactor: UInt16
    /// `MAX_RETRANSMIT`, at least 1; of a DTLS handshake's flights as well.
    public var maxRetransmit: UInt16
    /// How long an acknowledged request waits for its separate response.
    public var responseTimeout: Duration
    /// A client's DTLS association is given up when a message waits for its acknowledgement and the peer says nothing for
    /// this long: when the peer or a NAT forgot it, no answer ever comes, and a new one costs only a handshake.
    public var silenceTimeout: Duration
    /// How long a DTLS handshake waits for the server's next flight. libcoap repeats ours meanwhile; less than the half
    /// minute after which an operator should know that a key is wrong.
    public var handshakeTimeout: Duration
    /// How long to wait for the first answer from one address of a name that has others.
    public var addressTimeout: Duration
    /// How long a Block1 transfer waits for its next block.
    public var transferTimeout: Duration

    public init(
        ackTimeout: Duration = .seconds(2), ackRandomFactor: UInt16 = 1500, maxRetransmit: UInt16 = 4,
        responseTimeout: Duration = .seconds(120), silenceTimeout: Duration = .seconds(15),
        handshakeTimeout: Duration = .seconds(22), addressTimeout: Duration = .seconds(6),
        transferTimeout: Duration = .seconds(120)
    ) {
        self.ackTimeout = ackTimeout
        self.ackRandomFactor = ackRandomFactor
        self.maxRetransmit = maxRetransmit
        self.responseTimeout = responseTimeout
        self.silenceTimeout = silenceTimeout
        self.handshakeTimeout = handshakeTimeout
        self.addressTimeout = addressTimeout
        self.transferTimeout = transferTimeout
    }
}
