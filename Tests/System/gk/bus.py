"""A client of a machine's system bus: libsystemd by ctypes, because busctl cannot send file descriptors."""

import ctypes
import os

from .case import Failed


class BusError(Failed):
    """What a method answered instead of a reply."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


class _Error(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("message", ctypes.c_char_p), ("need_free", ctypes.c_int)]


class Installer:
    """org.gatekeel.Installer1 of a running machine, called as root."""

    NAME = b"org.gatekeel.Installer1"
    PATH = b"/org/gatekeel/Installer1"

    def __init__(self, machine):
        self.library = ctypes.CDLL("libsystemd.so.0")
        self.bus = ctypes.c_void_p()
        # A bus of another mount namespace: by the socket's path in that of the machine's first process.
        address = f"unix:path={machine.path('/run/dbus/system_bus_socket')}".encode()
        self._checked("sd_bus_new", ctypes.byref(self.bus))
        self._checked("sd_bus_set_address", self.bus, address)
        self._checked("sd_bus_set_bus_client", self.bus, 1)
        self._checked("sd_bus_start", self.bus)

    def close(self):
        self.library.sd_bus_close_unref(self.bus)

    def _checked(self, name, *arguments):
        result = getattr(self.library, name)(*arguments)
        if result < 0:
            raise Failed(f"{name}: {os.strerror(-result)}")
        return result

    def call(self, member, types="", *arguments):
        """Calls a method and returns the first string that it answers; "" for none."""
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
        """Stages a package of these bytes; returns its token."""
        descriptor = os.memfd_create("package")
        try:
            os.write(descriptor, data)
            return self.call("Stage", "ha{sv}", ctypes.c_int(descriptor), ctypes.c_int(0))
        finally:
            os.close(descriptor)

    def install(self, token):
        return self.call("Install", "sa{sv}", token.encode(), ctypes.c_int(0))

    def remove(self, name, purge=False):
        if purge:
            return self.call("Remove", "sa{sv}", name.encode(), ctypes.c_int(1), b"purge", b"b", ctypes.c_int(1))
        return self.call("Remove", "sa{sv}", name.encode(), ctypes.c_int(0))

    def activate(self, name):
        return self.call("Activate", "s", name.encode())

    def rollback(self, name):
        return self.call("Rollback", "s", name.encode())
