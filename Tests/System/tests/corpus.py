"""Daemons of Debian's archive, each put to work by dpkg and by Gatekeel: Tests/System/corpus/packages.toml.

`Tests/System/run corpus` measures all of them. Without a name only a few, of different kinds."""

import os
import pathlib

from corpus import archive, listing, report
from corpus.measure import measure
from gk.case import TESTS, equal, expect, test

RESULTS = pathlib.Path(os.environ.get("GATEKEEL_CORPUS", "out/corpus"))


def register(package):
    def run(t):
        outcome = measure(t, package)
        outcome.save(RESULTS)
        t.step(f"{outcome.kind}: {outcome.reason}")
        for note in outcome.notes:
            t.step(f"note: {note}")
        if os.environ.get("GATEKEEL_CORPUS_RECORD"):
            return
        equal(outcome.kind, package.outcome, f"the outcome of {package.name} ({outcome.reason})")
        expect(listing.same(outcome.reason, package.reason), f"the reason has changed from {package.reason!r} to {outcome.reason!r}")

    run.seconds = 900
    run.__doc__ = f"{package.name}: {package.outcome}."
    run.prepare = lambda: archive.prepare(package.name)
    run.only_by_name = not package.always
    TESTS[f"corpus.{package.name}"] = run


for each in listing.read().values():
    register(each)


@test
def the_document_is_that_of_the_list(t):
    """docs/packages.md shows what the list says, and each manifest belongs to a package of the list."""
    packages = listing.read()
    equal(report.DOCUMENT.read_text(), report.document(packages), "docs/packages.md (Tests/System/corpus/run --write writes it)")
    manifests = {path.stem for path in (listing.HERE / "manifests").iterdir()}
    equal(sorted(manifests - set(packages)), [], "manifests of packages that are not in the list")
