"""OMA's interoperability tests of LwM2M 1.1, driven by Leshan. A check begins with the number of its test: 203 is
LightweightM2M-1.1-int-203. CONFORMANCE.md lists which function performs which test; a function that is not named there fails the
unit tests."""

import json
import socket
import time

from gk import coap
from gk.case import equal, expect, test, until
from gk.gateway import ENDPOINT, KEY, Gateway
from gk.leshan import composite, plain
from gk.relay import Relay

# What the specification's configurations (C.1, C.3, C.4) want of the host: firmware with a version, and two power sources. The
# daemon sees these files in the place of /sys/class.
SYSFS = {
    "dmi/id/bios_version": "7.1",
    "power_supply/BAT0/type": "Battery",
    "power_supply/BAT0/present": "1",
    "power_supply/BAT0/status": "Discharging",
    "power_supply/BAT0/capacity": "80",
    "power_supply/BAT0/voltage_now": "12000000",
    "power_supply/BAT0/current_now": "500000",
    "power_supply/UPS0/type": "UPS",
    "power_supply/UPS0/present": "1",
    "power_supply/UPS0/voltage_now": "24000000",
    "power_supply/UPS0/current_now": "1500000",
}
DEVICE = "\n[Device]\nManufacturer=Keel\nModelNumber=One\nSerialNumber=42\n"

# A day: the lifetime of all configurations, and no Update during a test.
DAY = "86400"

# An account without security.
PLAIN = f"""\
[Agent]
Endpoint={ENDPOINT}

[Server leshan]
URI=coap://127.0.0.1:5683
Lifetime=60
"""

# Resources that are executed, which a Read leaves out.
EXECUTABLE = {1: {4, 8, 9}, 3: {4, 5, 12}}
# Resources of object 1 that a server writes.
WRITABLE = {1, 2, 3, 5, 6, 7, 22, 23}


def gateway(t, agent="", **options):
    """A registered gateway with the specification's host."""
    g = Gateway(t, boot=False, agent=agent + DEVICE, **options)
    for path, text in SYSFS.items():
        g.machine.write(f"/srv/class/{path}", text + "\n")
    g.machine.write("/etc/systemd/system/gatekeeld.service.d/sysfs.conf", "[Service]\nBindReadOnlyPaths=/srv/class:/sys/class\n")
    g.boot()
    return g


def answered(number, answer, code="2.04"):
    """Checks the code of an answer, and returns the answer."""
    expect(answer.code == code, f"{number}: {answer.what}: expected {code}, saw {answer}")
    return answer


def read(number, g, path, format=None):
    """Reads a value as a Python value."""
    return plain(answered(number, g.device.read(path, format=format), "2.05").content)


def readable(g, instance):
    """The resources of an instance that a Read shows, by Discover."""
    below = [path.split("/") for path in g.device.links(instance)]
    return {int(path[3]) for path in below if len(path) == 4} - EXECUTABLE[int(instance.split("/")[1])]


def chosen(values, keys):
    """The values of some keys; None where there is none."""
    return {key: values.get(key) for key in keys}


def updated(number, g, lifetime, seconds=10):
    """Waits for an Update with this lifetime; None: for one without parameters."""
    def matches(event):
        if event.type != "UPDATED" or event.data["update"].get("lifetime") != lifetime:
            return False
        return lifetime is not None or "objectLinks" not in event.data["update"]

    return g.events.wait(seconds, f"{number}: an Update with {f'lt={lifetime}' if lifetime else 'no parameters'}", matches)


def told(g, *paths):
    """The notifications of an observation so far, oldest first: their times and values. Several paths are a composite one."""
    g.events.drain()
    found = []
    for event in g.events.seen:
        if event.type != "NOTIFICATION":
            continue
        if len(paths) == 1 and event.data.get("res") == paths[0]:
            found.append((event.at, plain(event.data["val"])))
        elif len(paths) > 1 and sorted(event.data.get("paths", [])) == sorted(paths):
            found.append((event.at, composite(event.data["val"])))
    return found


def next_told(number, g, before, seconds, *paths):
    """Waits for the notification after the first `before` ones of an observation, and returns its time and value."""
    return until(seconds, f"{number}: notification {before + 1} of {', '.join(paths)}", lambda: told(g, *paths)[before:])[0]


def within(number, pause, least, longest):
    """Checks the pause before a notification. The clocks of both sides and the way of the message make a second."""
    expect(least - 0.5 <= pause <= longest + 1.5, f"{number}: a notification after {least} to {longest} s, saw {pause:.2f} s")


