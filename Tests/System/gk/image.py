"""Root file systems: a small Debian made once by mmdebstrap, and layers over it. Each is cached by its inputs."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

# The packages of a gateway's Debian: no polkit, no udev, no network manager. The libraries are the dependencies of our
# package and of ARCHIVED, so that `dpkg -i` needs no network. Debian 13 has them under these names, too.
PACKAGES = """systemd systemd-sysv dbus iproute2 procps zstd openssl ca-certificates
    libcoap3 libarchive13 libcurl4 libssl3 libsystemd0
    adduser lsb-base libcap2 libcjson1 libdlt2 libmosquitto1 libwrap0""".split()
MORE_PACKAGES = {"trixie": ["libwebsockets19t64"]}
# Unmodified daemons of Debian's archive, for the tests that install them. They are downloaded with the root file system, so
# that their dependencies match it.
ARCHIVED = ("rinetd", "mosquitto")
RECIPE = "2"


def cache():
    """The folder of everything that can be generated again: GATEKEEL_TEST_CACHE, else /var/cache/gatekeel-test."""
    path = pathlib.Path(os.environ.get("GATEKEEL_TEST_CACHE", "/var/cache/gatekeel-test"))
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def making(path):
    """Yields a folder to fill, which becomes `path` when it is complete; yields None if `path` exists already.

    Two tests that need the same folder at the same time make it only once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{path}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            yield None
            return
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{path.name}.", dir=path.parent))
        try:
            yield folder
            os.rename(folder, path)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def prune(keep=4):
    """Removes images that newer ones have replaced."""
    for kind in ("base", "debs", "disk"):
        found = sorted((path for path in (cache() / "images").glob(f"{kind}-*") if path.is_dir()),
                       key=lambda path: path.stat().st_mtime, reverse=True)
        for path in found[keep:]:
            shutil.rmtree(path, ignore_errors=True)
            pathlib.Path(f"{path}.lock").unlink(missing_ok=True)


def digest(*parts):
    """A short name derived from the inputs of an image."""
    sum = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, pathlib.Path) else str(part).encode()
        sum.update(len(data).to_bytes(8, "big") + data)
    return sum.hexdigest()[:16]


def release():
    """The code name of this machine's Debian release."""
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "VERSION_CODENAME":
            return value.strip('"')
    return "bookworm"


def suite():
    """The Debian release to boot: GATEKEEL_SUITE, else this machine's own, on which the package was built."""
    return os.environ.get("GATEKEEL_SUITE") or release()


@contextlib.contextmanager
def of(suite):
    """Inside this context images are made of this release."""
    before = os.environ.get("GATEKEEL_SUITE")
    os.environ["GATEKEEL_SUITE"] = suite
    try:
        yield
    finally:
        os.environ.pop("GATEKEEL_SUITE")
        if before is not None:
            os.environ["GATEKEEL_SUITE"] = before


def emulated():
    """The architecture of Debian that is booted, by dpkg's name, unless it is this machine's own: GATEKEEL_ARCHITECTURE, which
    QEMU emulates."""
    return [os.environ["GATEKEEL_ARCHITECTURE"]] if os.environ.get("GATEKEEL_ARCHITECTURE") else []


def sources():
    """The package sources: those of this machine for Debian's archive, with the release to boot."""
    etc = pathlib.Path("/etc/apt")
    for path in [*sorted((etc / "sources.list.d").glob("*.sources")), etc / "sources.list"]:
        if path.exists():
            text = "\n".join(line for line in path.read_text(errors="replace").splitlines() if not line.startswith(("#", "deb cdrom:")))
            if "debian" in text and release() in text:
                return path.suffix, text.replace(release(), suite()) + "\n"
    return None


def packages(more=()):
    return [*PACKAGES, *MORE_PACKAGES.get(suite(), []), *more]


def base_path(more=()):
    return cache() / "images" / f"base-{digest(RECIPE, *packages(more), *ARCHIVED, suite(), *emulated(), *(sources() or ()))}"


def is_made():
    """Whether the small Debian exists already. Making it takes a minute and needs the network."""
    return base_path().exists()


def base(more=()):
    """A small Debian, with `more` packages, as a list of one layer."""
    source = sources()
    path = base_path(more)
    with making(path) as folder:
        if folder:
            root = folder / "root"
            debs = folder / "debs"
            debs.mkdir()
            fetch = f'cd "{debs}" && APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -qq -o APT::Sandbox::User=root download {" ".join(ARCHIVED)}'
            command = ["mmdebstrap", "--quiet", "--variant=minbase", "--format=directory",
                       f"--include={','.join(packages(more))}", f"--customize-hook={fetch}",
                       "--dpkgopt=path-exclude=/usr/share/locale/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
                       "--dpkgopt=path-include=/usr/share/doc/gatekeel*", suite(), str(root)]
            command[1:1] = [f"--architectures={name}" for name in emulated()]
            if source:
                listed = folder / f"debian{source[0]}"
                listed.write_text(source[1])
                command.append(str(listed))
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
            (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost ip6-localhost\n")
            (root / "etc/hostname").write_text("gateway\n")
            # No login prompt on the console, because it would restart all the time.
            for unit in ("console-getty.service", "getty@.service"):
                (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    return [path / "root"]


def archived(name):
    """An unmodified package of Debian's archive."""
    return next((base_path() / "debs").glob(f"{name}_*.deb"))


def with_deb(*debs):
    """Debian with these packages installed by dpkg, as layers."""
    lower = base()
    path = cache() / "images" / f"debs-{digest(str(lower[0]), *debs)}"
    with making(path) as folder:
        if folder:
            (folder / "upper").mkdir()
            (folder / "work").mkdir()
            (folder / "merged").mkdir()
            with mounted(lower, folder / "upper", folder / "work", folder / "merged") as root:
                within = [f"/run/debs/{deb.name}" for deb in debs]
                binds = [f"--bind-ro={deb}:/run/debs/{deb.name}" for deb in debs]
                done = subprocess.run(
                    ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--pipe", f"--directory={root}",
                     f"--machine=gkimage{os.getpid()}", *binds, "dpkg", "--install", *within],
                    stdin=subprocess.DEVNULL, capture_output=True, text=True)
                if done.returncode != 0:
                    raise RuntimeError(f"dpkg did not install {', '.join(within)}:\n{done.stdout}{done.stderr}")
            shutil.rmtree(folder / "work")
            os.rmdir(folder / "merged")
    upper = path / "upper"
    return [upper] if (upper / ".whole").exists() else [upper, *lower]


@contextlib.contextmanager
def mounted(layers, upper, work, merged):
    """Mounts `layers` (the first on top) below the writable `upper` as one tree at `merged`."""
    mount(layers, upper, work, merged)
    try:
        yield merged
    finally:
        subprocess.run(["umount", "--lazy", str(merged)], check=True)


def mount(layers, upper, work, merged):
    """Mounts an overlay. If the kernel cannot (a layer is an overlay itself), copies it and mounts the copy."""
    lower = ":".join(str(layer) for layer in layers)
    options = f"lowerdir={lower},upperdir={upper},workdir={work},redirect_dir=off,metacopy=off,index=off"
    done = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, str(merged)], capture_output=True)
    if done.returncode == 0:
        return
    if not (upper / ".whole").exists():
        for layer in reversed(layers):
            subprocess.run(["cp", "--archive", "--reflink=auto", f"{layer}/.", str(upper)], check=True)
        (upper / ".whole").touch()
    subprocess.run(["mount", "--bind", str(upper), str(merged)], check=True)
