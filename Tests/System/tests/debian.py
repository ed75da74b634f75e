"""Unmodified daemons of Debian's archive, installed and activated from Leshan."""

import socket
import threading

from gk import image
from gk.case import equal, expect, test, until
from gk.gateway import INSTALLED, Gateway

MOSQUITTO = """\
[Package]
Format=1

[Users]
User=mosquitto:/var/lib/mosquitto

[Directories]
Directory=/var/lib/mosquitto:mosquitto /var/log/mosquitto:mosquitto

[Scripts]
Skip=postinst postrm
"""


def connected(port):
    """A connection to a daemon. systemd may call it active shortly before it listens."""
    def attempt():
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=5)
        except ConnectionRefusedError:
            return None

    return until(5, f"something listens on {port}", attempt)


@test
def rinetd_works(t):
    """rinetd has only debhelper's script parts, so it needs no manifest. It redirects, and is purged. The server sees when an
    operator of the gateway installs and removes it, and may then deliver it to another instance."""
    g = Gateway(t)
    slot = g.create(1)
    package = image.archived("rinetd")
    slot.installed(g.authority.sign(package), package.name.split("_")[1])
    equal(slot.value(0), "rinetd", "the name")
    conffile = g.machine.path("/etc/rinetd.conf")
    expect(conffile.exists(), "its configuration file is in /etc")
    expect(not g.machine.exists("/etc/init.d/rinetd"), "no init script is installed")
    conffile.write_text("127.0.0.1 7001 127.0.0.1 7002\n")
    slot.activate().expect("2.04")
    until(5, "the unit is active", lambda: g.machine.state("rinetd.service") == "active")
    server = socket.create_server(("127.0.0.1", 7002))
    threading.Thread(target=lambda: server.accept()[0].sendall(b"through"), daemon=True).start()
    with connected(7001) as client:
        equal(client.recv(16), b"through", "the bytes that rinetd redirects")
    slot.deactivate().expect("2.04")
    slot.uninstall().expect("2.04")
    slot.becomes(10, state=0)
    equal(conffile.read_text(), "127.0.0.1 7001 127.0.0.1 7002\n", "the administrator's configuration after Uninstall")
    g.machine.write("/root/rinetd.deb", g.authority.sign(package))
    g.machine.run("gatekeel", "install", "/root/rinetd.deb")
    slot.becomes(10, name="rinetd", state=INSTALLED)
    g.machine.run("gatekeel", "remove", "rinetd")
    slot.becomes(10, name="", state=0)
    g.create(2).deliver(g.authority.sign(package)).uninstall().expect("2.04")
    g.machine.run("gatekeel", "remove", "--purge", "rinetd")
    expect(not conffile.exists(), "its configuration is removed by the purge")


@test
def mosquitto_works(t):
    """mosquitto with a manifest for its user and folders answers an MQTT CONNECT. Without the manifest it is refused, and the
    reason names the script."""
    g = Gateway(t)
    slot = g.create(1)
    package = image.archived("mosquitto")
    slot.push(g.authority.sign(package))
    if slot.value(7) == 3:
        slot.install()
        slot.becomes(20, result=58)
        slot.uninstall()
    reason = slot.value(16)
    t.step(f"without a manifest: {slot.value(9)}, {reason}")
    expect("postinst" in (reason or ""), f"the reason names the script: {reason}")
    slot.deliver(g.authority.sign(package, manifest=MOSQUITTO))
    slot.install().expect("2.04")
    slot.becomes(20, state=INSTALLED, result=2)
    slot.activate().expect("2.04")
    until(10, "the unit is active", lambda: g.machine.state("mosquitto.service") == "active")
    with connected(1883) as client:
        client.sendall(bytes([0x10, 14]) + b"\x00\x04MQTT\x04\x02\x00\x3c\x00\x02gk")
        equal(client.recv(4), bytes([0x20, 2, 0, 0]), "CONNACK")
    process = g.machine.main_pid("mosquitto.service")
    owner = g.machine.sh(f"stat -c %U /proc/{process}").strip()
    equal(owner, "mosquitto", "the user that it runs as")