def silent(number, relay, seconds):
    """Checks that no datagram passes for so long."""
    before = dict(relay.counts)
    time.sleep(seconds)
    equal(dict(relay.counts), before, f"{number}: datagrams after the end of the observations")


@test
def updates(t):
    """Registration Updates after a new lifetime, before the lifetime ends, and when the server asks for one (102, 104, 107)."""
    updates_in_time(t)


def updates_in_time(t, agent=""):
    g = gateway(t, lifetime="60", agent=agent)
    shown = g.device.registration()
    equal((shown["lifetime"], shown["bindingMode"]), (60, "U"), "107: lifetime and binding at the registration")
    answered(107, g.device.write("/1/0/1", 120, "INTEGER"))
    updated(107, g, 120)
    equal(read(107, g, "/1/0/1"), 120, "107: the lifetime")
    updated(107, g, None, 120)

    answered(102, g.device.write("/1/0/1", 20, "INTEGER"))
    updated(102, g, 20)
    began = time.monotonic()
    updated(102, g, None, 20)
    t.step(f"102: an Update without parameters after {time.monotonic() - began:.1f} s")

    # The next one by itself is due in 8 s at the earliest.
    began = time.monotonic()
    answered(104, g.device.execute("/1/0/8"))
    updated(104, g, None, 4)
    time.sleep(max(0.0, began + 21 - time.monotonic()))
    expect(g.device.registration(), "104: still registered after the lifetime")
    expired = [str(event) for event in g.events.drain() if event.type == "DEREGISTRATION"]
    equal(expired, [], "104: registrations that ended")


@test
def discarded_update(t):
    """A server that forgot the registration answers an Update with 4.04, and the client registers again (105)."""
    g = Gateway(t, boot=False, leshan=("-v",))
    # Without security, so that a message from elsewhere can end the registration.
    g.server.forget_key(ENDPOINT)
    g.machine.write("/etc/gatekeel/gatekeeld.conf.d/test.conf", PLAIN)
    g.boot()
    answered(105, g.device.write("/1/0/1", 20, "INTEGER"))
    updated(105, g, 20)
    location = g.device.registration()["registrationId"]
    before = len(g.server.log_text())
    message = coap.Message(coap.CON, coap.DELETE, 1, b"x", [(coap.URI_PATH, b"rd"), (coap.URI_PATH, location.encode())])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.settimeout(5)
        stranger.sendto(message.encode(), ("127.0.0.1", 5683))
        equal(coap.dotted(coap.decode(stranger.recv(1500)).code), "2.02", "105: the server forgets the registration")
    equal(g.device.registration(), None, "105: the registration at the server")
    g.registered(20)
    expect("> ACK-4.04" in g.server.log_text()[before:], "105: the server answers 4.04 to the Update")
    expect(g.device.registration()["registrationId"] != location, "105: a new registration")
    read(105, g, "/3/0/13")


