"""What is measured of one package, and what that comes to."""

import json

from . import host, listing

# Before what is found after the update.
UPDATED = "after the update: "


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
            return self.is_(listing.FAULT, summary(self.faults))
        return self.is_(listing.MANIFEST if self.manifest else listing.WORKS)

    def save(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.json").write_text(json.dumps(vars(self), indent=1, sort_keys=True) + "\n")


def summary(faults):
    """The faults in a line: those of the update only if they are new, and of many sockets only three."""
    told, silent = [], []
    for fault in faults:
        what = fault.removeprefix(UPDATED)
        if what != fault and what in faults:
            continue
        if what.startswith(host.SILENT):
            silent.append(what.removeprefix(host.SILENT))
        else:
            told.append(fault)
    if silent:
        silent = list(dict.fromkeys(silent))
        told.append(host.SILENT + ", ".join(silent[:3]) + (f" and {len(silent) - 3} others" if len(silent) > 3 else ""))
    return "; ".join(told)
