"""Attacks that have to be held: by a server, by a network, by a file server, by somebody who took gatekeeld over.

Each goes on for 15 s, or GATEKEEL_ATTACK_SECONDS. What is random goes by a seed that is told; GATEKEEL_SEED takes one again.
After each the daemons are the same processes, as large as before, and serve as before."""

import json
import pathlib
import queue
import socket
import subprocess
import sys
import threading
import time

from gk import coap, dtls, fuzz, handshakes, hostile, hostile_files, packages
from gk.case import Failed, equal, expect, test, until
from gk.gateway import INSTALLER, configure
from gk.packages import Authority
from gk.standing import Pulse, Standing, difference, manifest, seconds, seeded

AGENT = """\
[Agent]
Endpoint=gateway

[Device]
Manufacturer=Keel
ModelNumber=One
SerialNumber=42

[Software]
MaxPackageSize=2M
DownloadTimeout=10s
"""

PLAIN = """
[Server plain]
URI=coap://127.0.0.1:5683
ShortServerID=1
"""

SECURE = """
[Server secure]
URI=coaps://127.0.0.1:5684
ShortServerID=2
PSKIdentity=gateway
PSKKeyFile=/etc/gatekeel/keys/hostile
"""


def campaign(function):
    """A test that goes on for as long as it is told to."""
    function.seconds = 300 + 3 * seconds()
    return test(function)


class Gateway:
    """A machine whose servers are hostile ones: `plain`, `secure`, or both."""

    def __init__(self, t, agent=AGENT, plain=True, secure=True, more="", before=lambda machine: None):
        self.t = t
        self.authority = Authority(t.folder / "authority")
        self.machine = t.machine()
        self.servers = {}
        if plain:
            agent += PLAIN
            self.servers["plain"] = hostile.Server(5683)
        if secure:
            agent += SECURE
            self.servers["secure"] = hostile.Server(5684, secure=True)
        for server in self.servers.values():
            t.stack.callback(server.stop)
        configure(self.machine, self.authority, agent + more, INSTALLER)
        self.machine.write("/etc/gatekeel/keys/hostile", hostile.KEY.hex() + "\n", 0o640, "root:gatekeel")
        before(self.machine)
        self.machine.boot()
        for server in self.servers.values():
            server.registered()
        t.step("registered")

    @property
    def plain(self):
        return self.servers["plain"]

    @property
    def secure(self):
        return self.servers["secure"]

    def serves(self, within=1.0):
        """Each server reads the device, and soon."""
        for name, server in self.servers.items():
            began = time.monotonic()
            values = [server.read(path) for path in ("/3/0/0", "/3/0/1", "/3/0/2")]
            took = time.monotonic() - began
            equal(values, [b"Keel", b"One", b"42"], f"what {name} reads of the device")
            expect(took <= within, f"{name}: three Reads took {took:.2f} s")
            self.t.step(f"{name}: three Reads took {took * 1000:.0f} ms")

    def instances(self):
        """The instances of object 9, by what it says itself."""
        server = next(iter(self.servers.values()))
        links, number = b"", 0
        while True:
            # In blocks of 1,024 bytes: there may be many.
            answer = server.request(coap.GET, "/9", [(coap.ACCEPT, coap.uint(coap.LINKS)), (coap.BLOCK2, coap.block(number, False, 6))])
            equal(answer.code, coap.CONTENT, f"Discover of /9, block {number}")
            links += answer.payload
            more = answer.option(coap.BLOCK2)
            if more is None or not int.from_bytes(more, "big") & 8:
                break
            number += 1
        paths = [link.split(b">")[0].strip(b" </").decode() for link in links.split(b",") if b"</9/" in link]
        return sorted({int(path.split("/")[1]) for path in paths})

    def remove_instances(self):
        """Deletes the instances of object 9 that an attack made; one may wait for the rest of a package that never comes."""
        server = next(iter(self.servers.values()))
        for instance in self.instances():
            if instance:
                code = server.request(coap.DELETE, f"/9/{instance}").code
                expect(code == coap.DELETED or server.read(f"/9/{instance}/7") == b"1",
                       f"Delete of /9/{instance}: {coap.dotted(code)}")

    def state(self):
        """What servers can change and see."""
        server = next(iter(self.servers.values()))
        found = {("1", str(account), str(resource)): server.read(f"/1/{account}/{resource}")
                 for account in range(len(self.servers)) for resource in (0, 1, 2, 3, 6, 7)}
        for instance in self.instances():
            found[("9", str(instance))] = b"there"
            for resource in (0, 1, 7, 8, 9, 12):
                found[("9", str(instance), str(resource))] = server.read(f"/9/{instance}/{resource}")
        return found

    def unexplained(self, before, after):
        """The changes between two states that no request of a server asked for."""
        touched = {path for server in self.servers.values() for path in server.touched}
        changed = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
        return [f"{'/'.join(path)}: {before.get(path)} → {after.get(path)}" for path in sorted(changed)
                if not any(path[:len(cause)] == cause for cause in touched)]


