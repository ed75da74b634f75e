"""Eclipse Leshan, an independent LwM2M server, controlled through its HTTP interface."""

import http.client
import json
import pathlib
import queue
import re
import subprocess
import threading
import time
import urllib.parse

from .case import Failed, expect


class Answer:
    """A device's answer through Leshan. `status` is CoAP's, like "CONTENT(205)"; failures of HTTP itself have none."""

    def __init__(self, what, http_status, body, seconds):
        self.what, self.http, self.body, self.seconds = what, http_status, body, seconds
        try:
            self.json = json.loads(body) if body else {}
        except ValueError:
            self.json = {}

    @property
    def status(self):
        return self.json.get("status") if isinstance(self.json, dict) else None

    @property
    def code(self):
        """CoAP's code in the usual form: 2.05, 4.04; None if the device did not answer."""
        match = re.search(r"\((\d)(\d\d)\)", self.status or "")
        return f"{match[1]}.{match[2]}" if match else None

    @property
    def content(self):
        return self.json.get("content")

    def expect(self, code):
        expect(self.code == code, f"{self.what}: expected {code}, saw {self}")
        return self

    def __str__(self):
        return f"{self.code or f'HTTP {self.http}'} in {self.seconds:.3f} s: {self.body[:400]}"


class Event:
    """One server-sent event: `type` is REGISTRATION, UPDATED, DEREGISTRATION, NOTIFICATION, SEND, …"""

    def __init__(self, type, data):
        self.type, self.data, self.at = type, data, time.monotonic()

    def __str__(self):
        return f"{self.type} {json.dumps(self.data)[:300]}"


class Leshan:
    """A Leshan for one test, on loopback: HTTP 8080, CoAP 5683, CoAPs 5684 unless its options name other ports.

    With the option -v its log has every CoAP message."""

    def __init__(self, jar, folder, options, step, name="leshan"):
        self.jar, self.options, self.step = str(jar), list(options), step
        self.log_path = pathlib.Path(folder) / f"{name}.log"
        self.process = self.http = None
        self.start()

    def start(self):
        began = time.monotonic()
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-jar", self.jar, "server", *self.options],
            stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if line.startswith("READY"):
                self.http = int(re.search(r"web=(\d+)", line)[1])
                break
        else:
            raise Failed(f"Leshan did not start: {self.log_text()[-2000:]}")
        threading.Thread(target=lambda: [None for _ in self.process.stdout], daemon=True).start()
        self.step(f"Leshan is up in {time.monotonic() - began:.1f} s")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def log_text(self):
        return self.log_path.read_text(errors="replace")

    def call(self, method, path, body=None, kind="application/json", timeout=65):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=timeout)
        began = time.monotonic()
        try:
            connection.request(method, path, body, {"Content-Type": kind} if body is not None else {})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        finally:
            connection.close()
        return Answer(f"{method} {path}", response.status, text, time.monotonic() - began)

    def authorize(self, endpoint, identity, key):
        """Accepts `endpoint` only with this pre-shared key (bytes)."""
        answer = self.call("PUT", "/api/security/clients", {
            "endpoint": endpoint, "tls": {"mode": "psk", "details": {"identity": identity, "key": key.hex()}}})
        expect(answer.http < 300, f"Leshan refused the security information: {answer}")

    def forget_key(self, endpoint):
        """Accepts `endpoint` without security."""
        answer = self.call("DELETE", f"/api/security/clients/{urllib.parse.quote(endpoint)}")
        expect(answer.http < 300, f"Leshan kept the security information: {answer}")

    def events(self, endpoint=None):
        """Follows the server-sent events from now on."""
        return Events(self, endpoint)

    def device(self, endpoint):
        return Device(self, endpoint)


class Events:
    """A stream of events. It is read in the background; tests wait for events by their content."""

    def __init__(self, server, endpoint):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.http)
        self.connection.request("GET", "/api/event" + (f"?ep={urllib.parse.quote(endpoint)}" if endpoint else ""))
        self.response = self.connection.getresponse()
        self.queue = queue.SimpleQueue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        kind, data = None, []
        try:
            for raw in self.response:
                line = raw.decode(errors="replace").rstrip("\r\n")
                if line.startswith("event:"):
                    kind = line[6:].strip()
                elif line.startswith("data:"):
                    data.append(line[5:].strip())
                elif not line and kind:
                    try:
                        self.queue.put(Event(kind, json.loads("\n".join(data))))
                    except ValueError:
                        self.queue.put(Event(kind, {"text": "\n".join(data)}))
                    kind, data = None, []
        except (OSError, ValueError, http.client.HTTPException):
            pass

    def wait(self, seconds, what, matches):
        """The first event that `matches` accepts, among new ones and those that no call has returned yet."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                event = self.queue.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                tail = "\n  ".join(str(event) for event in self.seen[-12:])
                raise Failed(f"no event within {seconds:g} s: {what}; the last ones:\n  {tail}") from None
            self.seen.append(event)
            if matches(event):
                return event

    def registration(self, seconds=20):
        return self.wait(seconds, "REGISTRATION", lambda event: event.type == "REGISTRATION")

    def value(self, seconds, path, wanted):
        """Waits for a notification of one resource with the value `wanted`."""
        return self.wait(
            seconds, f"notification {path} = {wanted!r}",
            lambda event: event.type == "NOTIFICATION" and notified(event, path) == wanted)

    def drain(self):
        """All events so far."""
        while not self.queue.empty():
            self.seen.append(self.queue.get())
        return self.seen


def notified(event, path):
    """The value of `path` in a notification; None if it is about another path."""
    data = event.data
    if data.get("res") == path or data.get("path") == path:
        return plain(data.get("val", data.get("value", data.get("content"))))
    return None


def plain(node):
    """Leshan's node as Python values: resources by their numbers, integers as int."""
    if not isinstance(node, dict):
        return node
    kind = node.get("kind")
    if kind in ("singleResource", "resourceInstance"):
        return scalar(node.get("type"), node.get("value"))
    if kind == "multiResource":
        return {int(key): scalar(node.get("type"), value) for key, value in node.get("values", {}).items()}
    if kind == "instance":
        return {resource["id"]: plain(resource) for resource in node.get("resources", [])}
    if kind == "obj":
        return {instance["id"]: plain(instance) for instance in node.get("instances", [])}
    return node


