"""Fuzzed requests: random, mutated, and valid ones, from a seeded generator."""

import json
import struct

from . import coap

# The resources of each object, so that most requests reach one.
RESOURCES = {0: range(0, 14), 1: (0, 1, 2, 3, 5, 6, 7, 8, 9, 22, 23), 3: range(0, 23), 9: range(0, 17)}
# The largest message (RFC 7252, 4.6); larger ones get no response.
LARGEST = 1152
# Codes from here on are signals of CoAP over TCP (RFC 8323).
SIGNALS = 0xE0
# Valid requests that would end the attack: Reboot, and Disable.
HARMFUL = {(coap.POST, ("3", "0", "4")), (coap.POST, ("1", "0", "4")), (coap.POST, ("1", "1", "4"))}
WORDS = ("", "0", "00", "-1", "65535", "65536", "4294967296", "1e3", "..", ".", "%2e%2e", "rd", "bs", ".well-known", "core",
         "\x00", "٣", "\u202e", "a" * 255, "9" * 200)
QUERIES = ("pmin=1", "pmax=2", "pmin=0", "pmax=-1", "gt=1.5", "lt=abc", "st=0", "st=-1", "pmin", "pmin=", "=", "epmin=1",
           "dim=8", "pmin=99999999999999999999", "gt=nan", "gt=1e400", "x" * 255, "ver=1.1", "con=1")
# None of these can be downloaded: downloads have a test of their own.
ADDRESSES = ("", "http:", "http://", "https://[::1", "file:///etc/passwd", "ftp://x/y", "HTTP//x", "http://\x00", "x" * 255,
             "x" * 256, "http://" + "y" * 300, "gopher://127.0.0.1/", "//127.0.0.1/x", "http://user:secret@")
NUMBERS = (0, 1, 2, 30, 60, 127, 128, 255, 256, 65535, 65536, 86400, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, -1, -128,
           -(1 << 63))


