"""One package, from its installation to its purge: by dpkg in one machine, by Gatekeel in another of the same image."""

import ctypes
import json
import os
import re
import shutil
import subprocess
import time

from gk import image, packages
from gk.case import Failed, until
from gk.gateway import configure

from . import archive, host, listing, probe

# Short, because every package waits for it three times.
INSTALLER = "[Probation]\nTime=3s\nStartTimeout=40s\nStopTimeout=20s\n"
# Under an option of apt and dpkg, so that no package asks anything.
CLONE_NEWNET = 0x40000000
# An interface like a gateway's, that leads nowhere.
NETWORK = ("link set lo up", "link add gk0 type veth peer name gk1", "address add 192.0.2.1/24 dev gk0", "link set gk0 up",
           "link set gk1 up", "route add default via 192.0.2.254")
QUIET = "env", "DEBIAN_FRONTEND=noninteractive", "DEBCONF_NOWARNINGS=yes"


class Outcome:
    """What was measured of one package."""

    def __init__(self, package, fetched):
        self.name, self.version = package.name, fetched.version
        self.kind, self.reason = "", ""
        self.faults = []
        # Host packages, files and users: what the package needs, and what is seen without being a fault.
        self.host = fetched.host_names()
        self.manifest = package.manifest is not None
        self.lacks, self.notes, self.evidence = [], [], {}

    def is_(self, kind, reason=""):
        self.kind, self.reason = kind, " ".join(reason.split())
        return self

    def fault(self, text):
        self.faults.append(" ".join(text.split()))

    def decided(self):
        """Decides by the faults that were found."""
        if self.faults:
            return self.is_(listing.FAULT, "; ".join(self.faults))
        return self.is_(listing.MANIFEST if self.manifest else listing.WORKS)

    def save(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.json").write_text(json.dumps(vars(self), indent=1, sort_keys=True) + "\n")


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
             "apt-get", "-qq", "-o", "APT::Sandbox::User=root", "--no-install-recommends", "--yes", "install", *within],
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


