"""Object 3 changes the host through systemd's services."""

import os

from gk.case import Skipped, equal, expect, test
from gk.gateway import Gateway

CAP_SYS_TIME = 25

# A unit that systemd-timedated regards as an enabled time service.
NTP_UNIT = """\
[Service]
ExecStart=sleep infinity

[Install]
WantedBy=multi-user.target
"""


@test
def a_time_service_controls_the_clock(t):
    """A write of Current Time is refused with the reason while a time service controls the clock."""
    g = Gateway(t, boot=False)
    g.machine.write("/etc/systemd/system/keeptime.service", NTP_UNIT)
    g.machine.write("/usr/lib/systemd/ntp-units.d/10-test.list", "keeptime.service\n")
    g.boot()
    # The machine shares this host's clock. It must not be able to change it, whatever timedated does.
    bounds = dict(line.split(":\t") for line in g.machine.read("/proc/1/status").splitlines() if line.startswith("CapBnd"))
    if int(bounds["CapBnd"], 16) >> CAP_SYS_TIME & 1:
        raise Skipped("the machine could set this host's clock")
    g.machine.run("systemctl", "start", "keeptime.service")
    equal(g.machine.sh("timedatectl show --property=NTP --value").strip(), "yes", "NTP, as timedated sees it")
    answer = g.device.write("/3/0/13", 1_600_000_000_000, "TIME")
    answer.expect("4.05")
    expect("NTP" in answer.body, f"the answer has the reason: {answer}")
    t.step(str(answer))


@test
def the_time_zone_of_the_host_is_changed(t):
    """Writes of Timezone and UTC Offset change /etc/localtime and are notified. An unknown zone changes nothing."""
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
