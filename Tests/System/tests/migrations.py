"""Configuration files that change their name, go, or become folders: by dpkg's rules, compared with dpkg."""

import os

from gk import packages
from gk.bus import BusError
from gk.case import equal, expect, test
from tests.installer import Rig

# What debhelper makes of it are calls of dpkg-maintscript-helper in all scripts.
MAINTSCRIPT = """\
rm_conffile /etc/keel/gone 1.5~ keelsample
rm_conffile /etc/keel/gone-edited 1.5~ keelsample
rm_conffile /etc/keel/of-later 0.5~ keelsample
mv_conffile /etc/keel/moved /etc/keel/sub/moved 1.5~ keelsample
mv_conffile /etc/keel/moved-edited /etc/keel/moved-too 1.5~ keelsample
mv_conffile /etc/keel/moved-changed /etc/keel/changed 1.5~ keelsample
"""

OLD = ["gone", "gone-edited", "of-later", "moved", "moved-edited", "moved-changed", "upgraded", "upgraded-edited"]
NEW = ["sub/moved", "moved-too", "changed"]
EDITED = ["gone-edited", "moved-edited", "moved-changed", "upgraded-edited"]


def conffiles(names, text="packaged\n"):
    return tuple((f"/etc/keel/{name}", text if name != "changed" else "changed by the package\n", 0o644) for name in names)


def new(more=()):
    flags = "remove-on-upgrade /etc/keel/upgraded\nremove-on-upgrade /etc/keel/upgraded-edited\n"
    return {"files": conffiles([*NEW, *more]), "scripts": (("maintscript", MAINTSCRIPT), ("conffiles", flags))}


def tree(machine):
    """The files below /etc/keel with their text, and the folders."""
    top = machine.path("/etc/keel")
    found = {}
    for folder, folders, files in os.walk(top):
        for name in folders:
            found[os.path.relpath(os.path.join(folder, name), top) + "/"] = ""
        for name in files:
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as file:
                found[os.path.relpath(path, top)] = file.read()
    return found


def edit(machine, names):
    for name in names:
        machine.write(f"/etc/keel/{name}", "edited\n")


@test
def conffiles_migrate_as_with_dpkg(t):
    """An update does with unedited and with edited files what dpkg does in a second machine. A broken update leaves all as it
    was, and a rollback brings the edits back."""
    rig = Rig(t)
    m = rig.machine
    equal(rig.deploy("1.0", files=conffiles(OLD))["result"], "done", "the install")
    equal(rig.ended(rig.installer.activate("keelsample"))["result"], "done", "the activation")
    edit(m, EDITED)
    before = tree(m)
    broken = rig.deploy("1.6", "crashes", **new())
    equal(broken["result"], "rolled-back", "the broken update")
    equal(tree(m), before, "the files after the broken update")
    equal(rig.deploy("1.7", **new())["result"], "done", "the update")
    ours = tree(m)

    other = t.machine().boot()
    for version, more in [("1.0", {"files": conffiles(OLD)}), ("1.7", new())]:
        path = f"/root/{version}.deb"
        other.write(path, packages.sample(version, **more).read_bytes())
        other.run("dpkg", "--force-confdef", "--force-confold", "--install", path)
        if version == "1.0":
            edit(other, EDITED)
    theirs = tree(other)
    # dpkg-maintscript-helper keeps the packaged file as .dpkg-new; Gatekeel names it as dpkg itself does, and only if the
    # package has changed it.
    theirs = {name: text for name, text in theirs.items() if not name.endswith(".dpkg-new")}
    expect("changed.dpkg-dist" in ours, "the changed file is beside the edited one")
    del ours["changed.dpkg-dist"]
    equal(ours, theirs, "the files, compared with dpkg's")

    equal(rig.ended(rig.installer.rollback("keelsample"))["result"], "done", "the rollback")
    after = tree(m)
    for name in OLD:
        equal(after.get(name), before[name], f"{name} after the rollback")
    equal(rig.ended(rig.installer.remove("keelsample", purge=True))["result"], "done", "the removal")
    expect(not m.exists("/etc/keel"), f"nothing is left after a purge: {m.sh('find /etc/keel || true')}")


@test
def files_become_folders(t):
    """A conffile becomes a folder, and a folder a conffile. Edited ones are kept, and a broken update undoes it."""
    rig = Rig(t)
    m = rig.machine
    equal(rig.deploy("1.0", files=conffiles(["a", "b", "c/x", "d/x"]))["result"], "done", "the install")
    equal(rig.ended(rig.installer.activate("keelsample"))["result"], "done", "the activation")
    edit(m, ["b", "d/x"])
    before = tree(m)
    turned = {"files": conffiles(["a/x", "b/x", "c", "d"])}
    equal(rig.deploy("1.1", "crashes", **turned)["result"], "rolled-back", "the broken update")
    equal(tree(m), before, "the files after the broken update")
    equal(rig.deploy("1.2", **turned)["result"], "done", "the update")
    equal(tree(m), {
        "a/": "", "a/x": "packaged\n", "b/": "", "b/x": "packaged\n", "b.dpkg-old": "edited\n", "c": "packaged\n",
        "d": "packaged\n", "d.dpkg-old/": "", "d.dpkg-old/x": "edited\n"}, "the files after the update")


@test
def a_mount_below_usr_stays_visible(t):
    """A package's units see a file system that the host has mounted below /usr, and commands with '+' see the package's files.
    What an overlay would hide is refused."""
    rig = Rig(t)
    m = rig.machine
    m.sh("mount -t tmpfs tmpfs /usr/local && mkdir /usr/local/lib && echo local >/usr/local/lib/mark")
    m.run("systemctl", "restart", "gatekeel-installd.service")
    rig.connect()
    unit = ("[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStartPre=+/usr/bin/keel-own\n"
            "ExecStart=/bin/sh -c 'cat /usr/local/lib/mark >/run/keel-mark'\n\n[Install]\nWantedBy=multi-user.target\n")
    files = (("lib/systemd/system/keel-look.service", unit, 0o644),
             ("usr/bin/keel-own", "#!/bin/sh\ncat /usr/share/keelsample/release >/run/keel-plus\n", 0o755))
    equal(rig.deploy("1.0", files=files)["result"], "done", "the install")
    equal(rig.ended(rig.installer.activate("keelsample"))["result"], "done", "the activation")
    equal(m.read("/run/keel-mark"), "local\n", "what the unit saw of the mount")
    equal(m.read("/run/keel-plus"), "1.0 good\n", "what the command with '+' saw of the package")

    m.sh("mkdir -p /usr/share/elsewhere && ln -s elsewhere /usr/share/keel-data")
    try:
        rig.deploy("1.1", files=(*files, ("usr/share/keel-data/own", "x", 0o644)))
        expect(False, "a package that would hide a link was taken")
    except BusError as error:
        equal(error.name, "org.gatekeel.Error.Conflict", "the error")
        expect("/usr/share/keel-data is a link of the host to elsewhere" in error.message, error.message)
    equal(m.state("keelsample.service"), "active", "the service all the while")
