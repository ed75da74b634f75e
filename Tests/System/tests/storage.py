"""Disks that are full: a package is refused with the reason, what ran runs on, nothing is left behind, and once there is
room again the next one is taken."""

import os
import random
import subprocess

from gk import packages
from gk.bus import BusError
from gk.case import equal, expect, test, until
from gk.gateway import INITIAL, INSTALLED, Gateway
from tests.installer import Rig

STORE = "/var/lib/gatekeel"
SPOOL = "/var/lib/gatekeeld"
STORAGE = 50
FILLER = "filler"


def on_a_disk_of_its_own(machine, path, megabytes):
    """Puts a file system of this size there, before the machine boots."""
    place = machine.root / path.lstrip("/")
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "tmpfs", str(place)], check=True)


def free(machine, path):
    found = os.statvfs(machine.root / path.lstrip("/"))
    return found.f_bavail * found.f_bsize


def fill(machine, path, leave=0):
    """Takes all of the file system's room but `leave` bytes."""
    with open(machine.root / path.lstrip("/") / FILLER, "ab") as file:
        os.posix_fallocate(file.fileno(), 0, file.tell() + free(machine, path) - leave)


def empty(machine, path):
    (machine.root / path.lstrip("/") / FILLER).unlink()


def noise(megabytes):
    """Bytes that no compression makes fewer; the same each time."""
    return random.Random(1).randbytes(megabytes << 20)


def larger_than_it_says(rig, version, megabytes):
    """A signed package whose control file tells a small size, and whose payload is as large as this."""
    return rig.authority.sign(packages.hostile(
        packages.sample(version), [packages.entry("./usr/share/keelsample/noise", noise(megabytes))]))


def refused(rig, what, call):
    """Checks that `call` is refused for want of room; the text says what to do."""
    try:
        call()
    except BusError as error:
        rig.t.step(f"{what}: {error}")
        equal(error.name, "org.gatekeel.Error.NoSpace", what)
        expect("space" in error.message, f"{what}: the reason is told: {error.message}")
        return
    expect(False, f"{what}: a refusal was expected")


def running(rig, version):
    """Whether this version's process runs and says so."""
    if rig.machine.state("keelsample.service") != "active" or not rig.machine.exists("/run/keelsample/version"):
        return False
    return rig.machine.read("/run/keelsample/version").split()[:1] == [version]


def with_one_active(t, megabytes):
    """The installer, its store on a disk of its own, and version 1.0 at work."""
    rig = Rig(t, before=lambda machine: on_a_disk_of_its_own(machine, STORE, megabytes))
    equal(rig.deploy("1.0")["result"], "done", "the install")
    equal(rig.ended(rig.installer.activate("keelsample"))["result"], "done", "the activation")
    until(5, "1.0 runs", lambda: running(rig, "1.0"))
    return rig


def stands(rig, version, process):
    """The same process of the same version, and nothing of another."""
    equal(rig.machine.main_pid("keelsample.service"), process, "the process")
    expect(running(rig, version), f"{version} runs")
    store = rig.machine.root / STORE.lstrip("/")
    equal(sorted(path.name for path in (store / "staged").iterdir()), [], "what is left of staged packages")
    releases = sorted(path.name for path in (store / "packages/keelsample").iterdir() if not path.is_symlink())
    equal([name for name in releases if not name.startswith((".", "state"))], [version], "the releases")


