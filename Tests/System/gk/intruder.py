"""An attacker who took gatekeeld over: a process of gatekeeld's user in the machine that calls gatekeel-installd.

The machine has no Python, so this program starts outside, enters the machine's namespaces and becomes the user. It prints its
results as JSON. Usage: intruder.py LEADER UID GID INSTALLER-PID SEED SECONDS FOLDER. FOLDER has unsigned.deb, signed.deb and
old.deb."""

import collections
import ctypes
import errno
import fcntl
import json
import os
import pathlib
import random
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from gk.dbuswire import Connection, Lost, Variant, types  # noqa: E402
from gk.packages import members  # noqa: E402

INSTALLER, HOST = "org.gatekeel.Installer1", "org.gatekeel.Host1"
PATHS = {INSTALLER: "/org/gatekeel/Installer1", HOST: "/org/gatekeel/Host1"}
METHODS = {
    INSTALLER: {"Stage": "ha{sv}", "Discard": "s", "Install": "sa{sv}", "Remove": "sa{sv}", "Activate": "s", "Deactivate": "s",
                "Rollback": "s", "ListPackages": "", "GetPackage": "s", "Overlay": "s", "ListStaged": "", "GetDeployment": "s",
                "ListDeployments": "u", "Keyring": ""},
    # Not Reboot: the user may call it, and it would end the test.
    HOST: {"SetTime": "t", "SetTimezone": "s"},
}
# Methods that change nothing; the user may call them.
LOOKS = {"ListPackages", "ListStaged", "ListDeployments", "Keyring", "GetPackage", "Overlay", "GetDeployment"}
TEXTS = ("", ".", "..", "/", "../../etc/passwd", "../../../tmp/x", "/etc/passwd", "dbus", "dbus.service", "ssh", "keelsample/..",
         "keelsample/../../x", "KEELSAMPLE", "keelsample\n", " keelsample", "keelsample ", "-rf", "--help", "a" * 64, "a" * 65,
         "a" * 128, "a" * 100000, "%s%n%x", "$(id)", "`id`", ";id", "*", "?", "\u202e", "é", "keel sample", "0", "null", "current",
         "staged", "journal", "packages", "x.service", "system.slice", "Europe/../../../etc/shadow", "/Europe/Berlin",
         "Europe//Berlin", "Europe/Berlin/", "posix/../../../../etc/passwd", "a/b/c/d/e/f")
FORBIDDEN = ("/var/lib/gatekeel/x", "/var/lib/gatekeel/staged/x", "/var/lib/gatekeel/packages/x", "/etc/gatekeel/keyring.d/x.pem",
             "/etc/gatekeel/installd.conf.d/x.conf", "/etc/gatekeel/gatekeeld.conf.d/x.conf", "/etc/systemd/system/x.service",
             "/etc/systemd/system.attached/x.service", "/usr/lib/gatekeel/x", "/etc/x", "/usr/bin/x",
             "/run/systemd/system/x.service")


