"""Attacks: by a server, from the network, by a file server, and by a process that runs as gatekeeld's user.

Each runs for 15 s, or for GATEKEEL_ATTACK_SECONDS. Random choices come from a seed that is printed; GATEKEEL_SEED repeats
them. After each attack the daemons must be the same processes, have about the same size, and serve as before."""

import json
import pathlib
import queue
import socket
import subprocess
import sys
import threading
import time

from gk import coap, datagrams, fuzz, handshakes, hostile_files, packages
from gk.besieged import Gateway
from gk.case import equal, expect, test, until
from gk.gateway import INSTALLER, configure
from gk.standing import Pulse, Standing, difference, manifest, seconds, seeded


def attack(function):
    """A test whose length is set by GATEKEEL_ATTACK_SECONDS."""
    function.seconds = 300 + 3 * seconds()
    return test(function)


@attack
def fuzzed_requests(t):
    """Two servers send random and mutated requests: no crash, no growth, and no change but by requests that succeeded."""
    g = Gateway(t)
    random = seeded(t)
    g.serves()
    before = g.state()
    installed = g.machine.run("gatekeel", "packages", "--json").out
    standing = Standing(t, g.machine)
    fuzzers = [fuzz.Fuzzer(random, server) for server in g.servers.values()]
    began, count, later = time.monotonic(), 0, None
    while time.monotonic() < began + seconds():
        if not later and time.monotonic() > began + seconds() / 2:
            later = Standing(t, g.machine)
        fuzzer = fuzzers[count % 5 == 0]
        message, data = fuzzer.request()
        # Responses and non-confirmable messages may be ignored.
        fuzzer.server.fire(message, data, awaited=message.type == coap.CON and message.code < 0x20)
        fuzzer.server.window(16)
        fuzzer.server.notification_answer = coap.RST if random.random() < 0.05 else coap.ACK
        count += 1
    t.step(f"{count} requests")
    g.answers_everything()
    g.codes()
    g.serves()
    equal(g.unexplained(before, g.state()), [], "changes without a successful request")
    equal(g.machine.run("gatekeel", "packages", "--json").out, installed, "the packages")
    g.remove_instances()
    # What is kept for two servers has bounds: answers for repetitions, bodies that are read in blocks, notifications that wait. Once
    # it is there, nothing grows any more.
    standing.check(growth=8192, lines=500, descriptors=6)
    later.check(growth=2048, lines=500, descriptors=6)


@attack
def malformed_datagrams(t):
    """Malformed, truncated and oversized datagrams, from the servers' addresses and from others: they have no effect."""
    g = Gateway(t)
    random = seeded(t)
    g.serves()
    before = g.state()
    standing = Standing(t, g.machine)
    makers = {name: datagrams.Malformed(random, server) for name, server in g.servers.items()}
    registrations = {name: server.registrations for name, server in g.servers.items()}
    associations = len(g.secure.associations)
    for server in g.servers.values():
        signals_have_no_effect(server)
    strangers = [stranger(*address) for address in (("127.0.0.1", 0), ("127.0.0.2", 5683), ("127.0.0.3", 5684))]
    deadline, count = time.monotonic() + seconds(), 0
    while time.monotonic() < deadline:
        g.plain.raw(makers["plain"].next())
        g.secure.raw(makers["secure"].next()[:16000])
        g.secure.bare(datagrams.unkeyed(random, g.secure.recorded))
        request = g.plain.build(random.choice((coap.GET, coap.DELETE, coap.POST)), random.choice(("/3/0/0", "/9/0", "/9")))
        try:
            random.choice(strangers).sendto(request.encode(), random.choice((g.plain.peer, g.secure.peer)))
        except (ConnectionRefusedError, BlockingIOError):
            pass
        count += 4
        if count % 400 == 0:
            # Waiting for a response now and then keeps the sockets' buffers from overflowing.
            g.plain.request(coap.GET, "/3/0/0")
            g.secure.request(coap.GET, "/3/0/0")
    t.step(f"{count} datagrams")
    g.codes()
    g.serves()
    for other in strangers:
        equal(heard(other), b"", "the answer to another address than the server's")
    for name, maker in makers.items():
        equal(maker.carried_out[:3], [], f"{name}: successful responses to malformed messages")
    equal({name: server.registrations for name, server in g.servers.items()}, registrations, "registrations")
    equal(len(g.secure.associations), associations, "DTLS associations")
    equal(g.unexplained(before, g.state()), [], "changes without a successful request")
    standing.check(growth=1024, lines=100)


