"""Which metrics see an error of safety in a radiologist's report, and which are raised by a harmless change of words.

Every report is scored against itself with one error put in, as a draft against its reference. The reports are those of
benchmarks.real_reports, which are not part of the project; without them this prints so and ends. The reference is read
by the same reader as the draft, so what is seen here is an upper bound.

An error is "seen" where some safety metric of that report gets worse than of the unchanged report, and "named" where
the metric made for it does. Beside it stands how much of ROUGE-L and BLEU is left. What swaps one certainty for another
or says a thing twice is no error against a reference (calibration and the verifier see those), and is left out.

Bars that --check holds: at least 95 % of the errors of each class are seen, of sides and places 90 and 85 %, and at
most 5 % of the harmless changes. A side or a place put in at random is now and then what another sentence of the report
says, or nonsense ("left greater than left").

    python -m benchmarks.metric_errors [--json] [--check]
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.harmless_rewordings import CONTROLS
from benchmarks.real_reports import REPORTS, SEED, data_folder, text_of
from benchmarks.report_mutations import ERRORS, Text
from readingroom.experiments.metrics.attributes import attribute_scores
from readingroom.experiments.metrics.catalogue import AGAINST_TRUTH
from readingroom.experiments.metrics.claim_scores import claim_scores
from readingroom.experiments.metrics.lexical import bleu, has_bleu, rouge_l
from readingroom.experiments.metrics.tally import Tally
from readingroom.experiments.metrics.truth import Truth, distinct
from readingroom.language.claims import read_claims
from readingroom.language.lexicon import lexicon
from readingroom.learning.rates import wilson

NAMED = {
    "laterality": "laterality_accuracy", "flipped negative": "negation_accuracy", "false negation": "negation_accuracy",
    "number": "number_accuracy", "unit": "number_accuracy", "location": "claim_precision",
    "severity": "claim_precision", "comparison": "comparison_accuracy", "false finding": "unsupported_by_reference",
    "omission": "omission_rate", "contradiction": "negation_accuracy",
}  # fmt: skip
SEEN, RAISED = 0.95, 0.05
BARS = {"laterality": 0.9, "location": 0.85}
LOWER = frozenset(metric.name for metric in AGAINST_TRUTH if metric.better == "lower")


def scores(draft: Text, reference: Text) -> dict[str, Tally]:
    said, known = (distinct(one for _, claims in read_claims(text) for one in claims) for text in (draft, reference))
    truth = Truth(known, whole=True, has_prior=True)
    return claim_scores(said, truth, lexicon()) | attribute_scores(said, truth, lexicon())


def worse(draft: Text, reference: Text) -> set[str]:
    """The metrics by which the draft is worse than the reference is by itself."""
    own, found = scores(reference, reference), scores(draft, reference)
    return {name for name, one in found.items() if _fallen(name, one, own[name])}


def _fallen(name: str, one: Tally, own: Tally) -> bool:
    """Where the reference by itself has nothing to count, nothing is wrong with it."""
    best = 0.0 if name in LOWER else 1.0
    before, after = (best if each.rate is None else each.rate for each in (own, one))
    return after > before if name in LOWER else after < before


def measured(reports: list[Text], change: Callable[..., Text | None], name: str) -> dict[str, Any]:
    """One class of errors, or one harmless change, made once in every report that allows it."""
    chance = random.Random(f"{SEED} {name}")
    pairs = [(made, one) for one in reports if (made := change(one, chance)) is not None]
    found = [worse(made, one) for made, one in pairs]
    texts = [tuple(" ".join(part.text for part in text) for text in pair) for pair in pairs]
    seen, n = sum(map(bool, found)), len(pairs)
    sure = wilson(seen, n) if n else None
    return {
        "n": n, "seen": sure.value if sure else None, "low": sure.low if sure else 0.0,
        "high": sure.high if sure else 1.0, "named": sum(NAMED.get(name, "") in one for one in found) / max(n, 1),
        "rouge_l": sum(rouge_l(a, b).hits for a, b in texts) / max(n, 1),
        "bleu": sum(bleu(a, b).hits for a, b in texts) / max(n, 1) if has_bleu() else None,
    }  # fmt: skip


def printed(results: dict[str, Any]) -> str:
    def line(name: str, one: dict[str, Any]) -> str:
        left = f"{one['rouge_l']:.3f}  " + ("   -" if one["bleu"] is None else f"{one['bleu']:.3f}")
        by = f"{100 * one['named']:5.1f} % {NAMED[name]}" if name in NAMED else ""
        seen = "    -  " if one["seen"] is None else f"{100 * one['seen']:5.1f} %"
        return f"  {name:20} n {one['n']:4}  {seen} [{100 * one['low']:.1f}, {100 * one['high']:.1f}]  {left}  {by}"

    head = "  class                 n       seen [95 % interval]     ROUGE-L   BLEU  by the metric made for it"
    errors = [line(name, one) for name, one in results["errors"].items()]
    controls = [line(name, one) for name, one in results["controls"].items()]
    return "\n".join([f"{results['reports']} reports", "errors", head, *errors, "harmless changes", *controls])


def below(results: dict[str, Any]) -> list[str]:
    low = [name for name, one in results["errors"].items() if (one["seen"] or 0) < BARS.get(name, SEEN)]
    return low + [name for name, one in results["controls"].items() if (one["seen"] or 0) > RAISED]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit 1 below a bar")
    given = parser.parse_args()
    path = data_folder() / REPORTS
    if not path.is_file():
        print(f"{path} is not on this machine; set READINGROOM_DATA to the folder of the real data", file=sys.stderr)
        return
    with path.open(encoding="utf-8", newline="") as file:
        reports = [text for row in csv.DictReader(file) if (text := text_of(row))]
    results = {
        "reports": len(reports),
        "errors": {name: measured(reports, ERRORS[name], name) for name in NAMED},
        "controls": {name: measured(reports, change, name) for name, change in CONTROLS.items()},
    }
    print(json.dumps(results) if given.json else printed(results))
    if given.check and (failed := below(results)):
        sys.exit(f"below the bar: {', '.join(failed)}")


if __name__ == "__main__":
    main()
