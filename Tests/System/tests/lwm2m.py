"""Gatekeel as a client of Leshan: registration, Read, Observe, and network failures."""

import datetime
import json
import time

from gk.case import equal, expect, test, until
from gk.gateway import ENDPOINT, KEY, Gateway
from gk.relay import Relay


@test
def it_registers_over_dtls(t):
    """It registers with a pre-shared key, as LwM2M 1.1, with its objects. Stopping de-registers within 2 s."""
    g = Gateway(t)
    shown = g.device.registration()
    equal(shown["lwM2mVersion"], "1.1", "the version of LwM2M")
    equal(shown["lifetime"], 300, "the lifetime")
    links = {link["url"] for link in shown["objectLinks"]}
    for path in ("/1", "/3/0", "/9/0"):
        expect(path in links or f"{path}/0" in links, f"{path} is among the links: {sorted(links)}")
    expect(not any(link == "/0" or link.startswith("/0/") for link in links), "object 0 is not registered")
    began = time.monotonic()
    g.machine.run("systemctl", "stop", "gatekeeld.service")
    expect(time.monotonic() - began < 2, f"it stops within 2 s (took {time.monotonic() - began:.2f} s)")
    g.events.wait(5, "DEREGISTRATION", lambda event: event.type == "DEREGISTRATION")


@test
def a_server_of_lwm2m_1_0_gets_what_it_knows(t):
    """With Version=1.0 it registers as LwM2M 1.0, answers in TLV and LwM2M JSON, and refuses formats that came later."""
    g = Gateway(t, agent="Version=1.0\n[Device]\nManufacturer=Keel\n")
    shown = g.device.registration()
    equal(shown["lwM2mVersion"], "1.0", "the version of LwM2M")
    for format in (None, "TLV", "JSON", "TEXT"):
        equal(g.device.value("/3/0/0", format=format), "Keel", f"/3/0/0 as {format}")
    for format in ("SENML_JSON", "SENML_CBOR", "CBOR"):
        g.device.read("/3/0/0", format=format).expect("4.06")
    g.device.write("/1/0/1", 320, "INTEGER", format="JSON").expect("2.04")
    g.device.write("/1/0/1", 340, "INTEGER", format="SENML_CBOR").expect("4.15")
    equal(g.device.value("/1/0/1"), 320, "the lifetime")


@test
def a_server_that_disables_itself_is_left_alone(t):
    """Disable: de-registered, no contact for the Disable Timeout, also over kill -9, then registered again; reconnect ends it."""
    g = Gateway(t)
    g.device.write("/1/0/5", 20, "INTEGER").expect("2.04")
    g.device.execute("/1/0/4").expect("2.04")
    g.events.wait(5, "DEREGISTRATION", lambda event: event.type == "DEREGISTRATION")
    until(5, "the state is disabled", lambda: "disabled" in g.machine.run("gatekeel", "status", check=False).out)
    g.machine.kill("gatekeeld.service")
    began = time.monotonic()
    g.events.registration(40)
    expect(time.monotonic() - began > 10, "it was left alone also after kill -9")
    g.device.execute("/1/0/4").expect("2.04")
    g.events.wait(5, "DEREGISTRATION", lambda event: event.type == "DEREGISTRATION")
    until(5, "the state is disabled", lambda: "disabled" in g.machine.run("gatekeel", "status", check=False).out)
    g.machine.run("gatekeel", "reconnect")
    g.events.registration(10)


def sleeps(g, seconds=10):
    until(seconds, "the gateway sleeps", lambda: "asleep" in g.machine.run("gatekeel", "status", check=False).out)


def switches(g, pid):
    """How often a process gave the processor back: each time it was woken up."""
    text = g.machine.sh(f"cat /proc/{pid}/task/*/status")
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("voluntary_ctxt_switches"))


