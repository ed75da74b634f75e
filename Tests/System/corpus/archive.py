"""Packages of Debian's archive, with what they depend on beyond the small Debian that is booted.

apt decides what is needed and downloads it; nothing else is fetched. It has lists of its own, for Debian's sources alone, so that
neither this machine's other sources nor its installed packages matter."""

import contextlib
import fcntl
import hashlib
import io
import json
import pathlib
import re
import subprocess
import tarfile

from gk import image
from gk.case import Failed, expect


class Fetched:
    """A package, and those that have to be on the host first."""

    def __init__(self, name, version, file, host):
        self.name, self.version, self.file, self.host = name, version, file, host

    def host_names(self):
        """The names of the packages that have to be on the host first."""
        return sorted(path.name.split("_")[0] for path in self.host)


def folder():
    path = image.cache() / "archive" / image.suite()
    for part in ("sources", "lists/partial", "cache/archives/partial", "debs"):
        (path / part).mkdir(parents=True, exist_ok=True)
    return path


def options():
    """apt's options: its own lists, and the small Debian's packages as the installed ones."""
    here = folder()
    settings = {
        "Dir::Etc::sourcelist": "/dev/null", "Dir::Etc::sourceparts": here / "sources", "Dir::State::lists": here / "lists",
        "Dir::State::status": image.base()[-1] / "var/lib/dpkg/status", "Dir::Cache": here / "cache",
        "APT::Sandbox::User": "root", "APT::Install-Recommends": "false", "APT::Get::List-Cleanup": "true",
        "Acquire::Languages": "none", "Acquire::ForceHash": "SHA256",
        "Dir::Cache::pkgcache": "pkgcache.bin", "Dir::Cache::srcpkgcache": "srcpkgcache.bin",
    }
    return [f"--option={key}={value}" for key, value in settings.items()]


def apt(*words, cwd=None):
    done = subprocess.run(["apt-get", "-qq", *options(), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=cwd)
    if done.returncode != 0:
        raise Failed(f"apt-get {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


@contextlib.contextmanager
def alone():
    with open(folder() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def refresh():
    """Brings the lists up to date. Without a network the packages that were downloaded before still serve."""
    source = image.sources()
    if source is None:
        raise Failed("this machine has no sources of Debian's archive in /etc/apt")
    with alone():
        file = folder() / "sources" / f"debian{'.list' if source[0] == '.list' else '.sources'}"
        file.write_text(source[1])
        apt("update")


def uris():
    """Where the sources are: every file has to come from there."""
    text = "\n".join(path.read_text() for path in (folder() / "sources").iterdir())
    return re.findall(r"https?://[^\s\]]+", "\n".join(line for line in text.splitlines() if not line.startswith("#")))


def specified(file):
    """A file's package and version, as apt takes them."""
    package, version, _ = file.split("_")
    return f"{package}={version.replace('%3a', ':')}"


def fetch(name):
    """Downloads a package and what has to be on the host for it; each of them only once."""
    with alone():
        wanted = needed(name)
        debs = folder() / "debs"
        missing = [file for file, _ in wanted if not (debs / file).exists()]
        if missing:
            apt("download", *map(specified, missing), cwd=debs)
        for file, checksum in wanted:
            if hashlib.sha256((debs / file).read_bytes()).hexdigest() != checksum:
                (debs / file).unlink()
                raise Failed(f"{name}: {file} is not the file that the archive describes")
    files = [debs / file for file, _ in wanted]
    mine = [path for path in files if path.name.split("_")[0] == name]
    if len(mine) != 1:
        raise Failed(f"{name}: apt would install it as {[path.name for path in files]}")
    version = mine[0].name.split("_")[1].replace("%3a", ":")
    return Fetched(name, version, mine[0], [path for path in files if path != mine[0]])


def needed(name):
    """What apt would download for a package: files with their checksums. apt is asked once for each state of the lists."""
    kept = folder() / "needed" / f"{name}-{image.digest(image.base_path().name, *lists())}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    out = apt("install", "--print-uris", name)
    rows = re.findall(r"^'(\S+)' (\S+) \d+ SHA256:([0-9a-f]{64})$", out, flags=re.MULTILINE)
    expect(rows and len(rows) == len(out.splitlines()), f"{name}: apt printed a line without an address or a checksum: {out}")
    for address, _, _ in rows:
        expect(any(address.startswith(f"{start.rstrip('/')}/pool/") for start in uris()), f"{address} is not of Debian's archive")
    kept.parent.mkdir(exist_ok=True)
    for old in kept.parent.glob(f"{name}-{'?' * 16}.json"):
        old.unlink()
    kept.write_text(json.dumps([row[1:] for row in rows]))
    return [row[1:] for row in rows]


def lists():
    """What the lists are of: changes whenever the archive does."""
    return sorted(path.read_text() for path in (folder() / "lists").glob("*Release"))


def listing(deb):
    """The paths of a package's files and links."""
    out = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(out)) as tar:
        return [str(pathlib.PurePosixPath("/") / info.name) for info in tar if not info.isdir()]


def prepare(name):
    """Downloads what a test will need, while there is a network. The lists are brought up to date once in a run."""
    if not _refreshed:
        _refreshed.append(True)
        refresh()
    fetch(name)


_refreshed = []
