"""What must not take the gateway out of its server's reach: another family of addresses, a dead address, a bus that goes."""

import socket
import threading
import time

from gk.case import equal, expect, test, until
from gk.gateway import INSTALLED, Gateway
from gk.leshan import notified

# Longer than what the bus needs to come back.
INSTALLER = """\
[Probation]
Time=6s
StartTimeout=5s
StopTimeout=3s
"""


@test
def over_ipv6(t):
    """A server by its IPv6 address: register, read, observe, be notified."""
    g = Gateway(t, uri="coaps://[::1]:5684", leshan=("-lh", "::1"))
    expect("::1" in g.device.registration()["address"] or "0:0:0:0:0:0:0:1" in g.device.registration()["address"],
           f"it comes by IPv6: {g.device.registration()['address']}")
    expect(abs(g.device.value("/3/0/13") / 1000 - time.time()) < 5, "Current Time is now")
    g.device.attributes("/3/0/13", pmin=1, pmax=2).expect("2.04")
    g.device.observe("/3/0/13").expect("2.05")
    for _ in range(2):
        g.events.wait(6, "a notification", lambda event: event.type == "NOTIFICATION")


@test
def a_name_with_a_dead_address(t):
    """A server by name, with AAAA and A: where nobody answers at the first, the second is tried before long."""
    silent = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    silent.bind(("::1", 5684))
    g = Gateway(t, uri="coaps://server.example:5684", boot=False)
    g.machine.write("/etc/hosts", "127.0.0.1 localhost server.example\n::1 localhost server.example\n")
    g.machine.boot()
    began = time.monotonic()
    # Not the half of a minute that a handshake takes to give up.
    g.registered(20)
    t.step(f"registered {time.monotonic() - began:.1f} s after the boot")
    expect(silent.recv(2048), "the dead address came first")
    g.device.value("/3/0/13")


def running(g):
    """An instance with an active package, observed."""
    slot = g.create(1)
    slot.installed(g.signed("1.0"), "1.0")
    slot.activate().expect("2.04")
    slot.becomes(10, active=True)
    g.runs("1.0")
    return slot


@test
def the_bus_goes_and_comes(t):
    """Without a bus the agent stays registered and tells what it knows; what needs the installer fails; then all is as before,
    observations included."""
    g = Gateway(t)
    m = g.machine
    slot = running(g).observe()
    agent, registration = m.main_pid("gatekeeld.service"), g.device.registration()["registrationId"]
    # With its socket: nothing starts it again. The installer cannot do without and goes along.
    m.run("systemctl", "stop", "dbus.socket", "dbus.service")
    until(20, "the installer is down", lambda: m.state("gatekeel-installd.service") in ("inactive", "failed"))
    slot.shows(name="keelsample", version="1.0", state=INSTALLED, active=True)
    slot.deactivate().expect("5.00")
    expect(g.running() == "1.0", "the package runs on")
    slot.shows(state=INSTALLED, active=True)
    m.run("systemctl", "start", "dbus.socket", "gatekeel-installd.service")
    m.wait_for_unit("gatekeel-installd.service")
    until(20, "gatekeeld has its name again", lambda: m.run("gatekeel", "status", check=False).status == 0, every=0.2)
    until(20, "the installer answers", lambda: slot.deactivate().code == "2.04", every=0.5)
    g.events.value(5, f"{slot.path}/12", False)
    slot.activate().expect("2.04")
    g.events.value(5, f"{slot.path}/12", True)
    equal(m.main_pid("gatekeeld.service"), agent, "gatekeeld's process")
    equal(g.device.registration()["registrationId"], registration, "the registration")
    # A package by hand is followed as well.
    m.run("systemctl", "stop", "keelsample.service")
    g.events.value(5, f"{slot.path}/12", False)


@test
def a_systemd_that_is_executed_anew_disturbs_no_deployment(t):
    """What an upgrade of systemd or of the C library does, again and again during updates: each is kept."""
    g = Gateway(t)
    m = g.machine
    slot = running(g)
    ended = threading.Event()

    def reexecute():
        while not ended.wait(0.3):
            m.run("systemctl", "daemon-reexec", check=False)

    storm = threading.Thread(target=reexecute)
    storm.start()
    try:
        for version in ("2.0", "3.0", "4.0"):
            until(20, "an update may begin", lambda: slot.uninstall("1").code == "2.04", every=0.5)
            slot.installed(g.signed(version), version)
            slot.becomes(5, active=True)
    finally:
        ended.set()
        storm.join()
    g.runs("4.0")
    count = sum(entry.get("MESSAGE") == "Reexecuting." for entry in m.journal("_PID=1"))
    expect(count > 5, f"systemd was executed anew {count} times")
    t.step(f"systemd was executed anew {count} times")


@test
def a_bus_daemon_that_is_killed_disturbs_no_deployment(t):
    """dbus-daemon is killed while a version is unpacked, switched in, watched: it is kept, and the server is told."""
    g = Gateway(t, installer=INSTALLER)
    m = g.machine
    slot = running(g)
    agent, registration = m.main_pid("gatekeeld.service"), g.device.registration()["registrationId"]
    for number, delay in enumerate((0.0, 0.05, 0.1, 0.2, 0.4, 4.0), start=2):
        version = f"{number}.0"
        until(20, "an update may begin", lambda: slot.uninstall("1").code == "2.04", every=0.5)
        slot.deliver(g.signed(version))
        slot.observe()
        daemon = m.main_pid("dbus.service")
        answers = []
        install = threading.Thread(target=lambda: answers.append(slot.install()))
        install.start()
        time.sleep(delay)
        m.run("kill", "-9", daemon)
        install.join()
        # An answer may come before the end of it: the end is told by State.
        expect(answers[0].code == "2.04", f"Install: {answers[0]}")
        g.events.value(60, f"{slot.path}/7", INSTALLED)
        slot.becomes(5, version=version, state=INSTALLED, result=2, active=True)
        g.runs(version)
        results = [notified(event, f"{slot.path}/9") for event in g.events.seen]
        expect(58 not in results, f"no failure was told: {results}")
        t.step(f"{version}: killed after {delay} s, kept")
    equal(m.main_pid("gatekeeld.service"), agent, "gatekeeld's process")
    equal(g.device.registration()["registrationId"], registration, "the registration")
    equal([event.type for event in g.events.drain() if event.type == "REGISTRATION"], ["REGISTRATION"], "registrations")
    for entry in m.journal("--identifier=gatekeel-installd", "--identifier=gatekeeld"):
        t.step(str(entry.get("MESSAGE")))