def signals_have_no_effect(server):
    """Checks that Max-Message-Size, a signal of CoAP over TCP (RFC 8323, 5.3.1), makes no response fail."""
    for size in (0, 10, 64, (1 << 32) - 1):
        server.raw(server.build(fuzz.SIGNALS + 1, "", [(2, coap.uint(size))], type=coap.NON).encode())
        answer = server.request(coap.GET, "/3/0", [(coap.ACCEPT, coap.uint(coap.TLV))])
        equal(answer.code, coap.CONTENT, f"a Read after Max-Message-Size {size}")


def stranger(address, port):
    """A socket at another address than a server's."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, port))
    made.setblocking(False)
    return made


def heard(stranger):
    """The datagram that a socket received, if any."""
    try:
        return stranger.recv(2000)
    except (BlockingIOError, ConnectionRefusedError):
        return b""
    finally:
        stranger.close()


@attack
def floods(t):
    """Requests of every kind as fast as possible: each one is answered or reset, and afterwards service is normal within 1 s."""
    g = Gateway(t, secure=False)
    random = seeded(t)
    server = g.plain
    g.serves()
    standing = Standing(t, g.machine)
    kinds = {
        "Reads": lambda number: server.build(coap.GET, "/3/0"),
        "non-confirmable Reads": lambda number: server.build(coap.GET, "/3/0", type=coap.NON),
        "Observes": lambda number: server.build(coap.GET, f"/3/0/{number % 22}", [(coap.OBSERVE, b"")]),
        "Write-Attributes": lambda number: server.build(
            coap.PUT, f"/3/0/{number % 22}", [(coap.URI_QUERY, f"pmin={number % 50}".encode()), (coap.URI_QUERY, b"pmax=3600")]),
        "Creates": lambda number: server.build(
            coap.POST, "/9", [(coap.CONTENT_FORMAT, coap.uint(coap.TLV))], fuzz.tlv(0, 1 + number % 2000, b"")),
        "Discovers": lambda number: server.build(coap.GET, "/9", [(coap.ACCEPT, coap.uint(coap.LINKS))]),
        "first blocks": lambda number: server.build(coap.PUT, f"/9/{number % 100}/2", [
            (coap.BLOCK1, coap.block(0, True, 6)), (coap.REQUEST_TAG, coap.uint(number + 1)),
            (coap.CONTENT_FORMAT, coap.uint(coap.OPAQUE))], b"x" * 1024),
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
        # Without waiting for responses: more than the gateway's socket can hold.
        deadline, count = time.monotonic() + seconds() / 5, 0
        data = [server.build(coap.GET, "/3/0/13", type=coap.NON).encode() for _ in range(1000)]
        while time.monotonic() < deadline:
            server.raw(data[count % 1000])
            count += 1
    t.step(f"{count} more without waiting; Status took at most {pulse.slowest:.2f} s")
    # Requests are lost until the gateway has emptied its socket's buffer.
    server.request(coap.GET, "/3/0/0", seconds=1.0, every=0.1)
    pulse.check(2.0)
    g.answers_everything()
    g.serves()
    server.forget()
    server.notification_answer = coap.RST
    g.remove_instances()
    # Four transfers may wait for their next block, and bodies of a mebibyte together to be read on.
    standing.check(growth=4096, lines=100, descriptors=6)
    server.notification_answer = coap.ACK
    g.serves()


@attack
def hostile_handshakes(t):
    """Two dozen servers whose handshakes never complete: they are retried within the policy, and nothing else is delayed."""
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
    expect(servers.thread.is_alive(), "the hostile servers run")
    pulse.check(0.5)
    expect(slowest <= 0.5, f"the slowest Read took {slowest:.2f} s")
    for peer in servers.peers:
        expect(peer.datagrams > 0, f"{peer.name} was tried")
        # The pause between attempts doubles, from 2 s on.
        most = 4 + seconds() / 4
        expect(len(peer.randoms) <= most, f"{peer.name}: {len(peer.randoms)} handshakes, more than {most:.0f}")
    shown = g.machine.run("gatekeel", "status", check=False).out
    for peer in servers.peers:
        expect(peer.name in shown, f"{peer.name} is in the output of gatekeel status")
    g.serves()
    standing.check(growth=3072, lines=20 * len(servers.peers), descriptors=len(servers.peers))


@attack
def hostile_file_servers(t):
    """Package URIs of servers that lie, flood, stall and redirect: each ends with a result of object 9's table and a reason."""
    g = Gateway(t, secure=False)
    random = seeded(t)
    files = hostile_files.Files(t.folder)
    t.stack.callback(files.stop)
    g.serves()
    every = hostile_files.behaviours()
    # The slow ones last until the download's time is over, 10 s each: as many as there is time for.
    slow = [name for name, (_, _, is_slow) in every.items() if is_slow]
    chosen = set(random.sample(slow, min(len(slow), max(2, int(seconds() / 5)))))
    names = [name for name in every if name not in slow or name in chosen]
    random.shuffle(names)
    before = manifest(g.machine)
    standing = Standing(t, g.machine)
    spool = g.machine.root / "var/lib/gatekeeld"
    largest, pending, results = 0, {}, {}
    deadline = time.monotonic() + 60 + 12 * len(chosen)
    with Pulse(g.machine) as pulse:
        while names or pending:
            expect(time.monotonic() < deadline, f"all downloads end; still running: {sorted(pending.values())}, {names}")
            while names and len(pending) < 4:
                pending[len(results) + len(pending) + 1] = pull(g.plain, len(results) + len(pending) + 1, names.pop(), every)
            for instance, name in list(pending.items()):
                if g.plain.read(f"/9/{instance}/7") == b"0":
                    results[name] = (int(g.plain.read(f"/9/{instance}/9") or b"0"), g.plain.read(f"/9/{instance}/16") or b"")
                    del pending[instance]
                    t.step(f"{name}: {results[name]}")
            largest = max(largest, size(spool))
            time.sleep(0.05)
    t.step(f"the spool had at most {largest >> 10} KiB")
    for name, (result, reason) in results.items():
        expect(result in every[name][1], f"{name}: expected a result of {every[name][1]}, saw {result}: {reason}")
        expect(reason, f"{name}: the Status Reason is not empty")
        expect(b"root:" not in reason and len(reason) <= 300, f"{name}: the Status Reason is short and quotes no file: {reason}")
    # AllowLocalDownloads= is off by default.
    equal(files.canaries, 0, "requests to a server on loopback, by redirects")
    # Four downloads at once, of at most 2 MiB each.
    expect(largest <= 4 * (2 << 20) + (512 << 10), f"the spool had {largest} bytes")
    pulse.check(0.5)
    until(10, "no download is running", lambda: g.machine.run("pgrep", "-x", "gatekeel-fetch", check=False).status == 1)
    until(10, "the spool is empty", lambda: size(spool) < 256 << 10)
    equal(difference(before, manifest(g.machine)), [], "changes of files outside the spool")
    g.serves()
    g.remove_instances()
    standing.check(growth=1024, lines=20 * len(results))


