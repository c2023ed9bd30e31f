"""The list of workflows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from readingroom.domain.request import Request
from readingroom.imaging.image import Study
from readingroom.tools.tool import Bench
from readingroom.workflows.chest_xray_report import chest_xray_report
from readingroom.workflows.reading import Gathered
from readingroom.workflows.report import report
from readingroom.workflows.segment_and_measure import segment_and_measure

Workflow = Callable[[Bench, Study, Request], Awaitable[Gathered]]
"""A reading: evidence and limitations of one study; `compose` makes the report of it."""

WORKFLOWS: dict[str, Workflow] = {
    "report": report,
    "chest_xray_report": chest_xray_report,
    "segment_and_measure": segment_and_measure,
}
