"""Prov-GigaPath and GigaTIME: features of a tissue tile, and probabilities of markers."""

from __future__ import annotations

from typing import Any

import numpy as np

from readingroom.conformance.bench import Bench
from readingroom.conformance.loose import numbers_of
from readingroom.conformance.question import Question, Seen, failed, passed, warned
from readingroom.conformance.sameness import SAME
from readingroom.conformance.wire import Print, Wire, cosine
from readingroom.errors import BadReply
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.expect import bad
from readingroom.tools.contracts.gigapath import SHAPE, ask_tiles, decode_tiles
from readingroom.tools.contracts.gigatime import CHANNELS, ask_markers, decode_markers


def _features(value: Any, ask: Ask) -> list[Print]:
    return [row.features.ravel() for row in decode_tiles(value, ask)]


def _features_form(value: Any, ask: Ask) -> set[str]:
    return {row.variant for row in decode_tiles(value, ask)}


def maps(value: Any, ask: Ask) -> np.ndarray[Any, np.dtype[np.float32]]:
    """(N, C, H, W) of an answer, of whatever sizes. BadReply where it is no such list."""
    told = value.get("predictions") if isinstance(value, dict) else value
    array = numbers_of(told, "answer")
    if array.ndim == 3 and len(ask.rows) == 1:
        array = array[None]
    if array.ndim != 4:
        raise bad("answer", "[N, 23, H, W]", f"{array.ndim} levels")
    return array


def _markers(value: Any, ask: Ask) -> list[Print]:
    return [tile.ravel() for tile in maps(value, ask)]


def _markers_form(value: Any, ask: Ask) -> set[str]:
    return {row.variant for row in decode_markers(value, ask)}


GIGAPATH = Wire("gigapath", ask_tiles, _features, _features_form, calls=5)
GIGATIME = Wire("gigatime", ask_markers, _markers, _markers_form, images=2, calls=3)


async def tensor(bench: Bench) -> Seen:
    """The file of torch.save, read without unpickling."""
    ask = bench.ask()
    answer = await bench.answer(ask)
    try:
        (row,) = decode_tiles(answer.parsed, ask)
    except BadReply as error:
        return failed(error.line())
    return passed(f"a plain tensor [1, {', '.join(map(str, row.features.shape))}] of float numbers")


async def spread(bench: Bench) -> Seen:
    """Whether the features differ from patch to patch."""
    ask = bench.ask()
    (row,) = decode_tiles((await bench.answer(ask)).parsed, ask)
    sd = float(row.features.std(axis=(1, 2)).mean())
    told = f"mean standard deviation over the patches {sd:.4g}"
    return passed(told) if sd > 1e-6 else failed(f"{told}: the same everywhere")


async def channels(bench: Bench) -> Seen:
    """How many maps come."""
    ask = bench.ask()
    found = maps((await bench.answer(ask)).parsed, ask)
    told = f"{found.shape[1]} channels"
    return passed(told) if found.shape[1] == len(CHANNELS) else failed(told)


async def sizes(bench: Bench) -> Seen:
    """How large they are."""
    ask, sent = bench.ask(), bench.cleared[0]
    tall, wide = maps((await bench.answer(ask)).parsed, ask).shape[2:]
    told = f"{wide} x {tall} for a tile of {sent.columns} x {sent.rows}"
    return passed(told) if tall * sent.columns == wide * sent.rows else failed(f"{told}: another aspect")


async def probabilities(bench: Bench) -> Seen:
    """What the maps hold."""
    ask = bench.ask()
    found = maps((await bench.answer(ask)).parsed, ask)
    least, most = float(found.min()), float(found.max())
    told = f"from {least:.4g} to {most:.4g}"
    return passed(told) if least >= -1e-3 and most <= 1 + 1e-3 else failed(f"{told}: no probabilities")


async def different(bench: Bench) -> Seen:
    """Whether the channels are different maps."""
    ask = bench.ask()
    tile = maps((await bench.answer(ask)).parsed, ask)[0]
    found = tile.reshape(len(tile), -1)
    same = sum(cosine(found[n], found[n + 1]) >= SAME for n in range(len(found) - 1))
    return (
        warned(f"{same} neighbouring channels are the same map") if same else passed("no two neighbours are the same")
    )


TILE = "a drawn tile of tissue"

GIGAPATH_QUESTIONS = (
    Question("features.tensor", TILE, f"a torch file of [1, {', '.join(map(str, SHAPE))}]", tensor),
    Question("features.spread", TILE, "features that differ from patch to patch", spread),
)
GIGATIME_QUESTIONS = (
    Question("markers.channels", TILE, f"{len(CHANNELS)} channels", channels),
    Question("markers.size", TILE, "maps of the tile's aspect", sizes),
    Question("markers.values", TILE, "probabilities from 0 to 1", probabilities),
    Question("markers.different", TILE, "different maps", different),
)