@test
def querying(t):
    """Reads of every level in every format, Reads of several paths, and refusals (201, 203, 204, 211, 221 to 225, 229, 231, 232,
    235 to 237, 256, 280, 281, 652, 680, 685)."""
    g = gateway(t, lifetime=DAY)
    device = g.device
    answered("C.1", device.write("/1/0/6", False, "BOOLEAN"))
    one, three = readable(g, "/1/0"), readable(g, "/3/0")
    c1_server = {0: 1, 1: 86400, 6: False, 7: "U"}
    c1_device = {0: "Keel", 1: "One", 2: "42", 3: "7.1", 11: {0: 0}, 16: "U"}
    t.step(f"object 1 has {sorted(one)}, object 3 has {sorted(three)}")
    expect(set(c1_server) <= one and set(c1_device) <= three, "C.1: its resources are there")

    for resource, wanted in ((0, "Keel"), (1, "One"), (2, "42")):
        equal(read(201, g, f"/3/0/{resource}", "TEXT"), wanted, f"201: /3/0/{resource} as text")
    for number, format in ((203, "TLV"), (204, "JSON"), (231, "SENML_JSON"), (232, "SENML_CBOR")):
        equal(chosen(read(number, g, "/3/0", format), c1_device), c1_device, f"{number}: /3/0 as {format}")
    for number, format in ((231, "SENML_JSON"), (232, "SENML_CBOR")):
        equal(chosen(read(number, g, "/1", format)[0], c1_server), c1_server, f"{number}: /1 as {format}")
        equal(read(number, g, "/3/0/16", format), "U", f"{number}: /3/0/16 as {format}")
        equal(read(number, g, "/3/0/11/0", format), 0, f"{number}: /3/0/11/0 as {format}")
    for resource in (0, 6, 7):
        equal(read(211, g, f"/1/0/{resource}", "CBOR"), c1_server[resource], f"211: /1/0/{resource} as CBOR")

    for object, wanted in ((1, one), (3, three)):
        seen = read(222, g, f"/{object}")
        equal(sorted(seen), [0], f"222: instances of /{object}")
        equal(set(seen[0]), wanted, f"222: resources of /{object}/0")
        equal(set(read(223, g, f"/{object}/0")), wanted, f"223: resources of /{object}/0")
    for resource, wanted in c1_server.items():
        equal(read(224, g, f"/1/0/{resource}"), wanted, f"224: /1/0/{resource}")
    equal(read(224, g, "/3/0/16"), "U", "224: /3/0/16")
    equal(read(225, g, "/3/0/11/0", "SENML_CBOR"), 0, "225: /3/0/11/0")
    # Without a format in the request the client chooses one.
    equal(chosen(read(237, g, "/1")[0], c1_server), c1_server, "237: /1")
    equal(chosen(read(237, g, "/3")[0], c1_device), c1_device, "237: /3")
    equal(read(652, g, "/3/0/3"), "7.1", "652: Firmware Version")

    for format in ("SENML_JSON", "SENML_CBOR"):
        def several(number, *paths):
            answer = answered(number, device.read_composite(*paths, format=format), "2.05")
            return composite(answer.content)

        # In two requests: Leshan does not send paths of which one contains another.
        seen = several(229, "/3", "/1/0")
        equal((set(seen["/3"][0]), set(seen["/1/0"])), (three, one), f"229: /3 and /1/0 as {format}")
        equal(several(229, "/1/0/1", "/3/0/11/0"), {"/1/0/1": 86400, "/3/0/11/0": 0}, f"229: two values as {format}")
        seen = several(236, "/1/0", "/3/0/11/0", "/3339/0/5522", "/3353/0/6030")
        equal(sorted(seen), ["/1/0", "/3/0/11/0"], f"236: paths that are there as {format}")
        equal(set(seen["/1/0"]), one, f"236: /1/0 as {format}")
        seen = several(280, "/3/0/16", "/3/0/11/0", "/1/0")
        equal(sorted(seen), ["/1/0", "/3/0/11/0", "/3/0/16"], f"280: paths as {format}")
        equal((seen["/3/0/16"], seen["/3/0/11/0"]), ("U", 0), f"280: values of /3/0 as {format}")
        equal(chosen(seen["/1/0"], c1_server), c1_server, f"280: /1/0 as {format}")
        # 8 is executed.
        equal(several(281, "/1/0/1", "/1/0/7", "/1/0/8"), {"/1/0/1": 86400, "/1/0/7": "U"}, f"281: values as {format}")

        root = answered(235, device.read_composite("/", format=format), "2.05").content["/"]
        objects = {object["id"]: plain(object) for object in root["objects"]}
        expect({1, 3, 9} <= set(objects), f"235: the objects are there as {format}: {sorted(objects)}")
        expect(not {0, 21, 23} & set(objects), f"235: no object with keys is there as {format}: {sorted(objects)}")
        equal((set(objects[1][0]), set(objects[3][0])), (one, three), f"235: resources as {format}")

    answered(221, device.read("/0"), "4.01")
    answered(221, device.write("/0/0/0", "coap://localhost"), "4.01")
    answered(221, device.attributes("/0", pmin=30, pmax=45), "4.01")
    answered(256, device.write("/1/0/0", 123, "INTEGER"), "4.05")
    equal(read(256, g, "/1/0/0"), 1, "256: Short Server ID")
    answered(680, device.create(3), "4.05")
    answered(685, device.delete("/3/0"), "4.05")
    # The specification has no steps for these.
    answered(565, device.create(1, 9), "4.05")
    answered(566, device.delete("/1/0"), "4.05")


def configured(g):
    """Configuration C.3: writes the values of object 1, and returns what a server may write of it."""
    for resource, value, type in ((2, 1, "INTEGER"), (3, 10, "INTEGER"), (5, 20, "INTEGER"), (6, False, "BOOLEAN")):
        answered("C.3", g.device.write(f"/1/0/{resource}", value, type))
    initial = {id: value for id, value in read("C.3", g, "/1/0").items() if id in WRITABLE}
    equal(chosen(initial, (1, 2, 3, 5, 6, 7)), {1: 86400, 2: 1, 3: 10, 5: 20, 6: False, 7: "U"}, "C.3: /1/0")
    return initial


