"""The fault campaign: every fault point × {error, no space, kill -9, kill -9 twice}, and kills at random times.

A visit arms one fault point, runs an operation that passes it, and checks the whole gateway: it must have exactly the old or
exactly the requested state. Then the operation is run again to its end, and a new update must succeed. A fault point that was
armed but not passed is a failure.

GATEKEEL_CAMPAIGN=quick takes one action at each fault point, by turns. GATEKEEL_CAMPAIGN=PATTERN takes the visits whose names
("update deployment.links.between kill 2") match this regular expression.
"""

import collections
import dataclasses
import os
import queue
import random
import re
import threading
import time

from gk import image
from gk.case import Failed, equal, expect, test, until
from gk.faults import AGENT, INSTALLD, Subject, World, places
from gk.gateway import DELIVERED, INITIAL, INSTALLED

ACTIONS = ("error 1", "nospace 1", "kill 1", "kill 2")

# Fault points that no visit passes, with the reason.
EXCEPTIONS = {
    # The sample migrates nothing. The campaigns of the unit tests (FaultTests, CrashTests) have a package that does.
    "deployment.migrations.each", "deployment.revert-migrations.each",
}


class Operation:
    """An operation of a server or an administrator. By default it begins with the sample installed and active."""

    # How often the action may have to be repeated until "kill 2" and the operation have happened.
    repeats = 4

    def __init__(self, subject, place=None):
        self.s, self.slot, self.place = subject, subject.slot, place

    def prepare(self):
        """Brings the gateway into the state before the operation, with nothing armed."""

    def act(self):
        """Runs the operation as far as possible. It may fail on the way."""

    def after(self, world):
        """The state of the gateway after the operation, given the state before."""
        return world

    def happened(self):
        """Whether the operation has happened. Used if the states before and after are equal."""
        return True

    def again(self):
        """Prepares the operation to pass its fault point again after it has happened."""

    def restore(self):
        """Brings the gateway into the state before the next new update."""


class Update(Operation):
    """Uninstall (for update), Package, Install."""

    behaviour, manifest, stops_otherwise = "good", None, False

    def prepare(self):
        if self.place == "deployment.clean.each" and not self.s.world.previous:
            # A release becomes superfluous only with a third one.
            update(self.s)
        if self.place == "deployment.detach.each":
            # Units that the new version does not have are detached.
            update(self.s, Late)
        self.data = self.s.signed(self.behaviour, self.manifest, self.stops_otherwise)

    def act(self):
        s, slot = self.s, self.slot
        state = s.state()
        if state == INSTALLED:
            s.ask(lambda: slot.uninstall("1"))
            state = s.state()
        if state == INITIAL:
            s.ask(lambda: slot.push(self.data, timeout=20))
            state = s.state()
        if state == DELIVERED:
            s.ask(slot.install)

    def after(self, world):
        return dataclasses.replace(world, version=self.s.version, previous=world.version, kept=False)


class Late(Update):
    """An update to a version with other units, which systemd must not read before the old ones are stopped."""

    stops_otherwise = True


class Probed(Update):
    """An update to a version whose probation takes a while."""

    manifest = "[Package]\nFormat=1\n\n[Probation]\nTime=1s\n"


class Broken(Update):
    """An update to a version that crashes: it is undone."""

    behaviour = "crashes"

    def after(self, world):
        return world


class Unhealthy(Broken):
    """An update to a version that runs but is not healthy: it is undone while it runs."""

    behaviour = "unhealthy"
    # It also asks for a user and a folder, which go with it.
    manifest = ("[Package]\nFormat=1\n\n[Users]\nUser=keelsick\n\n[Directories]\nDirectory=/var/lib/keelsick:keelsick\n\n"
                "[Health]\nCommand=/usr/bin/keelsample health\n")

    def happened(self):
        left = self.s.machine.sh("getent passwd keelsick || true; getent group keelsick || true; ls -d /var/lib/keelsick 2>/dev/null || true")
        equal(left, "", "what the undone version had made")
        return super().happened()