def every_request_is_ended(servers):
    """What was acknowledged without an answer has got one."""
    for name, server in servers.items():
        try:
            until(10, f"{name}: an answer to all that was acknowledged", lambda: not server.separate, every=0.2)
        except Failed:
            raise Failed(f"{name}: {len(server.separate)} requests were acknowledged and never answered") from None


@campaign
def fuzzed_requests(t):
    """Two servers send random and mutated requests: no crash, no growth, and no change but what was asked for."""
    g = Gateway(t)
    random = seeded(t)
    g.serves()
    before = g.state()
    installed = g.machine.run("gatekeel", "packages", "--json").out
    standing = Standing(t, g.machine)
    fuzzers = [fuzz.Fuzzer(random, server) for server in g.servers.values()]
    deadline, count = time.monotonic() + seconds(), 0
    while time.monotonic() < deadline:
        fuzzer = fuzzers[count % 5 == 0]
        message, data = fuzzer.request()
        # What is no request, or need not be acknowledged, may be passed over.
        fuzzer.server.fire(message, data, awaited=message.type == coap.CON and message.code < 0x20)
        fuzzer.server.window(16)
        fuzzer.server.notification_answer = coap.RST if random.random() < 0.05 else coap.ACK
        count += 1
    every_request_is_ended(g.servers)
    for name, server in g.servers.items():
        t.step(f"{name}: {dict(sorted(server.codes.items()))}, {server.notifications} notifications")
    t.step(f"{count} requests")
    g.serves()
    equal(g.unexplained(before, g.state()), [], "changes that nobody asked for")
    equal(g.machine.run("gatekeel", "packages", "--json").out, installed, "the packages")
    g.remove_instances()
    standing.check(growth=2048, lines=200)


class Datagrams:
    """What is no CoAP, or not from whom it says: made by a seeded generator."""

    def __init__(self, random, server):
        self.random, self.server = random, server
        # Tokens of what our own decoder refuses: nothing may be carried out for them.
        self.refused = set()
        self.carried_out = []
        server.sees = self.sees

    def sees(self, message, peer):
        if message.token in self.refused and message.code >> 5 == 2:
            self.carried_out.append(str(message))

    def next(self):
        random = self.random
        message = self.server.build(coap.GET, "/3/0/0")
        message.token = random.randbytes(8)
        data = bytearray(message.encode())
        kind = random.randrange(15)
        if kind == 0:
            data = random.randbytes(random.randrange(2000))
        elif kind == 1:
            data = random.randbytes(random.choice((1472, 1473, 4096, 16384, 60000)))
        elif kind == 2:
            data = data[:random.randrange(len(data))]
        elif kind == 3:
            data[0] = data[0] & 0x3F | random.choice((0, 2, 3)) << 6
        elif kind == 4:
            data[0] = data[0] & 0xF0 | random.randrange(9, 16)
        elif kind == 5:
            # Empty messages with what they may not have.
            data[1] = 0
        elif kind == 6:
            # Of which nobody knows what they acknowledge.
            data = coap.Message(random.choice((coap.ACK, coap.RST)), random.choice((0, coap.CONTENT, coap.CHANGED, coap.GET)),
                                random.randrange(1 << 16), message.token, [], random.randbytes(20)).encode()
        elif kind == 7:
            data += bytes([0xF0 | random.randrange(16)]) + random.randbytes(5)
        elif kind == 8:
            data += bytes([random.randrange(16) << 4 | 15])
        elif kind == 9:
            data += b"\xff"
        elif kind == 10:
            # An option that goes beyond the end.
            data += bytes([0x0E, 0xFF, 0xFF]) + random.randbytes(30)
        elif kind == 11:
            data += b"\xff" + random.randbytes(random.choice((1400, 8000, 60000)))
        elif kind == 12:
            # Responses and notifications that nobody waits for.
            data = coap.Message(random.choice((coap.CON, coap.NON)), random.choice((0x45, 0x44, 0x84, 0xA0)), message.mid,
                                random.randbytes(random.randrange(9)), [(coap.OBSERVE, random.randbytes(3))], b"x" * 100).encode()
        elif kind == 13:
            # Numbers of options that do not fit into sixteen bits.
            data += b"\xe0\xff\xff" * random.randrange(1, 5)
        else:
            data = fuzz.Fuzzer(random, self.server).mutated(bytes(data))
        data = bytearray(data)
        if len(data) > 1 and data[0] >> 6 == 1:
            # Not as a signal of CoAP over TCP, which a server may say to end a session.
            data[1] %= fuzz.SIGNALS
        data = bytes(data)
        try:
            coap.decode(data)
        except coap.Malformed:
            self.refused.add(message.token)
        return data


