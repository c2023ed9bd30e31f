"""Metadata of two samples, field by field: one value a patient, one test a field, and words for what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from readingroom.errors import BadRequest
from readingroom.index.entry import Entry
from readingroom.learning.grouping import STUDY, SUBJECT, TECHNICAL, number_of, subjects_of, texts_of
from readingroom.learning.two_sample import Sides, Statistic

Kind = Literal["numeric", "categorical"]

MOST_VALUES = 20
"""A field of texts with more different ones is a name or a number, not an acquisition field."""
EXPECTED = 5
"""Least expected count of a cell for the chi-square distribution to hold (Cochran 1954)."""


class Column(NamedTuple):
    """One field of some patients."""

    field: str
    kind: Kind
    numbers: NDArray[np.float64]
    """The patient's median of a numeric field; -inf where none is told, below every number."""
    texts: tuple[str, ...]
    """The patient's most frequent value, as text."""


class Difference(NamedTuple):
    """One field of two samples."""

    field: str
    kind: Kind
    test: Literal["Kolmogorov-Smirnov", "Fisher", "chi-square"]
    statistic: float
    p: float
    words: str
    """What differs: "GE 2 % before, 41 % here"."""


def fields_of(entries: Iterable[Entry], leave: Sequence[str] = ()) -> tuple[str, ...]:
    """Fields that can be tested: numbers, and texts of few values; nothing that tells whose they are."""
    rows = tuple(entries)
    found = []
    for field in sorted({name for entry in rows for name in entry.metadata} - {SUBJECT, STUDY, *TECHNICAL, *leave}):
        few = len({texts_of(entry.metadata, field) for entry in rows}) <= MOST_VALUES
        if few or kind_of(rows, field) == "numeric":
            found.append(field)
    return tuple(found)


def kind_of(entries: Iterable[Entry], field: str) -> Kind:
    """Numeric where every value told is a number."""
    values = [entry.metadata[field] for entry in entries if entry.metadata.get(field) is not None]
    numeric = values and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return "numeric" if numeric else "categorical"


def column_of(entries: Sequence[Entry], field: str, kind: Kind) -> Column:
    """One value a patient, in the order of `subjects_of`."""
    numbers, texts = [], []
    for subject in subjects_of(entries):
        metadata = [entries[row].metadata for row in subject.rows]
        told = np.array([number_of(one, field) for one in metadata])
        told = told[np.isfinite(told)]
        numbers.append(float(np.median(told)) if len(told) else -np.inf)
        counts = Counter(texts_of(one, field) for one in metadata)
        texts.append(min(counts, key=lambda text: (-counts[text], text)))
    return Column(field, kind, np.array(numbers), tuple(texts))


def joined(first: Column, second: Column) -> Column:
    """Patients of two samples one after the other."""
    return Column(first.field, first.kind, np.concatenate([first.numbers, second.numbers]), first.texts + second.texts)


def statistic_of(column: Column) -> Statistic:
    """Kolmogorov-Smirnov of a numeric column, times sqrt(m n / (m + n)); chi-square of a categorical one."""
    return _ks_of(column.numbers) if column.kind == "numeric" else _chi_square_of(column.texts)


def _ks_of(numbers: NDArray[np.float64]) -> Statistic:
    order = np.argsort(numbers, kind="stable")
    last = np.append(numbers[order][1:] != numbers[order][:-1], True)
    """Places where a run of equal numbers ends: only there do both step functions stand."""

    def statistic(sides: Sides) -> NDArray[np.float64]:
        second = sides[:, order].astype(np.float64)
        n = second.sum(axis=1)
        m = len(numbers) - n
        of_second = np.cumsum(second, axis=1)[:, last] / n[:, None]
        of_first = np.cumsum(1 - second, axis=1)[:, last] / m[:, None]
        return np.asarray(np.abs(of_second - of_first).max(axis=1) * np.sqrt(m * n / (m + n)))

    return statistic


