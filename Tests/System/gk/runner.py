"""Finds the tests, runs each in its own namespaces, and reports the results."""

import argparse
import concurrent.futures
import importlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback

from . import image, vm
from .case import TESTS, Failed, Skipped, Tools, patience
from .machine import remove_cgroup

HERE = pathlib.Path(__file__).resolve().parent.parent
# The exit status of a skipped test, as in automake.
SKIPPED = 77

ENVIRONMENT = """\
environment:
  GATEKEEL_DEB             the package under test
  GATEKEEL_FAULTS_DEB      the same with fault points, for the fault campaign
  GATEKEEL_LESHAN_JAR      Eclipse Leshan's leshan-front.jar; without it the tests against Leshan are SKIPPED
  GATEKEEL_OMA_DIR         the folder of OMA's object definitions, which Leshan reads; without it the same
  GATEKEEL_SUITE           the release of Debian to boot (default: this machine's)
  GATEKEEL_ATTACK_SECONDS  the length of each attack in seconds (default: 15)
  GATEKEEL_SEED            repeats the random choices of the run that printed this number
  GATEKEEL_CAMPAIGN        a part of the fault campaign
  GATEKEEL_PATIENCE        how many times longer everything may take (default: 1, and 12 in an emulated Debian)

For example, the attacks for ten minutes each: GATEKEEL_ATTACK_SECONDS=600 Tests/System/run attacks
"""


def discover():
    for path in sorted((HERE / "tests").glob("*.py")):
        importlib.import_module(f"tests.{path.stem}")
    return TESTS


