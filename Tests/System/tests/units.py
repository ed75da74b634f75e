"""Names of units: those of the host stay as they are, and what is enabled for a package goes with it."""

import tarfile

from gk import packages
from gk.bus import BusError
from gk.case import equal, expect, test, until
from tests.installer import Rig

FOLDER = "./usr/lib/systemd/system"

SERVICE = """\
[Service]
ExecStart=/bin/sleep infinity
"""

# A unit of the host, like ssh.service: with another name when it is enabled.
DOORMAN = f"""\
{SERVICE}
[Install]
WantedBy=multi-user.target
Alias=doorman-daemon.service
"""

# They must not change.
HOST = ["doorman.service", "systemd-journald.service", "systemd-logind.service", "getty@tty1.service", "user-0.slice",
        "user@0.service", "dbus.service", "multi-user.target"]

PROPERTIES = ("Names,FragmentPath,DropInPaths,UnitFileState,Wants,Requires,WantedBy,RequiredBy,UpheldBy,TriggeredBy,"
              "ExtensionDirectories,MemoryMax")


def units(version, files, links=()):
    """A package of units alone."""
    entries = [packages.entry(f"{FOLDER}/{name}", text.encode()) for name, text in files.items()]
    entries += [packages.entry(f"{FOLDER}/{name}", type=tarfile.SYMTYPE, link=target) for name, target in links]
    return packages.hostile(packages.sample(version), entries)


def install(*lines):
    return SERVICE + "\n[Install]\n" + "".join(f"{line}\n" for line in lines)


ATTACKS = [
    ("a dash prefix", {"systemd-.service": SERVICE}, []),
    ("a dash prefix of slices", {"user-.slice": "[Slice]\nMemoryMax=1M\n"}, []),
    ("root's slice", {"user-0.slice": "[Slice]\nMemoryMax=1M\n"}, []),
    ("an alias by a specifier", {"keelsample-doorman.service": install("Alias=%j.service")}, []),
    ("an alias in a drop-in", {"keelsample.service": SERVICE,
                               "keelsample.service.d/x.conf": "[Install]\nAlias=doorman.service\n"}, []),
    ("the alias of a unit of the host", {"doorman-daemon.service": SERVICE}, []),
    ("an instance of the host's template", {"getty@tty1.service": SERVICE}, []),
    ("an alias of the host's template", {"keelsample.service": install("Alias=getty@tty1.service")}, []),
    ("a unit of the host enabled as well", {"keelsample.service": install("Also=doorman.service")}, []),
    ("and hidden", {"keelsample.service": install("WantedBy=multi-user.target\rAlso=doorman.service")}, []),
    ("drop-ins of a type", {"keelsample.service": SERVICE, "service.d/x.conf": "[Service]\nMemoryMax=1M\n"}, []),
    ("drop-ins of a unit of the host", {"keelsample.service": SERVICE,
                                        "systemd-journald.service.d/x.conf": "[Service]\nMemoryMax=1M\n"}, []),
    ("required by a unit of the host", {"keelsample.service": install("RequiredBy=doorman.service")}, []),
    ("required by a link", {"keelsample.service": SERVICE}, [("doorman.service.requires/keelsample.service",
                                                             "../keelsample.service")]),
    ("a socket of a unit of the host", {"doorman.socket": "[Socket]\nListenStream=/run/doorman\n"}, []),
    ("wanted by a dash prefix", {"keelsample.service": install("WantedBy=systemd-.service")}, []),
]


def shown(m):
    """The host's units as systemd has them, line by line, and all links of enabled units."""
    m.run("systemctl", "daemon-reload")
    found = {unit: m.run("systemctl", "cat", unit, check=False).out.splitlines() + properties(m, unit) for unit in HOST}
    return {**found, "links": links(m)}


def properties(m, unit):
    """systemd shows sets of names in any order."""
    lines = m.run("systemctl", "show", f"--property={PROPERTIES}", unit).out.splitlines()
    return sorted(" ".join(sorted(line.replace("=", "= ", 1).split())) for line in lines)


def links(m):
    return m.sh("find /etc/systemd/system /etc/systemd/system.attached -type l -printf '%P %l\\n' 2>/dev/null | sort || true").splitlines()


def with_doorman(machine):
    machine.write("/usr/lib/systemd/system/doorman.service", DOORMAN)


@test
def units_of_the_host_are_never_changed(t):
    """Packages whose units, drop-ins, links and [Install] sections would reach units of the host are refused; `systemctl cat`
    and `systemctl show` of those units stay the same."""
    rig = Rig(t, before=with_doorman)
    before = shown(rig.machine)
    for what, files, made in ATTACKS:
        try:
            deployment = rig.installer.install(rig.installer.stage(rig.authority.sign(units("1.0", files, made))))
            end = rig.ended(deployment)
            if end["result"] == "done":
                rig.ended(rig.installer.activate("keelsample"))
            expect(False, f"{what} was accepted: {end}")
        except BusError as error:
            t.step(f"{what}: {error}")
            expect(error.name in ("org.gatekeel.Error.Conflict", "org.gatekeel.Error.Unsupported"), f"the error of {what}")
        now = shown(rig.machine)
        for unit, lines in before.items():
            changed = sorted(set(lines) ^ set(now[unit]))
            equal(changed, [], f"lines of {unit} that changed after {what}")


