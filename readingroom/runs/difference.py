"""Two runs side by side: the first thing in which they differ, then what their reports say differently."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from typing import Any, Literal

from readingroom.domain.report import Report
from readingroom.domain.value import Value
from readingroom.runs.differing import Differing, first_difference
from readingroom.runs.history import Answered, History
from readingroom.runs.run import Step
from readingroom.runs.store import Store

Place = Literal["conditions", "request", "step", "output", "report", "nothing"]


class Difference(Value):
    """What `diff` tells."""

    runs: tuple[str, str]
    place: Place
    """Where the first difference lies: what was asked, a step (which was asked, or what for), what it gave ..."""
    step: str = ""
    """The first step that differs, where one does."""
    line: str
    """All of it in one line."""
    at: Differing | None = None
    only_first: tuple[str, ...] = ()
    """Sentences of the first report that the second lacks."""
    only_second: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        return self.place == "nothing"


class _Found(Value):
    place: Place
    line: str
    step: str = ""
    at: Differing | None = None


def difference(store: Store, first: str, second: str) -> Difference:
    """By whole ids. Raises RecordError where a record needed for it was changed."""
    one, two = store.history(first), store.history(second)
    sentences = _sentences(store, one), _sentences(store, two)
    gone = tuple(_left(*sentences))
    new = tuple(_left(*reversed(sentences)))
    found = _request(one, two) or _steps(one, two) or _conditions(one, two)
    if found is None and (gone or new):
        found = _Found(place="report", line="every step is the same; the reports say different things")
    if found is None:
        found = _Found(place="nothing", line="the same request, steps and sentences")
    return Difference(runs=(first, second), only_first=gone, only_second=new, **found.model_dump())


def _conditions(one: History, two: History) -> _Found | None:
    if changed := one.conditions.changed(two.conditions):
        return _Found(place="conditions", line=f"the same request and steps; in the second run {'; '.join(changed)}")
    return None


def _request(one: History, two: History) -> _Found | None:
    ours, theirs = (_asked(past) for past in (one, two))
    if (at := first_difference(ours, theirs)) is None:
        return None
    return _Found(place="request", line=f"they were asked differently: {at.line('first', 'second')}", at=at)


def _asked(past: History) -> dict[str, Any]:
    return {"workflow": past.run.workflow, "subject": past.run.subject, **json.loads(past.content(past.begun))}


def _steps(one: History, two: History) -> _Found | None:
    """Steps go by name and, of several of one name, by order; whichever of two parallel ones came first."""
    ours, theirs = _named(one.last_attempt), _named(two.last_attempt)
    for name, answered in ours.items():
        if name not in theirs:
            return _Found(place="step", step=name[0], line=f"step {name[0]!r} is in the first run only")
        if found := _step(one, two, answered, theirs[name]):
            return found
    for name in theirs:
        if name not in ours:
            return _Found(place="step", step=name[0], line=f"step {name[0]!r} is in the second run only")
    return None


def _named(steps: Sequence[Answered]) -> dict[tuple[str, int], Answered]:
    found: dict[tuple[str, int], Answered] = {}
    for item in steps:
        times = sum(name == item.step.name for name, _ in found)
        found[item.step.name, times] = item
    return found


def _step(one: History, two: History, first: Answered, second: Answered) -> _Found | None:
    name = first.step.name
    if first.step.key != second.step.key:
        by = first_difference(_who(first.step), _who(second.step))
        at = by or first_difference(one.request(first.step), two.request(second.step))
        told = at.line("first", "second") if at else "another key"
        return _Found(place="step", step=name, line=f"step {name!r} asks something else: {told}", at=at)
    if first.step.status != second.step.status or first.step.error != second.step.error:
        ends = [f"{item.step.status} ({item.step.error})" if item.step.error else "done" for item in (first, second)]
        return _Found(place="output", step=name, line=f"step {name!r} ended as {ends[0]} first, {ends[1]} second")
    if first.step.output_sha256 == second.step.output_sha256:
        return None
    at = first_difference(one.output(first), two.output(second))
    told = at.line("first", "second") if at else "the text of it"
    return _Found(place="output", step=name, line=f"step {name!r} gave something else: {told}", at=at)


def _who(step: Step) -> dict[str, str]:
    return {name: getattr(step, name) for name in ("tool", "version", "backend")}


def _sentences(store: Store, past: History) -> list[str]:
    if past.run.report_sha256 is None:
        return []
    report = store.report(past.run.id)
    return _texts(report)


def _texts(report: Report) -> list[str]:
    return [item.text for part in (report.findings, report.impression, report.limitations) for item in part]


def _left(first: list[str], second: list[str]) -> list[str]:
    """Lines of the first that the second lacks, in order."""
    return [line[2:] for line in difflib.ndiff(first, second) if line.startswith("- ")]