class Undone(Unhealthy):
    """The same, in the other order."""

    stops_otherwise = True


class Remove(Operation):
    """Uninstall."""

    def prepare(self):
        if self.place == "deployment.delete.each" and not self.s.world.previous:
            update(self.s)

    def act(self):
        if self.s.state() == INSTALLED:
            self.s.ask(self.slot.uninstall)

    def after(self, world):
        return World(kept=True)


class Purge(Operation):
    """`gatekeel remove --purge`."""

    def act(self):
        self.s.machine.run("gatekeel", "remove", "--purge", "keelsample", check=False)

    def after(self, world):
        return World()


class Install(Operation):
    """The installation of a first version."""

    def prepare(self):
        s = self.s
        s.ask(self.slot.uninstall)
        s.is_like(World(kept=True))
        self.data = s.signed()

    def act(self):
        state = self.s.state()
        if state == INITIAL:
            self.s.ask(lambda: self.slot.push(self.data, timeout=20))
            state = self.s.state()
        if state == DELIVERED:
            self.s.ask(self.slot.install)

    def after(self, world):
        return World(version=self.s.version)


class Deactivate(Operation):
    def act(self):
        self.s.ask(self.slot.deactivate)

    def after(self, world):
        return dataclasses.replace(world, active=False)


class Activate(Operation):
    def prepare(self):
        self.s.ask(self.slot.deactivate)
        self.s.is_like(dataclasses.replace(self.s.world, active=False))

    def act(self):
        self.s.ask(self.slot.activate)

    def after(self, world):
        return dataclasses.replace(world, active=True)


class Rollback(Operation):
    """`gatekeel rollback` by an administrator. The server sees it."""

    def prepare(self):
        self.asked = self.s.world
        if not self.asked.previous:
            update(self.s)
            self.asked = self.s.world

    def act(self):
        if self.s.world == self.asked:
            self.s.machine.run("gatekeel", "rollback", "keelsample", check=False)

    def after(self, world):
        if world != self.asked:
            return world
        return dataclasses.replace(world, version=world.previous, previous=world.version)


class Discard(Operation):
    """Uninstall of a package that was delivered but not installed."""

    def prepare(self):
        s = self.s
        data = s.signed()
        s.ask(lambda: self.slot.uninstall("1"))
        s.ask(lambda: self.slot.push(data, timeout=20))
        expect(s.state() == DELIVERED, "the package is delivered")

    again = prepare

    def act(self):
        if self.s.state() == DELIVERED:
            self.s.ask(self.slot.uninstall)

    def happened(self):
        return self.s.state() == INSTALLED


class Create(Operation):
    """Create of an instance of object 9."""

    instance = 2

    def act(self):
        self.s.ask(lambda: self.s.device.create(9, self.instance))
        self.look()

    def again(self):
        self.instance += 1

    def look(self):
        # The server decides whether the instance exists. The check of the records follows then.
        self.s.instances = set(self.s.settled()) | {0}

    def happened(self):
        return self.instance in self.s.instances

    def restore(self):
        for instance in sorted(self.s.instances - {0, 1}):
            self.s.device.delete(f"/9/{instance}").expect("2.02")
        self.look()
        equal(self.s.instances, {0, 1}, "the instances after the created ones were deleted")


class Delete(Create):
    """Delete of an instance of object 9, which may be created again."""

    def prepare(self):
        self.s.device.create(9, self.instance).expect("2.01")
        self.look()

    again = prepare

    def act(self):
        self.s.ask(lambda: self.s.device.delete(f"/9/{self.instance}"))
        self.look()

    def happened(self):
        return self.instance not in self.s.instances

    def restore(self):
        self.s.device.create(9, self.instance).expect("2.01")
        self.look()
        super().restore()


