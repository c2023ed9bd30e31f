"""MedImageParse: how many masks, in which order, of what size and type, and whether they lie where they should."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.conformance.bench import Bench
from readingroom.conformance.loose import packed, row_of, rows_of
from readingroom.conformance.question import Question, Seen, failed, passed, skipped, warned
from readingroom.conformance.sameness import CLOSE, SAME, closeness
from readingroom.conformance.wire import Print, Wire, cosine
from readingroom.errors import InputRefused
from readingroom.imaging.cleared import Cleared
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.expect import at
from readingroom.tools.contracts.medimageparse import CATEGORIES, THRESHOLD, ask_parse, decode_parse
from readingroom.tools.preparation import source_mask

TARGETS = ("right lung", "left lung")
"""Documented for chest X-rays, and on opposite sides of the film."""

NONSENSE = "bicycle"
GOOD, BETTER = 0.5, 0.1
"""Overlap (intersection over union) with the phantom's own mask: what any reading of a lung reaches, and by how much
the masks must fit better in another frame to be in that one."""
APART = 0.05
"""Of the width: nearer to each other, two masks say nothing of sides."""
LIT = 0.01
"""Share of the picture above the threshold that an absent object may have."""


@dataclass(frozen=True, eq=False)
class Masks:
    """The masks of one row, as they say they are."""

    array: NDArray[Any]
    dtype: str

    @property
    def bytes(self) -> NDArray[np.uint8]:
        """(N, H, W), probability x 255, whatever the type."""
        if self.array.dtype == np.uint8 and self.dtype != "bool":
            return self.array
        return np.clip(np.nan_to_num(self.array.astype(np.float32)) * 255, 0, 255).astype(np.uint8)


def ask_lungs(images: Sequence[Cleared]) -> Ask:
    """Both lungs of each film."""
    return ask_parse(images, [TARGETS] * len(images))


def masks(value: Any, place: int = 0) -> Masks:
    """Those of one row, of any shape."""
    path = f"answer[{place}]"
    row = row_of(value, place)
    return Masks(*packed(at(row, "image_features", path), f"{path}.image_features"))


def _prints(value: Any, _ask: Ask) -> list[Print]:
    """Every fourth pixel: enough to tell films apart."""
    found = [masks(value, place).array for place in range(len(rows_of(value)))]
    return [(array[..., ::4, ::4] if array.ndim > 1 else array).astype(np.float32).ravel() for array in found]


def _variants(value: Any, ask: Ask) -> set[str]:
    return {row.variant for row in decode_parse(value, ask)}


WIRE = Wire("medimageparse", ask_lungs, _prints, _variants, calls=5)


async def _base(bench: Bench) -> Masks:
    return masks((await bench.answer(bench.ask())).parsed)


async def count(bench: Bench) -> Seen:
    """One mask a target."""
    shape = (await _base(bench)).array.shape
    told = f"{len(shape)} axes, the first of {shape[0] if shape else 0}"
    return passed(told) if len(shape) == 3 and shape[0] == len(TARGETS) else failed(told)


async def size(bench: Bench) -> Seen:
    """The size of the submitted picture."""
    sent, shape = bench.cleared[0], (await _base(bench)).array.shape
    told = f"{' x '.join(map(str, shape[-2:]))} for {sent.rows} x {sent.columns} submitted"
    return passed(told) if shape[-2:] == (sent.rows, sent.columns) else failed(told)


async def dtype(bench: Bench) -> Seen:
    """The type of the probabilities."""
    name = (await _base(bench)).dtype
    return passed(name) if name == "uint8" else warned(f"{name}, not uint8; accepted")


async def values(bench: Bench) -> Seen:
    """Whether the probabilities fill the range of their type."""
    found = await _base(bench)
    if not found.array.size:
        return failed("no pixels")
    least, most = float(found.array.min()), float(found.array.max())
    told = f"{found.dtype} from {least:g} to {most:g}"
    if found.dtype == "uint8":
        if most <= 1 and most > least:
            return failed(f"{told}: truth values, which a threshold of {THRESHOLD} loses")
        return passed(told) if most > THRESHOLD else warned(f"{told}: no lung was found on a chest film")
    if not (np.isfinite([least, most]).all() and least >= -1e-3 and most <= 1 + 1e-3):
        return failed(f"{told}: no probabilities")
    return passed(told)


async def sides(bench: Bench) -> Seen:
    """The patient's right lung lies at the image's left."""
    found = (await _base(bench)).bytes
    if found.ndim != 3 or len(found) != 2 or not all((mask > THRESHOLD).any() for mask in found):
        return skipped("there are no two masks to compare")
    right, left = (float(np.argwhere(mask > THRESHOLD)[:, 1].mean()) / found.shape[2] for mask in found)
    told = f"middle of the right lung at {right:.2f} of the width, of the left lung at {left:.2f}"
    if right > left + APART:
        return failed(f"{told}: the sides, or the order of the masks, are exchanged")
    return passed(told) if right < 0.5 < left else warned(told)


async def overlap(bench: Bench) -> Seen:
    """The masks, mapped back onto the film, against the phantom's own; landscape and portrait."""
    told, least, other = [], 1.0, set()
    for number, made in enumerate(bench.golden[:2]):
        found = masks((await bench.answer(bench.ask(number))).parsed).bytes
        sent = bench.cleared[number]
        if found.shape != (2, sent.rows, sent.columns):
            return skipped("the masks have another number or size")
        drawn = [made.masks[name] for name in TARGETS]
        shares = _shares(sent, found, drawn)
        needed = max(GOOD, min(shares) + BETTER)
        other |= {name for name, turn in FRAMES.items() if min(_shares(*turn(sent, found), drawn)) >= needed}
        told.append(f"{made.name}: {', '.join(f'{share:.2f}' for share in shares)}")
        least = min(least, *shares)
    words = f"overlap with the drawn right and left lung, {'; '.join(told)}"
    if other:
        return failed(f"{words}; the masks fit when read {' or '.join(sorted(other))}")
    return passed(words) if least >= GOOD else warned(f"{words}: poor")


