"""A Debian booted in QEMU: a kernel, a disk and a network card of its own, on a processor that may be another one's."""

import contextlib
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import time

from . import image
from .case import Failed, expect, patience, until
from .machine import Answer, Machine

# The address of this test's network, as the machine sees it (QEMU's user network).
HOST = "10.0.2.2"
NETWORK = "[Match]\nName=eth0\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n"
# systemd and sshd give up on what is slow, and sshd turns away whoever tried in vain: on an emulated processor of a busy host both
# would be the host's fault. Gatekeel's own units keep their times.
TIMES = "[Manager]\nDefaultTimeoutStartSec=15min\nDefaultTimeoutStopSec=15min\nDefaultDeviceTimeoutSec=15min\n"
LOGIN = "LoginGraceTime 0\nPerSourcePenalties no\nUseDNS no\n"
# Of each architecture, by dpkg's name: QEMU's program, its machine, the console, and the package of the kernel.
KINDS = {
    "amd64": ("qemu-system-x86_64", "q35", "ttyS0", "linux-image-cloud-amd64"),
    "arm64": ("qemu-system-aarch64", "virt", "ttyAMA0", "linux-image-cloud-arm64"),
}


def architecture():
    """The architecture to boot, by dpkg's name."""
    return next(iter(image.emulated()), None) or subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def disk():
    """A folder with the disk of a small Debian (`disk`), its kernel and first file system, and the key for its root (`key`)."""
    kernel = KINDS[architecture()][3]
    root = image.base([kernel, "initramfs-tools", "openssh-server"])[0]
    path = image.cache() / "images" / f"disk-{image.digest(str(root), pathlib.Path(__file__))}"
    with image.making(path) as folder:
        if folder:
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
            (folder / "upper").mkdir()
            (folder / "work").mkdir()
            (folder / "merged").mkdir()
            with image.mounted([root], folder / "upper", folder / "work", folder / "merged") as tree:
                _prepare(tree, (folder / "key.pub").read_text())
                subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, folder / "disk", "4G"], check=True)
                for name in ("vmlinuz", "initrd.img"):
                    found = next((tree / "boot").glob(f"{name}-*"))
                    (folder / name).write_bytes(found.read_bytes())
    return path


def _prepare(tree, key):
    files = {
        "etc/systemd/network/eth0.network": NETWORK, "root/.ssh/authorized_keys": key,
        "etc/systemd/system.conf.d/test.conf": TIMES, "etc/ssh/sshd_config.d/test.conf": LOGIN,
        "etc/systemd/journald.conf.d/test.conf": "[Journal]\nRateLimitIntervalSec=0\nStorage=persistent\n",
    }
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    (tree / "root/.ssh").chmod(0o700)
    # No login prompt and no maintenance, which cost minutes of an emulated processor.
    for unit in ("serial-getty@.service", "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
                 "e2scrub_reap.service", "fstrim.timer"):
        (tree / "etc/systemd/system" / unit).symlink_to("/dev/null")
    wants = tree / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "systemd-networkd.service").symlink_to("/usr/lib/systemd/system/systemd-networkd.service")


class VirtualMachine(Machine):
    """One machine with a disk of its own, which is gone with the test. Files are reached while it runs, over ssh."""

    host = HOST

    def __init__(self, name, folder, step):
        self.name, self.step = name, step
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir(parents=True)
        self.process = self.leader = None
        self.cgroups = []
        self.made = disk()
        self.key = self.folder / "key"
        self.key.write_bytes((self.made / "key").read_bytes())
        self.key.chmod(0o600)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", self.made / "disk", self.folder / "disk"],
                       check=True)

    # Power.

    def boot(self, seconds=60):
        expect(self.process is None, f"{self.name} is running already")
        program, kind, console, _ = KINDS[architecture()]
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as probe:
            self.port = probe.getsockname()[1]
        # Two plain processors, each emulated by a thread of its own. A clock that counts instructions would allow only one thread.
        processor = ["-accel", "tcg,thread=multi", "-cpu", "cortex-a57"] if image.emulated() else [
            "-accel", "kvm", "-accel", "tcg", "-cpu", "max"]
        argv = [program, "-machine", kind, *processor, "-smp", "2", "-m", "1024", "-nodefaults", "-no-reboot",
                "-display", "none", "-serial", f"file:{self.folder}/console",
                "-kernel", self.made / "vmlinuz", "-initrd", self.made / "initrd.img",
                "-append", f"root=/dev/vda rw console={console} net.ifnames=0 systemd.machine_id={os.urandom(16).hex()} quiet",
                "-drive", f"file={self.folder}/disk,if=virtio,format=qcow2,cache=unsafe",
                # Without a boot ROM, which is in a package of its own.
                "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:22", "-device", "virtio-net-pci,netdev=net,romfile=",
                "-device", "virtio-rng-pci"]
        began = time.monotonic()
        self.process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, preexec_fn=self._before_exec)
        self.leader = self.process.pid
        until(seconds, f"{self.name} answers", self._answers, every=1)
        self.run("systemctl", "is-system-running", "--wait", check=False, timeout=seconds)
        self.step(f"{self.name}: booted in {time.monotonic() - began:.1f} s")
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise Failed(f"{self.name} ended with {self.process.returncode}; its console: {self._console()}")
        return self._ssh("true", timeout=10 * patience()).returncode == 0

    def _kill(self):
        self.process.send_signal(signal.SIGKILL)
        self._wait(30, "end")

    def _wait(self, seconds, what):
        try:
            status = self.process.wait(seconds * patience())
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not {what} within {seconds} s; its console: {self._console()}") from None
        self.process = self.leader = None
        return status

    def destroy(self):
        if self.process is not None:
            self._kill()

    # Commands and files.

    def _ssh(self, command, timeout, input=None):
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", f"ConnectTimeout={5 * patience()}",
                   f"ControlPath={self.folder}/ssh", "ControlMaster=auto", "ControlPersist=yes"]
        argv = ["ssh", "-q", "-i", str(self.key), "-p", str(self.port), *(f"-o{option}" for option in options), "root@127.0.0.1",
                command]
        try:
            return subprocess.run(
                argv, capture_output=True, timeout=timeout,
                **({"input": input} if input is not None else {"stdin": subprocess.DEVNULL}))
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(argv, 255, b"", b"not finished in time")

    def run(self, *argv, user=None, check=True, timeout=60, input=None):
        expect(self.leader, f"{self.name} is not running")
        argv = [str(word) for word in argv]
        prefix = "LC_ALL=C.UTF-8 SYSTEMD_PAGER= SYSTEMD_COLORS=0 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        enter = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--no-new-privs"] if user else []
        data = input.encode() if isinstance(input, str) else input
        done = self._ssh(f"{prefix} {shlex.join(['env', *enter, *argv])}", timeout * patience(), data)
        answer = Answer(argv, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
        if check and answer.status != 0:
            raise Failed(str(answer))
        return answer

    def write(self, path, text, mode=0o644, owner=None):
        data = text if isinstance(text, bytes) else text.encode()
        script = 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"' + (' && chown "$3" "$1"' if owner else "")
        self.run("sh", "-euc", script, "sh", path, f"{mode:o}", owner or "", input=data, timeout=120)

    def read(self, path):
        return self.run("cat", path).out

    def exists(self, path):
        return self.run("test", "-e", path, check=False).status == 0