@test
def what_is_enabled_for_a_package_goes_with_it(t):
    """Links by WantedBy=, Alias=, Also= and DefaultInstance= are there while the package is active, and gone after an update
    without them, after a removal, and while it is deactivated."""
    rig = Rig(t, before=with_doorman)
    m = rig.machine
    before = links(m)
    full = {
        "keelsample.service": install("WantedBy=multi-user.target", "Alias=keel-%p.service", "Also=keelsample@.service"),
        "keelsample@.service": install("DefaultInstance=one", "WantedBy=doorman.service"),
        "keelsample@two.service.d/x.conf": "[Service]\nNice=1\n",
    }

    def deploy(version, files):
        data = rig.authority.sign(units(version, files))
        equal(rig.ended(rig.installer.install(rig.installer.stage(data)))["result"], "done", f"the install of {version}")

    def enabled():
        return [line.split()[0] for line in links(m) if line not in before and " /" in line]

    deploy("1.0", full)
    equal(enabled(), [], "links after the install")
    made = ["doorman.service.wants/keelsample@one.service", "keel-keelsample.service", "multi-user.target.wants/keelsample.service"]
    equal(rig.ended(rig.installer.activate("keelsample"))["result"], "done", "the activation")
    equal(enabled(), made, "links while it is active")
    m.run("systemctl", "start", "keelsample@two.service")
    equal(m.unit("keelsample@two.service")["Nice"], "1", "the drop-in of an instance")
    expect("Nice" not in m.run("systemctl", "cat", "keelsample@one.service").out, "another instance does not have it")
    m.run("systemctl", "stop", "keelsample@two.service")
    deactivation = rig.installer.call("Deactivate", "s", b"keelsample")
    equal(rig.ended(deactivation)["result"], "done", "the deactivation")
    equal(enabled(), [], "links while it is inactive")
    equal(rig.ended(rig.installer.activate("keelsample"))["result"], "done", "the activation")
    deploy("2.0", {"keelsample.service": install("WantedBy=multi-user.target"), "keelsample@.service": SERVICE})
    equal(enabled(), ["multi-user.target.wants/keelsample.service"], "links after an update without the others")
    equal(rig.ended(rig.installer.rollback("keelsample"))["result"], "done", "the rollback")
    equal(enabled(), made, "links after the rollback")
    equal(rig.ended(rig.installer.remove("keelsample", purge=True))["result"], "done", "the removal")
    equal(links(m), before, "what is left")


@test
def an_init_script_gets_a_unit(t):
    """A package with an init script and no unit runs by the unit that systemd's generator would write, with the package's
    files. The host gets no init script."""
    rig = Rig(t)
    m = rig.machine
    script = """#!/bin/sh
### BEGIN INIT INFO
# Provides:          keelsample
# Required-Start:    $remote_fs $syslog $network
# Required-Stop:     $remote_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: the sample, by an init script
### END INIT INFO
. /lib/lsb/init-functions
case "$1" in
    start) mkdir -p /run/keelsample
        start-stop-daemon --start --background --make-pidfile --pidfile /run/keelsample/pid --exec /usr/bin/keelsample ;;
    stop) start-stop-daemon --stop --retry 5 --pidfile /run/keelsample/pid --exec /usr/bin/keelsample ;;
    *) echo "usage" >&2; exit 1 ;;
esac
"""
    files = (("etc/init.d/keelsample", script, 0o755),)
    section = ("#!/bin/sh\nset -e\n# Automatically added by dh_installinit/13.11.4\nupdate-rc.d keelsample defaults >/dev/null\n"
               "# End automatically added section\n#DEBHELPER#\n")
    package = {"unit": None, "files": files, "scripts": (("postinst", section),)}
    equal(rig.deploy("1.0", **package)["result"], "done", "the install")
    expect(not m.exists("/etc/init.d/keelsample"), "the host has no init script")
    equal(rig.package()["units"], ["keelsample.service"], "the units")
    equal(rig.package()["active"], False, "active before the activation")
    equal(rig.ended(rig.installer.activate("keelsample"))["result"], "done", "the activation")

    def runs(version):
        until(10, f"{version} runs", lambda: m.exists("/run/keelsample/version")
              and m.read("/run/keelsample/version").split()[:1] == [version])
        equal(m.sh("pgrep -c -x keelsample || true").strip(), "1", "processes of the sample")
        expect(m.exists("/etc/systemd/system/multi-user.target.wants/keelsample.service"), "it starts at boot")

    runs("1.0")
    equal(rig.deploy("1.1", **package)["result"], "done", "the update")
    runs("1.1")
    equal(rig.ended(rig.installer.call("Deactivate", "s", b"keelsample"))["result"], "done", "the deactivation")
    equal(m.sh("pgrep -c -x keelsample || true").strip(), "0", "processes after the deactivation")
    equal(rig.ended(rig.installer.remove("keelsample", purge=True))["result"], "done", "the removal")
