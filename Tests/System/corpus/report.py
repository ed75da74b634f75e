"""The results: written into the list as expectations, and shown as docs/packages.md."""

import json
import pathlib
import re

from . import listing

DOCUMENT = pathlib.Path(__file__).resolve().parents[3] / "docs/packages.md"

HEADER = """\
# Packages of Debian 12

Which unmodified daemons of Debian's archive work with Gatekeel, and what each of them needs. Everything on this page was measured on a
booted Debian 12 (bookworm, amd64) in a container, nothing on hardware or on another release. What a package depends on was installed
with apt first.

Each package was signed as it is, or with a manifest, then installed, activated, updated over itself, removed and purged. In a second
container of the same image it was installed with `dpkg -i`. It works if the same units are active as under dpkg, the same processes of
the same users run, the same sockets listen, and the same probe passes, before and after the update, and if the host is afterwards as
it was. Left behind may be what a purge by dpkg leaves too, users that still have files, and what the daemon wrote into folders that are not
its own. Where no probe is named, only units, processes and sockets were compared.

Files *missing* are there under dpkg only: a script makes them, or Gatekeel leaves them out. A daemon that works runs without them, but
may do less.

The manifests are in the source, in `Tests/System/corpus/manifests`. `Tests/run corpus` measures everything again;
`Tests/System/corpus/run --record` writes this page.
"""

SECTIONS = (
    (listing.WORKS, "Works", "The package needs no manifest.", False),
    (listing.MANIFEST, "Works with a manifest", "The manifest makes what the maintainer scripts would make.", False),
    (listing.FAULT, "Known faults", "The package works under dpkg. With Gatekeel something is missing or is left behind.", True),
    (listing.REFUSED, "Refused", "Gatekeel does not install the package, and says why. Nothing of the host is changed.", True),
    (listing.BASELINE, "Not measurable here", "The package does not work under dpkg here either, mostly because the container has "
     "not the hardware or the kernel's module. What Gatekeel does with it is therefore not known.", True),
)


def needs(package):
    """What has to be there for it to work."""
    found = []
    others = [name for name in package.host if not re.match(r"lib|.*-data$|.*-common$", name)]
    if others:
        found.append("on the host: " + ", ".join(others))
    if package.manifest:
        text = package.manifest
        for key, what in (("User", "user"), ("Group", "group"), ("Directory", "folder")):
            values = re.findall(rf"^{key}=(.*)$", text, flags=re.MULTILINE)
            names = [value.split(":")[0] for line in values for value in line.split()]
            if names:
                found.append(f"{what}{'s' if len(names) > 1 else ''} {', '.join(names)}")
    if package.setup:
        found.append("a configuration")
    return "; ".join(found)


def missing(package):
    """The files that it lacks, four at most."""
    return ", ".join(package.lacks[:4]) + (f" and {len(package.lacks) - 4} others" if len(package.lacks) > 4 else "")


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def document(packages):
    """docs/packages.md."""
    lines = [HEADER]
    count = {kind: sum(package.outcome == kind for package in packages.values()) for kind, *_ in SECTIONS}
    lines += ["| outcome | packages |", "|---|---|"]
    lines += [f"| [{title}](#{title.lower().replace(' ', '-')}) | {count[kind]} |" for kind, title, *_ in SECTIONS]
    for kind, title, text, reasons in SECTIONS:
        lines += ["", f"## {title}", "", text, ""]
        lines += [f"| package | needs | files missing | {'reason' if reasons else 'probe'} |", "|---|---|---|---|"]
        for package in packages.values():
            if package.outcome != kind:
                continue
            last = package.reason if reasons else probed(package)
            lines.append(f"| {package.name} | {cell(needs(package))} | {cell(missing(package))} | {cell(last)} |")
    return "\n".join(lines) + "\n"


def probed(package):
    from . import probe
    return f"`{probe.shown(package.probe)}`" if "shell" in package.probe else probe.shown(package.probe) if package.probe else ""


# The list.

def quoted(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(quoted(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {quoted(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def table(package):
    """One package in the list's format."""
    name = package.name if re.fullmatch(r"[A-Za-z0-9_-]+", package.name) else json.dumps(package.name)
    lines = [f"[{name}]"]
    for key in ("outcome", "reason", "host", "lacks", "probe", "always"):
        value = getattr(package, key)
        if value:
            lines.append(f"{key} = {quoted(value)}")
    if package.setup:
        lines.append(f"setup = '''\n{package.setup.strip()}\n'''" if "\n" in package.setup.strip() else f"setup = '''{package.setup.strip()}'''")
    return "\n".join(lines) + "\n"


LIST_HEADER = """\
# The packages of the corpus, all of Debian 12. `Tests/System/corpus/run --record` writes this file, except what is chosen by hand:
# which packages, `setup` (a script that an administrator runs between installation and start), `probe` (see probe.py) and `always`
# (measured with every run of the system tests). What is measured: `outcome`, `reason`, and `host` (the packages that apt has to
# install first).

"""


def record(results):
    """Writes results into the list, and the document."""
    packages = listing.read()
    for result in results:
        package = packages[result["name"]]
        package.outcome, package.reason = result["kind"], result["reason"]
        package.host, package.lacks = result["host"], result["lacks"]
    listing.LIST.write_text(LIST_HEADER + "\n".join(table(package) for package in packages.values()))
    DOCUMENT.write_text(document(packages))
