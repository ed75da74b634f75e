"""Object 3 changes the host by systemd's own services."""

import os

from gk.case import Skipped, equal, expect, test
from gk.gateway import Gateway

CAP_SYS_TIME = 25

# What systemd-timedated takes for a time service that is on.
NTP_UNIT = """\
[Service]
ExecStart=sleep infinity

[Install]
WantedBy=multi-user.target
"""


@test
def the_clock_is_the_time_services(t):
    """Current Time is refused with the reason while a time service keeps the clock."""
    g = Gateway(t, boot=False)
    g.machine.write("/etc/systemd/system/keeptime.service", NTP_UNIT)
    g.machine.write("/usr/lib/systemd/ntp-units.d/10-test.list", "keeptime.service\n")
    g.boot()
    # The clock is the host's: what follows must not be able to change it, whatever timedated does.
    bounds = dict(line.split(":\t") for line in g.machine.read("/proc/1/status").splitlines() if line.startswith("CapBnd"))
    if int(bounds["CapBnd"], 16) >> CAP_SYS_TIME & 1:
        raise Skipped("the machine could set this host's clock")
    g.machine.run("systemctl", "start", "keeptime.service")
    equal(g.machine.sh("timedatectl show --property=NTP --value").strip(), "yes", "NTP, as timedated sees it")
    answer = g.device.write("/3/0/13", 1_600_000_000_000, "TIME")
    answer.expect("4.05")
    expect("NTP" in answer.body, f"the reason is told: {answer}")
    t.step(str(answer))


@test
def the_time_zone_is_the_hosts(t):
    """A written Timezone and UTC Offset change /etc/localtime, are read and notified; an unknown zone changes nothing."""
    g = Gateway(t)
    localtime = lambda: os.readlink(g.machine.path("/etc/localtime"))
    g.device.observe("/3/0/15").expect("2.05")
    g.device.write("/3/0/15", "Asia/Kolkata").expect("2.04")
    expect(localtime().endswith("/usr/share/zoneinfo/Asia/Kolkata"), f"/etc/localtime is {localtime()}")
    equal(g.device.value("/3/0/15"), "Asia/Kolkata", "Timezone")
    equal(g.device.value("/3/0/14"), "+05:30", "UTC Offset")
    g.events.value(5, "/3/0/15", "Asia/Kolkata")
    equal(g.machine.sh("date +%z").strip(), "+0530", "the host's own offset")
    g.device.write("/3/0/15", "Mars/Olympus").expect("4.00")
    g.device.write("/3/0/14", "-03:00").expect("2.04")
    expect(localtime().endswith("Etc/GMT+3"), f"/etc/localtime is {localtime()}")
    equal(g.device.value("/3/0/14"), "-03:00", "UTC Offset")
    g.device.write("/3/0/14", "+05:45").expect("4.00")
    expect(localtime().endswith("Etc/GMT+3"), f"/etc/localtime is {localtime()}")
