"""MedImageInsight over a backend: images and texts to vectors of one space, with the log-temperature between them."""

from __future__ import annotations

from typing import Any

from readingroom.errors import BadRequest
from readingroom.model_server.frame import file_in
from readingroom.model_server.pictures import picture
from readingroom.tools.backends.protocol import Backend
from readingroom.tools.contracts.envelope import Cells, Frame
from readingroom.tools.contracts.medimageinsight import InsightRow, encode_insight


async def answer_insight(backend: Backend, frame: Frame) -> list[dict[str, Any]]:
    """One object a row, with the keys asked for. Raises what the backend raises, BadFile and BadRequest."""
    told = frame.params.get("get_scaling_factor", True)
    if not isinstance(told, bool):
        raise BadRequest("expected true or false", where="params.get_scaling_factor")
    return encode_insight([await _row(backend, row, f"row {n}", told) for n, row in enumerate(frame.rows, 1)])


async def _row(backend: Backend, row: Cells, where: str, told: bool) -> InsightRow:
    if row.get("image") is None and row.get("text") is None:
        raise BadRequest("it has neither an image nor a text", where=where)
    image = text = None
    if row.get("image") is not None:
        image = await backend.embed(await picture(file_in(row, "image", where), where))
    if (words := row.get("text")) is not None:
        (text,) = await backend.embed_texts((words,))
    scaling = next((found.scaling for found in (image, text) if found is not None and told), None)
    return InsightRow(image.vector if image else None, text.vector if text else None, scaling, "")