def node(identifier, value):
    """Leshan's node of a single resource for a Python value: a truth value, an integer, a text or bytes."""
    if isinstance(value, bool):
        type = "BOOLEAN"
    elif isinstance(value, int):
        type, value = "INTEGER", str(value)
    elif isinstance(value, (bytes, bytearray)):
        type, value = "OPAQUE", value.hex()
    else:
        type = "STRING"
    return {"kind": "singleResource", "id": identifier, "type": type, "value": value}


def composite(content):
    """The nodes of several paths as Python values by path, without those that are not there."""
    return {path: plain(node) for path, node in (content or {}).items() if node is not None}


def scalar(type, value):
    if value is None:
        return None
    if type in ("INTEGER", "UNSIGNED_INTEGER"):
        return int(value)
    if type == "FLOAT":
        return float(value)
    if type == "OPAQUE":
        return bytes.fromhex(value)
    return value


class Device:
    """One client of the server. Requests go through the server."""

    def __init__(self, server, endpoint):
        self.server, self.endpoint = server, endpoint

    def call(self, method, path, body=None, kind="application/json", timeout=None, **query):
        if timeout is not None:
            query["timeout"] = int(timeout)
        text = urllib.parse.urlencode({key: value for key, value in query.items() if value is not None})
        return self.server.call(
            method, f"/api/clients/{urllib.parse.quote(self.endpoint)}{path}" + (f"?{text}" if text else ""), body, kind,
            timeout=(timeout or 5) + 30)

    def registration(self):
        """The registration at the server; None if there is none."""
        answer = self.call("GET", "")
        return answer.json if answer.http == 200 else None

    def read(self, path, format=None):
        return self.call("GET", path, format=format)

    def value(self, path, format=None):
        """Reads a value as a Python value; fails if the answer is not 2.05."""
        return plain(self.read(path, format).expect("2.05").content)

    def write(self, path, value, type="STRING", format=None, timeout=None):
        """Writes one resource (Replace)."""
        identifier = int(path.rsplit("/", 1)[1])
        if isinstance(value, (bytes, bytearray)):
            type, value = "OPAQUE", value.hex()
        node = {"kind": "singleResource", "id": identifier, "type": type,
                "value": value if type in ("BOOLEAN", "TIME") else str(value)}
        return self.call("PUT", path, node, format=format, timeout=timeout)

    def write_instance(self, path, values, format=None, replace=False):
        """Writes resources of an instance: Partial Update, or Replace. `values`: Python values by resource."""
        body = {"kind": "instance", "id": int(path.rsplit("/", 1)[1]),
                "resources": [node(identifier, value) for identifier, value in values.items()]}
        return self.call("PUT", path, body, format=format, replace=None if replace else "false")

    def execute(self, path, arguments=None, timeout=None):
        return self.call("POST", path, arguments, kind="text/plain", timeout=timeout)

    def create(self, object, instance=None):
        """Creates an instance. Without a number the client chooses one."""
        node = {"kind": "instance", "resources": []}
        if instance is not None:
            node["id"] = instance
        return self.call("POST", f"/{object}", node)

    def delete(self, path):
        return self.call("DELETE", path)

    def discover(self, path):
        return self.call("GET", f"{path}/discover")

    def links(self, path):
        """Discovers: the attributes of each link by its path; fails if the answer is not 2.05."""
        answer = self.discover(path).expect("2.05")
        return {link["url"]: link["attributes"] for link in answer.json["objectLinks"]}

    def attributes(self, path, **values):
        return self.call("PUT", f"{path}/attributes", **values)

    def observe(self, path, format=None):
        return self.call("POST", f"{path}/observe", format=format)

    def cancel(self, path, active=False):
        return self.call("DELETE", f"{path}/observe", active="true" if active else None)

    # Composite operations. Their formats are those of the paths and of the values.

    def read_composite(self, *paths, format="SENML_CBOR"):
        return self.call("GET", "/composite", paths=",".join(paths), pathformat=format, nodeformat=format)

    def values(self, *paths, format="SENML_CBOR"):
        """Reads several paths: the values that are there, by path; fails if the answer is not 2.05."""
        return composite(self.read_composite(*paths, format=format).expect("2.05").content)

    def write_composite(self, values, format="SENML_JSON"):
        """`values`: a type and a value by the path of each resource."""
        nodes = {path: {"kind": "singleResource", "id": int(path.rsplit("/", 1)[1]), "type": type,
                        "value": value if type in ("BOOLEAN", "TIME") else str(value)}
                 for path, (type, value) in values.items()}
        return self.call("PUT", "/composite", nodes, nodeformat=format)

    def observe_composite(self, *paths, format="SENML_CBOR"):
        return self.call("POST", "/composite/observe", paths=",".join(paths), pathformat=format, nodeformat=format)

    def cancel_composite(self, *paths, active=False):
        return self.call("DELETE", "/composite/observe", paths=",".join(paths), active="true" if active else None)
