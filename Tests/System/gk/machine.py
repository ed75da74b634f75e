"""A Debian booted in systemd-nspawn, in this test's network namespace."""

import ctypes
import json
import os
import pathlib
import pty
import queue
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

from . import image
from .case import Failed, expect, patience, until

# The exit status of systemd-nspawn if the container requested a reboot (systemd-nspawn(1), exit status).
REBOOT = 133


class Answer:
    """The result of a command in the machine."""

    def __init__(self, argv, status, out, err):
        self.argv, self.status, self.out, self.err = argv, status, out, err

    def __str__(self):
        return f"{' '.join(self.argv)} → {self.status}\n{self.out}{self.err}".rstrip()


class Machine:
    """One container: made of layers, booted, used, broken, and always removed."""

    # Where this test's servers are, as the machine sees it.
    host = "127.0.0.1"

    def __init__(self, name, folder, layers, step, binds=(), nspawn=()):
        self.name, self.layers, self.step = name, layers, step
        self.folder = pathlib.Path(folder) / name
        self.binds, self.options = list(binds), list(nspawn)
        self.process = self.leader = self.terminal = None
        self.cgroups = []
        for part in ("upper", "work", "merged"):
            (self.folder / part).mkdir(parents=True)
        self.root = self.folder / "merged"
        image.mount(layers, self.folder / "upper", self.folder / "work", self.root)
        # Its own machine-id, so that this is not a first boot, which would apply presets to all units.
        self.write("/etc/machine-id", os.urandom(16).hex() + "\n")
        # No rate limits, so that no entry of a test is lost. The journal survives reboots.
        self.write("/etc/systemd/journald.conf.d/test.conf",
                   "[Journal]\nRateLimitIntervalSec=0\nStorage=persistent\nForwardToConsole=no\n")

    # Files. They can be used before and after the boot; /run only while the machine is up.

    def path(self, path):
        """The path on this host of the machine's `path`."""
        relative = str(path).lstrip("/")
        if self.leader and relative.startswith(("run/", "tmp/", "dev/", "proc/")):
            return pathlib.Path(f"/proc/{self.leader}/root") / relative
        return self.root / relative

    def write(self, path, text, mode=0o644, owner=None):
        """Writes a file of the machine. `owner` is "user:group" with the machine's names."""
        place = self.path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
        place.chmod(mode)
        if owner:
            user, _, group = owner.partition(":")
            os.chown(place, self.identifier("passwd", user), self.identifier("group", group or user))

    def read(self, path):
        return self.path(path).read_text()

    def exists(self, path):
        return os.path.lexists(self.path(path))

    def identifier(self, database, name):
        """The number of a user (database "passwd") or group (database "group") of the machine."""
        for line in (self.root / "etc" / database).read_text().splitlines():
            fields = line.split(":")
            if fields[0] == name:
                return int(fields[2])
        raise Failed(f"the machine has no {name} in /etc/{database}")

    # Power.

    def boot(self, seconds=60):
        """Starts it and returns when its systemd reports that the boot is finished."""
        expect(self.process is None, f"{self.name} is running already")
        seconds *= patience()
        ready = self.folder / "notify"
        ready.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(str(ready))
        self._tidy()
        main, terminal = pty.openpty()
        self.terminal = main
        self.cgroups = cgroups(self.name)
        argv = ["systemd-nspawn", "--quiet", "--boot", f"--directory={self.root}", f"--machine={self.name}",
                "--register=no", "--keep-unit", "--notify-ready=yes", f"--network-namespace-path=/proc/{os.getpid()}/ns/net",
                "--link-journal=no", "--resolv-conf=off", "--timezone=off",
                *[f"--bind-ro={bind}" for bind in self.binds], *self.options]
        self.process = subprocess.Popen(
            argv, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
            env={**os.environ, "NOTIFY_SOCKET": str(ready), "TERM": "dumb", "SYSTEMD_COLORS": "0"},
            preexec_fn=self._before_exec)
        os.close(terminal)
        threading.Thread(target=self._copy_console, args=(main,), daemon=True).start()
        began = time.monotonic()
        while True:
            left = seconds - (time.monotonic() - began)
            if left <= 0 or self.process.poll() is not None:
                raise Failed(f"{self.name} did not boot; its console: {self._console()}")
            if not select.select([listener], [], [], min(left, 0.5))[0]:
                continue
            message = listener.recv(4096).decode(errors="replace")
            for line in message.split("\n"):
                key, _, value = line.partition("=")
                if key == "X_NSPAWN_LEADER_PID":
                    self.leader = int(value)
                elif key == "READY" and value == "1" and self.leader:
                    listener.close()
                    self.step(f"{self.name}: booted in {time.monotonic() - began:.2f} s")
                    return self

    def _tidy(self):
        """Removes what a killed systemd-nspawn 256 or later leaves of a machine. Otherwise the next one refuses to
        start."""
        left = pathlib.Path(f"/run/systemd/nspawn/unix-export/{self.name}")
        if left.exists():
            subprocess.run(["umount", "--lazy", str(left)], check=False, capture_output=True)
            left.rmdir()

    def _before_exec(self):
        # If this program is killed, the machine is killed too (prctl(2): PR_SET_PDEATHSIG).
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        join(self.cgroups)

    def wait_for_reboot(self, seconds=60):
        """Waits until the machine requests a reboot by itself, and boots it again."""
        status = self._wait(seconds, "ask for a reboot")
        expect(status == REBOOT, f"{self.name} ended with {status}, not with a reboot")
        return self.boot()

    def reboot(self, seconds=60):
        """Reboots it cleanly."""
        self.run("systemctl", "reboot", check=False)
        return self.wait_for_reboot(seconds)

    def crash(self):
        """Kills all its processes at once, similar to a loss of power. (The page cache survives, unlike in a real one.)"""
        self._kill()
        return self

    def shut_down(self, seconds=60):
        """Shuts it down cleanly."""
        self.run("systemctl", "poweroff", check=False)
        self._wait(seconds, "power off")

    def _kill(self):
        # If the first process of a process namespace ends, the kernel kills all others.
        for pid in filter(None, (self.leader, self.process.pid)):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._wait(30, "end")

    def _wait(self, seconds, what):
        seconds *= patience()
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not {what} within {seconds} s; its console: {self._console()}") from None
        # A systemd-nspawn that was killed leaves its payload to the kernel and its first process to us, process 1 here.
        if self.leader:
            until(20, "the container's end", lambda: gone(self.leader), every=0.005)
        self.process = self.leader = None
        return status

    def destroy(self):
        """Stops it in any state. Its mounts disappear with the test's namespaces."""
        if self.process is not None:
            self._kill()
        self._tidy()
        for path in self.cgroups:
            remove_cgroup(path)

    def _copy_console(self, main):
        with open(self.folder / "console", "ab", buffering=0) as log:
            while True:
                try:
                    data = os.read(main, 65536)
                except OSError:
                    break
                if not data:
                    break
                log.write(data)
        os.close(main)

    def _console(self):
        path = self.folder / "console"
        return path.read_text(errors="replace")[-3000:] if path.exists() else "nothing"

    # Commands.

    def run(self, *argv, user=None, check=True, timeout=60, input=None):
        """Runs a command in the machine as root or as `user` (with that user's groups) and returns its result."""
        expect(self.leader, f"{self.name} is not running")
        timeout *= patience()
        enter = ["nsenter", f"--target={self.leader}", "--all", "--root", "--wd=/"]
        if user:
            enter += ["setpriv", f"--reuid={user}", f"--regid={self.primary_group(user)}", "--init-groups",
                      "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                       "HOME": "/root", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"}
        argv = [str(word) for word in argv]
        try:
            done = subprocess.run(
                [*enter, *argv], capture_output=True, text=True, errors="replace", timeout=timeout, env=environment,
                **({"input": input} if input is not None else {"stdin": subprocess.DEVNULL}))
        except subprocess.TimeoutExpired:
            raise Failed(f"{' '.join(argv)}: not finished within {timeout} s") from None
        answer = Answer(argv, done.returncode, done.stdout, done.stderr)
        if check and answer.status != 0:
            raise Failed(str(answer))
        return answer

    def primary_group(self, user):
        for line in (self.root / "etc/passwd").read_text().splitlines():
            fields = line.split(":")
            if fields[0] == user:
                return int(fields[3])
        raise Failed(f"the machine has no user {user}")

    def sh(self, script, **options):
        """Runs a shell script in the machine and returns its output."""
        return self.run("sh", "-euc", script, **options).out

    # Units.

    def unit(self, name):
        """A unit's properties, as `systemctl show` prints them."""
        out = self.run("systemctl", "show", name).out
        return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)

    def state(self, name):
        """A unit's ActiveState, or "not-found" if there is no such unit."""
        shown = self.unit(name)
        return "not-found" if shown.get("LoadState") == "not-found" else shown.get("ActiveState")

    def wait_for_unit(self, name, wanted="active", seconds=20):
        return until(seconds, f"{name} {wanted} (is {self.state(name)})", lambda: self.state(name) == wanted)

    def main_pid(self, unit):
        """The number of a unit's main process in the machine; 0 if it has none."""
        return int(self.unit(unit).get("MainPID", "0"))

    def kill(self, unit, signal_name="KILL"):
        """Sends a signal to a unit's main process."""
        pid = self.main_pid(unit)
        expect(pid > 0, f"{unit} has no main process")
        self.run("kill", f"-{signal_name}", pid)
        return pid

    # The journal.

    def journal(self, *options):
        """The journal's entries as dictionaries, oldest first."""
        if self.leader:
            out = self.run("journalctl", "--output=json", "--all", "--no-pager", *options, timeout=120).out
        else:
            out = subprocess.run(
                ["journalctl", "--output=json", "--all", "--no-pager", f"--directory={self.root}/var/log/journal", *options],
                capture_output=True, text=True).stdout
        return [json.loads(line) for line in out.splitlines() if line.startswith("{")]

    def wait_for_entry(self, seconds, what, matches, *options):
        """Waits for a journal entry of this boot that `matches` accepts, including past ones, and returns it."""
        expect(self.leader, f"{self.name} is not running")
        follow = subprocess.Popen(
            ["nsenter", f"--target={self.leader}", "--all", "--root", "--wd=/", "journalctl", "--follow", "--output=json",
             "--all", "--boot", "--no-tail", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines = queue.SimpleQueue()
        threading.Thread(target=lambda: [lines.put(line) for line in follow.stdout], daemon=True).start()
        deadline = time.monotonic() + seconds
        try:
            while True:
                try:
                    line = lines.get(timeout=max(0, deadline - time.monotonic()))
                except queue.Empty:
                    raise Failed(f"not in the journal within {seconds} s: {what}") from None
                if line.startswith("{"):
                    entry = json.loads(line)
                    if matches(entry):
                        return entry
        finally:
            # Kill journalctl, not nsenter, which then reaps it and ends. Otherwise process 1 of the host would inherit
            # journalctl, and if it does not reap it, the machine's own process 1 cannot end.
            for child in pathlib.Path(f"/proc/{follow.pid}/task/{follow.pid}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)
            follow.wait(10)

    def dump(self, to):
        """A report for a failure: the end of the console, failed units, and the journal."""
        if not self.leader:
            print(f"---- {self.name}: console", self._console(), sep="\n", file=to)
        else:
            print(f"---- {self.name}: units", file=to)
            print(self.run("systemctl", "--no-pager", "--failed", "--plain", check=False).out, file=to)
        print(f"---- {self.name}: journal", file=to)
        try:
            for entry in self.journal("--lines=400"):
                when = int(entry["__REALTIME_TIMESTAMP"]) / 1e6
                message = entry.get("MESSAGE")
                if isinstance(message, list):
                    message = bytes(message).decode(errors="replace")
                print(f"{time.strftime('%T', time.localtime(when))}.{int(when * 1000) % 1000:03} "
                      f"{entry.get('SYSLOG_IDENTIFIER', '?')}: {message}", file=to)
        except (Failed, ValueError, OSError) as error:
            print(f"(no journal: {error})", file=to)
        to.flush()


def gone(pid):
    """Whether a process has ended. Reaps it if it is our child."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
    return not os.path.exists(f"/proc/{pid}")


# Control groups. systemd-nspawn --keep-unit makes "payload" below its own group. So each machine needs its own group;
# otherwise two machines would share one.

def cgroups(name):
    """Makes this machine's groups below those of this process, in systemd's hierarchy and the unified one."""
    mine = []
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            mine += [pathlib.Path(f"/sys/fs/cgroup/unified{path}"), pathlib.Path(f"/sys/fs/cgroup{path}")]
        elif controllers == "name=systemd":
            mine.append(pathlib.Path(f"/sys/fs/cgroup/systemd{path}"))
    made = []
    for parent in mine:
        if (parent / "cgroup.procs").exists():
            (parent / name).mkdir(exist_ok=True)
            made.append(parent / name)
    return made


def join(groups):
    for group in groups:
        with open(group / "cgroup.procs", "w") as file:
            file.write("0")


def remove_cgroup(path):
    """Removes a group and all below it. They are empty after the container has ended."""
    for folder, _, _ in os.walk(path, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            pass
