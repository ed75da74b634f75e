"""A package by Gatekeel, from its signature to its purge, compared with what dpkg's host has."""

import json
import pathlib
import re
import time

from gk import packages
from gk.gateway import configure

from . import host, listing, probe, signing
from .bench import settled
from .outcome import UPDATED

# Short, because every package waits for it twice.
INSTALLER = "[Probation]\nTime=3s\nStartTimeout=40s\nStopTimeout=20s\n"


class ByGatekeel:
    def __init__(self, bench, reference):
        self.bench, self.reference, self.t, self.outcome = bench, reference, bench.t, bench.outcome
        self.name = bench.package.name

    def measured(self):
        """The outcome."""
        self.boot()
        m, outcome = self.m, self.outcome
        self.before, self.listening = host.snapshot(m), host.listeners(m)
        options, self.manifest = signing.options(m, self.bench)
        good, said = self.gatekeel("package", "sign", "--key=/srv/sign.key", "--certificate=/srv/sign.pem", *options, "/srv/package.deb")
        if not good:
            return outcome.is_(listing.REFUSED, f"sign: {said}")
        info = m.run("gatekeel", "--json", "package", "info", "/srv/package.deb", check=False)
        self.findings = json.loads(info.out).get("findings", []) if info.out.startswith("{") else []
        outcome.evidence["findings"] = self.findings
        good, said = self.gatekeel("install", "/srv/package.deb")
        if not good:
            refused = [f"{finding['file']}: {finding['text']}" for finding in self.findings if finding["severity"] == "refused"]
            changed = host.changes(self.before, host.snapshot(m))
            if changed:
                outcome.fault(f"it is refused, and the host is changed: {', '.join(changed)}")
                return outcome.decided()
            return outcome.is_(listing.REFUSED, "; ".join(refused) or said)
        self.administrate()
        good, said = self.gatekeel("activate", self.name)
        outcome.lacks = self.lacking()
        if good:
            self.compare("")
            good, said = self.gatekeel("install", "--reinstall", "/srv/package.deb")
            if good:
                self.compare(UPDATED)
            else:
                self.failed("the update over itself", said)
        else:
            self.failed("activation", said)
        self.removal()
        return outcome.decided()

    def boot(self):
        authority = packages.Authority(self.t.folder / "authority")
        self.m = self.bench.machine()
        configure(self.m, authority, "", INSTALLER)
        certificate, key = authority.signer
        self.m.write("/srv/sign.pem", certificate.read_bytes())
        self.m.write("/srv/sign.key", key.read_bytes(), 0o600)
        self.m.boot()
        settled(self.m)
        self.m.wait_for_unit("gatekeel-installd.service")

    def gatekeel(self, *words):
        """A command: whether it did its work, and what it said beside warnings."""
        done = self.m.run("gatekeel", *words, check=False, timeout=240)
        self.t.step(f"gatekeel {' '.join(words)} → {done.status}: {' '.join(f'{done.out} {done.err}'.split())}")
        said = [line.removeprefix("gatekeel: ") for line in done.err.splitlines() if not line.startswith("gatekeel: warning:")]
        return done.status == 0, " ".join(said)

    def administrate(self):
        """Makes the administrator's configuration. What is made here, a purge has to leave."""
        unset = host.files(self.m)
        self.bench.setup(self.m)
        made = {path for path, what in host.files(self.m).items() if unset.get(path) != what}
        made |= {str(parent) for path in made for parent in pathlib.PurePosixPath(path).parents}
        self.administrators = {f"file {how}: {path}" for path in made for how in ("left", "changed")}

    def failed(self, what, said):
        """Notes a deployment that failed, with what the daemon itself wrote last."""
        self.explain()
        log = self.m.run("gatekeel", "log", "--lines=200", self.name, check=False).out
        own = [line.split(": ", 1)[1] for line in log.splitlines() if ": " in line and not re.search(r" (systemd|gatekeel\S*)\[", line)]
        self.outcome.notes.append(f"the log ends with: {' | '.join(own[-3:])}")
        found = re.search(r"failed \((.*)\); ", said)
        self.outcome.fault(f"{what} fails: {found[1] if found else said}")

    def compare(self, when):
        """What dpkg's host has and this one has not, and the other way round. Slow daemons get some seconds."""
        m, outcome, reference = self.m, self.outcome, self.reference.runs
        said = probe.passes(m, self.bench.package.probe) if self.bench.package.probe else ""
        if said:
            outcome.fault(when + said)
        deadline = time.monotonic() + 10
        while True:
            time.sleep(1)
            runs = host.running(m, self.bench.names, self.listening)
            lacks = runs.lacks(reference) if reference else []
            if not lacks or time.monotonic() > deadline:
                break
        outcome.evidence["gatekeel" + (", updated" if when else "")] = runs.shown()
        self.t.step(f"with Gatekeel: {json.dumps(runs.shown())}")
        shown = m.run("gatekeel", "--json", "packages", self.name, check=False).out
        if not runs.works() and shown.startswith("{") and json.loads(shown)["active"]:
            outcome.fault(f"{when}Gatekeel calls it active, and no unit of it is")
        if lacks:
            self.explain()
        for line in lacks:
            outcome.fault(when + line)
        if reference:
            self.surplus(runs, when)

    def lacking(self):
        """Files in /etc and /var that dpkg's host has and this one has not: scripts make them, or they are left out."""
        left_out = [f"/{finding['file']}" for finding in self.findings
                    if finding["severity"] == "warning" and finding["text"].startswith("not installed:")]
        # Each AppArmor profile has an empty file for local changes.
        return sorted({path for path in [*self.reference.made, *left_out]
                       if not path.startswith("/etc/apparmor.d/") and not self.m.exists(path)})

    def surplus(self, runs, when):
        """What runs with Gatekeel only. What dpkg enables and does not start runs after the next boot, so it may."""
        reference, outcome = self.reference.runs, self.outcome
        enabled = {link.rpartition("/")[2] for link in reference.enabled}
        for link in sorted(reference.enabled - runs.enabled):
            outcome.fault(f"{when}{link} is not enabled")
        for name in sorted(set(runs.units) - set(reference.units) - enabled):
            outcome.fault(f"{when}{name} is {' '.join(runs.units[name])}; under dpkg it is not active")
        for line in sorted(runs.listening - reference.listening):
            outcome.notes.append(f"{when}listens as well: {line}")

    def removal(self):
        """Removes it, then purges it, and compares the host."""
        m, outcome = self.m, self.outcome
        good, said = self.gatekeel("remove", self.name)
        if not good:
            outcome.fault(f"remove fails: {said}")
        settled(m)
        runs = host.running(m, self.bench.names, self.listening)
        still = [*runs.units, *(" ".join(row) for row in runs.processes), *runs.listening]
        if still:
            outcome.fault(f"after the removal there is still: {', '.join(sorted(still))}")
        good, said = self.gatekeel("remove", "--purge", self.name)
        if not good:
            outcome.fault(f"purge fails: {said}")
        settled(m)
        left = [line for line in host.changes(self.before, host.snapshot(m)) if line not in self.administrators]
        if m.exists(f"/var/lib/gatekeel/packages/{self.name}"):
            left.append(f"file left: /var/lib/gatekeel/packages/{self.name}")
        outcome.evidence["left"] = left
        for line in left:
            self.t.step(f"after the purge: {line}")
            # Accounts that still have files stay by design, as dpkg's do; and so does what the daemon wrote outside of its folders.
            if line.startswith("account left:") or line in self.reference.left or self.written(line):
                outcome.notes.append(f"after the purge: {line}{self.owned(line)}")
            else:
                outcome.fault(f"after the purge: {line}")

    def written(self, line):
        """Whether a line is about a file that the daemon wrote, outside of the folders that the manifest gives it."""
        path = line.removeprefix("file left: ")
        given = re.findall(r"(/[^\s:]+):", " ".join(re.findall(r"^Directory=(.*)$", self.manifest, flags=re.MULTILINE)))
        return path != line and path.startswith(("/var/", "/root/", "/home/")) and not path.startswith("/var/lib/gatekeel") and not any(
            path == folder or path.startswith(f"{folder}/") for folder in given)

    def owned(self, line):
        """What still belongs to a user that is left."""
        if not line.startswith("account left: user "):
            return ""
        user = line.rpartition(" ")[2]
        return f" (has {' '.join(self.m.sh(f'find / /run /tmp -xdev -user {user} 2>/dev/null | sort | head -n 5 || true').split())})"

    def explain(self):
        """Logs the journal's last lines and the states of the units."""
        self.t.step(self.m.sh("journalctl --no-pager -n 60 -o short || true"))
        for unit in sorted(self.bench.units):
            state = self.m.sh(f"systemctl show --property=Id,LoadState,ActiveState,SubState,Result,ConditionResult,UnitFileState '{unit}' || true")
            self.t.step(" ".join(state.split()))
