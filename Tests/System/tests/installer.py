"""The installer over D-Bus only: no server, no agent."""

import json

from gk import packages
from gk.bus import BusError, Installer
from gk.case import equal, expect, test, until
from gk.gateway import INSTALLER, configure

BUS = ["org.gatekeel.Installer1", "/org/gatekeel/Installer1", "org.gatekeel.Installer1"]


class Rig:
    def __init__(self, t, before=None):
        """`before` is called with the machine before it boots."""
        self.t = t
        self.authority = packages.Authority(t.folder / "authority")
        self.machine = t.machine()
        configure(self.machine, self.authority, "", INSTALLER)
        if before:
            before(self.machine)
        self.machine.boot()
        self.connect()

    def connect(self):
        """Must be called once after each boot."""
        self.machine.wait_for_unit("gatekeel-installd.service")
        self.installer = Installer(self.machine)

    def signed(self, version, behaviour="good", **more):
        return self.authority.sign(packages.sample(version, behaviour, **more))

    def shown(self, member, *arguments):
        """The dictionary that a method returns."""
        out = self.machine.run("busctl", "call", "--json=short", *BUS, member, *arguments).out
        return {key: value["data"] for key, value in json.loads(out)["data"][0].items()}

    def package(self, name="keelsample"):
        return self.shown("GetPackage", "s", name)

    def ended(self, deployment, seconds=30):
        until(seconds, "the deployment ends", lambda: self.shown("GetDeployment", "s", deployment)["result"] != "running")
        return self.shown("GetDeployment", "s", deployment)

    def deploy(self, version, behaviour="good", **more):
        return self.ended(self.installer.install(self.installer.stage(self.signed(version, behaviour, **more))))


@test
def the_installer_works_over_its_bus_only(t):
    """Stage, install, activate, update, a broken update that is undone, roll back, remove: by D-Bus calls."""
    rig = Rig(t)
    equal(rig.deploy("1.0")["result"], "done", "the install")
    equal(rig.package()["active"], False, "active after the install")
    equal(rig.ended(rig.installer.activate("keelsample"))["result"], "done", "the activation")
    until(5, "the bus reports that it is active", lambda: rig.package()["active"])
    update = rig.deploy("1.1")
    equal((update["result"], update["operation"]), ("done", "update"), "the update")
    t.step(f"downtime of the update: {update['downtime'] / 1000:.1f} ms")
    broken = rig.deploy("1.2", "crashes")
    equal(broken["result"], "rolled-back", "the broken update")
    t.step(f"it was undone: {broken['reason']}")
    equal((rig.package()["version"], rig.package()["active"]), ("1.1", True), "the installed version and its state")
    rig.machine.run("systemctl", "stop", "keelsample.service")
    until(5, "the bus follows systemd", lambda: not rig.package()["active"])
    rig.machine.run("systemctl", "start", "keelsample.service")
    until(5, "the bus follows systemd", lambda: rig.package()["active"])
    equal(rig.ended(rig.installer.rollback("keelsample"))["result"], "done", "the rollback")
    equal(rig.package()["version"], "1.0", "the installed version")
    equal(rig.ended(rig.installer.remove("keelsample", purge=True))["result"], "done", "the removal")
    equal(rig.machine.state("keelsample.service"), "not-found", "its unit")


@test
def a_service_reads_the_administrators_configuration(t):
    """The package's process sees the file in /etc, not the packaged one: an edit stays, even after an update with another
    file, which is put beside it."""
    rig = Rig(t)
    m = rig.machine

    def greets(version, greeting):
        until(5, f"{version} says {greeting}", lambda: m.exists("/run/keelsample/version")
              and m.read("/run/keelsample/version").split()[0::2] == [version, greeting])

    equal(rig.deploy("1.0")["result"], "done", "the install")
    equal(rig.ended(rig.installer.activate("keelsample"))["result"], "done", "the activation")
    greets("1.0", "hello")
    m.write("/etc/keelsample.conf", "Greeting=edited\n")
    m.run("systemctl", "restart", "keelsample.service")
    greets("1.0", "edited")
    equal(rig.deploy("2.0", greeting="welcome")["result"], "done", "the update")
    greets("2.0", "edited")
    expect("welcome" in m.read("/etc/keelsample.conf.dpkg-dist"), "the packaged file is beside it")


@test
def refusals_have_names_and_texts(t):
    """An unsigned package, one of a stranger and a truncated one are refused with the documented error and leave nothing."""
    rig = Rig(t)
    good = rig.signed("1.0")
    stranger = packages.Authority(t.folder / "stranger").sign(packages.sample("1.0"))
    for data, name in [
        (packages.sample("1.0").read_bytes(), "BadSignature"), (stranger, "BadSignature"),
        (good[:-3] + bytes([good[-3] ^ 1]) + good[-2:], "BadSignature"), (good[:1000], "Unsupported"), (b"", "Unsupported"),
    ]:
        try:
            rig.installer.stage(data)
            expect(False, f"the error {name} was expected")
        except BusError as error:
            t.step(str(error))
            equal(error.name, f"org.gatekeel.Error.{name}", "the error")
            expect(len(error.message) > 10, "the error has a reason")
    equal(list(rig.machine.path("/var/lib/gatekeel/staged").glob("*")), [], "the rest of the refused packages")


