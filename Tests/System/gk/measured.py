"""What the figures measure: processes from outside, and the peers that ask them."""

import os
import pathlib
import socket
import subprocess
import time

from . import coap, dtls
from .case import Failed, expect, until
from .processes import within

# The last core: interrupts like the first.
CORE = max(os.sched_getaffinity(0))


# Processes, from outside.

def pinned(pid):
    """Puts a process with all of its threads onto the core of the measurements."""
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            os.sched_setaffinity(int(task), {CORE})
        except (ProcessLookupError, PermissionError):
            pass


def main_process(machine, unit):
    inside = machine.main_pid(unit)
    expect(inside > 0, f"{unit} has no main process")
    return within(machine)[inside]


def cpu_time(pid):
    """Seconds of CPU of all threads, to the nanosecond: /proc's have ticks (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def status(pid, key, task=None):
    place = f"/proc/{pid}/task/{task}/status" if task else f"/proc/{pid}/status"
    for line in pathlib.Path(place).read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1])
    raise Failed(f"{place} has no {key}")


def wake_ups(pid):
    """How often its threads have been put back to work after they had nothing to do."""
    return sum(status(pid, "voluntary_ctxt_switches", task) for task in os.listdir(f"/proc/{pid}/task"))


def written(pid):
    """Bytes that it has caused to be written to storage (proc(5), /proc/PID/io)."""
    for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    raise Failed(f"process {pid} has no write_bytes")


def private_dirty(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) * 1024
    raise Failed(f"process {pid} tells no Private_Dirty")


# A CoAP peer of single messages: the LwM2M server, or a client of coap-server.

class Peer:
    """Asks in the clear. What it is asked is answered as far as a registration needs it."""

    def __init__(self, seconds=30):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(seconds)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.address = None
        self.identifier = 0

    def send(self, message, address):
        self.socket.sendto(message, address)

    def receive(self):
        """The next message, and where it came from."""
        return self.socket.recvfrom(65536)

    def registration(self):
        """Waits for a Register and answers it; returns when its last block came."""
        while True:
            data, address = self.receive()
            came = time.monotonic()
            # POST rd?…: what else comes (De-register, Update of an older one) is not it.
            if data[1] != coap.POST or b"ep=figures" not in data:
                continue
            message = coap.decode(data)
            block = message.option(coap.BLOCK1)
            more = block is not None and int.from_bytes(block, "big") & 8
            options = [(coap.BLOCK1, block)] if block is not None else []
            if not more:
                options += [(coap.LOCATION_PATH, b"rd"), (coap.LOCATION_PATH, b"1")]
            # 2.31 asks for the next block, 2.01 ends it.
            self.send(coap.Message(coap.ACK, 0x5f if more else coap.CREATED, message.mid, message.token, options).encode(), address)
            self.address = address
            if not more:
                return came

    def farewell(self):
        """Waits for a De-register and answers it."""
        while True:
            message, address = self.receive()
            if message[1] == coap.DELETE:
                length = message[0] & 15
                self.send(bytes([0x60 | length, coap.DELETED]) + message[2:4 + length], address)
                return

    def drop(self):
        """Forgets what has come and was not read."""
        seconds = self.socket.gettimeout()
        self.socket.setblocking(False)
        try:
            while self.socket.recv(2048):
                pass
        except BlockingIOError:
            pass
        self.socket.settimeout(seconds)

    def request(self, method, payload=b""):
        """A confirmable request to /3/0/0; returns the answer's code and payload."""
        self.identifier = self.identifier + 1 & 0xffff
        number = self.identifier.to_bytes(2, "big")
        self.send(bytes([0x44, method]) + number + b"\x01\x02" + number + b"\xb13\x010\x010"
                  + (b"\xff" + payload if payload else b""), self.address)
        while True:
            answer, _ = self.receive()
            if answer[0] >> 4 & 3 == coap.ACK and answer[2:4] == number:
                return answer[1], answer.partition(b"\xff")[2]

    def ask(self, method, path, options=(), payload=b"", token=None):
        """A confirmable request; returns its answer, which may come as a message of its own."""
        self.identifier = self.identifier + 1 & 0xffff
        token = self.identifier.to_bytes(3, "big") if token is None else token
        segments = [(coap.URI_PATH, segment.encode()) for segment in path.strip("/").split("/")]
        self.send(coap.Message(coap.CON, method, self.identifier, token, [*segments, *options], payload).encode(), self.address)
        while True:
            message = coap.decode(self.receive()[0])
            if message.type == coap.CON:
                self.acknowledge(message)
            if message.token == token and message.code != coap.EMPTY:
                return message

    def acknowledge(self, message):
        self.send(coap.Message(coap.ACK, coap.EMPTY, message.mid).encode(), self.address)

    def reads(self, count):
        request, code = self.request, coap.CONTENT
        for _ in range(count):
            expect(request(coap.GET)[0] == code, "a Read was not answered 2.05")

    def asks(self, count, path, options=()):
        """Reads of any path."""
        for _ in range(count):
            answer = self.ask(coap.GET, path, options)
            expect(answer.code == coap.CONTENT, f"a Read of {path} was answered {answer}")


