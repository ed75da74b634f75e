"""The tools of the fault campaign: fault points to arm, and a gateway whose whole state can be compared."""

import dataclasses
import json
import os
import pathlib
import re
import threading
import time

from . import packages
from .bus import BusError, Installer
from .case import Failed, until
from .gateway import DELIVERED, FAILED, INITIAL, INSTALLED, RESULT_INSTALLED, UNINSTALL_FAILED, Gateway, Slot
from .leshan import plain

ROOT = pathlib.Path(__file__).resolve().parents[3]
AGENT, INSTALLD = "gatekeeld.service", "gatekeel-installd.service"
UNITS = (AGENT, INSTALLD, "gatekeel-recover.service")
FOLDER = "/run/gatekeel-faults"
ATTACHED = "/etc/systemd/system.attached"
STORE = "/var/lib/gatekeel"
UNIT = "keelsample.service"


def places():
    """The names of the fault points, from the sources."""
    pattern = re.compile(r'"((?:archive|deployment|package|software|state)\.[a-z.-]+\.[a-z]+)"')
    found = set()
    for path in (ROOT / "Sources").rglob("*.swift"):
        text = path.read_text()
        if "faultPoint(" in text or "passage(" in text or path.name == "FaultNames.swift":
            found |= set(pattern.findall(text))
    # One module writes the state files of both daemons.
    return sorted(name for place in found
                  for name in ([f"{place}@gatekeeld", f"{place}@gatekeel-installd"] if place.startswith("state.") else [place]))


@dataclasses.dataclass(frozen=True)
class World:
    """The expected state of a gateway: the sample's installed version (None if not installed), the previous version, and
    whether it is active. `kept`: it was removed but not purged."""

    version: str | None = None
    previous: str | None = None
    active: bool = False
    kept: bool = False

    def __str__(self):
        if not self.version:
            return "nothing" + (" except configuration" if self.kept else "")
        return f"{self.version} {'active' if self.active else 'inactive'}" + (f" after {self.previous}" if self.previous else "")


