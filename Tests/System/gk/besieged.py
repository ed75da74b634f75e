"""A machine with our package whose servers are hostile ones, and the checks of what a server sees of it."""

import time

from . import coap, hostile
from .case import Failed, equal, expect, until
from .gateway import INSTALLER, configure
from .packages import Authority

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


class Gateway:
    """The machine, booted and registered. `more`: further sections of gatekeeld's configuration."""

    def __init__(self, t, plain=True, secure=True, more=""):
        self.t = t
        self.authority = Authority(t.folder / "authority")
        self.machine = t.machine()
        self.servers = {}
        agent = AGENT
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

    @property
    def any(self):
        return next(iter(self.servers.values()))

    def serves(self, within=1.0):
        """Checks that each server can read the device within this many seconds."""
        for name, server in self.servers.items():
            began = time.monotonic()
            values = [server.read(path) for path in ("/3/0/0", "/3/0/1", "/3/0/2")]
            took = time.monotonic() - began
            equal(values, [b"Keel", b"One", b"42"], f"what {name} reads of the device")
            expect(took <= within, f"{name}: three Reads took {took:.2f} s")
            self.t.step(f"{name}: three Reads took {took * 1000:.0f} ms")

    def answers_everything(self):
        """Checks that each request with an empty acknowledgement got its response."""
        for name, server in self.servers.items():
            try:
                until(10, "a response to each acknowledged request", lambda: not server.separate, every=0.2)
            except Failed:
                raise Failed(f"{name}: {len(server.separate)} requests were acknowledged and never answered") from None

    def codes(self):
        """Prints the responses that each server got."""
        for name, server in self.servers.items():
            self.t.step(f"{name}: {dict(sorted(server.codes.items()))}, {server.notifications} notifications")

    # Object 9.

    def instances(self):
        """The instances of object 9, by Discover."""
        links, number, more = b"", 0, True
        while more:
            answer = self.any.request(
                coap.GET, "/9", [(coap.ACCEPT, coap.uint(coap.LINKS)), (coap.BLOCK2, coap.block(number, False, 6))])
            equal(answer.code, coap.CONTENT, f"Discover of /9, block {number}")
            links += answer.payload
            more = int.from_bytes(answer.option(coap.BLOCK2) or b"", "big") & 8
            number += 1
        paths = [link.split(b">")[0].strip(b" </").decode() for link in links.split(b",") if b"</9/" in link]
        return sorted({int(path.split("/")[1]) for path in paths})

    def remove_instances(self):
        """Deletes the instances of object 9 that an attack made. One with an unfinished push may refuse."""
        for instance in self.instances():
            if instance:
                until(10, f"/9/{instance} is deleted", lambda: self._removes(instance), every=0.2)

    def _removes(self, instance):
        # An instance belongs to the server that created it.
        for server in self.servers.values():
            code = server.request(coap.DELETE, f"/9/{instance}").code
            if code in (coap.DELETED, coap.NOT_FOUND) or server.read(f"/9/{instance}/7") == b"1":
                return True
        return False

    # Changes.

    def state(self):
        """The values that servers can change and read, by path."""
        # A server sees its own account.
        found = {("1", str(account), str(resource)): server.read(f"/1/{account}/{resource}")
                 for account, server in enumerate(self.servers.values()) for resource in (0, 1, 2, 3, 6, 7)}
        for instance in self.instances():
            found[("9", str(instance))] = b"present"
            for resource in (0, 1, 7, 8, 9, 12):
                found[("9", str(instance), str(resource))] = self.any.read(f"/9/{instance}/{resource}")
        return found

    def unexplained(self, before, after):
        """The differences between two states that no successful request explains."""
        touched = {path for server in self.servers.values() for path in server.touched}
        changed = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
        return [f"{'/'.join(path)}: {before.get(path)} → {after.get(path)}" for path in sorted(changed)
                if not any(path[:len(cause)] == cause for cause in touched)]
