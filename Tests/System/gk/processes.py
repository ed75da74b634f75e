"""The processes of a machine, as this host sees them."""

import os
import pathlib


def namespace(pid):
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return None


def within(machine):
    """The processes of a machine: number inside → number here."""
    found, wanted = {}, namespace(machine.leader)
    for name in os.listdir("/proc"):
        if not name.isdigit() or namespace(name) != wanted:
            continue
        try:
            status = pathlib.Path(f"/proc/{name}/status").read_text()
        except OSError:
            continue
        numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()
        found[int(numbers[-1])] = int(name)
    return found
