"""Full disks: a package is refused with the reason, the old version keeps running, and nothing is left behind. With free
space the next package is accepted."""

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
    """Mounts a file system of this size there before the machine boots."""
    place = machine.root / path.lstrip("/")
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "tmpfs", str(place)], check=True)


def free(machine, path):
    found = os.statvfs(machine.root / path.lstrip("/"))
    return found.f_bavail * found.f_bsize


def fill(machine, path, leave=0):
    """Fills the file system up to `leave` free bytes."""
    with open(machine.root / path.lstrip("/") / FILLER, "ab") as file:
        os.posix_fallocate(file.fileno(), 0, file.tell() + free(machine, path) - leave)


def empty(machine, path):
    (machine.root / path.lstrip("/") / FILLER).unlink()


def noise(megabytes):
    """Incompressible bytes, the same each time."""
    return random.Random(1).randbytes(megabytes << 20)


def larger_than_it_says(rig, version, megabytes):
    """A signed package with a payload of this size, but a small size in its control file."""
    return rig.authority.sign(packages.hostile(
        packages.sample(version), [packages.entry("./usr/share/keelsample/noise", noise(megabytes))]))


def refused(rig, what, call):
    """Checks that `call` is refused for lack of space, with a text that says so."""
    try:
        call()
    except BusError as error:
        rig.t.step(f"{what}: {error}")
        equal(error.name, "org.gatekeel.Error.NoSpace", what)
        expect("space" in error.message, f"{what}: the error has the reason: {error.message}")
        return
    expect(False, f"{what}: a refusal was expected")


def running(rig, version):
    """Whether this version's process runs and reports its version."""
    if rig.machine.state("keelsample.service") != "active" or not rig.machine.exists("/run/keelsample/version"):
        return False
    return rig.machine.read("/run/keelsample/version").split()[:1] == [version]


def with_one_active(t, megabytes):
    """The installer with its store on a separate disk, and version 1.0 running."""
    rig = Rig(t, before=lambda machine: on_a_disk_of_its_own(machine, STORE, megabytes))
    equal(rig.deploy("1.0")["result"], "done", "the install")
    equal(rig.ended(rig.installer.activate("keelsample"))["result"], "done", "the activation")
    until(5, "1.0 runs", lambda: running(rig, "1.0"))
    return rig


def stands(rig, version, process):
    """Checks that the same process of the same version runs, and that nothing of another version is left."""
    equal(rig.machine.main_pid("keelsample.service"), process, "the process")
    expect(running(rig, version), f"{version} runs")
    store = rig.machine.root / STORE.lstrip("/")
    equal(sorted(path.name for path in (store / "staged").iterdir()), [], "remaining staged packages")
    releases = sorted(path.name for path in (store / "packages/keelsample").iterdir() if not path.is_symlink())
    equal([name for name in releases if not name.startswith((".", "state"))], [version], "the releases")


@test
def a_full_store_refuses_packages_and_recovers(t):
    """A lack of space for the copy, for the announced payload, for the real payload or for the install is refused as such and
    leaves nothing. With free space again, the next update is kept."""
    rig = with_one_active(t, 46)
    m = rig.machine
    process = m.main_pid("keelsample.service")
    large = larger_than_it_says(rig, "2.0", 24)
    small = rig.signed("2.0")
    whole = free(m, STORE)

    fill(m, STORE, leave=16 << 20)
    refused(rig, "no space for a copy of the package", lambda: rig.installer.stage(large))
    stands(rig, "1.0", process)
    empty(m, STORE)

    fill(m, STORE, leave=(24 + 6) << 20)
    refused(rig, "no space for the payload", lambda: rig.installer.stage(large))
    stands(rig, "1.0", process)
    empty(m, STORE)

    refused(rig, "the payload fills the disk while it is unpacked", lambda: rig.installer.stage(large))
    stands(rig, "1.0", process)
    expect(free(m, STORE) >= whole - (1 << 20), f"the space is free again: {free(m, STORE)} of {whole} bytes")

    token = rig.installer.stage(small)
    fill(m, STORE)
    refused(rig, "the disk is full when the install is requested", lambda: rig.installer.install(token))
    equal(m.main_pid("keelsample.service"), process, "the process")
    refused(rig, "no space at all is free", lambda: rig.installer.stage(small))
    m.run("gatekeel", "status")
    empty(m, STORE)

    equal(rig.ended(rig.installer.install(token))["result"], "done", "the update with free space again")
    until(5, "2.0 runs", lambda: running(rig, "2.0"))
    equal(rig.deploy("3.0")["result"], "done", "one more")
    until(5, "3.0 runs", lambda: running(rig, "3.0"))


