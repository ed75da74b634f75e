"""Units as systemd treats them: what an administrator decides of each, conditions, sockets, other names, times to stop."""

from gk import packages
from gk.case import equal, expect, test, until
from tests.installer import Rig

FOLDER = "lib/systemd/system"
SLEEP = "[Service]\nExecStart=/bin/sleep infinity\n"
WANTED = "\n[Install]\nWantedBy=multi-user.target\n"


class Units:
    """The sample with further units, made by debhelper, in a machine of its own."""

    def __init__(self, t, units, before=None):
        self.rig = Rig(t, before=before)
        self.machine, self.units = self.rig.machine, units

    def deploy(self, version, behaviour="good", units=None):
        files = tuple((f"{FOLDER}/{name}", text, 0o644) for name, text in (units or self.units).items())
        return self.rig.deploy(version, behaviour, files=files)

    def activate(self):
        return self.rig.ended(self.rig.installer.activate("keelsample"))

    def deactivate(self):
        return self.rig.ended(self.rig.installer.call("Deactivate", "s", b"keelsample"))

    def removed(self):
        """Removes the package; nothing of it may be left in systemd's memory."""
        equal(self.rig.ended(self.rig.installer.remove("keelsample", purge=True))["result"], "done", "the removal")
        listed = self.machine.sh("systemctl list-units --all --plain --no-legend 'keel*'").strip()
        equal(listed, "", "units after the removal")
        equal(self.machine.sh("systemctl --failed --plain --no-legend; systemctl list-jobs --plain --no-legend").strip(), "",
              "failed units and jobs after the removal")
        equal(self.machine.sh("find /etc/systemd -name 'keel*'").strip(), "", "files after the removal")
        equal(self.machine.sh("find /etc/systemd/system -type d -empty").strip(), "", "empty folders after the removal")

    def states(self, *units):
        return [self.machine.state(unit) for unit in units]

    def is_enabled(self, unit):
        return self.machine.run("systemctl", "is-enabled", unit, check=False).out.strip()


@test
def the_administrator_decides_per_unit(t):
    """A unit that was masked before the first install, one that was disabled, one that was enabled though the package leaves it
    off, and a link by add-wants stay so over updates, a failed update, and Deactivate and Activate."""
    others = ["keel-masked.service", "keel-off.service", "keel-extra.service"]
    units = Units(t, {others[0]: SLEEP + WANTED, others[1]: SLEEP + WANTED, others[2]: SLEEP})
    m = units.machine
    m.run("systemctl", "mask", "keel-masked.service")
    equal(units.deploy("1.0")["result"], "done", "the install")
    equal(units.activate()["result"], "done", "the activation")
    equal(units.states("keelsample.service", *others), ["active", "inactive", "active", "inactive"], "the first states")
    m.run("systemctl", "disable", "--now", "keel-off.service")
    m.run("systemctl", "add-wants", "multi-user.target", "keel-extra.service")
    m.run("systemctl", "start", "keel-extra.service")

    def as_decided(what):
        equal(units.states("keelsample.service", *others), ["active", "inactive", "inactive", "active"], f"states after {what}")
        equal([units.is_enabled(unit) for unit in others[:2]], ["masked", "disabled"], f"enablement after {what}")
        expect(m.exists("/etc/systemd/system/multi-user.target.wants/keel-extra.service"), f"the link by hand after {what}")
        until(5, f"the package is active after {what}", lambda: units.rig.package()["active"])

    as_decided("the decisions")
    equal(units.deploy("2.0")["result"], "done", "the update")
    as_decided("the update")
    equal(units.deploy("3.0", "crashes")["result"], "rolled-back", "the broken update")
    as_decided("the broken update")
    equal(units.deactivate()["result"], "done", "the deactivation")
    equal(units.states("keelsample.service", "keel-extra.service"), ["inactive", "inactive"], "states of what is off")
    until(5, "the package is not active", lambda: not units.rig.package()["active"])
    equal(units.activate()["result"], "done", "the activation")
    equal(units.is_enabled("keel-off.service"), "disabled", "what was disabled before")
    expect(m.exists("/etc/systemd/system/multi-user.target.wants/keel-extra.service"), "the link by hand is back")
    m.run("systemctl", "unmask", "keel-masked.service")
    units.removed()


