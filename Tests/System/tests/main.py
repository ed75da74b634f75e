"""The main job, from Leshan: a signed package is installed, a good update is kept, a broken one is undone."""

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
    """An instance 1 with a running good version."""
    slot = g.create(1)
    slot.shows(state=INITIAL, active=False)
    slot.installed(g.signed(version, **more), version)
    slot.activate().expect("2.04")
    slot.becomes(10, active=True)
    g.runs(version)
    return slot


@test
def a_package_is_installed_and_removed(t):
    """After Create, push, Install and Activate a unit runs. After Deactivate and Uninstall it is gone."""
    g = Gateway(t)
    slot = g.create(1)
    slot.shows(state=INITIAL, result=0, active=False)
    slot.observe()
    slot.deliver(g.signed("1.0"))
    slot.shows(name="keelsample", version="1.0")
    equal(g.running(), None, "the running version before Install")
    slot.install().expect("2.04")
    slot.becomes(20, state=INSTALLED, result=2, active=False)
    equal(g.running(), None, "the running version before Activate")
    slot.activate().expect("2.04")
    slot.shows(state=INSTALLED, active=True)
    g.runs("1.0")
    expect(not g.machine.exists("/usr/bin/keelsample"), "the host's /usr is unchanged")
    equal(g.machine.sh("systemctl is-enabled keelsample.service").strip(), "enabled", "the unit")
    # The server's observations: Result arrives before State, in the order of the changes.
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
    """An observer of State and Result gets confirmable notifications in order, Result first."""
    g = Gateway(t)
    slot = g.create(1).observe()
    slot.deliver(g.signed("1.0"))
    g.events.value(5, "/9/1/7", DELIVERED)
    results = [event for event in g.events.seen if notified(event, "/9/1/9") == 3]
    expect(results, "Result 3 was notified before State 3")


