"""How often the nearest rows are of the query's label, when none of them may be the query's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.index.entry import Space
from readingroom.index.protocol import MOST_FOUND, Collection, Tell, Vectors

Z95 = 1.959963984540054
"""97.5 % quantile of the normal distribution."""
CELLS = 4_000_000
"""Cosines that are in memory at once: 16 MB."""
DRAWS = 1000
"""Bootstrap samples of an interval over groups."""


class Share(Value):
    """A rate, its 95 % interval and how many queries it is of."""

    share: float
    low: float
    high: float
    n: int


class AtK(Value):
    """What the `k` nearest rows of other groups hold.

    Per query: precision is the right ones among the k (or among all there are, where they are fewer); recall is the
    right ones among the k of all right ones of other groups; hit is 1 where any of the k is right.
    Micro: the mean over queries, with Wilson's interval (1927) for `n` queries, whose neighbours are not counted as if
    they were independent. Macro: the mean over labels of the mean over each one's queries, with the 2.5 and 97.5 %
    quantiles of a bootstrap that draws whole groups; 0 to 1 where there are fewer than two groups.
    """

    k: int
    precision: Share
    precision_macro: Share
    recall: Share
    recall_macro: Share
    hit: Share
    by_label: dict[str, Share]
    """Precision, micro, a label."""


class Precision(Value):
    """A search judged by labels, without leaks."""

    space: Space
    at: tuple[AtK, ...]
    rows: int
    """With a label: what was searched, and who asked."""
    unlabelled: int
    """Rows without a label: neither asked nor found."""
    unanswerable: int
    """Queries whose label stands in no other group: nothing right could be found, and they are not counted."""
    groups: int


class _Asked(NamedTuple):
    """Per answerable query, and per k where two-dimensional."""

    label: NDArray[np.int64]
    group: NDArray[np.int64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    hit: NDArray[np.float64]


def precision_at(
    found: Collection,
    labels: Sequence[str | None],
    groups: Sequence[str],
    ks: Sequence[int] = (1, 5, 10),
    seed: int = 0,
    *,
    tell: Tell | None = None,
) -> Precision:
    """Every labelled row asks for its nearest labelled rows of other groups, exactly.

    `labels` and `groups`: one a row. `groups` says what belongs together and must not answer for itself: the subject,
    the study or the whole data set. Equal cosines count in the order of the rows. `seed`: of the bootstrap.
    Raises BadRequest where they do not fit the rows, or where no query can be answered.
    """
    if not len(found.entries) == len(labels) == len(groups):
        raise BadRequest(f"{len(labels)} labels and {len(groups)} groups came for {len(found.entries)} rows")
    wanted = sorted(set(ks))
    if not wanted or wanted[0] < 1 or wanted[-1] > MOST_FOUND:
        raise BadRequest(f"precision at {list(ks)} was asked for", do=f"Ask for 1 to {MOST_FOUND}.")
    rows = [row for row, label in enumerate(labels) if label]
    names, label = np.unique([str(labels[row]) for row in rows], return_inverse=True)
    group = np.unique([groups[row] for row in rows], return_inverse=True)[1]
    asked = _asked(found.vectors[rows], label, group, wanted, tell)
    if not len(asked.label):
        raise BadRequest("no label stands in two groups", do="Choose another label, or a finer group.")
    return Precision(
        space=found.space,
        at=tuple(_at(k, place, asked, names.tolist(), seed) for place, k in enumerate(wanted)),
        rows=len(rows),
        unlabelled=len(labels) - len(rows),
        unanswerable=len(rows) - len(asked.label),
        groups=len(set(group.tolist())),
    )


def _asked(
    vectors: Vectors, label: NDArray[np.int64], group: NDArray[np.int64], ks: Sequence[int], tell: Tell | None
) -> _Asked:
    right = _others_of(label, group)
    free = len(label) - np.bincount(group, minlength=1)[group]
    asking = np.flatnonzero(right > 0)
    shape = (len(asking), len(ks))
    precision, recall, hit = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    done = 0
    for queries in _parts(asking, len(label)):
        cosines = vectors[queries] @ vectors.T
        cosines[group[queries][:, None] == group[None, :]] = -np.inf
        for query, row in zip(queries.tolist(), cosines, strict=True):
            fits = label[_best(row, min(ks[-1], int(free[query])))] == label[query]
            for place, k in enumerate(ks):
                hits = int(fits[:k].sum())
                precision[done, place] = hits / min(k, free[query])
                recall[done, place] = hits / right[query]
                hit[done, place] = hits > 0
            done += 1
        if tell:
            tell(done, len(asking))
    return _Asked(label[asking], group[asking], precision, recall, hit)


def _others_of(label: NDArray[np.int64], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of the same label in other groups, a row."""
    both = np.unique(np.stack([label, group], axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    found: NDArray[np.int64] = np.bincount(label, minlength=1)[label] - np.bincount(both, minlength=1)[both]
    return found


def _parts(asking: NDArray[np.int64], count: int) -> Iterator[NDArray[np.int64]]:
    size = max(1, CELLS // max(count, 1))
    for start in range(0, len(asking), size):
        yield asking[start : start + size]


def _best(cosines: Vectors, k: int) -> NDArray[np.intp]:
    """Places of the `k` largest, best first, equal ones by place."""
    edge = np.partition(cosines, len(cosines) - k)[len(cosines) - k]
    near = np.flatnonzero(cosines >= edge)
    best: NDArray[np.intp] = near[np.lexsort((near, -cosines[near]))[:k]]
    return best


def _at(k: int, place: int, asked: _Asked, names: Sequence[str], seed: int) -> AtK:
    precision, recall, hit = (values[:, place] for values in (asked.precision, asked.recall, asked.hit))
    return AtK(
        k=k,
        precision=micro(precision),
        precision_macro=_macro(precision, asked, seed),
        recall=micro(recall),
        recall_macro=_macro(recall, asked, seed),
        hit=micro(hit),
        by_label={names[one]: micro(precision[asked.label == one]) for one in np.unique(asked.label).tolist()},
    )


def micro(values: NDArray[np.float64]) -> Share:
    """Mean of (n,) values in 0 to 1 with Wilson's 95 % interval."""
    n, share = len(values), float(values.mean())
    square = Z95**2 / n
    middle = (share + square / 2) / (1 + square)
    half = Z95 * sqrt(share * (1 - share) / n + square / (4 * n)) / (1 + square)
    return Share(share=share, low=max(0.0, middle - half), high=min(1.0, middle + half), n=n)


def _macro(values: NDArray[np.float64], asked: _Asked, seed: int) -> Share:
    label = np.unique(asked.label, return_inverse=True)[1]
    group = np.unique(asked.group, return_inverse=True)[1]
    shape = (int(group.max()) + 1, int(label.max()) + 1)
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (group, label), values)
    np.add.at(counts, (group, label), 1)
    share = float((sums.sum(axis=0) / counts.sum(axis=0)).mean())
    if shape[0] < 2:
        return Share(share=share, low=0.0, high=1.0, n=len(values))
    drawn = np.random.default_rng(seed).multinomial(shape[0], np.full(shape[0], 1 / shape[0]), DRAWS)
    of = drawn @ counts
    means = np.divide(drawn @ sums, of, out=np.zeros_like(of), where=of > 0).sum(axis=1) / (of > 0).sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Share(share=share, low=min(float(low), share), high=max(float(high), share), n=len(values))
