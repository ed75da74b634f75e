"""A package by dpkg: what Gatekeel is compared with."""

import dataclasses
import json
import re
import time

from . import host, probe
from .bench import QUIET, settled

# Links of init scripts and of units, which systemd or Gatekeel make by other means.
LINKS = re.compile(r"/etc/(rc.\.d|systemd|runit|sv)/")


@dataclasses.dataclass
class Reference:
    """What is seen of a package under dpkg."""

    # What runs; None if it does not work here, and then why.
    runs: object
    why: str
    # Files in /etc and /var that only its scripts make.
    made: list
    # What a purge leaves on the host.
    left: set


def by_dpkg(bench):
    """Installs the package, lets it start with its configuration, probes it, and purges it."""
    m = bench.machine().boot()
    settled(m)
    before, listening = host.snapshot(m), host.listeners(m)
    installed = m.run(*QUIET, "dpkg", "--force-confold", "--force-unsafe-io", "-i", "/srv/package.deb", check=False, timeout=300)
    bench.t.step(f"dpkg -i: {installed.status}")
    settled(m)
    made = made_by_scripts(bench, m, before)
    configure(bench, m)
    if not host.running(m, bench.names, listening).works():
        enable(bench, m)
    time.sleep(2)
    # The probe first: it waits until a slow daemon listens, and starts those that a socket starts.
    said = probe.passes(m, bench.package.probe) if bench.package.probe else ""
    runs = host.running(m, bench.names, listening)
    failed = sorted(name for name, state in host.unit_lines(m).items() if state[1] == "failed" and host.belongs(name, bench.names))
    bench.outcome.evidence["dpkg"] = {
        **runs.shown(), "failed": failed, "status": installed.status, "said": installed.err[-600:] if installed.status else "", "probe": said}
    bench.t.step(f"under dpkg: {json.dumps(bench.outcome.evidence['dpkg'])}")
    for name in failed:
        bench.t.step(m.sh(f"systemctl status --no-pager --lines=5 {name} || true"))
    purged = m.run(*QUIET, "dpkg", "--purge", bench.package.name, check=False, timeout=120)
    settled(m)
    left = set(host.changes(before, host.snapshot(m))) if purged.status == 0 else set()
    bench.outcome.evidence["left by dpkg"] = sorted(left)
    m.destroy()
    works = installed.status == 0 and not said and (runs.works() or bool(bench.package.probe))
    why = said or (f"{', '.join(failed)} fails" if failed else "no unit of it is active")
    return Reference(runs if works else None, why, made, left)


def configure(bench, m):
    """Makes the administrator's configuration, and starts with it what dpkg has enabled, as a boot does."""
    bench.setup(m)
    m.sh("systemctl daemon-reload; systemctl reset-failed")
    wanted = [unit for unit in sorted(bench.names) if "@." not in unit
              and (is_enabled(m, unit) in ("enabled", "generated") or m.state(unit) == "active")]
    # Stopping a target stops what is part of it, also instances that the configuration has enabled.
    wanted += [name for name, state in host.unit_lines(m).items() if "@" in name and "@." not in name and state[1] == "active"
               and host.belongs(name, bench.names) and is_enabled(m, name) == "enabled"]
    if wanted and (bench.package.setup or any(m.state(unit) != "active" for unit in wanted)):
        m.run("systemctl", "stop", *wanted, check=False, timeout=200)
        # Sockets first: one whose service runs already cannot start.
        m.run("systemctl", "start", "--no-block", *sorted(wanted, key=lambda unit: not unit.endswith(".socket")), check=False)
        settled(m)


def enable(bench, m):
    """Enables what the package leaves off or does not start, as an administrator and "gatekeel activate" do."""
    for unit in sorted(name for name in bench.units if "@" not in name):
        if is_enabled(m, unit) in ("disabled", "masked", "enabled"):
            bench.outcome.evidence.setdefault("enabled by hand", []).append(unit)
            m.run("systemctl", "unmask", unit, check=False)
            m.run("systemctl", "enable", unit, check=False)
            m.run("systemctl", "start", "--no-block", unit, check=False)
    settled(m)


def is_enabled(m, unit):
    return m.run("systemctl", "is-enabled", unit, check=False).out.strip()


def made_by_scripts(bench, m, before):
    """What the scripts make: accounts, and files that are not just unpacked. A manifest has to make the same."""
    packed, now = set(bench.paths), host.files(m)
    other = {path: what for path, what in now.items()
             if before["files"].get(path) != what and (path not in packed or " 0:0" not in what) and not path.startswith("/usr/")}
    bench.outcome.evidence["made"] = {
        "accounts": sorted(host.accounts(m) - before["accounts"]),
        "files": [f"{path} {what}" for path, what in sorted(other.items())]}
    return [path for path, what in sorted(other.items()) if path.startswith(("/etc/", "/var/")) and path not in before["files"]
            and path not in packed and not what.startswith("d") and not LINKS.match(path)]
