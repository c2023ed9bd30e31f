"""What each model's rows may hold, and how many one request may have."""

from __future__ import annotations

from readingroom.errors import BadRequest
from readingroom.tools.contracts.envelope import Cells, Frame, image_bytes, read_envelope
from readingroom.tools.contracts.model_ids import ModelId

COLUMNS: dict[ModelId, tuple[str, ...]] = {
    "medimageinsight": ("image", "text"),
    "medimageparse": ("image", "text"),
    "medimageparse3d": ("image", "text"),
    "cxrreportgen": (
        "frontal_image", "lateral_image", "prior_image", "indication", "technique", "comparison", "prior_report",
    ),
    "gigapath": ("image",),
    "gigatime": ("image",),
}  # fmt: skip
"""In the order of the published pages; any other order is taken too."""

ROWS: dict[ModelId, int] = {
    "medimageinsight": 1024, "medimageparse": 256, "medimageparse3d": 256, "cxrreportgen": 10, "gigapath": 256,
    "gigatime": 256,
}  # fmt: skip
"""Rows that one request may have: published of MedImageInsight, MedImageParse and CXRReportGen."""


def read_frame(model: ModelId, body: bytes) -> Frame:
    """Raises BadRequest naming the path of the first thing that is not as the model's contract has it."""
    return read_envelope(body, known=frozenset(COLUMNS[model]), most_rows=ROWS[model])


def file_in(row: Cells, column: str, where: str) -> bytes:
    """The file in a cell. Raises BadRequest where there is none or it is not base64."""
    cell = row.get(column)
    if cell is None:
        raise BadRequest(f"it has no {column}", where=where)
    try:
        return image_bytes(cell)
    except BadRequest as error:
        raise BadRequest(error.what, where=f"{where}, {column}", do=error.do) from error
