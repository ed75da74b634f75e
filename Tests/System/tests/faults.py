"""The fault campaign: every named place × {error, no space, kill -9, kill -9 twice}, and kills at random times.

By itself it visits every place with one of the actions, in turn; GATEKEEL_CAMPAIGN=all takes every action at every place, which
needs about an hour.
"""

import os
import pathlib
import random
import re
import time

from gk import image, packages
from gk.case import Failed, equal, expect, test, until
from gk.gateway import DELIVERED, INSTALLED, Gateway

ROOT = pathlib.Path(__file__).resolve().parents[3]
ACTIONS = ("error 1", "nospace 1", "kill 1", "kill 2")
SWIFT = "\n[Probation]\nTime=1s\nStartTimeout=5s\nStopTimeout=3s\n"
UNITS = ("gatekeeld.service", "gatekeel-installd.service", "gatekeel-recover.service")


def points():
    """The names, as the sources have them."""
    pattern = re.compile(r'"((?:archive|deployment|package|software|state)\.[a-z.-]+\.[a-z]+)"')
    found = set()
    for path in (ROOT / "Sources").rglob("*.swift"):
        text = path.read_text()
        if "faultPoint(" in text or "passage(" in text or path.name == "FaultNames.swift":
            found |= set(pattern.findall(text))
    return sorted(found)


class Campaign:
    """A gateway with an active sample, and an invariant."""

    def __init__(self, t):
        self.t = t
        self.good = packages.sample("1.0", compression="gzip")
        self.g = Gateway(t, installer=SWIFT, boot=False,
                         image=image.with_deb(t.deb("GATEKEEL_FAULTS_DEB")))
        for unit in UNITS:
            self.g.machine.write(f"/etc/systemd/system/{unit}.d/faults.conf", "[Service]\nReadWritePaths=-/run/gatekeel-faults\n")
        self.g.machine.write("/etc/tmpfiles.d/faults.conf", "d /run/gatekeel-faults 0777 root root -\n")
        self.g.boot()
        self.number = 1
        self.slot = self.g.create(1)
        self.slot.installed(self.signed(), "1.1")
        self.slot.activate().expect("2.04")
        self.g.runs("1.1")

    @property
    def version(self):
        return f"1.{self.number}"

    def signed(self, behaviour="good", otherwise=False):
        """`otherwise`: its unit is stopped in another way than those before, and so before systemd hears of it."""
        unit = packages.UNIT.replace("[Service]\n", f"[Service]\nTimeoutStopSec={30 + self.number}\n" if otherwise else "[Service]\n")
        return self.g.authority.sign(packages.revised(self.good, self.version, behaviour, unit))

    def arm(self, point, action):
        self.g.machine.sh(f"printf '%s' '{action}' >'/run/gatekeel-faults/{point}' && chmod 666 '/run/gatekeel-faults/{point}'")

    def disarm(self):
        """Takes what was armed away; tells whether it was passed."""
        out = self.g.machine.sh("cd /run/gatekeel-faults && for f in *; do [ -f \"$f\" ] && cat \"$f\" && echo && rm \"$f\"; done; true")
        return any(line.split()[-1:] == ["0"] or line in ("kill 1",) for line in out.splitlines() if line.strip())

    def attempt(self, data):
        """Drives an update as far as it goes; whatever fails on the way is part of the game."""
        try:
            state = self.settled()
            if state == INSTALLED:
                self.slot.uninstall("1")
            elif state == DELIVERED:
                self.slot.uninstall()
                if self.settled() == INSTALLED:
                    self.slot.uninstall("1")
            self.slot.push(data, timeout=20)
            if self.settled() == DELIVERED:
                self.slot.install()
            self.settled()
        except (Failed, OSError) as error:
            self.t.step(f"    on the way: {str(error).splitlines()[0][:160]}")

    def state(self):
        answer = self.slot.device.read(f"{self.slot.path}/7")
        return int(answer.content["value"]) if answer.code == "2.05" else None

    def settled(self, seconds=60):
        """Waits until both daemons are up and nothing is under way; gives State."""
        m = self.g.machine

        def look():
            if any(m.state(unit) != "active" for unit in UNITS[:2]):
                return None
            busy = m.run("busctl", "get-property", "org.gatekeel.Installer1", "/org/gatekeel/Installer1",
                         "org.gatekeel.Installer1", "Busy", check=False)
            if busy.out.strip() != "b false":
                return None
            state = self.state()
            return None if state in (None, 1, 2) else (state,)

        return until(seconds, "the gateway settles", look, every=0.1)[0]

    def holds(self, old, new):
        """Old or new, never a mixture; the server's view is the gateway's."""
        self.settled()
        g, m = self.g, self.g.machine
        until(15, f"{old} or {new} runs", lambda: g.running() in (old, new))
        running = g.running()
        equal(g.current(), running, "the release that the store has in place")
        text = m.read("/etc/systemd/system.attached/keelsample.service.d/10-gatekeel.conf")
        expect(f"/{running}\n" in text, f"the unit overlays the release that runs ({running}):\n{text}")
        equal(self.slot.value(12), True, "Activation State")
        if self.slot.value(7) == INSTALLED:
            equal(self.slot.value(1), running, "the server's version")
        listed = m.run("gatekeel", "packages").out
        expect(running in listed, f"the command line knows {running}: {listed}")
        return running

    def succeeds(self):
        """A new update succeeds."""
        self.number += 1
        self.attempt(self.signed())
        self.slot.becomes(30, state=INSTALLED, version=self.version, active=True)
        self.g.runs(self.version)


