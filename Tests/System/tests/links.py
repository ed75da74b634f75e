"""Objects 4 and 7 on real links: two veth pairs to another network namespace, and `gatekeel links`."""

import json
import subprocess

from gk.case import equal, expect, test, until
from gk.elsewhere import Elsewhere, ip
from gk.gateway import Gateway


def gateway(t, network, **more):
    """A gateway whose server is reached through another namespace, by `lan` at first."""
    g = Gateway(t, uri=f"coaps://{network.ADDRESS}:5684", leshan=("-lh", "10.0.1.1"), **more)
    ip("route add default via 10.0.1.2 dev lan metric 100")
    ip("route add default via 10.0.2.2 dev wan metric 200")
    return g


def ping(address, size, count=1):
    """Echoes of `size` bytes of payload: 28 bytes more each are IP's and ICMP's."""
    code = ("import os,socket,struct,sys\n"
            "s=socket.socket(socket.AF_INET,socket.SOCK_RAW,socket.IPPROTO_ICMP);s.settimeout(5)\n"
            "data=os.urandom(int(sys.argv[2]))\n"
            "def total(b):\n"
            "  n=sum(struct.unpack(f'>{len(b)//2}H',b))\n"
            "  while n>>16: n=(n&0xffff)+(n>>16)\n"
            "  return ~n&0xffff\n"
            "for i in range(int(sys.argv[3])):\n"
            "  h=struct.pack('>BBHHH',8,0,0,7,i);h=struct.pack('>BBHHH',8,0,total(h+data),7,i)\n"
            "  s.sendto(h+data,(sys.argv[1],0));s.recv(65536)\n")
    subprocess.run(["python3", "-c", code, address, str(size), str(count)], check=True, timeout=60)


@test
def connectivity_monitoring(t):
    """Object 4 shows the server's link first; another route and a lost link are notified."""
    network = Elsewhere()
    g = gateway(t, network)
    shown = g.device.registration()
    expect(any(link["url"] == "/4/0" for link in shown["objectLinks"]), f"object 4 is registered: {shown['objectLinks']}")
    # It looks at most once a second.
    until(10, "the default routes are seen", lambda: g.device.value("/4/0").get(5), every=0.5)
    values = g.device.value("/4/0")
    t.step(str(values))
    equal(values[0], 41, "Network Bearer")
    equal(values[1], {0: 41}, "Available Network Bearer")
    equal(values[2], 0, "Radio Signal Strength")
    equal(values[4][0], "10.0.1.1", "the first address is that of the server's link")
    expect({"10.0.1.1", "10.0.2.1", "2001:db8:1::1", "2001:db8:2::1"} <= set(values[4].values()),
           f"addresses of all links: {values[4]}")
    for place, router in values[5].items():
        equal(router, values[4][place].rsplit(".", 1)[0] + ".2", f"the router of {values[4][place]}")
    ip("link add spare type veth peer name spare-far")
    for end in ("spare", "spare-far"):
        ip(f"link set {end} up")
    ip("addr add 10.0.3.1/24 dev spare")
    until(10, "a new link is seen", lambda: "10.0.3.1" in g.device.value("/4/0/4").values(), every=0.5)
    # Another way to the server.
    g.device.observe("/4/0").expect("2.05")
    network.route("10.0.2.2", "wan")
    g.events.wait(20, "a notification with wan's address first",
                  lambda event: event.type == "NOTIFICATION" and '"10.0.2.1"' in json.dumps(event.data))
    until(10, "wan's address is the first", lambda: g.device.value("/4/0/4")[0] == "10.0.2.1", every=0.5)
    # A link loses its carrier.
    g.events.drain()
    ip("link set spare-far down")
    g.events.wait(20, "a notification without the address of spare",
                  lambda event: event.type == "NOTIFICATION" and '"10.0.3.1"' not in json.dumps(event.data))
    expect("10.0.3.1" not in g.device.value("/4/0/4").values(), "addresses of a link without carrier are not told")


