"""Drift as a page: the answer, the course over time, what changed in each window."""

from __future__ import annotations

from readingroom.exports.curves import time_chart
from readingroom.exports.plots_page import Page, Table
from readingroom.workflows.drift import Drift, Period, expected_alarms, worst

MOST_CHANGES = 5
"""Fields that an alarm's table names."""


def drift_page(found: Drift) -> Page:
    """What `check_drift` found."""
    tested = [period for period in found.periods if period.p is not None]
    alarms = found.alarms
    named = ", ".join(f"{period.name} ({worst(period)})" for period in alarms)
    told = f"{len(alarms)} of {len(tested)} windows alarm{f': {named}' if named else ''}."
    return Page(
        title="Drift",
        answer=f"{told} By chance alone {expected_alarms(found):.2g} would be expected.",
        alarm=bool(alarms),
        charts=(
            time_chart([(one.name, one.p, one.alarm, _words(one)) for one in found.periods], found.limit,
                       1 / (found.splits + 1)),
        ),
        tables=(_windows("Windows", found.periods), *_changes(found), *_own(found)),
        strips=(),
        notes=_notes(found),
    )  # fmt: skip


def _words(period: Period) -> str:
    told = "" if period.p is None else f"\np {period.p:.3g}, most in {worst(period)}"
    return f"{period.name}: {period.images} images of {period.subjects} subjects{told}"


def _windows(title: str, periods: tuple[Period, ...]) -> Table:
    rows = tuple(
        (
            one.name, str(one.images), str(one.subjects), "" if one.p is None else f"{one.p:.3g}",
            "alarm" if one.alarm else "", worst(one),
            ", ".join(f"{test.name} {test.adjusted:.3g}" for test in one.tests), one.note,
        )
        for one in periods
    )  # fmt: skip
    heads = ("window", "images", "subjects", "p", "", "most in", "adjusted p of each", "note")
    return Table(title, heads, rows, frozenset(at for at, one in enumerate(periods) if one.alarm))


def _changes(found: Drift) -> tuple[Table, ...]:
    rows = tuple(
        (period.name, one.field, one.test, f"{one.p:.3g}", one.words)
        for period in found.alarms
        for one in period.changed[:MOST_CHANGES]
    )
    heads = ("window", "field", "test", "p (Holm)", "what differs most")
    return (Table("What the alarms' metadata say", heads, rows),) if rows else ()


def _own(found: Drift) -> tuple[Table, ...]:
    return (_windows("The reference's own windows, each against the rest of it", found.own),) if found.own else ()


def _notes(found: Drift) -> tuple[str, ...]:
    watched = found.watched
    how = "maximum mean discrepancy (Gaussian kernel, median bandwidth)" if watched.how == "mmd" else "energy distance"
    own = sum(period.alarm for period in found.own)
    told = [
        f"Reference: {found.reference_images} images of {found.reference_subjects} subjects; vectors of {found.space}.",
        f"Each {watched.span} is tested by the {how} of the vectors and by {', '.join(found.fields) or 'no field'}: "
        "Kolmogorov-Smirnov for numbers, chi-square for words, one value a patient.",
        f"p is the smallest of them, adjusted for their number by {found.splits} random divisions of all patients "
        f"(Westfall and Young). An alarm is p of at most {found.limit:.3g}; where nothing changes, a window alarms "
        f"with a chance of at most {watched.false_alarm:g}.",
        "The same image in several windows, or patients who hang together, would raise that chance.",
    ]
    if found.own:
        lowered = "; the alarm limit was lowered by them" if found.limit < watched.false_alarm else ""
        windows = f"{own} of the reference's own {len(found.own)} windows"
        told.append(f"{windows} would alarm at {watched.false_alarm:g}{lowered}.")
    if found.undated:
        told.append(f"{found.undated} images of the stream tell no day in {watched.time!r} and were left out.")
    told.append("An alarm says that what comes in has changed, not that a model has become worse.")
    return tuple(told)
