"""Our Debian package on a machine: installed, hardened, upgraded, removed, purged."""

import pathlib
import re
import subprocess

from gk import image, packages
from gk.case import equal, expect, test
from gk.gateway import INSTALLER, configure

# Files that change by themselves or belong to dpkg and apt, none of them Gatekeel's.
PASSING = re.compile(
    r"^/(proc|sys|dev|run|tmp)(/|$)|^/var/(log|cache|tmp|lib/(dpkg|apt|systemd))(/|$)|^/root/\.cache|"
    r"^/etc/(passwd|group|shadow|gshadow)-$|^/etc/\.pwd\.lock$|^/var/lib/private$")


def everything(m):
    """All other files: path, type, mode, owner, link target, and checksum."""
    out = m.sh("find / -xdev -printf '%p %y %m %U %G %l\\n'; md5sum /etc/passwd /etc/group", timeout=120)
    return {line for line in out.splitlines() if not PASSING.match(line.split(" ")[0])}


def bare(t):
    """A booted Debian without our package, and the package within reach."""
    m = t.machine(image.base(), binds=[f"{t.deb()}:/srv/gatekeel.deb"])
    return m.boot()


@test
def it_installs_and_runs(t):
    """dpkg installs it on a running system without messages. The daemons run, and the command line answers."""
    m = bare(t)
    answer = m.run("dpkg", "-i", "/srv/gatekeel.deb", timeout=120)
    odd = [line for line in answer.err.splitlines() if not line.startswith(("Created symlink", "Creating "))]
    equal(odd, [], "messages of dpkg and the scripts on standard error")
    for unit in ("gatekeel-installd.service", "gatekeeld.service"):
        m.wait_for_unit(unit)
        equal(m.unit(unit)["UnitFileState"], "enabled", unit)
        equal(m.unit(unit)["NRestarts"], "0", f"restarts of {unit}")
    equal(m.unit("gatekeel-recover.service")["UnitFileState"], "enabled", "gatekeel-recover.service")
    m.run("gatekeel", "status")
    equal(m.run("sh", "-c", "gatekeel status >/dev/full", check=False).status, 74, "exit status of status if the output cannot be written")
    version = m.run("gatekeel", "--version").out
    expect("0." in version or "1." in version, f"gatekeel --version prints a version: {version!r}")
    equal(m.sh("stat -c '%a %U %G' /etc/gatekeel/keys").strip(), "750 root gatekeel", "the keys' folder")
    equal(m.sh("systemctl --failed --plain --no-legend").strip(), "", "failed units")


@test
def it_ships_the_documents(t):
    """Every document of the repository, where README's links lead, and not packed."""
    root = pathlib.Path(__file__).resolve().parents[3]
    wanted = {f"./usr/share/doc/gatekeel/{path.relative_to(root)}" for path in [*root.glob("*.md"), *root.glob("docs/*.md")]}
    listing = subprocess.run(["dpkg-deb", "-c", t.deb()], check=True, capture_output=True, text=True).stdout
    shipped = {line.split()[5] for line in listing.splitlines()}
    expect("./usr/share/doc/gatekeel/README.md" in wanted, "README.md is a document")
    equal(sorted(wanted - shipped), [], "documents that are not in the package")


@test
def it_survives_a_reboot(t):
    """After a boot enabled units are up, recovery ran, nothing failed. At the shutdown the bus stops after the daemons."""
    m = t.machine().boot()
    m.reboot()
    for unit in ("gatekeel-installd.service", "gatekeeld.service"):
        expect("dbus.service" in m.unit(unit)["After"].split(), f"{unit} is stopped before the bus")
    # If they ran at the same time, about one boot in fifteen had no recovery: systemd could not make its mounts.
    expect("gatekeel-recover.service" in m.unit("systemd-tmpfiles-setup.service")["After"].split(), "recovery runs before tmpfiles")
    loud = [entry["MESSAGE"] for entry in m.journal("-b", "-1", "-p", "warning") if "gatekeel-installd" in str(entry["MESSAGE"])
            or entry.get("SYSLOG_IDENTIFIER", "").startswith("gatekeel-")]
    equal(loud, [], "warnings at the shutdown")
    for unit in ("gatekeel-installd.service", "gatekeeld.service"):
        m.wait_for_unit(unit)
    equal(m.unit("gatekeel-recover.service")["Result"], "success", "recovery's result")
    equal(m.sh("systemctl --failed --plain --no-legend").strip(), "", "failed units")


