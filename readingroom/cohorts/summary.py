"""The summary of a cohort: counts, failures by reason, verdicts, measures and speed on one page."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from readingroom.cohorts.estimate import Estimate
from readingroom.cohorts.item import Outcome
from readingroom.cohorts.journal import Journal
from readingroom.cohorts.options import Options
from readingroom.cohorts.progress import spoken
from readingroom.domain.value import Value
from readingroom.exports.chart import Chart, Series, ranges, whole_ticks
from readingroom.exports.plots_page import Page, Table, page_html
from readingroom.saving import save_files

SUMMARY = "summary.html"
MOST_CHARTS, MOST_REASONS, MOST_VALUES = 9, 30, 100_000
BINS = 24
"""Of a histogram at most; few values have fewer."""

Measure = tuple[str, str, str, str]
"""Observation, side, name and unit."""


class Session(Value):
    """One process's part in a cohort."""

    items: int
    seconds: float
    calls: int
    """Answers of endpoints, the refused ones with them."""
    retried: int
    cost: float = 0.0


@dataclass
class _Counted:
    """Over all items, in one pass."""

    status: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    findings: Counter[tuple[str, str]] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    clean: int = 0
    reports: int = 0
    values: dict[Measure, array[float]] = field(default_factory=dict)
    taken: array[float] = field(default_factory=lambda: array("d"))

    def add(self, found: Outcome | None) -> None:
        self.status[found.status if found else "waiting"] += 1
        if found is None:
            return
        if found.reason:
            self.reasons[found.error, _kind(found.reason)] += 1
        row = found.row
        self.reports += row.get("clean") is not None
        self.clean += row.get("clean") is True
        for name in ("supported", "contradicted", "unsupported", "not_checkable", "omitted"):
            self.verdicts[name] += row.get(name) or 0
        if row.get("label"):
            self.labels[row["label"]] += 1
        for one in found.findings:
            if one["row"] == "finding":
                self.findings[one["observation"], one["presence"]] += 1
            elif one["row"] == "measurement":
                self._measured(one)
        if len(self.taken) < MOST_VALUES:
            self.taken.append(found.cost.seconds)

    def _measured(self, one: dict[str, object]) -> None:
        side = str(one["laterality"])
        named = (str(one["observation"]), "" if side in ("unspecified", "not_applicable") else side,
                 str(one["measurement"]), str(one["unit"]))  # fmt: skip
        held = self.values.setdefault(named, array("d"))
        if len(held) < MOST_VALUES:
            held.append(float(str(one["value"])))


def _kind(reason: str) -> str:
    """A reason without what differs from item to item: names of files and numbers."""
    bare = re.sub(r"^[^:]{1,120}: ", "", reason)
    return re.sub(r"\d+(\.\d+)?", "n", bare)[:160]


def write_summary(folder: Path, journal: Journal, options: Options, sessions: list[Session],
                  estimate: Estimate | None) -> Path:  # fmt: skip
    """Raises RecordError where it cannot be written."""
    counted = _Counted()
    for _, found in journal.results():
        counted.add(found)
    (path,) = save_files(folder, {SUMMARY: page_html(_page(counted, options, sessions, estimate)).encode()})
    return path


