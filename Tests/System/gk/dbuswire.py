"""A small D-Bus client that can send any message, with descriptors, without waiting for the reply."""

import array
import os
import socket
import struct
import time

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
NO_REPLY, NO_START = 1, 2
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_SERIAL, _DESTINATION, _SENDER, _SIGNATURE, _DESCRIPTORS = range(1, 10)
_FIXED = {"y": ("B", 1), "b": ("I", 4), "n": ("h", 2), "q": ("H", 2), "i": ("i", 4), "u": ("I", 4), "x": ("q", 8), "t": ("Q", 8),
          "d": ("d", 8), "h": ("I", 4)}
_ALIGNMENT = {"s": 4, "o": 4, "g": 1, "a": 4, "v": 1, "(": 8, "{": 8}


class Variant:
    """A variant: a type and a value."""

    def __init__(self, type, value):
        self.type, self.value = type, value


def types(signature):
    """Splits a signature into its complete types."""
    found, at = [], 0
    while at < len(signature):
        end = at
        while signature[end] == "a":
            end += 1
        depth = 0
        while True:
            depth += (signature[end] in "({") - (signature[end] in ")}")
            end += 1
            if depth == 0:
                break
        found.append(signature[at:end])
        at = end
    return found


class Writer:
    """Encodes values in D-Bus's wire format, little-endian."""

    def __init__(self):
        self.data = bytearray()

    def align(self, size):
        self.data += bytes(-len(self.data) % size)

    def put(self, type, value):
        kind = type[0]
        if kind in _FIXED:
            format, size = _FIXED[kind]
            self.align(size)
            self.data += struct.pack("<" + format, value)
        elif kind in "so":
            data = value if isinstance(value, bytes) else value.encode()
            self.align(4)
            self.data += struct.pack("<I", len(data)) + data + b"\0"
        elif kind == "g":
            self.data += bytes([len(value)]) + value.encode() + b"\0"
        elif kind == "v":
            self.put("g", value.type)
            self.put(value.type, value.value)
        elif kind == "a":
            self._array(type[1:], value)
        else:
            self.align(8)
            for part, item in zip(types(type[1:-1]), value):
                self.put(part, item)

    def _array(self, element, values):
        self.align(4)
        at = len(self.data)
        self.data += bytes(4)
        self.align(_FIXED[element[0]][1] if element[0] in _FIXED else _ALIGNMENT[element[0]])
        start = len(self.data)
        for value in values.items() if isinstance(values, dict) else values:
            self.put(element, value)
        self.data[at:at + 4] = struct.pack("<I", len(self.data) - start)


class Reader:
    """Decodes values. A variant becomes its value."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def align(self, size):
        self.at += -self.at % size

    def take(self, type):
        kind = type[0]
        if kind in _FIXED:
            format, size = _FIXED[kind]
            self.align(size)
            value, = struct.unpack_from("<" + format, self.data, self.at)
            self.at += size
            return bool(value) if kind == "b" else value
        if kind in "sog":
            if kind == "g":
                size = self.data[self.at]
                self.at += 1
            else:
                size = self.take("u")
            value = bytes(self.data[self.at:self.at + size]).decode(errors="replace")
            self.at += size + 1
            return value
        if kind == "v":
            return self.take(self.take("g"))
        if kind == "a":
            size = self.take("u")
            element = type[1:]
            self.align(_FIXED[element[0]][1] if element[0] in _FIXED else _ALIGNMENT[element[0]])
            end, values = self.at + size, []
            while self.at < end:
                values.append(self.take(element))
            return dict(values) if element[0] == "{" else values
        self.align(8)
        return tuple(self.take(part) for part in types(type[1:-1]))


class Reply:
    """The reply to a call: values, or an error's name and its text."""

    def __init__(self, error, values):
        self.error, self.values = error, values

    def __str__(self):
        return f"{self.error}: {self.values}" if self.error else str(self.values)


class Lost(Exception):
    """The bus daemon closed the connection."""


class Connection:
    """A connection to a bus as the process's effective user. Not thread-safe."""

    def __init__(self, path="/run/dbus/system_bus_socket"):
        self.serial = 0
        self.input = b""
        self.replies = {}
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\nNEGOTIATE_UNIX_FD\r\n")
        lines = b""
        while lines.count(b"\r\n") < 2:
            lines += self._received()
        if not lines.startswith(b"OK"):
            raise Lost(lines.decode(errors="replace"))
        self.socket.sendall(b"BEGIN\r\n")
        self.name = self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello").values[0]

    def close(self):
        self.socket.close()

    def send(self, destination, path, interface, member, signature="", *values, descriptors=(), flags=NO_START):
        """Sends a call without waiting for the reply; returns its serial."""
        self.serial += 1
        body = Writer()
        for type, value in zip(types(signature), values):
            body.put(type, value)
        fields = [(_PATH, Variant("o", path)), (_MEMBER, Variant("s", member)), (_DESTINATION, Variant("s", destination))]
        if interface:
            fields.append((_INTERFACE, Variant("s", interface)))
        if signature:
            fields.append((_SIGNATURE, Variant("g", signature)))
        if descriptors:
            fields.append((_DESCRIPTORS, Variant("u", len(descriptors))))
        head = Writer()
        head.data += b"l" + bytes([CALL, flags, 1])
        head.put("u", len(body.data))
        head.put("u", self.serial)
        head.put("a(yv)", fields)
        head.align(8)
        data = bytes(head.data + body.data)
        try:
            if descriptors:
                sent = self.socket.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))])
                data = data[sent:]
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Lost(str(error)) from None
        return self.serial

    def wait(self, serial, seconds=30):
        """The reply to a call, or None if none came in time."""
        deadline = time.monotonic() + seconds
        while serial not in self.replies:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                self.input += self._received()
            except TimeoutError:
                return None
            self._take()
        return self.replies.pop(serial)

    def call(self, *arguments, seconds=30, **options):
        return self.wait(self.send(*arguments, **options), seconds)

    def _received(self):
        try:
            data, rights, _, _ = self.socket.recvmsg(1 << 18, 1 << 12)
        except ConnectionResetError as error:
            raise Lost(str(error)) from None
        for level, type, given in rights:
            if (level, type) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                for descriptor in array.array("i", given[:len(given) // 4 * 4]):
                    os.close(descriptor)
        if not data:
            raise Lost("the bus daemon closed the connection")
        return data

    def _take(self):
        while len(self.input) >= 16:
            body, _, fields = struct.unpack_from("<III", self.input, 4)
            start = 16 + fields + -(16 + fields) % 8
            if len(self.input) < start + body:
                return
            message, self.input = self.input[:start + body], self.input[start + body:]
            reader = Reader(message)
            reader.at = 12
            found = dict(reader.take("a(yv)"))
            if message[1] not in (RETURN, ERROR):
                continue
            values = Reader(message[start:])
            seen = [values.take(type) for type in types(found.get(_SIGNATURE, ""))]
            error = found.get(_ERROR_NAME) if message[1] == ERROR else None
            self.replies[found[_REPLY_SERIAL]] = Reply(error, seen)
