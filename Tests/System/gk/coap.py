"""CoAP messages over UDP (RFC 7252). Written by hand, because the attacks need messages that no library sends."""

CON, NON, ACK, RST = range(4)

# Codes, as in "2.05".
EMPTY = 0x00
GET, POST, PUT, DELETE, FETCH, PATCH, IPATCH = range(1, 8)
CREATED, DELETED, CHANGED, CONTENT = 0x41, 0x42, 0x44, 0x45
NOT_FOUND = 0x84

# Option numbers (RFC 7252, 7641, 7959, 7967, 9175).
IF_MATCH, URI_HOST, ETAG, IF_NONE_MATCH, OBSERVE, URI_PORT, LOCATION_PATH = 1, 3, 4, 5, 6, 7, 8
URI_PATH, CONTENT_FORMAT, MAX_AGE, URI_QUERY, ACCEPT = 11, 12, 14, 15, 17
BLOCK2, BLOCK1, SIZE2, PROXY_URI, PROXY_SCHEME, SIZE1, NO_RESPONSE, REQUEST_TAG = 23, 27, 28, 35, 39, 60, 258, 292
OPTIONS = (IF_MATCH, URI_HOST, ETAG, IF_NONE_MATCH, OBSERVE, URI_PORT, LOCATION_PATH, URI_PATH, CONTENT_FORMAT, MAX_AGE,
           URI_QUERY, ACCEPT, BLOCK2, BLOCK1, SIZE2, PROXY_URI, PROXY_SCHEME, SIZE1, NO_RESPONSE, REQUEST_TAG)

# Content formats of LwM2M.
TEXT, LINKS, OPAQUE, CBOR, SENML_JSON, SENML_CBOR, TLV, JSON, LWM2M_CBOR = 0, 40, 42, 60, 110, 112, 11542, 11543, 11544
# The numbers of servers from before LwM2M 1.0 was approved.
OLD_TLV, OLD_JSON = 1542, 1543
FORMATS = (TEXT, LINKS, OPAQUE, CBOR, SENML_JSON, SENML_CBOR, TLV, JSON, LWM2M_CBOR, OLD_TLV, OLD_JSON)
# Those of composite operations.
COMPOSITE = (SENML_JSON, SENML_CBOR, LWM2M_CBOR)


def dotted(code):
    """A code in the usual notation: 0x45 is "2.05"."""
    return f"{code >> 5}.{code & 31:02}"


def uint(value):
    """An unsigned integer without leading zero bytes (RFC 7252, 3.2)."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def block(number, more, size_exponent):
    """The value of Block1 or Block2 (RFC 7959, 2.2)."""
    return uint(number << 4 | more << 3 | size_exponent)


class Malformed(Exception):
    """The datagram is not a CoAP message."""


class Message:
    """One message. `options` are pairs of number and bytes; `encode` sorts them."""

    def __init__(self, type, code, mid, token=b"", options=(), payload=b""):
        self.type, self.code, self.mid, self.token = type, code, mid, token
        self.options, self.payload = list(options), payload

    def option(self, number):
        """The value of the first option with this number, or None."""
        return next((value for key, value in self.options if key == number), None)

    def path(self):
        return [value.decode(errors="replace") for key, value in self.options if key == URI_PATH]

    def encode(self):
        out = bytearray([1 << 6 | self.type << 4 | len(self.token), self.code])
        out += self.mid.to_bytes(2, "big") + self.token
        before = 0
        for number, value in sorted(self.options, key=lambda option: option[0]):
            delta, before = number - before, number
            (short_delta, more_delta), (short_length, more_length) = extended(delta), extended(len(value))
            out.append(short_delta << 4 | short_length)
            out += more_delta + more_length + value
        if self.payload:
            out += b"\xff" + self.payload
        return bytes(out)

    def __str__(self):
        names = ("CON", "NON", "ACK", "RST")
        options = ", ".join(f"{number}={value.hex()}" for number, value in self.options)
        return f"{names[self.type]} {dotted(self.code)} [{self.mid}] {self.token.hex()} {options} {self.payload[:64]!r}"


def extended(value):
    """An option's delta or length: the four bits and the extension bytes (RFC 7252, 3.1)."""
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes([value - 13])
    return 14, (value - 269).to_bytes(2, "big")


def decode(data):
    """The message in a datagram; raises Malformed."""
    if len(data) < 4 or data[0] >> 6 != 1:
        raise Malformed("not CoAP version 1")
    length = data[0] & 15
    if length > 8 or len(data) < 4 + length:
        raise Malformed("token")
    message = Message(data[0] >> 4 & 3, data[1], int.from_bytes(data[2:4], "big"), data[4:4 + length])
    at, number = 4 + length, 0
    while at < len(data):
        if data[at] == 0xFF:
            message.payload = data[at + 1:]
            if not message.payload:
                raise Malformed("no payload after the marker")
            return message
        parts = [data[at] >> 4, data[at] & 15]
        at += 1
        for index, part in enumerate(parts):
            if part == 15:
                raise Malformed("option delta or length")
            size = max(0, part - 12)
            if at + size > len(data):
                raise Malformed("option header")
            parts[index] = part if size == 0 else int.from_bytes(data[at:at + size], "big") + (13 if size == 1 else 269)
            at += size
        number += parts[0]
        if at + parts[1] > len(data):
            raise Malformed("option value")
        message.options.append((number, data[at:at + parts[1]]))
        at += parts[1]
    return message
