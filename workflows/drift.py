"""Whether what comes in has changed: a stream, window after window, against a reference."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Literal

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.index.entry import Metadata
from readingroom.index.protocol import Collection
from readingroom.learning.conformal import fewest, threshold
from readingroom.learning.drift import EMBEDDING, SMALLEST_WINDOW, How, Watch, check, splits_of
from readingroom.learning.fields import fields_of
from readingroom.learning.grouping import drawn, same_space, subjects_of
from readingroom.learning.two_sample import PERMUTATIONS
from readingroom.workflows.outliers import FieldShift, shifts

Span = Literal["day", "week", "month", "quarter", "year"]

ROUNDING = 1e-9
"""Far below the steps of a p-value, 1 / (splits + 1)."""

DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:\D.*|\d{6}.*)?")
"""2024-03-05, 20240305 and what DICOM and ISO 8601 let follow."""


class Watched(Value):
    """What is watched, how time is cut, and how often an alarm may be false."""

    time: str
    """The metadata field that tells the day of an image."""
    span: Span = "month"
    false_alarm: float = 0.01
    """Chance of an alarm in a window in which nothing has changed."""
    fields: tuple[str, ...] | None = None
    """Metadata fields beside the vectors; None: all of few values or of numbers."""
    how: How = "mmd"
    smallest: int = SMALLEST_WINDOW
    splits: int = PERMUTATIONS
    """Random divisions at least; more are made where the rate and the number of fields need them."""
    seed: int = 0


class Watching(Value):
    """One thing watched in one window."""

    name: str
    """ "embedding" or a metadata field."""
    p: float
    adjusted: float
    """Over all things watched in the window."""


class Period(Value):
    """One window of the stream."""

    name: str
    """ "2024-03", "2024-W10" ..."""
    images: int
    subjects: int
    p: float | None
    """None where it was not tested."""
    alarm: bool
    tests: tuple[Watching, ...] = ()
    changed: tuple[FieldShift, ...] = ()
    """Of an alarm: how the metadata differ from the reference, the clearest first."""
    note: str = ""


class Drift(Value):
    """All windows, in the order of time."""

    space: str
    reference_images: int
    reference_subjects: int
    watched: Watched
    fields: tuple[str, ...]
    periods: tuple[Period, ...]
    own: tuple[Period, ...]
    """The reference's own windows, each against the rest of it, where it tells the time: what is usual here."""
    splits: int
    """Random divisions made of each window."""
    limit: float
    """A window's p-value of at most this is an alarm: the false-alarm rate, or less where the reference's own windows
    came out as different more often than that."""
    undated: int
    """Images of the stream that tell no time."""

    @property
    def alarms(self) -> tuple[Period, ...]:
        return tuple(period for period in self.periods if period.alarm)


def check_drift(
    reference: Collection, stream: Collection, watched: Watched, tell: Callable[[str], None] | None = None
) -> Drift:
    """Every window of `stream` against `reference`. `tell` hears the name of each window before it is tested.

    A window of too few patients is told and not tested. Raises BadRequest where the spaces differ, where no row tells
    the time, where no window is large enough, or where the reference is too small.
    """
    same_space(reference.space, stream.space)
    windows, undated = _windows(stream, watched)
    if not windows:
        raise BadRequest(f"no row of the stream tells a day in {watched.time!r}", do="Name another field with --time.")
    fields = watched.fields
    if fields is None:
        fields = fields_of((*reference.entries, *stream.entries), leave=(watched.time,))
    watch = Watch(fields, watched.how, watched.false_alarm, watched.smallest, watched.splits, watched.seed)
    if all(len(subjects_of(window.entries)) < watched.smallest for window in windows.values()):
        most = max(len(subjects_of(window.entries)) for window in windows.values())
        raise BadRequest(f"no {watched.span} of the stream has {watched.smallest} subjects; the largest has {most}",
                         do="Choose a longer --window.")  # fmt: skip
    own = _own(reference, watched, watch, tell)
    limit = _limit([period.p for period in own if period.p is not None], watched.false_alarm)
    periods = []
    for name, window in windows.items():
        if tell:
            tell(name)
        periods.append(_period(name, reference, window, (watch, watched.time, limit)))
    return Drift(
        space=reference.space.title,
        reference_images=len(reference.entries),
        reference_subjects=len(subjects_of(reference.entries)),
        watched=watched,
        fields=fields,
        periods=tuple(periods),
        own=own,
        splits=splits_of(watch, 1 + len(fields)),
        limit=limit,
        undated=undated,
    )


