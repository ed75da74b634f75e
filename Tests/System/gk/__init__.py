"""The system tests' rig: a booted Debian in systemd-nspawn, Leshan, a lossy relay, test packages.

Python 3 and its standard library only. Each test runs in network, mount and process namespaces of its own: what it
starts, mounts or listens on is gone when it ends, however it ends.
"""
