"""The machines that a package is measured in, and what is the same in both."""

import ctypes
import os
import subprocess
import time

from gk import image
from gk.case import Failed, until

from . import archive, host
from .outcome import Outcome

# unshare(2)
CLONE_NEWNET = 0x40000000
# An interface like a gateway's, that leads nowhere.
NETWORK = ("link set lo up", "link add gk0 type veth peer name gk1", "address add 192.0.2.1/24 dev gk0",
           "link set gk0 addrgenmode none up", "link set gk1 addrgenmode none up", "address add 2001:db8::1/64 dev gk0 nodad",
           "route add default via 192.0.2.254")
# So that no package asks anything.
QUIET = "env", "DEBIAN_FRONTEND=noninteractive", "DEBCONF_NOWARNINGS=yes"


def layers(t, fetched):
    """The image with Gatekeel, and with the packages that this one depends on, installed by apt."""
    lower = image.with_deb(t.deb())
    if not fetched.host:
        return lower
    folder = t.folder / "host"
    for part in ("upper", "work", "merged"):
        (folder / part).mkdir(parents=True)
    with image.mounted(lower, folder / "upper", folder / "work", folder / "merged") as root:
        within = [f"/run/debs/{path.name}" for path in fetched.host]
        # One bind of a folder: names of files may hold colons, which systemd-nspawn takes for its own.
        shelf = folder / "debs"
        shelf.mkdir()
        for path in fetched.host:
            os.link(path, shelf / path.name)
        done = subprocess.run(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--pipe", f"--directory={root}",
             f"--machine=gkhost{os.getpid()}", f"--bind-ro={shelf}:/run/debs", *QUIET,
             "apt-get", "-qq", "-o", "APT::Sandbox::User=root", "-o", "DPkg::Options::=--force-unsafe-io", "--no-install-recommends", "--yes", "install", *within],
            stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"apt did not install {', '.join(fetched.host_names())}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return [folder / "upper", *lower]


def settled(m, seconds=20):
    """Waits until systemd has nothing left to do."""
    try:
        until(seconds, "no jobs", lambda: m.sh("systemctl list-jobs --plain --no-legend").strip() in ("", "No jobs running."), every=0.2)
    except Failed:
        pass
    time.sleep(2)


class Bench:
    """A package with its image, from which each machine is made."""

    def __init__(self, t, package):
        self.t, self.package = t, package
        self.fetched = archive.fetch(package.name)
        self.outcome = Outcome(package, self.fetched)
        self.paths = archive.listing(self.fetched.file)
        # Its units by their files, and with those that systemd makes of its init scripts.
        self.units, scripts = host.unit_names(self.paths)
        self.names = self.units | scripts
        self.layers = layers(t, self.fetched)

    def machine(self):
        """A machine with the package in /srv, not booted yet."""
        # Its own network, without what the machine before left in it, and the capability that a gateway has there.
        if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
            raise Failed("a new network namespace could not be made")
        for words in NETWORK:
            subprocess.run(["ip", *words.split()], check=True)
        m = self.t.machine(self.layers, nspawn=["--capability=CAP_NET_ADMIN"])
        m.write("/srv/package.deb", self.fetched.file.read_bytes())
        # As Debian's installer writes it; and no name server that never answers.
        m.write("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 gateway\n::1 localhost ip6-localhost\n")
        m.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        return m

    def setup(self, m):
        """What an administrator does between the installation and the start."""
        if self.package.setup:
            m.run("bash", "-euc", self.package.setup, timeout=60)
