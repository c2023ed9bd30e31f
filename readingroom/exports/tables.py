"""The tables at the end of a printed report: measurements, evidence, provenance."""

from __future__ import annotations

from typing import NamedTuple

from readingroom.domain.evidence import Evidence
from readingroom.domain.report import Report
from readingroom.exports import wording


class Table(NamedTuple):
    """Rows of text under a head; `shares` of the width sum to 1."""

    part: str
    """Which part of the report it is, by its name in the headings."""
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shares: tuple[float, ...]


def measurements(report: Report) -> Table:
    """Every measurement of the evidence, one a row."""
    images = _images(report)
    rows = tuple(
        (item.id, wording.words(_sided(item)), wording.words(each.name),
         " ".join(filter(None, (each.text, wording.spread(each)))), wording.how_measured(each), images[item.image_id])
        for item in report.evidence for each in item.measurements
    )  # fmt: skip
    head = ("Id", "Of", "What", "Value", "How", "Image")
    return Table("measurements", head, rows, (0.1, 0.16, 0.17, 0.17, 0.24, 0.16))


def evidence(report: Report) -> Table:
    """Every evidence with the tool and model that returned it."""
    images = _images(report)
    rows = tuple(
        (item.id, "; ".join(filter(None, (item.summary, wording.scored(item), wording.TRUSTS[item.trust]))),
         "; ".join(filter(None, ("" if item.quality is None else f"{item.quality:.2f}", item.quality_reason))),
         f"{item.origin.tool} {item.origin.tool_version}; {wording.backend_words(item.origin)}; "
         f"{item.origin.model} {item.origin.model_version}", images[item.image_id])
        for item in report.evidence
    )  # fmt: skip
    head = ("Id", "What", "Quality", "Tool, backend and model", "Image")
    return Table("evidence", head, rows, (0.1, 0.32, 0.12, 0.29, 0.17))


def provenance(report: Report) -> Table:
    """How the report came about."""
    return Table("provenance", ("What", "Value"), tuple(wording.provenance_rows(report)), (0.22, 0.78))


def _sided(item: Evidence) -> str:
    """What was measured, with its side: two lungs are two rows."""
    return f"{item.laterality}_{item.observation}" if item.laterality in ("left", "right") else item.observation


def _images(report: Report) -> dict[str, str]:
    return {image.id: wording.image_title(image) for image in report.images}
