"""The system tests' rig: a booted Debian in systemd-nspawn, Leshan, a lossy relay, test packages.

It uses only Python 3 and its standard library. Each test runs in its own network, mount and process namespaces, so its
processes, mounts and sockets always disappear with it.
"""
