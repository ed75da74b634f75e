"""Packages of the store that depend on each other, as Debian splits them."""

from gk.bus import BusError
from gk.case import equal, expect, test, until
from tests.installer import Rig

UNIT = """\
[Unit]
Description=Uses a library of another package

[Service]
ExecStart=/bin/sh -ec 'test -e /usr/share/keellib/whole; cp /usr/share/keellib/text /run/keelapp; exec sleep infinity'
Restart=no

[Install]
WantedBy=multi-user.target
"""


def library(version, whole=True):
    files = [("/usr/share/keellib/text", f"{version}\n", 0o644)]
    if whole:
        files.append(("/usr/share/keellib/whole", "", 0o644))
    return {"version": version, "name": "keellib", "unit": "", "conffile": False, "files": tuple(files)}


def application(depends):
    return {"version": "1.0", "name": "keelapp", "unit": UNIT, "conffile": False, "depends": depends}


def refusal(action):
    try:
        action()
    except BusError as error:
        return error
    raise AssertionError("it is not refused")


@test
def a_library_is_delivered_like_a_program(t):
    """A unit sees the library that its package depends on, and runs again when that is updated. A version of the library that
    breaks it is undone, one that it does not take is refused, and so is its removal. After a boot all is the same."""
    rig = Rig(t)
    m = rig.machine

    def text():
        return m.read("/run/keelapp").strip()

    missing = refusal(lambda: rig.installer.stage(rig.signed(**application("keellib (<< 3)"))))
    expect("keellib" in str(missing), f"what is missing is named: {missing}")
    equal(rig.deploy(**library("1.0"))["result"], "done", "the library")
    equal(rig.deploy(**application("keellib (<< 3)"))["result"], "done", "the program")
    equal(rig.ended(rig.installer.activate("keelapp"))["result"], "done", "the activation")
    equal(text(), "1.0", "the library that the unit sees")
    expect(not m.exists("/usr/share/keellib"), "the host does not have it")

    shown = m.run("gatekeel", "run", "keelapp", "--", "sh", "-c", 'for i in 1 2; do echo $i; done; cat /usr/share/keellib/text; exit 7', check=False)
    equal((shown.status, shown.out.split(), shown.err), (7, ["1", "2", "1.0"], ""), "what a command sees")
    expect(m.run("gatekeel", "run", "keelapp", "--", "/usr/bin/keelapp", "--nosuch", check=False).status not in (0, 127, 203),
           "the package's own program is found")

    equal(rig.deploy(**library("2.0"))["result"], "done", "the library's update")
    equal((text(), m.state("keelapp.service")), ("2.0", "active"), "what the unit sees, and its state")
    broken = rig.deploy(**library("2.1", whole=False))
    equal(broken["result"], "rolled-back", "a library that breaks the program")
    expect("keelapp.service" in broken["reason"], f"the reason names the unit: {broken['reason']}")
    equal((text(), m.state("keelapp.service")), ("2.0", "active"), "what the unit sees, and its state")

    token = rig.installer.stage(rig.signed(**library("3.0")))
    refused = refusal(lambda: rig.installer.install(token))
    expect("would break the package 'keelapp'" in str(refused), f"the reason: {refused}")
    refused = refusal(lambda: rig.installer.remove("keellib"))
    expect("remove 'keelapp' first" in str(refused), f"the reason: {refused}")
    equal(rig.ended(rig.installer.rollback("keellib"))["result"], "done", "the way back")
    equal((text(), m.state("keelapp.service")), ("1.0", "active"), "what the unit sees, and its state")

    m.reboot()
    rig.connect()
    until(20, "the unit runs after the boot", lambda: m.state("keelapp.service") == "active")
    equal(text(), "1.0", "the library that the unit sees after a boot")
    equal(rig.ended(rig.installer.remove("keelapp"))["result"], "done", "the program's removal")
    equal(rig.ended(rig.installer.remove("keellib"))["result"], "done", "then the library's")


@test
def packages_that_fit_only_together_are_updated(t):
    """Each accepts only its own version of the other, as Debian's packages of one source do. When both new versions were
    delivered, they are installed one after the other, and the unit runs all the time but for its restarts."""
    rig = Rig(t)
    m = rig.machine

    def application_of(version):
        return {**application(f"keellib (= {version})"), "version": version}

    equal(rig.deploy(**library("1.0"))["result"], "done", "the library")
    equal(rig.deploy(**application_of("1.0"))["result"], "done", "the program")
    equal(rig.ended(rig.installer.activate("keelapp"))["result"], "done", "the activation")
    first = rig.installer.stage(rig.signed(**library("2.0")))
    refused = refusal(lambda: rig.installer.install(first))
    expect("deliver the version of it that fits" in str(refused), f"the reason: {refused}")
    second = rig.installer.stage(rig.signed(**application_of("2.0")))
    equal(rig.ended(rig.installer.install(first))["result"], "done", "the library's update")
    equal((m.read("/run/keelapp").strip(), m.state("keelapp.service")), ("2.0", "active"), "what the unit sees, and its state")
    equal(rig.ended(rig.installer.install(second))["result"], "done", "the program's update")
    equal(m.state("keelapp.service"), "active", "the unit")
    equal(rig.package("keelapp")["version"], "2.0", "the version in place")
