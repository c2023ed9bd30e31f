"""Arms are compared with their baselines, and with the first of what they have another of."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from readingroom.experiments.arms import Arm
from readingroom.experiments.results import Results
from readingroom.experiments.summary import summarised
from readingroom.experiments.table import print_summary
from readingroom.experiments.view import view_html
from tests.experiments.shown import written
from tests.experiments.test_view import data_of


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """The arms of the hand-made folder as two templates with the same check."""
    found = written(tmp_path / "out")
    arms = tuple(Arm(template=name, writer="sloppy", tools="all", check="mark") for name in ("one", "two"))
    found.put_matrix(found.matrix().model_copy(update={"arms": arms}))
    return found


def test_two_templates_are_compared_all_else_equal(results: Results):
    (against,) = summarised(results).comparisons
    assert (against.arm, against.baseline) == ("two / sloppy / all / mark", "one / sloppy / all / mark")
    assert (against.differs, against.first) == ("template", "one")
    came = {one.metric: one for one in against.metrics}["completed"]
    assert came.included.difference == pytest.approx(1 / 3)
    assert came.included.minimal_detectable is not None
    assert came.completed.difference == 0.0  # the case that failed in one arm is left out of both


def test_tables_and_the_page_say_what_differs(results: Results):
    told = StringIO()
    print_summary(summarised(results), Console(file=told, width=300), ["completed"])
    assert "two / sloppy / all / mark, minus template one" in told.getvalue()
    (row,) = data_of(view_html(results))["against"]
    assert (row["arm"], row["base"], row["differs"]) == (1, 0, "template")
