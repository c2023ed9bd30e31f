"""Nested cross-validation by patient: an inner loop chooses, an outer loop only measures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest, NotServed
from readingroom.learning.calibration import calibrator
from readingroom.learning.calibrator import Isotonic, Method, Plain, Platt, bounded
from readingroom.learning.heads import Head, Recipe, text_head, train
from readingroom.learning.operating import WANTED, Cuts, cuts
from readingroom.learning.rates import auroc

Numbers = NDArray[np.float64]
Truth = NDArray[np.bool_]
Subjects = NDArray[np.str_]
Folds = NDArray[np.int64]

OUTER, INNER = 5, 4
FEWEST = 10
"""Patients with a label, and without, below which it is refused: two in each outer fold."""


@dataclass(frozen=True)
class Plan:
    """What may be chosen, and how."""

    recipes: tuple[Recipe, ...]
    calibration: Method = "platt"
    sensitivity: float = WANTED
    specificity: float = WANTED
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Cases:
    """The rows of one label whose truth is known."""

    label: str
    vectors: NDArray[np.float32]
    present: Truth
    subjects: Subjects
    direction: NDArray[np.float32] | None = None
    """Of a text head, which is given and not trained."""

    def part(self, rows: NDArray[np.integer]) -> Cases:
        """Some of them."""
        return Cases(self.label, self.vectors[rows], self.present[rows], self.subjects[rows], self.direction)

    @property
    def patients(self) -> int:
        return len(np.unique(self.subjects))


class Fitted(NamedTuple):
    """What the inner loop made: a head, its probabilities, and where they are cut."""

    head: Head
    recipe: Recipe
    calibrator: Platt | Isotonic | Plain
    cuts: Cuts
    patients: int
    """That calibration rests on."""

    def probabilities(self, vectors: NDArray[np.floating]) -> Numbers:
        """(N,) of (N, D)."""
        return bounded(self.calibrator.apply(self.head.scores(vectors)), self.patients)


@dataclass(frozen=True, eq=False)
class Measured:
    """What the outer loop saw: of each case the word of a procedure that never saw its patient."""

    present: Truth
    subjects: Subjects
    probabilities: Numbers
    ranks: Numbers
    """The same before they are kept from the ends, where many become equal."""
    called: NDArray[np.str_]
    """present, absent or indeterminate, by cuts that were chosen without the case."""
    at_youden: Truth
    folds: Folds
    chosen: tuple[Recipe, ...] = field(default=())
    """By outer fold."""


def refuse_few(labels: Sequence[Cases]) -> None:
    """Raises BadRequest with the counts of every label that has too few patients with it or without."""
    few = [told for cases in labels if (told := _few(cases))]
    if few:
        raise BadRequest(f"{'; '.join(few)}; validation needs {FEWEST} patients of each",
                         do="Label more patients, or leave this label out.")  # fmt: skip


def _few(cases: Cases) -> str:
    with_it = len(np.unique(cases.subjects[cases.present]))
    without = len(np.unique(cases.subjects[~cases.present]))
    if min(with_it, without) >= FEWEST:
        return ""
    images = int(cases.present.sum())
    return (f"label {cases.label!r} is present in {images} images of {with_it} patients and absent in "
            f"{len(cases.present) - images} images of {without}")  # fmt: skip


def nested(cases: Cases, plan: Plan, progress: Callable[[str], None] | None = None) -> Measured:
    """Measure what `fit` makes, on patients it was not given. Raises BadRequest for too few, as `refuse_few`."""
    refuse_few((cases,))
    n = len(cases.present)
    told, ranks, at_youden = np.zeros(n), np.zeros(n), np.zeros(n, bool)
    called, folds = np.full(n, "indeterminate"), np.zeros(n, np.int64)
    chosen = []
    for number, (fitted, held) in enumerate(split(cases, OUTER, plan.seed)):
        if progress:
            progress(f"{cases.label}: outer fold {number + 1} of {OUTER}")
        made = fit(cases.part(fitted), plan)
        p = made.probabilities(cases.vectors[held])
        told[held], at_youden[held], folds[held] = p, p >= made.cuts.youden, number
        ranks[held] = made.calibrator.apply(made.head.scores(cases.vectors[held]))
        called[held] = [made.cuts.called(one) for one in p.tolist()]
        chosen.append(made.recipe)
    return Measured(cases.present, cases.subjects, told, ranks, called, at_youden, folds, tuple(chosen))


def fit(cases: Cases, plan: Plan) -> Fitted:
    """Choose the recipe of largest area by inner cross-validation, calibrate and cut on its held-out scores, and train
    it on all the cases."""
    best: tuple[float, Recipe, Numbers] | None = None
    for recipe in plan.recipes:
        scores, folds = _held_out(cases, recipe, plan.seed)
        area = auroc(cases.present, scores, folds)
        if best is None or area > best[0]:
            best = (area, recipe, scores)
    if best is None:
        raise BadRequest("no recipe to choose from")
    _, recipe, scores = best
    made = calibrator(plan.calibration, scores, cases.present)
    where = cuts(cases.present, bounded(made.apply(scores), cases.patients), plan.sensitivity, plan.specificity)
    return Fitted(_trained(cases, recipe, plan.seed), recipe, made, where, cases.patients)


def _held_out(cases: Cases, recipe: Recipe, seed: int) -> tuple[Numbers, Folds]:
    """Scores by heads that did not see the patient, and which fold each is of; a text head learned from nobody."""
    if cases.direction is not None:
        return text_head(cases.direction).scores(cases.vectors), np.zeros(len(cases.present), np.int64)
    scores, folds = np.zeros(len(cases.present)), np.zeros(len(cases.present), np.int64)
    for number, (fitted, held) in enumerate(split(cases, INNER, seed)):
        scores[held] = _trained(cases.part(fitted), recipe, seed).scores(cases.vectors[held])
        folds[held] = number
    return scores, folds


def _trained(cases: Cases, recipe: Recipe, seed: int) -> Head:
    if cases.direction is not None:
        return text_head(cases.direction)
    return train(recipe, cases.vectors, cases.present, seed)


def split(cases: Cases, count: int, seed: int) -> Iterator[tuple[NDArray[np.integer], NDArray[np.integer]]]:
    """Rows to fit on and rows held out, no patient in both, the label's share alike in all.

    Raises NotServed without scikit-learn, BadRequest where a part would be left without a class.
    """
    try:
        from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415  # extra `learning`
    except ImportError as error:
        raise NotServed("validation needs scikit-learn", do="pip install 'readingroom[learning]'") from error
    made: Any = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    for fitted, held in made.split(cases.vectors, cases.present, cases.subjects):
        here = cases.present[fitted]
        if here.all() or not here.any():
            raise BadRequest(f"label {cases.label!r} stands in too few patients to be split {count} ways by patient",
                             do="Label more patients.")  # fmt: skip
        yield fitted, held


def chosen_often(recipes: Sequence[Recipe]) -> str:
    """ "logistic, C 0.01 (4 of 5 folds); svm, C 0.001 (1)"."""
    counts = {recipe: list(recipes).count(recipe) for recipe in recipes}
    first, *rest = sorted(counts.items(), key=lambda pair: -pair[1])
    told = [f"{first[0].title} ({first[1]} of {len(recipes)} folds)"]
    return "; ".join([*told, *(f"{recipe.title} ({count})" for recipe, count in rest)])
