"""An attacker who controls gatekeeld, and other users, can do nothing beyond their permissions."""

import threading

from gk import packages
from gk.case import equal, expect, test, until
from gk.gateway import INSTALLER, configure


def prepared(t):
    authority = packages.Authority(t.folder / "authority")
    m = t.machine()
    configure(m, authority, "", INSTALLER)
    m.write("/srv/unsigned.deb", packages.sample("1.0").read_bytes())
    m.write("/srv/signed.deb", authority.sign(packages.sample("1.0")))
    m.boot()
    m.wait_for_unit("gatekeel-installd.service")
    return m


def refused(m, user, *argv):
    answer = m.run(*argv, user=user, check=False)
    expect(answer.status != 0, f"{user} is refused: {answer}")
    return answer


@test
def a_taken_over_gatekeeld_cannot_install_unsigned_packages(t):
    """The user gatekeel cannot install unsigned packages, or change units, files and processes of others."""
    m = prepared(t)
    bus = ["busctl", "call", "org.gatekeel.Installer1", "/org/gatekeel/Installer1", "org.gatekeel.Installer1"]
    answer = refused(m, "gatekeel", "gatekeel", "install", "/srv/unsigned.deb")
    expect("signature" in (answer.out + answer.err).lower() or "signed" in (answer.out + answer.err).lower(), str(answer))
    for unit in ("dbus", "ssh", "systemd-journald", "../../etc/passwd", "/usr/bin/id", "console-getty"):
        refused(m, "gatekeel", *bus, "Activate", "s", unit)
        refused(m, "gatekeel", *bus, "Remove", "sa{sv}", unit, "0")
    refused(m, "gatekeel", *bus, "Install", "sa{sv}", "../../../tmp/x", "0")
    refused(m, "gatekeel", "systemctl", "start", "console-getty.service")
    refused(m, "gatekeel", "systemd-run", "--wait", "id")
    for path in ("/var/lib/gatekeel/x", "/var/lib/gatekeel/packages/x", "/etc/systemd/system.attached/x.service",
                 "/etc/gatekeel/keyring.d/x.pem", "/etc/gatekeel/x", "/usr/lib/gatekeel/x"):
        refused(m, "gatekeel", "sh", "-c", f"mkdir -p $(dirname {path}) && echo x >{path}")
    refused(m, "gatekeel", "dpkg", "-i", "/srv/unsigned.deb")
    refused(m, "gatekeel", "kill", "-9", str(m.main_pid("gatekeel-installd.service")))
    equal(m.state("keelsample.service"), "not-found", "the unsigned package's unit")
    # It may install signed packages: that is its purpose.
    m.run("gatekeel", "install", "/srv/signed.deb", user="gatekeel")
    expect("keelsample" in m.run("gatekeel", "packages").out, "the signed package is installed")


@test
def a_member_of_adm_may_only_read(t):
    """A member of adm sees packages and status. Changes are refused with the documented exit code."""
    m = prepared(t)
    m.sh("useradd --groups adm --create-home watcher")
    m.run("gatekeel", "packages", user="watcher")
    m.run("gatekeel", "status", user="watcher")
    first = refused(m, "watcher", "gatekeel", "install", "/srv/signed.deb")
    second = refused(m, "watcher", "gatekeel", "activate", "keelsample")
    expect(first.status == second.status, f"both have the same exit code: {first.status} and {second.status}")
    refused(m, "nobody", "gatekeel", "packages")
    equal(m.state("keelsample.service"), "not-found", "the package's unit")


@test
def signals_are_not_for_every_user(t):
    """What the signals tell of packages and deployments is heard by members of adm, and by nobody else."""
    m = prepared(t)
    m.sh("useradd --groups adm --create-home watcher")
    heard = {}

    def listen(user):
        heard[user] = m.run("timeout", "10", "dbus-monitor", "--system",
                            "type='signal',interface='org.gatekeel.Installer1'", user=user, check=False).out

    listeners = [threading.Thread(target=listen, args=(user,)) for user in ("nobody", "watcher")]
    for listener in listeners:
        listener.start()
    # Once dbus-monitor has its name, it listens.
    for user in ("nobody", "watcher"):
        until(8, f"{user} listens", lambda: m.run("pgrep", "-u", user, "dbus-monitor", check=False).status == 0, every=0.1)
    m.run("gatekeel", "install", "/srv/signed.deb")
    m.run("gatekeel", "remove", "keelsample")
    for listener in listeners:
        listener.join()
    expect("DeploymentChanged" in heard["watcher"], f"a member of adm hears: {heard['watcher']}")
    expect("keelsample" not in heard["nobody"], f"nobody else does: {heard['nobody']}")
