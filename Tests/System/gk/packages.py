"""Packages to install, update and break, signed by an authority of the tests.

Good packages are made by debhelper, so that their scripts are like those of Debian's packages. Hostile ones are assembled
member by member."""

import gzip
import io
import pathlib
import shlex
import shutil
import subprocess
import tarfile
import textwrap

from . import image

HERE = pathlib.Path(__file__).resolve().parent.parent
RECIPE = "2"

UNIT = """\
[Unit]
Description=Keel sample, a service for tests

[Service]
Type=notify
ExecStart=/usr/bin/keelsample
RuntimeDirectory=keelsample
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target
"""


def run(*argv, cwd=None, input=None):
    done = subprocess.run([str(word) for word in argv], cwd=cwd, input=input, capture_output=True,
                          **({} if input is not None else {}))
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(str(word) for word in argv)}: {done.stderr.decode(errors='replace')}")
    return done.stdout


# Building.

def program():
    """The sample's program; compiled once."""
    source = HERE / "keelsample/keelsample.c"
    path = image.cache() / "packages" / f"program-{image.digest(source, *image.emulated())}"
    # For another architecture: whole, so that debhelper does not look for libraries of that architecture here.
    compiler = ["aarch64-linux-gnu-gcc", "-static"] if image.emulated() else ["cc"]
    with image.making(path) as folder:
        if folder:
            run(*compiler, "-Os", "-s", "-Wall", "-Wextra", "-Werror", "-o", folder / "keelsample", source)
    return path / "keelsample"


def sample(version, behaviour="good", name="keelsample", unit=UNIT, greeting="hello", files=(), scripts=(),
           depends="${shlibs:Depends}", compression="xz", architecture="any", extra_control="", conffile=True):
    """A package made by debhelper: one service, one configuration file, the usual scripts.

    `behaviour`: good, crashes, hangs, dies [SECONDS], lingers, unhealthy. `files`: further (path, text, mode). `scripts`:
    (name, text) of maintainer scripts, which must contain #DEBHELPER#, and of debhelper's files "maintscript" and "conffiles"."""
    parts = [RECIPE, program(), version, behaviour, name, unit, greeting, list(files), list(scripts), depends,
             compression, architecture, extra_control, conffile]
    path = image.cache() / "packages" / f"{name}-{image.digest(*parts)}"
    with image.making(path) as folder:
        if folder:
            debian, tree = folder / "debian", folder / "debian" / name
            (debian / "source").mkdir(parents=True)
            (debian / "control").write_text(
                f"Source: {name}\nSection: misc\nPriority: optional\nMaintainer: Tests <tests@gatekeel.org>\n"
                "Build-Depends: debhelper-compat (= 13)\nStandards-Version: 4.6.2\n\n"
                f"Package: {name}\nArchitecture: {architecture}\nDepends: {depends}, ${{misc:Depends}}\n{extra_control}"
                "Description: service for tests\n It does as its release file says.\n")
            (debian / "changelog").write_text(
                f"{name} ({version}) unstable; urgency=medium\n\n  * For tests.\n\n"
                " -- Tests <tests@gatekeel.org>  Sat, 21 Nov 2026 12:00:00 +0000\n")
            put(tree / "usr/bin" / name, program().read_bytes(), 0o755)
            put(tree / "usr/share/keelsample/release", f"{version} {behaviour}\n")
            if conffile:
                put(tree / "etc/keelsample.conf", f"# Configuration of the sample.\nGreeting={greeting}\n")
            if unit:
                put(tree / "lib/systemd/system" / f"{name}.service", unit)
            for where, text, mode in files:
                put(tree / where.lstrip("/"), text, mode)
            for script, text in scripts:
                # debhelper runs its own files if they are executable.
                put(debian / f"{name}.{script}", text, 0o644 if script in ("maintscript", "conffiles") else 0o755)
            for step in (["dh_installsystemd"], ["dh_installtmpfiles"], ["dh_installsysusers"], ["dh_installchangelogs"],
                         ["dh_compress"], ["dh_fixperms", "-X/usr/share/keelsample/modes"], ["dh_installdeb"],
                         ["dh_shlibdeps"], ["dh_gencontrol"], ["dh_md5sums"], ["dh_builddeb", "--destdir=.", "--", f"-Z{compression}"]):
                # Into this folder: in the one above, tests that run beside each other find the package of another one.
                run(*host_architecture(step), cwd=folder)
            shutil.rmtree(debian)
    return next(path.glob("*.deb"))


def host_architecture(command):
    """The command, with dpkg's environment for the architecture that is booted."""
    for name in image.emulated():
        return ["dpkg-architecture", f"--host-arch={name}", "--force", "--command", shlex.join(command)]
    return command


