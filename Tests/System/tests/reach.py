"""The gateway must stay reachable for its server: with IPv6, with a dead address, without a bus."""

import os
import socket
import threading
import time

from gk.case import equal, expect, test, until
from gk.elsewhere import Elsewhere, ip
from gk.gateway import INSTALLED, Gateway
from gk.leshan import notified

# Longer than the bus needs to restart.
INSTALLER = """\
[Probation]
Time=6s
StartTimeout=5s
StopTimeout=3s
"""


@test
def it_works_over_ipv6(t):
    """Register, Read, Observe and notifications with a server at an IPv6 address."""
    g = Gateway(t, uri="coaps://[::1]:5684", leshan=("-lh", "::1"))
    expect("::1" in g.device.registration()["address"] or "0:0:0:0:0:0:0:1" in g.device.registration()["address"],
           f"it registers over IPv6: {g.device.registration()['address']}")
    expect(abs(g.device.value("/3/0/13") / 1000 - time.time()) < 5, "Current Time is now")
    g.device.attributes("/3/0/13", pmin=1, pmax=2).expect("2.04")
    g.device.observe("/3/0/13").expect("2.05")
    for _ in range(2):
        g.events.wait(6, "a notification", lambda event: event.type == "NOTIFICATION")


@test
def a_dead_address_of_a_name_is_skipped(t):
    """The server's name has AAAA and A records. If the first address does not answer, the second is tried soon."""
    silent = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    silent.bind(("::1", 5684))
    g = Gateway(t, uri="coaps://server.example:5684", boot=False)
    g.machine.write("/etc/hosts", "127.0.0.1 localhost server.example\n::1 localhost server.example\n")
    g.machine.boot()
    began = time.monotonic()
    # Much less than the half minute until a handshake times out.
    g.registered(20)
    t.step(f"registered {time.monotonic() - began:.1f} s after the boot")
    expect(silent.recv(2048), "the dead address was tried first")
    g.device.value("/3/0/13")


def running(g):
    """An observed instance with an active package."""
    slot = g.create(1)
    slot.installed(g.signed("1.0"), "1.0")
    slot.activate().expect("2.04")
    slot.becomes(10, active=True)
    g.runs("1.0")
    return slot


@test
def the_bus_stops_and_starts(t):
    """Without a bus the agent stays registered and reports what it knows; requests that need the installer fail. Afterwards
    everything works as before, including observations."""
    g = Gateway(t)
    m = g.machine
    slot = running(g).observe()
    agent, registration = m.main_pid("gatekeeld.service"), g.device.registration()["registrationId"]
    # Stop its socket too, so that nothing starts it again. The installer needs the bus and stops as well.
    m.run("systemctl", "stop", "dbus.socket", "dbus.service")
    until(20, "the installer is down", lambda: m.state("gatekeel-installd.service") in ("inactive", "failed"))
    slot.shows(name="keelsample", version="1.0", state=INSTALLED, active=True)
    slot.deactivate().expect("5.00")
    expect(g.running() == "1.0", "the package keeps running")
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
    # The agent also follows a change by the command line.
    m.run("systemctl", "stop", "keelsample.service")
    g.events.value(5, f"{slot.path}/12", False)


@test
def a_reexecuted_systemd_disturbs_no_deployment(t):
    """systemd re-executes itself repeatedly during updates, as after an upgrade of systemd or libc. Each update is kept."""
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
    expect(count > 5, f"systemd re-executed itself {count} times")
    t.step(f"systemd re-executed itself {count} times")


@test
def a_killed_bus_daemon_disturbs_no_deployment(t):
    """dbus-daemon is killed while a version is unpacked, switched in or watched. The version is kept and the server is told."""
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
        # The answer may arrive before the end. State reports the end.
        expect(answers[0].code == "2.04", f"Install: {answers[0]}")
        g.events.value(60, f"{slot.path}/7", INSTALLED)
        slot.becomes(5, version=version, state=INSTALLED, result=2, active=True)
        g.runs(version)
        results = [notified(event, f"{slot.path}/9") for event in g.events.seen]
        expect(58 not in results, f"no failure was reported: {results}")
        t.step(f"{version}: killed after {delay} s, kept")
    equal(m.main_pid("gatekeeld.service"), agent, "gatekeeld's process")
    equal(g.device.registration()["registrationId"], registration, "the registration")
    equal([event.type for event in g.events.drain() if event.type == "REGISTRATION"], ["REGISTRATION"], "registrations")
    for entry in m.journal("--identifier=gatekeel-installd", "--identifier=gatekeeld"):
        t.step(str(entry.get("MESSAGE")))


@test
def events_of_the_network_elsewhere(t):
    """Interfaces of containers, other addresses and refreshed lifetimes of IPv6 disturb neither the session nor a push;
    another route to the server makes a new session, and so does an address that went."""
    network = Elsewhere()
    g = Gateway(t, uri=f"coaps://{network.ADDRESS}:5684", leshan=("-lh", "10.0.1.1"))
    session = g.device.registration()["address"]
    slot = g.create(1)
    g.events.wait(10, "an Update that tells of the new instance", lambda event: event.type == "UPDATED")
    package = g.signed("1.0", files=[("/usr/share/keelsample/ballast", os.urandom(1_000_000).hex(), 0o644)])
    ended = threading.Event()
    events = []

    def churn():
        while not ended.wait(0.25):
            number = len(events)
            ip(f"link add box{number} type veth peer name eth{number}")
            ip(f"link set box{number} up")
            ip(f"addr add 172.16.{number % 250}.1/24 dev box{number}")
            ip("-6 addr change 2001:db8:1::1/64 dev lan valid_lft 1000 preferred_lft 900")
            ip(f"addr add 10.0.1.{100 + number % 100}/24 dev lan")
            events.append(number)
            if number > 3:
                ip(f"link delete box{number - 3}")

    before = len(g.events.drain())
    churning = threading.Thread(target=churn)
    churning.start()
    try:
        for _ in range(5):
            slot.deliver(package)
            slot.uninstall().expect("2.04")
    finally:
        ended.set()
        churning.join()
    t.step(f"{len(events)} rounds of events")
    expect(len(events) >= 10, "events came during the pushes")
    # The watch collects events for a second before it looks.
    time.sleep(3)
    g.device.value("/3/0/13")
    equal(g.device.registration()["address"], session, "the session, by the client's address")
    equal([event.type for event in g.events.drain()[before:] if event.type in ("REGISTRATION", "UPDATED")], [],
          "no other registration and no Update")
    # Another way to the server: an Update over a new session, soon.
    network.route("10.0.2.2", "wan")
    g.events.wait(10, "an Update over the other link", lambda event: event.type == "UPDATED")
    other = g.device.registration()["address"]
    expect(other != session, f"a new session: {other}")
    g.device.value("/3/0/13")
    # The address of the session goes, and another one takes its place.
    ip("addr del 10.0.2.1/24 dev wan")
    ip("addr add 10.0.2.7/24 dev wan")
    network.route("10.0.2.2", "wan")
    g.events.wait(10, "an Update from the other address", lambda event: event.type == "UPDATED")
    expect(g.device.registration()["address"] != other, "a new session once more")
    g.device.value("/3/0/13")
