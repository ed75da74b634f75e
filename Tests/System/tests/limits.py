"""Packages that would take more memory, time or places than a gateway has are refused with the reason, and what happens at the
limits of the services."""

import json
import random
import subprocess
import tarfile
import time

from gk import packages
from gk.case import equal, expect, test, until
from gk.confine import Confined
from gk.gateway import INSTALLER, configure

UNIT = "gatekeel-installd.service"
MEMORY = 256 << 20
# The most seconds that a refusal may take. Unpacking 100,000 entries, only to refuse the next, takes longer on the slowest machine.
REFUSAL = 20
DIRECTORY, HARD_LINK = tarfile.DIRTYPE, tarfile.LNKTYPE


class Rig:
    """A machine with the sample 1.0 installed and active."""

    def __init__(self, t):
        self.t = t
        self.authority = packages.Authority(t.folder / "authority")
        self.machine = t.machine()
        configure(self.machine, self.authority, "", INSTALLER)
        self.machine.write("/root/good.deb", self.authority.sign(packages.sample("1.0")))
        self.machine.boot()
        self.machine.wait_for_unit(UNIT)
        self.machine.run("gatekeel", "install", "--activate=yes", "/root/good.deb", timeout=120)
        self.sample = self.machine.main_pid("keelsample.service")
        self.pid = self.machine.main_pid(UNIT)

    def install(self, data, check=True):
        """Delivers a package by the command line; returns the answer and how long it took."""
        self.machine.write("/root/next.deb", self.authority.sign(data))
        began = time.monotonic()
        answer = self.machine.run("gatekeel", "install", "/root/next.deb", check=check, timeout=300)
        return answer, time.monotonic() - began

    def peak(self):
        """The most memory that the daemon had so far, in bytes."""
        status = self.machine.read(f"/proc/{self.machine.main_pid(UNIT)}/status")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) << 10

    def is_whole(self):
        """The sample runs on, and nothing is left of what was refused."""
        equal(self.machine.main_pid("keelsample.service"), self.sample, "the process of the sample")
        until(20, "nothing is staged", lambda: not self.machine.run("ls", "/var/lib/gatekeel/staged").out.split())
        listed = json.loads(self.machine.run("gatekeel", "packages", "--json").out)
        equal([package["version"] for package in listed if package["name"] == "keelsample"], ["1.0"], "the version")


def entries(count, path, **more):
    """So many small entries; `path` has the number."""
    return [packages.entry(path.format(number), **more) for number in range(count)]


def compressed(entries, *command):
    """A package whose data.tar is compressed by this command."""
    good = packages.members(packages.hostile(packages.sample("2.0"), entries))
    plain = subprocess.run(["gzip", "-dc"], input=good[2][1], stdout=subprocess.PIPE, check=True).stdout
    packed = subprocess.run(command, input=plain, stdout=subprocess.PIPE, check=True).stdout
    return packages.archive(good[0], good[1], (f"data.tar.{'xz' if command[0] == 'xz' else 'zst'}", packed))


@test
def hostile_packages_are_refused_with_the_reason(t):
    """Too many entries, units, configuration files or folders, and too large a window are refused by the same process."""
    rig = Rig(t)
    deep = "/".join("x" * 60 for _ in range(14))
    cases = {
        "files": (entries(100_001, "./usr/share/keelsample/{}"), "more than 100000 entries"),
        "folders": (entries(100_001, "./usr/share/keelsample/{}", type=DIRECTORY, mode=0o755), "more than 100000 entries"),
        "long names": (entries(20_000, f"./usr/share/{{}}/{deep}/f"), "the names of its entries"),
        "configuration files": (entries(20_000, "./etc/keelsample/{}"), "more than 2000 files beneath /etc"),
        "units": (entries(20_000, "./usr/lib/systemd/system/keelsample-{}.service"), "more than 128 units"),
        "folders of data": (entries(20_000, "./var/lib/keelsample/{}", type=DIRECTORY, mode=0o755), "more than 1000 folders"),
        "refused places": (entries(20_000, "./boot/{}"), "and 19997 others"),
    }
    noise = [packages.entry("./usr/share/keelsample/noise", random.Random(1).randbytes(1 << 20))]
    made = {what: (packages.hostile(packages.sample("2.0"), contents), reason) for what, (contents, reason) in cases.items()}
    made["xz"] = (compressed(noise, "xz", "--lzma2=preset=0,dict=1GiB"), "dictionary of 1024 MiB")
    made["zstd"] = (compressed(noise, "zstd", "-q", "--ultra", "-22", "--long=27"), "window of 128 MiB")
    for what, (data, reason) in made.items():
        answer, seconds = rig.install(data, check=False)
        t.step(f"{what}: {seconds:.1f} s, peak {rig.peak() >> 20} MiB: {answer.err.strip()[:200]}")
        expect(answer.status != 0 and reason in answer.out + answer.err, f"{what} is refused with the reason: {answer}")
        expect(seconds < REFUSAL, f"{what} is refused before most of it is unpacked: {seconds:.1f} s")
        equal(rig.machine.main_pid(UNIT), rig.pid, f"the process after {what}")
    expect(rig.peak() < MEMORY, f"the peak is below the limit of the unit: {rig.peak() >> 20} MiB")
    rig.is_whole()


