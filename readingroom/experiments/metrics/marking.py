"""What the check is worth to the reader: wrong sentences that reach him unmarked, errors caught, false alarms."""

from __future__ import annotations

from collections.abc import Sequence

from readingroom.agents.translation import verify_worded_report
from readingroom.agents.verifier import verify_report
from readingroom.domain.report import Report
from readingroom.experiments.metrics.bearing import bearing, is_wrong
from readingroom.experiments.metrics.tally import Tally, counted, tally
from readingroom.experiments.metrics.telling import Told
from readingroom.experiments.metrics.truth import Truth
from readingroom.language.lexicon import Lexicon, lexicon
from readingroom.language.sentences import SAYING


def marking_scores(told: Sequence[Told], truth: Truth, words: Lexicon) -> dict[str, Tally]:
    """A sentence is wrong if the reference refutes one of its claims, or would name what it states and does not;
    sentences of which the reference says nothing count nowhere. A struck sentence does not reach the reader, one that
    is marked contradicted or unsupported reaches him with a warning; "not checkable" warns of nothing."""
    judged = [one for one in told if any(bearing(claim, truth, words) != "unjudged" for claim in one.claims)]
    wrong = [one for one in judged if any(is_wrong(claim, truth, words) for claim in one.claims)]
    right = [one for one in judged if not any(is_wrong(claim, truth, words) for claim in one.claims)]
    silent = sum(not one.warned for one in wrong)
    return {
        "silent_errors": tally(silent, sum(not one.warned for one in judged)),
        "silent_errors_per_report": tally(silent, 1),
        "errors_caught": counted(one.warned for one in wrong),
        "false_alarms": counted(one.warned for one in right),
    }


def evidence_scores(report: Report) -> dict[str, Tally]:
    """The standing sentences of findings and impression against the report's own evidence, by the rules.

    Reports that were not checked are checked here, so that arms without a check can be compared. Raises BadRequest
    for a report in another language whose template is not at hand.
    """
    found = verify_report(report) if report.language == "en" else verify_worded_report(report)
    checks = [check for check in found.checks if check.section in SAYING]
    readable = [check for check in checks if check.verdict != "not_checkable"]
    missed = {name for omission in found.omissions for name in omission.evidence}
    there = {
        item.id for item in report.evidence
        if item.presence == "present" and item.trust == "tool" and lexicon().reportable(item.observation)
    }  # fmt: skip
    return {
        "unsupported_rate": counted(check.verdict == "unsupported" for check in readable),
        "contradicted_rate": counted(check.verdict == "contradicted" for check in readable),
        "evidence_omitted": tally(len(missed & there), len(there)),
        "checkable": tally(len(readable), len(checks)),
    }
