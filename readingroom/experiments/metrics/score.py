"""All tallies of one draft: what came out, against what is known of the case and against its own evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readingroom.domain.report import Report
from readingroom.experiments.case import Case
from readingroom.experiments.draft import Drafted
from readingroom.experiments.metrics.attributes import attribute_scores
from readingroom.experiments.metrics.catalogue import GROUNDING, METRICS
from readingroom.experiments.metrics.certainty import certainty_scores, score_scores
from readingroom.experiments.metrics.citations import citation_scores
from readingroom.experiments.metrics.claim_scores import claim_scores
from readingroom.experiments.metrics.effort import choice_score, effort_scores, failed, length
from readingroom.experiments.metrics.grounding import Mask, grounding_scores
from readingroom.experiments.metrics.labels14 import label_scores, label_table, reference_labels
from readingroom.experiments.metrics.lexical import bleu, has_bleu, rouge_l
from readingroom.experiments.metrics.marking import evidence_scores, marking_scores
from readingroom.experiments.metrics.metric import Need
from readingroom.experiments.metrics.tally import Tally, worst
from readingroom.experiments.metrics.telling import Told, claims_in, told_in
from readingroom.experiments.metrics.truth import truth_of
from readingroom.language.lexicon import lexicon
from readingroom.language.sentences import SAYING, read_report

__all__ = ["METRICS", "score"]

NO_MASKS: Mapping[str, Mask] = {}

MISSED: Mapping[Need, tuple[str, ...]] = {
    "report": ("checkable", "citation_precision", "citation_recall"),
    "reference": ("claim_precision",),
    "labels": ("label_precision",),
    "regions": tuple(metric.name for metric in GROUNDING),
}
"""What a failed draft misses once, by what it needs: shares of what was said, which silence would not lower. Accuracies
of side, polarity, number and course, and rates of errors, are of claims that were made: a failure made none."""


def score(drafted: Drafted, case: Case, masks: Mapping[str, Mask] = NO_MASKS) -> dict[str, Tally]:
    """Every tally that the case's reference allows, by name; `METRICS` says how they make figures.

    A failed draft is scored as one that says nothing, and misses once what `MISSED` names: with it a figure is the one
    with failures included. `masks`: (rows, columns) by digest, of regions of the report that are masks; one that is
    not there is taken as its box. Raises BadRequest and BadFile for a reference that cannot be used.
    """
    told = told_in(drafted.report) if drafted.report else ()
    scores = effort_scores(drafted)
    if drafted.report is not None:
        scores |= length(told) | evidence_scores(drafted.report) | citation_scores(drafted.report, told)
    scores |= _against_reference(told, drafted.report, case)
    if case.reference and case.reference.choices:
        scores |= choice_score(drafted, case.reference)
    if case.reference and case.reference.regions and drafted.report:
        scores |= grounding_scores(drafted.report, case.reference.regions, masks, lexicon())
    return scores | _missed(scores, case) if failed(drafted) else scores


def _against_reference(told: tuple[Told, ...], report: Report | None, case: Case) -> dict[str, Tally]:
    words, truth, scores = lexicon(), truth_of(case), dict[str, Tally]()
    if case.reference is None or case.reference.choices:
        return scores
    said = claims_in(told)
    if truth is not None:
        scores |= claim_scores(said, truth, words) | attribute_scores(said, truth, words)
        if report is not None:
            scores |= marking_scores(told, truth, words)
            scores |= certainty_scores(said, truth, words) | score_scores(report, truth, words)
    table = label_table()
    known = reference_labels(case.reference, table, words)
    if known is not None:
        scores |= label_scores(said if report else (), known, table, words)
    return scores | _lexical(told, case.reference.text) if case.reference.text else scores


def _lexical(told: Sequence[Told], text: str) -> dict[str, Tally]:
    draft = " ".join(one.text for one in told if not one.struck)
    text = " ".join(one.text for one in read_report(text) if one.section in SAYING) or text
    scores = {"rouge_l": rouge_l(draft, text)}
    return scores | {"bleu": bleu(draft, text)} if has_bleu() else scores


def _missed(scores: Mapping[str, Tally], case: Case) -> dict[str, Tally]:
    """A failure's misses, of what applies to its case."""
    reference = case.reference
    if reference and reference.choices:
        return {}
    names = list(MISSED["report"])
    names += MISSED["reference"] if truth_of(case) else ()
    names += MISSED["labels"] if "label_f1" in scores else ()
    names += MISSED["regions"] if reference and reference.regions else ()
    return {name: worst() for name in names}