@test
def a_full_store_refuses_and_goes_on(t):
    """No room for the copy, for the payload, for all that the payload turns out to be, for the install: each is refused as
    such, and leaves nothing. With room again, the next update is kept."""
    rig = with_one_active(t, 46)
    m = rig.machine
    process = m.main_pid("keelsample.service")
    large = larger_than_it_says(rig, "2.0", 24)
    small = rig.signed("2.0")
    whole = free(m, STORE)

    fill(m, STORE, leave=16 << 20)
    refused(rig, "no room for a copy of the package", lambda: rig.installer.stage(large))
    stands(rig, "1.0", process)
    empty(m, STORE)

    fill(m, STORE, leave=(24 + 6) << 20)
    refused(rig, "no room for the payload", lambda: rig.installer.stage(large))
    stands(rig, "1.0", process)
    empty(m, STORE)

    refused(rig, "the payload fills the disk while it is unpacked", lambda: rig.installer.stage(large))
    stands(rig, "1.0", process)
    expect(free(m, STORE) >= whole - (1 << 20), f"the room is free again: {free(m, STORE)} of {whole} bytes")

    token = rig.installer.stage(small)
    fill(m, STORE)
    refused(rig, "the disk is full when the install is asked for", lambda: rig.installer.install(token))
    equal(m.main_pid("keelsample.service"), process, "the process")
    refused(rig, "nothing at all is free", lambda: rig.installer.stage(small))
    m.run("gatekeel", "status")
    empty(m, STORE)

    equal(rig.ended(rig.installer.install(token))["result"], "done", "the update, with room again")
    until(5, "2.0 runs", lambda: running(rig, "2.0"))
    equal(rig.deploy("3.0")["result"], "done", "one more")
    until(5, "3.0 runs", lambda: running(rig, "3.0"))


@test
def a_disk_that_fills_up_on_probation_lets_the_old_version_back(t):
    """Not a byte is free when a new version dies on probation: the old one is back all the same, over a reboot too."""
    rig = with_one_active(t, 32)
    m = rig.machine
    deployment = rig.installer.install(rig.installer.stage(rig.signed("2.0", "dies 2")))
    until(10, "2.0 runs", lambda: running(rig, "2.0"))
    fill(m, STORE)
    end = rig.ended(deployment)
    t.step(f"{end['result']}: {end['reason']}")
    equal(end["result"], "rolled-back", "the update")
    until(5, "1.0 runs", lambda: running(rig, "1.0"))
    m.reboot()
    until(10, "1.0 runs after a boot with a full disk", lambda: running(rig, "1.0"))
    equal(m.sh("systemctl --failed --plain --no-legend").strip(), "", "failed units")
    empty(m, STORE)
    rig.connect()
    equal(rig.deploy("3.0")["result"], "done", "the update, with room again")
    until(5, "3.0 runs", lambda: running(rig, "3.0"))


@test
def a_full_spool_is_told_to_the_server(t):
    """gatekeeld's own disk fills up while a package arrives, pushed and pulled: Result 50 and why; with room, it is taken."""
    files = t.folder / "files"
    files.mkdir()
    g = Gateway(t, boot=False, leshan=["--files", str(files)])
    on_a_disk_of_its_own(g.machine, SPOOL, 3)
    g.boot()
    slot = g.create(1)
    slot.installed(g.signed("1.0"), "1.0")
    slot.activate().expect("2.04")
    g.runs("1.0")
    before = free(g.machine, SPOOL)
    update = packages.hostile(packages.sample("2.0"), [packages.entry("./usr/share/keelsample/noise", noise(4))])
    (files / "keelsample.deb").write_bytes(g.authority.sign(update))

    def refused(what):
        slot.becomes(30, state=INITIAL, result=STORAGE)
        t.step(f"{what}: {slot.value(9)}, {slot.value(16)}")
        expect(slot.value(16), "the reason is told")
        g.runs("1.0")
        until(5, "the room is free again", lambda: free(g.machine, SPOOL) >= before - (64 << 10))

    slot.for_update()
    equal(slot.push((files / "keelsample.deb").read_bytes()).code, "4.13", "a push of more than there is room for")
    refused("pushed")
    slot.device.write("/9/1/3", "http://127.0.0.1:8080/files/keelsample.deb").expect("2.04")
    refused("pulled")
    slot.installed(g.signed("3.0"), "3.0")
    slot.becomes(5, state=INSTALLED, active=True)
    g.runs("3.0")