def writes_periods(g):
    """205: values one by one, as text."""
    for values in ({2: 101, 3: 1010, 5: 2000}, {2: 1, 3: 10, 5: 20}):
        for resource, value in values.items():
            answered(205, g.device.write(f"/1/0/{resource}", value, "INTEGER", format="TEXT"))
        equal(chosen(read(205, g, "/1/0", "TLV"), values), values, "205: /1/0")


def writes_instances(g, initial):
    """215 and 220: the values of an instance together."""
    for number, format in ((215, "TLV"), (220, "JSON")):
        values = {2: 101, 3: 1010, 5: 2000, 6: True, 7: "U"}
        answered(number, g.device.write_instance("/1/0", values, format))
        equal(chosen(read(number, g, "/1/0"), values), values, f"{number}: /1/0")
        answered(number, g.device.write_instance("/1/0", initial, format, replace=True))
        equal(chosen(read(number, g, "/1/0"), initial), initial, f"{number}: /1/0 afterwards")


@test
def setting(t):
    """Writes of values and instances in every format, and of several paths (205, 212, 215, 220, 226, 227, 230, 233, 234, and of
    257 and 651 what does not set the clock, which the machine shares with its host)."""
    g = gateway(t, lifetime=DAY)
    device = g.device
    initial = configured(g)

    def shows(number, **wanted):
        wanted = {int(id[1:]): value for id, value in wanted.items()}
        equal(chosen(read(number, g, "/1/0"), wanted), wanted, f"{number}: /1/0")

    writes_periods(g)
    for resource, value, type in ((2, 101, "INTEGER"), (3, 1010, "INTEGER"), (6, True, "BOOLEAN")):
        answered(212, device.write(f"/1/0/{resource}", value, type, format="CBOR"))
    shows(212, r2=101, r3=1010, r6=True)
    answered("C.3", device.write_instance("/1/0", {2: 1, 3: 10, 6: False}))

    writes_instances(g, initial)

    def restored(number):
        answered(number, device.write_instance("/1/0", {1: 86400, 6: False}))
        updated(number, g, 86400)

    answered(226, device.write_instance("/1/0", {1: 61, 6: True}))
    updated(226, g, 61)
    shows(226, r1=61, r6=True)
    restored(226)

    answered(227, device.write("/1/0/1", 63, "INTEGER"))
    updated(227, g, 63)
    equal(read(227, g, "/1/0/1"), 63, "227: Lifetime")
    answered(227, device.write("/1/0/1", 86400, "INTEGER"))
    updated(227, g, 86400)

    # 230, 233 and 234 also write to object 16, which is not there.
    for number, format in ((233, "SENML_CBOR"), (234, "SENML_JSON")):
        answered(number, device.write_instance("/1/0", {1: 61, 6: True}, format))
        updated(number, g, 61)
        equal(chosen(read(number, g, "/1", format)[0], (1, 6)), {1: 61, 6: True}, f"{number}: /1")
        answered(number, device.write("/1/0/1", 63, "INTEGER", format=format))
        updated(number, g, 63)
        equal(read(number, g, "/1/0/1", format), 63, f"{number}: Lifetime")
        restored(number)

    for format in ("SENML_JSON", "SENML_CBOR"):
        answered(230, device.write_composite({"/1/0/1": ("INTEGER", 61), "/1/0/6": ("BOOLEAN", True)}, format))
        updated(230, g, 61)
        shows(230, r1=61, r6=True)
        restored(230)

        answered(257, device.write_composite(
            {"/1/0/2": ("INTEGER", 101), "/1/0/6": ("BOOLEAN", True), "/3/0/14": ("STRING", "+02:00")}, format))
        shows(257, r2=101, r6=True)
        equal(read(257, g, "/3/0/14"), "+02:00", "257: UTC Offset")
        # 1970, as the specification has it: no certificate would be valid.
        answered(257, device.write_composite({"/1/0/2": ("INTEGER", 7), "/3/0/13": ("TIME", 0)}, format), "4.00")
        shows(257, r2=101)
        answered("C.3", device.write_instance("/1/0", {2: 1, 6: False}))

    zone = {id: read(651, g, f"/3/0/{id}") for id in (14, 15)}
    # Unlike the specification's Paris, Istanbul has the offset all year.
    answered(651, device.write_instance("/3/0", {14: "+03:00", 15: "Europe/Istanbul"}, "TLV"))
    equal(chosen(read(651, g, "/3/0"), zone), {14: "+03:00", 15: "Europe/Istanbul"}, "651: /3/0")
    answered(651, device.write_instance("/3/0", zone, "TLV", replace=True))
    equal(chosen(read(651, g, "/3/0"), zone), zone, "651: /3/0 afterwards")