class Intruder:
    def __init__(self, random, seconds, packages, installer):
        self.random, self.deadline, self.packages, self.installer = random, time.monotonic() + seconds, packages, installer
        self.calls = 0
        self.errors = collections.Counter()
        # Calls that should have been refused, and calls without reply.
        self.accepted, self.silent = [], []
        self.connection = Connection()

    def anew(self):
        self.connection.close()
        self.connection = Connection()

    # Calls.

    def call(self, member, signature="", *values, interface=INSTALLER, descriptors=(), seconds=40):
        self.calls += 1
        try:
            return self.connection.call(INSTALLER, PATHS.get(interface, "/"), interface, member, signature, *values,
                                        descriptors=descriptors, seconds=seconds)
        except Lost:
            # The bus daemon closes a connection that exceeds its limits.
            self.errors["lost"] += 1
            self.anew()
            return None

    def refused(self, what, member, signature="", *values, **options):
        """A call that must return an error."""
        lost = self.errors["lost"]
        reply = self.call(member, signature, *values, **options)
        if reply is None:
            if self.errors["lost"] == lost:
                self.silent.append(what)
        elif reply.error is None:
            self.accepted.append(f"{what}: {reply}"[:300])
        else:
            self.errors[reply.error] += 1

    def stage(self, what, descriptor, options=None, **more):
        self.refused(f"Stage of {what}", "Stage", "ha{sv}", 0, options or {}, descriptors=[descriptor], **more)

    # Descriptors.

    def hostile_descriptors(self):
        unsigned, signed = self.packages["unsigned"], self.packages["signed"]
        damaged = bytearray(signed)
        damaged[self.random.choice(covered(signed))] ^= 1
        for what, data in (("an unsigned package", unsigned), ("nothing", b""), ("a header", b"!<arch>\n"),
                           ("a signed package that is cut off", signed[:self.random.randrange(len(signed))]),
                           ("a signed package with a flipped bit", bytes(damaged)),
                           ("a signed package twice", signed + signed),
                           ("a signed package with more behind it", signed + unsigned[8:]),
                           ("an unsigned package before a signed one", unsigned + signed[8:]),
                           ("noise", self.random.randbytes(100000))):
            with memory(data) as file:
                self.stage(what, file.fileno())
        with memory(b"") as file:
            file.truncate(8 << 40)
            self.stage("eight empty tebibytes", file.fileno())
        folder = pathlib.Path(f"/tmp/intruder-{os.getpid()}")
        folder.mkdir()
        (folder / "unsigned.deb").write_bytes(unsigned)
        (folder / "link").symlink_to("/etc/shadow")
        os.mkfifo(folder / "fifo")
        opened = {
            "a link itself": os.open(folder / "link", os.O_PATH | os.O_NOFOLLOW),
            "a path that is not opened": os.open(folder / "unsigned.deb", os.O_PATH),
            "a file that is for writing only": os.open(folder / "unsigned.deb", os.O_WRONLY),
            "a FIFO": os.open(folder / "fifo", os.O_RDWR),
            "a FIFO's end for reading": os.open(folder / "fifo", os.O_RDONLY | os.O_NONBLOCK),
            "a folder": os.open(folder, os.O_RDONLY),
            "the root": os.open("/", os.O_RDONLY | os.O_DIRECTORY),
            "/dev/zero": os.open("/dev/zero", os.O_RDONLY),
            "/dev/null": os.open("/dev/null", os.O_RDONLY),
            "/proc/self/mem": os.open("/proc/self/mem", os.O_RDONLY),
            "/proc/self/environ": os.open("/proc/self/environ", os.O_RDONLY),
            "an event counter": os.eventfd(0),
            "a socket": socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).detach(),
            "a pipe": os.pipe()[0],
        }
        for what, descriptor in opened.items():
            self.stage(what, descriptor)
        (folder / "leased.deb").write_bytes(unsigned)
        leased = os.open(folder / "leased.deb", os.O_RDONLY)
        fcntl.fcntl(leased, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        self.stage("a file under a lease", leased)
        locked = os.open(folder / "unsigned.deb", os.O_RDWR)
        fcntl.flock(locked, fcntl.LOCK_EX)
        self.stage("a locked file", locked)
        self.refused("Stage with five descriptors", "Stage", "ha{sv}", 4, {}, descriptors=[locked] * 5)
        self.stage("an option that there is not", locked, {"force": Variant("b", True)})
        for descriptor in (*opened.values(), leased, locked):
            os.close(descriptor)
        for name in ("unsigned.deb", "leased.deb", "link", "fifo"):
            (folder / name).unlink()
        folder.rmdir()

    def changing_file(self):
        """A file that alternates between a signed and an unsigned package while the installer copies it."""
        signed, unsigned = self.packages["signed"], self.packages["unsigned"]
        with memory(signed) as file:
            ended = threading.Event()

            def change():
                while not ended.is_set():
                    os.pwrite(file.fileno(), unsigned, 0)
                    os.pwrite(file.fileno(), signed, 0)
                    os.ftruncate(file.fileno(), len(signed) + self.random.randrange(2) * 4096)

            changing = threading.Thread(target=change)
            changing.start()
            for _ in range(8):
                reply = self.call("Stage", "ha{sv}", 0, {}, descriptors=[file.fileno()])
                if reply is None:
                    self.silent.append("Stage of a file that changes")
                elif reply.error is None:
                    # The copy was the signed package by chance.
                    if not reply.values[1].get("signer"):
                        self.accepted.append(f"a file that changes: {reply}")
                    self.call("Discard", "s", reply.values[0])
            ended.set()
            changing.join()

    def growing_file(self):
        """A file that grows while the installer copies it."""
        with memory(self.packages["signed"]) as file:
            ended = threading.Event()

            def grow():
                size = 1 << 20
                while not ended.is_set() and size < 256 << 20:
                    os.pwrite(file.fileno(), bytes(1 << 16), size)
                    size += 1 << 16

            growing = threading.Thread(target=grow)
            growing.start()
            self.stage("a file that grows", file.fileno())
            ended.set()
            growing.join()

    # Rights.

    def beyond_its_rights(self):
        """Calls that only root may make, and access to files and processes of others."""
        with memory(self.packages["old"]) as file:
            reply = self.call("Stage", "ha{sv}", 0, {}, descriptors=[file.fileno()])
        if reply and reply.error is None:
            token = reply.values[0]
            self.refused("an older version", "Install", "sa{sv}", token, {})
            self.refused("an older version, by its option", "Install", "sa{sv}", token, {"allow-downgrade": Variant("b", True)})
            self.refused("an activation that there is not", "Install", "sa{sv}", token, {"activate": Variant("s", "always")})
            self.call("Discard", "s", token)
            self.refused("what was dropped", "Install", "sa{sv}", token, {})
        self.refused("a rollback", "Rollback", "s", "keelsample")
        self.refused("a purge", "Remove", "sa{sv}", "keelsample", {"purge": Variant("b", True)})
        self.refused("to forget the newest signed time", "ResetSignedTime", "")
        self.refused("a purge in other words", "Remove", "sa{sv}", "keelsample", {"purge": Variant("s", "yes")})
        properties = "org.freedesktop.DBus.Properties"
        for interface, member in ((INSTALLER, "Version"), (INSTALLER, "Busy"), (HOST, "HardwareSerial"), ("x.y", "z")):
            reply = self.connection.call(INSTALLER, PATHS.get(interface, "/"), properties, "Set", "ssv", interface, member,
                                         Variant("s", "mine"))
            self.took(f"Set of {member}", reply)
        systemd = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")
        for member, signature, values in (
                ("StartUnit", "ss", ("reboot.target", "replace")), ("StopUnit", "ss", ("keelsample.service", "replace")),
                ("KillUnit", "ssi", ("gatekeel-installd.service", "all", 9)), ("Reload", "", ()), ("Reexecute", "", ()),
                ("StartTransientUnit", "ssa(sv)a(sa(sv))", ("x.service", "replace", [("ExecStart", Variant(
                    "a(sasb)", [("/bin/sh", ["sh", "-c", "id >/etc/x"], False)]))], []))):
            self.took(f"systemd's {member}", self.connection.call(*systemd, member, signature, *values))
        bus = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
        self.took("the installer's name", self.connection.call(*bus, "RequestName", "su", INSTALLER, 7))
        for path in FORBIDDEN:
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
                self.accepted.append(f"a file at {path}")
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EPERM, errno.ENOENT, errno.EROFS):
                    self.accepted.append(f"{path}: {error}")
        try:
            os.kill(self.installer, 9)
            self.accepted.append("a signal to the installer")
        except PermissionError:
            pass

    def took(self, what, reply):
        if reply is None:
            self.silent.append(what)
        elif reply.error is None:
            self.accepted.append(f"{what}: {reply}")
        else:
            self.errors[reply.error] += 1

    # Arguments.

    def hostile_arguments(self):
        for text in TEXTS:
            for member in ("Discard", "Activate", "Deactivate", "Rollback", "GetPackage", "GetDeployment"):
                self.refused(f"{member} of {text[:40]!r}", member, "s", text)
            for member in ("Install", "Remove"):
                self.refused(f"{member} of {text[:40]!r}", member, "sa{sv}", text, {})
            self.refused(f"SetTimezone of {text[:40]!r}", "SetTimezone", "s", text, interface=HOST)
        for number in (0, 1, 946_684_799_999_999, 7_258_118_400_000_001, (1 << 63) - 1, 1 << 63, (1 << 64) - 1):
            self.refused(f"SetTime of {number}", "SetTime", "t", number, interface=HOST)
        self.refused("Reboot with an argument", "Reboot", "s", "now", interface=HOST)
        large = {f"key{number}": Variant("s", "x" * 100) for number in range(20000)}
        nested = Variant("s", "x")
        for _ in range(30):
            nested = Variant("v", nested)
        for what, options in (("20,000 options", large), ("nested variants", {"purge": nested}),
                              ("an empty option", {"": Variant("b", True)}),
                              ("a large option", {"purge": Variant("s", "x" * (4 << 20))}),
                              ("a number for a flag", {"purge": Variant("u", 1)})):
            self.refused(f"Remove with {what}", "Remove", "sa{sv}", "keelsample", options)
            self.refused(f"Install with {what}", "Install", "sa{sv}", "0" * 32, options)

    def wrong_types(self):
        for interface, methods in METHODS.items():
            for member, right in methods.items():
                for signature, values in (("", ()), ("i", (-1,)), ("ss", ("keelsample", "x")), ("as", (["keelsample"],)),
                                          ("v", (Variant("s", "keelsample"),)), ("ay", (b"keelsample",)), ("o", ("/keelsample",)),
                                          ("a{sv}s", ({}, "keelsample")), ("sa{ss}", ("keelsample", {"purge": "true"}))):
                    if signature != right and not (member in LOOKS and signature == ""):
                        self.refused(f"{member} with {signature!r}", member, signature, *values, interface=interface)
        for member in ("", "Nothing", "stage", "Shutdown"):
            if member:
                self.refused(f"the method {member}", member, "s", "keelsample")

    def at_random(self):
        """A random method with random arguments of the right types."""
        random = self.random
        interface = random.choice((INSTALLER, INSTALLER, HOST))
        member, signature = random.choice(sorted(METHODS[interface].items()))
        # The name of the installed package is not among them: the user may deactivate it.
        words = [*TEXTS, "".join(chr(random.randrange(1, 0x2FF)) for _ in range(random.randrange(60)))]
        values = []
        with memory(mutated(random, self.packages[random.choice(("signed", "unsigned", "old"))])) as file:
            for type in types(signature):
                values.append({
                    "h": lambda: 0, "s": lambda: random.choice(words), "u": lambda: random.randrange(1 << 32),
                    "t": lambda: random.choice((0, random.randrange(946_684_800_000_000), (1 << 64) - 1)),
                    "a{sv}": lambda: {random.choice(words): self.variant() for _ in range(random.randrange(4))}}[type]())
            descriptors = [file.fileno()] if "h" in signature else []
            if member in LOOKS:
                self.call(member, signature, *values, interface=interface)
            else:
                self.refused(f"{member} of {values!r}"[:200], member, signature, *values, interface=interface,
                             descriptors=descriptors)

    def variant(self):
        return self.random.choice((Variant("b", True), Variant("s", "x"), Variant("u", 7), Variant("as", ["x"] * 50),
                                   Variant("a{sv}", {"x": Variant("v", Variant("b", False))}), Variant("d", 0.5)))

    # Floods.

    def pending_calls(self, count=3000):
        """Many calls at once, whose replies are read only after all are sent."""
        connections = [self.connection] + [Connection() for _ in range(5)]
        serials = []
        for number in range(count):
            connection = connections[number % len(connections)]
            member, values = self.random.choice((("GetPackage", ("s", "keelsample")), ("ListDeployments", ("u", (1 << 32) - 1)),
                                                 ("ListStaged", ()), ("Activate", ("s", "nothing")), ("Keyring", ())))
            try:
                serials.append((connection, connection.send(INSTALLER, PATHS[INSTALLER], INSTALLER, member, *values)))
            except (Lost, TimeoutError):
                self.errors["lost"] += 1
                break
        self.calls += len(serials)
        for connection, serial in serials:
            try:
                reply = connection.wait(serial, 30)
            except Lost:
                self.errors["lost"] += 1
                break
            if reply is None:
                self.silent.append("one of thousands of calls")
                break
            self.errors[reply.error or "answered"] += 1
        for connection in connections[1:]:
            connection.close()
        self.anew()

    def come_and_go(self, count=200):
        """Connects, calls, and disconnects before the reply."""
        with memory(self.packages["signed"]) as file:
            for number in range(count):
                connection = Connection()
                if number % 3 == 0:
                    connection.send(INSTALLER, PATHS[INSTALLER], INSTALLER, "Stage", "ha{sv}", 0, {}, descriptors=[file.fileno()])
                else:
                    connection.send(INSTALLER, PATHS[INSTALLER], INSTALLER, "ListPackages")
                connection.close()
                self.calls += 1

    def many_descriptors(self, count=500):
        """Many calls of Stage with a descriptor each, half of them pipes that nobody writes to."""
        connections, reading, writing = [Connection() for _ in range(8)], *os.pipe()
        with memory(self.packages["signed"]) as file:
            for number in range(count):
                descriptor = reading if number % 2 else file.fileno()
                try:
                    connections[number % 8].send(INSTALLER, PATHS[INSTALLER], INSTALLER, "Stage", "ha{sv}", 0, {},
                                                 descriptors=[descriptor])
                except (Lost, TimeoutError):
                    self.errors["lost"] += 1
                    break
                self.calls += 1
        for connection in connections:
            connection.close()
        os.close(reading)
        os.close(writing)

    def drop_what_is_staged(self):
        """Discards the packages that `come_and_go` and `many_descriptors` staged."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            reply = self.call("ListStaged")
            staged = reply.values[0] if reply and not reply.error else []
            for package in staged:
                self.call("Discard", "s", package["token"])
            if not staged:
                time.sleep(0.5)
                if not self.call("ListStaged").values[0]:
                    return
        self.accepted.append("packages stay staged")

    def run(self):
        for step in (self.hostile_descriptors, self.changing_file, self.growing_file, self.beyond_its_rights,
                     self.hostile_arguments, self.wrong_types, self.pending_calls, self.come_and_go, self.many_descriptors):
            began = time.monotonic()
            step()
            print(json.dumps({"step": step.__name__, "seconds": round(time.monotonic() - began, 2)}), flush=True)
        while time.monotonic() < self.deadline:
            self.at_random()
        self.drop_what_is_staged()
        print(json.dumps({"calls": self.calls, "errors": self.errors, "accepted": self.accepted, "silent": self.silent}),
              flush=True)


def memory(data):
    """An anonymous file with these bytes."""
    file = os.fdopen(os.memfd_create("package"), "r+b", buffering=0)
    file.write(data)
    return file


def mutated(random, data):
    """The bytes with some bits flipped, so that no signature matches."""
    damaged = bytearray(data)
    places = covered(data)
    for _ in range(random.randrange(1, 5)):
        damaged[random.choice(places)] ^= 1 << random.randrange(8)
    return bytes(damaged)


def covered(data):
    """The places of the bytes that a package's signature covers: the archive's own headers have dates that nobody reads."""
    content = next(content for name, content in members(data) if name.startswith("data.tar"))
    start = data.index(content)
    return range(start, start + len(content))


def enter(leader, uid, gid):
    """Enters the machine's mount namespace and becomes the user. nsenter has entered the other namespaces."""
    root = os.open(f"/proc/{leader}/root", os.O_PATH)
    mounts = os.open(f"/proc/{leader}/ns/mnt", os.O_RDONLY)
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(mounts, 0x00020000) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.fchdir(root)
    os.chroot(".")
    os.close(root)
    os.close(mounts)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    # As if the process had been started by this user (prctl(2): PR_SET_DUMPABLE).
    library.prctl(4, 1, 0, 0, 0)


def main():
    leader, uid, gid, installer, seed = map(int, sys.argv[1:6])
    folder = pathlib.Path(sys.argv[7])
    packages = {name: (folder / f"{name}.deb").read_bytes() for name in ("unsigned", "signed", "old")}
    enter(leader, uid, gid)
    Intruder(random.Random(seed), float(sys.argv[6]), packages, installer).run()


if __name__ == "__main__":
    main()