@test
def a_good_update_is_kept(t):
    """After Uninstall (for update), push and Install the new version is active like the old one, with a short downtime."""
    g = Gateway(t)
    slot = installed_and_active(g)
    slot.for_update()
    equal(slot.value(12), True, "Activation State during an update")
    equal(g.running(), "1.0", "the running version during an update")
    slot.installed(g.signed("2.0"), "2.0")
    slot.becomes(5, active=True)
    g.runs("2.0")
    equal(g.current(), "2.0", "the current release")
    until(10, "only the current and the previous release are kept",
          lambda: sorted(path.name for path in g.machine.path("/var/lib/gatekeel/packages/keelsample").iterdir()
                         if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")) == ["1.0", "2.0"])


def broken(t, behaviour, seconds, manifest=None):
    """If version 2.0 is broken, 1.0 runs again, the server reads Result 58 and the reason, and 3.0 succeeds."""
    g = Gateway(t)
    slot = installed_and_active(g)
    slot.for_update()
    slot.deliver(g.signed("2.0", behaviour, manifest=manifest))
    began = time.monotonic()
    slot.install()
    slot.becomes(seconds + 15, state=DELIVERED, result=FAILED)
    t.step(f"reported after {time.monotonic() - began:.2f} s: {slot.value(16)}")
    g.runs("1.0", 5)
    back = time.monotonic() - began
    expect(back < seconds, f"1.0 runs again within {seconds} s (took {back:.1f} s)")
    equal(slot.value(12), True, "Activation State after the rollback")
    equal(g.current(), "1.0", "the current release")
    expect(slot.value(16), "Status Reason has the reason")
    # Dropping the pending update restores the previous State.
    slot.uninstall().expect("2.04")
    slot.becomes(10, state=INSTALLED, version="1.0", active=True)
    slot.for_update()
    slot.installed(g.signed("3.0"), "3.0")
    slot.becomes(5, active=True)
    g.runs("3.0")


@test
def a_version_that_crashes_is_undone(t):
    """A version that exits at its start."""
    broken(t, "crashes", 10)


@test
def a_version_that_dies_is_undone(t):
    """A version that is active first and dies during its probation."""
    broken(t, "dies 1.5", 10)


@test
def a_version_that_hangs_is_undone(t):
    """A version that is never ready. Our own deadline ends that, not systemd's 90 s."""
    broken(t, "hangs", 15)


@test
def an_unhealthy_version_is_undone(t):
    """A version that runs, but fails the health command of the signed manifest."""
    broken(t, "unhealthy", 15, manifest=HEALTH)


@test
def a_version_that_lingers_is_replaced(t):
    """The old version does not stop on request. It is killed after our deadline, and the update continues."""
    g = Gateway(t)
    slot = installed_and_active(g, behaviour="lingers")
    slot.for_update()
    slot.installed(g.signed("2.0"), "2.0")
    g.runs("2.0")


@test
def a_first_version_that_crashes_stays_inactive(t):
    """After Activate of a first version that cannot run, it is INSTALLED and inactive, and the reason is reported."""
    g = Gateway(t)
    slot = g.create(1)
    slot.installed(g.signed("1.0", "crashes"), "1.0")
    answer = slot.activate()
    slot.becomes(15, state=INSTALLED, active=False)
    expect(slot.value(16), f"Status Reason has the reason (Activate: {answer})")


@test
def badly_signed_packages_are_refused(t):
    """Unsigned or changed packages, and those signed by a stranger or for another purpose, are refused before unpacking."""
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
        "with a member after the signature": good + packages.member("more", b"more"),
        "truncated": good[:-100],
    }.items():
        slot.push(data)
        slot.becomes(20, state=INITIAL)
        result = slot.value(9)
        expect(result in (53, 54), f"{what}: Result 53 or 54, not {result}")
        t.step(f"{what}: {result}, {slot.value(16)}")
    expect(not g.machine.path("/var/lib/gatekeel/packages/keelsample").exists(), "nothing was unpacked")
    slot.installed(good, "1.0")


@test
def a_downgrade_is_refused(t):
    """A version below the highest kept one is refused over the network."""
    g = Gateway(t)
    slot = installed_and_active(g, "2.0")
    slot.for_update()
    slot.push(g.signed("1.0"))
    if slot.value(7) == DELIVERED:
        slot.install()
        slot.becomes(20, result=FAILED)
    expect(slot.value(9) in (57, 58), f"the Result means a refusal: {slot.value(9)}")
    t.step(slot.value(16))
    g.runs("2.0")


@test
def hostile_archives_leave_nothing(t):
    """Packages that are signed, but have hostile members, are refused and leave nothing."""
    import tarfile

    g = Gateway(t)
    slot = g.create(1)
    good = packages.sample("1.0")
    entry = packages.entry
    cases = {
        "parent folders": [entry("./usr/../../../etc/owned", b"x")],
        "an absolute name": [entry("/etc/cron.d/owned", b"x")],
        "through a link": [entry("./usr/share/x", type=tarfile.SYMTYPE, link="/etc"), entry("./usr/share/x/owned", b"x")],
        "a hard link out of the package": [entry("./usr/share/x", type=tarfile.LNKTYPE, link="../../../../etc/passwd")],
        "a device": [entry("./usr/share/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)],
        "a pipe": [entry("./usr/share/pipe", type=tarfile.FIFOTYPE)],
        "set-user-ID": [entry("./usr/bin/owned", b"x", mode=0o4755)],
        "a forbidden place": [entry("./root/.ssh/authorized_keys", b"x")],
        "a bomb": [entry("./usr/share/zeros", bytes(64 << 20))],
    }
    before = g.machine.sh("find / -xdev -not -path '/proc/*' -not -path '/var/log/*' | sort | grep -v ^/run | grep -v gatekeeld")
    for what, entries in cases.items():
        slot.push(g.authority.sign(packages.hostile(good, entries)))
        until(20, f"{what}: the end of the delivery", lambda: slot.value(7) in (INITIAL, DELIVERED))
        if slot.value(7) == DELIVERED:
            slot.install()
            slot.becomes(20, state=DELIVERED, result=FAILED)
            t.step(f"{what}: {slot.value(16)}")
            slot.uninstall().expect("2.04")
            slot.becomes(10, state=INITIAL)
        else:
            expect(slot.value(9) in (53, 54, 57, 58), f"{what}: the Result means a refusal: {slot.value(9)}")
            t.step(f"{what}: {slot.value(9)}, {slot.value(16)}")
    after = g.machine.sh("find / -xdev -not -path '/proc/*' -not -path '/var/log/*' | sort | grep -v ^/run | grep -v gatekeeld")
    new = [line for line in after.splitlines() if line not in set(before.splitlines()) and "/var/lib/gatekeel" not in line]
    equal(new, [], "new files")
    expect(not [line for line in after.splitlines() if "/var/lib/gatekeel/packages/keelsample" in line], "nothing was unpacked")


@test
def a_package_is_pulled(t):
    """A Package URI over http is downloaded, delivered and installed."""
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
    equal(answer.code, "4.00", "the answer to an unsupported scheme")
    slot.shows(result=56)