@test
def discovering(t):
    """Discover and attributes at every level; instances that are created and deleted (260, 261, 270, 290)."""
    g = gateway(t)
    device = g.device

    def numbers(attributes):
        return {name: float(value) for name, value in attributes.items() if name != "ver"}

    equal({path: numbers(own) for path, own in device.links("/3/0/11").items()}, {"/3/0/11": {"dim": 1}, "/3/0/11/0": {}},
          "261: Discover of /3/0/11 before")

    resources = {f"/3/0/{id}" for id in (1, 2, 3, 4, 6, 7, 8, 9, 11, 16)}
    dimensions = {f"/3/0/{id}": {"dim": 2} for id in (6, 7, 8)}

    def discovered(path, wanted):
        seen = device.links(path)
        expect(resources <= set(seen), f"260: Discover of {path} has {sorted(resources)}, saw {sorted(seen)}")
        equal({path: numbers(own) for path, own in seen.items() if path in wanted}, wanted, f"260: Discover of {path}")
        return set(seen)

    seen = discovered("/3", {**dimensions, "/3": {}, "/3/0": {}})
    answered(260, device.attributes("/3", pmin=10, pmax=200))
    equal(discovered("/3/0", dimensions), seen - {"/3"}, "260: links of /3/0")
    answered(260, device.attributes("/3/0/7", lt=1, gt=6, st=1))
    discovered("/3/0", {**dimensions, "/3/0/7": {"dim": 2, "lt": 1, "gt": 6, "st": 1}})
    equal({path: numbers(own) for path, own in device.links("/3/0/7").items()},
          {"/3/0/7": {"dim": 2, "pmin": 10, "pmax": 200, "lt": 1, "gt": 6, "st": 1}, "/3/0/7/0": {}, "/3/0/7/1": {}},
          "260: Discover of /3/0/7")

    # /3 has the attributes that 261 attaches there.
    answered(261, device.attributes("/3", pmin=10, pmax=200))
    answered(261, device.attributes("/3/0", pmax=320))
    answered(261, device.attributes("/3/0/11/0", pmax=100, epmin=1, epmax=20))
    equal({path: numbers(own) for path, own in device.links("/3/0/11").items()},
          {"/3/0/11": {"dim": 1, "pmin": 10, "pmax": 320}, "/3/0/11/0": {"pmax": 100, "epmin": 1, "epmax": 20}},
          "261: Discover of /3/0/11 after")

    # With object 9 in the place of object 16.
    expect("/9/0" in device.links("/9"), "270: Discover before")
    answered(270, device.create(9, 1), "2.01")
    expect("/9/1/7" in device.links("/9/1"), "270: Discover of the instance")
    equal(sorted(read(270, g, "/9")), [0, 1], "270: instances")
    answered(290, device.delete("/9/1"), "2.02")
    equal({path for path in device.links("/9") if path.startswith("/9/1")}, set(), "290: links of the instance")


@test
def reporting(t):
    """Notifications of two values with a period each, until a Reset or a cancellation (301 to 303)."""
    reports(t)


def reports(t, agent=""):
    # Without a keep-alive and with a long lifetime only notifications pass.
    relay = Relay(6000)
    g = gateway(t, uri="coaps://127.0.0.1:6000", lifetime=DAY, leshan=("-v",), agent=agent)
    device = g.device
    paths = {"/3/0/7": (5, 15), "/3/0/8": (10, 20)}
    equal(read(301, g, "/3/0/6"), {0: 1, 1: 2}, "301: Available Power Sources")
    for path, (pmin, pmax) in paths.items():
        answered(301, device.attributes(path, pmin=pmin, pmax=pmax))

    def observed(number):
        """Observes both, and waits for two notifications of each. Returns how many there were before."""
        before = {path: len(told(g, path)) for path in paths}
        for path in paths:
            answered(number, device.observe(path), "2.05")
        for path, (pmin, pmax) in paths.items():
            first, _ = next_told(number, g, before[path], pmax + 5, path)
            second, _ = next_told(number, g, before[path] + 1, pmax + 5, path)
            within(number, second - first, pmin, pmax)
        return before

    observed(301)
    g.machine.write("/srv/class/power_supply/BAT0/voltage_now", "11000000\n")
    until(20, "301: a notification of the new voltage", lambda: told(g, "/3/0/7")[-1][1] == {0: 11000, 1: 24000})
    equal(told(g, "/3/0/8")[-1][1], {0: 500, 1: 1500}, "301: Power Source Current")

    # Leshan forgets the observation and answers the next notification with a Reset.
    expect(device.cancel("/3/0/7").http < 300, "302: Leshan cancels")
    before = len(told(g, "/3/0/8"))
    next_told(302, g, before, 25, "/3/0/8")
    next_told(302, g, before + 1, 25, "/3/0/8")
    expect(device.cancel("/3/0/8").http < 300, "302: Leshan cancels")
    time.sleep(22)
    equal(g.server.log_text().count("> RST"), 2, "302: Resets of the server")
    silent(302, relay, 25)

    # One by one: an Observe with the cancel parameter is for the path and the token of one observation (RFC 7641, 3.6).
    observed(303)
    for path in paths:
        answered(303, device.cancel(path, active=True), "2.05")
    silent(303, relay, 25)


