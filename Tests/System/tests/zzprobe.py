"""Probe."""
from gk import image
from gk.case import test
from tests.readme import AROUND, commands


@test
def probe(t):
    """Probe."""
    m = t.machine(image.base(), binds=[f"{image.archived('rinetd').parent}:/srv/archive"])
    m.write("/root/gatekeel_0_test.deb", t.deb().read_bytes())
    m.boot()
    def show(cmd):
        r = m.run("bash", "-c", cmd + " 2>&1", check=False, timeout=60)
        t.step(f"$ {cmd}\n{r.out}[{r.status}]")
    m.run("bash", "-c", AROUND + commands("Install"), timeout=120, check=False)
    m.run("bash", "-c", AROUND + commands("Your first package"), timeout=120, check=False)
    for cmd in [
        "gatekeel status", "gatekeel packages rinetd", "gatekeel history", "gatekeel log rinetd", "journalctl PACKAGE=rinetd -o cat",
        "gatekeel config check", "gatekeel objects", "which rinetd; /var/lib/gatekeel/packages/rinetd/current/usr/sbin/rinetd --version",
        "ls -la /var/lib/gatekeel /var/lib/gatekeel/packages /var/lib/gatekeel/packages/rinetd",
        "su -s /bin/sh nobody -c 'ls /var/lib/gatekeel/packages/rinetd/current/usr/sbin'",
        "busctl call org.gatekeel.Installer1 /org/gatekeel/Installer1 org.gatekeel.Installer1 GetPackage s rinetd",
        "busctl call org.gatekeel.Agent1 /org/gatekeel/Agent1 org.gatekeel.Agent1 Read s /3/0/13",
        "busctl introspect org.gatekeel.Installer1 /org/gatekeel/Installer1 | head -5",
        "ls /usr/share/doc/gatekeel /usr/share/doc/gatekeel/docs", "gatekeel read /3", "gatekeel read /9",
        "useradd -m -G adm alice; su alice -c 'gatekeel status; gatekeel packages; gatekeel log rinetd; gatekeel activate rinetd; gatekeel config check'",
        "su -s /bin/sh nobody -c 'gatekeel status'",
        "cat /etc/systemd/system.attached/rinetd.service.d/*; systemctl cat gatekeel-metrics.timer",
        "gatekeel status --check; gatekeel metrics; gatekeel diagnose; ls",
        "printf 'Lifetime=1\\n' >> /etc/gatekeel/gatekeeld.conf.d/main.conf; systemctl reload gatekeeld; echo $?; gatekeel config check; gatekeel status",
        "systemctl restart gatekeeld; sleep 3; gatekeel status; journalctl -u gatekeeld -x -n 30 --no-pager",
        "systemd-run -q --pipe --wait -p ExtensionDirectories=/var/lib/gatekeel/packages/rinetd/current rinetd --version",
        "gatekeel remove rinetd; gatekeel packages; gatekeel status; man -w gatekeel.manifest",
    ]:
        show(cmd)