@test
def in_queue_mode_it_sleeps_between_contacts(t):
    """Queue mode: no socket and no wake-up while it sleeps; a notification, Send, an operator and a stop wake it."""
    g = Gateway(t, lifetime="3600", agent="QueueMode=yes\nAwakeTime=2s\nMuteSend=no\n")
    equal(g.device.value("/3/0/15"), "Etc/UTC", "the time zone")
    g.device.observe("/3/0/15").expect("2.05")
    sleeps(g)
    status = json.loads(g.machine.run("gatekeel", "status", "--json").out)["agent"]["servers"][0]
    equal(status["state"], "asleep", "the state")
    expect(status["registered-at"] > 0 and status["next-attempt"] > time.time() + 600, f"the next Update: {status}")
    equal(g.machine.run("gatekeel", "status", "--check", check=False).status, 0, "the exit code of status --check")
    pid = g.machine.sh("systemctl show --property=MainPID --value gatekeeld.service").strip()
    equal(g.machine.sh("ss -Huanp | grep gatekeeld || true").strip(), "", "sockets of the agent")
    before = switches(g, pid)
    time.sleep(15)
    expect(switches(g, pid) - before <= 1, f"it is not woken up: {switches(g, pid) - before} times in 15 s")

    g.events.drain()
    g.machine.run("timedatectl", "set-timezone", "Europe/Paris")
    # What nobody announces is looked at once a minute, also in sleep.
    g.events.wait(75, "it wakes up", lambda event: event.type == "UPDATED")
    g.events.value(10, "/3/0/15", "Europe/Paris")
    equal(g.device.value("/3/0/15"), "Europe/Paris", "the time zone, asked for while it is awake")
    sleeps(g)
    sent = g.machine.run("gatekeel", "send", "/3/0/15")
    expect("delivered" in sent.out or sent.status == 0, f"gatekeel send: {sent}")
    g.events.wait(10, "the value", sends)
    sleeps(g)
    g.events.drain()
    g.machine.run("gatekeel", "reconnect")
    g.events.wait(10, "the Update", lambda event: event.type == "UPDATED")
    sleeps(g)
    g.machine.run("systemctl", "stop", "gatekeeld.service")
    g.events.wait(5, "DEREGISTRATION", lambda event: event.type == "DEREGISTRATION")


@test
def a_server_of_lwm2m_1_0_turns_queue_mode_on(t):
    """Version=1.0 has queue mode in its binding, which the server writes."""
    g = Gateway(t, lifetime="3600", agent="Version=1.0\nAwakeTime=2s\n")
    equal(g.device.value("/1/0/7"), "U", "the binding")
    g.device.write("/1/0/7", "UQ", "STRING").expect("2.04")
    until(10, "the server has the binding", lambda: g.device.registration().get("queuemode"))
    sleeps(g)
    g.events.drain()
    g.machine.run("gatekeel", "reconnect")
    g.events.wait(10, "the Update", lambda event: event.type == "UPDATED")
    equal(g.device.value("/1/0/7"), "UQ", "the binding")
    g.device.write("/1/0/7", "U", "STRING").expect("2.04")
    time.sleep(5)
    equal(g.device.value("/1/0/7"), "U", "the binding, read later than it would have slept")


@test
def a_wrong_key_is_refused(t):
    """With another key at the server there is no registration, a warning in the journal, and no flood of attempts."""
    g = Gateway(t, boot=False)
    g.server.authorize(ENDPOINT, ENDPOINT, bytes(16))
    g.machine.boot()
    g.machine.wait_for_unit("gatekeeld.service")
    entry = g.machine.wait_for_entry(30, "a warning about the server", lambda entry: int(entry.get("PRIORITY", 6)) <= 4,
                                     "-u", "gatekeeld.service")
    expect("key" in entry["MESSAGE"], f"it says what may be wrong: {entry['MESSAGE']}")
    expect("key" in g.machine.run("gatekeel", "status", check=False).out, "and so does gatekeel status")
    equal(g.device.registration(), None, "the registration")
    text = g.machine.sh("journalctl --all --no-pager")
    expect(KEY.hex() not in text, "the key is not in the journal")


