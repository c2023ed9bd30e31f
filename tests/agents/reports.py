"""Small reports around a few findings, that several tests share."""

from __future__ import annotations

from typing import Any

from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Finding, Limitation
from readingroom.domain.report import Provenance, Report
from tests.agents.ledgers import CURRENT


def report(items: tuple[Evidence, ...], *findings: Finding, **fields: Any) -> Report:
    """A report of one image, not verified yet."""
    told = Provenance(run="r-20250101-000000-0000", workflow="draft", template="chest_xray 1", template_sha256="c" * 64,
                      planner="rules", writer="template", backends=(), code_version="0", started="2025-01-01T00:00:00Z",
                      finished="2025-01-01T00:00:01Z")  # fmt: skip
    return Report(**{
        "id": "report-1", "title": "Chest radiograph", "subject": "subject-1", "images": (CURRENT,),
        "findings": findings, "limitations": (Limitation(code="research_only", text="For research only."),),
        "evidence": items, "provenance": told, **fields,
    })  # fmt: skip