@test
def the_units_are_hardened(t):
    """systemd-analyze security: gatekeeld at most 1.5, gatekeel-installd at most 2.5."""
    m = t.machine().boot()
    for unit, bound in (("gatekeeld.service", 1.5), ("gatekeel-installd.service", 2.5)):
        answer = m.run("systemd-analyze", "security", "--no-pager", f"--threshold={int(bound * 10)}", unit, check=False)
        found = re.search(r"exposure level for \S+: ([0-9.]+)", answer.out)
        t.step(f"{unit}: {found[1] if found else '?'} (bound {bound})")
        expect(answer.status == 0, f"the exposure of {unit} is above {bound}:\n{answer.out}")


@test
def installd_has_no_network(t):
    """gatekeel-installd cannot open an IP socket."""
    m = t.machine().boot()
    families = m.unit("gatekeel-installd.service")["RestrictAddressFamilies"]
    expect("AF_INET" not in families and families, f"RestrictAddressFamilies={families}")
    pid = m.main_pid("gatekeel-installd.service")
    own, host = (m.run("readlink", f"/proc/{process}/ns/net").out.strip() for process in (pid, 1))
    expect(own and own != host, f"a network namespace of its own: {own}")
    links = m.run("nsenter", f"--net=/proc/{pid}/ns/net", "ip", "-oneline", "link").out.splitlines()
    equal([line.split(":")[1].strip() for line in links], ["lo"], "the links that it sees")


@test
def it_is_quiet_and_small(t):
    """Idle and unconfigured daemons log nothing above informational and have one thread each."""
    m = t.machine().boot()
    for unit in ("gatekeel-installd.service", "gatekeeld.service"):
        m.wait_for_unit(unit)
        loud = [entry["MESSAGE"] for entry in m.journal("-u", unit, "-p", "warning")
                if entry.get("SYSLOG_IDENTIFIER", "").startswith("gatekeel")]
        equal(loud, [], f"warnings of {unit}")
        pid = m.main_pid(unit)
        equal(m.sh(f"ls /proc/{pid}/task | wc -l").strip(), "1", f"threads of {unit}")


@test
def the_runtime_is_shipped_once(t):
    """Both daemons map the one private Swift runtime; gatekeel-recover is the installer's file under its own name."""
    m = t.machine().boot()
    for unit in ("gatekeel-installd.service", "gatekeeld.service"):
        m.wait_for_unit(unit)
        mapped = m.sh(f"cat /proc/{m.main_pid(unit)}/maps")
        runtimes = {line.split()[-1] for line in mapped.splitlines() if re.search(r"swift|dispatch|Foundation", line)}
        equal(runtimes, {"/usr/lib/gatekeel/libgatekeel-swift.so"}, f"the Swift runtime in {unit}")
    equal(m.sh("readlink /usr/lib/gatekeel/gatekeel-recover").strip(), "gatekeel-installd", "the link")
    for name in ("gatekeel-recover", "gatekeel-installd"):
        equal(m.run(f"/usr/lib/gatekeel/{name}", "--version").out.split()[0], name, "the name in --version")
    size = int(m.run("dpkg-query", "-W", "-f", "${Installed-Size}", "gatekeel").out) * 1024
    expect(size <= 20_000_000, f"the package occupies {size} bytes")


@test
def an_upgrade_restarts_the_daemons(t):
    """Installing again while it runs restarts the daemons and keeps edited conffiles."""
    m = bare(t)
    m.run("dpkg", "-i", "/srv/gatekeel.deb", timeout=120)
    m.sh("echo '# an edit' >>/etc/gatekeel/gatekeeld.conf")
    before = {unit: m.main_pid(unit) for unit in ("gatekeel-installd.service", "gatekeeld.service")}
    m.run("dpkg", "-i", "/srv/gatekeel.deb", timeout=120)
    for unit, pid in before.items():
        m.wait_for_unit(unit)
        expect(m.main_pid(unit) != pid, f"{unit} was restarted")
    expect(m.read("/etc/gatekeel/gatekeeld.conf").endswith("# an edit\n"), "the edit stays")


