"""Do two samples come from one distribution? Kernel, distance and classifier tests, p-values by permuting patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest, NotServed
from readingroom.learning.grouping import distances

Numbers = NDArray[np.float64]
Sides = NDArray[np.bool_]
"""(splits, units): True where a unit stands in the second sample."""
Statistic = Callable[[Sides], Numbers]

PERMUTATIONS = 999
FOLDS = 5
COMPONENTS = 30
"""Principal components that the classifier sees: fewer than a small sample has rows."""


class Tested(NamedTuple):
    """A statistic and its p-value."""

    statistic: float
    p: float


def median_distance(vectors: NDArray[np.floating]) -> float:
    """Median of the distances between different rows: the median heuristic for a kernel's bandwidth (Gretton 2012)."""
    found = distances(vectors, vectors)[np.triu_indices(len(vectors), 1)]
    positive = found[found > 1e-12]
    return float(np.median(positive)) if len(positive) else 1.0


def kernel(one: NDArray[np.floating], other: NDArray[np.floating], bandwidth: float) -> Numbers:
    """exp(-|x - y|^2 / (2 bandwidth^2)), (N, M)."""
    return np.asarray(np.exp(-(distances(one, other) ** 2) / (2 * bandwidth**2)), np.float64)


def mmd_unbiased(first: NDArray[np.floating], second: NDArray[np.floating], bandwidth: float | None = None) -> float:
    """Squared maximum mean discrepancy without bias (Gretton et al. 2012, equation 3); may be below 0.

    The bandwidth is the median distance of both samples together unless given. At least 2 rows each.
    """
    rows, sides = _pooled(first, second)
    gram = kernel(rows, rows, bandwidth or median_distance(rows))
    return float(mmd_of(gram)(sides[None])[0])


def mmd_of(gram: Numbers) -> Statistic:
    """The unbiased MMD of every split of the units of a kernel matrix (units, units)."""

    def statistic(sides: Sides) -> Numbers:
        (m, within_first), (n, within_second), between = _sums(gram - np.diag(np.diag(gram)), sides)
        return np.asarray(within_first / (m * (m - 1)) + within_second / (n * (n - 1)) - 2 * between / (m * n))

    return statistic