def run_case(name, folder):
    """Runs one test inside its namespaces."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # As process 1 of its namespace, it has no default actions of signals.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    tools = Tools(name, folder)
    status = 1
    try:
        function = discover()[name]
        suite = getattr(function, "suite", None)
        if suite:
            os.environ["GATEKEEL_SUITE"] = suite
            if not image.is_made():
                raise Skipped(f"Debian {suite} could not be made: check that its archive can be reached")
        function(tools)
        status = 0
    except Skipped as reason:
        (tools.folder / "skipped").write_text(str(reason))
        status = SKIPPED
    except Failed as failure:
        where = traceback.extract_tb(failure.__traceback__)
        spot = next((frame for frame in reversed(where) if "/tests/" in frame.filename), where[-1])
        print(f"\nFAILED at {pathlib.Path(spot.filename).name}:{spot.lineno}: {spot.line}\n{failure}", flush=True)
    except BaseException:
        traceback.print_exc(file=sys.stdout)
    if status == 1:
        tools.dump()
    tools.stack.close()
    sys.stdout.flush()
    # Threads that still read from sockets must not delay the exit.
    os._exit(status)


def make_images(more):
    """Makes the images while the archive can be reached: this release of Debian, and those of single tests.

    If one of the others cannot be made, its tests are skipped."""
    if not image.is_made():
        print("making a small Debian to boot (only once)", flush=True)
    # One of another architecture boots with its own kernel.
    if image.emulated():
        vm.disk()
    else:
        image.base()
    for suite in sorted(more):
        with image.of(suite):
            if not image.is_made():
                print(f"making a small Debian {suite} (only once)", flush=True)
            try:
                image.base()
            except (subprocess.CalledProcessError, OSError) as error:
                print(f"Debian {suite}: {error}", flush=True)
    image.prune()


def main():
    parser = argparse.ArgumentParser(
        description="The system tests: a booted Debian, our package, Leshan.", epilog=ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="tests, or the beginnings of their names (default: all)")
    parser.add_argument("--list", action="store_true", help="list the tests and exit")
    parser.add_argument("--jobs", type=int, default=2, help="how many tests run at once (default: 2)")
    parser.add_argument("--verbose", action="store_true", help="print each test's log, even if it passed (one test at a time)")
    parser.add_argument("--logs", default="out/system", help="the folder for each test's log (default: out/system)")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(HERE))
    if options.case:
        run_case(options.case, options.folder)
    tests = discover()
    chosen = [name for name in tests if any(name == start or start not in tests and name.startswith(start) for start in options.names)
              or (not options.names and not getattr(tests[name], "only_by_name", False))]
    if options.list:
        for name in chosen:
            print(f"{name:52} {(tests[name].__doc__ or '').strip().splitlines()[0] if tests[name].__doc__ else ''}")
        return 0
    if not chosen:
        print(f"no test is named {' or '.join(options.names)}; --list lists them", file=sys.stderr)
        return 2
    if os.geteuid() != 0:
        print("the system tests boot containers and need root; run them with sudo", file=sys.stderr)
        return 2
    make_images({getattr(tests[name], "suite", None) for name in chosen} - {None})
    logs = pathlib.Path(options.logs).resolve()
    logs.mkdir(parents=True, exist_ok=True)
    printing = threading.Lock()
    counts = {"PASSED": 0, "FAILED": 0, "SKIPPED": 0}
    # The names of failed tests, and why.
    failures = []

    def prepare(name):
        """Does what a test needs the network for. Tells what went wrong."""
        try:
            getattr(tests[name], "prepare", lambda: None)()
        except Failed as failure:
            return str(failure)
        return ""

    def run(index_and_name):
        index, name = index_and_name
        case = f"gk{os.getpid()}-{index}"
        folder = image.cache() / "run" / case
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        log = logs / f"{name}.log"
        began = time.monotonic()
        unprepared = prepare(name)
        with open(log, "wb") as output:
            if unprepared:
                output.write(f"\nFAILED at its preparation\n{unprepared}\n".encode())
            child = subprocess.Popen(
                ["false"] if unprepared else ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                 sys.executable, str(HERE / "run"), "--case", name, "--folder", str(folder)],
                stdin=subprocess.DEVNULL, stdout=None if options.verbose else output,
                stderr=None if options.verbose else output, env={**os.environ, "GATEKEEL_CASE": case, "PYTHONUNBUFFERED": "1"})
            try:
                status = child.wait(getattr(tests[name], "seconds", 600) * patience())
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                status = "time"
            except BaseException:
                child.kill()
                raise
        seconds = time.monotonic() - began
        skipped = (folder / "skipped").read_text() if (folder / "skipped").exists() else ""
        sweep(case, folder)
        verdict = "PASSED" if status == 0 else "SKIPPED" if status == SKIPPED else "FAILED"
        with printing:
            counts[verdict] += 1
            note = f": {skipped}" if skipped else " (stopped because it took too long)" if status == "time" else ""
            print(f"{verdict} {name} ({seconds:.1f} s){note}", flush=True)
            text = "" if options.verbose else log.read_text(errors="replace")
            if verdict == "FAILED":
                failures.append(f"{name}: {reason(text)}")
            if verdict == "FAILED" and not options.verbose:
                print("    " + text[-12000:].replace("\n", "\n    "), flush=True)

    with concurrent.futures.ThreadPoolExecutor(1 if options.verbose else max(1, options.jobs)) as pool:
        list(pool.map(run, enumerate(chosen)))
    # Once more at the end, which is what remains of a long log.
    for failure in failures:
        print(f"FAILED {failure}", flush=True)
    failed = counts["FAILED"]
    if os.environ.get("CI") == "true" and counts["SKIPPED"]:
        print(f"{counts['SKIPPED']} skipped; with CI=true every test must run", flush=True)
        failed += counts["SKIPPED"]
    print(f"{counts['PASSED']} passed, {counts['FAILED']} failed, {counts['SKIPPED']} skipped", flush=True)
    return 1 if failed else 0


def reason(log):
    """Why a test failed, by its log: what follows "FAILED at", in a line."""
    _, found, rest = log.partition("\nFAILED at ")
    return " ".join(rest.split("\n----", 1)[0].split())[:600] if found else "see its log"


def sweep(case, folder):
    """Removes the rest of a test: its control groups (empty, because its namespaces ended every process) and its folder."""
    for top in ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        for path, names, _ in os.walk(top):
            names.sort()
            for name in [name for name in names if name.startswith(f"{case}-")]:
                remove_cgroup(os.path.join(path, name))
                names.remove(name)
            if top == "/sys/fs/cgroup" and path == top:
                # In hybrid mode the other hierarchies are mounted below. Skip them: the loop visits those that matter.
                names[:] = [name for name in names if not os.path.ismount(os.path.join(path, name))]
    shutil.rmtree(folder, ignore_errors=True)