class Lifetime(Operation):
    """A server writes the lifetime of its own account."""

    def prepare(self):
        self.old = self.s.device.value("/1/0/1")
        self.new = 300 + (self.old + 1) % 50

    def act(self):
        self.s.ask(lambda: self.s.device.write("/1/0/1", self.new, "INTEGER"))

    def again(self):
        self.old, self.new = self.new, self.new + 1

    def happened(self):
        self.s.settled()
        here = self.s.device.value("/1/0/1")
        expect(here in (self.old, self.new), f"the lifetime is the old or the new: {here}")
        until(5, f"the server has the lifetime {here} too", lambda: (self.s.device.registration() or {}).get("lifetime") == here)
        return here == self.new


def update(subject, operation=Update):
    """Runs a new update with nothing armed, which must succeed."""
    new = operation(subject)
    if subject.world.version is None:
        new = Install(subject)
        new.data = subject.signed()
    else:
        if subject.state() == DELIVERED:
            answer = subject.ask(subject.slot.uninstall)
            state = subject.state()
            expect(state == INSTALLED, f"the pending update is dropped: State is {state}, Uninstall was answered {answer}")
        new.prepare()
    new.act()
    subject.is_like(new.after(subject.world))
    expect(subject.state() == INSTALLED, f"State is INSTALLED after an update to {subject.version}")
    if not subject.world.active:
        subject.ask(subject.slot.activate)
        subject.is_like(dataclasses.replace(subject.world, active=True))


def passed_by(place):
    """The operations that pass a fault point."""
    step = place.removeprefix("deployment.").rpartition(".")[0]
    if step in ("revert-stop", "revert-start"):
        return [Unhealthy, Broken]
    if step == "revert-attach":
        return [Unhealthy, Undone]
    if step.startswith("revert-"):
        return [Unhealthy]
    if step == "unprovision":
        return [Unhealthy] if place.endswith(".each") else [Update, Unhealthy, Purge]
    if place == "deployment.provision.record":
        return [Update, Unhealthy]
    if step in ("detach", "delete"):
        found = [Remove]
        if place == "deployment.detach.each":
            found.append(Late)
        if place != "deployment.delete.each":
            found.append(Purge)
        return found
    if step == "forget":
        return [Remove, Purge]
    if step == "discard":
        return [Discard]
    if step in ("probe", "start"):
        return [Probed, Activate] + ([Late] if step == "start" else [])
    if step == "enable":
        return [Update, Late, Activate]
    if step == "commit":
        return [Update, Activate, Deactivate, Rollback]
    if step == "rest":
        return [Update]
    if step == "unlink":
        return [Late, Deactivate, Remove]
    if step in ("stop", "reload"):
        return [Update, Late, Deactivate, Remove]
    if step in ("conffiles", "attach"):
        return [Update, Late, Install] + ([Rollback] if place.endswith(".each") else [])
    if step == "links":
        return [Update, Late, Install, Remove] + ([Rollback] if place.endswith(".between") else [])
    if step == "mark":
        return [Update, Late, Remove]
    if step == "unmark":
        return [Update, Late]
    if step in ("clean", "unpack", "plan"):
        return [Update] + ([Install] if place.endswith((".after", ".rename")) else [])
    if step == "state" and place.startswith("deployment."):
        return [Update, Install, Remove]
    if step in ("journal", "history"):
        return [Update, Remove, Activate]
    if place == "state.remove.before@gatekeeld":
        return [Delete]
    if place == "state.copy.after@gatekeeld":
        return [Update, Lifetime]
    if place.startswith("state.") and place.endswith("@gatekeeld"):
        return [Update, Create, Lifetime]
    return [Update]