# What follows are the tests of LwM2M 1.0 with an account of that version.
ACCOUNT10 = "Version=1.0\n"


@test
def updates_of_1_0(t):
    """Registration Updates of LwM2M 1.0 (102, 104)."""
    updates_in_time(t, ACCOUNT10)


@test
def reporting_of_1_0(t):
    """Notifications of LwM2M 1.0 (301 to 303)."""
    reports(t, ACCOUNT10)


@test
def management_of_1_0(t):
    """Registration over DTLS, Reads, Writes, attributes, Discover, Create, Delete and the end of the registration, in LwM2M 1.0
    (101, 103, 201, 203 to 205, 215, 220, 260, 261, 270, 290, 401, 652, 680, 685)."""
    g = gateway(t, agent=ACCOUNT10, lifetime=DAY)
    device = g.device
    shown = device.registration()
    equal((shown["lwM2mVersion"], shown["lifetime"], shown["bindingMode"]), ("1.0", 86400, "U"), "101: the registration")
    links = {link["url"] for link in shown["objectLinks"]}
    expect({"/1/0", "/3/0"} <= links and not any(link.startswith("/0") for link in links), f"101: objects {sorted(links)}")

    for resource, wanted in ((0, "Keel"), (1, "One"), (2, "42")):
        equal(read(201, g, f"/3/0/{resource}", "TEXT"), wanted, f"201: /3/0/{resource} as text")
    for number, format in ((203, "TLV"), (204, "JSON")):
        values = {0: "Keel", 1: "One", 2: "42", 3: "7.1", 11: {0: 0}, 16: "U"}
        equal(chosen(read(number, g, "/3/0", format), values), values, f"{number}: /3/0 as {format}")

    equal(read(652, g, "/3/0/3"), "7.1", "652: Firmware Version")
    answered(680, device.create(3), "4.05")
    answered(685, device.delete("/3/0"), "4.05")

    initial = configured(g)
    writes_periods(g)
    writes_instances(g, initial)

    def attributes(path):
        return {name: float(value) for name, value in device.links("/3/0").get(path, {}).items()}

    links = set(device.links("/3"))
    expect({f"/3/0/{id}" for id in (1, 2, 3, 4, 6, 7, 8, 9, 11, 16)} <= links, f"260: Discover of /3: {sorted(links)}")
    expect(all(path.count("/") <= 3 for path in links), f"260: LwM2M 1.0 has no links of resource instances: {sorted(links)}")
    answered(260, device.attributes("/3", pmin=10, pmax=200))
    answered(260, device.attributes("/3/0/7", lt=1, gt=6, st=1))
    equal(attributes("/3/0/7"), {"dim": 2, "lt": 1, "gt": 6, "st": 1}, "260: attributes of /3/0/7")
    seen = {name: float(value) for name, value in device.links("/3/0/7")["/3/0/7"].items()}
    equal(seen, {"dim": 2, "pmin": 10, "pmax": 200, "lt": 1, "gt": 6, "st": 1}, "260: Discover of /3/0/7")

    # LwM2M 1.0 has no paths of resource instances: the nearest level is that of the resource. /3 has the attributes of 260.
    answered(261, device.attributes("/3/0", pmax=320))
    answered(261, device.attributes("/3/0/6", pmax=100))
    for path, wanted in (("/3/0/6", {"dim": 2, "pmin": 10, "pmax": 100}), ("/3/0/8", {"dim": 2, "pmin": 10, "pmax": 320})):
        seen = {name: float(value) for name, value in device.links(path)[path].items()}
        equal(seen, wanted, f"261: Discover of {path}")

    # With object 9 in the place of object 16.
    answered(270, device.create(9, 1), "2.01")
    equal(sorted(read(270, g, "/9")), [0, 1], "270: instances")
    answered(290, device.delete("/9/1"), "2.02")
    equal(sorted(read(290, g, "/9")), [0], "290: instances")

    answered(103, device.execute("/1/0/4"))
    g.events.wait(5, "103: the client de-registers", lambda event: event.type == "DEREGISTRATION")