def put(path, data, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    path.chmod(mode)


# The format of the archive: ar(5), deb(5).

def members(data):
    """The members of an ar archive: (name, content)."""
    found, at = [], 8
    while at + 60 <= len(data):
        header = data[at:at + 60]
        size = int(header[48:58])
        found.append((header[:16].decode().rstrip().rstrip("/"), data[at + 60:at + 60 + size]))
        at += 60 + size + size % 2
    return found


def member(name, content):
    """One member with its header, like dpkg-deb writes it."""
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
    return header + content + (b"\n" if len(content) % 2 else b"")


def archive(*parts):
    return b"!<arch>\n" + b"".join(member(name, content) for name, content in parts)


def revised(good, version, behaviour="good", unit=UNIT, distinct=False, other=False):
    """The sample in another version, assembled without debhelper, for tests that need hundreds.

    `distinct`: the configuration file has its version too, so that a mixture of two versions is detected. `other`: it has a
    second unit, which the versions before and after do not have."""
    made = []
    for name, content in members(pathlib.Path(good).read_bytes()):
        if name.startswith(("control.tar", "data.tar")):
            out = io.BytesIO()
            with tarfile.open(fileobj=io.BytesIO(content)) as old, tarfile.open(fileobj=out, mode="w") as new:
                for info in old:
                    data = old.extractfile(info).read() if info.isreg() else None
                    if info.name == "./control":
                        lines = data.decode().splitlines(True)
                        data = "".join(f"Version: {version}\n" if line.startswith("Version:") else line
                                       for line in lines).encode()
                    elif info.name == "./md5sums":
                        continue
                    elif info.name.endswith("/keelsample.service") and info.isreg():
                        data = unit.encode()
                        if other:
                            more = tarfile.TarInfo(f"{info.name.rpartition('/')[0]}/{other_unit(version)}")
                            text = OTHER_UNIT.encode()
                            more.size, more.mode = len(text), 0o644
                            new.addfile(more, io.BytesIO(text))
                    elif info.name == "./usr/share/keelsample/release":
                        data = f"{version} {behaviour}\n".encode()
                    elif distinct and info.name == "./etc/keelsample.conf":
                        data = conffile(version).encode()
                    if data is not None:
                        info.size = len(data)
                    new.addfile(info, io.BytesIO(data) if data is not None else None)
            name, content = f"{name.split('.')[0]}.tar.gz", gzip.compress(out.getvalue(), 1, mtime=0)
        made.append((name, content))
    return archive(*made)


# The files that `revised` makes distinct.

OTHER_UNIT = """\
[Unit]
Description=What only some versions have

[Service]
Type=oneshot
ExecStart=/usr/bin/keelsample health
"""


def other_unit(version):
    """The unit that exists only in odd versions or only in even ones."""
    return f"keelsample-{'odd' if int(version.rpartition('.')[2]) % 2 else 'even'}.service"


def conffile(version):
    return f"# Configuration of the sample {version}.\nGreeting=hello-{version}\n"


def unit_of(version, stops_otherwise=False):
    """A unit with its version. If it is also stopped in another way, the switch happens in another order."""
    text = UNIT.replace("Description=Keel sample", f"Description=Keel sample {version}")
    return text.replace("[Service]\n", f"[Service]\nTimeoutStopSec={30 + int(version.rpartition('.')[2])}\n") if stops_otherwise else text


def hostile(good, entries):
    """A package with the control part of `good` and a data.tar of these entries: (TarInfo, content or None)."""
    control = next((name, content) for name, content in members(good.read_bytes()) if name.startswith("control.tar"))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for info, content in entries:
            tar.addfile(info, io.BytesIO(content) if content is not None else None)
    return archive(("debian-binary", b"2.0\n"), control, ("data.tar.gz", gzip.compress(out.getvalue(), mtime=0)))


def entry(name, content=b"", type=tarfile.REGTYPE, mode=0o644, link="", **more):
    """One entry of a data.tar with exactly these values. Nothing is checked or corrected."""
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname = type, mode, link
    info.size = len(content) if type == tarfile.REGTYPE else 0
    for key, value in more.items():
        setattr(info, key, value)
    return info, content if type == tarfile.REGTYPE else None


# Signing with OpenSSL's program, independently of Gatekeel's code.

class Authority:
    """A new certificate authority and its signers, in a folder."""

    def __init__(self, folder, name="Test authority"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate = self.folder / "ca.pem"
        self.key = self.folder / "ca.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key,
            "-out", self.certificate, "-days", "3650", "-subj", f"/CN={name}", "-addext",
            "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.signer = self.issue("signer")

    def issue(self, name, usage="digitalSignature", extended="codeSigning", days=365):
        """A signer's certificate and key. With negative `days` it is expired."""
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(textwrap.dedent(f"""\
            basicConstraints=critical,CA:FALSE
            keyUsage=critical,{usage}
            extendedKeyUsage={extended}
            """))
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
            "-out", request, "-subj", f"/CN=Test {name}")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
            "-days", days, "-extfile", extensions, "-out", certificate)
        return certificate, key

    def sign(self, package, manifest=None, signer=None):
        """The package's bytes with the manifest and the signature appended."""
        data = package if isinstance(package, bytes) else pathlib.Path(package).read_bytes()
        if manifest is not None:
            data += member("_gkmanifest", textwrap.dedent(manifest).encode())
        certificate, key = signer or self.signer
        plain = self.folder / "signed-bytes"
        plain.write_bytes(data)
        signature = run("openssl", "cms", "-sign", "-binary", "-in", plain, "-signer", certificate, "-inkey", key,
                        "-outform", "DER", "-md", "sha256", "-nosmimecap")
        return data + member("_gksig", signature)


def verify(signed, authority, folder):
    """Whether OpenSSL's own program accepts a signature."""
    data = signed if isinstance(signed, bytes) else pathlib.Path(signed).read_bytes()
    name, signature = members(data)[-1]
    if name != "_gksig":
        return False
    folder = pathlib.Path(folder)
    (folder / "verify.der").write_bytes(signature)
    (folder / "verify.bin").write_bytes(data[:len(data) - len(signature) - len(signature) % 2 - 60])
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-binary", "-purpose", "any", "-inform", "DER", "-in", folder / "verify.der",
         "-content", folder / "verify.bin", "-CAfile", authority.certificate, "-out", "/dev/null"], capture_output=True)
    return done.returncode == 0
