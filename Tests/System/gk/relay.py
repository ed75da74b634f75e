"""A UDP relay on loopback that can lose, duplicate, reorder or block datagrams."""

import collections
import random
import selectors
import socket
import threading
import time


class Relay:
    """Listens on `port` of `host` and relays datagrams to and from `target`, with one socket for each client.

    A generator with the given seed decides about loss, duplication and reordering, so that a failing run can be repeated.
    """

    def __init__(self, port, target=("127.0.0.1", 5684), loss=0.0, double=0.0, reorder=0.0, seed=1,
                 host="127.0.0.1"):
        self.target, self.loss, self.double, self.reorder = target, loss, double, reorder
        self.random = random.Random(seed)
        self.cut = False
        self.counts = collections.Counter()
        self.clients = {}
        self.selector = selectors.DefaultSelector()
        self.listener = self._socket()
        self.listener.bind((host, port))
        self.selector.register(self.listener, selectors.EVENT_READ, None)
        self.held = []  # (when, send) of datagrams that are delayed behind later ones
        self.wake, waker = socket.socketpair()
        self.waker = waker
        self.selector.register(self.wake, selectors.EVENT_READ, None)
        self.ended = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @staticmethod
    def _socket():
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        return made

    def stop(self):
        self.ended = True
        self.waker.send(b"x")
        self.thread.join()
        self.listener.close()
        for own in self.clients.values():
            own.close()

    def rebind(self):
        """Forgets the sockets of all clients. The server then sees their next datagrams from another address, as after a
        timeout of a NAT."""
        for own in self.clients.values():
            self.selector.unregister(own)
            own.close()
        self.clients.clear()

    def _run(self):
        while not self.ended:
            wait = max(0.0, self.held[0][0] - time.monotonic()) if self.held else None
            for key, _ in self.selector.select(wait):
                if key.fileobj is self.wake:
                    continue
                self._receive(key.fileobj, key.data)
            now = time.monotonic()
            while self.held and self.held[0][0] <= now:
                self._send(*self.held.pop(0)[1])

    def _receive(self, source, client):
        while True:
            try:
                data, peer = source.recvfrom(65535)
            except (BlockingIOError, ConnectionRefusedError):
                return
            except OSError:
                return
            if source is self.listener:
                own = self.clients.get(peer)
                if own is None:
                    own = self._socket()
                    self.clients[peer] = own
                    self.selector.register(own, selectors.EVENT_READ, peer)
                self._carry("up", own, data, self.target)
            else:
                self._carry("down", self.listener, data, client)

    def _carry(self, way, through, data, to):
        self.counts[way] += 1
        if self.cut or self.random.random() < self.loss:
            self.counts["lost"] += 1
            return
        if self.random.random() < self.reorder:
            self.counts["reordered"] += 1
            self.held.append((time.monotonic() + 0.05 + self.random.random() * 0.3, (through, data, to)))
            self.held.sort(key=lambda item: item[0])
            return
        self._send(through, data, to)
        if self.random.random() < self.double:
            self.counts["doubled"] += 1
            self._send(through, data, to)

    def _send(self, through, data, to):
        try:
            through.sendto(data, to)
        except OSError:
            self.counts["unsent"] += 1