@test
def the_device_is_read_in_every_format(t):
    """Object 3 has the same values in text, TLV, LwM2M JSON, SenML JSON, SenML CBOR and CBOR."""
    g = Gateway(t, agent="\n[Device]\nManufacturer=Keel\nModelNumber=One\nSerialNumber=42\n")
    wanted = {0: "Keel", 1: "One", 2: "42"}
    for format in ("TLV", "JSON", "SENML_JSON", "SENML_CBOR"):
        seen = g.device.value("/3/0", format=format)
        equal({key: seen.get(key) for key in wanted}, wanted, f"/3/0 as {format}")
    for format in ("TEXT", "TLV", "JSON", "SENML_JSON", "SENML_CBOR", "CBOR"):
        equal(g.device.value("/3/0/0", format=format), "Keel", f"/3/0/0 as {format}")
    for number, format in enumerate(("TEXT", "TLV", "JSON", "SENML_JSON", "SENML_CBOR", "CBOR")):
        g.device.write("/1/0/1", 300 + number, "INTEGER", format=format).expect("2.04")
        equal(g.device.value("/1/0/1"), 300 + number, f"the lifetime, written as {format}")
    g.device.read("/0").expect("4.01")
    g.device.read("/3/0/99").expect("4.04")
    g.device.read("/77").expect("4.04")
    g.device.read("/3/0/4").expect("4.05")
    expect(abs(g.device.value("/3/0/13") / 1000 - time.time()) < 5, "Current Time is now")
    g.device.discover("/3").expect("2.05")
    g.device.write("/3/0/0", "x").expect("4.05")


@test
def a_written_lifetime_is_kept(t):
    """The lifetime that the server writes is used and survives kill -9."""
    g = Gateway(t)
    g.device.write("/1/0/1", 120, "INTEGER").expect("2.04")
    g.events.wait(10, "an update with the lifetime", lambda event: event.type == "UPDATED")
    g.machine.kill("gatekeeld.service")
    g.registered()
    equal(g.device.value("/1/0/1"), 120, "the lifetime after kill -9")


@test
def several_paths_are_read_written_and_observed(t):
    """Read-Composite with partial presence and the root path, Write-Composite with all values or none, Observe-Composite."""
    g = Gateway(t, agent="\n[Device]\nManufacturer=Keel\nModelNumber=One\n")
    for format in ("SENML_JSON", "SENML_CBOR"):
        seen = g.device.values("/3/0/0", "/3/0/1", "/1/0/1", "/3/0/99", "/77", "/0", "/3/0/4", format=format)
        equal(seen, {"/3/0/0": "Keel", "/3/0/1": "One", "/1/0/1": 300}, f"what is there of the paths as {format}")
        instance = g.device.values("/3/0", "/1/0", format=format)
        equal((instance["/3/0"][0], instance["/1/0"][1]), ("Keel", 300), f"two instances as {format}")
    equal(g.device.values("/77", "/0/0/0"), {}, "what is there of paths that are not there")

    everything = g.device.read_composite("/").expect("2.05")
    t.step(f"the root: {str(everything)[:200]}")
    for text in ("Keel", "One"):
        expect(text in everything.body, f"{text} is below the root")

    g.device.observe_composite("/1/0/1", "/1/0/6", "/9").expect("2.05")
    g.device.write_composite({"/1/0/1": ("INTEGER", 120), "/1/0/6": ("BOOLEAN", False)}).expect("2.04")
    equal(g.device.values("/1/0/1", "/1/0/6"), {"/1/0/1": 120, "/1/0/6": False}, "what was written")
    notified(g, "120", "the new lifetime")
    # One value that cannot be written: none is. The one before it would be accepted.
    g.device.write_composite({"/1/0/1": ("INTEGER", 240), "/3/0/14": ("STRING", "nonsense")}).expect("4.00")
    g.device.write_composite({"/1/0/1": ("INTEGER", 240), "/3/0/0": ("STRING", "x")}).expect("4.05")
    equal(g.device.values("/1/0/1"), {"/1/0/1": 120}, "the lifetime after refused writes")
    g.device.create(9, 4).expect("2.01")
    notified(g, '"id": 4, "resources"', "the instance that appeared")
    early = [str(event) for event in g.events.seen if event.type == "NOTIFICATION" and '"240"' in json.dumps(event.data)]
    equal(early, [], "notifications of a value that was refused with another one")
    g.device.cancel_composite("/1/0/1", "/1/0/6", "/9", active=True)
    g.events.drain()
    g.device.write("/1/0/1", 60, "INTEGER").expect("2.04")
    time.sleep(2)
    late = [event for event in g.events.drain() if event.type == "NOTIFICATION" and ": 60" in json.dumps(event.data)]
    equal([str(event) for event in late], [], "notifications after cancelling")