@test
def a_rollback_needs_no_free_space(t):
    """No byte is free when a new version dies during its probation. The old one is back nevertheless, even after a reboot."""
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
    equal(rig.deploy("3.0")["result"], "done", "the update with free space again")
    until(5, "3.0 runs", lambda: running(rig, "3.0"))


@test
def a_full_spool_is_reported_to_the_server(t):
    """gatekeeld's disk fills up during a push and a download: Result 50 with the reason. With free space it is accepted."""
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
        expect(slot.value(16), "Status Reason has the reason")
        g.runs("1.0")
        until(5, "the space is free again", lambda: free(g.machine, SPOOL) >= before - (64 << 10))

    slot.for_update()
    equal(slot.push((files / "keelsample.deb").read_bytes()).code, "4.13", "the answer to a push that is larger than the free space")
    refused("pushed")
    slot.device.write("/9/1/3", "http://127.0.0.1:8080/files/keelsample.deb").expect("2.04")
    refused("pulled")
    slot.installed(g.signed("3.0"), "3.0")
    slot.becomes(5, state=INSTALLED, active=True)
    g.runs("3.0")


@test
def what_was_lost_is_found(t):
    """Unit files that are gone from /etc are written again; a read-only /etc is found before anything is stopped; units of a store
    that was lost are detached."""
    rig = Rig(t)
    m = rig.machine
    equal(rig.deploy("1.0")["result"], "done", "the install")
    equal(rig.ended(rig.installer.activate("keelsample"))["result"], "done", "the activation")
    m.sh("systemctl stop gatekeel-installd && rm -r /etc/systemd/system.attached/keelsample.* && systemctl daemon-reload")
    m.run("systemctl", "start", "gatekeel-installd")
    rig.connect()
    m.wait_for_entry(10, "the repair is told", lambda entry: "were written again" in entry["MESSAGE"])
    expect(m.exists("/etc/systemd/system.attached/keelsample.service.d/10-gatekeel.conf"), "its files are back")
    equal(m.state("keelsample.service"), "active", "the unit")

    # A file system that went read-only after an error, as ext4 does with errors=remount-ro.
    m.sh("mkdir /run/etc && mount -t tmpfs tmpfs /run/etc && cp -a /etc/. /run/etc && mount --bind /run/etc /etc")
    m.run("systemctl", "restart", "gatekeel-installd")
    rig.connect()
    m.sh("mount -o remount,ro /run/etc")
    for what in (lambda: rig.installer.remove("keelsample"), lambda: rig.installer.call("Deactivate", "s", b"keelsample")):
        try:
            what()
            expect(False, "it was accepted")
        except BusError as error:
            t.step(str(error))
            expect("/etc is mounted read-only" in str(error), f"the reason: {error}")
    equal(m.state("keelsample.service"), "active", "the unit")
    m.sh("mount -o remount,rw /run/etc")

    # It may only be away: it is told, and nothing is changed.
    m.sh("systemctl stop gatekeel-installd keelsample && mv /var/lib/gatekeel/packages /var/lib/away")
    m.run("systemctl", "start", "gatekeel-installd")
    rig.connect()
    m.wait_for_entry(10, "the loss is told", lambda entry: "units of keelsample are attached" in entry["MESSAGE"])
    # Its place is taken by another package: what is attached belongs to nothing any more.
    equal(rig.deploy("1.0", name="keelother", unit=packages.UNIT)["result"], "done", "the install of another package")
    m.run("systemctl", "restart", "gatekeel-installd")
    rig.connect()
    m.wait_for_entry(10, "the unit is detached", lambda entry: "keelsample.service was detached" in entry["MESSAGE"])
    equal(m.state("keelsample.service"), "not-found", "its unit")
    equal(m.sh("find /etc/systemd -name 'keelsample*'").strip(), "", "its files")
