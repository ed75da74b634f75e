"""The main job, from Leshan: a signed package goes to work, an update is kept, a broken one undoes itself."""

import time

from gk import packages
from gk.case import equal, expect, test, until
from gk.gateway import DELIVERED, FAILED, INITIAL, INSTALLED, Gateway
from gk.leshan import notified

HEALTH = """\
[Package]
Format=1

[Health]
Command=/usr/bin/keelsample health
"""


def installed_and_active(g, version="1.0", **more):
    """Instance 1 with a running good version."""
    slot = g.create(1)
    slot.shows(state=INITIAL, active=False)
    slot.installed(g.signed(version, **more), version)
    slot.activate().expect("2.04")
    slot.becomes(10, active=True)
    g.runs(version)
    return slot


@test
def a_package_goes_to_work(t):
    """Create, push, Install, Activate: a unit runs. Deactivate, Uninstall: it is gone."""
    g = Gateway(t)
    slot = g.create(1)
    slot.shows(state=INITIAL, result=0, active=False)
    slot.observe()
    slot.deliver(g.signed("1.0"))
    slot.shows(name="keelsample", version="1.0")
    equal(g.running(), None, "what runs before Install")
    slot.install().expect("2.04")
    slot.becomes(20, state=INSTALLED, result=2, active=False)
    equal(g.running(), None, "what runs before Activate")
    slot.activate().expect("2.04")
    slot.shows(state=INSTALLED, active=True)
    g.runs("1.0")
    expect(not g.machine.exists("/usr/bin/keelsample"), "the host's /usr stays as it is")
    equal(g.machine.sh("systemctl is-enabled keelsample.service").strip(), "enabled", "the unit")
    # The server's observation: Result arrives before State, in their order of change.
    g.events.value(5, f"{slot.path}/12", True)
    slot.deactivate().expect("2.04")
    slot.shows(state=INSTALLED, active=False)
    equal(g.machine.state("keelsample.service"), "inactive", "the unit after Deactivate")
    slot.uninstall().expect("2.04")
    slot.becomes(10, state=INITIAL, result=0, active=False)
    equal(g.machine.state("keelsample.service"), "not-found", "the unit after Uninstall")
    slot.device.delete("/9/1").expect("2.02")


@test
def notifications_tell_result_before_state(t):
    """An observer of State and Result gets them confirmable, in order, Result first."""
    g = Gateway(t)
    slot = g.create(1).observe()
    slot.deliver(g.signed("1.0"))
    g.events.value(5, "/9/1/7", DELIVERED)
    results = [event for event in g.events.seen if notified(event, "/9/1/9") == 3]
    expect(results, "Result 3 was notified before State 3")


