"""DTLS 1.2 with a pre-shared key, as a server or a client, by ctypes and libssl: Python's `ssl` module has no DTLS.

Nothing here opens a socket. The caller passes datagrams in and gets those to send, which it may drop or change."""

import ctypes

from .case import Failed

RECORD = 13
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
CLIENT_HELLO, SERVER_HELLO, HELLO_VERIFY_REQUEST, SERVER_HELLO_DONE = 1, 2, 3, 14
DTLS_1_0, DTLS_1_2 = b"\xfe\xff", b"\xfe\xfd"

_OP_NO_QUERY_MTU = 0x1000
_CTRL_SET_MTU = 17
_ERROR_WANT_READ = 2
_PSK = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_uint)
_CLIENT_PSK = ctypes.CFUNCTYPE(
    ctypes.c_uint, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_uint)
_MTU = 1400


def _library():
    library = ctypes.CDLL("libssl.so.3")
    for name, result, arguments in (
        ("DTLS_server_method", ctypes.c_void_p, []),
        ("DTLS_client_method", ctypes.c_void_p, []),
        ("SSL_CTX_new", ctypes.c_void_p, [ctypes.c_void_p]),
        ("SSL_CTX_free", None, [ctypes.c_void_p]),
        ("SSL_CTX_set_cipher_list", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p]),
        ("SSL_CTX_set_psk_server_callback", None, [ctypes.c_void_p, _PSK]),
        ("SSL_CTX_set_psk_client_callback", None, [ctypes.c_void_p, _CLIENT_PSK]),
        ("SSL_new", ctypes.c_void_p, [ctypes.c_void_p]),
        ("SSL_free", None, [ctypes.c_void_p]),
        ("SSL_set_options", ctypes.c_uint64, [ctypes.c_void_p, ctypes.c_uint64]),
        ("SSL_ctrl", ctypes.c_long, [ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]),
        ("SSL_set_bio", None, [ctypes.c_void_p] * 3),
        ("SSL_set_accept_state", None, [ctypes.c_void_p]),
        ("SSL_set_connect_state", None, [ctypes.c_void_p]),
        ("SSL_do_handshake", ctypes.c_int, [ctypes.c_void_p]),
        ("SSL_read", ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]),
        ("SSL_write", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]),
        ("SSL_shutdown", ctypes.c_int, [ctypes.c_void_p]),
        ("SSL_get_error", ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
        ("BIO_s_mem", ctypes.c_void_p, []),
        ("BIO_new", ctypes.c_void_p, [ctypes.c_void_p]),
        ("BIO_read", ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]),
        ("BIO_write", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]),
        ("ERR_clear_error", None, []),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Context:
    """The settings that all associations share: of a server, for which every identity has the same key, or of a client that has
    an identity."""

    def __init__(self, key, identity=None):
        self.library = _library()
        self.is_client = identity is not None
        method = self.library.DTLS_client_method() if self.is_client else self.library.DTLS_server_method()
        self.raw = self.library.SSL_CTX_new(method)
        if not self.raw or self.library.SSL_CTX_set_cipher_list(self.raw, b"PSK") != 1:
            raise Failed("libssl has no DTLS with pre-shared keys")

        def give(_, identity, into, room):
            ctypes.memmove(into, key, min(len(key), room))
            return len(key)

        def give_both(_, hint, name, name_room, into, room):
            ctypes.memmove(name, identity + b"\0", min(len(identity) + 1, name_room))
            return give(None, None, into, room)

        # Keep a reference: libssl calls it while the context exists.
        if self.is_client:
            self.callback = _CLIENT_PSK(give_both)
            self.library.SSL_CTX_set_psk_client_callback(self.raw, self.callback)
        else:
            self.callback = _PSK(give)
            self.library.SSL_CTX_set_psk_server_callback(self.raw, self.callback)


