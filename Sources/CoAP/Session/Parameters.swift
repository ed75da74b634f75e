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
    /// How long a Block1 transfer waits for its next block.
    public var transferTimeout: Duration

    public init(
        ackTimeout: Duration = .seconds(2), ackRandomFactor: UInt16 = 1500, maxRetransmit: UInt16 = 4,
        responseTimeout: Duration = .seconds(120), transferTimeout: Duration = .seconds(120)
    ) {
        self.ackTimeout = ackTimeout
        self.ackRandomFactor = ackRandomFactor
        self.maxRetransmit = maxRetransmit
        self.responseTimeout = responseTimeout
        self.transferTimeout = transferTimeout
    }
}