class Measurement:
    def __init__(self, t, package):
        self.t, self.package = t, package
        self.fetched = archive.fetch(package.name)
        self.outcome = Outcome(package, self.fetched)
        paths = archive.listing(self.fetched.file)
        names, scripts = host.unit_names(paths)
        self.units, self.names = names, names | scripts
        self.layers = layers(t, self.fetched)

    def machine(self):
        # Its own network, without what the machine before left in it, and the capability that a gateway has there.
        if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
            raise Failed("a new network namespace could not be made")
        for words in NETWORK:
            subprocess.run(["ip", *words.split()], check=True)
        m = self.t.machine(self.layers, nspawn=["--capability=CAP_NET_ADMIN"])
        m.write("/srv/package.deb", self.fetched.file.read_bytes())
        return m

    def setup(self, m, by):
        if self.package.setup:
            m.run("bash", "-euc", self.package.setup, timeout=60, user=None) if by is None else \
                m.run("env", f"BY={by}", "bash", "-euc", self.package.setup, timeout=60)

    # dpkg.

    def by_dpkg(self):
        """What runs with dpkg, whether the probe passes there, and what a purge leaves. None if dpkg cannot install it."""
        m = self.machine().boot()
        settled(m)
        before, listening = host.snapshot(m), host.listeners(m)
        done = m.run(*QUIET, "dpkg", "--force-confold", "-i", "/srv/package.deb", check=False, timeout=180)
        self.t.step(f"dpkg -i: {done.status}")
        settled(m)
        self.made(m, before)
        if self.package.setup:
            m.run("systemctl", "reset-failed")
            self.setup(m, "dpkg")
            m.sh("systemctl daemon-reload; systemctl reset-failed")
            for unit in sorted(name for name in self.names if "@." not in name):
                # What dpkg has enabled starts with the configuration, as after a boot.
                if m.run("systemctl", "is-enabled", unit, check=False).out.strip() in ("enabled", "generated") or m.state(unit) == "active":
                    m.run("systemctl", "restart", "--no-block", unit, check=False)
            settled(m)
        if not host.running(m, self.names, listening).works():
            # The package leaves it off: an administrator enables it, as "gatekeel activate" does.
            for unit in sorted(self.units):
                if m.run("systemctl", "is-enabled", unit, check=False).out.strip() in ("disabled", "masked") and "@" not in unit:
                    self.outcome.evidence.setdefault("enabled by hand", []).append(unit)
                    m.run("systemctl", "unmask", unit, check=False)
                    m.run("systemctl", "enable", unit, check=False)
                    m.run("systemctl", "start", "--no-block", unit, check=False)
            settled(m)
        time.sleep(2)
        runs = host.running(m, self.names, listening)
        failed = [name for name, state in host.unit_lines(m).items() if state[1] == "failed" and host.belongs(name, self.names)]
        said = probe.passes(m, self.package.probe) if self.package.probe else ""
        self.outcome.evidence["dpkg"] = {**runs.shown(), "failed": failed, "status": done.status, "probe": said}
        self.t.step(f"under dpkg: {json.dumps(runs.shown())} failed {failed} {said}")
        if done.status != 0:
            self.outcome.evidence["dpkg"]["said"] = done.err[-600:]
        for name in failed:
            self.t.step(m.sh(f"systemctl status --no-pager --lines=5 {name} || true"))
        purged = m.run(*QUIET, "dpkg", "--purge", self.package.name, check=False, timeout=120)
        settled(m)
        left = host.changes(before, host.snapshot(m)) if purged.status == 0 else []
        m.destroy()
        works = done.status == 0 and not said and (runs.works() or bool(self.package.probe))
        why = said or (f"{', '.join(sorted(failed))} fails" if failed else "no unit of it is active")
        return (runs if works else None), why, set(left)

    def made(self, m, before):
        """What the scripts made: accounts, and what of the files is not just unpacked. A manifest has to make the same."""
        packed = set(archive.listing(self.fetched.file))
        now = host.files(m)
        # What systemd or Gatekeel make by other means: links of init scripts and of units.
        others = re.compile(r"/etc/(rc.\.d|systemd|runit|sv)/")
        self.made_by_scripts = [path for path in sorted(now) if path.startswith(("/etc/", "/var/")) and path not in before["files"]
                                and path not in packed and not now[path].startswith("d") and not others.match(path)]
        self.outcome.evidence["made"] = {
            "accounts": sorted(host.accounts(m) - before["accounts"]),
            "files": [f"{path} {what}" for path, what in sorted(now.items())
                      if before["files"].get(path) != what and (path not in packed or " 0:0" not in what)
                      and not (path not in packed and " 0:0" in what and what.startswith("d") and path.startswith("/usr/"))],
        }

    # Gatekeel.

    def gatekeel(self, *words, timeout=240):
        """A command, and what it said."""
        done = self.m.run("gatekeel", *words, check=False, timeout=timeout)
        self.t.step(f"gatekeel {' '.join(words)} → {done.status}: {' '.join(f'{done.out} {done.err}'.split())}")
        said = [line.removeprefix("gatekeel: ") for line in done.err.splitlines() if not line.startswith("gatekeel: warning:")]
        return done.status == 0, " ".join(said)

    def manifest(self):
        """The options that sign with a manifest: that of the list, or what Gatekeel suggests."""
        if os.environ.get("GATEKEEL_CORPUS_SUGGEST"):
            done = self.m.run("gatekeel", "package", "sign", "--suggest", "/srv/package.deb", check=False)
            self.t.step(f"suggested ({done.status}):\n{done.out}{done.err}")
            self.outcome.evidence["suggested"] = done.out
            if done.status == 0 and "[Package]" in done.out:
                self.m.write("/srv/package.manifest", done.out)
                self.outcome.manifest = True
                return ["--manifest=/srv/package.manifest"]
            self.outcome.manifest = False
            return []
        if not self.package.manifest:
            return []
        self.m.write("/srv/package.manifest", self.package.manifest)
        return ["--manifest=/srv/package.manifest"]

    def by_gatekeel(self, reference, left_by_dpkg):
        t, outcome = self.t, self.outcome
        authority = packages.Authority(t.folder / "authority")
        self.m = m = self.machine()
        configure(m, authority, "", INSTALLER)
        certificate, key = authority.signer
        m.write("/srv/sign.pem", certificate.read_bytes())
        m.write("/srv/sign.key", key.read_bytes(), 0o600)
        m.boot()
        settled(m)
        m.wait_for_unit("gatekeel-installd.service")
        before, listening = host.snapshot(m), host.listeners(m)

        good, said = self.gatekeel("package", "sign", "--key=/srv/sign.key", "--certificate=/srv/sign.pem", *self.manifest(), "/srv/package.deb")
        if not good:
            return outcome.is_(listing.REFUSED, f"sign: {said}")
        info = m.run("gatekeel", "--json", "package", "info", "/srv/package.deb", check=False)
        outcome.evidence["info"] = json.loads(info.out) if info.out.startswith("{") else info.out + info.err
        good, said = self.gatekeel("install", "/srv/package.deb")
        if not good:
            return outcome.is_(listing.REFUSED, self.refusals() or said)
        self.setup(m, "gatekeel")
        good, said = self.gatekeel("activate", self.package.name)
        if not good:
            self.explain()
            outcome.fault(f"activation fails: {self.cause(said)}")
        else:
            self.compare(reference, listening, "")
            good, said = self.gatekeel("install", "--reinstall", "/srv/package.deb")
            if good:
                self.compare(reference, listening, "after the update: ")
            else:
                outcome.fault(f"the update over itself fails: {self.cause(said)}")
        self.removal(before, listening, left_by_dpkg)
        return outcome.decided()

    @staticmethod
    def cause(said):
        """What failed, of what a command said."""
        found = re.search(r"failed \((.*)\); ", said)
        return found[1] if found else said

    def refusals(self):
        """Why it is refused, by `package info`."""
        info = self.outcome.evidence["info"]
        found = [finding for finding in (info.get("findings", []) if isinstance(info, dict) else []) if finding["severity"] == "refused"]
        return "; ".join(f"{finding['file']}: {finding['text']}" for finding in found)

    def compare(self, reference, listening, when):
        """What dpkg's host has and this one has not. Slow daemons get some seconds."""
        deadline = time.monotonic() + 10
        while True:
            time.sleep(1)
            runs = host.running(self.m, self.names, listening)
            lacks = runs.lacks(reference) if reference else []
            if not lacks or time.monotonic() > deadline:
                break
        self.outcome.evidence["gatekeel" + (", updated" if when else "")] = runs.shown()
        self.t.step(f"with Gatekeel: {json.dumps(runs.shown())}")
        if lacks:
            self.explain()
        for line in lacks:
            self.outcome.fault(when + line)
        if reference:
            for line in sorted(reference.enabled - runs.enabled):
                self.outcome.notes.append(f"{when}not enabled: {line}")
            for name in sorted(set(runs.units) - set(reference.units)):
                self.outcome.fault(f"{when}{name} is {' '.join(runs.units[name])}; under dpkg it is not active")
            for line in sorted(runs.listening - reference.listening):
                self.outcome.notes.append(f"{when}listens as well: {line}")
        if not when:
            # Files of the daemon itself are not there before it runs, so those that are there with dpkg's only are of interest.
            self.outcome.lacks = [path for path in self.made_by_scripts if not self.m.exists(path)]
        if self.package.probe:
            said = probe.passes(self.m, self.package.probe)
            if said:
                self.outcome.fault(when + said)

    def removal(self, before, listening, left_by_dpkg):
        """Removes it, then purges it, and compares the host."""
        m, outcome = self.m, self.outcome
        good, said = self.gatekeel("remove", self.package.name)
        if not good:
            outcome.fault(f"remove fails: {said}")
        settled(m)
        runs = host.running(m, self.names, listening)
        if runs.units or runs.processes:
            outcome.fault(f"after the removal there still run: {', '.join([*runs.units, *(' '.join(row) for row in runs.processes)])}")
        good, said = self.gatekeel("remove", "--purge", self.package.name)
        if not good:
            outcome.fault(f"purge fails: {said}")
        settled(m)
        left = host.changes(before, host.snapshot(m))
        for path in (f"/var/lib/gatekeel/packages/{self.package.name}",):
            if m.exists(path):
                left.append(f"file left: {path}")
        outcome.evidence["left"] = left
        outcome.evidence["left by dpkg"] = sorted(left_by_dpkg)
        for line in left:
            self.t.step(f"after the purge: {line}{' (as with dpkg)' if line in left_by_dpkg else ''}")
            # Accounts stay by design, as dpkg's do; and so does what the daemon wrote outside of its folders.
            if line.startswith("account left:") or line in left_by_dpkg:
                outcome.notes.append(f"after the purge: {line}{self.owned(line)}")
            else:
                outcome.fault(f"after the purge: {line}")

    def owned(self, line):
        """What still belongs to a user that is left."""
        if not line.startswith("account left: user "):
            return ""
        user = line.rpartition(" ")[2]
        return " (has " + " ".join(self.m.sh(f"find / /run /tmp -xdev -user {user} 2>/dev/null | sort | head -n 5 || true").split()) + ")"

    def explain(self):
        """The journal's last lines, for the log of the test."""
        self.t.step(self.m.sh("journalctl --no-pager -n 60 -o short || true"))
        for unit in sorted(self.units):
            state = self.m.sh(f"systemctl show --property=Id,LoadState,ActiveState,SubState,Result,ConditionResult,UnitFileState '{unit}' || true")
            self.t.step(" ".join(state.split()))


def measure(t, package):
    """Measures a package. All that was seen is in the result's evidence."""
    measurement = Measurement(t, package)
    reference, why, left = measurement.by_dpkg()
    outcome = measurement.by_gatekeel(reference, left)
    if reference is None:
        # Whatever Gatekeel did, it cannot be held against what does not run here.
        outcome.notes.append(f"with Gatekeel: {outcome.kind}{': ' + outcome.reason if outcome.reason else ''}")
        outcome.is_(listing.BASELINE, why)
    shutil.rmtree(t.folder / "host", ignore_errors=True)
    return outcome
