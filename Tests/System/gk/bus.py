"""A client of a machine's system bus. It uses libsystemd through ctypes, because busctl cannot send file descriptors."""

import ctypes
import os

from .case import Failed


class BusError(Failed):
    """The error that a method returned."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


class _Error(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("message", ctypes.c_char_p), ("need_free", ctypes.c_int)]


class Bus:
    """A connection of root to the system bus of a running machine. For one thread only."""

    def __init__(self, machine):
        self.library = ctypes.CDLL("libsystemd.so.0")
        self.bus = ctypes.c_void_p()
        # The bus is in another mount namespace, so use the socket's path below the root of the machine's first process.
        address = f"unix:path={machine.path('/run/dbus/system_bus_socket')}".encode()
        self._checked("sd_bus_new", ctypes.byref(self.bus))
        self._checked("sd_bus_set_address", self.bus, address)
        self._checked("sd_bus_set_bus_client", self.bus, 1)
        self._checked("sd_bus_set_method_call_timeout", self.bus, ctypes.c_uint64(30_000_000))
        self._checked("sd_bus_start", self.bus)

    def close(self):
        self.library.sd_bus_close_unref(self.bus)

    def _checked(self, name, *arguments):
        result = getattr(self.library, name)(*arguments)
        if result < 0:
            raise Failed(f"{name}: {os.strerror(-result)}")
        return result

    def ask(self, name, path, interface, member):
        """Calls a method without arguments and ignores the reply."""
        error, reply = _Error(), ctypes.c_void_p()
        result = self.library.sd_bus_call_method(
            self.bus, name.encode(), path.encode(), interface.encode(), member.encode(), ctypes.byref(error),
            ctypes.byref(reply), b"")
        if result < 0:
            failure = BusError((error.name or b"").decode(), (error.message or b"").decode())
            self.library.sd_bus_error_free(ctypes.byref(error))
            raise failure
        self.library.sd_bus_message_unref(reply)

    # Properties.

    def _property(self, kind, name, path, interface, member, *into):
        error = _Error()
        result = getattr(self.library, f"sd_bus_get_property_{kind}")(
            self.bus, name.encode(), path.encode(), interface.encode(), member.encode(), ctypes.byref(error), *into)
        if result < 0:
            failure = BusError((error.name or b"").decode(), (error.message or os.strerror(-result).encode()).decode())
            self.library.sd_bus_error_free(ctypes.byref(error))
            raise failure

    def text(self, name, path, interface, member):
        """A property of type s or o."""
        made = ctypes.c_char_p()
        self._property("string", name, path, interface, member, ctypes.byref(made))
        return (made.value or b"").decode()

    def number(self, name, path, interface, member, type="u"):
        """A property of type b, u or t."""
        made = {"b": ctypes.c_int, "u": ctypes.c_uint32, "t": ctypes.c_uint64}[type]()
        self._property("trivial", name, path, interface, member, ctypes.c_char(type.encode()), ctypes.byref(made))
        return made.value

    # Units. systemd loads a unit on request; a unit that does not exist is "not-found".

    SYSTEMD = "org.freedesktop.systemd1"

    def _unit(self, name):
        escaped = "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):02x}" for c in name)
        return f"/org/freedesktop/systemd1/unit/{escaped}"

    def unit(self, name, member):
        """A string property of a unit: ActiveState, LoadState, Description, FragmentPath …"""
        return self.text(self.SYSTEMD, self._unit(name), f"{self.SYSTEMD}.Unit", member)

    def unit_flag(self, name, member):
        """A boolean property of a unit: NeedDaemonReload …"""
        return bool(self.number(self.SYSTEMD, self._unit(name), f"{self.SYSTEMD}.Unit", member, "b"))

    def main_pid(self, service):
        return self.number(self.SYSTEMD, self._unit(service), f"{self.SYSTEMD}.Service", "MainPID")


class Installer(Bus):
    """org.gatekeel.Installer1 of a running machine."""

    NAME = b"org.gatekeel.Installer1"
    PATH = b"/org/gatekeel/Installer1"

    def busy(self):
        """Whether a deployment is running; fails while the daemon is down."""
        name = self.NAME.decode()
        return bool(self.number(name, self.PATH.decode(), name, "Busy", "b"))

    def call(self, member, types="", *arguments):
        """Calls a method and returns the first string of the reply, or ""."""
        error, reply = _Error(), ctypes.c_void_p()
        result = self.library.sd_bus_call_method(
            self.bus, self.NAME, self.PATH, self.NAME, member.encode(), ctypes.byref(error), ctypes.byref(reply),
            types.encode(), *arguments)
        if result < 0:
            raise BusError((error.name or b"").decode(), (error.message or b"").decode())
        text = ctypes.c_char_p()
        if self.library.sd_bus_message_has_signature(reply, b"") == 0:
            self.library.sd_bus_message_read(reply, b"s", ctypes.byref(text))
        answer = (text.value or b"").decode()
        self.library.sd_bus_message_unref(reply)
        return answer

    # The verbs.

    def stage(self, data):
        """Stages a package with these bytes and returns its token."""
        descriptor = os.memfd_create("package")
        try:
            os.write(descriptor, data)
            return self.call("Stage", "ha{sv}", ctypes.c_int(descriptor), ctypes.c_int(0))
        finally:
            os.close(descriptor)

    def install(self, token, activate=False):
        if activate:
            return self.call("Install", "sa{sv}", token.encode(), ctypes.c_int(1), b"activate", b"s", b"yes")
        return self.call("Install", "sa{sv}", token.encode(), ctypes.c_int(0))

    def remove(self, name, purge=False):
        if purge:
            return self.call("Remove", "sa{sv}", name.encode(), ctypes.c_int(1), b"purge", b"b", ctypes.c_int(1))
        return self.call("Remove", "sa{sv}", name.encode(), ctypes.c_int(0))

    def activate(self, name):
        return self.call("Activate", "s", name.encode())

    def rollback(self, name):
        return self.call("Rollback", "s", name.encode())
