"""Nested validation of a Cox model over fused vectors: nothing is fitted or chosen on the patients that judge it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest
from readingroom.learning.fusion import Numbers, fit_fusion
from readingroom.learning.survival import Concordance, Outcomes, concordance, fit_cox, ipcw, pairs_of

FEWEST_EVENTS = 20
"""Events for which the training part of an inner fold still has the ten that a model is fitted to."""
WATCHED = 10
"""Patients still watched at tau, up to which Uno's concordance looks."""

Places = NDArray[np.integer]


class Recipe(NamedTuple):
    """What the inner folds choose."""

    components: int
    penalty: float

    @property
    def title(self) -> str:
        return f"{self.components} components, penalty {self.penalty:g}"


class Plan(NamedTuple):
    """How it is validated."""

    components: tuple[int, ...] = (2, 5, 10)
    penalties: tuple[float, ...] = (0.1, 1.0)
    outer: int = 5
    inner: int = 3
    seed: int = 0

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return tuple(Recipe(*one) for one in product(self.components, self.penalties))


class Validated(NamedTuple):
    """What the outer folds said of each patient, and how well."""

    risks: Numbers
    """Log hazard by the model of the fold that left the patient out; comparable within a fold alone."""
    folds: Places
    high: NDArray[np.bool_]
    """Above the median risk of the patients that the fold's model was fitted to."""
    harrell: Concordance
    uno: Concordance
    tau: float
    chosen: dict[str, int]
    """Recipes by the number of outer folds that chose them."""


def folds_of(told: Outcomes, count: int, seed: int) -> Places:
    """A fold a patient, events spread evenly."""
    chance, found = np.random.default_rng(seed), np.empty(len(told.times), np.int64)
    order = np.concatenate([chance.permutation(np.flatnonzero(told.events == ended)) for ended in (True, False)])
    found[order] = np.arange(len(order)) % count
    return found


def validated(
    blocks: Sequence[Numbers], told: Outcomes, plan: Plan, progress: Callable[[str], None] | None = None
) -> Validated:
    """A row a patient in every block, so that folds of rows are folds of patients.

    Raises BadRequest for fewer than `FEWEST_EVENTS` events, fewer than two folds, or where no recipe can be fitted.
    """
    if min(plan.outer, plan.inner) < 2 or not plan.recipes:
        raise BadRequest(f"{plan.outer} outer and {plan.inner} inner folds are too few", do="Take two or more.")
    if told.events.sum() < FEWEST_EVENTS:
        raise BadRequest(f"{int(told.events.sum())} events of {len(told.times)} patients are too few to be validated",
                         do=f"Give {FEWEST_EVENTS} or more.")  # fmt: skip
    folds, count = folds_of(told, plan.outer, plan.seed), len(told.times)
    risks, high, inverse, chosen = np.zeros(count), np.zeros(count, np.bool_), np.zeros(count), Counter[str]()
    tau = float(np.sort(told.times)[-min(WATCHED, count)])
    for fold in range(plan.outer):
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        recipe = _best([block[inside] for block in blocks], told.drawn(inside), plan)
        fitted, left_out = _fitted(blocks, told, (inside, outside), recipe)
        risks[outside], high[outside] = left_out, left_out > np.median(fitted)
        inverse[outside] = ipcw(told.drawn(inside), told.drawn(outside), tau)
        chosen[recipe.title] += 1
        if progress:
            progress(f"fold {fold + 1} of {plan.outer}: {recipe.title}")
    return Validated(
        risks, folds, high,
        concordance(told, pairs_of(told, risks, folds=folds), plan.seed),
        concordance(told, pairs_of(told, risks, folds=folds, inverse=inverse), plan.seed),
        tau, dict(chosen),
    )  # fmt: skip


def _best(blocks: Sequence[Numbers], told: Outcomes, plan: Plan) -> Recipe:
    """By Harrell's concordance within the inner folds; of equal ones the first, which is the smallest."""
    folds = folds_of(told, plan.inner, plan.seed + 1)
    risks = np.full((len(plan.recipes), len(told.times)), np.nan)
    for fold in range(plan.inner):
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        fusion = fit_fusion([block[inside] for block in blocks], max(plan.components))
        seen, left_out = (fusion.apply([block[rows] for block in blocks]) for rows in (inside, outside))
        for place, recipe in enumerate(plan.recipes):
            kept = slice(recipe.components)
            try:
                model = fit_cox(seen[:, kept], told.drawn(inside), recipe.penalty)
            except BadRequest:  # it does not converge: another recipe does
                continue
            risks[place, outside] = model.risk(left_out[:, kept])
    whole = np.isfinite(risks).all(axis=1)
    if not whole.any():
        raise BadRequest("no Cox model converges", do="Take fewer components or larger penalties.")
    ones = np.ones(len(told.times))
    scores = [pairs_of(told, row, folds=folds).value(ones) if fits else -1.0
              for row, fits in zip(risks, whole, strict=True)]  # fmt: skip
    return plan.recipes[int(np.argmax(scores))]


def _fitted(
    blocks: Sequence[Numbers], told: Outcomes, rows: tuple[Places, Places], recipe: Recipe
) -> tuple[Numbers, Numbers]:
    """Risks of the patients that the model was fitted to, and of those left out."""
    inside, outside = rows
    fusion = fit_fusion([block[inside] for block in blocks], recipe.components)
    seen = fusion.apply([block[inside] for block in blocks])
    model = fit_cox(seen, told.drawn(inside), recipe.penalty)
    return model.risk(seen), model.risk(fusion.apply([block[outside] for block in blocks]))