def _chi_square_of(texts: Sequence[str]) -> Statistic:
    names, inverse = np.unique(np.array(texts), return_inverse=True)
    held = np.eye(len(names))[inverse]

    def statistic(sides: Sides) -> NDArray[np.float64]:
        total = held.sum(axis=0)
        second = sides.astype(np.float64) @ held
        share = sides.mean(axis=1)[:, None]
        expected = total * share
        difference = (second - expected) ** 2
        return np.asarray((difference / expected + difference / (total - expected)).sum(axis=1))

    return statistic


def difference(reference: Sequence[Entry], other: Sequence[Entry], field: str) -> Difference:
    """One field of two samples, one value a patient: Kolmogorov-Smirnov, Fisher for 2 x 2, else chi-square.

    A chi-square table with expected counts below 5 has its p-value from 1999 permutations. Raises BadRequest where a
    sample is empty.
    """
    if not reference or not other:
        raise BadRequest("a sample without rows cannot be compared")
    kind = kind_of((*reference, *other), field)
    first, second = column_of(reference, field, kind), column_of(other, field, kind)
    if kind == "numeric":
        found = stats.ks_2samp(first.numbers, second.numbers, method="auto")
        return Difference(field, kind, "Kolmogorov-Smirnov", float(found.statistic), float(found.pvalue),
                          _numeric_words(first.numbers, second.numbers))  # fmt: skip
    names = sorted({*first.texts, *second.texts})
    table = np.array([[one.texts.count(name) for name in names] for one in (first, second)])
    words = _shift_words(names, table)
    if len(names) == 1:
        return Difference(field, kind, "chi-square", 0.0, 1.0, words)
    if len(names) == 2:
        ratio, p = stats.fisher_exact(table)
        return Difference(field, kind, "Fisher", float(ratio) if np.isfinite(ratio) else 0.0, float(p), words)
    chi_square = stats.chi2_contingency(table, correction=False)
    p = float(chi_square.pvalue)
    if chi_square.expected_freq.min() < EXPECTED:
        p = _permuted(first, second, float(chi_square.statistic))
    return Difference(field, kind, "chi-square", float(chi_square.statistic), p, words)


def _permuted(first: Column, second: Column, observed: float, splits: int = 1999) -> float:
    whole = joined(first, second)
    chance = np.random.default_rng(0)
    sides = np.argsort(chance.random((splits, len(whole.texts))), axis=1) < len(second.texts)
    return float((1 + np.count_nonzero(statistic_of(whole)(sides) >= observed - 1e-9)) / (splits + 1))


def _numeric_words(first: NDArray[np.float64], second: NDArray[np.float64]) -> str:
    told = []
    for numbers in (first, second):
        finite = numbers[np.isfinite(numbers)]
        missing = f", missing in {1 - len(finite) / len(numbers):.0%}" if len(finite) < len(numbers) else ""
        told.append((f"median {np.median(finite):.4g}" if len(finite) else "no value") + missing)
    return f"{told[0]} in the reference, {told[1]} here"


def _shift_words(names: Sequence[str], table: NDArray[np.int64]) -> str:
    """The value whose share moved most."""
    shares = table / table.sum(axis=1, keepdims=True)
    moved = int(np.argmax(np.round(np.abs(shares[1] - shares[0]), 9)))
    return f"{names[moved]} {shares[0, moved]:.0%} in the reference, {shares[1, moved]:.0%} here"


def oddity(reference: Column, value: float | str) -> float:
    """How rare one value is in the reference: (1 + patients as rare) / (n + 1), of a number both tails doubled.

    A categorical value counts the patients whose own value is no more frequent than this one.
    """
    n = len(reference.texts)
    if isinstance(value, str):
        counts = Counter(reference.texts)
        rare = sum(count for name, count in counts.items() if count <= counts[value])
        return min(1.0, (1 + rare) / (n + 1))
    below, above = np.count_nonzero(reference.numbers <= value), np.count_nonzero(reference.numbers >= value)
    return float(min(1.0, 2 * (1 + min(below, above)) / (n + 1)))