# Fault points that an operation passes many times, with the passages to skip before an error or a kill. (The product covers
# the first passage.)
LATER = [
    (Update, ("deployment.journal.before", "deployment.journal.after"), range(1, 9)),
    (Late, ("deployment.journal.before", "deployment.journal.after"), range(4, 7)),
    (Unhealthy, ("deployment.journal.before", "deployment.journal.after"), range(6, 11)),
    (Install, ("deployment.journal.before", "deployment.journal.after"), range(1, 7)),
    (Rollback, ("deployment.journal.after",), range(1, 7)),
    (Remove, ("deployment.journal.before", "deployment.journal.after"), range(1, 4)),
    (Activate, ("deployment.journal.before", "deployment.journal.after"), range(1, 5)),
    (Deactivate, ("deployment.journal.before", "deployment.journal.after"), range(1, 4)),
    (Update, tuple(f"state.{place}@gatekeeld" for place in ("write.before", "copy.after", "write.after")), range(1, 5)),
    (Update, tuple(f"state.{place}@gatekeel-installd" for place in ("write.before", "copy.after")), (2, 5, 8)),
    (Update, ("deployment.attach.each", "package.verify.before"), [1]),
    (Update, ("archive.entry.before", "archive.data.before"), [7]),
    # The second passages of these are during the rollback.
    (Undone, ("deployment.attach.each",), range(4, 6)),
    (Unhealthy, ("deployment.links.between", *(f"deployment.{step}.{place}" for step in ("mark", "reload", "unmark")
                                               for place in ("before", "after"))), [1]),
    (Remove, ("deployment.delete.each", "deployment.detach.each"), [1]),
]


def product():
    """All visits: an operation, a fault point, an action."""
    wanted = os.environ.get("GATEKEEL_CAMPAIGN", "")
    all = [(operation, place) for place in places() if place not in EXCEPTIONS for operation in passed_by(place)]
    if wanted == "quick":
        return [(operation, place, ACTIONS[index % len(ACTIONS)]) for index, (operation, place) in enumerate(all)]
    visits = [(operation, place, action) for operation, place in all for action in ACTIONS]
    visits += [(operation, place, f"{action} {after}") for operation, them, passages in LATER for place in them
               for after in passages for action in ("error 1", "kill 1")]
    return [visit for visit in visits if re.search(wanted, name(*visit))]


def name(operation, place, action):
    return f"{operation.__name__.lower()} {place} {action}"


def visit(subject, operation, place, action, counts):
    """Visits one fault point with one action, and checks everything that must hold afterwards."""
    job = operation(subject, place)
    job.prepare()
    before = subject.world
    count = int(action.split()[1])
    subject.arm(place, action)
    for _ in range(job.repeats):
        # Request the operation again after the first kill has ended it, until it was killed twice.
        job.act()
        subject.settled()
        left = subject.left(place)
        if left in (0, count):
            break
        subject.is_like(subject.world, job.after(subject.world))
        if job.after(before) == before and job.happened():
            job.again()
    subject.disarm()
    if left == count:
        raise Failed("the fault point was armed but not passed")
    expect(left == 0, f"it was passed {count - left} times of {count}")
    counts["passed"] += 1
    world = subject.is_like(subject.world, job.after(subject.world))
    happened = world == job.after(before) if job.after(before) != before else job.happened()
    counts["new" if happened else "old"] += 1
    if not happened:
        # Run it again with nothing armed.
        job.act()
        subject.is_like(job.after(subject.world))
        expect(job.happened(), "the operation succeeds in the second run")
    job.restore()
    update(subject)