def _shares(sent: Cleared, found: NDArray[np.uint8], drawn: Sequence[NDArray[np.bool_]]) -> list[float]:
    """Overlap of each mask, brought back to source pixels as `sent` says, with what was drawn."""
    return [_iou(source_mask(sent, np.ascontiguousarray(mask)) > THRESHOLD, shape)
            for mask, shape in zip(found, drawn, strict=True)]  # fmt: skip


Turned = tuple[Cleared, NDArray[np.uint8]]

FRAMES: dict[str, Callable[[Cleared, NDArray[np.uint8]], Turned]] = {
    "mirrored": lambda sent, found: (sent, found[:, :, ::-1]),
    "upside down": lambda sent, found: (sent, found[:, ::-1]),
    "with rows and columns exchanged": lambda sent, found: (sent, found.transpose(0, 2, 1)),
    "in the opposite order": lambda sent, found: (sent, found[::-1]),
    "without the padding": lambda sent, found: (replace(sent, how="stretch"), found),
    "with the padding at the right and below": lambda sent, found: (replace(sent, how="pad_corner"), found),
}
"""Wrong frames in which servers may answer."""


def _iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    union = int((one | other).sum())
    return float((one & other).sum()) / union if union else 0.0


def _flat(found: NDArray[np.uint8]) -> tuple[Print, Print]:
    """Two masks, every fourth pixel."""
    one, other = (mask[::4, ::4].astype(np.float32).ravel() for mask in found)
    return one, other


async def prompts(bench: Bench) -> Seen:
    """Different targets, different masks."""
    found = (await _base(bench)).bytes
    if found.ndim != 3 or len(found) != 2:
        return skipped("there are no two masks to compare")
    near = cosine(*_flat(found))
    told = f"cosine of the masks of two targets {near:.4f}"
    return passed(told) if near < SAME else failed(f"{told}: one mask for every target")


async def target_order(bench: Bench) -> Seen:
    """The same targets in the other order."""
    found = (await _base(bench)).bytes
    ask = ask_parse(bench.cleared[:1], [TARGETS[::-1]])
    turned = masks((await bench.answer(ask)).parsed).bytes
    if found.shape != turned.shape or found.ndim != 3 or len(found) != 2:
        return skipped("there are no two masks to compare")
    flat, other = _flat(found), _flat(turned)
    near = closeness(other, flat)
    if cosine(*flat) >= SAME:
        return skipped("both masks are the same, so that their order cannot be seen")
    if near.argmax(axis=1).tolist() != [1, 0]:
        return failed("the masks do not move with their targets")
    least = float(min(near[0, 1], near[1, 0]))
    told = f"the masks move with their targets; least cosine {least:.4f}"
    return passed(told) if least >= CLOSE else warned(f"{told}: a mask depends on where its target stands")


async def absent(bench: Bench) -> Seen:
    """A target that is on no film."""
    try:
        answer = await bench.answer(ask_parse(bench.cleared[:1], [(NONSENSE,)]))
    except InputRefused as error:
        return passed(f"refused: {error.what}")
    found = masks(answer.parsed).bytes
    if not found.size:
        return failed("no pixels")
    lit = float((found > THRESHOLD).mean())
    told = f"{100 * lit:.2f} % of the picture above {THRESHOLD}, greatest value {int(found.max())}"
    return passed(told) if lit <= LIT else warned(f"{told}: an absent object is outlined; use the presence test")


async def categories(bench: Bench) -> Seen:
    """`text_features`: one documented category a target."""
    found = row_of((await bench.answer(bench.ask())).parsed, 0).get("text_features")
    if found is None:
        return warned("no text_features")
    if not isinstance(found, list) or len(found) != len(TARGETS):
        return failed(f"{len(found) if isinstance(found, list) else 'no list of'} names for {len(TARGETS)} targets")
    odd = sum(name not in CATEGORIES for name in found)
    return warned(f"{odd} of {len(found)} are none of the 16 documented") if odd else passed(", ".join(found))


def _question(
    name: str, expected: str, put: Any, asked: str = f"{' & '.join(TARGETS)} of a landscape film"
) -> Question:
    return Question(f"masks.{name}", asked, expected, put)


QUESTIONS = (
    _question("count", "one mask a target", count),
    _question("size", "the size submitted", size),
    _question("dtype", "uint8", dtype),
    _question("values", "probability x 255", values),
    _question("sides", "the right lung at the image's left", sides),
    _question("overlap", f"{GOOD} or more with what was drawn", overlap, "both lungs, landscape and portrait"),
    _question("prompts", "different masks", prompts),
    _question("target_order", "the masks move with their targets", target_order, " & ".join(TARGETS[::-1])),
    _question("absent", f"at most {100 * LIT:g} % above {THRESHOLD}, or a refusal", absent, NONSENSE),
    _question("categories", "one of 16 documented names a target", categories),
)
