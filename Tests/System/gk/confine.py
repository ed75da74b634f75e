"""Limits of a running service's control group, as MemoryMax= and TasksMax= of its unit set them.

Where systemd in the machine has the controllers (a unified hierarchy), systemd sets them. On a host with the old hierarchies the
machine has none, so the service's main process is put into a group of this host with the same limits. They then end with that
process, as a limit does that is set with `systemctl set-property --runtime` and reset."""

import pathlib

from .case import Skipped, expect
from .processes import within

OLD = {"memory": "memory.limit_in_bytes", "pids": "pids.max"}
PROPERTIES = {"memory": "MemoryMax", "pids": "TasksMax"}


class Confined:
    """`limits`: memory in bytes, pids as a number of threads. A context manager."""

    def __init__(self, t, machine, unit, **limits):
        self.t, self.machine, self.unit, self.limits = t, machine, unit, limits
        self.groups = []

    def __enter__(self):
        if self._is_unified():
            self.machine.run("systemctl", "set-property", "--runtime", self.unit,
                             *(f"{PROPERTIES[key]}={value}" for key, value in self.limits.items()))
            return self
        pid = self.machine.main_pid(self.unit)
        expect(pid > 0, f"{self.unit} runs")
        for controller, value in self.limits.items():
            group = self._base(controller) / f"confined-{self.machine.name}-{pid}"
            group.mkdir()
            self.groups.append(group)
            (group / OLD[controller]).write_text(str(value))
            (group / "cgroup.procs").write_text(str(within(self.machine)[pid]))
        return self

    def __exit__(self, *_):
        if not self.groups:
            self.machine.run("systemctl", "revert", self.unit, check=False)
            return
        for group in self.groups:
            for pid in (group / "cgroup.procs").read_text().split():
                (group.parent / "cgroup.procs").write_text(pid)
            group.rmdir()

    def _is_unified(self):
        controllers = self.machine.run("cat", "/sys/fs/cgroup/cgroup.controllers", check=False).out.split()
        return all(key in controllers for key in self.limits)

    @staticmethod
    def _base(controller):
        for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
            _, names, path = line.split(":", 2)
            if controller in names.split(","):
                base = pathlib.Path(f"/sys/fs/cgroup/{names}{path}")
                return base if base.is_dir() else pathlib.Path(f"/sys/fs/cgroup/{names}")
        raise Skipped(f"the controller {controller} is neither in the machine nor on this host")
