"""Prov-GigaPath: a pathology tile to a map of features, as a tensor of torch.save in base64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest
from readingroom.imaging.cleared import Cleared
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.base64_text import from_base64, to_base64
from readingroom.tools.contracts.expect import a_list, an_object, at, bad, kind_of
from readingroom.tools.contracts.torch_file import read_tensor, write_tensor

SHAPE = (1536, 14, 14)
MOST_BYTES = 1 << 23
"""Of one file: doubles take 2.4 MB."""


@dataclass(frozen=True, eq=False)
class TileRow:
    """The features of one tile."""

    features: NDArray[np.float32]
    """(1536, 14, 14): channels over patches, rows before columns."""
    variant: str


def ask_tiles(images: Sequence[Cleared]) -> Ask:
    """One tile a row; this model takes no params, and an empty object says so."""
    if not images:
        raise BadRequest("no tile was given")
    return Ask("gigapath", ("image",), tuple((image,) for image in images))


def decode_tiles(value: Any, ask: Ask) -> tuple[TileRow, ...]:
    """One TileRow a row. Raises BadReply for another shape, values that are no numbers, or one value everywhere."""
    told = []
    for place, found in enumerate(a_list(value, "answer", length=len(ask.rows))):
        path = f"answer[{place}].image_features"
        data = at(an_object(found, f"answer[{place}]"), "image_features", f"answer[{place}]")
        if not isinstance(data, str) or len(data) > MOST_BYTES * 3 // 2:
            raise bad(path, f"base64 of at most {MOST_BYTES} bytes", kind_of(data))
        try:
            content = from_base64(data)
        except ValueError as error:
            raise bad(path, "base64", "something else") from error
        features = read_tensor(content, shape=(1, *SHAPE), path=path)[0]
        if not np.isfinite(features).all() or features.min() == features.max():
            raise bad(path, "features", "values that are no numbers or all the same")
        told.append(TileRow(features, "torch file"))
    return tuple(told)


def encode_tiles(rows: Sequence[TileRow]) -> list[dict[str, Any]]:
    """The recorded form."""
    return [{"image_features": to_base64(write_tensor(row.features[None]))} for row in rows]


def pooled(row: TileRow) -> NDArray[np.float32]:
    """The mean over the patches: (1536,)."""
    return np.asarray(row.features.mean(axis=(1, 2), dtype=np.float64), np.float32)
