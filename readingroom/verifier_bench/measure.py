"""The measurement: errors made and found, harmless reports and false alarms, with their intervals."""

from __future__ import annotations

import gc
import math
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from readingroom.agents.verifier import ALL, Ledger, of_report, verify, verify_report
from readingroom.domain.check import Check, Problem, Rule, Verification
from readingroom.domain.report import Report
from readingroom.domain.value import Value
from readingroom.verifier_bench.classes import ALARM_BAR, CLASSES, LEVELS, MAKERS, RIGHT_BAR, ErrorClass, Level, bar_of
from readingroom.verifier_bench.controls import CONTROLS
from readingroom.verifier_bench.drafts import Draft, draw_draft, report_of, seeded
from readingroom.verifier_bench.mutant import Mutant
from readingroom.verifier_bench.phrasebook import Writer, phrasebook

LEAST = 300
"""Errors that a class needs before its bar counts."""

TRIES = 40
"""Reports looked through for each error asked for, before a rare class stays short."""

BARRED: Writer = "tuned"
"""The phrasings that the bars hold for."""

SPEED_BAR = 500.0
"""Least reports a second on one core: 1,000 in 2 s."""


Said = frozenset[tuple[str, str]]
"""Rules that spoke, each with the sentence or the evidence it spoke of."""


class Interval(Value):
    """A share with its Wilson 95 percent interval."""

    share: float
    low: float
    high: float


def wilson(hits: int, n: int) -> Interval:
    """Wilson's score interval (1927), z = 1.96."""
    if n == 0:
        return Interval(share=0.0, low=0.0, high=1.0)
    z, p = 1.96, hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Interval(share=p, low=max(0.0, middle - half), high=min(1.0, middle + half))


class Cell(Value):
    """One class at one level."""

    name: str
    level: Level
    n: int
    detected: int
    right: int
    """Of the detected, how many by a rule of their class."""
    interval: Interval
    bar: float

    @property
    def low(self) -> bool:
        """Too few of the errors were found, or too few by a rule of their class."""
        return self.interval.share < self.bar or self.right < RIGHT_BAR * self.detected

    @property
    def fails(self) -> bool:
        """Too few were made to tell, or too few of them found."""
        return self.n < LEAST or self.low


class Alarms(Value):
    """One control, by reports; a report with one false problem is a false alarm."""

    name: str
    n: int
    false: int
    interval: Interval
    sentences: int
    flagged: int
    """Sentences with a problem."""


class Result(Value):
    """All figures of one set of phrasings."""

    writer: Writer
    seed: int
    cells: tuple[Cell, ...]
    alarms: tuple[Alarms, ...]
    reports: int
    """Distinct reports that the speed was measured on, each verified once."""
    sentences: int
    per_second: float

    @property
    def false_alarms(self) -> Interval:
        return wilson(sum(one.false for one in self.alarms), sum(one.n for one in self.alarms))

    @property
    def spoken(self) -> int:
        """Sentences of all controls."""
        return sum(one.sentences for one in self.alarms)

    @property
    def flagged(self) -> Interval:
        """Of those, with a problem."""
        return wilson(sum(one.flagged for one in self.alarms), self.spoken)

    @property
    def failures(self) -> tuple[str, ...]:
        """What does not reach its bar, one line each; the phrasings held out have no bars."""
        if self.writer != BARRED:
            return ()
        found = [f"{one.name} ({one.level}): {one.interval.share:.1%} of {one.n} ({one.right} by its own rules), "
                 f"bar {one.bar:.0%} of {LEAST}" for one in self.cells if one.fails]  # fmt: skip
        if self.false_alarms.share > ALARM_BAR:
            found.append(f"false alarms: {self.false_alarms.share:.1%}, bar {ALARM_BAR:.0%}")
        return tuple(found)


class Miss(NamedTuple):
    """An error that was not found, or found by another rule, or a false alarm."""

    kind: str
    level: str
    mutant: Mutant
    got: tuple[str, ...]
    found: bool


class Measured(NamedTuple):
    """The figures, and what lies behind them."""

    result: Result
    misses: tuple[Miss, ...]


class _Count:
    """What has been made and found so far of one class at one level."""

    def __init__(self, one: ErrorClass, level: Level) -> None:
        self.one, self.level = one, level
        self.both = level == "field" or one.whole
        self.n = self.detected = self.right = 0

    def add(self, mutant: Mutant, fresh: Said) -> Miss | None:
        """One error with what its report was told beyond the unmutated one; a miss unless a right rule spoke."""
        right = any(rule in self.one.rules for rule, _ in fresh)
        self.n += 1
        self.detected += bool(fresh)
        self.right += right
        rules = tuple(sorted({rule for rule, _ in fresh}))
        return None if right else Miss(self.one.name, self.level, mutant, rules, bool(fresh))

    def cell(self) -> Cell:
        return Cell(
            name=self.one.name, level=self.level, n=self.n, detected=self.detected, right=self.right,
            interval=wilson(self.detected, self.n), bar=bar_of(self.one, self.level),
        )  # fmt: skip


