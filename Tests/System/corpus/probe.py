"""Whether a daemon does its work, seen from outside.

A probe is a table of the list:

    tcp = 6379, send = "PING\\r\\n", expect = "PONG"   connects, sends, and waits for a part of the answer
    udp = 53, send = "…", expect = "…"                 the same with one datagram; hexadecimal after "hex:"
    tcp = 4304, address = "::1"                        the same with another address than 127.0.0.1
    unix = "/run/x.sock"                               connects
    shell = "…"                                        a script in the machine that must end with status 0
"""

import socket

from gk.case import Failed, until


def octets(text):
    return bytes.fromhex(text.removeprefix("hex:")) if text.startswith("hex:") else text.encode()


def answer(kind, address, probe):
    """What a daemon answers; None if it does not listen."""
    with socket.socket(*kind) as client:
        client.settimeout(4)
        try:
            client.connect(address)
            if "send" in probe:
                client.sendall(octets(probe["send"]))
            if "expect" not in probe:
                return b"connected"
            seen = b""
            while octets(probe["expect"]) not in seen:
                more = client.recv(4096)
                if not more:
                    break
                seen += more
            return seen if octets(probe["expect"]) in seen else None
        except OSError:
            return None


def place(probe, port):
    """The family and the address of a port."""
    where = probe.get("address", "127.0.0.1")
    return socket.AF_INET6 if ":" in where else socket.AF_INET, (where, port)


def passes(m, probe, seconds=8):
    """Tells nothing if the probe passes within the time, otherwise what did not happen."""
    try:
        if "tcp" in probe:
            family, address = place(probe, probe["tcp"])
            until(seconds, "an answer", lambda: answer((family, socket.SOCK_STREAM), address, probe))
        if "udp" in probe:
            family, address = place(probe, probe["udp"])
            until(seconds, "an answer", lambda: answer((family, socket.SOCK_DGRAM), address, probe))
        if "unix" in probe:
            path = str(m.path(probe["unix"]))
            until(seconds, "an answer", lambda: answer((socket.AF_UNIX, socket.SOCK_STREAM), path, probe))
        if "shell" in probe:
            until(seconds, "status 0", lambda: m.run("bash", "-euc", probe["shell"], check=False, timeout=20).status == 0, every=0.5)
    except Failed:
        return f"the probe ({shown(probe)}) fails"
    return ""


def shown(probe):
    for kind in ("tcp", "udp"):
        if kind in probe:
            return f"{kind} port {probe[kind]}"
    return f"socket {probe['unix']}" if "unix" in probe else probe.get("shell", "").strip().splitlines()[0]