def unkeyed_datagram(random, recorded):
    """What somebody without the key can send into a DTLS session.

    Of the session's own epoch nothing that is shorter than what a cipher adds: for that OpenSSL itself ends an association."""
    kind = random.randrange(8)
    added = 25
    if kind == 0 and recorded:
        return random.choice(recorded)
    if kind == 1 and recorded:
        data = bytearray(random.choice(recorded))
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        return bytes(data)
    if kind == 2:
        # Alerts that nobody has signed: close_notify, and a fatal one.
        return dtls.record(dtls.ALERT, random.choice((b"\x01\x00", b"\x02\x28")), random.randrange(1 << 16))
    if kind == 3:
        return dtls.record(random.randrange(256), random.randbytes(random.randrange(added, 200)), random.randrange(1 << 48),
                           random.choice((0, 1, 2, 65535)), random.choice((dtls.DTLS_1_0, dtls.DTLS_1_2, b"\x03\x03")))
    if kind == 4:
        return dtls.record(dtls.HANDSHAKE, dtls.fragment(random.randrange(21), random.randbytes(60), random.randrange(3)), 5)
    if kind == 5:
        return dtls.record(dtls.APPLICATION_DATA, random.randbytes(40), 1, 1, length=random.randrange(1 << 16))
    if kind == 6:
        return dtls.record(dtls.HANDSHAKE, b"", random.randrange(1 << 16), random.choice((0, 1)))
    return random.randbytes(random.choice((0, 1, 12, 13, 14, 100, 1472, 30000)))


@campaign
def malformed_datagrams(t):
    """Garbage, what is cut off, too large or of no version, from the server's address and from others: nothing comes of it."""
    g = Gateway(t)
    random = seeded(t)
    g.serves()
    before = g.state()
    standing = Standing(t, g.machine)
    makers = {name: Datagrams(random, server) for name, server in g.servers.items()}
    registrations = {name: server.registrations for name, server in g.servers.items()}
    associations = len(g.secure.associations)
    strangers = []
    for address in (("127.0.0.1", 0), ("127.0.0.2", 5683), ("127.0.0.3", 5684)):
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stranger.bind(address)
        stranger.setblocking(False)
        strangers.append(stranger)
    recorded = g.secure.recorded
    deadline, count = time.monotonic() + seconds(), 0
    while time.monotonic() < deadline:
        g.plain.raw(makers["plain"].next())
        g.secure.raw(makers["secure"].next()[:16000])
        # Without the key, at the address of the session that has one.
        g.secure.bare(unkeyed_datagram(random, recorded))
        stranger = random.choice(strangers)
        request = g.plain.build(random.choice((coap.GET, coap.DELETE, coap.POST)), random.choice(("/3/0/0", "/9/0", "/9")))
        try:
            stranger.sendto(request.encode(), random.choice((g.plain.peer, g.secure.peer)))
        except (ConnectionRefusedError, BlockingIOError):
            pass
        count += 4
        if count % 400 == 0:
            # So that nothing is lost for want of a buffer.
            g.plain.request(coap.GET, "/3/0/0")
            g.secure.request(coap.GET, "/3/0/0")
    t.step(f"{count} datagrams")
    for name, server in g.servers.items():
        t.step(f"{name}: {dict(sorted(server.codes.items()))}")
    g.serves()
    for stranger in strangers:
        heard = b""
        try:
            heard = stranger.recv(2000)
        except (BlockingIOError, ConnectionRefusedError):
            pass
        equal(heard, b"", "what a stranger was answered")
        stranger.close()
    for name, maker in makers.items():
        equal(maker.carried_out[:3], [], f"{name}: what was answered as if it were whole")
    equal({name: server.registrations for name, server in g.servers.items()}, registrations, "registrations")
    equal(len(g.secure.associations), associations, "associations")
    equal(g.unexplained(before, g.state()), [], "changes that nobody asked for")
    standing.check(growth=1024, lines=100)


