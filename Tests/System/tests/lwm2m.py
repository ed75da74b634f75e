"""Gatekeel as a client of Leshan: registration, Read, Observe, and network failures."""

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
    """Object 3 has the same values in text, TLV, SenML JSON, SenML CBOR and CBOR."""
    g = Gateway(t, agent="\n[Device]\nManufacturer=Keel\nModelNumber=One\nSerialNumber=42\n")
    wanted = {0: "Keel", 1: "One", 2: "42"}
    for format in ("TLV", "SENML_JSON", "SENML_CBOR"):
        seen = g.device.value("/3/0", format=format)
        equal({key: seen.get(key) for key in wanted}, wanted, f"/3/0 as {format}")
    for format in ("TEXT", "TLV", "SENML_JSON", "SENML_CBOR", "CBOR"):
        equal(g.device.value("/3/0/0", format=format), "Keel", f"/3/0/0 as {format}")
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
