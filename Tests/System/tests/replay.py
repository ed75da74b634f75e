"""The sequences of real servers, step by step: ThingsBoard's updates, and GEISA's ADM tests 01 to 06."""

from gk.case import equal, expect, test, until
from gk.gateway import DELIVERED, INITIAL, INSTALLED, INSTALLER, Gateway


@test
def geisa_adm(t):
    """GEISA's conformance tests on 9/0, in text: push, State 3 and 4 immediately, Activate, Deactivate, Uninstall."""
    # Activate is answered when it has ended, if that takes less than AnswerTimeout=.
    g = Gateway(t, installer=INSTALLER.replace("Time=3s", "Time=1s", 1))
    device = g.device

    def text(path):
        answer = device.read(path, format="TEXT").expect("2.05")
        return answer.content["value"]

    equal(str(text("/9/0/7")), "0", "01: State")
    equal(str(text("/9/0/12")).lower(), "false", "01: Activation State")
    device.write("/9/0/2", g.signed("1.0"), timeout=10).expect("2.04")
    equal(str(text("/9/0/7")), "3", "02: State immediately after the push")
    device.execute("/9/0/4", timeout=5).expect("2.04")
    equal(str(text("/9/0/7")), "4", "03: State immediately after Install")
    equal(str(text("/9/0/12")).lower(), "false", "03: Activation State")
    device.execute("/9/0/10", timeout=5).expect("2.04")
    equal(str(text("/9/0/12")).lower(), "true", "04: Activation State")
    device.execute("/9/0/11", timeout=5).expect("2.04")
    equal(str(text("/9/0/12")).lower(), "false", "05: Activation State")
    device.execute("/9/0/6", timeout=5).expect("2.04")
    equal(str(text("/9/0/7")), "0", "06: State")


@test
def thingsboard(t):
    """ThingsBoard's update service observes 9/0, executes Uninstall with '1', writes, and installs on State 3. It never
    activates, and it is finished when name and version match the target."""
    g = Gateway(t)
    device, slot = g.device, g.slot(0)
    for resource in (0, 1, 7, 9):
        device.observe(f"/9/0/{resource}").expect("2.05")
    device.observe("/3/0/19").expect("2.05")
    # It regards a device as capable only if one of these is not empty in INITIAL.
    shown = [device.read(path).code == "2.05" and device.value(path) for path in ("/9/0/0", "/9/0/1", "/3/0/19")]
    expect(any(shown), f"PkgName, PkgVersion or 3/0/19 is not empty: {shown}")
    listed = {0, 1, 2, 3, 50, 51, 52, 53, 54, 56, 57, 58, 59}
    for version in ("1.0", "2.0"):
        if slot.value(7) == INSTALLED:
            device.execute("/9/0/6", "1", timeout=5).expect("2.04")
            g.events.value(5, "/9/0/7", INITIAL)
        device.write("/9/0/2", g.signed(version), timeout=60).expect("2.04")
        g.events.value(20, "/9/0/7", DELIVERED)
        device.execute("/9/0/4", timeout=5).expect("2.04")
        g.events.value(30, "/9/0/7", INSTALLED)
        slot.shows(name="keelsample", version=version, state=INSTALLED, result=2)
        if version == "1.0":
            # An operator has to do this, because ThingsBoard does not.
            device.execute("/9/0/10", timeout=5).expect("2.04")
            g.runs("1.0")
            # What is on probation cannot be prepared for an update yet.
            until(20, "the activation has ended", lambda: g.machine.run(
                "busctl", "get-property", "org.gatekeel.Installer1", "/org/gatekeel/Installer1", "org.gatekeel.Installer1",
                "Busy").out.strip() == "b false")
    slot.becomes(5, active=True)
    g.runs("2.0")
    results = {event.data.get("val", {}).get("value") for event in g.events.seen
               if event.type == "NOTIFICATION" and event.data.get("res") == "/9/0/9" and isinstance(event.data.get("val"), dict)}
    expect({int(value) for value in results if value is not None} <= listed, f"only listed results were seen: {results}")
