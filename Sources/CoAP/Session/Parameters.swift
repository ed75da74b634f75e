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
    /// How long a DTLS association is believed in while a message of a client's waits for its acknowledgement and the peer
    /// says nothing at all: one that the peer or a NAT forgot never answers, and a new one costs a handshake.
    public var silenceTimeout: Duration
    /// How long an address of a server's name has for its first answer, while there are others that were not tried.
    public var addressTimeout: Duration
    /// How long a Block1 transfer waits for its next block.
    public var transferTimeout: Duration

    public init(
        ackTimeout: Duration = .seconds(2), ackRandomFactor: UInt16 = 1500, maxRetransmit: UInt16 = 4,
        responseTimeout: Duration = .seconds(120), silenceTimeout: Duration = .seconds(15),
        addressTimeout: Duration = .seconds(6), transferTimeout: Duration = .seconds(120)
    ) {
        self.ackTimeout = ackTimeout
        self.ackRandomFactor = ackRandomFactor
        self.maxRetransmit = maxRetransmit
        self.responseTimeout = responseTimeout
        self.silenceTimeout = silenceTimeout
        self.addressTimeout = addressTimeout
        self.transferTimeout = transferTimeout
    }
}
