"""State that cannot be read: the daemons stay up, say why, change nothing, and go on by themselves when it can be read again."""

from gk.case import equal, expect, test, until
from tests.commandline import prepared

STORE = "/var/lib/gatekeel"
SPOOL = "/var/lib/gatekeeld"


def unreadable(m, path):
    """Puts a link that leads to itself in the place of a file or folder: ELOOP, also for root."""
    m.sh(f"mv {path} {path}.away; ln -s {path} {path}")


def readable(m, path):
    m.sh(f"rm {path}; mv {path}.away {path}")


@test
def the_installer_waits_for_its_store(t):
    """A store that cannot be read is neither an empty one nor a reason to restart again and again."""
    m = prepared(t)
    m.run("gatekeel", "install", "--activate=yes", "/srv/signed.deb")
    m.run("systemctl", "stop", "gatekeel-installd")
    unreadable(m, f"{STORE}/packages")
    m.run("systemctl", "start", "gatekeel-installd")
    until(10, "the installer says what is wrong", lambda: m.run("gatekeel", "packages", check=False).status == 69)
    answer = m.run("gatekeel", "status", check=False)
    equal(answer.status, 69, "the status of gatekeel status")
    expect("symbolic links" in answer.err, str(answer))
    expect("cannot be opened" in m.unit("gatekeel-installd").get("StatusText", ""), str(m.unit("gatekeel-installd")))
    until(10, "the server could read it", lambda: "19" in m.run("gatekeel", "read", "/3/0/11").out)
    equal(m.state("keelsample.service"), "active", "the package's unit")
    equal(m.unit("gatekeel-installd").get("NRestarts"), "0", "restarts")
    readable(m, f"{STORE}/packages")
    until(60, "the package is known again", lambda: "keelsample" in m.run("gatekeel", "packages", check=False).out)
    until(10, "the error code is gone", lambda: "19" not in m.run("gatekeel", "read", "/3/0/11").out)
    equal(m.unit("gatekeel-installd").get("NRestarts"), "0", "restarts")
    m.run("gatekeel", "remove", "keelsample")


@test
def the_agent_waits_for_its_state(t):
    """gatekeeld works without what it cannot read; with errors in the configuration, it waits for the last one that worked."""
    m = prepared(t)
    m.run("systemctl", "stop", "gatekeeld")
    unreadable(m, f"{SPOOL}/software")
    m.run("systemctl", "start", "gatekeeld")
    until(10, "the status names the folder", lambda: f"{SPOOL}/software" in m.run("gatekeel", "status", check=False).err)
    expect("main" in m.run("gatekeel", "status", check=False).out, "the account is there")
    readable(m, f"{SPOOL}/software")
    until(60, "the records are read", lambda: f"{SPOOL}/software" not in m.run("gatekeel", "status", check=False).err)

    m.run("systemctl", "stop", "gatekeeld")
    unreadable(m, f"{SPOOL}/configuration")
    m.write("/etc/gatekeel/gatekeeld.conf.d/50-x.conf", "[Agent]\nColor=red\n")
    m.run("systemctl", "start", "gatekeeld")
    answer = m.run("gatekeel", "status", check=False)
    equal(answer.status, 69, "the status while there is no configuration")
    expect("cannot be read" in answer.err, str(answer))
    equal(m.state("gatekeeld.service"), "active", "gatekeeld")
    readable(m, f"{SPOOL}/configuration")
    until(60, "the last configuration that worked is in use",
          lambda: "main" in m.run("gatekeel", "status", check=False).out)
    equal(m.unit("gatekeeld").get("NRestarts"), "0", "restarts")


@test
def a_refused_configuration_fails_the_check(t):
    """`status --check` names a configuration that a reload refused, of both daemons."""
    m = prepared(t)
    for unit, folder, text in (("gatekeel-installd", "installd.conf.d", "[Probation]\nTime=soon\n"),
                               ("gatekeeld", "gatekeeld.conf.d", "[Agent]\nColor=red\n")):
        path = f"/etc/gatekeel/{folder}/50-x.conf"
        m.write(path, text)
        expect(m.run("systemctl", "reload", unit, check=False).status != 0, f"the reload of {unit} fails")
        until(10, f"the check names {unit}",
              lambda: f"the configuration of {unit} has" in m.run("gatekeel", "status", "--check", check=False).err)
        equal(m.run("gatekeel", "status", "--check", check=False).status, 2, "the status of the check")
        m.sh(f"rm {path}")
        m.run("systemctl", "reload", unit)
        until(10, f"the check is content with {unit}",
              lambda: f"the configuration of {unit} has" not in m.run("gatekeel", "status", "--check", check=False).err)
