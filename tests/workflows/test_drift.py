"""A stream cut into windows of time: an alarm where it changes, silence where it does not, and words for both."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from readingroom.errors import BadRequest
from readingroom.exports.plots_page import page_html, page_markdown
from readingroom.index.entry import Entry, Space
from readingroom.index.protocol import Collection
from readingroom.workflows.drift import Watched, check_drift, window_name
from readingroom.workflows.drift_page import drift_page

SPACE = Space(model="m", version="1", preprocessing_id="p", dimensions=8)
WATCHED = Watched(time="day", false_alarm=0.01, splits=199)


def stream(seed: int, months: list[tuple[int, float]], *, first: int = 0, write: str = "%Y-%m-%d") -> Collection:
    """Months with so many patients and such a shift, from January 2024."""
    chance = np.random.default_rng(seed)
    vectors, entries = [], []
    for month, (patients, shift) in enumerate(months, 1):
        for at in range(patients):
            name = f"{first}-{month}-{at}"
            day = date(2024, month, 1) + timedelta(days=at % 28)
            about = {"subject": name, "day": day.strftime(write), "maker": "AGFA" if shift else "GE"}
            entries.append(Entry(id=name, metadata=about))
            vectors.append(np.eye(8)[0] + shift * np.eye(8)[1] + chance.normal(0, 0.2, 8))
    rows = np.array(vectors)
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return Collection(SPACE, tuple(entries), unit)


REFERENCE = stream(1, [(30, 0.0), (30, 0.0)], first=1)


def test_the_month_that_changed_alarms_and_says_what() -> None:
    found = check_drift(REFERENCE, stream(2, [(20, 0.0), (20, 0.0), (20, 0.5), (4, 0.0)]), WATCHED)
    assert [(period.name, period.alarm) for period in found.periods] == [
        ("2024-01", False), ("2024-02", False), ("2024-03", True), ("2024-04", False),
    ]  # fmt: skip
    assert found.periods[3].p is None
    assert found.periods[3].note == "not tested: 4 subjects, and 10 are needed"
    assert {test.name for test in found.periods[2].tests} == {"embedding", "maker"}
    assert found.periods[2].changed[0].words == "AGFA 0% in the reference, 100% here"
    assert [period.name for period in found.own] == ["2024-01", "2024-02"]
    page = drift_page(found)
    assert "1 of 3 windows alarm: 2024-03" in page_html(page)
    assert "AGFA 0% in the reference" in page_markdown(page)


def test_days_are_read_as_dicom_and_iso_write_them() -> None:
    for write in ("%Y%m%d", "%Y-%m-%dT12:00:00", "%Y%m%d123000.5"):
        found = check_drift(REFERENCE, stream(2, [(12, 0.0)], write=write), WATCHED)
        assert [period.name for period in found.periods] == ["2024-01"]


def test_windows_are_named_as_time_sorts() -> None:
    day = date(2024, 12, 30)
    spans = ("day", "week", "month", "quarter", "year")
    assert [window_name(day, span) for span in spans] == ["2024-12-30", "2025-W01", "2024-12", "2024-Q4", "2024"]


def test_a_reference_that_wavers_lowers_the_limit() -> None:
    """12 months of the reference itself, one of them shifted: at a rate of 0.1 the limit goes below its p-value."""
    months = [(12, 0.0)] * 11 + [(12, 0.6)]
    watched = Watched(time="day", false_alarm=0.1, splits=99, fields=())
    found = check_drift(stream(4, months, first=1), stream(5, [(12, 0.0)]), watched)
    assert [period.alarm for period in found.own].count(True) >= 1
    assert found.limit < 0.02


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"time": "nothing"}, "no row of the stream tells a day"),
        ({"time": "maker"}, "no day"),
        ({"smallest": 13}, "no month of the stream has 13 subjects; the largest has 12"),
        ({"false_alarm": 0.0001}, "2 tests.*200000 divisions"),
        ({"fields": ("kvp",)}, "kvp"),
    ],
)
def test_what_cannot_be_watched_is_refused(change: dict[str, object], told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        check_drift(REFERENCE, stream(2, [(12, 0.0)]), WATCHED.model_copy(update=change))


def test_another_space_is_refused() -> None:
    given = stream(2, [(12, 0.0)])
    with pytest.raises(BadRequest, match="same model"):
        check_drift(REFERENCE, Collection(SPACE.model_copy(update={"model": "n"}), *given[1:]), WATCHED)