@campaign
def floods(t):
    """Reads, observations, attributes, instances, transfers and updates, as fast as they can be sent: all of it is answered or
    reset, and afterwards service is as before."""
    g = Gateway(t, secure=False)
    random = seeded(t)
    server = g.plain
    g.serves()
    standing = Standing(t, g.machine)

    def blocks(number):
        return server.build(coap.PUT, f"/9/{number % 100}/2", [
            (coap.BLOCK1, coap.block(0, True, 6)), (coap.REQUEST_TAG, coap.uint(number + 1)),
            (coap.CONTENT_FORMAT, coap.uint(coap.OPAQUE))], b"x" * 1024)

    kinds = {
        "Reads": lambda number: server.build(coap.GET, "/3/0"),
        "Reads that need no acknowledgement": lambda number: server.build(coap.GET, "/3/0", type=coap.NON),
        "Observes": lambda number: server.build(coap.GET, f"/3/0/{number % 22}", [(coap.OBSERVE, b"")]),
        "Write-Attributes": lambda number: server.build(
            coap.PUT, f"/3/0/{number % 22}", [(coap.URI_QUERY, f"pmin={number % 50}".encode()), (coap.URI_QUERY, b"pmax=3600")]),
        "Creates": lambda number: server.build(
            coap.POST, "/9", [(coap.CONTENT_FORMAT, coap.uint(coap.TLV))], fuzz.tlv(0, 1 + number % 2000, b"")),
        "Discovers": lambda number: server.build(coap.GET, "/9", [(coap.ACCEPT, coap.uint(coap.LINKS))]),
        "first blocks": blocks,
        "Executes": lambda number: server.build(coap.POST, random.choice(("/1/0/8", "/9/0/4", "/9/0/6", "/9/0/10"))),
        "Writes": lambda number: server.build(
            coap.PUT, "/1/0/1", [(coap.CONTENT_FORMAT, b"")], str(random.randrange(60, 100000)).encode()),
        "Deletes": lambda number: server.build(coap.DELETE, f"/9/{1 + number % 2000}"),
    }
    with Pulse(g.machine) as pulse:
        for what, make in kinds.items():
            server.codes.clear()
            deadline, count = time.monotonic() + seconds() / len(kinds), 0
            while time.monotonic() < deadline:
                server.fire(make(count))
                server.window(100)
                count += 1
            t.step(f"{count} {what}: {dict(sorted(server.codes.items()))}; Status took at most {pulse.slowest:.2f} s")
        # Without any wait: most is lost in the socket's buffer, and that is all that is lost.
        deadline, count = time.monotonic() + seconds() / 5, 0
        data = [server.build(coap.GET, "/3/0/13", type=coap.NON).encode() for _ in range(1000)]
        while time.monotonic() < deadline:
            server.raw(data[count % 1000])
            count += 1
    t.step(f"{count} more, unasked; Status took at most {pulse.slowest:.2f} s")
    pulse.check(2.0)
    every_request_is_ended(g.servers)
    g.serves(within=1.0)
    server.forget()
    server.notification_answer = coap.RST
    g.remove_instances()
    # Four transfers may wait for their next block.
    standing.check(growth=2048, lines=100, descriptors=6)
    server.notification_answer = coap.ACK
    g.serves()


