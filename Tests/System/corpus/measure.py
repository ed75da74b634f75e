"""One package: by dpkg in one machine, by Gatekeel in another of the same image."""

from . import listing
from .bench import Bench
from .bydpkg import by_dpkg
from .bygatekeel import ByGatekeel


def measure(t, package):
    """Measures a package. All that was seen is in the result's evidence."""
    bench = Bench(t, package)
    reference = by_dpkg(bench)
    outcome = ByGatekeel(bench, reference).measured()
    if reference.runs is None and outcome.kind != listing.REFUSED:
        # Whatever Gatekeel did, it cannot be held against what does not run here.
        outcome.notes.append(f"with Gatekeel: {outcome.kind}{': ' + outcome.reason if outcome.reason else ''}")
        outcome.is_(listing.BASELINE, reference.why)
    return outcome
