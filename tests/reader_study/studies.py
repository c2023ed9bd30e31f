"""A small study: pairs of drafts that differ, from two systems."""

from __future__ import annotations

from functools import cache
from typing import Any

from readingroom.domain.report import Report
from readingroom.reader_study.case import Pair
from tests.exports import sample

SYSTEMS = ("Baseline One", "Model Two")


@cache
def drawn() -> Report:
    return sample.build().report


def draft(number: int, which: int, **changes: Any) -> Report:
    """A draft of case `number` by system `which`, with its own run, writer and models."""
    made = drawn().model_copy(update=changes)
    told = made.provenance.model_copy(update={
        "run": f"r-20251122-01{number:02d}{which:02d}-abcd", "writer": f"secret-writer-{which}",
        "planner": f"secret-planner-{which}", "backends": (f"SecretBackend{which} 2.1",), "workflow": f"flow_{which}",
    })  # fmt: skip
    findings = tuple(
        each.model_copy(update={"text": each.text.replace("There is", "We see") if which else each.text})
        for each in made.findings[: 4 + which]
    )
    return made.model_copy(update={"id": f"report-{number}-{which}", "provenance": told, "findings": findings})


def pairs(cases: int = 6, **changes: Any) -> list[Pair]:
    return [Pair(f"Patient {n}", (draft(n, 0, **changes), draft(n, 1, **changes))) for n in range(cases)]
