"""The limits of the measured figures, in one table, and the report that compares figures with them."""

from typing import NamedTuple


class Limit(NamedTuple):
    """A figure may be at most `full` of its unit on a machine that does nothing else.

    `quick` is the wide limit that CI uses, on a machine that does other work; None: noise could break any limit, so CI does
    not measure this figure."""

    full: float
    quick: float | None
    unit: str


LIMITS = {
    "Installed-Size of the package": Limit(20.0, 20.0, "MB"),
    "size of the package on disk": Limit(20.0, 20.0, "MB"),
    "Private_Dirty of gatekeeld, idle": Limit(2.0, 2.5, "MB"),
    "Private_Dirty of gatekeel-installd, idle": Limit(2.0, 2.5, "MB"),
    "threads of gatekeeld, idle": Limit(1, 1, ""),
    "threads of gatekeel-installd, idle": Limit(1, 1, ""),
    "wake-ups of gatekeeld, idle": Limit(6, 20, "a minute"),
    "wake-ups of gatekeel-installd, idle": Limit(6, 20, "a minute"),
    "bytes written by gatekeeld, idle": Limit(0, 0, ""),
    "bytes written by gatekeel-installd, idle": Limit(0, 0, ""),
    "install of 5,000 files, 100 MiB, to bsdtar + sync": Limit(1.0, None, "×"),
    "install of 5,000 files, 100 MiB, to dpkg -i": Limit(1.0, None, "×"),
    "bytes written by an install, to data.tar": Limit(2.2, None, "×"),
    "downtime of an update, more than systemctl restart": Limit(10, None, "ms"),
    "memory peak of installd, more than for a tenth of it": Limit(2.0, None, "MiB"),
    "Private_Dirty of gatekeel-installd, idle again": Limit(3.0, None, "MB"),
    "exec to Register": Limit(15.0, None, "ms"),
    "exec to Register, to a minimal client in C": Limit(1.3, None, "×"),
    "instructions of a start, to a minimal client in C": Limit(1.8, 2.2, "×"),
    # Kernel included, where the processor's counters can be read; user code alone elsewhere (see Figures.instructions).
    "instructions per Read /3/0/0, to coap-server": Limit(1.1, None, "×"),
    "user instructions per Read /3/0/0, to coap-server": Limit(2.5, 3.0, "×"),
    "system calls per Read /3/0/0, to coap-server": Limit(1.0, 1.2, "×"),
    "CPU per Read /3/0/0, to coap-server": Limit(1.1, None, "×"),
    "CPU per Read /3/0/0 over DTLS, to coap-server-openssl": Limit(1.05, None, "×"),
    # It may not grow with the number; what is above 1 is caches that are colder.
    "CPU per Read of one of 1,000 instances, to one of 10": Limit(1.15, None, "×"),
    # At least 0.8 × its speed.
    "Block1 push of 64 MiB, time to coap-server's": Limit(1.25, None, "×"),
}


class Report:
    """Prints figures as they come, and knows whether all limits were met."""

    def __init__(self, quick=False, out=print):
        self.quick, self.out = quick, out
        self.unmeasured = []
        self.told = set()
        self.missed = []

    def wants(self, what):
        """Whether this figure is measured in this run."""
        return not self.quick or LIMITS[what].quick is not None

    def figure(self, what, seen):
        """A figure with a limit. A name that is not in the table is an error."""
        limit = LIMITS[what]
        self.told.add(what)
        allowed = limit.quick if self.quick else limit.full
        met = seen <= allowed
        if not met:
            self.missed.append(what)
        digits = 0 if isinstance(seen, int) else 2
        self.out(f"{'met    ' if met else 'NOT MET'}  {what:54} {f'{seen:.{digits}f} {limit.unit}':>14}   limit {allowed:g} {limit.unit}")

    def note(self, what, seen):
        """A figure without a limit."""
        self.out(f"         {what:54} {seen:>14}")

    def unavailable(self, what, why):
        """A figure that this machine cannot measure; another one stands for it."""
        self.told.add(what)
        self.out(f"SKIPPED  {what}: {why}")

    def complete(self):
        """Called when every figure should have been measured: a limit that was compared with nothing is no limit."""
        for what in LIMITS:
            if self.wants(what) and what not in self.told:
                self.failed(what, "no figure has this name")

    def failed(self, name, why):
        """A figure that could not be measured."""
        self.unmeasured.append(name)
        self.out(f"not measured: {name}: {why}")

    def status(self):
        """The exit status: 1 when a limit was missed or a figure could not be measured."""
        return 1 if self.missed or self.unmeasured else 0
