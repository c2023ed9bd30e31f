"""The few numbers that a reader study needs: intervals, an exact test, an edit distance."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, sqrt

Z95 = 1.959963984540054
"""97.5 % quantile of the normal distribution."""


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson 1927); 0 to 1 where there is nothing to count."""
    if of == 0:
        return 0.0, 1.0
    share, square = hits / of, Z95**2 / of
    middle = (share + square / 2) / (1 + square)
    half = Z95 * sqrt(share * (1 - share) / of + square / (4 * of)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def sign_test(one: int, other: int) -> float:
    """Two-sided exact binomial p of `one` against `other` under even odds; 1 where nothing was decided."""
    of = one + other
    tail = sum(comb(of, each) for each in range(min(one, other) + 1))
    return min(1.0, 2 * tail / float(2**of))


def word_distance(before: str, after: str) -> int:
    """Words to insert, delete or replace to make one text of the other (Levenshtein)."""
    return distance(before.split(), after.split())


def distance(before: Sequence[str], after: Sequence[str]) -> int:
    """Levenshtein distance of two sequences."""
    low, high = 0, 0
    while low < min(len(before), len(after)) and before[low] == after[low]:
        low += 1
    while high < min(len(before), len(after)) - low and before[-1 - high] == after[-1 - high]:
        high += 1
    one, other = before[low : len(before) - high], after[low : len(after) - high]
    row = list(range(len(other) + 1))
    for place, sign in enumerate(one, 1):
        corner, row[0] = row[0], place
        for column, against in enumerate(other, 1):
            corner, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, corner + (sign != against))
    return row[-1]