@test
def a_good_update_is_kept(t):
    """ForUpdate, push, Install: the new version runs, active as the old one was, with seconds of downtime at most."""
    g = Gateway(t)
    slot = installed_and_active(g)
    slot.for_update()
    equal(slot.value(12), True, "Activation State during an update")
    equal(g.running(), "1.0", "what runs during an update")
    slot.installed(g.signed("2.0"), "2.0")
    slot.becomes(5, active=True)
    g.runs("2.0")
    equal(g.current(), "2.0", "the release in place")
    until(10, "nothing but current and previous is kept",
          lambda: sorted(path.name for path in g.machine.path("/var/lib/gatekeel/packages/keelsample").iterdir()
                         if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")) == ["1.0", "2.0"])


def broken(t, behaviour, seconds, manifest=None):
    """Version 2.0 is broken in some way: 1.0 runs again, the server reads Result 58 and why, and 3.0 succeeds."""
    g = Gateway(t)
    slot = installed_and_active(g)
    slot.for_update()
    slot.deliver(g.signed("2.0", behaviour, manifest=manifest))
    began = time.monotonic()
    slot.install()
    slot.becomes(seconds + 15, state=DELIVERED, result=FAILED)
    t.step(f"told after {time.monotonic() - began:.2f} s: {slot.value(16)}")
    g.runs("1.0", 5)
    back = time.monotonic() - began
    expect(back < seconds, f"1.0 runs again within {seconds} s (took {back:.1f} s)")
    equal(slot.value(12), True, "Activation State after the rollback")
    equal(g.current(), "1.0", "the release in place")
    expect(slot.value(16), "Status Reason says why")
    # Dropping what was pending brings back the old state of things.
    slot.uninstall().expect("2.04")
    slot.becomes(10, state=INSTALLED, version="1.0", active=True)
    slot.for_update()
    slot.installed(g.signed("3.0"), "3.0")
    slot.becomes(5, active=True)
    g.runs("3.0")


@test
def a_version_that_crashes_is_undone(t):
    """It exits at its start."""
    broken(t, "crashes", 10)


@test
def a_version_that_dies_is_undone(t):
    """It dies while it is on probation, after it was active."""
    broken(t, "dies 1.5", 10)


@test
def a_version_that_hangs_is_undone(t):
    """It is never ready; our own deadline ends that, not systemd's 90 s."""
    broken(t, "hangs", 15)


@test
def an_unhealthy_version_is_undone(t):
    """It runs, but the health command of the signed manifest fails."""
    broken(t, "unhealthy", 15, manifest=HEALTH)


@test
def a_version_that_lingers_is_replaced(t):
    """The old version does not end when asked: it is killed after our deadline, and the update goes on."""
    g = Gateway(t)
    slot = installed_and_active(g, behaviour="lingers")
    slot.for_update()
    slot.installed(g.signed("2.0"), "2.0")
    g.runs("2.0")


@test
def a_first_version_that_crashes_stays_inactive(t):
    """Activate of a first version that cannot run: INSTALLED, inactive, the reason told."""
    g = Gateway(t)
    slot = g.create(1)
    slot.installed(g.signed("1.0", "crashes"), "1.0")
    answer = slot.activate()
    slot.becomes(15, state=INSTALLED, active=False)
    expect(slot.value(16), f"Status Reason says why (Activate: {answer})")


@test
def what_is_not_signed_is_not_delivered(t):
    """Unsigned, changed, signed by a stranger, by a leaf for another purpose: Result 53, nothing unpacked."""
    g = Gateway(t)
    slot = g.create(1)
    stranger = packages.Authority(t.folder / "stranger", "Stranger")
    good = g.signed("1.0")
    changed = bytearray(good)
    changed[len(changed) // 2] ^= 1
    for what, data in {
        "unsigned": packages.sample("1.0").read_bytes(),
        "changed": bytes(changed),
        "a stranger's": stranger.sign(packages.sample("1.0")),
        "for e-mail": g.signed("1.0", signer=g.authority.issue("mail", extended="emailProtection")),
        "with more behind it": good + packages.member("more", b"more"),
        "cut off": good[:-100],
    }.items():
        slot.push(data)
        slot.becomes(20, state=INITIAL)
        result = slot.value(9)
        expect(result in (53, 54), f"{what}: Result 53 or 54, not {result}")
        t.step(f"{what}: {result}, {slot.value(16)}")
    expect(not g.machine.path("/var/lib/gatekeel/packages/keelsample").exists(), "nothing was unpacked")
    slot.installed(good, "1.0")


@test
def going_back_is_refused(t):
    """A version below the highest that was kept is refused over the network."""
    g = Gateway(t)
    slot = installed_and_active(g, "2.0")
    slot.for_update()
    slot.push(g.signed("1.0"))
    if slot.value(7) == DELIVERED:
        slot.install()
        slot.becomes(20, result=FAILED)
    expect(slot.value(9) in (57, 58), f"the Result is a refusal: {slot.value(9)}")
    t.step(slot.value(16))
    g.runs("2.0")


@test
def hostile_archives_leave_nothing(t):
    """Signed, for the test's sake, but with members that try to get out: refused, and nothing is left anywhere."""
    import tarfile

    g = Gateway(t)
    slot = g.create(1)
    good = packages.sample("1.0")
    entry = packages.entry
    cases = {
        "parent folders": [entry("./usr/../../../etc/owned", b"x")],
        "an absolute name": [entry("/etc/cron.d/owned", b"x")],
        "through a link": [entry("./usr/share/x", type=tarfile.SYMTYPE, link="/etc"), entry("./usr/share/x/owned", b"x")],
        "a hard link out": [entry("./usr/share/x", type=tarfile.LNKTYPE, link="../../../../etc/passwd")],
        "a device": [entry("./usr/share/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)],
        "a pipe": [entry("./usr/share/pipe", type=tarfile.FIFOTYPE)],
        "set-user-ID": [entry("./usr/bin/owned", b"x", mode=0o4755)],
        "an odd place": [entry("./root/.ssh/authorized_keys", b"x")],
        "a bomb": [entry("./usr/share/zeros", bytes(64 << 20))],
    }
    before = g.machine.sh("find / -xdev -not -path '/proc/*' -not -path '/var/log/*' | sort | grep -v ^/run | grep -v gatekeeld")
    for what, entries in cases.items():
        slot.push(g.authority.sign(packages.hostile(good, entries)))
        until(20, f"{what}: an end", lambda: slot.value(7) in (INITIAL, DELIVERED))
        if slot.value(7) == DELIVERED:
            slot.install()
            slot.becomes(20, state=DELIVERED, result=FAILED)
            t.step(f"{what}: {slot.value(16)}")
            slot.uninstall().expect("2.04")
            slot.becomes(10, state=INITIAL)
        else:
            expect(slot.value(9) in (53, 54, 57, 58), f"{what}: a Result of refusal: {slot.value(9)}")
            t.step(f"{what}: {slot.value(9)}, {slot.value(16)}")
    after = g.machine.sh("find / -xdev -not -path '/proc/*' -not -path '/var/log/*' | sort | grep -v ^/run | grep -v gatekeeld")
    new = [line for line in after.splitlines() if line not in set(before.splitlines()) and "/var/lib/gatekeel" not in line]
    equal(new, [], "files that were not there before")
    expect(not [line for line in after.splitlines() if "/var/lib/gatekeel/packages/keelsample" in line], "nothing was unpacked")


@test
def a_package_is_pulled(t):
    """Package URI over http: fetched, delivered, installed."""
    files = t.folder / "files"
    files.mkdir()
    g = Gateway(t, leshan=["--files", str(files)])
    (files / "keelsample.deb").write_bytes(g.signed("1.0"))
    slot = g.create(1)
    slot.device.write("/9/1/3", "http://127.0.0.1:8080/files/keelsample.deb").expect("2.04")
    slot.becomes(20, state=DELIVERED, result=3)
    slot.install().expect("2.04")
    slot.becomes(20, state=INSTALLED, result=2)
    slot.for_update()
    slot.device.write("/9/1/3", "http://127.0.0.1:8080/files/none.deb")
    slot.becomes(20, result=56)
    answer = slot.device.write("/9/1/3", "gopher://127.0.0.1/x")
    equal(answer.code, "4.00", "a scheme that is not spoken")
    slot.shows(result=56)