@campaign
def hostile_handshakes(t):
    """Two dozen servers that never let a handshake end: each is tried again within the policy, and everything else goes on."""
    random = seeded(t)
    servers = handshakes.Servers(6000, random)
    t.stack.callback(servers.stop)
    g = Gateway(t, plain=False, more=servers.sections())
    g.serves()
    standing = Standing(t, g.machine)
    deadline = time.monotonic() + seconds() + 5
    slowest = 0.0
    with Pulse(g.machine) as pulse:
        while time.monotonic() < deadline:
            began = time.monotonic()
            equal(g.secure.request(coap.GET, "/3/0/0").payload, b"Keel", "the manufacturer")
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.2)
    t.step(f"a Read took at most {slowest:.2f} s, Status {pulse.slowest:.2f} s")
    for peer in servers.peers:
        t.step(f"{peer.name}: {len(peer.randoms)} handshakes, {peer.datagrams} datagrams")
    pulse.check(0.5)
    expect(slowest <= 0.5, f"the slowest Read took {slowest:.2f} s")
    for peer in servers.peers:
        expect(peer.datagrams > 0, f"{peer.name} was tried")
        # Of 2 s, 4 s, 8 s … between two attempts; a server that ends each at once gets the most of them.
        most = 4 + seconds() / 4
        expect(len(peer.randoms) <= most, f"{peer.name}: {len(peer.randoms)} handshakes, more than {most:.0f}")
    shown = g.machine.run("gatekeel", "status", check=False).out
    for peer in servers.peers:
        expect(peer.name in shown, f"{peer.name} is in gatekeel status")
    g.serves()
    standing.check(growth=3072, lines=20 * len(servers.peers), descriptors=len(servers.peers))


@campaign
def hostile_file_servers(t):
    """Package URIs of servers that lie, flood, stall and lead astray: a result of the object's table, the reason, and no trace."""
    g = Gateway(t, secure=False)
    random = seeded(t)
    files = hostile_files.Files(t.folder)
    t.stack.callback(files.stop)
    g.serves()
    every = hostile_files.all_of_them()
    # Those that go on until their time is over, 10 s each, as many as there is time for.
    slow = [name for name, (_, _, is_slow) in every.items() if is_slow]
    chosen = set(random.sample(slow, min(len(slow), max(2, int(seconds() / 5)))))
    names = [name for name in every if name not in slow or name in chosen]
    random.shuffle(names)
    before = manifest(g.machine)
    standing = Standing(t, g.machine)
    spool = g.machine.root / "var/lib/gatekeeld"
    largest, pending, results = 0, {}, {}
    server = g.plain
    deadline = time.monotonic() + 60 + 12 * len(chosen)
    with Pulse(g.machine) as pulse:
        while names or pending:
            expect(time.monotonic() < deadline, f"all downloads end; these did not: {sorted(pending.values())}, {names}")
            while names and len(pending) < 4:
                name = names.pop()
                instance = 1 + len(results) + len(pending)
                made = server.request(coap.POST, "/9", [(coap.CONTENT_FORMAT, coap.uint(coap.TLV))], fuzz.tlv(0, instance, b""))
                equal(made.code, coap.CREATED, f"Create of /9/{instance}")
                answer = server.request(coap.PUT, f"/9/{instance}/3", [(coap.CONTENT_FORMAT, b"")], every[name][0].encode())
                equal(answer.code, coap.CHANGED, f"the Write of {every[name][0]}")
                pending[instance] = name
            for instance, name in list(pending.items()):
                if server.read(f"/9/{instance}/7") == b"0":
                    results[name] = (int(server.read(f"/9/{instance}/9") or b"0"), server.read(f"/9/{instance}/16") or b"")
                    del pending[instance]
                    t.step(f"{name}: {results[name]}")
            largest = max(largest, size(spool))
            time.sleep(0.05)
    t.step(f"the spool held at most {largest >> 10} KiB")
    for name, (result, reason) in results.items():
        expect(result in every[name][1], f"{name}: a result of {every[name][1]}, not {result}: {reason}")
        expect(reason, f"{name}: its Status Reason is not empty")
        expect(b"root:" not in reason and len(reason) <= 300, f"{name}: its Status Reason is short and leads nowhere: {reason}")
    # Four downloads at once, of 2 MiB at most each.
    expect(largest <= 4 * (2 << 20) + (512 << 10), f"the spool held {largest} bytes")
    pulse.check(0.5)
    until(10, "no download goes on", lambda: g.machine.run("pgrep", "-x", "gatekeel-fetch", check=False).status == 1)
    until(10, "the spool is empty again", lambda: size(spool) < 256 << 10)
    equal(difference(before, manifest(g.machine)), [], "files outside the spool")
    g.serves()
    g.remove_instances()
    standing.check(growth=1024, lines=20 * len(results))