class Fuzzer:
    """Makes requests for one `hostile.Server`."""

    def __init__(self, random, server):
        self.random, self.server = random, server

    # Requests.

    def request(self):
        """A message and the bytes to send for it."""
        while True:
            message = self._message()
            data = message.encode()
            if self.random.random() < 0.25:
                # Keep the header and the token, so that the response can be matched.
                start = 4 + len(message.token)
                code = bytes([self.random.randrange(1, SIGNALS)]) if self.random.random() < 0.1 else data[1:2]
                data = data[:1] + code + data[2:start] + self.mutated(data[start:])
                try:
                    message = coap.decode(data)
                except coap.Malformed:
                    message.code = data[1]
            harmful = (message.code, tuple(message.path())) in HARMFUL
            # No-Response, which a mutation may bring about: see `option`.
            if not harmful and message.option(coap.NO_RESPONSE) is None and len(data) <= LARGEST:
                return message, data

    def _right(self):
        """A valid request, so that there are observations, instances and transfers to disturb."""
        random = self.random
        text = [(coap.CONTENT_FORMAT, coap.uint(coap.TEXT))]
        instance = random.randrange(1, 20)
        code, path, options, payload = random.choice((
            (coap.GET, "/3/0", [(coap.OBSERVE, b"")], b""),
            (coap.GET, f"/3/0/{random.choice((9, 10, 13, 20))}",
             [(coap.OBSERVE, b""), (coap.ACCEPT, coap.uint(random.choice(coap.FORMATS)))], b""),
            (coap.GET, "/9", [(coap.OBSERVE, b""), (coap.ACCEPT, coap.uint(coap.SENML_CBOR))], b""),
            (coap.GET, "/3", [(coap.BLOCK2, coap.block(random.randrange(4), False, 0))], b""),
            (coap.PUT, "/1/0/1", text, str(random.choice((30, 60, 300, 86400))).encode()),
            (coap.PUT, "/1/0/2", text, str(random.randrange(100)).encode()),
            (coap.PUT, "/1/0/3", text, str(random.randrange(100, 1000)).encode()),
            (coap.PUT, "/1/0/6", text, random.choice((b"0", b"1"))),
            (coap.POST, "/1/0", [(coap.CONTENT_FORMAT, coap.uint(coap.TLV))], tlv(3, 1, b"\x00\x3c") + tlv(3, 6, b"\x01")),
            (coap.POST, "/1/0/8", [], b""),
            (coap.PUT, "/3/0/13", [(coap.URI_QUERY, f"pmin={random.randrange(5)}".encode()), (coap.URI_QUERY, b"pmax=9")], b""),
            (coap.PUT, "/9/0/8", text, random.choice((b"0", b"1"))),
            (coap.POST, "/9", [(coap.CONTENT_FORMAT, coap.uint(coap.TLV))], tlv(0, instance, tlv(3, 8, b"\x01"))),
            (coap.DELETE, f"/9/{instance}", [], b""),
            (coap.POST, f"/9/{instance}/6", [], random.choice((b"", b"0", b"1"))),
            (coap.FETCH, "/", [(coap.CONTENT_FORMAT, coap.uint(coap.SENML_JSON))],
             b'[{"n":"/3/0/0"},{"n":"/1"},{"n":"/9/1/7"},{"n":"/77"}]'),
            (coap.FETCH, "/", [(coap.CONTENT_FORMAT, coap.uint(coap.SENML_JSON)), (coap.OBSERVE, b"")],
             random.choice((b'[{"n":"/"}]', b'[{"n":"/9"},{"n":"/1/0/1"},{"n":"/3/0/13"}]'))),
            (coap.IPATCH, "/", [(coap.CONTENT_FORMAT, coap.uint(coap.SENML_JSON))],
             b'[{"n":"/1/0/1","v":300},{"n":"/1/0/6","vb":true}]')))
        segments = [(coap.URI_PATH, part.encode()) for part in path.split("/") if part]
        return self.server.build(code, "", [*segments, *options], payload)

    def _message(self):
        if self.random.random() < 0.2:
            return self._right()
        random = self.random
        path = self.path()
        code = random.choice((coap.GET, coap.POST, coap.PUT, coap.DELETE, coap.FETCH, coap.PATCH, coap.IPATCH,
                              coap.GET, coap.PUT, coap.POST, random.choice((8, 31, 0x21, 0xC1))))
        if code == coap.DELETE and random.random() < 0.5:
            code = coap.PUT
        options = []
        payload = b""
        composite = random.random() < 0.1
        if composite:
            code, path = random.choice((coap.FETCH, coap.FETCH, coap.IPATCH)), []
            format, payload = self.composite(code == coap.FETCH)
            options.append((coap.CONTENT_FORMAT, coap.uint(format)))
        elif code != coap.GET and random.random() < 0.9 or random.random() < 0.05:
            format, payload = self.body(path)
            if random.random() < 0.9:
                options.append((coap.CONTENT_FORMAT, coap.uint(format)))
        if random.random() < 0.3:
            options.append((coap.ACCEPT, coap.uint(random.choice((*coap.FORMATS, 1, 50, 65535)))))
        if random.random() < 0.15:
            options.append((coap.OBSERVE, coap.uint(random.choice((0, 0, 1, 2, (1 << 24) - 1)))))
        if random.random() < 0.1:
            options.append((coap.BLOCK1, self.block()))
            payload = random.choice((payload, random.randbytes(random.choice((16, 32, 64, 512, 1024)))))
        if random.random() < 0.1:
            options.append((coap.BLOCK2, self.block()))
        if random.random() < 0.1:
            options += [(coap.URI_QUERY, self.text(QUERIES)) for _ in range(random.randrange(1, 4))]
        for _ in range(random.choice((0, 0, 0, 0, 0, 0, 1, 2))):
            options.append(self.option())
        if random.random() < 0.02:
            options += [(random.choice(coap.OPTIONS[:-2]), b"")] * random.randrange(40, 300)
        type = coap.NON if random.random() < 0.1 else coap.CON
        return self.server.build(code, "", [*[(coap.URI_PATH, self.encoded(part)) for part in path], *options], payload, type)

    def path(self):
        random = self.random
        if random.random() < 0.1:
            return [random.choice(WORDS) for _ in range(random.randrange(0, 7))]
        object = random.choice((*RESOURCES, 1, 3, 9, 9, random.randrange(1 << 17)))
        parts = [object]
        if object == 9 and random.random() < 0.05:
            # Create.
            return [str(object)]
        if random.random() < 0.9:
            parts.append(random.choice((0, 0, 0, 1, 1, 2, random.randrange(20), 65534, 65535)))
            if random.random() < 0.8:
                parts.append(random.choice((*RESOURCES.get(object, range(20)), random.randrange(70000))))
                if random.random() < 0.1:
                    parts.append(random.choice((0, 1, 65535, 70000)))
        return [str(part) for part in parts]

    def option(self):
        random = self.random
        number = random.choice((*coap.OPTIONS, random.randrange(1 << 16), random.randrange(64) | 1))
        # Without a response, a request could not be distinguished from a lost one.
        if number == coap.NO_RESPONSE:
            number += 1
        return number, random.randbytes(random.choice((0, 1, 2, 3, 4, 8, 9, 12, 13, 14, 255, 268, 269, 300)))

    def block(self):
        random = self.random
        number = random.choice((0, 0, 0, 1, 2, 3, 15, 4095, (1 << 20) - 1))
        return coap.block(number, random.random() < 0.5, random.choice((0, 2, 4, 6, 6, 7))) + random.choice(
            (b"", b"", b"", b"\x00"))

    # Bodies.

    def body(self, path):
        """A content format and a body, valid or nearly valid for some resource."""
        random = self.random
        resource = int(path[2]) if len(path) > 2 and path[2].isascii() and path[2].isdigit() else random.randrange(20)
        values = {resource & 0xFFFF: self.value()}
        for _ in range(random.choice((0, 0, 1, 4))):
            values[random.randrange(20)] = self.value()
        format = random.choice(coap.FORMATS)
        make = {coap.TEXT: self.plain, coap.OPAQUE: self.opaque, coap.CBOR: self.cbor, coap.SENML_JSON: self.senml_json,
                coap.SENML_CBOR: self.senml_cbor, coap.TLV: self.tlv, coap.OLD_TLV: self.tlv, coap.JSON: self.json,
                coap.OLD_JSON: self.json, coap.LWM2M_CBOR: self.lwm2m_cbor}.get(format, self.plain)
        body = make(path, values)
        return format, self.mutated(body) if random.random() < 0.3 else body

    def composite(self, reads):
        """A content format and a body of paths, or of values with their paths."""
        random = self.random
        paths = [self.path() for _ in range(random.choice((0, 1, 3, 3, 40)))]
        # What a Write-Composite changed is found by the names in it, which LwM2M CBOR does not have.
        format = random.choice(coap.COMPOSITE if reads else (coap.SENML_JSON, coap.SENML_CBOR))
        if format == coap.LWM2M_CBOR:
            body = cbor({tuple(number(part) for part in path): None for path in paths})
        else:
            records = []
            for path in paths:
                record = self.record(path, path[2] if len(path) > 2 else 0, self.value())
                name = "/" + "/".join(path)
                records.append({"n": name} if reads else {**record, "bn": "", "n": name})
            if reads and random.random() < 0.1:
                records.append({"n": "/"})
            body = json.dumps(records).encode() if format == coap.SENML_JSON else senml_cbor(records)
        return format, self.mutated(body) if random.random() < 0.3 else body

    def value(self):
        random = self.random
        return random.choice((
            lambda: random.choice(NUMBERS), lambda: random.choice(NUMBERS),
            lambda: random.random() * 10**random.randrange(-300, 300),
            lambda: random.choice((True, False)), lambda: random.choice(ADDRESSES), lambda: random.choice(WORDS),
            lambda: random.choice(("U", "UQ", "T", "UU", "Europe/Berlin", "../../etc/passwd", "+01:00", "0='U'", "0,1='x'")),
            lambda: random.randbytes(random.choice((0, 1, 8, 100)))))()

    def text(self, words):
        return self.encoded(self.random.choice(words))

    def encoded(self, text):
        data = text.encode()
        return self.mutated(data) if self.random.random() < 0.02 else data

    def plain(self, _, values):
        value = next(iter(values.values()))
        return value if isinstance(value, bytes) else str(value).encode()

    def opaque(self, _, values):
        return self.random.randbytes(self.random.randrange(200))

    def cbor(self, _, values):
        return cbor(next(iter(values.values())))

    def tlv(self, path, values):
        body = b"".join(tlv(3, number, payload(value)) for number, value in values.items())
        if self.random.random() < 0.3:
            # A multiple resource.
            body = tlv(2, 0, tlv(1, 0, body) + tlv(1, 1, body[:5]))
        if len(path) <= 2 and self.random.random() < 0.5:
            body = tlv(0, self.random.choice((0, 1, 2, 7, 65535)), body)
        for _ in range(self.random.choice((0, 0, 0, 30))):
            body = tlv(self.random.randrange(4), self.random.randrange(4), body)
        return body

    def senml_json(self, path, values):
        records = [self.record(path, number, value) for number, value in values.items()]
        if self.random.random() < 0.05:
            return b"[" * 500
        return json.dumps(records).encode()

    def senml_cbor(self, path, values):
        if self.random.random() < 0.05:
            return b"\x81" * 500
        return senml_cbor([self.record(path, number, value) for number, value in values.items()])

    def json(self, path, values):
        """LwM2M JSON."""
        random = self.random
        elements = [{{"vs": "sv", "vb": "bv", "vd": "sv", "vlo": "ov"}.get(key, key): value
                     for key, value in self.record(path, number, value).items() if key != "bn"}
                    for number, value in values.items()]
        made = {"e": elements}
        if random.random() < 0.7:
            made["bn"] = "/" + "/".join(path[:2]) + random.choice(("/", ""))
        if random.random() < 0.1:
            made["bt"] = random.choice(NUMBERS)
        return json.dumps(made).encode()

    def lwm2m_cbor(self, path, values):
        body = dict(values)
        for part in reversed([number(part) for part in path[:2]]):
            body = {part: body}
        if self.random.random() < 0.3:
            body = {tuple(number(part) for part in path[:2]): dict(values)}
        if self.random.random() < 0.05:
            return b"\xa1\x01" * 500
        return cbor(body)

    def record(self, path, number, value):
        random = self.random
        name = "/" + "/".join(path[:2])
        made = {"bn": f"{name}/"} if random.random() < 0.7 else {}
        made["n"] = str(number) if made else f"{name}/{number}"
        if isinstance(value, bytes):
            made["vd"] = value.hex()
        else:
            made[{bool: "vb", str: "vs"}.get(type(value), "v")] = value
        if random.random() < 0.1:
            made["t"] = random.choice(NUMBERS)
        if random.random() < 0.05:
            made["vlo"] = random.choice(("3:0", ":", "70000:1", "3:0:0"))
        return made

    # Mutation.

    def mutated(self, data):
        """The bytes with one to four random changes."""
        random, data = self.random, bytearray(data)
        for _ in range(random.randrange(1, 5)):
            at = random.randrange(len(data) + 1)
            kind = random.randrange(7)
            if kind == 0 and at < len(data):
                data[at] ^= 1 << random.randrange(8)
            elif kind == 1 and at < len(data):
                data[at] = random.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF))
            elif kind == 2:
                data[at:at] = random.randbytes(random.randrange(1, 9))
            elif kind == 3:
                del data[at:at + random.randrange(1, 9)]
            elif kind == 4:
                del data[at:]
            elif kind == 5 and data:
                data[at:at] = data[random.randrange(len(data)):][:random.randrange(1, 65)]
            elif kind == 6:
                data[at:at] = bytes([random.choice((0, 0xFF))]) * random.randrange(1, 300)
        return bytes(data)