def pull(server, instance, name, every):
    """Creates an instance of object 9 and writes the Package URI of a hostile file server to it."""
    made = server.request(coap.POST, "/9", [(coap.CONTENT_FORMAT, coap.uint(coap.TLV))], fuzz.tlv(0, instance, b""))
    equal(made.code, coap.CREATED, f"Create of /9/{instance}")
    answer = server.request(coap.PUT, f"/9/{instance}/3", [(coap.CONTENT_FORMAT, b"")], every[name][0].encode())
    equal(answer.code, coap.CHANGED, f"Write of {every[name][0]}")
    return name


def size(folder):
    """The bytes on the disk of a folder's files."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total


@attack
def a_taken_over_gatekeeld(t):
    """A process of gatekeeld's user calls the installer with hostile arguments: nothing unsigned is installed, no file changes,
    and the installer and its packages keep running."""
    random = seeded(t)
    folder = t.folder / "packages"
    folder.mkdir()
    machine = prepared(t, folder)
    process = machine.main_pid("keelsample.service")
    standing = Standing(t, machine, ("gatekeel-installd.service",))
    before, listed = manifest(machine), machine.run("gatekeel", "packages", "--json").out
    intruder = subprocess.Popen(
        ["nsenter", f"--target={machine.leader}", "--pid", "--ipc", "--uts", "--net", sys.executable, "-B",
         pathlib.Path(__file__).parent.parent / "gk/intruder.py", str(machine.leader), str(machine.identifier("passwd", "gatekeel")),
         str(machine.primary_group("gatekeel")), str(machine.main_pid("gatekeel-installd.service")),
         str(random.randrange(1 << 32)), str(seconds()), folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    t.stack.callback(intruder.kill)
    last, slowest = followed(t, machine, intruder)
    equal(intruder.wait(10), 0, "the intruder's exit status")
    t.step(f"gatekeel packages took at most {slowest:.2f} s")
    told = json.loads(last)
    equal(told["accepted"], [], "calls that should have been refused")
    equal(told["silent"], [], "calls without reply")
    expect(told["calls"] > 3000, f"{told['calls']} calls were made")
    expect(slowest < 10, f"gatekeel packages took {slowest:.1f} s")
    equal(machine.run("gatekeel", "packages", "--json").out, listed, "the packages")
    equal(machine.main_pid("keelsample.service"), process, "the package's process")
    equal(difference(before, manifest(machine)), [], "changes of files")
    # The heap keeps the size that the largest message needed: 100,000 values at most.
    standing.check(growth=16 << 10, lines=told["calls"])
    # A signed package can still be installed.
    machine.run("gatekeel", "install", "/srv/signed.deb")
    until(10, "3.0 runs", lambda: machine.exists("/run/keelsample/version")
          and machine.read("/run/keelsample/version").split()[:1] == ["3.0"])


def prepared(t, folder):
    """A machine on which version 2.0 of the sample runs. `folder` gets the intruder's packages."""
    authority = packages.Authority(t.folder / "authority")
    machine = t.machine()
    configure(machine, authority, "", INSTALLER + "\n[Install]\nStageTimeout=2s\n")
    (folder / "unsigned.deb").write_bytes(packages.sample("9.0").read_bytes())
    for name, version in (("signed", "3.0"), ("current", "2.0"), ("old", "1.0")):
        data = authority.sign(packages.sample(version))
        (folder / f"{name}.deb").write_bytes(data)
        machine.write(f"/srv/{name}.deb", data)
    machine.boot()
    machine.wait_for_unit("gatekeel-installd.service")
    machine.run("gatekeel", "install", "/srv/current.deb")
    machine.run("gatekeel", "activate", "keelsample")
    machine.wait_for_unit("keelsample.service")
    return machine


def followed(t, machine, intruder):
    """Prints what the intruder prints, until it ends, and checks meanwhile that root's calls are served.

    Returns the intruder's last line and the longest time in seconds that `gatekeel packages` took."""
    last, slowest = "", 0.0
    lines = queue.SimpleQueue()
    threading.Thread(target=lambda: [lines.put(line) for line in (*intruder.stdout, "")], daemon=True).start()
    while True:
        began = time.monotonic()
        shown = machine.run("gatekeel", "packages", timeout=30, check=False)
        slowest = max(slowest, time.monotonic() - began)
        expect(shown.status == 0, f"gatekeel packages: {shown}")
        try:
            line = lines.get(timeout=0.5)
        except queue.Empty:
            continue
        if not line:
            return last, slowest
        t.step(f"intruder: {line.strip()[:1500]}")
        last = line
