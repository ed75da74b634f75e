"""The demo of the main job: a small Debian with our package, a small LwM2M server, and the steps of an operator."""

import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

from . import image, packages
from .case import Failed, Tools, expect, until
from .devserver import DevServer
from .gateway import AGENT, ENDPOINT, KEY, configure

STATES = ("INITIAL", "DOWNLOAD STARTED", "DOWNLOADED", "DELIVERED", "INSTALLED")
RESULTS = {0: "initial", 1: "downloading", 2: "installed", 3: "verified", 50: "not enough storage", 51: "out of memory",
           52: "connection lost", 53: "integrity check failed", 54: "unsupported package", 56: "invalid URI",
           57: "device-defined error", 58: "installation failed", 59: "uninstallation failed"}
INSTALLER = "[Probation]\nTime=3s\nStartTimeout=5s\nStopTimeout=3s\n"


class Screen:
    """Output for people: the steps, the events during them, and their durations."""

    def __init__(self):
        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self.bold, self.dim, self.green, self.red, self.plain = (
            ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m") if colour else ("",) * 5)
        self.started = time.monotonic()
        self.lock = threading.Lock()

    def line(self, text):
        with self.lock:
            print(text, flush=True)

    def step(self, text):
        self.line(f"\n{self.bold}{text}{self.plain}")

    def seen(self, text):
        self.line(f"{self.dim}{time.monotonic() - self.started:8.2f} s{self.plain}  {text}")

    def good(self, text):
        self.line(f"{time.monotonic() - self.started:8.2f} s  {self.green}✓{self.plain} {text}")

    def bad(self, text):
        self.line(f"\n{self.red}✗ {text}{self.plain}")


class Demo:
    def __init__(self, options, folder):
        self.options, self.screen = options, Screen()
        self.tools = Tools("demo", folder)
        # Drop the machine's own log lines; the demo shows only its own.
        self.tools.step = lambda text: None
        self.machine = self.server = None

    def event(self, message):
        """Prints a line for each event of the server."""
        kind = message["event"]
        if kind in ("registered", "deregistered", "expired", "ended"):
            objects = " ".join(message.get("objects", []))
            self.screen.seen(f"{kind}: {message.get('endpoint', '')} {objects}".rstrip())
        elif kind == "notification":
            self.screen.seen(f"notified: {message['path']} = {self.named(message['path'], message.get('value'))}")

    @staticmethod
    def named(path, value):
        resource = path.rsplit("/", 1)[-1]
        if path.startswith("/9/") and isinstance(value, int):
            if resource == "7" and 0 <= value < len(STATES):
                return f"{value} {STATES[value]}"
            if resource == "9":
                return f"{value} {RESULTS.get(value, '')}".rstrip()
        if path.startswith("/9/") and resource == "12":
            return "active" if value else "inactive"
        return repr(value)

    def shows(self):
        """The instance's resources as the server reads them now."""
        values = {resource: self.server.read(f"/9/1/{resource}") for resource in (0, 1, 7, 9, 12, 16)}
        text = (f"read /9/1: {values[0] or '–'} {values[1] or ''} · State {self.named('/9/1/7', values[7])} · "
                f"Result {self.named('/9/1/9', values[9])} · {self.named('/9/1/12', values[12])}")
        self.screen.seen(text)
        if values[16]:
            self.screen.seen(f"Status Reason: {values[16]}")
        return values

    def becomes(self, seconds, what, **wanted):
        numbers = {"version": 1, "state": 7, "result": 9, "active": 12}
        until(seconds, what, lambda: all(self.server.read(f"/9/1/{numbers[key]}") == value for key, value in wanted.items()),
              every=0.2)

    def runs(self, version, seconds=10):
        unit = "keelsample.service"

        def look():
            if self.machine.state(unit) != "active" or not self.machine.exists("/run/keelsample/version"):
                return False
            return self.machine.read("/run/keelsample/version").split()[:1] == [version]

        until(seconds, f"keelsample {version} runs", look)
        process = self.machine.main_pid(unit)
        self.screen.good(f"{unit} is active on the gateway: version {version}, process {process}")

    def push(self, authority, version, behaviour="good"):
        data = authority.sign(packages.sample(version, behaviour))
        file = self.tools.folder / f"keelsample_{version}.deb"
        file.write_bytes(data)
        answer = self.server.do(f"push /9/1/2 {file}", 120)
        self.screen.seen(f"{len(data)} bytes pushed block by block: {answer.get('code')} in {answer.get('seconds')} s")
        self.becomes(20, "State DELIVERED", state=3)

    def execute(self, resource, name, argument=""):
        answer = self.server.do(f"execute /9/1/{resource} {argument}".rstrip())
        self.screen.seen(f"Execute {name}: {answer.get('code')} in {answer.get('seconds')} s")

    def run(self):
        screen = self.screen
        program = pathlib.Path(self.options.devserver).resolve()
        expect(program.exists(), f"{program} does not exist: build it")
        screen.step("A small Debian boots with gatekeel installed by dpkg")
        authority = packages.Authority(self.tools.folder / "authority", "Demo authority")
        self.machine = self.tools.machine()
        agent = AGENT.format(endpoint=ENDPOINT, uri="coaps://127.0.0.1:5684", lifetime=300)
        configure(self.machine, authority, f"{agent}\n[Device]\nManufacturer=Keel\nModelNumber=Demo gateway\n", INSTALLER)
        self.server = DevServer(program, ENDPOINT, KEY, self.event)
        self.tools.stack.callback(self.server.stop)
        self.machine.boot()
        system = self.machine.sh(". /etc/os-release; echo $PRETTY_NAME").strip()
        version = self.machine.run("dpkg-query", "-W", "-f", "${Version}", "gatekeel").out
        screen.good(f"booted: {system}, gatekeel {version}")

        screen.step("It registers over DTLS with a pre-shared key")
        self.server.do(f"wait {ENDPOINT} 30", 40)
        screen.good(f"registered; manufacturer {self.server.read('/3/0/0')!r}, model {self.server.read('/3/0/1')!r}")

        screen.step("The server creates an instance of Software Management and pushes a signed package")
        self.server.do("create /9 1")
        for resource in (7, 9, 12):
            self.server.do(f"observe /9/1/{resource}")
        self.push(authority, "1.0")
        self.shows()

        screen.step("Install, then Activate: a systemd unit runs")
        self.execute(4, "Install")
        self.becomes(20, "INSTALLED", state=4)
        self.execute(10, "Activate")
        self.becomes(20, "active", active=True)
        self.runs("1.0")
        self.shows()

        screen.step("A new version is switched in, watched and kept")
        self.execute(6, "Uninstall (ForUpdate)", "1")
        self.runs("1.0")
        self.push(authority, "2.0")
        self.execute(4, "Install")
        self.becomes(30, "2.0 INSTALLED", state=4, version="2.0", active=True)
        self.runs("2.0")
        self.shows()

        screen.step("A broken version that dies after a second: the gateway returns to the old one by itself")
        self.execute(6, "Uninstall (ForUpdate)", "1")
        self.push(authority, "3.0", "dies 1")
        answer = self.server.command("execute /9/1/4")
        screen.seen(f"Execute Install: {answer.get('code')} in {answer.get('seconds')} s")
        self.becomes(30, "Result 58, installation failed", result=58)
        self.runs("2.0")
        values = self.shows()
        expect(values[16], "the server reads the reason")

        screen.step("The gateway's journal and its command line")
        for entry in self.machine.journal("-u", "gatekeeld", "-u", "gatekeel-installd", "-p", "notice"):
            if entry.get("SYSLOG_IDENTIFIER", "").startswith("gatekeel"):
                screen.line(f"    {entry['SYSLOG_IDENTIFIER']}: {entry['MESSAGE']}")
        screen.line("    $ gatekeel packages")
        for line in self.machine.run("gatekeel", "packages", check=False).out.splitlines():
            screen.line(f"    {line}")
        screen.good(f"done in {time.monotonic() - screen.started:.0f} s")

    def keep(self):
        """Keeps everything running for a look around."""
        self.screen.step("Everything keeps running.")
        enter = ["nsenter", f"--target={self.machine.leader}", "--all", "--root", "--wd=/root", "/bin/bash", "-l"]
        if sys.stdin.isatty():
            self.screen.line("A shell on the gateway follows (gatekeel status, journalctl -xe); 'exit' stops everything.")
            subprocess.run(enter, env={"TERM": os.environ.get("TERM", "linux"), "HOME": "/root", "LANG": "C.UTF-8",
                                       "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})
        else:
            self.screen.line(f"Enter it with: {' '.join(enter)}\nCtrl-C stops everything.")
            signal.pause()


def main():
    parser = argparse.ArgumentParser(prog="Tests/demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep everything running at the end, to look around")
    parser.add_argument("--devserver", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        # Debian's archive cannot be reached inside.
        if not image.is_made():
            print("Making a small Debian to boot (only once) …", flush=True)
        image.base()
        # Its own network and mounts, which disappear with it.
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.argv, "--inside"])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    case = f"gkdemo{os.getpid()}"
    os.environ["GATEKEEL_CASE"] = case
    folder = image.cache() / "run" / case
    folder.mkdir(parents=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    demo = Demo(options, folder)
    status = 1
    try:
        try:
            demo.run()
            status = 0
        except Failed as failure:
            demo.screen.bad(str(failure))
            demo.tools.dump()
        if options.keep and demo.machine and demo.machine.leader:
            demo.keep()
    except KeyboardInterrupt:
        status = status and 130
    finally:
        demo.tools.stack.close()
        from .runner import sweep
        subprocess.run(["umount", "--lazy", *[str(machine.root) for machine in demo.tools.machines]], check=False)
        sweep(case, folder)
    return status
