"""How unlike a reference a study is: by its nearest neighbours there, and by its distance from the centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest, NotServed
from readingroom.learning.conformal import subject_weights
from readingroom.learning.grouping import Group, distances

Numbers = NDArray[np.float64]

NEIGHBOURS = 2
"""Nearest reference studies that the score averages over, as Microsoft's published outlier recipe has it."""


def study_vector(vectors: NDArray[np.floating]) -> Numbers:
    """Mean, standard deviation, least, quartiles and largest of each number over a study's images: (n, D) to (7 D,).

    The published recipe (MedImageInsight outlier notebook), but for a study of one image, whose deviation it leaves
    undefined: here 0. Raises BadRequest for a study without images.
    """
    rows = np.asarray(vectors, np.float64)
    if rows.ndim != 2 or not len(rows):
        raise BadRequest("a study vector needs at least one image's vector")
    spread = rows.std(axis=0, ddof=1) if len(rows) > 1 else np.zeros(rows.shape[1])
    quartiles = np.percentile(rows, (0, 25, 50, 75, 100), axis=0)
    return np.concatenate([rows.mean(axis=0), spread, *quartiles])


def study_vectors(vectors: NDArray[np.floating], studies: Sequence[Group]) -> Numbers:
    """(studies, 7 D) of the rows that the groups name."""
    return np.stack([study_vector(vectors[list(study.rows)]) for study in studies])


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """A reference for nearest-neighbour scores. A case's own subject is never among its neighbours."""

    vectors: Numbers
    """(N, D)."""
    subjects: tuple[str, ...]
    k: int = NEIGHBOURS

    def __post_init__(self) -> None:
        if len(set(self.subjects)) <= self.k + 1:
            raise BadRequest(f"the reference has {len(set(self.subjects))} subjects, and scores need more than "
                             f"{self.k + 1}", do="Give a larger reference.")  # fmt: skip

    @cached_property
    def _within(self) -> Numbers:
        """(N, N) distances; infinite between cases of one subject."""
        found = distances(self.vectors, self.vectors)
        _, names = np.unique(np.array(self.subjects), return_inverse=True)
        found[names[:, None] == names[None, :]] = np.inf
        return found

    @cached_property
    def _nearest_within(self) -> Numbers:
        """(N, k) distances of each reference case to its nearest of other subjects, ascending."""
        return self._nearest(self._within)

    def _nearest(self, away: Numbers) -> Numbers:
        """The k smallest of each row, ascending."""
        return np.sort(np.partition(away, self.k - 1, axis=1)[:, : self.k], axis=1)

    @cached_property
    def scores(self) -> Numbers:
        """(N,) of the reference itself, each case against those of other subjects."""
        return np.asarray(self._nearest_within.mean(axis=1), np.float64)

    def look_up(self, vector: Numbers, subject: str = "") -> Found:
        """Score, nearest and p-value of one case (D,).

        The p-value is of full conformal prediction: the case takes its place in the reference, and every case there is
        scored again with it, so that under exchangeable subjects no more than a share alpha has p <= alpha. What the
        reference holds of its own subject is left out.
        """
        away = distances(vector[None], self.vectors)[0]
        own = np.array([name == subject for name in self.subjects])
        away[own] = np.inf
        order = np.lexsort((np.arange(len(away)), away))[: self.k]
        score = float(away[order].mean())
        others = self._nearest(self._within[:, ~own]) if own.any() else self._nearest_within
        with_it = np.sort(np.concatenate([others, away[:, None]], axis=1), axis=1)[:, : self.k]
        weights = subject_weights(self.subjects)
        at_least = (with_it.mean(axis=1) >= score * (1 - 1e-12)) & ~own
        p = (1 + weights[at_least].sum()) / (1 + weights[~own].sum())
        return Found(score, float(p), tuple(int(place) for place in order), tuple(away[order].tolist()))


@dataclass(frozen=True)
class Found:
    """One case held against a reference."""

    score: float
    p: float
    places: tuple[int, ...]
    """Of its nearest reference cases."""
    distances: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Shrunk:
    """Mean and Ledoit-Wolf covariance of vectors, kept as directions: N vectors span at most N - 1 of D dimensions.

    Sigma = (1 - s) S + s m I with m = trace(S) / D. Along the principal directions its variance is (1 - s) l_i + s m,
    across them s m; so the distance needs no D x D matrix and is the same as with one.
    """

    mean: Numbers
    directions: Numbers
    """(r, D) of length 1."""
    variances: Numbers
    """(r,) of the shrunk covariance along them."""
    across: float
    """The same in every other direction; 0 where none is left or nothing was shrunk."""

    def scores(self, vectors: NDArray[np.floating]) -> Numbers:
        """(M,) squared Mahalanobis distances of (M, D)."""
        rest = np.asarray(vectors, np.float64) - self.mean
        along = rest @ self.directions.T
        found = (along**2 / self.variances).sum(axis=1)
        if self.across > 0:
            outside = np.maximum((rest**2).sum(axis=1) - (along**2).sum(axis=1), 0.0)
            found = found + outside / self.across
        return np.asarray(found, np.float64)


def shrunk(vectors: NDArray[np.floating]) -> Shrunk:
    """Fit to (N, D), N at least 3. Raises NotServed without scikit-learn, BadRequest for too few or equal vectors."""
    rows = np.asarray(vectors, np.float64)
    if len(rows) < 3:
        raise BadRequest(f"a covariance needs more than {len(rows)} vectors", do="Give a larger reference.")
    mean = rows.mean(axis=0)
    centred = rows - mean
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    kept = singular > singular[0] * 1e-10
    if not singular[0] > 0:
        raise BadRequest("all vectors of the reference are the same", do="Give a reference that varies.")
    shrinkage = float(_covariance().ledoit_wolf_shrinkage(centred, assume_centered=True))
    middle = float((centred**2).sum() / len(rows) / rows.shape[1])
    variances = (1 - shrinkage) * singular[kept] ** 2 / len(rows) + shrinkage * middle
    return Shrunk(mean, directions[kept], variances, shrinkage * middle)


def _covariance() -> Any:
    try:
        from sklearn import covariance  # noqa: PLC0415  # extra `learning`
    except ImportError as error:
        raise NotServed("Mahalanobis distances need scikit-learn", do="pip install 'readingroom[learning]'") from error
    return covariance


def split_by_subject(subjects: Sequence[str], seed: int = 0) -> NDArray[np.bool_]:
    """Half of the subjects, drawn by chance: what a split-conformal score is fitted on; the others calibrate it."""
    names = sorted(set(subjects))
    chosen = np.random.default_rng(seed).permutation(len(names))[: len(names) // 2]
    fitted = {names[place] for place in chosen}
    return np.array([subject in fitted for subject in subjects])