# Beside the refusals it makes and signs nine packages, two of them with 100,001 entries.
hostile_packages_are_refused_with_the_reason.seconds = 9 * REFUSAL + 600


@test
def what_is_skipped_is_counted(t):
    """20,000 files that are not installed make three warnings, which the next process reads back."""
    rig = Rig(t)
    before = rig.peak()
    contents = entries(20_000, "./etc/cron.d/keelsample-{}") + entries(
        10_000, "./usr/share/keelsample/{}", type=HARD_LINK, link="./usr/share/keelsample/first")
    rig.install(packages.hostile(
        packages.sample("2.0"), [packages.entry("./usr/share/keelsample/first", b"x"), *contents]))
    t.step(f"the peak grew from {before >> 20} to {rig.peak() >> 20} MiB")
    expect(rig.peak() - before < 64 << 20, f"the peak grew from {before} to {rig.peak()} bytes")
    rig.machine.run("systemctl", "restart", UNIT)
    listed = json.loads(rig.machine.run("gatekeel", "packages", "--json").out)
    warnings = next(package["warnings"] for package in listed if package["name"] == "keelsample")
    expect(any("and 19997 others" in text for text in warnings), f"the others are counted: {warnings}")
    expect(len(warnings) < 10, f"they are few: {warnings}")


@test
def a_large_package_fits_into_the_memory(t):
    """The page cache of a package of 500 MiB counts against the limit, and is given back in time."""
    rig = Rig(t)
    source = random.Random(1)
    parts = [packages.entry(f"./usr/share/keelsample/{number}", source.randbytes(50 << 20)) for number in range(10)]
    with Confined(t, rig.machine, UNIT, memory=MEMORY):
        _, seconds = rig.install(packages.hostile(packages.sample("2.0"), parts))
        t.step(f"installed in {seconds:.1f} s, peak {rig.peak() >> 20} MiB")
        equal(rig.machine.main_pid(UNIT), rig.pid, "the process")


@test
def at_the_limit_of_memory_the_daemon_comes_back(t):
    """A daemon that the kernel kills is restarted; the installed package and the store are whole, and the journal says why."""
    rig = Rig(t)
    noise = [packages.entry("./usr/share/keelsample/noise", random.Random(1).randbytes(80 << 20))]
    with Confined(t, rig.machine, UNIT, memory=24 << 20):
        answer, _ = rig.install(compressed(noise, "xz", "--lzma2=preset=0,dict=64MiB"), check=False)
        expect(answer.status != 0, f"it is not installed: {answer}")
    until(30, "another process", lambda: rig.machine.main_pid(UNIT) not in (0, rig.pid))
    rig.machine.wait_for_unit(UNIT)
    told = [entry.get("MESSAGE", "") for entry in rig.machine.journal("--boot", f"--unit={UNIT}")]
    expect(any("oom-kill" in str(text) or "status=9/KILL" in str(text) for text in told), f"the journal says why: {told[-10:]}")
    rig.is_whole()
    rig.pid = rig.machine.main_pid(UNIT)
    rig.install(packages.sample("2.0").read_bytes())
    equal(rig.machine.main_pid(UNIT), rig.pid, "the process")


@test
def at_the_limit_of_tasks_nothing_hangs(t):
    """Without another thread a package is refused with that reason; afterwards it is installed by the same process."""
    rig = Rig(t)
    until(10, "no worker is left", lambda: len(rig.machine.run("ls", f"/proc/{rig.pid}/task").out.split()) == 1)
    with Confined(t, rig.machine, UNIT, pids=1):
        answer, seconds = rig.install(packages.sample("2.0").read_bytes(), check=False)
        expect(answer.status != 0 and "TasksMax=" in answer.out + answer.err, f"it is refused with the reason: {answer}")
        expect(seconds < 20, f"nothing hangs: {seconds:.1f} s")
        equal(rig.machine.main_pid(UNIT), rig.pid, "the process")
    rig.install(packages.sample("2.0").read_bytes())
    equal(rig.machine.main_pid(UNIT), rig.pid, "the process")


@test
def the_units_have_limits(t):
    """Every service of ours has a limit of memory and of tasks."""
    rig = Rig(t)
    for unit, memory, tasks in ((UNIT, MEMORY, 32), ("gatekeeld.service", MEMORY, 64),
                                ("gatekeel-recover.service", MEMORY, 16), ("gatekeel-metrics.service", MEMORY // 2, 16)):
        shown = dict(line.split("=", 1) for line in rig.machine.run(
            "systemctl", "show", "--property=MemoryMax,TasksMax", unit).out.splitlines())
        equal((int(shown["MemoryMax"]), int(shown["TasksMax"])), (memory, tasks), f"the limits of {unit}")