@test
def purge_leaves_nothing(t):
    """After install, run and purge there are no more files, users or units than before."""
    m = bare(t)
    before = everything(m)
    m.run("dpkg", "-i", "/srv/gatekeel.deb", timeout=120)
    m.wait_for_unit("gatekeeld.service")
    m.write("/etc/gatekeel/keys/mine", "00\n", 0o640)
    m.run("dpkg", "--purge", "gatekeel", timeout=120)
    after = everything(m)
    equal(sorted(after - before), [], "additional files")
    equal(sorted(before - after), [], "missing files")
    equal(m.sh("systemctl --failed --plain --no-legend; systemctl list-units --all --plain --no-legend 'gatekeel*'").strip(), "",
          "units that systemd still knows")


def with_sample(t):
    """A machine with our package and an active sample, which has data and an edited configuration file."""
    authority = packages.Authority(t.folder / "authority")
    m = t.machine()
    configure(m, authority, "", INSTALLER)
    unit = packages.UNIT.replace("[Service]\n", "[Service]\nStateDirectory=keelsample-state\nCacheDirectory=keelsample/cache\n")
    m.write("/root/keelsample.deb", authority.sign(
        packages.sample("1.0", unit=unit, files=[("etc/keelsample.d/more.conf", "more\n", 0o644)]),
        "[Package]\nFormat=1\n[Directories]\nDirectory=/var/lib/keelsample:root /srv/keelsample:root\n"))
    m.boot()
    m.sh("cat /root/keelsample.deb | gatekeel install -", timeout=120)
    m.run("gatekeel", "activate", "keelsample", timeout=120)
    equal(m.state("keelsample.service"), "active", "the sample")
    for folder in ("/var/lib/keelsample", "/srv/keelsample", "/var/lib/keelsample-state", "/var/cache/keelsample/cache"):
        m.write(f"{folder}/data", "of the sample's\n")
    # The copy of an administrator's edit that a rollback leaves.
    for suffix in ("gatekeel-save", "gatekeel-save.dpkg-old"):
        m.write(f"/etc/keelsample.d/more.conf.{suffix}", "edited\n")
    return m


@test
def removal_leaves_packages_running(t):
    """After a removal of Gatekeel its packages keep running, even after a reboot. Installing it again finds them."""
    m = with_sample(t)
    pid = m.main_pid("keelsample.service")
    m.write("/srv/gatekeel.deb", t.deb().read_bytes())
    m.run("dpkg", "--remove", "gatekeel", timeout=120)
    equal(m.main_pid("keelsample.service"), pid, "the sample's process after removal")
    m.reboot()
    equal(m.state("keelsample.service"), "active", "the sample after removal and a reboot")
    m.run("dpkg", "-i", "/srv/gatekeel.deb", timeout=120)
    expect("keelsample" in m.run("gatekeel", "packages").out, "the package is known again")
    equal(m.state("keelsample.service"), "active", "the sample after installing again")


@test
def a_purged_package_leaves_nothing(t):
    """`gatekeel remove --purge` removes a package's configuration and its data in /var, and reports what it leaves: what somebody put
    into a folder below /srv."""
    m = with_sample(t)
    answer = m.run("gatekeel", "remove", "--purge", "keelsample", timeout=120)
    expect("keelsample is removed" in answer.out, f"it is removed: {answer}")
    expect("/srv/keelsample is kept" in answer.out + answer.err, f"what stays is told: {answer}")
    left = m.sh("find /etc /var/lib /srv -xdev -iname '*keelsample*'").split()
    equal(left, ["/srv/keelsample"], "remaining files")


@test
def purge_removes_installed_packages(t):
    """Purging Gatekeel stops and removes the packages that it installed."""
    m = with_sample(t)
    m.run("dpkg", "--purge", "gatekeel", timeout=120)
    equal(m.state("keelsample.service"), "not-found", "the sample")
    equal(m.sh("systemctl list-units --all --plain --no-legend 'gatekeel*'").strip(), "", "units that systemd still knows")
    left = m.sh("find / -xdev \\( -iname '*keelsample*' -o -iname '*gatekeel*' \\) -not -path '/root/*' -not -path '/proc/*' "
                "-not -path '/var/log/*'").split()
    equal(left, ["/srv/keelsample"], "remaining files")
