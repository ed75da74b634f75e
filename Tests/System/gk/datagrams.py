"""Malformed datagrams: for a plain session, inside a DTLS session, and for a DTLS session by somebody without its key."""

from . import coap, dtls, fuzz

# The size of the explicit nonce and the tag of a record (AES-CCM, AES-GCM). OpenSSL ends an association when a record of the
# current epoch is shorter.
OVERHEAD = 25


class Malformed:
    """Makes malformed CoAP messages for one `hostile.Server`, and checks that no request in them is carried out."""

    def __init__(self, random, server):
        self.random, self.server = random, server
        # The tokens of messages that our own decoder rejects, and the successes that were answered to them.
        self.rejected = set()
        self.carried_out = []
        server.sees = self._sees

    def _sees(self, message, peer):
        if message.token in self.rejected and message.code >> 5 == 2:
            self.carried_out.append(str(message))

    def next(self):
        random = self.random
        message = self.server.build(coap.GET, "/3/0/0")
        message.token = random.randbytes(8)
        data = bytearray(random.choice(KINDS)(self, message, bytearray(message.encode())))
        if len(data) > 1 and data[0] >> 6 == 1:
            # No signals of CoAP over TCP: a server may end its session with one.
            data[1] %= fuzz.SIGNALS
        data = bytes(data)
        try:
            coap.decode(data)
        except coap.Malformed:
            self.rejected.add(message.token)
        return data

    # Kinds. Each gets a valid message, and its bytes to change.

    def noise(self, message, data):
        return self.random.randbytes(self.random.randrange(2000))

    def large_noise(self, message, data):
        return self.random.randbytes(self.random.choice((1472, 1473, 4096, 16384, 60000)))

    def truncated(self, message, data):
        return data[:self.random.randrange(len(data))]

    def wrong_version(self, message, data):
        data[0] = data[0] & 0x3F | self.random.choice((0, 2, 3)) << 6
        return data

    def reserved_token_length(self, message, data):
        data[0] = data[0] & 0xF0 | self.random.randrange(9, 16)
        return data

    def empty_with_a_body(self, message, data):
        data[1] = 0
        return data

    def unexpected_acknowledgement(self, message, data):
        return coap.Message(
            self.random.choice((coap.ACK, coap.RST)), self.random.choice((0, coap.CONTENT, coap.CHANGED, coap.GET)),
            self.random.randrange(1 << 16), message.token, [], self.random.randbytes(20)).encode()

    def reserved_delta(self, message, data):
        return data + bytes([0xF0 | self.random.randrange(15)]) + self.random.randbytes(5)

    def reserved_length(self, message, data):
        return data + bytes([self.random.randrange(15) << 4 | 15])

    def marker_without_payload(self, message, data):
        return data + b"\xff"

    def option_beyond_the_end(self, message, data):
        return data + bytes([0x0E, 0xFF, 0xFF]) + self.random.randbytes(30)

    def large_payload(self, message, data):
        return data + b"\xff" + self.random.randbytes(self.random.choice((1400, 8000, 60000)))

    def unexpected_response(self, message, data):
        return coap.Message(
            self.random.choice((coap.CON, coap.NON)), self.random.choice((0x45, 0x44, 0x84, 0xA0)), message.mid,
            self.random.randbytes(self.random.randrange(9)), [(coap.OBSERVE, self.random.randbytes(3))], b"x" * 100).encode()

    def option_number_above_16_bits(self, message, data):
        return data + b"\xe0\xff\xff" * self.random.randrange(1, 5)

    def mutated(self, message, data):
        return fuzz.Fuzzer(self.random, self.server).mutated(bytes(data))


KINDS = (
    Malformed.noise, Malformed.large_noise, Malformed.truncated, Malformed.wrong_version, Malformed.reserved_token_length,
    Malformed.empty_with_a_body, Malformed.unexpected_acknowledgement, Malformed.reserved_delta, Malformed.reserved_length,
    Malformed.marker_without_payload, Malformed.option_beyond_the_end, Malformed.large_payload, Malformed.unexpected_response,
    Malformed.option_number_above_16_bits, Malformed.mutated)


def unkeyed(random, recorded):
    """A datagram that somebody without the key can send into a DTLS session. `recorded`: records that were sent before."""
    kind = random.randrange(8)
    if kind == 0 and recorded:
        return random.choice(recorded)
    if kind == 1 and recorded:
        data = bytearray(random.choice(recorded))
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        return bytes(data)
    if kind == 2:
        # close_notify and a fatal alert, without authentication.
        return dtls.record(dtls.ALERT, random.choice((b"\x01\x00", b"\x02\x28")), random.randrange(1 << 16))
    if kind == 3:
        return dtls.record(
            random.randrange(256), random.randbytes(random.randrange(OVERHEAD, 200)), random.randrange(1 << 48),
            random.choice((0, 1, 2, 65535)), random.choice((dtls.DTLS_1_0, dtls.DTLS_1_2, b"\x03\x03")))
    if kind == 4:
        return dtls.record(dtls.HANDSHAKE, dtls.fragment(random.randrange(21), random.randbytes(60), random.randrange(3)), 5)
    if kind == 5:
        return dtls.record(dtls.APPLICATION_DATA, random.randbytes(40), 1, 1, length=random.randrange(1 << 16))
    if kind == 6:
        return dtls.record(dtls.HANDSHAKE, b"", random.randrange(1 << 16), random.choice((0, 1)))
    return random.randbytes(random.choice((0, 1, 12, 13, 14, 100, 1472, 30000)))