def size(folder):
    """The bytes that the files of a folder take."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total


@campaign
def a_taken_over_gatekeeld(t):
    """As its user, everything is asked of the installer that can be: nothing unsigned is installed, no file outside changes, the
    installer lives, and what it installed runs on."""
    random = seeded(t)
    packages_folder = t.folder / "packages"
    packages_folder.mkdir()
    authority = Authority(t.folder / "authority")
    m = t.machine()
    configure(m, authority, "", INSTALLER + "\n[Install]\nStageTimeout=2s\n")
    (packages_folder / "unsigned.deb").write_bytes(packages.sample("9.0").read_bytes())
    for name, version in (("signed", "3.0"), ("current", "2.0"), ("old", "1.0")):
        (packages_folder / f"{name}.deb").write_bytes(authority.sign(packages.sample(version)))
    for name in ("signed", "current"):
        m.write(f"/srv/{name}.deb", (packages_folder / f"{name}.deb").read_bytes())
    m.boot()
    m.wait_for_unit("gatekeel-installd.service")
    m.run("gatekeel", "install", "/srv/current.deb")
    m.run("gatekeel", "activate", "keelsample")
    m.wait_for_unit("keelsample.service")
    process = m.main_pid("keelsample.service")
    standing = Standing(t, m, ("gatekeel-installd.service",))
    before, listed = manifest(m), m.run("gatekeel", "packages", "--json").out
    intruder = subprocess.Popen(
        ["nsenter", f"--target={m.leader}", "--pid", "--ipc", "--uts", "--net", sys.executable, "-B",
         pathlib.Path(__file__).parent.parent / "gk/intruder.py", str(m.leader), str(m.identifier("passwd", "gatekeel")),
         str(m.primary_group("gatekeel")), str(m.main_pid("gatekeel-installd.service")), str(random.randrange(1 << 32)),
         str(seconds()), packages_folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    t.stack.callback(intruder.kill)
    last, slowest = "", 0.0
    lines = queue.SimpleQueue()
    threading.Thread(target=lambda: [lines.put(line) for line in (*intruder.stdout, "")], daemon=True).start()
    while True:
        # Meanwhile the administrator is served.
        began = time.monotonic()
        shown = m.run("gatekeel", "packages", timeout=30, check=False)
        slowest = max(slowest, time.monotonic() - began)
        expect(shown.status == 0, f"gatekeel packages: {shown}")
        try:
            line = lines.get(timeout=0.5)
        except queue.Empty:
            continue
        if not line:
            break
        t.step(f"intruder: {line.strip()[:1500]}")
        last = line
    equal(intruder.wait(10), 0, "how the intruder ended")
    t.step(f"gatekeel packages took at most {slowest:.2f} s")
    told = json.loads(last)
    equal(told["accepted"], [], "what was taken that should not")
    equal(told["silent"], [], "calls that were never answered")
    expect(told["calls"] > 3000, f"{told['calls']} calls were made")
    expect(slowest < 10, f"gatekeel packages took {slowest:.1f} s")
    equal(m.run("gatekeel", "packages", "--json").out, listed, "the packages")
    equal(m.main_pid("keelsample.service"), process, "the package's process")
    equal(difference(before, manifest(m)), [], "files of the machine")
    standing.check(growth=2048, lines=told["calls"])
    # What is signed is still taken, and at once.
    m.run("gatekeel", "install", "/srv/signed.deb")
    until(10, "3.0 runs", lambda: m.exists("/run/keelsample/version") and m.read("/run/keelsample/version").split()[:1] == ["3.0"])
