"""With which manifest a package is signed: that of the list, or what Gatekeel suggests."""

import json
import os

from gk.case import Failed

PLACE = "/srv/package.manifest"


def options(m, bench):
    """Options of "gatekeel package sign", and the manifest's text; empty if there is none."""
    text = suggested(m, bench) if os.environ.get("GATEKEEL_CORPUS_SUGGEST") else bench.package.manifest or ""
    bench.outcome.manifest = bool(text)
    if not text:
        return [], ""
    m.write(PLACE, text)
    return [f"--manifest={PLACE}"], text


def suggested(m, bench):
    """The manifest that "gatekeel package suggest" writes; empty if it says that none is needed."""
    done = m.run("gatekeel", "--json", "package", "suggest", "/srv/package.deb", check=False)
    suggestion = json.loads(done.out) if done.out.startswith("{") else {}
    if "manifest" not in suggestion:
        raise Failed(f"this Gatekeel suggests no manifest: {done}")
    bench.t.step(f"suggested:\n{suggestion['manifest']}")
    bench.outcome.evidence["suggested"] = suggestion
    for line in suggestion["not-understood"]:
        bench.outcome.notes.append(f"not understood: {line['file']}:{line['line']}: {line['text']}: {line['reason']}")
    return suggestion["manifest"] if suggestion["needed"] else ""
