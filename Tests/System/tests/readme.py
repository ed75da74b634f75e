"""Runs the commands of the README exactly as they are printed."""

import pathlib
import re

from gk import image
from gk.case import equal, expect, test, until

README = pathlib.Path(__file__).resolve().parents[3] / "README.md"
# This machine has no sudo and cannot reach an archive, so define replacements.
AROUND = """\
set -eu
sudo() { "$@"; }
apt() { if [ "$1" = install ]; then dpkg --install "${!#}"; fi; }
apt-get() { cp "/srv/archive/$2"_*.deb .; }
cd /root
"""


def commands(heading):
    """The commands of a section."""
    text = README.read_text()
    section = re.split(r"^## ", text[text.index(f"## {heading}\n") + 3:], maxsplit=1, flags=re.MULTILINE)[0]
    return re.search(r"^```sh\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)[1]


@test
def its_commands_work(t):
    """Runs the sections Install and "Your first package" by copy and paste."""
    m = t.machine(image.base(), binds=[f"{image.archived('rinetd').parent}:/srv/archive"])
    m.write("/root/gatekeel_0_test.deb", t.deb().read_bytes())
    m.boot()
    # The first section ends with a status that shows the server, whose name does not resolve here.
    out = m.run("bash", "-c", AROUND + commands("Install"), timeout=120).out
    t.step(out)
    expect(re.search(r"^main\b.*coaps://lwm2m.example.com", out, flags=re.MULTILINE), f"the server is shown: {out}")
    expect("unresolved(" not in out, f"the reason why it is not reached is text: {out}")
    equal(m.sh("stat -c '%a %U %G' /etc/gatekeel/keys/main.psk").strip(), "640 root gatekeel", "the key")
    out = m.run("bash", "-c", AROUND + commands("Your first package"), timeout=120).out
    t.step(out)
    until(5, "the daemon is active", lambda: m.state("rinetd.service") == "active")
    expect(re.search(r"^rinetd\b.*\bactive\b", out, flags=re.MULTILINE), f"the package is shown: {out}")
    expect("Package rinetd is activated" in out, f"its log is shown: {out}")
    m.run("gatekeel", "remove", "--purge", "rinetd", timeout=60)
    equal(m.state("rinetd.service"), "not-found", "the daemon after its removal")
