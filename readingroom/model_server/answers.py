"""Which answer each endpoint gives: the backend's, or a fixed one for load tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from readingroom.model_server.answer_insight import answer_insight
from readingroom.model_server.answer_markers import answer_markers
from readingroom.model_server.answer_parse import answer_parse
from readingroom.model_server.answer_parse3d import answer_parse3d
from readingroom.model_server.answer_report import answer_report
from readingroom.model_server.answer_tiles import answer_tiles
from readingroom.model_server.canned import CANNED
from readingroom.model_server.frame import read_frame
from readingroom.model_server.scoring import Answerer
from readingroom.model_server.server_settings import Answers
from readingroom.tools.backends.protocol import Backend
from readingroom.tools.contracts.envelope import Frame
from readingroom.tools.contracts.model_ids import ModelId

ANSWERS: dict[ModelId, Callable[[Backend, Frame], Awaitable[Any]]] = {
    "medimageinsight": answer_insight,
    "medimageparse": answer_parse,
    "medimageparse3d": answer_parse3d,
    "cxrreportgen": answer_report,
    "gigapath": answer_tiles,
    "gigatime": answer_markers,
}
"""One function a model: rows in, the JSON of its answer out."""


def answerer(model: ModelId, open_backend: Callable[[], Backend], answers: Answers) -> Answerer:
    """What an endpoint calls with a request's body. Raises BadRequest where the body is not of the model's contract."""

    async def baseline(body: bytes) -> bytes:
        frame = await asyncio.to_thread(read_frame, model, body)
        told = await ANSWERS[model](open_backend(), frame)
        return await asyncio.to_thread(_written, told)

    async def canned(body: bytes) -> bytes:
        return CANNED[model](read_frame(model, body))

    return canned if answers == "canned" else baseline


def _written(told: Any) -> bytes:
    return json.dumps(told, allow_nan=False).encode()
