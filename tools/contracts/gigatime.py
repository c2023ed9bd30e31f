"""GigaTIME: a stained pathology tile to the probability of each of 23 markers at each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest
from readingroom.imaging.cleared import Cleared
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.expect import a_list, bad, kind_of, numbers

CHANNELS = (
    "DAPI", "TRITC", "Cy5", "PD-1", "CD14", "CD4", "T-bet", "CD34", "CD68", "CD16", "CD11c", "CD138", "CD20", "CD3",
    "CD8", "PD-L1", "CK", "Ki67", "Tryptase", "Actin-D", "Caspase3-D", "PHH3-B", "Transgelin",
)  # fmt: skip
MOST_SIDE = 4096
ROUNDING = 1e-3
"""How far a probability of half precision may lie outside 0..1."""


@dataclass(frozen=True, eq=False)
class MarkerRow:
    """The markers of one tile."""

    probabilities: NDArray[np.float32]
    """(23, H, W) from 0 to 1, channels as in CHANNELS; H and W are the model's choice, of the tile's aspect."""
    variant: str


def cut(name: str) -> float:
    """The published probability above which a channel is positive. Raises BadRequest for a name not in CHANNELS."""
    if name not in CHANNELS:
        raise BadRequest(f"{name[:40]} is not a channel of GigaTIME", do=f"Choose of {', '.join(CHANNELS)}.")
    return 0.2 if name == "Ki67" else 0.5


def ask_markers(images: Sequence[Cleared]) -> Ask:
    """One tile a row."""
    if not images:
        raise BadRequest("no tile was given")
    return Ask("gigatime", ("image",), tuple((image,) for image in images))


def decode_markers(value: Any, ask: Ask) -> tuple[MarkerRow, ...]:
    """One MarkerRow a row, from [N, 23, H, W], [23, H, W] for one row, or either under "predictions".

    The size of the maps is not published, and Microsoft's sample resizes them; the tile's aspect is demanded.
    Raises BadReply.
    """
    path, form = "answer", "list"
    if isinstance(value, dict):
        if "predictions" not in value:
            raise bad("answer.predictions", "this key", f"{kind_of(value)} without it")
        value, path, form = value["predictions"], "answer.predictions", "predictions"
    tiles = a_list(value, path)
    if len(ask.rows) == 1 and len(tiles) == len(CHANNELS) and _depth(tiles) == 3:
        return (MarkerRow(_maps(tiles, path, ask.rows[0][0]), f"{form} [23, H, W]"),)
    a_list(tiles, path, length=len(ask.rows))
    return tuple(
        MarkerRow(_maps(tile, f"{path}[{place}]", ask.rows[place][0]), f"{form} [N, 23, H, W]")
        for place, tile in enumerate(tiles)
    )


def encode_markers(rows: Sequence[MarkerRow]) -> list[Any]:
    """The published form, a nested list [N, 23, H, W]."""
    return [row.probabilities.tolist() for row in rows]


def _depth(value: Any) -> int:
    depth = 0
    while isinstance(value, list):
        value, depth = value[0] if value else None, depth + 1
    return depth


def _maps(value: Any, path: str, image: object) -> NDArray[np.float32]:
    channels = a_list(value, path, length=len(CHANNELS))
    first = a_list(channels[0], f"{path}[0]", most=MOST_SIDE)
    height = len(first)
    width = len(a_list(first[0], f"{path}[0][0]", most=MOST_SIDE)) if first else 0
    aspect = isinstance(image, Cleared) and abs(height * image.columns - width * image.rows) <= max(
        image.columns, image.rows
    )
    if not height or not width or not aspect:
        raise bad(path, "maps of the tile's aspect", f"{width} x {height}")
    maps = np.empty((len(CHANNELS), height, width), np.float32)
    for place, channel in enumerate(channels):
        for row, line in enumerate(a_list(channel, f"{path}[{place}]", length=height)):
            found = numbers(line, f"{path}[{place}][{row}]", length=width)
            if found.min() < -ROUNDING or found.max() > 1 + ROUNDING:
                raise bad(f"{path}[{place}][{row}]", "probabilities from 0 to 1", "values outside")
            maps[place, row] = found
    return np.clip(maps, 0, 1, out=maps)
