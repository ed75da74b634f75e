"""What a test is: a function with a name, its tools, and the three ways it can end."""

import contextlib
import os
import pathlib
import sys
import time


class Skipped(Exception):
    """The test cannot run here; the text says why."""


class Failed(Exception):
    """The test has shown something wrong; the text says what was expected and what was seen."""


TESTS = {}


def test(function):
    """Registers a test under its module's name and its own: `packaging.purge_leaves_nothing`."""
    name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
    TESTS[name] = function
    return function


def on(suite):
    """Has a test boot this release of Debian, whichever the others boot; above `@test`."""
    def mark(function):
        function.suite = suite
        return function

    return mark


def expect(condition, text):
    """Fails the test with `text` unless `condition` holds."""
    if not condition:
        raise Failed(text)


def equal(seen, wanted, what):
    """Fails the test unless `seen` equals `wanted`."""
    if seen != wanted:
        raise Failed(f"{what}: expected {wanted!r}, saw {seen!r}")


def until(seconds, what, probe, every=0.05):
    """Calls `probe` until it answers something true, and returns that; fails when `seconds` have passed.

    For what has no event to wait for. `what` names the awaited thing; the last answer is part of the failure."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise Failed(f"not within {seconds:g} s: {what}; last seen: {answer!r}")
        time.sleep(every)


class Tools:
    """What a running test works with: its folder, its clock, and the things to take down when it ends."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = pathlib.Path(folder)
        self.started = time.monotonic()
        self.stack = contextlib.ExitStack()
        self.machines = []

    def step(self, text):
        """One line of the test's story."""
        print(f"{time.monotonic() - self.started:8.3f}  {text}", flush=True)

    def machine(self, image=None, **options):
        """A machine of this test, not booted yet, torn down at its end. Without `image`: Debian with our package."""
        from . import image as images
        from .machine import Machine

        lower = images.with_deb(self.deb()) if image is None else image
        machine = Machine(f"{os.environ.get('GATEKEEL_CASE', 'gk')}-{len(self.machines)}", self.folder, lower, self.step, **options)
        self.machines.append(machine)
        self.stack.callback(machine.destroy)
        return machine

    def deb(self, variable="GATEKEEL_DEB"):
        """The package under test; skips the test when there is none."""
        path = os.environ.get(variable)
        if not path:
            raise Skipped(f"{variable} is not set: build the package with packaging/build-deb")
        return pathlib.Path(path).resolve()

    def devserver(self, identity, key, on_event=lambda event: None):
        """Our own small LwM2M server, started, in this test's network."""
        from .devserver import DevServer

        built = pathlib.Path(__file__).resolve().parents[3] / ".build/package/release/gatekeel-devserver"
        program = pathlib.Path(os.environ.get("GATEKEEL_DEVSERVER", built))
        if not program.exists():
            raise Skipped(f"{program} is not built: packaging/build-deb builds it")
        server = DevServer(program, identity, key, on_event)
        self.stack.callback(server.stop)
        return server

    def leshan(self, *options):
        """A started Leshan, in this test's network."""
        from .leshan import Leshan

        jar = os.environ.get("GATEKEEL_LESHAN_JAR")
        if not jar:
            raise Skipped("GATEKEEL_LESHAN_JAR is not set: the path of leshan-front.jar")
        if not os.path.exists(jar):
            raise Skipped(f"GATEKEEL_LESHAN_JAR names no file: {jar}")
        models = os.environ.get("GATEKEEL_OMA_DIR")
        if not models:
            raise Skipped("GATEKEEL_OMA_DIR is not set: the folder of OMA's object definitions, which Leshan reads")
        options = [*options, "-m", models, "-m", f"{models}/earlier"]
        server = Leshan(jar, self.folder, options, self.step)
        self.stack.callback(server.stop)
        return server

    def dump(self):
        """Prints what helps to understand a failure: each machine's units and journal."""
        for machine in self.machines:
            machine.dump(sys.stdout)
