"""Downloads that do not succeed: they say why they wait, can be ended by the server and by an operator, and end by themselves."""

import json

from gk.case import equal, expect, test, until
from gk.gateway import DOWNLOADING, INITIAL, Gateway

AGENT = ("org.gatekeel.Agent1", "/org/gatekeel/Agent1", "org.gatekeel.Agent1")
CANCELLED, LOST, INVALID_URI = 0, 52, 56
# A port on which nobody listens.
REFUSED = "http://127.0.0.1:9/keelsample.deb"


def transfers(machine):
    """What `Agent1.Status` says of packages on their way, without the types of D-Bus."""
    answer = json.loads(machine.run("busctl", "--json=short", "call", *AGENT, "Status").out)
    found = answer["data"][0]["transfers"]["data"]
    return [{key: value["data"] for key, value in transfer.items()} for transfer in found]


@test
def a_download_that_waits_says_why(t):
    """Connection refused: resource 16, the journal and the status say why; the server and the operator can end it."""
    files = t.folder / "files"
    files.mkdir()
    g = Gateway(t, leshan=["--files", str(files)])
    slot = g.create(1)
    slot.device.write("/9/1/3", REFUSED).expect("2.04")
    until(10, "Status Reason says why", lambda: slot.value(16).startswith("connection-lost:"))
    t.step(f"9/1/16: {slot.value(16)}")
    expect("refused" in slot.value(16), "the reason is the connection's")
    slot.shows(state=DOWNLOADING, result=1)
    transfer, = transfers(g.machine)
    equal((transfer["instance"], transfer["kind"], transfer["host"]), (1, "pull", "127.0.0.1:9"), "the transfer")
    expect(transfer["reason"].startswith("connection-lost:"), f"the status says why: {transfer}")
    g.machine.wait_for_entry(
        10, "why the download waits", lambda entry: "refused" in entry.get("REASON", "") and "waits" in entry["MESSAGE"],
        "--unit=gatekeeld")

    slot.device.write("/9/1/3", "http://127.0.0.1:9/other.deb").expect("4.05")
    slot.device.write("/9/1/3", "").expect("2.04")
    slot.shows(state=INITIAL, result=CANCELLED)
    equal(transfers(g.machine), [], "transfers after the server ended it")

    # The daemon dies over another one, which can be ended all the same.
    slot.device.write("/9/1/3", REFUSED).expect("2.04")
    until(10, "it waits", lambda: slot.value(16).startswith("connection-lost:"))
    g.machine.kill("gatekeeld")
    g.registered()
    until(10, "it is tried again", lambda: transfers(g.machine))
    slot.shows(state=DOWNLOADING)
    refused = g.machine.run("busctl", "call", *AGENT, "Cancel", "u", "1", user="nobody", check=False)
    expect(refused.status != 0, "a user without rights does not end it")
    g.machine.run("busctl", "call", *AGENT, "Cancel", "u", "1")
    slot.becomes(5, state=INITIAL, result=LOST)
    expect("operator" in slot.value(16), f"who ended it: {slot.value(16)}")

    # Delete ends one, too.
    slot.device.write("/9/1/3", REFUSED).expect("2.04")
    slot.device.delete("/9/1").expect("2.02")
    equal(transfers(g.machine), [], "transfers after the instance was deleted")


@test
def what_cannot_succeed_ends(t):
    """A file that is not there, a server that is none of http, an address that is not allowed: an end within a minute."""
    files = t.folder / "files"
    files.mkdir()
    g = Gateway(t, leshan=["--files", str(files)])
    slot = g.create(1)
    for uri in ("http://127.0.0.1:8080/files/none.deb", "http://[::zz/x.deb"):
        slot.device.write("/9/1/3", uri).expect("2.04")
        slot.becomes(60, state=INITIAL, result=INVALID_URI)
        t.step(f"{uri}: {slot.value(16)}")
    configuration = "/etc/gatekeel/gatekeeld.conf.d/test.conf"
    g.machine.write(configuration, g.machine.read(configuration).replace("AllowLocalDownloads=yes", "AllowLocalDownloads=no"))
    g.machine.run("systemctl", "reload", "gatekeeld")

    def refused():
        if slot.value(7) == INITIAL:
            slot.device.write("/9/1/3", "http://localhost:8080/files/none.deb").expect("2.04")
            slot.becomes(10, state=INITIAL)
        return "AllowLocalDownloads=" in slot.value(16)

    until(20, "loopback is refused", refused, every=0.5)
    slot.shows(result=INVALID_URI)
