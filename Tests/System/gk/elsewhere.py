"""Another network namespace, reached by two links, for servers that are not on this host."""

import os
import pathlib
import subprocess
import sys

from .case import until


class Elsewhere:
    """Another network namespace that is reached by two links: there a relay stands at 198.51.100.1 before our server."""

    ADDRESS = "198.51.100.1"
    RELAY = ("import sys; sys.path.insert(0, sys.argv[1]); from gk.relay import Relay; "
             "Relay(5684, ('10.0.1.1', 5684), host=sys.argv[2]).thread.join()")

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        mine = os.readlink("/proc/self/ns/net")
        until(5, "a second network namespace", lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != mine, every=0.01)
        for number, name in ((1, "lan"), (2, "wan")):
            ip(f"link add {name} type veth peer name {name}-far netns {self.holder.pid}")
            ip(f"addr add 10.0.{number}.1/24 dev {name}")
            ip(f"-6 addr add 2001:db8:{number}::1/64 dev {name} nodad")
            ip(f"link set {name} up")
            self.ip(f"addr add 10.0.{number}.2/24 dev {name}-far")
            self.ip(f"link set {name}-far up")
        self.ip("link set lo up")
        self.ip(f"addr add {self.ADDRESS}/32 dev lo")
        self.route("10.0.1.2", "lan")
        here = pathlib.Path(__file__).resolve().parent.parent
        self.relay = subprocess.Popen(
            [*self.enter(), sys.executable, "-c", self.RELAY, str(here), self.ADDRESS])

    def enter(self):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]

    def ip(self, arguments):
        subprocess.run([*self.enter(), "ip", *arguments.split()], check=True)

    def route(self, gateway, link):
        ip(f"route replace {self.ADDRESS} via {gateway} dev {link}")


def ip(arguments):
    subprocess.run(["ip", *arguments.split()], check=True)
