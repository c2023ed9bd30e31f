"""A report as RadFact reads a grounded prediction: one phrase a finding, with boxes in the image or none.

Source: microsoft/RadFact, README and `radfact.schemas` ("GroundedPhrase": text, and boxes as a list of x_min, y_min,
x_max, y_max in 0..1 of the original image, or null; an empty list is an error there).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from readingroom.domain.finding import Finding
from readingroom.domain.image import ImageRef
from readingroom.domain.region import Region
from readingroom.domain.report import Report
from readingroom.errors import BadRequest
from readingroom.exports.wording import plain


def to_radfact(report: Report, *, image_id: str = "", target: list[dict[str, Any]] | None = None) -> str:
    """JSON: a list of one example, with `example_id`, `prediction` and, where given, `target`.

    Boxes lie in one image, by default the first current one; a finding that is grounded elsewhere only, an absent one
    and one without regions have null, which says "no box", not "no finding". The notice and the run stand beside.
    Raises BadRequest for an image that the report does not have.
    """
    image = _image(report, image_id)
    example: dict[str, Any] = {
        "example_id": report.id,
        "prediction": [_phrase(report, finding, image) for finding in report.findings],
        "notice": report.notice,
        "image": {"id": image.id, "sha256": image.sha256, "rows": image.rows, "columns": image.columns},
        "run": report.provenance.run,
    }
    if target is not None:
        example["target"] = target
    return json.dumps([example], indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _image(report: Report, image_id: str) -> ImageRef:
    wanted = [image for image in report.images if image.id == image_id] if image_id else [
        *(image for image in report.images if image.role == "current"), *report.images
    ]  # fmt: skip
    if not wanted:
        known = ", ".join(image.id for image in report.images)
        raise BadRequest(f"the report has no image {image_id!r}", do=f"It has {known}.")
    return wanted[0]


def _phrase(report: Report, finding: Finding, image: ImageRef) -> dict[str, Any]:
    cited = [item for item in report.evidence if item.id in finding.evidence]
    regions = [region for item in cited for region in item.regions if finding.presence == "present"]
    boxes = list(filter(None, (_box(region, image) for region in regions)))
    return {"text": " ".join(plain(finding.text).split()), "boxes": [dict(box) for box in _once(boxes)] or None}


def _box(region: Region, image: ImageRef) -> tuple[tuple[str, float], ...] | None:
    """Normalised to 0..1 and cut at the image's edge; None for a line, another image, a volume, and a box outside."""
    if region.image_id != image.id or region.kind == "line" or image.kind == "volume":
        return None
    x0, y0, x1, y1 = region.box
    left, right = (round(min(max(x / image.columns, 0.0), 1.0), 6) for x in (x0, x1))
    top, bottom = (round(min(max(y / image.rows, 0.0), 1.0), 6) for y in (y0, y1))
    if not (left < right and top < bottom):
        return None
    return (("x_min", left), ("y_min", top), ("x_max", right), ("y_max", bottom))


def _once(boxes: Iterable[tuple[tuple[str, float], ...]]) -> list[tuple[tuple[str, float], ...]]:
    return list(dict.fromkeys(boxes))