@test
def the_installer_survives_signals_and_kills(t):
    """SIGHUP reloads the configuration, SIGTERM ends it within 2 s, systemd restarts it after a kill. Staged packages stay."""
    rig = Rig(t)
    token = rig.installer.stage(rig.signed("1.0"))
    rig.machine.run("systemctl", "reload", "gatekeel-installd.service")
    equal(rig.machine.state("gatekeel-installd.service"), "active", "after a reload")
    dropin = rig.machine.path("/etc/gatekeel/installd.conf.d/50-broken.conf")
    dropin.parent.mkdir(parents=True, exist_ok=True)
    dropin.write_text("[Probation]\nTime=soon\n")
    refused = rig.machine.run("systemctl", "reload", "gatekeel-installd.service", check=False)
    expect(refused.status != 0, "a reload of a broken configuration fails")
    expect(any("50-broken.conf" in entry.get("MESSAGE", "") for entry in rig.machine.journal("--unit=gatekeel-installd")),
           "the journal names the file")
    equal(rig.machine.state("gatekeel-installd.service"), "active", "after a refused reload")
    dropin.unlink()
    rig.machine.run("systemctl", "reload", "gatekeel-installd.service")
    killed = rig.machine.kill("gatekeel-installd.service")
    until(10, "the installer is back", lambda: rig.machine.main_pid("gatekeel-installd.service") not in (0, killed)
          and rig.machine.run("busctl", "status", BUS[0], check=False).status == 0)
    equal(rig.ended(rig.installer.install(token))["result"], "done", "the install of the package that was staged before the kill")
    took = rig.machine.sh(
        "a=$(date +%s%N); systemctl stop gatekeel-installd.service; b=$(date +%s%N); echo $(( (b - a) / 1000000 ))")
    t.step(f"it stopped within {took.strip()} ms")
    expect(int(took) < 2000, "it exits within 2 s")


@test
def a_power_cut_during_an_update_leaves_old_or_new(t):
    """All processes are killed at once during the probation of a new version. After the boot one of the two versions runs, the
    deployment has ended, and a further update works."""
    rig = Rig(t)
    equal(rig.deploy("1.0")["result"], "done", "the install")
    equal(rig.ended(rig.installer.activate("keelsample"))["result"], "done", "the activation")
    deployment = rig.installer.install(rig.installer.stage(rig.signed("1.1")))
    until(10, "probation", lambda: rig.shown("GetDeployment", "s", deployment)["state"] == "probation")
    rig.machine.crash()
    rig.machine.boot()
    rig.machine.wait_for_unit("gatekeel-installd.service")
    equal(rig.machine.unit("gatekeel-recover.service")["Result"], "success", "recovery")
    rig.installer = Installer(rig.machine)
    end = rig.ended(deployment)
    t.step(f"after the boot: {end['result']} {end['reason']}")
    until(10, "it runs", lambda: rig.package()["active"])
    expected = {"done": "1.1", "rolled-back": "1.0", "failed": "1.0"}[end["result"]]
    equal(rig.package()["version"], expected, "the installed version")
    equal(rig.deploy("1.2")["result"], "done", "a further update")


MANIFEST = """\
[Package]
Format=1

[Users]
User=keeper:/var/lib/keeper

[Directories]
Directory=/var/lib/keeper:keeper

[Health]
Command={command}
User=keeper
Timeout=5s
"""


@test
def systemd_makes_users_and_folders_and_runs_health_commands(t):
    """Transient units do the work of a manifest: a user, a folder of that user, a health command as that user in the release's
    overlay. If the command fails, the update is undone."""
    rig = Rig(t)
    def deploy(version, command):
        data = rig.authority.sign(packages.sample(version), manifest=MANIFEST.format(command=command))
        return rig.ended(rig.installer.install(rig.installer.stage(data)))

    healthy = "/bin/sh -c 'test -e /usr/share/keelsample/release && touch /var/lib/keeper/was-here'"
    equal(deploy("1.0", healthy)["result"], "done", "the install")
    equal(rig.machine.sh("stat -c %U /var/lib/keeper").strip(), "keeper", "the owner of the folder")
    equal(rig.ended(rig.installer.activate("keelsample"))["result"], "done", "the activation")
    equal(deploy("1.1", healthy)["result"], "done", "the update")
    equal(rig.machine.sh("stat -c %U /var/lib/keeper/was-here").strip(), "keeper", "the user of the health command")
    end = deploy("1.2", "/bin/sh -c 'exit 3'")
    equal((end["result"], end["reason"]), ("rolled-back", "health: it exited with status 3"), "an unhealthy update")
    end = deploy("1.3", "/bin/sleep 60")
    equal((end["result"], end["reason"]), ("rolled-back", "health: it took too long and was killed"), "an update whose health command hangs")
    equal((rig.package()["version"], rig.package()["active"]), ("1.1", True), "the installed version and its state")
    out = rig.machine.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "gatekeel-*").out
    equal(sorted(line.split()[0] for line in out.splitlines()),
          ["gatekeel-installd.service", "gatekeel-recover.service"], "units that are left")