def energy_distance(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| over all pairs (Szekely and Rizzo 2013), 0 for equal samples.

    In one dimension the square of scipy.stats.energy_distance.
    """
    rows, sides = _pooled(first, second)
    return float(energy_of(distances(rows, rows))(sides[None])[0])


def energy_of(away: Numbers) -> Statistic:
    """The energy distance of every split of the units of a distance matrix."""

    def statistic(sides: Sides) -> Numbers:
        (m, within_first), (n, within_second), between = _sums(away, sides)
        return np.asarray(2 * between / (m * n) - within_first / m**2 - within_second / n**2)

    return statistic


def _pooled(first: NDArray[np.floating], second: NDArray[np.floating]) -> tuple[Numbers, Sides]:
    if min(len(first), len(second)) < 2:
        raise BadRequest(f"samples of {len(first)} and {len(second)} cannot be compared", do="Give at least 2 each.")
    rows = np.concatenate([np.asarray(first, np.float64), np.asarray(second, np.float64)])
    return rows, np.arange(len(rows)) >= len(first)


def _sums(matrix: Numbers, sides: Sides) -> tuple[tuple[Numbers, Numbers], tuple[Numbers, Numbers], Numbers]:
    """Of each split: size and sum within each side, and the sum between them (once)."""
    second = sides.astype(np.float64)
    reached = second @ matrix
    rows = matrix.sum(axis=1)
    within_second = (reached * second).sum(axis=1)
    between = reached.sum(axis=1) - within_second
    within_first = rows.sum() - within_second - 2 * between
    n = second.sum(axis=1)
    return (len(matrix) - n, within_first), (n, within_second), between


def permutations(units: int, second: int, splits: int, seed: int) -> Sides:
    """(splits, units): which `second` of the units stand in the second sample, drawn by chance."""
    chance = np.random.default_rng(seed)
    order = np.argsort(chance.random((splits, units)), axis=1)[:, :second]
    sides = np.zeros((splits, units), bool)
    np.put_along_axis(sides, order, True, axis=1)
    return sides


def permutation_test(statistic: Statistic, sides: Sides, splits: int = PERMUTATIONS, seed: int = 0) -> Tested:
    """p = (1 + #{permuted >= observed}) / (splits + 1); `sides` (units,) is how the units really stand."""
    observed = float(statistic(sides[None])[0])
    permuted = statistic(permutations(len(sides), int(sides.sum()), splits, seed))
    return Tested(observed, float((1 + np.count_nonzero(permuted >= observed - 1e-12)) / (splits + 1)))


def by_unit(matrix: Numbers, units: Sequence[Sequence[int]]) -> Numbers:
    """Means of a kernel or distance matrix over the rows of each pair of units: a patient with many images counts once.

    `units`: the rows of each.
    """
    weights = np.zeros((len(units), len(matrix)))
    for place, rows in enumerate(units):
        weights[place, list(rows)] = 1 / len(rows)
    return np.asarray(weights @ matrix @ weights.T, np.float64)


def classifier_test(
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    subjects: Sequence[str],
    *,
    splits: int = 99,
    seed: int = 0,
) -> Tested:
    """Area under the ROC curve of a logistic regression that tells the samples apart, cross-validated by patient.

    `subjects`: of the rows of first, then second; a patient stands in one of them. The p-value permutes patients
    (Lopez-Paz and Oquab 2017, with permutation for the null). Raises NotServed without scikit-learn, BadRequest where a
    sample has fewer than 2 patients a fold or a patient stands in both.
    """
    rows, sides = _pooled(first, second)
    names, unit = np.unique(np.array(subjects), return_inverse=True)
    standing = np.array([sides[unit == place].mean() for place in range(len(names))])
    if ((standing > 0) & (standing < 1)).any():
        raise BadRequest("a subject stands in both samples", do="Leave it out of one.")
    if min(int((standing == 0).sum()), int((standing == 1).sum())) < 2 * FOLDS:
        raise BadRequest(f"a classifier test needs {2 * FOLDS} subjects in each sample", do="Give larger samples.")
    observed = _separated(rows, sides, unit, seed)
    permuted = permutations(len(names), int(standing.sum()), splits, seed)
    higher = sum(_separated(rows, drawn[unit], unit, seed) >= observed for drawn in permuted)
    return Tested(observed, (1 + higher) / (splits + 1))


def _separated(rows: Numbers, sides: Sides, unit: NDArray[np.intp], seed: int) -> float:
    """Out-of-fold AUROC; nothing is fitted on a held-out patient."""
    sk = _sklearn()
    folds = sk.StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    told = np.zeros(len(rows))
    for fitted, held in folds.split(rows, sides, unit):
        if len(set(sides[fitted])) < 2:
            continue
        parts = min(COMPONENTS, len(fitted) // 3, rows.shape[1])
        model = sk.make_pipeline(
            sk.PCA(max(parts, 1), svd_solver="full"),
            sk.StandardScaler(),
            sk.LogisticRegression(class_weight="balanced"),
        )
        told[held] = model.fit(rows[fitted], sides[fitted]).decision_function(rows[held])
    return float(sk.roc_auc_score(sides, told))


class _Sklearn(NamedTuple):
    StratifiedGroupKFold: Any
    make_pipeline: Any
    PCA: Any
    StandardScaler: Any
    LogisticRegression: Any
    roc_auc_score: Any


def _sklearn() -> _Sklearn:
    try:
        from sklearn.decomposition import PCA  # noqa: PLC0415  # extra `learning`
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
        from sklearn.metrics import roc_auc_score  # noqa: PLC0415
        from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415
        from sklearn.pipeline import make_pipeline  # noqa: PLC0415
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415
    except ImportError as error:
        raise NotServed("the classifier test needs scikit-learn", do="pip install 'readingroom[learning]'") from error
    return _Sklearn(StratifiedGroupKFold, make_pipeline, PCA, StandardScaler, LogisticRegression, roc_auc_score)