@test
def connectivity_statistics(t):
    """Object 7 counts what passes from Start to Stop, also over a restart, a reboot, and another link; a period ends it."""
    network = Elsewhere()
    g = gateway(t, network)
    equal(g.device.value("/7/0"), {2: 0, 3: 0, 8: 0}, "before the first Start")
    g.device.execute("/7/0/6").expect("2.04")
    # 200 echoes of 972 + 28 bytes are 200 kB each way; registration and Reads are a few more.
    ping("10.0.1.2", 972, 200)

    def data():
        return g.device.value("/7/0/2"), g.device.value("/7/0/3")

    def within(low, high, what):
        seen = data()
        t.step(f"{what}: {seen}")
        expect(all(low <= value <= high for value in seen), f"{what}: {seen}, expected {low} to {high}")

    within(200, 215, "after 200 echoes")
    g.machine.run("systemctl", "restart", "gatekeeld.service")
    g.registered()
    ping("10.0.1.2", 972, 100)
    within(300, 325, "after a restart")
    network.route("10.0.2.2", "wan")
    g.events.wait(20, "an Update over the other link", lambda event: event.type == "UPDATED")
    ping("10.0.2.2", 972, 100)
    # What passes over the link that is not the server's any more does not count.
    ping("10.0.1.2", 972, 100)
    within(400, 435, "after another link")
    g.device.execute("/7/0/7").expect("2.04")
    stopped = data()
    ping("10.0.2.2", 972, 50)
    equal(data(), stopped, "after Stop")
    # A period.
    g.device.write("/7/0/8", 3, "INTEGER").expect("2.04")
    equal(g.device.value("/7/0/8"), 3, "Collection Period")
    g.device.write("/7/0/8", -1, "INTEGER").expect("4.00")
    g.device.execute("/7/0/6").expect("2.04")
    expect(all(value < 20 for value in data()), "Start begins at 0")

    def grows():
        before = data()
        ping("10.0.2.2", 972, 20)
        return data() != before

    until(15, "the period ends", lambda: not grows(), every=0.5)
    ended = data()
    g.machine.reboot()
    g.registered(60)
    equal((data(), g.device.value("/7/0/8")), (ended, 3), "after a reboot")


@test
def links_are_shown(t):
    """`gatekeel links` shows links, addresses, traffic and the server's link, also without gatekeeld and without rights."""
    network = Elsewhere()
    g = gateway(t, network)
    m = g.machine

    def links():
        return {link["name"]: link for link in json.loads(m.run("gatekeel", "links", "--json").out)}

    seen = links()
    equal((seen["lan"]["kind"], seen["lan"]["state"], seen["lan"]["up"]), ("veth", "up", True), "lan")
    expect({"address": "10.0.1.1", "prefix": 24, "global": True} in seen["lan"]["addresses"], f"{seen['lan']}")
    equal(seen["lan"]["routers"], ["10.0.1.2"], "the router of lan")
    equal((seen["lan"]["servers"], seen["wan"]["servers"]), (["leshan"], []), "who is contacted by which link")
    equal(seen["lo"]["kind"], "loopback", "lo")
    before = seen["lan"]["sent-bytes"]
    ping("10.0.1.2", 972, 10)
    expect(links()["lan"]["sent-bytes"] >= before + 10 * 1014, "traffic is counted in frames")
    network.route("10.0.2.2", "wan")
    until(20, "the other link is the server's", lambda: links()["wan"]["servers"] == ["leshan"], every=0.5)
    one = json.loads(m.run("gatekeel", "link", "wan", "--json").out)
    equal((one["name"], one["radio"], one["wireless"]), ("wan", None, None), "link wan")
    answer = m.run("gatekeel", "link", "nosuch", check=False)
    equal(answer.status, 3, "the status for a link that is not there")
    network.ip("link set lan-far down")
    until(5, "the carrier is lost", lambda: links()["lan"]["state"] == "no carrier", every=0.2)
    ip("link set lan down")
    equal(links()["lan"]["state"], "off", "a link that is switched off")
    # Anybody may look; who may not ask gatekeeld is not told the servers.
    answer = m.sh("gatekeel links", user="nobody")
    expect("wan" in answer and "10.0.2.1/24" in answer, answer)
    m.run("systemctl", "stop", "gatekeeld.service")
    expect(links()["wan"]["servers"] is None, "without gatekeeld the servers are not known")
