"""Answers for load tests: valid for the contract and quick to write, the same for the same request, about nothing."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from readingroom.model_server.frame import file_in
from readingroom.model_server.pictures import picture_size, volume_grid
from readingroom.tools.contracts.cxrreportgen import GroundedSentence, ReportRow, encode_report
from readingroom.tools.contracts.envelope import Frame
from readingroom.tools.contracts.gigapath import SHAPE as TILE
from readingroom.tools.contracts.gigapath import TileRow, encode_tiles
from readingroom.tools.contracts.gigatime import CHANNELS, MarkerRow, encode_markers
from readingroom.tools.contracts.medimageparse import CATEGORIES, ParseRow, encode_parse, targets_of
from readingroom.tools.contracts.medimageparse3d import Parse3dRow, encode_parse3d
from readingroom.tools.contracts.model_ids import ModelId

FIRST = 0.03
"""Start of a vector's first number; the digits after it are the checksum of what was sent, so that vectors differ."""


def canned_insight(frame: Frame) -> bytes:
    """Unit vectors (to 0.0004) that differ where the rows do."""
    rows = []
    for row in frame.rows:
        parts = []
        if (image := row.get("image")) is not None:
            parts.append(f'"image_features":[[{_vector(image)}]]')
        if (text := row.get("text")) is not None:
            parts.append(f'"text_features":[{_vector(text)}]')
        rows.append("{" + ",".join((*parts, '"scaling_factor":4.5')) + "}")
    return f"[{','.join(rows)}]".encode()


def _vector(cell: str) -> str:
    return f"{FIRST}{zlib.crc32(cell.encode()):010d},{_tail()}"


@lru_cache(maxsize=1)
def _tail() -> str:
    """1023 numbers that make up a unit vector with the first one."""
    drawn = np.random.default_rng(0).standard_normal(1023)
    drawn *= np.sqrt(1 - (FIRST + 0.002) ** 2) / np.linalg.norm(drawn)
    return ",".join(f"{value:.9f}" for value in drawn)


def canned_parse(frame: Frame) -> bytes:
    """For every target the middle quarter of the submitted picture."""
    rows = []
    for place, row in enumerate(frame.rows, 1):
        where = f"row {place}"
        width, height = picture_size(file_in(row, "image", where), where)
        targets = targets_of(row.get("text") or "")
        masks = np.zeros((len(targets), height, width), np.uint8)
        masks[:, height // 4 : -(-3 * height // 4), width // 4 : -(-3 * width // 4)] = 255
        rows.append(ParseRow(masks, (CATEGORIES[-1],) * len(targets), ""))
    return _json(encode_parse(rows))


def canned_parse3d(frame: Frame) -> bytes:
    """For every target nothing: an empty label map of the submitted volume."""
    rows = []
    for place, row in enumerate(frame.rows, 1):
        where = f"row {place}"
        shape = volume_grid(file_in(row, "image", where), where).voxels.shape
        rows.append(Parse3dRow(np.zeros((len(targets_of(row.get("text") or "")), *shape), np.bool_), ""))
    return _json(encode_parse3d(rows))


def canned_report(frame: Frame) -> bytes:
    """One sentence without a box and one with the middle of the square."""
    sentences = (
        GroundedSentence("This is a fixed answer for load tests.", None),
        GroundedSentence("It has one box.", ((0.25, 0.25, 0.75, 0.75),)),
    )
    return _json(encode_report([ReportRow(sentences, "")] * len(frame.rows)))


def canned_tiles(frame: Frame) -> bytes:
    """A ramp over the patches."""
    ramp = np.arange(np.prod(TILE), dtype=np.float32).reshape(TILE) / np.float32(np.prod(TILE))
    return _json(encode_tiles([TileRow(ramp, "")] * len(frame.rows)))


def canned_markers(frame: Frame) -> bytes:
    """No marker anywhere, one map pixel for 16 of the tile."""
    rows = []
    for place, row in enumerate(frame.rows, 1):
        where = f"row {place}"
        width, height = picture_size(file_in(row, "image", where), where)
        maps = np.zeros((len(CHANNELS), max(1, round(height / 4)), max(1, round(width / 4))), np.float32)
        rows.append(MarkerRow(maps, ""))
    return _json(encode_markers(rows))


def _json(told: Any) -> bytes:
    return json.dumps(told).encode()


CANNED: dict[ModelId, Callable[[Frame], bytes]] = {
    "medimageinsight": canned_insight,
    "medimageparse": canned_parse,
    "medimageparse3d": canned_parse3d,
    "cxrreportgen": canned_report,
    "gigapath": canned_tiles,
    "gigatime": canned_markers,
}
