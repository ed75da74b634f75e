"""Checks that an attack left no traces: in processes, memory, descriptors, the journal and files."""

import collections
import os
import random
import re
import stat
import threading
import time

from .case import Failed, equal, expect, until

DAEMONS = ("gatekeeld.service", "gatekeel-installd.service")
# Texts in the journal that mean a crash.
CRASHES = ("dumped core", "Fatal error", "fatal error", "Main process exited", "Watchdog timeout", "stack trace", "SIGABRT",
           "Failed with result", "Illegal instruction", "double free", "corrupted")


def seconds():
    """The length of each attack: GATEKEEL_ATTACK_SECONDS, or 15."""
    return float(os.environ.get("GATEKEEL_ATTACK_SECONDS", "15"))


def seeded(t):
    """A random generator from GATEKEEL_SEED, or from a new seed. Prints the seed."""
    seed = int(os.environ.get("GATEKEEL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
    t.step(f"GATEKEEL_SEED={seed}")
    return random.Random(seed)


class Standing:
    """A measurement before an attack; `check` compares."""

    def __init__(self, t, machine, units=DAEMONS):
        self.t, self.machine, self.units = t, machine, units
        self.before = {unit: self.measure(unit) for unit in units}
        self.cursor = machine.run("journalctl", "--lines=0", "--show-cursor", "--no-pager").out.strip().rpartition(" ")[2]

    def measure(self, unit):
        pid = self.machine.main_pid(unit)
        expect(pid > 0, f"{unit} runs")
        rollup = self.machine.run("cat", f"/proc/{pid}/smaps_rollup").out
        dirty = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_Dirty:"))
        return {"pid": pid, "dirty": dirty, "descriptors": sum(self.opened(pid).values())}

    def opened(self, pid):
        """What a process's descriptors are open on, and how many are on each."""
        lines = self.machine.run("ls", "-l", f"/proc/{pid}/fd").out.splitlines()
        return collections.Counter(re.sub(r"\d+", "N", line.partition(" -> ")[2]) for line in lines if " -> " in line)

    def entries(self, *options):
        """The journal's entries since then."""
        return self.machine.journal(f"--after-cursor={self.cursor}", *options)

    def check(self, growth, lines, descriptors=2):
        """Fails unless each daemon is the same process, has at most `growth` KiB more private memory and at most `descriptors`
        more descriptors, and wrote at most `lines` lines to the journal."""
        for unit, before in self.before.items():
            now = self.measure(unit)
            self.t.step(f"{unit}: {before} → {now}")
            equal(now["pid"], before["pid"], f"{unit}: its process")
            expect(now["dirty"] - before["dirty"] <= growth,
                   f"{unit}: private memory grew from {before['dirty']} to {now['dirty']} KiB, by more than {growth}")
            # Some may be closed a moment later.
            try:
                until(10, f"{unit}: at most {before['descriptors']} + {descriptors} descriptors",
                      lambda: self.measure(unit)["descriptors"] <= before["descriptors"] + descriptors, every=0.5)
            except Failed as failed:
                raise Failed(f"{failed}; they are {dict(self.opened(now['pid']))}") from None
            told = self.entries(f"--unit={unit}")
            for entry in told[:20]:
                self.t.step(f"    {text(entry)[:300]}")
            self.t.step(f"{unit}: {len(told)} lines in the journal")
            expect(len(told) <= lines, f"{unit}: {len(told)} lines in the journal, more than {lines}")
        for entry in self.entries():
            if entry.get("UNIT") in self.units or entry.get("_SYSTEMD_UNIT") in self.units or "COREDUMP_UNIT" in entry:
                expect(not any(sign in text(entry) for sign in CRASHES), f"a crash: {text(entry)}")


def text(entry):
    message = entry.get("MESSAGE") or ""
    return bytes(message).decode(errors="replace") if isinstance(message, list) else str(message)


class Pulse:
    """Calls gatekeeld's Status over D-Bus repeatedly in the background, and measures the slowest call."""

    def __init__(self, machine, every=0.1):
        from .bus import Bus

        self.machine, self.every = machine, every
        self.slowest, self.count, self.failures = 0.0, 0, []
        self.ended = threading.Event()
        self.make = Bus
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def _run(self):
        bus = self.make(self.machine)
        try:
            while not self.ended.wait(self.every):
                began = time.monotonic()
                try:
                    bus.ask("org.gatekeel.Agent1", "/org/gatekeel/Agent1", "org.gatekeel.Agent1", "Status")
                except Exception as error:  # Reported by `check`.
                    self.failures.append(str(error))
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.count += 1
        finally:
            bus.close()

    def check(self, limit):
        equal(self.failures[:3], [], "failed calls of Status")
        expect(self.count > 0, "Status was called")
        expect(self.slowest <= limit, f"the slowest of {self.count} calls of Status took {self.slowest:.2f} s, more than {limit} s")


# Files.

# Folders that change by themselves, and gatekeeld's own.
PASSING = ("/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/var/log", "/var/lib/gatekeeld", "/var/lib/systemd",
           "/etc/machine-id")


def manifest(machine, passing=PASSING):
    """Mode, owner, size, time and target of each file of the machine."""
    found = {}
    root = str(machine.root)
    skipped = tuple(root + path for path in passing)
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if f"{folder}/{name}" not in skipped]
        for name in [*folders, *files]:
            path = f"{folder}/{name}"
            if path in skipped:
                continue
            status = os.lstat(path)
            is_folder = stat.S_ISDIR(status.st_mode)
            found[path[len(root):]] = (
                oct(status.st_mode), status.st_uid, status.st_gid, 0 if is_folder else status.st_size,
                0 if is_folder else status.st_mtime_ns, os.readlink(path) if stat.S_ISLNK(status.st_mode) else "")
    return found


def difference(before, after):
    """The differences between two manifests, one per line."""
    lines = [f"+ {path} {after[path]}" for path in sorted(after.keys() - before.keys())]
    lines += [f"- {path}" for path in sorted(before.keys() - after.keys())]
    return lines + [f"~ {path} {before[path]} → {after[path]}" for path in sorted(before.keys() & after.keys())
                    if before[path] != after[path]]