def measure(writer: Writer, *, seed: int = 1, n: int = LEAST, without: frozenset[Rule] = frozenset()) -> Measured:
    """Errors and controls of one set of phrasings, `n` of each, the same for the same seed.

    `without`: rules left out.
    """
    rules = ALL - without
    cells, misses = count_errors(writer, seed=seed, n=n, rules=rules)
    alarms, alarmed = count_alarms(writer, seed=seed, n=n, rules=rules)
    reports, sentences, rate = speed(writer, seed, min(1000, 4 * n), rules)
    result = Result(
        writer=writer, seed=seed, cells=cells, alarms=alarms, reports=reports, sentences=sentences, per_second=rate
    )
    return Measured(result, (*misses, *alarmed))


def count_errors(
    writer: Writer, *, seed: int, n: int, rules: frozenset[Rule] = ALL, only: frozenset[str] = frozenset()
) -> tuple[tuple[Cell, ...], list[Miss]]:
    """`n` errors of each class at each level, or of those classes only, and what was not found.

    Text and evidence are judged by the sentences alone (`verify`), fields and what hangs on one by both passes
    (`verify_report`). An error is
    detected if a rule speaks of a sentence, or an omission is told, that was not in the verification of the report
    without it.
    """
    counts = [
        _Count(one, level)
        for one in CLASSES
        for level in LEVELS
        if one.name in MAKERS[level] and (not only or one.name in only)
    ]
    misses: list[Miss] = []
    for number in range(n * TRIES):
        short = [count for count in counts if count.n < n]
        if not short:
            break
        misses += _of_one_report(draw_draft(phrasebook(writer), seed, number), seed, short, rules)
    return tuple(count.cell() for count in counts), misses


def _of_one_report(draft: Draft, seed: int, counts: list[_Count], rules: frozenset[Rule]) -> Iterator[Miss]:
    """Every error that is still asked for and has a place in this report."""
    report = report_of(draft)
    before = {both: _said(_verified(report, both, rules)) for both in {count.both for count in counts}}
    for count in counts:
        dice = seeded(seed, draft.number, count.one.name, count.level)
        mutant = MAKERS[count.level][count.one.name](draft, report, dice)
        if mutant is None:
            continue
        miss = count.add(mutant, _said(_verified(mutant.report, count.both, rules)) - before[count.both])
        if miss is not None:
            yield miss


def _verified(report: Report, both: bool, rules: frozenset[Rule]) -> Verification:
    if both:
        return verify_report(report, rules=rules)
    return verify(of_report(report), Ledger(evidence=report.evidence, images=report.images), rules=rules)


def _said(found: Verification) -> Said:
    """What was called wrong; that a sentence cannot be checked is no alarm and finds no error."""
    problems = {(problem.rule, check.target) for check in found.checks for problem in _wrong(check)}
    return frozenset(problems | {(one.rule, name) for one in found.omissions for name in one.evidence})


def _wrong(check: Check) -> tuple[Problem, ...]:
    return tuple(problem for problem in check.problems if problem.verdict != "not_checkable")


def count_alarms(
    writer: Writer, *, seed: int, n: int, rules: frozenset[Rule] = ALL
) -> tuple[tuple[Alarms, ...], list[Miss]]:
    """`n` right reports under each control, judged by both passes, and every problem that was told of them."""
    found: list[Alarms] = []
    alarmed: list[Miss] = []
    for name in CONTROLS:
        total: Counter[str] = Counter()
        for report in islice(_reworded(name, writer, seed, n * TRIES), n):
            told = verify_report(report, rules=rules)
            total["n"] += 1
            total["false"] += bool(_said(told))
            total["sentences"] += len(told.checks)
            total["flagged"] += sum(bool(_wrong(check)) for check in told.checks)
            alarmed += _as_misses(name, report, told)
        found.append(
            Alarms(
                name=name, n=total["n"], false=total["false"], interval=wilson(total["false"], total["n"]),
                sentences=total["sentences"], flagged=total["flagged"],
            )
        )  # fmt: skip
    return tuple(found), alarmed


def _reworded(name: str, writer: Writer, seed: int, most: int) -> Iterator[Report]:
    """Reports under one control, of those in which its words occur."""
    for number in range(most):
        report = CONTROLS[name](draw_draft(phrasebook(writer), seed, number), seeded(seed, number, name))
        if report is not None:
            yield report


def _as_misses(name: str, report: Report, told: Verification) -> Iterator[Miss]:
    for check in told.checks:
        for problem in _wrong(check):
            yield Miss(name, "control", Mutant(report, check.target, "", check.text), (problem.rule, problem.reason),
                       True)  # fmt: skip
    for one in told.omissions:
        yield Miss(name, "control", Mutant(report, one.evidence[0], "", ""), (one.rule, one.reason), True)


def speed(writer: Writer, seed: int, n: int, rules: frozenset[Rule] = ALL) -> tuple[int, int, float]:
    """Reports, their sentences, and reports verified a second of processor time; reports no other figure has seen.

    With their fields, which a text alone does not have; what is in memory from elsewhere is not collected meanwhile.
    """
    reports = [report_of(draw_draft(phrasebook(writer), seed + 1, number)) for number in range(n)]
    gc.freeze()
    start = time.process_time()
    for report in reports:
        verify_report(report, rules=rules)
    took = time.process_time() - start
    gc.unfreeze()
    return n, sum(len(one.findings) + len(one.impression) for one in reports), n / took
