"""The command line on a booted gateway: what it checks, shows, and keeps to itself."""

import json

from gk import packages
from gk.case import equal, expect, test, until
from gk.gateway import INSTALLER, configure

KEY = "8badf00d8badf00d8badf00d8badf00d"
ACCOUNT = """\
[Server main]
URI=coaps://127.0.0.1:5684
PSKIdentity=gw1
PSKKeyFile=/etc/gatekeel/keys/main.psk
"""


def prepared(t):
    authority = packages.Authority(t.folder / "authority")
    m = t.machine()
    configure(m, authority, ACCOUNT, INSTALLER)
    m.write("/etc/gatekeel/keys/main.psk", KEY + "\n", mode=0o640, owner="root:gatekeel")
    m.write("/srv/signed.deb", authority.sign(packages.sample("1.0")))
    m.boot()
    m.wait_for_unit("gatekeel-installd.service")
    m.wait_for_unit("gatekeeld.service")
    return m


@test
def config_check_finds_what_gatekeeld_cannot_read(t):
    """A key file that only root can read, and a drop-in that only root can read, are errors."""
    m = prepared(t)
    equal(m.run("gatekeel", "config", "check", check=False).status, 0, "the status with a good configuration")
    m.sh("chown root:root /etc/gatekeel/keys/main.psk")
    answer = m.run("gatekeel", "config", "check", check=False)
    equal(answer.status, 78, "the status with a key file of root's alone")
    expect("for the user gatekeel" in answer.err, str(answer))
    m.sh("chown root:gatekeel /etc/gatekeel/keys/main.psk && chmod 700 /etc/gatekeel/keys")
    equal(m.run("gatekeel", "config", "check", check=False).status, 78, "the status with a folder of root's alone")
    m.sh("chmod 755 /etc/gatekeel/keys")
    m.write("/etc/gatekeel/gatekeeld.conf.d/50-x.conf", "[Agent]\n", mode=0o600)
    answer = m.run("gatekeel", "config", "check", check=False)
    equal(answer.status, 78, "the status with a drop-in of root's alone")
    expect("50-x.conf" in answer.err, str(answer))


@test
def a_refused_reload_fails(t):
    """`systemctl reload` fails when the configuration has errors; the one in use stays in use."""
    m = prepared(t)
    equal(m.run("systemctl", "reload", "gatekeeld", check=False).status, 0, "the status of a good reload")
    m.write("/etc/gatekeel/gatekeeld.conf.d/50-x.conf", "[Agent]\nColor=red\n")
    expect(m.run("systemctl", "reload", "gatekeeld", check=False).status != 0, "systemctl reload fails")
    answer = m.run("gatekeel", "reload", check=False)
    equal(answer.status, 78, "the status of gatekeel reload")
    expect("Color" in answer.err, str(answer))
    equal(m.state("gatekeeld.service"), "active", "gatekeeld")
    expect("main" in m.run("gatekeel", "status", check=False).out, "the account is still there")


@test
def the_log_shows_no_forged_entries(t):
    """An entry of another user with PACKAGE= is not shown by `gatekeel log`; the health command's output is."""
    m = prepared(t)
    m.run("gatekeel", "install", "--activate=yes", "/srv/signed.deb")
    m.sh("printf 'MESSAGE=forged words\\nPACKAGE=keelsample\\nUNIT=keelsample.service\\n' | logger --journald",
         user="nobody")
    until(5, "the forged entry is in the journal",
          lambda: "forged words" in m.run("journalctl", "--no-pager", "PACKAGE=keelsample").out)
    shown = m.run("gatekeel", "log", "keelsample").out
    expect("forged words" not in shown, shown)
    expect("is installed" in shown, shown)


@test
def status_check_metrics_and_diagnose(t):
    """A gateway without its server is unhealthy; metrics say so; the support archive holds no key."""
    m = prepared(t)
    m.run("gatekeel", "install", "--activate=yes", "/srv/signed.deb")
    equal(m.run("gatekeel", "status", "--check", check=False).status, 2, "the status of status --check")
    document = json.loads(m.run("gatekeel", "status", "--json", "--check", check=False).out)
    expect(any("not registered with main" in problem for problem in document["problems"]), str(document["problems"]))
    metrics = m.run("gatekeel", "metrics").out
    expect('gatekeel_package_active{package="keelsample",version="1.0"} 1' in metrics, metrics)
    m.sh("mkdir -p /var/lib/prometheus/node-exporter && systemctl start gatekeel-metrics.service")
    expect("gatekeel_up" in m.read("/var/lib/prometheus/node-exporter/gatekeel.prom"), "the timer's service writes")
    equal(m.run("systemctl", "is-enabled", "gatekeel-metrics.timer", check=False).out.strip(), "disabled", "the timer")
    # A key in the wrong place: in a file that goes into the archive, and in what gatekeeld says of it.
    dropin = m.path("/etc/gatekeel/gatekeeld.conf.d/90-mistake.conf")
    dropin.parent.mkdir(parents=True, exist_ok=True)
    dropin.write_text(f"[Server main]\nPSKKeyFile={KEY} # the key\n")
    equal(m.run("gatekeel", "reload", check=False).status, 78, "the status of a refused reload")
    m.run("gatekeel", "diagnose", "--output=/root/d.tar.gz")
    dropin.unlink()
    equal(m.run("stat", "--format=%a", "/root/d.tar.gz").out.strip(), "600", "the archive's mode")
    held = m.sh("cd /root && mkdir d && tar -xzf d.tar.gz -C d && find d -type f -exec cat {} +")
    journal = m.sh("cat /root/d/*/journal.txt")
    expect("Package keelsample 1.0 is installed" in journal, "the journal is in it")
    expect("90-mistake.conf" in journal and "PSKKeyFile=(removed)" in held, "the mistake is in it")
    expect(KEY not in held.lower(), "the key is not in it")
    # Support needs it most when something is broken.
    m.run("systemctl", "stop", "dbus.socket", "dbus.service")
    m.run("gatekeel", "diagnose", "--output=/root/without-bus.tar.gz")
    expect("journal.txt" in m.run("tar", "-tzf", "/root/without-bus.tar.gz").out, "an archive without a bus")
    expect('gatekeel_up{daemon="gatekeeld"} 0' in m.run("gatekeel", "metrics").out, "metrics without a bus")
    m.run("systemctl", "start", "dbus.socket")


@test
def missing_rights_are_one_sentence(t):
    """A user without any rights is told what to do, once."""
    m = prepared(t)
    answer = m.run("gatekeel", "status", user="nobody", check=False)
    equal(answer.status, 77, "the status")
    equal(len(answer.err.strip().splitlines()), 1, f"lines of {answer.err}")
    equal(m.run("gatekeel", "history", "nosuch", check=False).status, 3, "the status of history nosuch")
    equal(m.run("gatekeel", "packages", "bad name", check=False).status, 64, "the status of packages 'bad name'")