def _limit(own: list[float], false_alarm: float) -> float:
    """The p-value at which a window alarms.

    The test itself holds the rate where patients come as if drawn from the reference. Real weeks and months differ by
    more: with enough windows of the reference's own (1 / rate - 1) the limit lies just under as many of the smallest of
    them as the rate allows.
    """
    if len(own) < fewest(false_alarm):
        return false_alarm
    return min(false_alarm, -threshold([-p for p in own], false_alarm) - ROUNDING)


def _own(
    reference: Collection, watched: Watched, watch: Watch, tell: Callable[[str], None] | None
) -> tuple[Period, ...]:
    """The reference's own windows against the rest of it, where it tells the time and the rest is large enough."""
    windows, _ = _windows(reference, watched)
    large = len(subjects_of(reference.entries)) >= 3 * watch.smallest
    if len(windows) < 2 or not large:
        return ()
    found = []
    for name, window in windows.items():
        within = {entry.id for entry in window.entries}
        rest = drawn(reference, [row for row, entry in enumerate(reference.entries) if entry.id not in within])
        people = {subject.name for subject in subjects_of(window.entries)}
        others = sum(subject.name not in people for subject in subjects_of(rest.entries))
        if others >= 2 * watch.smallest:
            if tell:
                tell(f"{name} of the reference")
            found.append(_period(name, rest, window, (watch, watched.time, watch.false_alarm)))
    return tuple(found)


def _period(name: str, reference: Collection, window: Collection, terms: tuple[Watch, str, float]) -> Period:
    """`terms`: what is watched, the field of the time, and the p-value that alarms."""
    watch, time, limit = terms
    images, subjects = len(window.entries), len(subjects_of(window.entries))
    if subjects < watch.smallest:
        note = f"not tested: {subjects} subjects, and {watch.smallest} are needed"
        return Period(name=name, images=images, subjects=subjects, p=None, alarm=False, note=note)
    found = check(reference, window, watch)
    alarm = found.p <= limit + ROUNDING / 2
    return Period(
        name=name,
        images=images,
        subjects=subjects,
        p=found.p,
        alarm=alarm,
        tests=tuple(Watching(name=test.name, p=test.p, adjusted=test.adjusted) for test in found.tests),
        changed=tuple(one for one in shifts(reference.entries, window.entries, (time,)) if one.p <= 0.05)
        if alarm
        else (),
        note="; ".join(found.notes),
    )


def _windows(found: Collection, watched: Watched) -> tuple[dict[str, Collection], int]:
    """Rows by window, in the order of time, and how many tell none."""
    rows: dict[str, list[int]] = {}
    undated = 0
    for row, entry in enumerate(found.entries):
        day = _day(entry.metadata, watched.time, entry.id)
        if day is None:
            undated += 1
        else:
            rows.setdefault(window_name(day, watched.span), []).append(row)
    return {name: drawn(found, rows[name]) for name in sorted(rows)}, undated


def _day(metadata: Metadata, field: str, name: str) -> date | None:
    """Raises BadRequest for what is no day."""
    value = metadata.get(field)
    if value is None or value in ("", []):
        return None
    told = DAY.fullmatch(str(value).strip())
    try:
        if told:
            return date(int(told[1]), int(told[2]), int(told[3]))
    except ValueError:
        pass
    raise BadRequest(f"the field {field!r} of row {name[:40]!r} is no day", do="Write days as 2024-03-05 or 20240305.")


def window_name(day: date, span: Span) -> str:
    """The window that a day lies in; names sort as time does."""
    week = day.isocalendar()
    return {
        "day": day.isoformat(),
        "week": f"{week.year}-W{week.week:02}",
        "month": f"{day:%Y-%m}",
        "quarter": f"{day.year}-Q{(day.month + 2) // 3}",
        "year": f"{day.year}",
    }[span]


def worst(period: Period) -> str:
    """What stands out most in a window: "embedding", a field, or nothing."""
    least = min(period.tests, key=lambda test: (test.adjusted, test.name != EMBEDDING), default=None)
    return least.name if least else ""


def expected_alarms(drift: Drift) -> float:
    """False alarms to be expected among the windows tested, had nothing changed."""
    return drift.watched.false_alarm * sum(period.p is not None for period in drift.periods)