@test
def what_several_paths_have_takes_more_than_one_message(t):
    """The answer to a Read-Composite and the notification of an Observe-Composite arrive whole in several blocks."""
    g = Gateway(t, agent="\n[Device]\nManufacturer=Keel\n")
    for instance in range(1, 13):
        g.device.create(9, instance).expect("2.01")
    seen = g.device.values("/9", "/3/0")
    # Instance 0 is the free one that is always there.
    equal(sorted(seen["/9"]), list(range(13)), "the instances in an answer of several blocks")
    equal(seen["/3/0"][0], "Keel", "the manufacturer in it")
    g.device.observe_composite("/9", "/3/0").expect("2.05")
    g.device.create(9, 77).expect("2.01")
    event = notified(g, '"id": 77', "another instance")
    expect("Keel" in json.dumps(event.data), "the notification has the other path too")
    expect(len(json.dumps(event.data)) > 1024, f"the notification is large: {len(json.dumps(event.data))} characters")


def notified(g, text, what):
    """Waits for a notification that has a text in it."""
    event = g.events.wait(
        10, f"a notification of {what}", lambda event: event.type == "NOTIFICATION" and text in json.dumps(event.data))
    g.t.step(f"{what}: {event}")
    return event


def sends(event):
    return event.type == "SEND"


@test
def values_are_sent_until_they_are_muted(t):
    """A section [Send NAME] and "gatekeel send" send values to Leshan. Mute Send (1/x/23) ends and begins that at once."""
    g = Gateway(t, agent="MuteSend=no\n\n[Send some]\nPaths=/1/0/1 /3/0/13\nPeriod=2\n\n[Device]\nManufacturer=Keel\n")
    for _ in range(2):
        event = g.events.wait(10, "values of the section", sends)
        t.step(str(event))
        text = json.dumps(event.data)
        expect("/1/0/1" in text and "/3/0/13" in text and "300" in text, f"both paths are in it: {text}")

    out = g.machine.run("gatekeel", "send", "/3/0/0").out
    expect("leshan" in out and "delivered" in out, f"gatekeel send says what became of it: {out}")
    g.events.wait(5, "what the command sent", lambda event: sends(event) and "Keel" in json.dumps(event.data))
    expect("no resource" in g.machine.run("gatekeel", "send", "/3/0/99", check=False).err, "a path that is not there is named")
    expect(g.machine.run("gatekeel", "send", "/0/0", check=False).status != 0, "object 0 is not sent")

    g.device.write("/1/0/23", True, "BOOLEAN").expect("2.04")
    muted_at = time.monotonic() + 1
    time.sleep(6)
    late = [str(event) for event in g.events.drain() if sends(event) and event.at > muted_at]
    equal(late, [], "what was sent while it was muted")
    muted = g.machine.run("gatekeel", "send", "/3/0/0", check=False)
    expect(muted.status == 1 and "muted" in muted.out and "MuteSend=no" in muted.out, f"the command says so: {muted.out}")
    g.machine.kill("gatekeeld.service")
    g.registered()
    equal(g.device.value("/1/0/23"), True, "Mute Send after kill -9")
    g.device.write("/1/0/23", False, "BOOLEAN").expect("2.04")
    g.events.wait(10, "values after it was unmuted", sends)