class SecurePeer(Peer):
    """Asks over DTLS: as a server of one client, or as a client."""

    def __init__(self, key, identity=None, seconds=30):
        super().__init__(seconds)
        self.context = dtls.Context(key, identity)
        self.association = None
        self.waiting = []

    def connect(self, address):
        """Opens the association as a client."""
        self.association, self.address = dtls.Association(self.context), address
        self.association.receive(b"")
        self._flush(address)
        while not self.association.connected:
            self._take(*super().receive())

    def send(self, message, address):
        self.association.send(message)
        self._flush(address)

    def receive(self):
        while not self.waiting:
            self._take(*super().receive())
        return self.waiting.pop(0)

    def drop(self):
        super().drop()
        # Another process comes with a handshake of its own.
        self.association, self.waiting = None, []

    def _take(self, datagram, address):
        if self.association is None:
            self.association = dtls.Association(self.context)
        messages = self.association.receive(datagram)
        expect(not self.association.failed, "the DTLS handshake failed")
        self.waiting += [(message, address) for message in messages]
        self._flush(address)

    def _flush(self, address):
        for datagram in self.association.datagrams():
            super().send(datagram, address)


class Subject:
    """A process that answers a peer's Reads."""

    def __init__(self, pid, peer):
        self.pid, self.peer = pid, peer
        pinned(pid)

    def cost(self, count):
        """Microseconds of CPU for a Read."""
        return self.cost_of(count, lambda: self.peer.reads(count))

    def cost_of(self, count, work):
        """Microseconds of CPU for each of `count` things that `work` has done."""
        before = cpu_time(self.pid)
        work()
        return (cpu_time(self.pid) - before) * 1e6 / count


class Reference(Subject):
    """Debian's coap-server with the same resource, put there by a request."""

    PROGRAM = "/usr/bin/coap-server-openssl"

    def __init__(self, tool=(), peer=None, options=(), offset=0):
        expect(os.path.exists(self.PROGRAM), f"{self.PROGRAM} is missing (package libcoap3-bin)")
        peer, other = peer or Peer(0.05), Peer()
        other.socket.close()
        self.process = subprocess.Popen(
            [*tool, self.PROGRAM, "-A", "127.0.0.1", "-p", str(other.port), "-d", "4", "-v", "0", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # The port of CoAP over DTLS is the next one.
        peer.address = ("127.0.0.1", other.port + offset)
        until(30, "coap-server answers", lambda: self.makes(peer))
        peer.socket.settimeout(30)
        super().__init__(self.process.pid, peer)

    @staticmethod
    def makes(peer):
        try:
            if isinstance(peer, SecurePeer) and (peer.association is None or not peer.association.connected):
                peer.connect(peer.address)
            return peer.request(coap.PUT, b"Gatekeel")[0] in (coap.CREATED, coap.CHANGED)
        except (TimeoutError, ConnectionRefusedError):
            return False

    def stop(self):
        self.process.kill()
        self.process.wait()