def campaign(t, share, of, machines=2):
    """Runs a share of the product on several machines. Each takes the next visit."""
    visits = product()
    expect(visits, "there are visits")
    mine = visits[share::of]
    lower = image.with_deb(t.deb("GATEKEEL_FAULTS_DEB"))
    subjects, server = [], None
    for index in range(min(machines, len(mine))):
        subject = Subject(t, lower, server, f"gateway-{index}", probation="0")
        server = subject.g.server
        subjects.append(subject)
    todo = queue.SimpleQueue()
    for entry in mine:
        todo.put(entry)
    counts, wrong, took = collections.Counter(), [], collections.defaultdict(list)

    def work(subject):
        try:
            update(subject)
            update(subject)
            while len(wrong) <= 25:
                entry = todo.get_nowait()
                began = time.monotonic()
                try:
                    visit(subject, *entry, counts)
                except Exception as failure:
                    kind = "" if isinstance(failure, Failed) else f"{type(failure).__name__}: "
                    wrong.append(f"{name(*entry)}: {kind}{failure}")
                    subject.step(f"WRONG {wrong[-1]}")
                    story(subject, began)
                    subject.recover()
                    update(subject)
                    update(subject)
                took[entry[0].__name__].append(time.monotonic() - began)
        except queue.Empty:
            pass
        except Exception as error:
            wrong.append(f"{subject.name}: {type(error).__name__}: {error}")
            subject.step(f"WRONG {wrong[-1]}")

    threads = [threading.Thread(target=work, args=(subject,)) for subject in subjects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for kind, times in sorted(took.items()):
        t.step(f"{kind}: {len(times)} visits, {sum(times) / len(times):.2f} s each")
    t.step(f"{len({place for _, place, _ in mine})} places, {len(mine)} visits of {len(visits)} in all: "
           f"{counts['passed']} passed, {counts['old']} left the old, {counts['new']} the new, {len(wrong)} wrong")
    expect(not wrong, "\n".join(wrong))


def story(subject, since):
    """The machine's journal of a failed visit."""
    seconds = int(time.monotonic() - since) + 1
    out = subject.machine.run("journalctl", "--no-pager", "--output=short-precise", f"--since=-{seconds}s", check=False).out
    subject.step("its journal:\n    " + "\n    ".join(out.splitlines()[-150:]))


@test
def every_place_first_half(t):
    """Half of the product: fault points × (error, no space, kill -9, kill -9 twice) × operations that pass them."""
    campaign(t, 0, 2)


@test
def every_place_second_half(t):
    """The other half."""
    campaign(t, 1, 2)


every_place_first_half.seconds = every_place_second_half.seconds = 3000


@test
def kills_at_random_times(t):
    """Kills each daemon 10 times with -9 at a random time of an update."""
    seed = int(os.environ.get("GATEKEEL_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
    t.step(f"GATEKEEL_SEED={seed}")
    source = random.Random(seed)
    pauses = {unit: [source.random() * 2.2 for _ in range(10)] for unit in (AGENT, INSTALLD)}
    lower = image.with_deb(t.deb("GATEKEEL_FAULTS_DEB"))
    server, subjects = None, {}
    for unit in (AGENT, INSTALLD):
        subjects[unit] = Subject(t, lower, server, f"gateway-{unit.partition('.')[0]}")
        server = subjects[unit].g.server
    counts, wrong = collections.Counter(), []

    def work(unit):
        subject = subjects[unit]
        try:
            update(subject)
            for index, pause in enumerate(pauses[unit]):
                old, job = subject.world, (Late if index % 4 == 3 else Update)(subject)
                job.prepare()
                killer = threading.Timer(
                    pause, subject.machine.run, ("systemctl", "kill", "--signal=KILL", unit))
                killer.start()
                job.act()
                # The update may end before its kill. The following check must not be killed.
                killer.join()
                world = subject.is_like(old, job.after(old))
                counts["old" if world == old else "new"] += 1
                subject.step(f"{unit} killed {pause:.2f} s into the update to {subject.version}: {world}")
                update(subject)
        except Exception as error:
            wrong.append(f"{unit}: {type(error).__name__}: {error}")
            subject.step(f"WRONG {wrong[-1]}")

    threads = [threading.Thread(target=work, args=(unit,)) for unit in subjects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    t.step(f"20 kills: {counts['old']} left the old, {counts['new']} the new, {len(wrong)} wrong")
    expect(not wrong, "\n".join(wrong))


kills_at_random_times.seconds = 1500