@test
def conditions_skip_and_assertions_fail(t):
    """A unit whose condition does not hold is skipped, and told; one that ran and would be skipped by an update, or whose
    assertion does not hold, undoes it. A oneshot service can be activated."""
    oneshot = "[Service]\nType=oneshot\nExecStart=/bin/true\n" + WANTED
    units = Units(t, {"keel-once.service": oneshot,
                      "keel-if.service": "[Unit]\nConditionPathExists=/etc/keel-wanted\n" + SLEEP + WANTED})
    m = units.machine
    equal(units.deploy("1.0")["result"], "done", "the install")
    end = units.activate()
    equal(end["result"], "done", "the activation")
    expect("keel-if.service was not started: a condition" in end["reason"], f"the skipped unit is told: {end['reason']}")
    until(5, "it is active all the same", lambda: units.rig.package()["active"])
    refusing = {**units.units, "keel-once.service": oneshot.replace("[Service]", "[Unit]\nAssertPathExists=/etc/keel-wanted\n[Service]")}
    end = units.deploy("2.0", units=refusing)
    equal(end["result"], "rolled-back", "the update with an assertion")
    expect("an assertion in its file does not hold" in end["reason"], f"its reason: {end['reason']}")
    m.write("/etc/keel-wanted", "")
    equal(units.deploy("2.1")["result"], "done", "the update while the condition holds")
    equal(m.state("keel-if.service"), "active", "the unit with the condition")
    m.run("rm", "/etc/keel-wanted")
    end = units.deploy("2.2")
    # It cannot be started again in the old version either.
    expect("keel-if.service ran before, and systemd skipped it now" in end["reason"], f"its reason: {end['reason']}")
    equal(end["result"], "rolled-back", "the update while the condition does not hold")
    equal(units.rig.package()["version"], "2.1", "the version in place")
    equal(m.state("keelsample.service"), "active", "the unit without a condition")
    units.removed()


@test
def sockets_and_other_names(t):
    """A socket and its service are activated together and come back after a failed update. Connections of Accept=yes neither
    hinder an update nor are they started. A unit can be required by its other name."""
    units = Units(t, {
        "keel-pair.socket": "[Socket]\nListenStream=/run/keel-pair\n\n[Install]\nWantedBy=sockets.target\n",
        "keel-pair.service": SLEEP + "\n[Install]\nWantedBy=multi-user.target\nAlias=keel-other.service\nAlso=keel-pair.socket\n",
        "keel-each.socket": "[Socket]\nListenStream=/run/keel-each\nAccept=yes\n\n[Install]\nWantedBy=sockets.target\n",
        "keel-each@.service": "[Service]\nExecStart=/bin/sleep infinity\nStandardInput=socket\n",
        "keel-needs.service": "[Unit]\nRequires=keel-other.service\nAfter=keel-other.service\n" + SLEEP + WANTED,
    })
    m = units.machine
    names = ["keel-pair.socket", "keel-pair.service", "keel-each.socket", "keel-needs.service", "keelsample.service"]
    equal(units.deploy("1.0")["result"], "done", "the install")
    equal(units.activate()["result"], "done", "the activation")
    equal(units.states(*names), ["active"] * 5, "states after the activation")

    def connections():
        return m.sh("systemctl list-units --plain --no-legend --state=active 'keel-each@*'").splitlines()

    m.run("systemd-run", "--collect", "--unit=test-client", "--", "/bin/bash", "-c", CLIENT)
    until(10, "a connection has an instance", lambda: len(connections()) == 1)
    end = units.deploy("2.0")
    equal(end["result"], "done", f"the update with an open connection: {end}")
    equal(units.states(*names), ["active"] * 5, "states after the update")
    equal(connections(), [], "instances after the update")
    equal(units.deploy("3.0", "crashes")["result"], "rolled-back", "the broken update")
    equal(units.states(*names), ["active"] * 5, "states after the broken update")
    m.run("systemctl", "stop", "test-client", check=False)
    units.removed()


# Debian's base has neither nc nor Python.
CLIENT = """\
exec perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Peer => "/run/keel-each") or die; sleep 300'
"""


@test
def stopping_takes_its_time(t):
    """A unit has its own TimeoutStopSec= to stop, though StopTimeout= is shorter. A socket of the host that would start the
    unit again is stopped with it, and started again after an update."""

    def with_socket(machine):
        machine.write("/usr/lib/systemd/system/doorbell.socket",
                      "[Socket]\nListenDatagram=/run/doorbell\nService=keelsample.service\n\n[Install]\nWantedBy=sockets.target\n")
        machine.write("/etc/systemd/system/doorbell.socket.d/x.conf", "[Socket]\nSocketMode=0666\n")

    slow = ("[Service]\nTimeoutStopSec=30\nExecStart=/bin/bash -c 'trap \"sleep 6; echo ended >>/run/keel-slow; exit 0\" TERM; "
            "while :; do sleep 0.2; done'\n" + WANTED)
    units = Units(t, {"keel-slow.service": slow}, before=with_socket)
    m = units.machine
    equal(units.deploy("1.0")["result"], "done", "the install")
    equal(units.activate()["result"], "done", "the activation")
    # The socket of the host loads only now that there is a service for it.
    m.run("systemctl", "stop", "keelsample.service")
    m.run("systemctl", "start", "doorbell.socket")
    m.run("systemctl", "start", "keelsample.service")
    equal(units.deploy("2.0")["result"], "done", "the update")
    equal(m.read("/run/keel-slow").splitlines(), ["ended"], "how the slow unit ended")
    equal(units.states("doorbell.socket", "keelsample.service"), ["active", "active"], "states after the update")
    equal(units.rig.ended(units.rig.installer.remove("keelsample", purge=True))["result"], "done", "the removal")
    equal(m.read("/run/keel-slow").splitlines(), ["ended", "ended"], "how the slow unit ended again")
    equal(m.state("doorbell.socket"), "inactive", "the socket after the removal")
    equal(m.sh("systemctl --failed --plain --no-legend; systemctl list-jobs --plain --no-legend").strip(), "", "failed units and jobs")
