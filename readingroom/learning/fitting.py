"""From labelled vectors to an adapter: every label validated by patient, then trained on all of its cases."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest
from readingroom.index.protocol import Collection
from readingroom.learning.adapter import Adapter, Figures, Label, Training, kept
from readingroom.learning.calibration import brier, expected_error, reliability
from readingroom.learning.grouping import subject_of
from readingroom.learning.rates import Rate, auroc_rate, share
from readingroom.learning.validation import (
    INNER,
    OUTER,
    Cases,
    Measured,
    Plan,
    chosen_often,
    fit,
    nested,
    refuse_few,
)

Progress = Callable[[str], None] | None
Seen = Callable[[str, Measured], None] | None
"""Told each label with what the outer loop measured of it."""


class Truths(NamedTuple):
    """What a table says: of each label, which rows have it, by id. A row it does not speak of is not among them."""

    present: Mapping[str, Mapping[str, bool]]
    """By label, then by id."""
    sha256: str


class Naming(NamedTuple):
    """What the maker calls it."""

    name: str
    data: str
    made_by: str


def adapted(
    found: Collection,
    truths: Truths,
    plan: Plan,
    naming: Naming,
    *,
    directions: Mapping[str, NDArray[np.float32]] | None = None,
    progress: Progress = None,
    seen: Seen = None,
) -> Adapter:
    """An adapter of every label of the table.

    `directions`: of text heads, by label; `seen`: for curves. Raises BadRequest where the table and the index share no
    row, or a label has too few patients; NotServed without scikit-learn.
    """
    cases = [cases_of(found, label, known, directions) for label, known in truths.present.items()]
    refuse_few(cases)
    labels = tuple(_label(one, plan, progress, seen) for one in cases)
    told = {row for known in truths.present.values() for row in known}
    ids = {entry.id for entry in found.entries}
    used = [entry for entry in found.entries if entry.id in told]
    subjects = {subject_of(entry) for entry in used}
    training = Training(
        made_by=naming.made_by,
        name=naming.name,
        data=naming.data,
        labels_sha256=truths.sha256,
        vectors_sha256=_digest(found),
        images=len(used),
        patients=len(subjects),
        nameless=sum(subject_of(entry).startswith("image ") for entry in used),
        unlabelled=len(found.entries) - len(used),
        strangers=len(told - ids),
        outer=OUTER,
        inner=INNER,
        seed=plan.seed,
        sensitivity=plan.sensitivity,
        specificity=plan.specificity,
    )
    return Adapter(space=found.space, labels=labels, training=training)


def cases_of(
    found: Collection,
    label: str,
    known: Mapping[str, bool],
    directions: Mapping[str, NDArray[np.float32]] | None = None,
) -> Cases:
    """The rows of one label. Raises BadRequest where the index holds none of them, or a text head has no direction."""
    rows = [row for row, entry in enumerate(found.entries) if entry.id in known]
    if not rows:
        raise BadRequest(f"none of the {len(known)} ids labelled {label!r} is in the index",
                         do="Label rows by the ids of the index.")  # fmt: skip
    if directions is not None and label not in directions:
        raise BadRequest(f"no prompts are known for {label!r}", do=f"They are for {', '.join(directions)}.")
    present = np.array([known[found.entries[row].id] for row in rows])
    subjects = np.array([subject_of(found.entries[row]) for row in rows])
    return Cases(label, found.vectors[rows], present, subjects, directions[label] if directions else None)


def _label(cases: Cases, plan: Plan, progress: Progress, seen: Seen) -> Label:
    measured = nested(cases, plan, progress)
    if seen:
        seen(cases.label, measured)
    made = fit(cases, plan)
    return Label(
        label=cases.label,
        head=kept(made.head, made.recipe.title),
        calibrator=made.calibrator,
        cuts=made.cuts,
        images=len(cases.present),
        with_it=int(cases.present.sum()),
        patients=cases.patients,
        patients_with=len(np.unique(cases.subjects[cases.present])),
        patients_without=len(np.unique(cases.subjects[~cases.present])),
        figures=figures_of(measured, plan.seed),
    )


def figures_of(measured: Measured, seed: int = 0) -> Figures:
    """Every rate with its interval, from drawing patients anew."""
    present, called = measured.present, measured.called

    def rate(hits: Sequence[bool] | NDArray[np.bool_], among: NDArray[np.bool_]) -> Rate:
        return share(np.asarray(hits)[among], measured.subjects[among], seed)

    bins = reliability(present, measured.probabilities)
    return Figures(
        auroc=auroc_rate(present, measured.ranks, measured.subjects, measured.folds, seed),
        sensitivity=rate(measured.at_youden, present),
        specificity=rate(~measured.at_youden, ~present),
        found=rate(called == "present", present),
        missed=rate(called == "absent", present),
        cleared=rate(called == "absent", ~present),
        false=rate(called == "present", ~present),
        undecided=rate(called == "indeterminate", np.ones_like(present)),
        brier=brier(present, measured.probabilities),
        calibration_error=expected_error(bins),
        bins=tuple((one.told, one.seen.value, one.seen.n) for one in bins),
        chosen=chosen_often(measured.chosen),
    )


def _digest(found: Collection) -> str:
    content = hashlib.sha256("\n".join(entry.id for entry in found.entries).encode())
    content.update(np.ascontiguousarray(found.vectors, "<f4").tobytes())
    return content.hexdigest()
