"""Tests of the test rig itself: it boots, reboots, and removes everything."""

from gk import image, packages
from gk.case import equal, expect, test


@test
def the_machine_boots(t):
    """A Debian without our package boots to the state `running`."""
    m = t.machine(image.base()).boot()
    equal(m.run("systemctl", "is-system-running", check=False).out.strip(), "running", "the system's state")
    equal(m.run("sh", "-c", "echo $PPID", user="nobody").status, 0, "a command as nobody")


@test
def a_reboot_comes_back(t):
    """A reboot requested in the machine leads to a new boot that keeps files and journal."""
    m = t.machine(image.base()).boot()
    m.sh("echo kept >/root/kept")
    m.reboot()
    equal(m.read("/root/kept"), "kept\n", "a file across the reboot")
    equal(len({entry["_BOOT_ID"] for entry in m.journal()}), 2, "boots in the journal")
    m.crash().boot()
    equal(m.sh("systemctl is-system-running").strip(), "running", "the system's state after a crash")


@test
def leshan_answers(t):
    """Leshan starts in the test's own network, and its events can be followed."""
    server = t.leshan()
    server.events()
    equal(server.call("GET", "/api/clients").json, [], "the registered clients")


@test
def an_overlay_serves_a_unit(t):
    """The kernel and systemd here support what installed packages need: ExtensionDirectories= over this root."""
    m = t.machine(image.base())
    m.write("/srv/x/1/usr/lib/extension-release.d/extension-release.1", "ID=_any\n")
    m.write("/srv/x/1/usr/bin/overlaid", "#!/bin/sh\necho overlaid >/run/overlaid\n", 0o755)
    m.write("/etc/systemd/system/overlaid.service",
            "[Service]\nType=oneshot\nRemainAfterExit=yes\nExtensionDirectories=/srv/x/1\nExecStart=/usr/bin/overlaid\n")
    m.boot()
    m.run("systemctl", "start", "overlaid.service")
    equal(m.read("/run/overlaid"), "overlaid\n", "what the overlaid program wrote")
    expect(not m.exists("/usr/bin/overlaid"), "the host's /usr is unchanged")


@test
def the_sample_is_an_ordinary_package(t):
    """dpkg installs the signed test package, and its unit runs. OpenSSL accepts the signature."""
    authority = packages.Authority(t.folder / "ca")
    package = packages.sample("1.0")
    signed = authority.sign(package, manifest="[Package]\nFormat=1\n")
    expect(packages.verify(signed, authority, t.folder), "openssl cms -verify accepts the signature")
    broken = bytearray(signed)
    broken[100] ^= 1
    expect(not packages.verify(bytes(broken), authority, t.folder), "openssl cms -verify refuses a changed package")
    m = t.machine(image.base())
    m.write("/root/keelsample.deb", signed)
    m.boot()
    m.run("dpkg", "-i", "/root/keelsample.deb")
    equal(m.state("keelsample.service"), "active", "the unit")
    equal(m.read("/run/keelsample/version").split()[0], "1.0", "the running version")
    script = m.read("/var/lib/dpkg/info/keelsample.postinst")
    expect("# Automatically added by dh_installsystemd" in script, "the scripts are debhelper's")
