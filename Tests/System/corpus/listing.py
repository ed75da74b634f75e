"""The list of packages, packages.toml: what each is expected to do, and how that is probed."""

import dataclasses
import pathlib
import re
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
LIST = HERE / "packages.toml"

# How a package can come out. All but the first two are followed by a reason.
WORKS, MANIFEST, REFUSED, BASELINE, FAULT = (
    "works", "works with a manifest", "refused", "does not work under dpkg here either", "known fault")


@dataclasses.dataclass
class Package:
    """One package of the list."""

    name: str
    outcome: str = ""
    # Why it is refused, or what is wrong; empty if it works.
    reason: str = ""
    # A shell script that an administrator runs after the installation and before the start.
    setup: str = ""
    # Files in /etc and /var that dpkg's host has when the daemon runs, and Gatekeel's has not: scripts made them, or they are
    # left out.
    lacks: list = dataclasses.field(default_factory=list)
    # How to see that it does its work: see probe.py.
    probe: dict = dataclasses.field(default_factory=dict)
    # The packages that apt has to install first.
    host: list = dataclasses.field(default_factory=list)
    # Whether the system tests measure it each time.
    always: bool = False

    @property
    def manifest(self):
        """The manifest it is signed with; None if it needs none."""
        path = HERE / "manifests" / f"{self.name}.manifest"
        return path.read_text() if path.exists() else None


def read():
    """All packages of the list, by name."""
    with open(LIST, "rb") as file:
        tables = tomllib.load(file)
    return {name: Package(name, **table) for name, table in sorted(tables.items())}


def same(one, other):
    """Whether two reasons are the same, whatever the numbers in them."""
    return re.sub(r"\d+", "#", one) == re.sub(r"\d+", "#", other)