class Subject:
    """A gateway with fault points, its sample, and its expected state."""

    def __init__(self, t, image, server=None, name="gateway", probation="1s"):
        self.t, self.name = t, name
        self.good = packages.sample("1.0", compression="gzip")
        self.g = Gateway(t, installer=f"\n[Probation]\nTime={probation}\nStartTimeout=5s\nStopTimeout=3s\n", boot=False,
                         image=image, server=server, endpoint=name)
        self.machine, self.device = self.g.machine, self.g.device
        for unit in UNITS:
            # Shorter restart pauses than in production, because every kill would have to wait for them.
            self.machine.write(f"/etc/systemd/system/{unit}.d/faults.conf",
                               f"[Service]\nReadWritePaths=-{FOLDER}\n" + ("RestartSec=50ms\n" if unit in UNITS[:2] else ""))
        self.machine.write("/etc/tmpfiles.d/faults.conf", f"d {FOLDER} 0777 root root -\n")
        self.g.boot()
        self.boot = self.machine.sh("tr -d - </proc/sys/kernel/random/boot_id").strip()
        self.bus = Installer(self.machine)
        t.stack.callback(self.bus.close)
        self.slot = self.g.create(1)
        self.instances = {0, 1}
        self.number = 0
        self.units, self.with_other = {}, set()
        self.world = World()
        self.seen = None
        self.note_agent()

    def step(self, text):
        self.t.step(f"{self.name}: {text}")

    # Packages.

    @property
    def version(self):
        return f"1.{self.number}"

    def signed(self, behaviour="good", manifest=None, stops_otherwise=False):
        """The sample in the next version."""
        self.number += 1
        self.units[self.version] = packages.unit_of(self.version, stops_otherwise)
        if stops_otherwise:
            self.with_other.add(self.version)
        made = packages.revised(self.good, self.version, behaviour, self.units[self.version], distinct=True, other=stops_otherwise)
        return self.g.authority.sign(made, manifest)

    # Fault points.

    def arm(self, place, action):
        path = self.machine.path(f"{FOLDER}/{place}")
        path.write_text(action)
        path.chmod(0o666)

    def left(self, place):
        """How many passages of a fault point are left."""
        return int(self.machine.read(f"{FOLDER}/{place}").split()[1])

    def disarm(self):
        folder = self.machine.path(FOLDER)
        for path in list(folder.iterdir()):
            path.unlink()

    def recover(self):
        """Resets the gateway completely after a failed visit."""
        self.disarm()
        self.machine.sh(f"""
            systemctl stop {AGENT} {INSTALLD} keelsample.service || true
            rm -rf {STORE}/* /var/lib/gatekeeld/* /etc/systemd/system.attached /etc/keelsample* /etc/tmpfiles.d/gatekeel-*
            find /etc/systemd/system -lname '{ATTACHED}/*' -delete
            systemctl daemon-reload
            systemctl reset-failed
            systemctl start {AGENT} {INSTALLD}""")
        self.world, self.instances = World(), {0, 1}
        self.settled()
        self.device.create(9, 1).expect("2.01")

    # Requests to a gateway that may die during them.

    def note_agent(self):
        """Records the agent's process and its registration."""
        registration = self.device.registration()
        self.seen = self.bus.main_pid(AGENT), registration and registration.get("registrationId")

    def ask(self, request):
        """The answer to a request; None if the agent died during it."""
        answers = []

        def run():
            try:
                answers.append(request())
            except (Failed, OSError, ValueError) as error:
                answers.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        process = self.seen[0]
        gone = None
        while True:
            thread.join(0.02)
            if not thread.is_alive():
                return answers[0] if answers and not isinstance(answers[0], Exception) else None
            if gone is None and self.process() != process:
                # An answer may still arrive.
                gone = time.monotonic() + 0.2
            if gone and time.monotonic() > gone:
                return None

    def process(self):
        try:
            return self.bus.main_pid(AGENT)
        except BusError:
            return -1

    def settled(self, seconds=60):
        """Waits until both daemons are up and idle and the server gets answers. Returns the instances as read."""
        last = "nothing"

        def look():
            nonlocal last
            try:
                for unit in UNITS[:2]:
                    last = f"{unit} is {self.bus.unit(unit, 'ActiveState')}"
                    if not last.endswith(" active"):
                        return None
                last = "the installer is busy"
                if self.bus.busy():
                    return None
                process = self.bus.main_pid(AGENT)
            except BusError as error:
                last = str(error)
                return None
            if process != self.seen[0]:
                last = "no new registration"
                registration = self.device.registration()
                if not registration or registration.get("registrationId") == self.seen[1]:
                    return None
                self.seen = process, registration.get("registrationId")
            answer = self.device.call("GET", "/9", timeout=2)
            last = f"{answer}"
            if answer.code != "2.05":
                return None
            found = plain(answer.content)
            if any(instance.get(7) in (1, 2) for instance in found.values()):
                return None
            return (found,)

        try:
            return until(seconds, "the gateway settles", look, every=0.05)[0]
        except Failed as failure:
            raise Failed(f"{failure}: {last}") from None

    def state(self):
        return self.settled()[1][7]

    # The state of the gateway: files, systemd, the process, the command line, the server.

    def look(self, instances):
        """The whole observable state, as one dictionary."""
        m = self.machine
        package = m.path(f"{STORE}/packages/keelsample")
        listed = json.loads(m.run("gatekeel", "packages", "--json").out)
        seen = {
            "store": [name for name in originals(package) if name != "state"],
            "packages": sorted(names(m.path(f"{STORE}/packages"))),
            "current": link(package / "current"), "previous": link(package / "previous"),
            "staged": len(names(m.path(f"{STORE}/staged"))),
            # The clock is there from the first accepted package on.
            "journal": [name for name in originals(m.path(f"{STORE}/journal")) if name != "clock"],
            "work": names(m.path(f"{STORE}/journal/work")),
            "attached": tree(m.path(ATTACHED)),
            "tmpfiles": [name for name in names(m.path("/etc/tmpfiles.d")) if name != "faults.conf"],
            "enabled": sorted(f"{path.parent.name}/{path.name}" for path in m.path("/etc/systemd/system").glob("*/*")
                              if path.is_symlink() and ATTACHED in os.readlink(path)),
            "conffiles": {path.name: path.read_text() for path in m.path("/etc").glob("keelsample*")},
            "unit": {name: self.unit(name) for name in (UNIT, "keelsample-odd.service", "keelsample-even.service")},
            "process": self.process_says(),
            "listed": {entry["name"]: {key: entry.get(key) for key in ("state", "version", "previous", "active", "enabled")}
                       for entry in listed},
            "agent's files": originals(m.path("/var/lib/gatekeeld")),
            "agent's records": {name: record_state(m.path("/var/lib/gatekeeld/software") / name)
                                for name in originals(m.path("/var/lib/gatekeeld/software"))},
            "server": {number: {"name": found.get(0), "version": found.get(1), "state": found.get(7), "active": found.get(12)}
                       for number, found in instances.items()},
        }
        return seen

    def unit(self, name):
        """The unit as systemd has loaded it, and whether that matches the disk."""
        if self.bus.unit(name, "LoadState") == "not-found":
            return "not-found"
        return {"state": self.bus.unit(name, "ActiveState"), "description": self.bus.unit(name, "Description"),
                "from": self.bus.unit(name, "FragmentPath"), "stale": self.bus.unit_flag(name, "NeedDaemonReload")}

    def process_says(self):
        """The version (from the release) and the greeting (from the configuration file) of the running process."""
        if self.bus.unit(UNIT, "ActiveState") != "active":
            return None
        pid = self.bus.main_pid(UNIT)
        words = self.machine.read("/run/keelsample/version").split()
        return [words[0], words[2]] if words[1] == str(pid) else f"{words} was not written by process {pid}"

    def wanted(self, world, instances):
        """The expected result of `look`."""
        version = world.version
        staged = instances[1][7] == DELIVERED
        attached, unit = {}, {name: "not-found" for name in (UNIT, "keelsample-odd.service", "keelsample-even.service")}
        if version:
            others = [packages.other_unit(version)] if version in self.with_other else []
            attached = {UNIT: self.units[version], **{name: packages.OTHER_UNIT for name in others},
                        **{f"{name}.d/10-gatekeel.conf": f"ExtensionDirectories={STORE}/packages/keelsample/{version}"
                           for name in (UNIT, *others)}}
            unit[UNIT] = {"state": "active" if world.active else "inactive", "description":
                          f"Keel sample {version}, a service for tests", "from": f"{ATTACHED}/{UNIT}", "stale": False}
            unit |= {name: {"state": "inactive", "description": "What only some versions have", "from": f"{ATTACHED}/{name}",
                            "stale": False} for name in others}
        server = {number: {"name": "", "version": "", "state": INITIAL, "active": False} for number in self.instances}
        if version:
            server[1] = {"name": "keelsample", "version": version, "state": instances[1][7], "active": world.active}
        if staged:
            server[1] |= {"name": "keelsample", "version": self.version, "state": DELIVERED}
        elif not version:
            server[1]["state"] = INITIAL
        elif server[1]["state"] != INITIAL:
            server[1]["state"] = INSTALLED
        listed = {}
        if version:
            listed["keelsample"] = {"state": "installed", "version": version, "previous": world.previous or "",
                                    "active": world.active, "enabled": world.active}
        elif world.kept:
            listed["keelsample"] = {"state": "absent", "version": "", "previous": "", "active": False, "enabled": False}
        return {
            "store": sorted({"current", version} | ({"previous", world.previous} if world.previous else set())) if version
            else ["pristine"] if world.kept else [],
            "packages": ["keelsample"] if version or world.kept else [],
            "current": version, "previous": world.previous,
            "staged": int(staged), "journal": ["history", "reserve", "work"], "work": [],
            "attached": attached, "tmpfiles": [],
            "enabled": [f"multi-user.target.wants/{UNIT}"] if world.active else [],
            "conffiles": {"keelsample.conf": self.conffile(world)} if version or world.kept else {},
            "unit": unit, "process": [version, f"hello-{version}"] if world.active else None, "listed": listed,
            "agent's files": ["accounts", "configuration", "software"],
            "agent's records": {f"{number}.record": (instances[number][7], self.boot) for number in self.instances
                                if number and number in instances},
            "server": server,
        }

    def conffile(self, world):
        # A removal leaves the configuration that was packaged last.
        return packages.conffile(world.version or self.world.version or self.last)

    def is_like(self, *worlds, seconds=6):
        """Waits until the state of the gateway matches one of these completely. Stores it in `self.world` and returns it."""
        differences = {}

        def look():
            instances = self.settled()
            try:
                results(instances)
            except Failed as failure:
                # The agent hears of the end a moment after the installer is idle.
                differences["any"] = [str(failure)]
                return None
            differences.pop("any", None)
            seen = self.look(instances)
            for world in worlds:
                wanted = self.wanted(world, instances)
                differences[str(world)] = difference(wanted, seen)
                if not differences[str(world)]:
                    return world
            return None

        try:
            world = until(seconds, f"one of {', '.join(map(str, worlds))}", look, every=0.2)
        except Failed as failure:
            nearest = min(differences, key=lambda name: len(differences[name]), default="")
            raise Failed(f"the gateway is in a mixed state, {str(failure).partition(';')[0]}; nearest is {nearest}, but\n    "
                         + "\n    ".join(differences.get(nearest, ()))) from None
        if world.version is None and world.kept:
            self.last = self.world.version or self.last
        self.world = world
        return world


