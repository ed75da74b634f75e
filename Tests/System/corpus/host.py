"""The host before and after: its files, users, units and links; and what runs of a package."""

import re

# Places that change by themselves or belong to dpkg, apt and Gatekeel's own state.
PASSING = re.compile(
    r"^/srv/(package|sign)\.|^/var/(tmp|lib/(dpkg|apt|systemd|gatekeeld?|private|ucf|logrotate|update-rc\.d)|log/(journal|private|apt|dpkg\.log|alternatives\.log|[bw]tmp|lastlog)"
    r"|cache/(apt|debconf|ldconfig|private))(/|$)|^/var/(log|cache|lib|spool|tmp)$"
    r"|^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|^/etc/(\.pwd\.lock|ld\.so\.cache|machine-id|mtab|resolv\.conf)$|/__pycache__(/|$)")

# Before a socket that should listen.
SILENT = "nothing listens on "


def files(m):
    """Files, folders and links of the host, each with what should stay as it is."""
    out = m.sh("find /etc /usr /opt /srv /var /root /home -xdev \\( -type f -printf '%p\\t%y %m %U:%G %s %T@\\n' \\) -o "
               "\\( -type l -printf '%p\\t%y %l\\n' \\) -o -printf '%p\\t%y %m %U:%G\\n'", timeout=120)
    rows = (line.split("\t", 1) for line in out.splitlines() if "\t" in line)
    return {path: what for path, what in rows if not PASSING.search(path)}


def accounts(m):
    """The users and groups, with the members."""
    return set(m.sh("sed 's/^/user /' /etc/passwd; sed 's/^/group /' /etc/group").splitlines())


def unit_lines(m):
    """All units that systemd knows: name → (load, active, sub)."""
    out = m.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "--full").out
    rows = (line.split(None, 4) for line in out.splitlines())
    return {row[0]: tuple(row[1:4]) for row in rows if len(row) >= 4}


def snapshot(m):
    """All of the host that must be as before when a package is gone."""
    units = unit_lines(m)
    return {
        "files": files(m), "accounts": accounts(m),
        "failed": {name for name, state in units.items() if state[1] == "failed"},
        "not-found": {name for name, state in units.items() if state[0] == "not-found"},
        "units": set(m.sh("systemctl list-unit-files --plain --no-legend | cut -d' ' -f1,2").splitlines()),
    }


def changes(before, after):
    """What is different, in lines that begin with the kind."""
    found = []
    for path in sorted({*before["files"], *after["files"]}):
        one, other = before["files"].get(path), after["files"].get(path)
        if one != other:
            found.append(f"{'file left' if one is None else 'file gone' if other is None else 'file changed'}: {path}")
    for line in sorted(after["accounts"] - before["accounts"]):
        found.append(f"account left: {':'.join(line.split(':')[:1])}")
    for line in sorted(before["accounts"] - after["accounts"]):
        found.append(f"account changed: {line}")
    for kind in ("failed", "not-found", "units"):
        for name in sorted(after[kind] - before[kind]):
            found.append(f"{'unit' if kind == 'units' else kind + ' unit'} left: {name}")
    for name in sorted(before["units"] - after["units"]):
        found.append(f"unit gone: {name}")
    return found


class Running:
    """What runs of a package: its units, their processes, and the sockets that listen."""

    def __init__(self, units, processes, listening, enabled):
        self.units, self.processes, self.listening, self.enabled = units, processes, listening, enabled

    def works(self):
        """Whether anything of it is active, and not just about to be."""
        return any(state[0] == "active" for state in self.units.values())

    def lacks(self, other):
        """What `other` has and this one has not."""
        found = []
        for name, state in sorted(other.units.items()):
            mine = self.units.get(name)
            if mine is None:
                found.append(f"{name} is not active (under dpkg: {' '.join(state)})")
            elif mine != state and not (name.endswith(".socket") and mine[0] == state[0]):
                found.append(f"{name} is {' '.join(mine)} (under dpkg: {' '.join(state)})")
        for unit, user, command in sorted(other.processes - self.processes):
            if unit in self.units:
                found.append(f"no process {command} of user {user} in {unit}")
        for socket in sorted(other.listening - self.listening):
            found.append(f"{SILENT}{socket}")
        return found

    def shown(self):
        return {"units": {name: " ".join(state) for name, state in sorted(self.units.items())},
                "processes": sorted(" ".join(row) for row in self.processes), "listening": sorted(self.listening),
                "enabled": sorted(self.enabled)}


def listeners(m):
    """The sockets that listen, without what differs from start to start."""
    found = set()
    for line in m.run("ss", "-Hlntu").out.splitlines():
        fields = line.split()
        address, _, port = fields[4].rpartition(":")
        found.add(f"{fields[0]} {address}:{'ephemeral' if int(port) >= 32768 else port}")
    for line in m.run("ss", "-Hlx").out.splitlines():
        fields = line.split()
        # The kernel gives sockets without a name five random digits.
        if not re.fullmatch("@[0-9a-f]{5}", fields[4]):
            found.add(f"unix {re.sub('[0-9]+', '#', fields[4])}")
    return found


def unit_names(paths):
    """The units of a package by its files, and those that systemd makes of its init scripts."""
    names, scripts = set(), set()
    for path in paths:
        found = re.fullmatch(r"(?:/usr)?/lib/systemd/system/([^/]+\.(?:service|socket|timer|path|target|mount))", path)
        if found:
            names.add(found[1])
        found = re.fullmatch(r"/etc/init\.d/([^/]+)", path)
        if found:
            scripts.add(f"{found[1]}.service")
    return names, scripts


def belongs(unit, names):
    """Whether a unit is one of these, or an instance of one of these templates."""
    return unit in names or re.sub(r"@.*(?=\.)", "@", unit) in names


def running(m, names, before):
    """What runs of a package with these units. `before` are the listening sockets without it."""
    units = {name: state[1:] for name, state in unit_lines(m).items()
             if belongs(name, names) and state[1] in ("active", "activating", "reloading", "failed")}
    processes = set()
    for line in m.run("ps", "-eo", "unit:120=,user:40=,comm:32=").out.splitlines():
        fields = line.split(None, 2)
        if len(fields) == 3 and belongs(fields[0], names):
            processes.add((fields[0], fields[1], fields[2].strip()))
    enabled = {line.rpartition("/")[2] if ".wants/" not in line and ".requires/" not in line else "/".join(line.split("/")[-2:])
               for line in m.sh("find /etc/systemd/system /etc/systemd/system.attached -type l 2>/dev/null || true").splitlines()
               if belongs(line.rpartition("/")[2], names) and ("wants/" in line or "requires/" in line)}
    return Running({name: state for name, state in units.items() if state[0] != "failed"}, processes, listeners(m) - before, enabled)