@test
def values_of_an_outage_arrive_after_it(t):
    """While the server is out of reach values are kept. They arrive afterwards, oldest first, with the times that they are of."""
    relay = Relay(6000)
    g = Gateway(t, uri="coaps://127.0.0.1:6000", lifetime="30",
                agent="MuteSend=no\n\n[Send clock]\nPaths=/3/0/13\nPeriod=2\n")
    g.events.wait(10, "values", sends)
    relay.cut = True
    cut = time.time()
    until(60, "the server is missed", lambda: "waiting" in g.machine.run("gatekeel", "status", check=False).out, every=1)
    g.events.drain()
    time.sleep(10)
    expect("to be sent" in g.machine.run("gatekeel", "status", check=False).out, "gatekeel status says that values wait")
    relay.cut = False
    healed = time.time()
    seen = []
    for _ in range(60):
        event = g.events.wait(90, "values that were kept", sends)
        seen += [datetime.datetime.fromisoformat(moment).timestamp() for moment in event.data["timestamps"]]
        if seen and seen[-1] > healed:
            break
    t.step(f"{len(seen)} values, from {seen[0] - cut:.1f} s after the cut, to {seen[-1] - healed:.1f} s after its end")
    expect(seen == sorted(seen), f"they are in order: {seen}")
    gaps = [later - earlier for earlier, later in zip(seen, seen[1:])]
    expect(seen[0] - cut < 4 and max(gaps) < 4, f"each period of the outage has its value: {gaps}")


@test
def notifications_of_an_outage_survive_a_restart(t):
    """What the server missed while it was out of reach arrives, also if the gateway's agent was restarted meanwhile: the server has
    forgotten the observation, observes the same again, and gets it. Leshan tells the newest value of a notification only, and no time."""
    relay = Relay(6000)
    g = Gateway(t, uri="coaps://127.0.0.1:6000", lifetime="3600", agent="KeepAlive=5\n")
    g.device.attributes("/3/0/13", pmin=1, pmax=5).expect("2.04")
    g.device.observe("/3/0/13", format="SENML_CBOR").expect("2.05")
    g.events.wait(10, "a notification", lambda event: event.type == "NOTIFICATION")
    relay.cut = True
    cut = time.time()
    until(60, "the server is missed", lambda: "waiting" in g.machine.run("gatekeel", "status", check=False).out, every=1)
    time.sleep(10)
    g.machine.run("systemctl", "restart", "gatekeeld.service")
    time.sleep(10)
    kept = g.machine.sh("ls /var/lib/gatekeeld")
    expect("notifications-0" in kept, f"it is kept over the restart: {kept}")
    g.events.drain()
    relay.cut = False
    healed = time.time()
    g.registered(60)
    g.device.observe("/3/0/13", format="SENML_CBOR").expect("2.05")
    event = g.events.wait(
        15, "what was missed",
        lambda event: event.type == "NOTIFICATION" and cut < event.data["val"]["value"] / 1000 < healed)
    t.step(str(event))
    until(60, "nothing is kept any more", lambda: "notifications-0" not in g.machine.sh("ls /var/lib/gatekeeld"), every=2)