def results(instances):
    """Fails if Update Result and Update State do not fit together."""
    for number, found in instances.items():
        state, result = found.get(7), found.get(9)
        fits = {INITIAL: (0, 50, 51, 52, 53, 54, 56, 57, 58), DELIVERED: (3, FAILED),
                INSTALLED: (0, RESULT_INSTALLED, UNINSTALL_FAILED)}
        if result is not None and result not in fits.get(state, ()):
            raise Failed(f"/9/{number}: Result {result} in State {state}")
        if result in (FAILED, UNINSTALL_FAILED) and not found.get(16):
            raise Failed(f"/9/{number}: Result {result} without a Status Reason")


def names(path):
    try:
        return sorted(os.listdir(path))
    except FileNotFoundError:
        return []


def record_state(path):
    """The Update State in a record of the agent, the state after a restart, and the boot that the record is from."""
    if path.suffix != ".record":
        return "left over"
    found = re.search(r"^State=(\d+)$.*^Boot=(\w+)$", path.read_text(), re.MULTILINE | re.DOTALL)
    return (int(found[1]), found[2]) if found else "no state"


def originals(path):
    """The names in a folder, without backup copies."""
    found = names(path)
    return [name for name in found if not (name.endswith(".previous") and name.removesuffix(".previous") in found)]


def link(path):
    return os.readlink(path) if path.is_symlink() else None


def tree(path):
    """The texts of the files of a folder; only the line with the release of our drop-ins."""
    found = {}
    for folder, _, files in os.walk(path):
        for file in files:
            text = (pathlib.Path(folder) / file).read_text()
            if file == "10-gatekeel.conf":
                text = "\n".join(line for line in text.splitlines() if line.startswith("ExtensionDirectories="))
            found[os.path.relpath(f"{folder}/{file}", path)] = text
        if not files and folder != str(path) and not os.listdir(folder):
            found[os.path.relpath(folder, path)] = "an empty folder"
    return found


def difference(wanted, seen):
    """The differences, as lines."""
    return [f"{key}: expected {wanted.get(key)!r}, saw {seen.get(key)!r}"
            for key in {**wanted, **seen} if wanted.get(key) != seen.get(key)]
