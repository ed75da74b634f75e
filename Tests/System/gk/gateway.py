"""A machine with our package, configured for a Leshan in the same network, and an operator's operations on object 9."""

import time

from . import packages
from .case import Failed, equal, expect, until

ENDPOINT = "gateway"
KEY = bytes.fromhex("000102030405060708090a0b0c0d0e0f")

# File servers of the tests are on loopback, and some of their disks are smaller than the reserve that ships.
AGENT = """\
[Agent]
Endpoint={endpoint}

[Software]
AllowLocalDownloads=yes
DiskReserve=0

[Server leshan]
URI={uri}
PSKIdentity={endpoint}
PSKKeyFile=/etc/gatekeel/keys/leshan
Lifetime={lifetime}
"""

# Shorter than the defaults, because a test waits for each of them.
INSTALLER = """\
[Probation]
Time=3s
StartTimeout=5s
StopTimeout=3s
"""

# Object 9's states and results, with the registry's names.
INITIAL, DOWNLOADING, DOWNLOADED, DELIVERED, INSTALLED = range(5)
RESULT_INSTALLED, RESULT_DELIVERED, INTEGRITY, UNSUPPORTED, FAILED, UNINSTALL_FAILED = 2, 3, 53, 54, 58, 59


class Gateway:
    """The machine, the server, the device as the server sees it, and an authority that the machine trusts."""

    def __init__(self, t, uri="coaps://127.0.0.1:5684", lifetime="300", agent="", installer=INSTALLER, leshan=(),
                 image=None, boot=True, server=None, endpoint=ENDPOINT):
        self.t = t
        self.server = server or t.leshan(*leshan)
        self.server.authorize(endpoint, endpoint, KEY)
        self.device = self.server.device(endpoint)
        self.authority = packages.Authority(t.folder / f"authority-{endpoint}")
        self.machine = t.machine(image)
        configure(self.machine, self.authority, AGENT.format(endpoint=endpoint, uri=uri, lifetime=lifetime) + agent, installer)
        self.events = self.server.events(endpoint)
        if boot:
            self.boot()

    def boot(self):
        self.machine.boot()
        self.registered()

    def registered(self, seconds=20):
        """Waits for the next registration."""
        event = self.events.registration(seconds)
        self.t.step("registered")
        return event

    # Packages.

    def signed(self, version, behaviour="good", manifest=None, signer=None, **more):
        return self.authority.sign(packages.sample(version, behaviour, **more), manifest, signer)

    def create(self, instance=1):
        self.device.create(9, instance).expect("2.01")
        return Slot(self, instance)

    def slot(self, instance):
        return Slot(self, instance)

    # The running version.

    def running(self):
        """The version that the sample's process reports; None if it does not run."""
        if self.machine.state("keelsample.service") != "active":
            return None
        if not self.machine.exists("/run/keelsample/version"):
            return None
        return (self.machine.read("/run/keelsample/version").split() or [None])[0]

    def runs(self, version, seconds=10):
        until(seconds, f"keelsample {version} runs", lambda: self.running() == version)

    def current(self, name="keelsample"):
        """The release that the store's link names."""
        link = self.machine.path(f"/var/lib/gatekeel/packages/{name}/current")
        return link.readlink().name if link.is_symlink() else None


class Slot:
    """One instance of object 9."""

    def __init__(self, gateway, instance):
        self.gateway, self.device, self.events, self.t = gateway, gateway.device, gateway.events, gateway.t
        self.path = f"/9/{instance}"

    def value(self, resource):
        return self.device.value(f"{self.path}/{resource}")

    def reads(self, names):
        """Resources by name: name, version, state, result, active."""
        numbers = {"name": 0, "version": 1, "state": 7, "result": 9, "active": 12}
        return {name: self.value(numbers[name]) for name in names}

    def shows(self, **wanted):
        """Checks the current values of resources."""
        equal(self.reads(wanted), wanted, self.path)
        return self

    def becomes(self, seconds, **wanted):
        """Waits until resources have these values, for changes that happen after an answer."""
        seen = {}

        def look():
            seen.update(self.reads(wanted))
            return seen == wanted

        try:
            until(seconds, f"{self.path} {wanted}", look, every=0.1)
        except Failed:
            raise Failed(f"{self.path} within {seconds:g} s: expected {wanted}, saw {seen}; {self.value(16)}") from None
        return self

    def observe(self):
        """Observes State, Result and Activation State, as servers do."""
        for resource in (7, 9, 12):
            self.device.observe(f"{self.path}/{resource}").expect("2.05")
        return self

    def push(self, data, timeout=60):
        return self.device.write(f"{self.path}/2", data, timeout=timeout)

    def deliver(self, data):
        """Pushes a package, which must be delivered."""
        answer = self.push(data).expect("2.04")
        self.becomes(20, state=DELIVERED, result=RESULT_DELIVERED)
        self.t.step(f"{self.path}: {len(data)} bytes delivered in {answer.seconds:.2f} s")
        return self

    def install(self):
        return self.device.execute(f"{self.path}/4", timeout=30)

    def uninstall(self, argument=None):
        return self.device.execute(f"{self.path}/6", argument, timeout=30)

    def for_update(self):
        self.uninstall("1").expect("2.04")
        self.becomes(10, state=INITIAL)
        return self

    def activate(self):
        return self.device.execute(f"{self.path}/10", timeout=30)

    def deactivate(self):
        return self.device.execute(f"{self.path}/11", timeout=30)

    def installed(self, data, version, seconds=40):
        """Delivers and installs a package, and waits until it is kept."""
        self.deliver(data)
        began = time.monotonic()
        expect(self.install().code == "2.04", "Install is answered 2.04")
        self.becomes(seconds, state=INSTALLED, result=RESULT_INSTALLED)
        equal(self.value(1), version, f"{self.path}/1 (version)")
        self.t.step(f"{self.path}: {version} installed in {time.monotonic() - began:.2f} s")
        return self


def configure(machine, authority, agent, installer):
    """Writes the files of an administrator: drop-ins, the key, and the trusted certificate."""
    machine.write("/etc/gatekeel/gatekeeld.conf.d/test.conf", agent)
    machine.write("/etc/gatekeel/installd.conf.d/test.conf", installer)
    machine.write("/etc/gatekeel/keys/leshan", KEY.hex() + "\n", 0o640, "root:gatekeel")
    machine.write("/etc/gatekeel/keyring.d/test.pem", authority.certificate.read_bytes())