@test
def leaving_of_1_0(t):
    """A server that disables itself for a while and then reboots the gateway, in LwM2M 1.0 (241, 555)."""
    g = gateway(t, agent=ACCOUNT10, lifetime=DAY)
    device = g.device
    answered(555, device.write("/1/0/5", 20, "INTEGER"))
    answered(555, device.execute("/1/0/4"))
    g.events.wait(5, "555: the client de-registers", lambda event: event.type == "DEREGISTRATION")
    began = time.monotonic()
    g.registered(40)
    within(555, time.monotonic() - began, 18, 30)
    equal(device.registration()["lwM2mVersion"], "1.0", "555: the version of LwM2M afterwards")

    answered(241, device.execute("/3/0/4"))
    g.machine.wait_for_reboot()
    g.registered(40)
    equal(device.registration()["lwM2mVersion"], "1.0", "241: the version of LwM2M after the reboot")
    equal(read(241, g, "/3/0/0"), "Keel", "241: Manufacturer after the reboot")


@test
def several_servers_of_1_0(t):
    """Two servers of LwM2M 1.0: each has a registration and attributes of its own (950, 951)."""
    registers_with_two(t, "1.0")


@test
def composite_reporting(t):
    """Notifications of several paths together, until they are cancelled; of instances that appear and disappear; after new
    attributes (304, 305, 308 to 310)."""
    g = gateway(t, lifetime=DAY)
    device = g.device
    values = ("/1/0/1", "/3/0/11/0", "/3/0/16")
    wanted = {"/1/0/1": 86400, "/3/0/11/0": 0, "/3/0/16": "U"}
    # Object 9 is in the place of object 16. Its attributes are those of the object, so that they hold for both instances: one
    # without attributes would be told at once.
    instances = ("/9/1", "/9/2")
    answered(308, device.create(9, 1), "2.01")
    answered(308, device.attributes("/9", pmin=30, pmax=45))
    answered(304, device.attributes("/1/0/1", pmin=30, pmax=45))

    began = time.monotonic()
    answer = answered(304, device.observe_composite(*values), "2.05")
    equal(composite(answer.content), wanted, "304: the first values")
    answer = answered(308, device.observe_composite(*instances), "2.05")
    equal(sorted(composite(answer.content)), ["/9/1"], "308: the first values")
    at, seen = next_told(304, g, 0, 50, *values)
    within(304, at - began, 30, 45)
    equal(seen, wanted, "304: the values of the notification")
    answer = answered(305, device.cancel_composite(*values, active=True), "2.05")
    ended = len(told(g, *values))

    first, seen = next_told(308, g, 0, 50, *instances)
    within(308, first - began, 30, 45)
    equal(sorted(seen), ["/9/1"], "308: the instance of the first notification")
    answered(308, device.create(9, 2), "2.01")
    second, seen = next_told(308, g, 1, 50, *instances)
    within(308, second - first, 30, 45)
    equal(sorted(seen), ["/9/1", "/9/2"], "308: the instances after one was created")

    # 309 begins with two instances and a notification of both.
    answered(309, device.delete("/9/2"), "2.02")
    third, seen = next_told(309, g, 2, 50, *instances)
    within(309, third - second, 30, 45)
    equal(sorted(seen), ["/9/1"], "309: the instances after one was deleted")
    answered(309, device.cancel_composite(*instances, active=True), "2.05")
    equal(len(told(g, *values)), ended, "305: notifications after the cancellation")

    paths = ("/1/0/1", "/3/0")
    answer = answered(310, device.observe_composite(*paths), "2.05")
    equal(sorted(composite(answer.content)), sorted(paths), "310: the first values")
    before = len(told(g, *paths))
    answered(310, device.attributes("/3", pmax=5))
    times = []
    for number in range(3):
        at, seen = next_told(310, g, before + number, 10, *paths)
        times.append(at)
        equal((seen["/1/0/1"], seen["/3/0"][0]), (86400, "Keel"), "310: the values of a notification")
    for earlier, later in zip(times, times[1:]):
        within(310, later - earlier, 0, 5)


