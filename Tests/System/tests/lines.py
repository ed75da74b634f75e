"""The lines of tmpfiles.d and sysusers.d of a package: what they make, and what they may not."""

from gk import packages
from gk.bus import BusError
from gk.case import equal, expect, test
from gk.packages import UNIT

from tests.installer import Rig

TMPFILES = """\
d /run/keellines 0750 keellines keellines -
L /run/keellines/log - - - - /var/log/keellines
d /var/lib/keellines/deep/er 0750 keellines keellines -
d /var/log/keellines 0750 keellines adm -
f /var/log/keellines.log 0640 keellines adm -
"""
SYSUSERS = """\
u keellines - "Lines" /var/lib/keellines
g keeldata -
m keellines keeldata
m keellines dialout
"""
LOOKED_AT = "/etc/passwd /etc/group /etc/shadow /etc/gshadow"


def signed(rig, version, behaviour="good", tmpfiles=TMPFILES, sysusers=SYSUSERS):
    # Named for another package, so that debhelper's scripts do not run them as well.
    files = [("usr/lib/tmpfiles.d/lines.conf", tmpfiles, 0o644), ("usr/lib/sysusers.d/lines.conf", sysusers, 0o644)]
    return rig.authority.sign(packages.sample(version, behaviour, files=files, unit=UNIT))


def seen(m):
    """Accounts, and everything that has a name in the folders of data, with owners and modes."""
    return (m.sh(f"sort {LOOKED_AT}"),
            m.sh("find /var/lib /var/log /run /var/cache /var/spool -xdev \\( -path '/var/lib/gatekeel*' -o -path '/var/log/journal'"
                 " -o -path '/run/systemd' -o -path '/run/log' -o -path '/run/udev' -o -path '/run/gatekeel*' \\) -prune"
                 " -o -printf '%p %u %g %m %l\\n' | sort"))


@test
def a_failed_install_takes_its_users_and_folders_along(t):
    """A first version that crashes: users, groups, memberships, folders, links and files of its lines are gone afterwards. The
    same version without the fault has them, an undone update changes nothing of them, and a purge removes them."""
    rig = Rig(t)
    m = rig.machine
    before = seen(m)

    def deploy(*arguments):
        token = rig.installer.stage(signed(rig, *arguments))
        return rig.ended(rig.installer.install(token, activate=True))

    end = deploy("1.0", "crashes")
    equal(end["result"], "failed", "the install")
    equal(seen(m), before, "accounts and folders after the failed install")
    equal(deploy("1.1")["result"], "done", "the install")
    equal(m.sh("id -nG keellines").split(), ["keellines", "dialout", "keeldata"], "the user's groups")
    equal(m.sh("stat -c %U /run/keellines /var/lib/keellines/deep/er /var/log/keellines.log").split(), ["keellines"] * 3, "owners")
    good = m.sh(f"sort {LOOKED_AT}")
    end = deploy("1.2", "crashes", TMPFILES + "d /var/lib/keellines-more 0750 keelmore keelmore -\n", SYSUSERS + "u keelmore -\n")
    equal(end["result"], "rolled-back", "the update")
    equal(m.sh(f"sort {LOOKED_AT}"), good, "accounts after the undone update")
    expect(not m.exists("/var/lib/keellines-more"), "its folder is gone")
    equal(rig.ended(rig.installer.remove("keelsample", purge=True))["reason"], "", "the purge")
    equal(seen(m), before, "accounts and folders after the purge")


@test
def lines_reach_nothing_of_the_host(t):
    """Packages whose lines change what is not theirs are refused, and nothing of the host has changed."""
    rig = Rig(t)
    m = rig.machine
    before = m.sh(f"stat -c '%n %a %U %Y' {LOOKED_AT} /etc/sudoers.d 2>&1 || true; ls -la /etc/systemd/system /etc/gatekeel/keyring.d")
    for tmpfiles, sysusers in [
        ("L+ /etc/systemd/system/ssh.service - - - - /usr/share/keelsample/release\n", ""), ("z /etc/shadow 0666\n", ""),
        ("# hidden\rz /etc/shadow 0666\n", ""), ("f /etc/sudoers.d/keel 0440 - - - ALL ALL=(ALL) NOPASSWD: ALL\n", ""),
        ("f /etc/gatekeel/keyring.d/mine.pem\n", ""), ("", "m daemon sudo\n"), ("", "u keel -:sudo\n"), ("", "u keel 0\n"),
    ]:
        try:
            rig.installer.stage(signed(rig, "1.0", "good", tmpfiles or TMPFILES, sysusers or SYSUSERS))
            expect(False, f"'{(tmpfiles + sysusers).strip()}' was accepted")
        except BusError as error:
            t.step(error.message)
            equal(error.name, "org.gatekeel.Error.Unsupported", "the error")
    after = m.sh(f"stat -c '%n %a %U %Y' {LOOKED_AT} /etc/sudoers.d 2>&1 || true; ls -la /etc/systemd/system /etc/gatekeel/keyring.d")
    equal(after, before, "the host's files")
