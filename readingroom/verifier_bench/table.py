"""The figures as a table for people, and as one value for machines."""

from __future__ import annotations

from collections.abc import Iterator

from readingroom.domain.value import Value
from readingroom.verifier_bench.classes import ALARM_BAR, CLASSES, LEVELS
from readingroom.verifier_bench.measure import BARRED, LEAST, SPEED_BAR, Cell, Interval, Result

TITLES = {
    "tuned": "Phrasings that the verifier was tuned on",
    "held_out": "Second set of phrasings, for development",
    "varied": "Third set of phrasings, for development: many schools of reporting",
    "fresh": "Fresh phrasings, the test set: seen by nobody who tunes",
    "unseen": "Unseen phrasings, the second test set, by another writer: seen by nobody who tunes",
}
WIDTH = 25


class Figures(Value):
    """Every set of phrasings that was run, and whether all bars hold."""

    results: tuple[Result, ...]
    without: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[str, ...]:
        """What is below its bar; speed is taken of all sets together."""
        found = [f"{one.writer}: {line}" for one in self.results for line in one.failures]
        rate = min((one.per_second for one in self.results), default=SPEED_BAR)
        if rate < SPEED_BAR:
            found.append(f"speed: {rate:.0f} reports/s, bar {SPEED_BAR:.0f}")
        return tuple(found)


def _share(one: Interval) -> str:
    return f"{one.share:6.1%} [{one.low:5.1%}, {one.high:6.1%}]"


def _row(cell: Cell, barred: bool) -> str:
    right = f"{cell.right / cell.detected:6.1%}" if cell.detected else "     -"
    mark = "  below its bar" if barred and cell.low else "  too few" if cell.n < LEAST else ""
    return f"{cell.name:{WIDTH}}{cell.level:10}{cell.n:6}  {_share(cell.interval)}  {right}{mark}"


def lines_of(result: Result) -> Iterator[str]:
    """One set of phrasings as text."""
    barred = result.writer == BARRED
    yield f"{TITLES[result.writer]} (seed {result.seed})"
    yield f"{'class':{WIDTH}}{'level':10}{'n':>6}  {'detected [Wilson 95 %]':24} right rule"
    cells = {(cell.name, cell.level): cell for cell in result.cells}
    for one in CLASSES:
        for level in LEVELS:
            if (one.name, level) in cells:
                yield _row(cells[one.name, level], barred)
            else:
                yield f"{one.name:{WIDTH}}{level:10}     -  {one.without.get(level, '')}"
    yield ""
    yield f"{'control':{WIDTH}}{'n':>6}  false alarms [Wilson 95 %]"
    for alarms in result.alarms:
        yield f"{alarms.name:{WIDTH}}{alarms.n:6}  {_share(alarms.interval)}"
    total = sum(alarms.n for alarms in result.alarms)
    mark = "  above its bar" if barred and result.false_alarms.share > ALARM_BAR else ""
    yield f"{'all':{WIDTH}}{total:6}  {_share(result.false_alarms)}{mark}"
    yield f"{result.flagged.share:.1%} of the {result.spoken} sentences of all controls are flagged"
    size = f"n {result.reports}, {result.sentences} sentences"
    yield f"{result.per_second:.0f} reports checked a second of one core ({size})"
