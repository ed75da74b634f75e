"""The figures' own rules: a limit that is missed, or a figure that could not be measured, is a failure."""

from gk.case import equal, expect, test
from gk.limits import LIMITS, Report


@test
def a_missed_limit_fails(t):
    """Tests/figures exits with 1 when a limit is missed or a figure could not be measured, and with 0 otherwise."""
    for quick in (False, True):
        for what, limit in LIMITS.items():
            report = Report(quick, t.step)
            if not report.wants(what):
                continue
            allowed = limit.quick if quick else limit.full
            report.figure(what, allowed)
            equal(report.status(), 0, f"the status with {what} at its limit")
            report.figure(what, allowed * 1.01 + 0.01)
            equal(report.status(), 1, f"the status with {what} above its limit")
    report = Report(out=t.step)
    report.failed("idle", "no machine")
    equal(report.status(), 1, "the status with a figure that could not be measured")
    for quick in (False, True):
        report = Report(quick, t.step)
        for what, limit in list(LIMITS.items())[1:]:
            if report.wants(what):
                report.figure(what, 0)
        equal(report.status(), 0, "the status before the end")
        report.complete()
        equal(report.status(), 1, "the status when a limit was compared with nothing")


@test
def quick_limits_are_wide(t):
    """The limits of figures-quick are never narrower than the full ones, and cover no wall-clock time."""
    for what, limit in LIMITS.items():
        if limit.quick is not None:
            expect(limit.quick >= limit.full, f"{what}: {limit}")
            expect("ms" != limit.unit and not what.startswith(("exec to", "CPU", "install of")), f"{what} is a time")
