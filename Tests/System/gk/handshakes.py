"""Hostile DTLS servers: no handshake with one of them completes as it should. Each has a port of its own; one thread runs all.

They count the client's handshakes, by the random of its ClientHello, and its datagrams."""

import os
import selectors
import socket
import threading

from . import dtls
from .hostile import KEY

# How many datagrams a flooding server sends for one of the client's.
FLOOD = 300


class Peer:
    """One hostile server."""

    def __init__(self, name, behaviour, port, random):
        self.name, self.behaviour, self.random = name, behaviour, random
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.randoms = set()
        self.datagrams = 0
        self.steps = 0
        self.associations = {}

    def received(self, data, client):
        self.datagrams += 1
        hello = dtls.client_random(data)
        if hello and hello not in self.randoms:
            self.randoms.add(hello)
            self.steps = 0
        self.steps += 1
        for answer in self.behaviour(self, data, client):
            try:
                self.socket.sendto(answer, client)
            except (BlockingIOError, ConnectionRefusedError):
                return

    def openssl(self, data, client, key=KEY):
        """Passes a datagram to a real server with this key; `datagrams` of the association has the answer."""
        association = self.associations.get(client)
        if association is None or dtls.client_random(data) and self.steps == 1:
            association = self.associations[client] = dtls.Association(dtls.Context(key))
        association.receive(data)
        return association


# Behaviours: the datagrams to send for one of the client's.

def silent(peer, data, client):
    return []


def asks_for_cookies_for_ever(peer, data, client):
    return [dtls.hello_verify_request(os.urandom(32), (peer.steps - 1) & 0xFFFF)]


def cookies_of_no_length(peer, data, client):
    return [dtls.hello_verify_request(b"", (peer.steps - 1) & 0xFFFF)]


def fatal_alert(peer, data, client):
    return [dtls.record(dtls.ALERT, b"\x02\x28")]


def alerts_of_all_kinds(peer, data, client):
    return [dtls.record(dtls.ALERT, bytes([1, kind]), kind) for kind in range(256)]


def garbage(peer, data, client):
    return [peer.random.randbytes(peer.random.randrange(1, 1400)) for _ in range(20)]


def empty_records(peer, data, client):
    return [dtls.record(dtls.HANDSHAKE, b"", number) for number in range(FLOOD)]


def records_larger_than_they_are(peer, data, client):
    return [dtls.record(dtls.HANDSHAKE, b"\x02" * 40, number, length=0xFFFF) for number in range(5)]


def largest_datagrams(peer, data, client):
    return [dtls.record(dtls.HANDSHAKE, peer.random.randbytes(16000), number) * 4 for number in range(5)]


def server_hello_alone(peer, data, client):
    body = dtls.server_hello(peer.random.randbytes(32))
    return [dtls.record(dtls.HANDSHAKE, dtls.fragment(dtls.SERVER_HELLO, body))]


def a_suite_that_was_not_offered(peer, data, client):
    body = dtls.server_hello(peer.random.randbytes(32), peer.random.choice((b"\x00\x00", b"\x00\x2f", b"\xff\xff")))
    return [dtls.record(dtls.HANDSHAKE, dtls.fragment(dtls.SERVER_HELLO, body))]


def a_version_that_is_none(peer, data, client):
    version = peer.random.choice((b"\xfe\xff", b"\x03\x03", b"\xfe\xfc", b"\x00\x00"))
    body = dtls.server_hello(peer.random.randbytes(32), version=version)
    return [dtls.record(dtls.HANDSHAKE, dtls.fragment(dtls.SERVER_HELLO, body), version=version)]


def hello_and_done_then_nothing(peer, data, client):
    body = dtls.server_hello(peer.random.randbytes(32))
    return [dtls.record(dtls.HANDSHAKE, dtls.fragment(dtls.SERVER_HELLO, body)),
            dtls.record(dtls.HANDSHAKE, dtls.fragment(dtls.SERVER_HELLO_DONE, b"", 1), 1)]