# Encodings.

def number(part):
    """A segment of a path as a number, if it is one."""
    return int(part) if part.isascii() and part.isdigit() else part


def senml_cbor(records):
    """SenML's records, with the labels of JSON, in CBOR."""
    labels = {"bn": -2, "n": 0, "v": 2, "vs": 3, "vb": 4, "vd": 8, "vlo": "vlo", "t": 6}
    return cbor([{labels[key]: value for key, value in record.items()} for record in records])


def payload(value):
    """A value in the encoding of TLV."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bool):
        return bytes([value])
    if isinstance(value, float):
        return struct.pack(">d", value)
    for size in (1, 2, 4, 8):
        try:
            return value.to_bytes(size, "big", signed=True)
        except OverflowError:
            continue
    return b"\xff" * 8


def tlv(kind, identifier, value):
    """An entry of TLV (LwM2M Core, 7.4.3). Kinds: 0 object instance, 1 resource instance, 2 multiple resource, 3 resource."""
    size = len(value)
    wide = identifier > 255
    head = kind << 6 | wide << 5
    name = identifier.to_bytes(2 if wide else 1, "big")
    if size < 8:
        return bytes([head | size]) + name + value
    width = (size.bit_length() + 7) // 8
    return bytes([head | width << 3]) + name + size.to_bytes(width, "big") + value


def cbor(value):
    """A value in CBOR (RFC 8949) with definite lengths."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        data = value.encode()
        return _head(3, len(data)) + data
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join(cbor(item) for item in value)
    return _head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())


def _head(major, number):
    number &= (1 << 64) - 1
    if number < 24:
        return bytes([major << 5 | number])
    width = next(width for width in (1, 2, 4, 8) if number < 1 << 8 * width)
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[width]]) + number.to_bytes(width, "big")
