"""Hostile HTTP servers: the path of a request selects the behaviour."""

import gzip
import os
import socket
import ssl
import struct
import subprocess
import threading
import time

# An address that is neither loopback nor link-local, on the loopback device of this test's network.
ADDRESS = "198.51.100.10"
PORT, GARBAGE_PORT, UNTRUSTED_PORT = 8080, 8443, 9443
CANARY = 8000


class Client:
    """A connection and its request."""

    def __init__(self, server, connection, path, headers):
        self.server, self.connection, self.path, self.headers = server, connection, path, headers
        self.count = server.counts[path]

    def send(self, data):
        self.connection.sendall(data)

    def answer(self, status, headers, body=b""):
        self.send(f"HTTP/1.1 {status}\r\n".encode() + b"".join(f"{header}\r\n".encode() for header in headers) + b"\r\n" + body)

    def redirect(self, target):
        self.answer("302 Found", [f"Location: {target}", "Content-Length: 0"])

    def patiently(self, data, pause):
        """Sends byte by byte, with a pause in seconds after each."""
        for at in range(len(data)):
            self.send(data[at:at + 1])
            if self.server.ended.wait(pause):
                return

    def endless(self, data):
        while not self.server.ended.is_set():
            self.send(data)

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# Update Results of object 9.
NO_STORAGE, OUT_OF_MEMORY, LOST, INTEGRITY, UNSUPPORTED, INVALID_URI, DEVICE = 50, 51, 52, 53, 54, 56, 57
# For a file that is not a package.
NO_PACKAGE = (INTEGRITY, UNSUPPORTED)
BODY = b"x" * 5000


def _redirect_loop(client):
    client.redirect(client.path)


def _longer_and_longer_redirects(client):
    client.redirect(client.path + "?" + "x" * min(60000, 1 << client.count))


def _redirect(target):
    return lambda client: client.redirect(target)


def _infinite_body(client):
    client.answer("200 OK", ["Content-Type: application/octet-stream"])
    client.endless(b"x" * 65536)