def _page(counted: _Counted, options: Options, sessions: list[Session], estimate: Estimate | None) -> Page:
    total, bad = counted.status.total(), counted.status["failed"] + counted.status["partial"]
    waiting = counted.status["waiting"]
    answer = f"{counted.status['done']:,} of {total:,} items done"
    answer += "".join(f", {counted.status[name]:,} {name}" for name in ("partial", "failed", "waiting")
                      if counted.status[name])  # fmt: skip
    ranked = sorted(counted.values.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    tables = [_reasons(counted), _verdicts(counted), _findings(counted), _labels(counted), _measures(ranked),
              _speed(counted, sessions, estimate)]  # fmt: skip
    notes = (
        "items.parquet has one row for each item, findings.parquet one for each finding, evidence and measure; both "
        "are the same whatever the order in which items ended. timings.parquet has clocks and runs.",
        "A verdict says whether a sentence agrees with what the tools returned, not whether the tools are right.",
        "gallery/index.html shows the reports. paths.parquet may name patients: keep it to yourself.",
    )
    return Page(f"Cohort: {options.workflow}", answer, bool(bad or waiting),
                tuple(_histogram(*pair) for pair in ranked[:MOST_CHARTS]),
                tuple(table for table in tables if table.rows), (), notes)  # fmt: skip


def _reasons(counted: _Counted) -> Table:
    ranked = sorted(counted.reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_REASONS]
    rows = tuple((f"{count:,}", kind, reason) for (kind, reason), count in ranked)
    return Table("Failures by reason", ("items", "kind", "reason"), rows)


def _verdicts(counted: _Counted) -> Table:
    if not counted.reports:
        return Table("Verdicts", (), ())
    rows = tuple((name.replace("_", " "), f"{counted.verdicts[name]:,}") for name in
                 ("supported", "contradicted", "unsupported", "not_checkable", "omitted"))  # fmt: skip
    clean = f"{counted.clean:,} of {counted.reports:,} ({counted.clean / counted.reports:.1%})"
    return Table("Verdicts on sentences", ("verdict", "sentences"), (*rows, ("texts in which all holds", clean)))


def _findings(counted: _Counted) -> Table:
    ranked = sorted(counted.findings.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_REASONS]
    rows = tuple((f"{count:,}", name.replace("_", " "), presence) for (name, presence), count in ranked)
    return Table("Findings", ("findings", "observation", "presence"), rows)


def _labels(counted: _Counted) -> Table:
    ranked = sorted(counted.labels.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_REASONS]
    return Table("Labels", ("items", "label"), tuple((f"{count:,}", name) for name, count in ranked))


def _measures(ranked: list[tuple[Measure, array[float]]]) -> Table:
    rows = []
    for (observation, side, name, unit), values in ranked[:MOST_REASONS]:
        low, middle, high = np.percentile(values, (25, 50, 75))
        rows.append((_words(observation, side, name), unit, f"{len(values):,}", f"{middle:.4g}",
                     f"{low:.4g} to {high:.4g}"))  # fmt: skip
    return Table("Measures", ("measure", "unit", "n", "median", "middle half"), tuple(rows))


def _speed(counted: _Counted, sessions: list[Session], estimate: Estimate | None) -> Table:
    items, seconds = sum(one.items for one in sessions), sum(one.seconds for one in sessions)
    rows = [("items in all sessions", f"{items:,}"), ("sessions", f"{len(sessions):,}"), ("time", spoken(seconds))]
    if seconds:
        rows.append(("items a second, beginnings and ends of sessions included", f"{items / seconds:.2f}"))
    if estimate and estimate.bound:
        rows.append(("the endpoints' limit, items a second", f"{estimate.bound.rate:.2f} ({estimate.bound.what})"))
    calls, retried = sum(one.calls for one in sessions), sum(one.retried for one in sessions)
    if calls:
        rows.append(("answers of endpoints, of them refused or failed", f"{calls:,}, {retried:,}"))
    if counted.taken:
        half, most = np.percentile(counted.taken, (50, 95))
        rows.append(("seconds of one item, its waits included: median, 95th percentile", f"{half:.2f}, {most:.2f}"))
    if cost := sum(one.cost for one in sessions):
        rows.append(("spent on language models", f"{cost:.2f}"))
    return Table("Speed", ("", ""), tuple(rows))


def _words(*parts: str) -> str:
    return ", ".join(part.replace("_", " ") for part in dict.fromkeys(parts) if part)


def _histogram(measure: Measure, values: array[float]) -> Chart:
    observation, side, name, unit = measure
    low, high = float(min(values)), float(max(values))
    counts, edges = np.histogram(
        values, bins=min(BINS, 4 + int(len(values) ** 0.5)), range=(low, high) if high > low else (low - 0.5, low + 0.5)
    )
    middles = (edges[:-1] + edges[1:]) / 2
    title = _words(observation, side, name)
    bars = Series("items", "bars", tuple(map(float, middles)), tuple(map(float, counts)),
                  width=0.9 * float(edges[1] - edges[0]))  # fmt: skip
    median = float(np.median(values))
    rule = Series(f"median {median:.4g}", "rule", (median,), (), colour=1)
    told = f"{title}: {len(values)} values from {low:.4g} to {high:.4g}, median {median:.4g} {unit}"
    safe = re.sub(r"[^a-z0-9]+", "-", title.lower())
    chart = Chart(safe, title, unit if unit != "1" else "", "items", (bars, rule), told)
    return replace(chart, y_ticks=whole_ticks(ranges(chart)[1]))
