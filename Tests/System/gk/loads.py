"""Figures of what grows: contents, observations, instances, transfers; and the cost of a Read over DTLS."""

import random
import shutil
import statistics
import time

from . import coap, packages
from .case import expect, until
from .fuzz import tlv
from .measured import Peer, Reference, SecurePeer, Subject, private_dirty

KEY, IDENTITY = b"0123456789abcdef", b"figures"
MANY = (10, 100, 1000)
PUSH = 64 << 20

SECURE_AGENT = """\
[Agent]
Endpoint=figures

[Server figures]
URI=coaps://127.0.0.1:{port}
PSKIdentity=figures
PSKKeyFile=/etc/gatekeel/keys/figures
Lifetime=1d

[Device]
Manufacturer=Gatekeel
"""


def accept(format):
    return [(coap.ACCEPT, coap.uint(format))]


class Loads:
    """Part of `Figures`: it has `report`, `peer`, `machine`, `bare`, `start_bare`, `end` and `compared` from there."""

    def formats(self, rounds=7, count=2000):
        """CPU per Read of the whole object 3, as a server asks for it."""
        self.bare()
        _, pid, child = self.start_bare()
        subject = Subject(pid, self.peer)

        def cost(path, options):
            return subject.cost_of(count, lambda: self.peer.asks(count, path, options))

        costs = [(cost("/3/0/0", []), cost("/3", accept(coap.TLV)), cost("/3", accept(coap.SENML_CBOR)))
                 for _ in range(rounds + 1)][1:]
        for name, index in (("TLV", 1), ("SenML CBOR", 2)):
            self.report.note(f"CPU per Read /3 in {name}, to one of /3/0/0",
                             f"{statistics.median(every[index] / every[0] for every in costs):.2f} × "
                             f"({statistics.median(every[index] for every in costs):.1f} µs)")
        self.end(pid, child)

    def instances(self, count=4000):
        """With more instances of object 9 a Read of one resource costs the same; what the Register of 1,000 takes."""
        self.bare()
        _, pid, child = self.start_bare()
        # /9/0 is there already.
        subject, costs, there = Subject(pid, self.peer), {}, 1
        for many in MANY:
            while there < many:
                made = self.peer.ask(coap.POST, "/9", [(coap.CONTENT_FORMAT, coap.uint(coap.TLV))], tlv(0, there, b""))
                expect(made.code == coap.CREATED, f"Create of /9/{there}: {made}")
                there += 1
            # The Updates that tell of them.
            time.sleep(2)
            self.peer.drop()
            path = f"/9/{many - 1}/7"
            self.peer.asks(count // 10, path)
            costs[many] = statistics.median(
                subject.cost_of(count, lambda: self.peer.asks(count, path)) for _ in range(5))
        self.report.figure("CPU per Read of one of 1,000 instances, to one of 10", costs[1000] / costs[10])
        self.report.note("  one of 10, 100, 1,000", ", ".join(f"{costs[many]:.1f}" for many in MANY) + " µs")
        self.report.note("private memory of an instance", f"{self.growth(pid, child, MANY[-1]):.0f} bytes")
        seconds, pid, child = self.start_bare()
        self.report.note("exec to the last block of Register, 1,000 instances", f"{seconds * 1000:.0f} ms")
        self.end(pid, child)
        self.machine.run("rm", "-rf", "/var/lib/figures-agent/software")

    def growth(self, pid, child, many):
        """Bytes of private memory for each of the instances: what an agent has more that is started with them."""
        self.end(pid, child)
        _, pid, child = self.start_bare()
        time.sleep(2)
        full = private_dirty(pid)
        self.end(pid, child)
        self.machine.run("mv", "/var/lib/figures-agent/software", "/var/lib/figures-agent/aside")
        _, pid, child = self.start_bare()
        time.sleep(2)
        empty = private_dirty(pid)
        self.end(pid, child)
        self.machine.run("rm", "-rf", "/var/lib/figures-agent/software")
        self.machine.run("mv", "/var/lib/figures-agent/aside", "/var/lib/figures-agent/software")
        return (full - empty) / many

    def observations(self, rounds=20):
        """CPU per notification, and memory per observation, of one value that is observed many times."""
        self.bare()
        _, pid, child = self.start_bare()
        subject, there, memory, costs = Subject(pid, self.peer), 0, private_dirty(pid), {}
        # It is not there before it is written.
        self.changed(0, 0)
        time.sleep(1)
        self.peer.drop()
        for many in MANY:
            while there < many:
                observed = self.peer.ask(coap.GET, "/1/0/3", [(coap.OBSERVE, b"")], token=b"\xff" + there.to_bytes(3, "big"))
                expect(observed.code == coap.CONTENT and observed.option(coap.OBSERVE) is not None, f"Observe: {observed}")
                there += 1
            costs[many] = subject.cost_of(rounds * many, lambda: [self.changed(many, value) for value in range(1, rounds + 1)])
        # Each change is a durable write as well, which weighs on few of them.
        self.report.note("CPU per notification, to 10, 100, 1,000 observations", ", ".join(f"{costs[many]:.1f}" for many in MANY) + " µs")
        self.report.note("private memory of an observation", f"{(private_dirty(pid) - memory) / there:.0f} bytes")
        self.end(pid, child)

    def changed(self, many, value):
        """Changes the value that is observed, and waits for all of its notifications."""
        # Default Maximum Period: any large value.
        waiting = {b"\xff" + number.to_bytes(3, "big") for number in range(many)}
        self.peer.identifier = self.peer.identifier + 1 & 0xffff
        segments = [(coap.URI_PATH, segment) for segment in (b"1", b"0", b"3")]
        self.peer.send(coap.Message(coap.CON, coap.PUT, self.peer.identifier, b"w", [*segments, (coap.CONTENT_FORMAT, b"")],
                                    str(100_000 + value).encode()).encode(), self.peer.address)
        while waiting:
            message = coap.decode(self.peer.receive()[0])
            if message.type == coap.CON:
                self.peer.acknowledge(message)
            waiting.discard(message.token)

    def push(self):
        """A package of 64 MiB, block by block: gatekeeld has it on the disk at the end, coap-server in memory."""
        self.bare()
        package = self.authority.sign(self.large())
        reference = Reference()
        self.t.stack.callback(reference.stop)
        _, pid, child = self.start_bare()
        pairs = []
        # /9/0 is there already.
        for number in range(1, 4):
            instance = f"/9/{number}"
            made = self.peer.ask(coap.POST, "/9", [(coap.CONTENT_FORMAT, coap.uint(coap.TLV))], tlv(0, number, b""))
            expect(made.code == coap.CREATED, f"Create of {instance}: {made}")
            pairs.append((self.pushed(self.peer, f"{instance}/2", package), self.pushed(reference.peer, "/push", package)))
            gone = self.peer.ask(coap.POST, f"{instance}/6")
            expect(gone.code == coap.CHANGED, f"Uninstall of {instance}: {gone}")
            until(60, "the instance is deleted", lambda: self.peer.ask(coap.DELETE, instance).code == coap.DELETED, every=0.2)
        reference.stop()
        self.report.figure("Block1 push of 64 MiB, time to coap-server's", statistics.median(a / b for a, b in pairs))
        self.report.note("  gatekeeld, coap-server", ", ".join(f"{PUSH / statistics.median(times) / (1 << 20):.1f} MiB/s"
                                                               for times in zip(*pairs)))
        self.end(pid, child)

    def large(self):
        """A package that fills a push, but for its signature."""
        tree = self.t.folder / "large"
        packages.put(tree / "usr/share/figures/random", random.Random(1).randbytes(PUSH - (1 << 16)))
        packages.put(tree / "DEBIAN/control", b"Package: figures\nVersion: 1.0\nArchitecture: all\nMaintainer: Tests "
                     b"<tests@gatekeel.org>\nInstalled-Size: 65536\nDescription: a large file\n")
        packages.run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, self.t.folder / "large.deb")
        shutil.rmtree(tree)
        return self.t.folder / "large.deb"

    @staticmethod
    def pushed(peer, path, package):
        """Seconds that a push takes; the last block is answered when all of it is kept."""
        # Of its own: message IDs come again within their lifetime.
        blocks, token = -(-len(package) // 1024), random.randbytes(4)
        began = time.monotonic()
        for number in range(blocks):
            more = number + 1 < blocks
            options = [(coap.CONTENT_FORMAT, coap.uint(coap.OPAQUE)), (coap.BLOCK1, coap.block(number, more, 6))]
            answer = peer.ask(coap.PUT, path, options, package[number * 1024:number * 1024 + 1024], token)
            wanted = (0x5f,) if more else (coap.CREATED, coap.CHANGED)
            expect(answer.code in wanted, f"block {number} of {path}: {answer}")
        return time.monotonic() - began

    def secure_read(self, rounds=9, count=5000):
        """CPU per Read /3/0/0 over DTLS, compared with coap-server-openssl."""
        self.bare()
        plain, self.peer = self.peer, SecurePeer(KEY)
        place = "/etc/gatekeel/gatekeeld.conf.d/test.conf"
        before = self.machine.read(place)
        self.machine.write("/etc/gatekeel/keys/figures", KEY.hex() + "\n", 0o640, "root:gatekeel")
        self.machine.write(place, SECURE_AGENT.format(port=self.peer.port))
        try:
            reference = Reference(peer=SecurePeer(KEY, IDENTITY, 1), options=["-k", KEY.decode("latin-1")], offset=1)
            self.t.stack.callback(reference.stop)
            _, pid, child = self.start_bare()
            ratio, ours, theirs = self.compared(Subject(pid, self.peer), reference, rounds, count)
            self.report.figure("CPU per Read /3/0/0 over DTLS, to coap-server-openssl", ratio)
            self.report.note("  gatekeeld, coap-server-openssl", f"{ours:.2f}, {theirs:.2f} µs")
            self.end(pid, child)
            reference.stop()
        finally:
            self.peer = plain
            self.machine.write(place, before)