@test
def sending(t):
    """Values that the client sends by itself, until the server mutes it (306, 307, 311)."""
    g = gateway(t, agent="MuteSend=no\n", lifetime=DAY)

    def sent(number, *paths):
        g.machine.run("gatekeel", "send", *paths)
        event = g.events.wait(10, f"{number}: a Send", lambda event: event.type == "SEND")
        return composite(event.data["val"])

    seen = sent(306, "/1/0", "/3/0")
    equal((seen.get("/1/0/1"), seen.get("/3/0/16")), (86400, "U"), f"306: values of {sorted(seen)}")
    equal({path.split("/")[1] for path in seen}, {"1", "3"}, "306: objects")

    def sends():
        return [str(event) for event in g.events.drain() if event.type == "SEND"]

    answered(307, g.device.write("/1/0/23", True, "BOOLEAN"))
    before = sends()
    answer = g.machine.run("gatekeel", "send", "/1/0/1", check=False)
    expect(answer.status != 0 and "muted" in answer.out, f"307: nothing is sent: {answer}")
    time.sleep(5)
    equal(sends(), before, "307: what arrived while Send was muted")
    answered(307, g.device.write("/1/0/23", False, "BOOLEAN"))
    equal(sent(307, "/1/0/1"), {"/1/0/1": 86400}, "307: what arrived afterwards")

    equal(sent(311, "/1/0/1", "/3/0/11"), {"/1/0/1": 86400, "/3/0/11/0": 0}, "311: values")


@test
def queue_mode(t):
    """Queue mode: what Register tells, and a client that the server takes for asleep until its next Update (108, 109)."""
    g = gateway(t, agent="QueueMode=yes\n", lifetime=DAY)
    shown = g.device.registration()
    equal(shown["lwM2mVersion"], "1.1", "108: the version of LwM2M")
    equal(shown.get("queuemode"), True, f"108: queue mode in {json.dumps(shown)[:300]}")
    began = time.monotonic()
    answered(109, g.device.write("/1/0/1", 240, "INTEGER"))
    updated(109, g, 240)
    sleeping = g.events.wait(110, "109: the server takes it for asleep", lambda event: event.type == "SLEEPING")
    within(109, sleeping.at - began, 92, 98)
    until(5, "109: the client sleeps", lambda: "asleep" in g.machine.run("gatekeel", "status", check=False).out)
    answer = g.device.read("/1/0/1")
    expect(answer.code is None, f"109: nothing is sent to a client that sleeps: {answer}")
    woken = g.events.wait(40, "109: the Update", lambda event: event.type == "AWAKE")
    within(109, woken.at - began, 94, 125)
    equal(read(109, g, "/1/0/1"), 240, "109: the lifetime, read after the Update")


queue_mode.seconds = 240


@test
def several_servers(t):
    """Two servers: each has a registration and attributes of its own (950, 951)."""
    registers_with_two(t, "1.1")


def registers_with_two(t, version):
    other = t.leshan("-wp", "8090", "-lp", "5693", "-slp", "5694", name="leshan-2")
    other.authorize(ENDPOINT, ENDPOINT, KEY)
    events = other.events(ENDPOINT)
    g = gateway(t, agent=f"""\
Version={version}

[Server other]
URI=coaps://127.0.0.1:5694
PSKIdentity={ENDPOINT}
PSKKeyFile=/etc/gatekeel/keys/leshan
ShortServerID=2
Version={version}
""")
    events.registration()
    both = {1: g.device, 2: other.device(ENDPOINT)}
    for number, device in both.items():
        shown = device.registration()
        equal(shown["lwM2mVersion"], version, f"950: the version of LwM2M at server {number}")
        links = {link["url"] for link in shown["objectLinks"]}
        expect("/3/0" in links and not any(link == "/0" or link.startswith("/0/") for link in links),
               f"950: objects at server {number}: {sorted(links)}")
    periods = {1: (2, 10), 2: (15, 50)}
    for number, device in both.items():
        pmin, pmax = periods[number]
        answered(951, device.attributes("/3/0", pmin=pmin, pmax=pmax))
    for number, device in both.items():
        seen = device.links("/3/0")
        pmin, pmax = periods[number]
        equal({name: float(value) for name, value in seen["/3/0"].items()}, {"pmin": pmin, "pmax": pmax},
              f"951: attributes at server {number}")
        missing = {f"/3/0/{id}" for id in (0, 1, 2, 3, 11, 16)} - set(seen)
        equal(missing, set(), f"951: missing resources at server {number}: {json.dumps(seen)[:300]}")
