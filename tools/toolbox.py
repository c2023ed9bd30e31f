"""The list of tools."""

from __future__ import annotations

from collections.abc import Sequence

from readingroom.tools.classify import CLASSIFY
from readingroom.tools.compare import COMPARE
from readingroom.tools.describe import DESCRIBE
from readingroom.tools.draft_findings import DRAFT_FINDINGS
from readingroom.tools.embed import EMBED
from readingroom.tools.measure import MEASURE
from readingroom.tools.segment import SEGMENT
from readingroom.tools.similar import SIMILAR
from readingroom.tools.tool import Tool

TOOLS: tuple[Tool, ...] = (SEGMENT, MEASURE, EMBED, CLASSIFY, DRAFT_FINDINGS, COMPARE, DESCRIBE, SIMILAR)


def within_reach(tools: Sequence[Tool], *, index: bool) -> tuple[Tool, ...]:
    """Those that can be called: without an index of studies nobody is offered to search one."""
    return tuple(tool for tool in tools if index or tool.name != SIMILAR.name)
