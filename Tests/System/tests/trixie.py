"""Debian 13: the package built on Debian 12 works there, with newer libraries and a newer systemd."""

import re

from gk import image, packages
from gk.case import equal, expect, on, patience, test, until
from gk.gateway import AGENT, DELIVERED, ENDPOINT, FAILED, INSTALLED, INSTALLER, KEY, configure


@on("trixie")
@test
def the_main_job_works(t):
    """dpkg installs it, and it registers over DTLS. A package is pushed, installed, activated and sees the administrator's
    configuration. A broken update is undone. A purge removes everything."""
    server = t.devserver(ENDPOINT, KEY)
    authority = packages.Authority(t.folder / "authority")
    # Of another architecture the kernel is emulated too: qemu-user alone lacks what systemd starts services with.
    m = (t.virtual_machine() if image.emulated() else t.machine(image.base())).boot()
    m.write("/srv/gatekeel.deb", t.deb().read_bytes())
    t.step(m.sh(". /etc/os-release; echo $PRETTY_NAME; systemctl --version | head -n 1; openssl version"))
    m.run("dpkg", "-i", "/srv/gatekeel.deb", timeout=120)
    configure(m, authority, AGENT.format(endpoint=ENDPOINT, uri=f"coaps://{m.host}:5684", lifetime=300 * patience()),
              re.sub(r"\d+", lambda seconds: str(int(seconds[0]) * patience()), INSTALLER))
    m.write("/etc/keelsample.conf", "Greeting=edited\n")
    m.run("systemctl", "restart", "gatekeel-installd.service", "gatekeeld.service")
    server.do(f"wait {ENDPOINT} {30 * patience()}", 40)
    server.do("create /9 1")

    def push(version, behaviour="good"):
        file = t.folder / f"keelsample_{version}.deb"
        file.write_bytes(authority.sign(packages.sample(version, behaviour)))
        server.do(f"push /9/1/2 {file}")
        becomes(7, DELIVERED)

    def becomes(resource, value):
        until(30, f"/9/1/{resource} is {value}", lambda: server.read(f"/9/1/{resource}") == value, every=0.2)

    def runs(version):
        until(10, f"keelsample {version} runs", lambda: m.state("keelsample.service") == "active"
              and m.read("/run/keelsample/version").split()[0::2] == [version, "edited"])

    push("1.0")
    server.do("execute /9/1/4")
    becomes(7, INSTALLED)
    server.do("execute /9/1/10")
    becomes(12, True)
    runs("1.0")
    until(20, "the activation has ended", lambda: m.run(
        "busctl", "get-property", "org.gatekeel.Installer1", "/org/gatekeel/Installer1", "org.gatekeel.Installer1",
        "Busy").out.strip() == "b false")
    server.do("execute /9/1/6 1")
    push("2.0", "crashes")
    server.command("execute /9/1/4")
    becomes(9, FAILED)
    t.step(server.read("/9/1/16"))
    runs("1.0")
    equal(m.sh("systemctl --failed --plain --no-legend").strip(), "", "failed units")
    m.run("dpkg", "--purge", "gatekeel", timeout=120)
    equal(m.state("keelsample.service"), "not-found", "the package's unit")
    equal(m.sh("systemctl list-units --all --plain --no-legend 'gatekeel*'").strip(), "", "units that systemd still knows")
    left = m.sh("find /etc /usr /var /run -xdev -iname '*gatekeel*' -not -path '/var/log/*'").split()
    expect(not left, f"remaining files: {left}")


# In an emulated Debian, by its patience, an hour. The budget of the part arm64 (Tests/budgets.sh) has to be more than that.
the_main_job_works.seconds = 300
