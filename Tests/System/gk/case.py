"""Tests: a function with a name, its tools, and the three possible results."""

import contextlib
import os
import pathlib
import sys
import time


class Skipped(Exception):
    """The test cannot run here. The text says why."""


class Failed(Exception):
    """The test failed. The text says what was expected and what was seen."""


TESTS = {}


def test(function):
    """Registers a test under the names of its module and its function: `packaging.purge_leaves_nothing`."""
    name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
    TESTS[name] = function
    return function


def on(suite):
    """Makes a test boot this release of Debian, whichever release the others boot. Put it above `@test`."""
    def mark(function):
        function.suite = suite
        return function

    return mark


def patience():
    """How many times longer everything may take: GATEKEEL_PATIENCE, else 12 in an emulated Debian and 1 on this machine's own
    processor."""
    return int(os.environ.get("GATEKEEL_PATIENCE") or (12 if os.environ.get("GATEKEEL_ARCHITECTURE") else 1))


def expect(condition, text):
    """Fails the test with `text` unless `condition` is true."""
    if not condition:
        raise Failed(text)


def equal(seen, wanted, what):
    """Fails the test unless `seen` equals `wanted`."""
    if seen != wanted:
        raise Failed(f"{what}: expected {wanted!r}, saw {seen!r}")


def until(seconds, what, probe, every=0.05):
    """Calls `probe` until its result is true, and returns the result. Fails after `seconds`.

    Use it if there is no event to wait for. `what` describes the condition; the failure shows the last result."""
    seconds *= patience()
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise Failed(f"not within {seconds:g} s: {what}; last seen: {answer!r}")
        time.sleep(every)


class Tools:
    """The context of a running test: its folder, its clock, and the resources to free at its end."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = pathlib.Path(folder)
        self.started = time.monotonic()
        self.stack = contextlib.ExitStack()
        self.machines = []

    def step(self, text):
        """Logs one line of the test."""
        print(f"{time.monotonic() - self.started:8.3f}  {text}", flush=True)

    def machine(self, image=None, **options):
        """Makes a machine that is not booted yet and is removed at the end of the test. Default image: Debian with our package."""
        from . import image as images
        from .machine import Machine

        lower = images.with_deb(self.deb()) if image is None else image
        machine = Machine(f"{os.environ.get('GATEKEEL_CASE', 'gk')}-{len(self.machines)}", self.folder, lower, self.step, **options)
        self.machines.append(machine)
        self.stack.callback(machine.destroy)
        return machine

    def virtual_machine(self):
        """Makes a Debian in QEMU that is not booted yet and is removed at the end of the test."""
        from .vm import VirtualMachine

        machine = VirtualMachine(f"{os.environ.get('GATEKEEL_CASE', 'gk')}-{len(self.machines)}", self.folder, self.step)
        self.machines.append(machine)
        self.stack.callback(machine.destroy)
        return machine

    def deb(self, variable="GATEKEEL_DEB"):
        """The package under test; skips the test if there is none."""
        path = os.environ.get(variable)
        if not path:
            raise Skipped(f"{variable} is not set: build the package with packaging/build-deb")
        return pathlib.Path(path).resolve()

    def devserver(self, identity, key, on_event=lambda event: None):
        """Starts our own small LwM2M server in this test's network."""
        from .devserver import DevServer

        built = pathlib.Path(__file__).resolve().parents[3] / ".build/package/release/gatekeel-devserver"
        program = pathlib.Path(os.environ.get("GATEKEEL_DEVSERVER", built))
        if not program.exists():
            raise Skipped(f"{program} is not built: packaging/build-deb builds it")
        server = DevServer(program, identity, key, on_event)
        self.stack.callback(server.stop)
        return server

    def leshan(self, *options, name="leshan"):
        """Starts Leshan in this test's network. A second one needs other ports and another name."""
        from .leshan import Leshan

        jar = os.environ.get("GATEKEEL_LESHAN_JAR")
        if not jar:
            raise Skipped("GATEKEEL_LESHAN_JAR is not set: set it to the path of leshan-front.jar")
        if not os.path.exists(jar):
            raise Skipped(f"GATEKEEL_LESHAN_JAR does not name a file: {jar}")
        models = os.environ.get("GATEKEEL_OMA_DIR")
        if not models:
            raise Skipped("GATEKEEL_OMA_DIR is not set: set it to the folder of OMA's object definitions, which Leshan reads")
        options = [*options, "-m", models, "-m", f"{models}/earlier"]
        server = Leshan(jar, self.folder, options, self.step, name)
        self.stack.callback(server.stop)
        return server

    def dump(self):
        """Logs the units and the journal of each machine, to explain a failure."""
        for machine in self.machines:
            machine.dump(sys.stdout)