def overlapping_fragments(peer, data, client):
    body = dtls.server_hello(peer.random.randbytes(32))
    pieces = []
    for number in range(60):
        start = peer.random.randrange(len(body))
        size = peer.random.randrange(1, len(body) - start + 1)
        piece = peer.random.randbytes(size) if number % 2 else body[start:start + size]
        pieces.append(dtls.record(dtls.HANDSHAKE, dtls.fragment(dtls.SERVER_HELLO, piece, 0, len(body), start), number))
    return pieces


def fragments_beyond_the_end(peer, data, client):
    body = dtls.server_hello(peer.random.randbytes(32))
    return [dtls.record(dtls.HANDSHAKE, dtls.fragment(dtls.SERVER_HELLO, body, 0, total, offset, length), number)
            for number, (total, offset, length) in enumerate((
                (0xFFFFFF, 0, len(body)), (0xFFFFFF, 0xFFFFF0, len(body)), (10, 0, len(body)), (len(body), 100, len(body)),
                (len(body), 0, 0xFFFFFF), (0, 0, 0), (len(body), 0xFFFFFF, 1)))]


def messages_out_of_the_future(peer, data, client):
    # A client buffers messages that are early. These never become due.
    return [dtls.record(dtls.HANDSHAKE, dtls.fragment(dtls.SERVER_HELLO, b"\x00", number % 65536, 16000, number % 16000), number)
            for number in range(1, FLOOD)]


def finishes_in_the_wrong_order(peer, data, client):
    return [dtls.record(dtls.CHANGE_CIPHER_SPEC, b"\x01", 0), dtls.record(dtls.HANDSHAKE, peer.random.randbytes(40), 0, 1),
            dtls.record(dtls.APPLICATION_DATA, b"hello", 1)]


def another_key(peer, data, client):
    return peer.openssl(data, client, bytes(16)).datagrams()


def no_last_flight(peer, data, client):
    association = peer.openssl(data, client)
    return [] if association.connected else association.datagrams()


def shut_down_at_once(peer, data, client):
    association = peer.openssl(data, client)
    flight = association.datagrams()
    if association.connected:
        association.shut_down()
        flight += association.datagrams()
    return flight


def connected_then_silent(peer, data, client):
    return peer.openssl(data, client).datagrams()


def damaged_flights(peer, data, client):
    damaged = []
    for flight in peer.openssl(data, client).datagrams():
        flight = bytearray(flight)
        for _ in range(peer.random.randrange(1, 4)):
            flight[peer.random.randrange(len(flight))] ^= 1 << peer.random.randrange(8)
        damaged.append(bytes(flight))
    return damaged


def an_echo(peer, data, client):
    return [data]


BEHAVIOURS = (
    silent, asks_for_cookies_for_ever, cookies_of_no_length, fatal_alert, alerts_of_all_kinds, garbage, empty_records,
    records_larger_than_they_are, largest_datagrams, server_hello_alone, a_suite_that_was_not_offered, a_version_that_is_none,
    hello_and_done_then_nothing, overlapping_fragments, fragments_beyond_the_end, messages_out_of_the_future,
    finishes_in_the_wrong_order, another_key, no_last_flight, shut_down_at_once, connected_then_silent, damaged_flights, an_echo)


class Servers:
    """All of them, on the ports from `first` on."""

    def __init__(self, first, random):
        self.first = first
        self.peers = [Peer(behaviour.__name__.replace("_", "-"), behaviour, first + number, random)
                      for number, behaviour in enumerate(BEHAVIOURS)]
        self.selector = selectors.DefaultSelector()
        for peer in self.peers:
            self.selector.register(peer.socket, selectors.EVENT_READ, peer)
        self.ended = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self):
        self.ended = True
        self.thread.join()
        for peer in self.peers:
            peer.socket.close()

    def _run(self):
        while not self.ended:
            for key, _ in self.selector.select(0.1):
                try:
                    key.data.received(*key.fileobj.recvfrom(65535))
                except (BlockingIOError, ConnectionRefusedError):
                    continue

    def sections(self):
        """The sections for gatekeeld's configuration."""
        return "".join(
            f"\n[Server {peer.name}]\nURI=coaps://127.0.0.1:{self.first + number}\nShortServerID={100 + number}\n"
            "PSKIdentity=gateway\nPSKKeyFile=/etc/gatekeel/keys/hostile\n" for number, peer in enumerate(self.peers))