class Association:
    """The association with one peer. A client begins with `receive(b"")`. Not thread-safe."""

    def __init__(self, context):
        self.library = context.library
        self.context = context
        self.raw = self.library.SSL_new(context.raw)
        self.library.SSL_set_options(self.raw, _OP_NO_QUERY_MTU)
        self.library.SSL_ctrl(self.raw, _CTRL_SET_MTU, _MTU, None)
        self.input = self.library.BIO_new(self.library.BIO_s_mem())
        self.output = self.library.BIO_new(self.library.BIO_s_mem())
        self.library.SSL_set_bio(self.raw, self.input, self.output)
        if context.is_client:
            self.library.SSL_set_connect_state(self.raw)
        else:
            self.library.SSL_set_accept_state(self.raw)
        self.connected = self.failed = False

    def close(self):
        if self.raw:
            self.library.SSL_free(self.raw)
            self.raw = None

    def receive(self, datagram):
        """Processes a datagram and returns the messages in it. Call `datagrams` afterwards."""
        self.library.ERR_clear_error()
        if datagram:
            self.library.BIO_write(self.input, datagram, len(datagram))
        if not self.connected:
            result = self.library.SSL_do_handshake(self.raw)
            self.connected = result == 1
            if result != 1 and self.library.SSL_get_error(self.raw, result) != _ERROR_WANT_READ:
                self.failed = True
        messages, room = [], ctypes.create_string_buffer(65536)
        while self.connected:
            size = self.library.SSL_read(self.raw, room, len(room))
            if size <= 0:
                self.failed = self.failed or self.library.SSL_get_error(self.raw, size) != _ERROR_WANT_READ
                break
            messages.append(room.raw[:size])
        return messages

    def send(self, message):
        """Encrypts a message. Call `datagrams` afterwards."""
        self.library.ERR_clear_error()
        if self.connected:
            self.library.SSL_write(self.raw, message, len(message))

    def shut_down(self):
        """Sends close_notify. Call `datagrams` afterwards."""
        self.library.ERR_clear_error()
        self.library.SSL_shutdown(self.raw)

    def datagrams(self):
        """The datagrams to send, with one record each."""
        out, room = b"", ctypes.create_string_buffer(65536)
        while (size := self.library.BIO_read(self.output, room, len(room))) > 0:
            out += room.raw[:size]
        return records(out)


# Records and handshake messages, by hand.

def records(data):
    """Splits bytes into records; the last one may be incomplete."""
    found, at = [], 0
    while at < len(data):
        end = at + RECORD + int.from_bytes(data[at + 11:at + 13], "big")
        found.append(data[at:end])
        at = end
    return found


def record(type, body, sequence=0, epoch=0, version=DTLS_1_2, length=None):
    """A record. `length` replaces the true length in its header."""
    size = len(body) if length is None else length
    return (bytes([type]) + version + epoch.to_bytes(2, "big") + sequence.to_bytes(6, "big")
            + size.to_bytes(2, "big") + body)


def fragment(type, body, sequence=0, total=None, offset=0, length=None):
    """A fragment of a handshake message (RFC 6347, 4.2.2). `total` and `length` replace the true lengths in its header."""
    size = len(body) if length is None else length
    return (bytes([type]) + (len(body) if total is None else total).to_bytes(3, "big") + sequence.to_bytes(2, "big")
            + offset.to_bytes(3, "big") + size.to_bytes(3, "big") + body)


def hello_verify_request(cookie, sequence=0):
    body = DTLS_1_0 + bytes([len(cookie)]) + cookie
    return record(HANDSHAKE, fragment(HELLO_VERIFY_REQUEST, body, sequence), sequence, version=DTLS_1_0)


def server_hello(random, suite=b"\x00\xa8", version=DTLS_1_2, session=b"", compression=0):
    """The body of a ServerHello. The default cipher suite is TLS_PSK_WITH_AES_128_GCM_SHA256."""
    secure_renegotiation = b"\xff\x01\x00\x01\x00"
    return (version + random + bytes([len(session)]) + session + suite + bytes([compression])
            + len(secure_renegotiation).to_bytes(2, "big") + secure_renegotiation)


def client_random(datagram):
    """The random of the ClientHello in a datagram, or None."""
    if len(datagram) < RECORD + 12 + 34 or datagram[0] != HANDSHAKE or datagram[RECORD] != CLIENT_HELLO:
        return None
    return datagram[RECORD + 14:RECORD + 46]