def _infinite_chunks(client):
    client.answer("200 OK", ["Transfer-Encoding: chunked"])
    client.endless(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def _length_beyond_all(client):
    client.answer("200 OK", ["Content-Length: 1000000000000000"], BODY)


def _length_that_is_none(client):
    client.answer("200 OK", ["Content-Length: -5"], BODY)


def _two_lengths(client):
    client.answer("200 OK", ["Content-Length: 10", "Content-Length: 5000"], BODY)


def _length_too_large(client):
    client.answer("200 OK", [f"Content-Length: {len(BODY) * 2}"], BODY)


def _length_too_small(client):
    client.answer("200 OK", ["Content-Length: 100"], BODY)


def _chunks_that_are_none(client):
    client.answer("200 OK", ["Transfer-Encoding: chunked"], b"FFFFFFFFFFFFFFFFF\r\n" + BODY)


def _trickle(client):
    client.answer("200 OK", ["Content-Length: 1000000"])
    client.patiently(BODY, 0.2)


def _trickled_headers(client):
    client.patiently(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 5000, 0.2)


def _gzip_bomb(client):
    bomb = gzip.compress(bytes(32 << 20), 9)
    client.answer("200 OK", ["Content-Encoding: gzip", f"Content-Length: {len(bomb)}"], bomb)


def _header_flood(client):
    client.send(b"HTTP/1.1 200 OK\r\n")
    client.endless(b"X-Header: " + b"a" * 1000 + b"\r\n")


def _header_beyond_all(client):
    client.send(b"HTTP/1.1 200 OK\r\nX-Header: ")
    client.endless(b"a" * 65536)


def _interim_answers_without_end(client):
    client.endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def _no_http(client):
    client.send(os.urandom(5000))


def _a_body_alone(client):
    client.send(b"<html>" + BODY)


def _status_that_is_none(client):
    client.answer("999999 Hello", ["Content-Length: 0"])


def _nothing(client):
    client.server.ended.wait(30)


def _closed(client):
    return


def _reset(client):
    client.answer("200 OK", ["Content-Length: 5000"], BODY[:100])
    client.reset()


def _another_part(client):
    if "range" not in client.headers:
        client.answer("200 OK", ["Content-Length: 10000", 'ETag: "a"'], BODY)
    else:
        client.answer("206 Partial Content", ["Content-Length: 5000", "Content-Range: bytes 0-4999/10000", 'ETag: "a"'], BODY)


def _a_part_of_another_file(client):
    if "range" not in client.headers:
        client.answer("200 OK", ["Content-Length: 10000", 'ETag: "a"'], BODY)
    else:
        start = int(client.headers["range"].split("=")[1].split("-")[0])
        client.answer("206 Partial Content", [f"Content-Length: {10000 - start}", f"Content-Range: bytes {start}-9999/10000",
                                              'ETag: "b"'], b"y" * (10000 - start))


def _a_new_file_each_time(client):
    client.answer("200 OK", ["Content-Length: 10000", f'ETag: "{client.count}"'], BODY)


def _nothing_satisfies(client):
    if "range" not in client.headers:
        client.answer("200 OK", ["Content-Length: 10000", 'ETag: "a"'], BODY)
    else:
        client.answer("416 Range Not Satisfiable", ["Content-Range: bytes */99999999999999999999", "Content-Length: 0"])


def _all_is_there(client):
    if "range" not in client.headers:
        client.answer("200 OK", ["Content-Length: 10000", 'ETag: "a"'], BODY)
    else:
        client.answer("416 Range Not Satisfiable", ["Content-Range: bytes */5000", "Content-Length: 0"])


def _a_part_nobody_asked_for(client):
    client.answer("206 Partial Content", ["Content-Length: 5000", "Content-Range: bytes 5000-9999/10000"], BODY)


def _validators_with_line_ends(client):
    client.answer("200 OK", ["Content-Length: 10000", 'ETag: "a\tb\x01"', "Last-Modified: " + "x" * 60], BODY)


def _asks_for_a_password(client):
    client.answer("401 Unauthorized", ['WWW-Authenticate: Negotiate', 'WWW-Authenticate: Basic realm="x"', "Content-Length: 0"])


def _no_package(client):
    client.answer("200 OK", [f"Content-Length: {len(BODY)}"], BODY)


HTTP = f"http://{ADDRESS}:{PORT}/"
# The behaviour of each path, the expected results, and whether the client retries until its time is over.
BEHAVIOURS = {
    "redirect-loop": (_redirect_loop, (INVALID_URI,), False),
    "longer-redirects": (_longer_and_longer_redirects, (INVALID_URI, DEVICE, LOST), False),
    "to-file": (_redirect("file:///etc/passwd"), (INVALID_URI,), False),
    "to-gopher": (_redirect("gopher://127.0.0.1:8000/x"), (INVALID_URI,), False),
    "to-nowhere": (_redirect("http://[::1"), (INVALID_URI, DEVICE), False),
    "to-loopback": (_redirect(f"http://127.0.0.1:{CANARY}/canary"), (INVALID_URI, DEVICE, *NO_PACKAGE), False),
    "to-loopback-by-name": (_redirect(f"http://localhost:{CANARY}/canary"), (INVALID_URI, DEVICE, *NO_PACKAGE), False),
    "infinite-body": (_infinite_body, (NO_STORAGE,), False),
    "infinite-chunks": (_infinite_chunks, (NO_STORAGE,), False),
    "length-beyond-all": (_length_beyond_all, (NO_STORAGE,), False),
    "length-that-is-none": (_length_that_is_none, (LOST, DEVICE, INVALID_URI, *NO_PACKAGE), False),
    "two-lengths": (_two_lengths, (LOST, DEVICE, INVALID_URI, *NO_PACKAGE), False),
    "length-too-large": (_length_too_large, (LOST, *NO_PACKAGE), True),
    "length-too-small": (_length_too_small, NO_PACKAGE, False),
    "chunks-that-are-none": (_chunks_that_are_none, (LOST, DEVICE), True),
    "trickle": (_trickle, (LOST, DEVICE), True),
    "trickled-headers": (_trickled_headers, (LOST, DEVICE), True),
    "gzip-bomb": (_gzip_bomb, (UNSUPPORTED,), False),
    "header-flood": (_header_flood, (LOST, DEVICE), True),
    "header-beyond-all": (_header_beyond_all, (LOST, DEVICE, OUT_OF_MEMORY), True),
    "interim-answers": (_interim_answers_without_end, (LOST, DEVICE), True),
    "no-http": (_no_http, (LOST, DEVICE, INVALID_URI), False),
    "a-body-alone": (_a_body_alone, (LOST, DEVICE, INVALID_URI), False),
    "status-that-is-none": (_status_that_is_none, (LOST, DEVICE, INVALID_URI), False),
    "nothing": (_nothing, (LOST, DEVICE), True),
    "closed": (_closed, (LOST, DEVICE), True),
    "reset": (_reset, (LOST, DEVICE), True),
    "another-part": (_another_part, (LOST, DEVICE), True),
    "a-part-of-another-file": (_a_part_of_another_file, (LOST, DEVICE, *NO_PACKAGE), True),
    "a-new-file-each-time": (_a_new_file_each_time, (LOST, DEVICE), True),
    "nothing-satisfies": (_nothing_satisfies, (LOST, DEVICE, INVALID_URI, *NO_PACKAGE), True),
    "all-is-there": (_all_is_there, NO_PACKAGE, False),
    "a-part-nobody-asked-for": (_a_part_nobody_asked_for, (DEVICE, LOST), False),
    "odd-validators": (_validators_with_line_ends, (LOST, DEVICE), True),
    "asks-for-a-password": (_asks_for_a_password, (INVALID_URI, DEVICE), False),
    "no-package": (_no_package, NO_PACKAGE, False),
}
# Other ports: the address, the expected results, and whether the client retries.
OTHERS = {
    "tls-garbage": (f"https://{ADDRESS}:{GARBAGE_PORT}/", (LOST, DEVICE), True),
    "tls-untrusted": (f"https://{ADDRESS}:{UNTRUSTED_PORT}/no-package", (DEVICE,), False),
}


def behaviours():
    """By name: the address, the expected results, and whether the client retries until its time is over."""
    return {**{name: (HTTP + name, results, slow) for name, (_, results, slow) in BEHAVIOURS.items()}, **OTHERS}


class Files:
    """The servers. `counts` has the number of requests by path, `canaries` those to a server on loopback."""

    def __init__(self, folder):
        subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"], check=True)
        self.counts, self.canaries = {}, 0
        self.ended = threading.Event()
        self.lock = threading.Lock()
        key, certificate = folder / "untrusted.key", folder / "untrusted.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                        "-subj", f"/CN={ADDRESS}", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)
        self._listen(ADDRESS, PORT, self._http)
        self._listen(ADDRESS, GARBAGE_PORT, self._garbage)
        self._listen(ADDRESS, UNTRUSTED_PORT, lambda connection: self._http(self.tls.wrap_socket(connection, server_side=True)))
        self._listen("127.0.0.1", CANARY, self._canary)

    def stop(self):
        self.ended.set()

    def _listen(self, address, port, serve):
        listener = socket.create_server((address, port), backlog=64)
        threading.Thread(target=self._accept, args=(listener, serve), daemon=True).start()

    def _accept(self, listener, serve):
        while not self.ended.is_set():
            connection, _ = listener.accept()
            connection.settimeout(30)
            threading.Thread(target=self._serve, args=(connection, serve), daemon=True).start()

    @staticmethod
    def _serve(connection, serve):
        # The client may close the connection at any time.
        try:
            serve(connection)
        except (OSError, ValueError):
            pass
        finally:
            connection.close()

    def _http(self, connection):
        data = b""
        while b"\r\n\r\n" not in data and len(data) < 1 << 20:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        lines = data.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        path = lines[0].split(" ")[1].partition("?")[0]
        with self.lock:
            self.counts[path] = self.counts.get(path, 0) + 1
        client = Client(self, connection, path, headers)
        try:
            BEHAVIOURS[path.lstrip("/")][0](client)
        finally:
            connection.close()

    def _garbage(self, connection):
        kind = int(time.monotonic() * 1000) % 3
        connection.sendall((os.urandom(2000), b"\x15\x03\x03\x00\x02\x02\x28", b"\x16\x03\x03\xff\xff" + bytes(65535))[kind])

    def _canary(self, connection):
        self.canaries += 1
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary")
