"""From sums of tallies to a figure, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.experiments.metrics.metric import Fold
from readingroom.experiments.statistics.folds import folded


@pytest.mark.parametrize(
    ("fold", "hits", "of", "figure"),
    [
        ("ratio", [3], [4], 0.75),
        ("ratio", [0], [0], np.nan),
        ("harmonic", [1, 1], [2, 4], 1 / 3),
        ("harmonic", [0, 0], [2, 4], 0.0),
        ("harmonic", [0, 0], [0, 4], 0.0),  # nothing is said where something is known
        ("harmonic", [3, 0], [4, 0], np.nan),
        ("harmonic", [0, 0], [0, 0], np.nan),
        ("macro", [1, 0, 3], [2, 0, 3], 0.75),
        ("macro", [0, 0], [0, 0], np.nan),
        ("calibration", [1.8, 0.2, 1.0, 0.0], [2, 2, 2, 2], 0.25),  # |1.8 - 1| + |0.2 - 0| over 4
        ("calibration", [0, 0], [0, 0], np.nan),
    ],
)
def test_a_figure_from_its_sums(fold: Fold, hits: list[float], of: list[float], figure: float) -> None:
    found = folded(np.array(hits, float), np.array(of, float), fold)
    assert float(found) == pytest.approx(figure, nan_ok=True)


def test_many_at_once_are_each_as_if_alone() -> None:
    chance = np.random.default_rng(0)
    hits, of = chance.integers(0, 4, (5, 3, 4)).astype(float), chance.integers(0, 4, (5, 3, 4)).astype(float) * 4
    folds: tuple[Fold, ...] = ("ratio", "harmonic", "macro", "calibration")
    for fold in folds:
        alone = [[float(folded(hits[a, b], of[a, b], fold)) for b in range(3)] for a in range(5)]
        assert np.allclose(folded(hits, of, fold), alone, equal_nan=True)