@test
def notifications_follow_attributes(t):
    """Notifications respect pmin and pmax and end after a cancel."""
    g = Gateway(t)
    g.device.attributes("/3/0/13", pmin=1, pmax=2).expect("2.04")
    g.device.observe("/3/0/13").expect("2.05")
    times = [g.events.wait(6, "a notification", lambda event: event.type == "NOTIFICATION").at for _ in range(4)]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    t.step(f"gaps: {', '.join(f'{gap:.2f}' for gap in gaps)}")
    expect(all(0.9 <= gap <= 3.0 for gap in gaps), f"between pmin and pmax: {gaps}")
    g.device.cancel("/3/0/13", active=True)
    g.events.drain()
    time.sleep(4)
    late = [event for event in g.events.drain()[-50:] if event.type == "NOTIFICATION" and event.at > times[-1] + 2.5]
    equal([str(event) for event in late], [], "notifications after cancelling")


@test
def the_gateway_registers_again_after_a_server_restart(t):
    """Leshan is killed and restarted without its state. The gateway registers again by itself."""
    g = Gateway(t, lifetime="30")
    g.server.stop()
    g.server.start()
    g.server.authorize(ENDPOINT, ENDPOINT, KEY)
    events = g.server.events(ENDPOINT)
    began = time.monotonic()
    # An Update is due within 15 s, and a missing answer is noticed within another 15 s, much less than CoAP's own 93 s.
    events.registration(45)
    t.step(f"registered again after {time.monotonic() - began:.1f} s")
    g.events = events
    g.device.value("/3/0/13")


@test
def a_network_outage_ends(t):
    """The relay blocks for a while. Afterwards the registration continues or is renewed."""
    relay = Relay(6000)
    g = Gateway(t, uri="coaps://127.0.0.1:6000", lifetime="30")
    relay.cut = True
    time.sleep(20)
    relay.cut = False
    began = time.monotonic()
    until(60, "the gateway answers again", lambda: g.device.read("/3/0/13").code == "2.05", every=0.5)
    t.step(f"answers {time.monotonic() - began:.1f} s after the outage: {dict(relay.counts)}")


@test
def the_clients_address_changes(t):
    """A NAT forgets the mapping, so the next datagram comes from another port. The gateway is reachable again soon."""
    relay = Relay(6000)
    g = Gateway(t, uri="coaps://127.0.0.1:6000", lifetime="30", agent="KeepAlive=5\n")
    relay.rebind()
    began = time.monotonic()
    # A ping is due within 5 s, and a missing answer is noticed within another 15 s, much less than CoAP's own 93 s.
    until(45, "the gateway answers again", lambda: g.device.read("/3/0/13").code == "2.05", every=0.5)
    t.step(f"answers {time.monotonic() - began:.1f} s after the change")


@test
def a_poor_network_loses_nothing(t):
    """With 15 % lost, 10 % duplicated and 15 % reordered datagrams a package is installed, and each Execute runs once."""
    relay = Relay(6000)
    g = Gateway(t, uri="coaps://127.0.0.1:6000")
    slot = g.create(1)
    relay.loss, relay.double, relay.reorder = 0.15, 0.10, 0.15
    answer = slot.push(g.signed("1.0"), timeout=300)
    t.step(f"pushed: {answer}")
    relay.loss = relay.double = relay.reorder = 0.0
    slot.becomes(60, state=3)
    slot.install().expect("2.04")
    slot.becomes(30, state=4, result=2)
    t.step(str(dict(relay.counts)))
    began = g.machine.journal("-u", "gatekeel-installd.service")
    expect(began, "the installer logged the deployment")


@test
def the_server_reboots_the_gateway(t):
    """Execute 3/0/4 is answered before the reboot. Afterwards everything is as before."""
    g = Gateway(t)
    slot = g.create(1)
    slot.installed(g.signed("1.0"), "1.0")
    slot.activate().expect("2.04")
    g.runs("1.0")
    g.device.execute("/3/0/4").expect("2.04")
    g.machine.wait_for_reboot()
    g.registered(40)
    g.runs("1.0")
    slot.shows(name="keelsample", version="1.0", state=4, active=True)
