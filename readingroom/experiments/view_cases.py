"""The cases of an experiment for the page: every draft with its tallies and errors, and all of the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from readingroom.domain.report import Report
from readingroom.experiments.case import Case, Reference, TrueClaim
from readingroom.experiments.draft import Drafted
from readingroom.experiments.metrics.metric import Metric
from readingroom.experiments.metrics.tally import Tally
from readingroom.experiments.metrics.truth import truth_of
from readingroom.experiments.view_figures import is_counted
from readingroom.experiments.view_pictures import bare_pictures, pictures_of
from readingroom.experiments.view_said import Pool, Said, said_in
from readingroom.runs.blobs import Blobs

CLASSES: Mapping[str, str] = {
    "completed": "failed",
    "silent_errors": "wrong sentence, unmarked",
    "false_alarms": "right sentence, marked or struck",
    "laterality_accuracy": "wrong side",
    "negation_accuracy": "wrong polarity",
    "number_accuracy": "wrong number",
    "comparison_accuracy": "wrong course",
    "omission_rate": "finding left out",
    "unsupported_by_reference": "finding that the reference does not have",
    "contradicted_by_reference": "claim that the reference refutes",
    "unsupported_rate": "sentence without support in the evidence",
    "contradicted_rate": "sentence that the evidence contradicts",
    "evidence_omitted": "present evidence not told",
    "choice_accuracy": "wrong answer",
    "slips_side": "on purpose: swapped side, unmarked",
    "slips_negation": "on purpose: turned negation, unmarked",
    "slips_number": "on purpose: changed number, unmarked",
    "slips_omission": "on purpose: sentence left out, untold",
    "slips_invention": "on purpose: finding made up, unmarked",
}
"""Classes of error by the metric that counts them: a draft has one where the metric counts at least one miss."""


class Made(NamedTuple):
    """One draft of a case, and what was counted of it."""

    arm: int
    drafted: Drafted
    tallies: Mapping[str, Tally]


def misses(tally: Tally, metric: Metric) -> float:
    """How many errors it counts; of an amount the amount."""
    return tally.hits if metric.better == "lower" else tally.of - tally.hits


def worsening(made: Sequence[Made], metric: Metric, pairs: Sequence[tuple[int, int]]) -> float:
    """How many more errors of a metric the worst arm makes than its baseline, a draft; for the order of the cases."""
    found: dict[int, list[float]] = {}
    for one in made:
        if metric.name in one.tallies:
            found.setdefault(one.arm, []).append(misses(one.tallies[metric.name], metric))
    means = {arm: sum(counts) / len(counts) for arm, counts in found.items()}
    return max((means[arm] - means[base] for arm, base in pairs if arm in means and base in means), default=0.0)


def row_of(case: Case, made: Sequence[Made], metrics: Sequence[Metric]) -> dict[str, Any]:
    """What a table tells of a case: each draft with its counts, its classes of error, and its failure."""
    known = {metric.name: metric for metric in metrics}
    drafts = [
        {
            "arm": one.arm,
            "seed": one.drafted.seed,
            "error": one.drafted.error,
            "classes": _classes(one.tallies, known),
            "counts": {
                place: [_short(one.tallies[metric.name].hits), _short(one.tallies[metric.name].of)]
                for place, metric in enumerate(metrics)
                if is_counted(metric) and metric.name in one.tallies
            },
        }
        for one in made
    ]
    return {"id": case.id, "subject": case.subject, "drafts": drafts}


def _classes(tallies: Mapping[str, Tally], metrics: Mapping[str, Metric]) -> list[int]:
    """Places among `CLASSES`."""
    return [
        place
        for place, name in enumerate(CLASSES)
        if name in tallies and name in metrics and misses(tallies[name], metrics[name]) > 0
    ]


def _short(value: float) -> float:
    return int(value) if value == int(value) else round(value, 3)


def whole_of(case: Case, made: Sequence[Made], blobs: Blobs) -> dict[str, Any]:
    """All that a page shows of a case: its truth, its pictures, its evidence, and what every draft says."""
    pool, lines, drafts = Pool(), dict[Said, int](), []
    reports = [one.drafted.report for one in made if one.drafted.report]
    truth = truth_of(case)
    known: dict[str, list[int]] = {}
    for one in made:
        report, said = one.drafted.report, known.get(one.drafted.drafted_sha256)
        if report is not None and said is None:
            said = [lines.setdefault(sentence, len(lines)) for sentence in said_in(report, truth, pool)]
            known[one.drafted.drafted_sha256] = said
        drafts.append(_draft(one.drafted, said or []))
    seen = max(reports, key=_seen, default=None)
    pictures = pictures_of(case, seen, pool.items, blobs) if seen else bare_pictures(case)
    return {
        "told": drafts,
        "lines": [line.model_dump(exclude_defaults=True) for line in lines],
        "proofs": [proof.model_dump() for proof in pool.proofs],
        "pictures": [picture.model_dump() for picture in pictures],
        "reference": _reference(case),
    }


def _seen(report: Report) -> int:
    return len(report.evidence)


def _draft(drafted: Drafted, said: list[int]) -> dict[str, Any]:
    report = drafted.report
    checked = report.verification if report else None
    return {
        "said": said,
        "checked": checked is not None,
        "omitted": [one.reason for one in checked.omissions] if checked else [],
        "answer": drafted.answer,
        "slips": [slip.model_dump(include={"kind", "text", "was"}) for slip in drafted.slips],
    }


def _reference(case: Case) -> dict[str, Any]:
    known = case.reference or Reference()
    told = {True: "present", False: "absent", None: "uncertain"}
    labels = {name: told[value] for name, value in known.labels.items()}
    question = str(case.words.get("question", "")) if known.choices else ""
    return {
        "text": known.text,
        "claims": [*map(_in_words, known.claims), *(f"{name}: {value}" for name, value in labels.items())],
        "question": question,
        "choices": list(known.choices),
        "answer": known.answer,
    }


def _in_words(claim: TrueClaim) -> str:
    """ "no pleural effusion"; "left lower zone nodule, mild, longest diameter 12 mm, larger"."""
    number = claim.measurement
    place = "" if claim.laterality in ("unspecified", "not_applicable") else claim.laterality
    presence = {"present": "", "absent": "no", "indeterminate": "possible", "not_assessed": "not assessed:"}
    head = " ".join(filter(None, (presence[claim.presence], place, claim.zone, claim.observation.replace("_", " "))))
    unit = number.unit if number and number.unit != "1" else ""
    named = number.name.replace("_", " ") if number and number.name != claim.observation else ""
    told = f"{named} {number.value:.3g} {unit}".strip() if number else ""
    return ", ".join(filter(None, (head, claim.severity or "", told, claim.change or "")))