def campaign(t, share, of):
    fixture = Campaign(t)
    everything = os.environ.get("GATEKEEL_CAMPAIGN") == "all"
    names = points()[share::of]
    expect(names, "there are fault points")
    counts = {"passed by": 0, "not passed": 0, "old": 0, "new": 0}
    wrong = []
    for index, name in enumerate(names):
        behaviour = "crashes" if "revert" in name else "good"
        for action in ACTIONS if everything else [ACTIONS[index % len(ACTIONS)]]:
            old = fixture.g.running()
            fixture.number += 1
            new = fixture.version
            fixture.arm(name, action)
            try:
                fixture.attempt(fixture.signed(behaviour, otherwise="unlink" in name or index % 3 == 2))
                counts["passed by" if fixture.disarm() else "not passed"] += 1
                counts["old" if fixture.holds(old, new) == old else "new"] += 1
                fixture.succeeds()
            except Failed as failure:
                wrong.append(f"{name} {action}: {failure}")
                t.step(f"WRONG {wrong[-1]}")
                if len(wrong) > 5:
                    raise Failed("\n".join(wrong)) from None
    t.step(f"{len(names)} places × {len(ACTIONS) if everything else 1}: {counts}")
    expect(not wrong, "\n".join(wrong))


@test
def every_place_first_half(t):
    """Half of the named places: an error, no space, kill -9, kill -9 twice, in turn."""
    campaign(t, 0, 2)


@test
def every_place_second_half(t):
    """The other half."""
    campaign(t, 1, 2)


every_place_first_half.seconds = every_place_second_half.seconds = 3000


@test
def kills_at_random_times(t):
    """20 times kill -9 of either daemon, at a random time of an update."""
    fixture = Campaign(t)
    seed = int(os.environ.get("GATEKEEL_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
    t.step(f"GATEKEEL_SEED={seed}")
    source = random.Random(seed)
    counts = {"old": 0, "new": 0}
    for round in range(20):
        old = fixture.g.running()
        fixture.number += 1
        new = fixture.version
        unit = UNITS[round % 2]
        pause = source.random() * 2.5
        fixture.g.machine.run("systemd-run", "--quiet", f"--on-active={pause:.3f}", "--timer-property=AccuracySec=1ms",
                              "systemctl", "kill", "--signal=KILL", unit)
        armed = time.monotonic()
        fixture.attempt(fixture.signed(otherwise=round % 4 > 1))
        # The update may be over before its kill: what is looked at afterwards must not be killed.
        time.sleep(max(0, armed + pause + 0.2 - time.monotonic()))
        ran = fixture.holds(old, new)
        counts["old" if ran == old else "new"] += 1
        t.step(f"{unit} killed {pause:.2f} s into the update to {new}: {ran} runs")
        fixture.succeeds()
    t.step(f"20 kills: {counts}")


kills_at_random_times.seconds = 1500
