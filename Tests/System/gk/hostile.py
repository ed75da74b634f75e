"""A hostile LwM2M server: it accepts every registration and sends whatever a test wants."""

import collections
import random
import re
import selectors
import socket
import threading
import time

from . import coap, dtls
from .case import Failed, until

KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
ACCEPTED = ("2.01", "2.02", "2.04", "2.05", "2.31")


def named(message):
    """The paths that a request may change. That of a Write-Composite names them in its payload, in SenML."""
    path = tuple(message.path())
    if any(path):
        return {path}
    names = re.finditer(rb"/(\d+)/(\d+)(?:/(\d+))?", message.payload)
    return {tuple(part.decode() for part in name.groups() if part is not None) for name in names}


class Server:
    """A server on one UDP port, for one client; plain, or DTLS with KEY.

    It answers registrations and acknowledges notifications. Responses are matched to requests by token."""

    def __init__(self, port, secure=False):
        self.secure = secure
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.context = dtls.Context(KEY) if secure else None
        self.associations = {}
        self.lock = threading.RLock()
        self.news = threading.Condition(self.lock)
        self.peer = None
        self.registrations = self.updates = self.notifications = 0
        self.mid = random.randrange(1 << 16)
        self.tokens = 0
        # Tokens by message ID of confirmable requests without acknowledgement; the time of an empty acknowledgement by
        # token; requests that wait for their response by token.
        self.unacknowledged = {}
        self.separate = {}
        self.waiting = {}
        # The tokens of `request`, and the responses to them.
        self.wanted = set()
        self.answers = {}
        self.codes = collections.Counter()
        # The paths of requests that changed something, or may have.
        self.touched = set()
        # Called for each message with its sender's address, on the receiving thread.
        self.sees = lambda message, peer: None
        # The type of the answer to confirmable notifications.
        self.notification_answer = coap.ACK
        # Encrypted datagrams, to be replayed.
        self.recorded = []
        self.ended = False
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.socket, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self):
        self.ended = True
        self.thread.join()
        self.socket.close()
        for association in self.associations.values():
            association.close()

    # Receiving.

    def _run(self):
        while not self.ended:
            if self.selector.select(0.1):
                self._drain()

    def _drain(self):
        while True:
            try:
                data, peer = self.socket.recvfrom(65535)
            except (BlockingIOError, ConnectionRefusedError):
                return
            with self.lock:
                for message in self._opened(data, peer):
                    try:
                        self._take(coap.decode(message), peer)
                    except coap.Malformed:
                        self.codes["malformed"] += 1
                self.news.notify_all()

    def _opened(self, data, peer):
        if not self.secure:
            return [data]
        association = self.associations.get(peer)
        if association is None or association.failed or (association.connected and dtls.client_random(data)):
            if dtls.client_random(data) is None:
                return []
            association = self.associations[peer] = dtls.Association(self.context)
        messages = association.receive(data)
        for datagram in association.datagrams():
            self._transmit(datagram, peer)
        return messages

    def _take(self, message, peer):
        self.sees(message, peer)
        if message.type in (coap.ACK, coap.RST):
            token = self.unacknowledged.pop(message.mid, None)
            if message.type == coap.RST:
                self.codes["reset"] += 1
                self._answered(token, message)
            elif message.code == coap.EMPTY:
                self.codes["acknowledged"] += 1
                if token is not None:
                    self.separate[token] = time.monotonic()
            else:
                self._answered(message.token, message)
            return
        if message.code == coap.EMPTY:
            self.reply(coap.Message(coap.RST, coap.EMPTY, message.mid), peer)
        elif message.code >> 5 == 0:
            self._serve(message, peer)
        else:
            self._response(message, peer)

    def _serve(self, message, peer):
        path, code, options = message.path(), coap.NOT_FOUND, []
        if path == ["rd"] and message.code == coap.POST:
            self.peer = peer
            self.registrations += 1
            code, options = coap.CREATED, [(coap.LOCATION_PATH, b"rd"), (coap.LOCATION_PATH, b"x")]
        elif path == ["rd", "x"]:
            # The client's address may have changed.
            self.peer = peer
            self.updates += 1
            code = coap.DELETED if message.code == coap.DELETE else coap.CHANGED
        if message.type == coap.CON:
            self.reply(coap.Message(coap.ACK, code, message.mid, message.token, options), peer)

    def _response(self, message, peer):
        known = message.token in self.waiting or message.token in self.separate
        if message.option(coap.OBSERVE) is not None and not known:
            self.notifications += 1
            if message.type == coap.CON:
                self.reply(coap.Message(self.notification_answer, coap.EMPTY, message.mid), peer)
            return
        if message.type == coap.CON:
            self.reply(coap.Message(coap.ACK, coap.EMPTY, message.mid), peer)
        self._answered(message.token, message)

    def _answered(self, token, message):
        if token is None:
            return
        self.separate.pop(token, None)
        if message.type != coap.RST:
            self.codes[coap.dotted(message.code)] += 1
        asked = self.waiting.pop(token, None)
        if asked is None:
            return
        if token in self.wanted:
            self.answers[token] = message
        if asked.code not in (coap.GET, coap.FETCH) and message.code >> 5 == 2:
            self.touched |= named(asked)

    # Sending.

    def _transmit(self, data, peer):
        # A full buffer loses datagrams, like a network.
        try:
            self.socket.sendto(data, peer)
        except (BlockingIOError, ConnectionRefusedError):
            self.codes["unsent"] += 1

    def reply(self, message, peer):
        self.raw(message.encode(), peer)

    def raw(self, data, peer=None):
        """Sends bytes to the client, encrypted if the session is."""
        with self.lock:
            peer = peer or self.peer
            if peer is None:
                raise Failed("no client has registered")
            if not self.secure:
                self._transmit(data, peer)
                return
            association = self.associations[peer]
            association.send(data)
            for datagram in association.datagrams():
                if len(self.recorded) < 1000:
                    self.recorded.append(datagram)
                self._transmit(datagram, peer)

    def bare(self, data):
        """Sends bytes to the client, never encrypted."""
        with self.lock:
            self._transmit(data, self.peer)

    def next_mid(self):
        with self.lock:
            self.mid = (self.mid + 1) & 0xFFFF
            return self.mid

    def next_token(self):
        with self.lock:
            self.tokens += 1
            return self.tokens.to_bytes(6, "big")

    def build(self, code, path="", options=(), payload=b"", type=coap.CON):
        """A request with a new message ID and a new token."""
        segments = [(coap.URI_PATH, part.encode()) for part in path.strip("/").split("/") if part]
        return coap.Message(type, code, self.next_mid(), self.next_token(), [*segments, *options], payload)

    def fire(self, message, data=None, awaited=True):
        """Sends a request without waiting for the response. `data`: sent instead of the encoded message. `awaited`: False for
        a request that may stay without response."""
        with self.lock:
            if message.type == coap.CON:
                self.unacknowledged[message.mid] = message.token
            if awaited:
                self.waiting[message.token] = message
            else:
                self.touched |= named(message)
            self.raw(message.encode() if data is None else data)

    def forget(self):
        """Stops waiting for responses."""
        with self.lock:
            self.waiting.clear()
            self.answers.clear()
            self.unacknowledged.clear()
            self.separate.clear()

    def request(self, code, path="", options=(), payload=b"", seconds=5.0, every=1.0):
        """Sends a request, repeats it every so many seconds, and returns the response."""
        message = self.build(code, path, options, payload)
        deadline = time.monotonic() + seconds
        with self.lock:
            self.wanted.add(message.token)
            while message.token not in self.answers:
                if time.monotonic() >= deadline:
                    self.wanted.discard(message.token)
                    self.waiting.pop(message.token, None)
                    raise Failed(f"no answer within {seconds:g} s: {message}")
                self.fire(message)
                again = min(deadline, time.monotonic() + every)
                while message.token not in self.answers and time.monotonic() < again:
                    self.news.wait(max(0.0, again - time.monotonic()))
            self.wanted.discard(message.token)
            return self.answers.pop(message.token)

    def read(self, path, accept=coap.TEXT):
        """The bytes of a resource, or None unless the response is 2.05."""
        answer = self.request(coap.GET, path, [(coap.ACCEPT, coap.uint(accept))])
        return answer.payload if answer.code == coap.CONTENT else None

    def window(self, most, seconds=0.5):
        """Waits until fewer than `most` requests wait for a response; gives up on all of them after `seconds` without one."""
        with self.lock:
            before, deadline = len(self.waiting), time.monotonic() + seconds
            while len(self.waiting) >= most:
                if len(self.waiting) < before:
                    before, deadline = len(self.waiting), time.monotonic() + seconds
                left = deadline - time.monotonic()
                if left <= 0:
                    self.codes["unanswered"] += before
                    self.touched |= {path for message in self.waiting.values() for path in named(message)}
                    self.waiting.clear()
                else:
                    self.news.wait(left)

    def registered(self, seconds=30):
        """Waits until a client has registered, and returns the server."""
        until(seconds, "a registration", lambda: self.registrations)
        return self
