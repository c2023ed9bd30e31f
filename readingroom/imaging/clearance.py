"""The only place where pixels become something that may leave this machine: no header goes along, text is looked for.

What is sent is written anew from an array of pixels, so nothing of the source's header, name or path can be in it.
Burned-in text is what is left: `burned_in.find_text` looks for it in every picture, and where words are found the
picture is refused, painted over or let through as the user's settings say.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import cv2
import nibabel as nib
import numpy as np
from isal import igzip
from numpy.typing import NDArray

from readingroom.errors import EgressRefused
from readingroom.imaging.burned_in import TextLine, find_text
from readingroom.imaging.cleared import Cleared
from readingroom.imaging.geometry import Box, How, Square, clip_box, square_of
from readingroom.imaging.nifti import RAS_TO_LPS
from readingroom.imaging.png import encode_png
from readingroom.imaging.resample import into_square

BurnedIn = Literal["refuse", "mask", "allow"]
"""What is done with a picture that holds words."""
Told = Literal["yes", "no", "unknown"]
"""Whether the header says that text is burned in."""

_ROUNDS = 3
_MARGIN = 0.35
"""Of a line's height, painted over around it: anti-aliased edges and accents."""
_BEYOND = 2.0
"""Of a line's height, painted over at both ends of it: where letters that were not told apart may follow."""
_DO = 'Take it out, or set burned_in_text to "mask" (paint it over) or "allow" (send it as it is).'
_MASK_FAILS = 'Take it out, or set burned_in_text to "allow" (send it as it is).'
_LEGIBLE = 4.0
"""Height in pixels of what is sent from which on a glyph might be read; lower ones are not looked for."""
_NAMED = 3
"""Boxes told in an error."""
_LOOKED_AT = 9
"""Slices of a volume in which text is looked for."""


@dataclass(frozen=True)
class Way:
    """How source pixels become what one model is sent."""

    preprocessing_id: str
    how: How
    side: int
    """Of the square that is sent, in pixels."""
    grows: bool = True
    """Whether a smaller source is enlarged to `side`; otherwise it is sent at its own size."""


def clear(pixels: NDArray[np.uint8], way: Way, policy: BurnedIn = "refuse", *, told: Told = "unknown") -> Cleared:
    """A picture (H, W) or (H, W, 3) RGB of 8 bits, as it would be shown, as a PNG that may leave.

    Only the part that would be sent counts. `told` is what the header says of burned-in text: its "yes" stands for
    text that was found, even where none was. Raises EgressRefused, which tells how many lines stand where, for words
    under "refuse", and for text that "mask" cannot place.
    """
    rows, columns = pixels.shape[:2]
    square = square_of(columns, rows, way.how)
    side = way.side if way.grows else min(way.side, round(max(square.width, square.height)))
    smallest = _LEGIBLE * min(square.width, square.height) / side
    lines = _lines_in(pixels, square, smallest)
    words = [line for line in lines if line.names]
    clearance = _decided(words, policy, told)
    if clearance == "masked":
        pixels = _masked(pixels, words, square, smallest)
    content = encode_png(into_square(pixels, side, way.how))
    return Cleared(
        content=content, media="image/png", sha256=hashlib.sha256(content).hexdigest(),
        preprocessing_id=way.preprocessing_id, columns=side, rows=side, depth=1,
        source_columns=columns, source_rows=rows, how=way.how,
        text_found=tuple(line.box for line in lines), clearance=clearance,
    )  # fmt: skip


def clear_volume(
    voxels: NDArray[np.int16] | NDArray[np.float32],
    affine: NDArray[np.float64],
    shown: NDArray[np.uint8],
    preprocessing_id: str,
    policy: BurnedIn = "refuse",
    *,
    told: Told = "unknown",
) -> Cleared:
    """A volume (D, H, W) in the order S, P, L with its LPS affine as a .nii.gz that may leave.

    Written from the voxels and the affine alone, in nibabel's order (i, j, k) and RAS+. `shown` are the slices
    (N, H, W) in which text is looked for, as they would be shown (`slices_to_look_at` names them). Text that was found
    cannot be painted over in slices nobody looked at: "mask" refuses like "refuse". Raises EgressRefused.
    """
    lines = [line for picture in shown for line in find_text(picture)]
    words = [line for line in lines if line.names]
    clearance = _decided(words, "refuse" if policy == "mask" else policy, told)
    depth, rows, columns = voxels.shape
    file = nib.Nifti1Image(voxels.transpose(2, 1, 0), RAS_TO_LPS @ affine)
    content = igzip.compress(file.to_bytes(), 1, mtime=0)
    return Cleared(
        content=content, media="application/gzip", sha256=hashlib.sha256(content).hexdigest(),
        preprocessing_id=preprocessing_id, columns=columns, rows=rows, depth=depth,
        source_columns=columns, source_rows=rows, how="stretch",
        text_found=tuple(line.box for line in lines), clearance=clearance,
    )  # fmt: skip


def slices_to_look_at(depth: int) -> tuple[int, ...]:
    """The first, the last and evenly spread slices of a volume."""
    return tuple(sorted({round(at) for at in np.linspace(0, depth - 1, _LOOKED_AT)}))


def _lines_in(pixels: NDArray[np.uint8], square: Square, smallest: float) -> tuple[TextLine, ...]:
    """Text in the part that is sent, in source pixels."""
    rows, columns = pixels.shape[:2]
    inside = clip_box((square.left, square.top, square.left + square.width, square.top + square.height), columns, rows)
    if inside is None:
        return ()
    left, top = (int(np.floor(value)) for value in inside[:2])
    right, bottom = (int(np.ceil(value)) for value in inside[2:])
    part = pixels[top:bottom, left:right]
    gray = part if part.ndim == 2 else cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_RGB2GRAY)
    lines = find_text(np.asarray(gray, np.uint8), smallest)
    return tuple(TextLine(_moved(line.box, left, top), line.characters) for line in lines)


def _moved(box: Box, left: int, top: int) -> Box:
    return box[0] + left, box[1] + top, box[2] + left, box[3] + top


def _decided(words: list[TextLine], policy: BurnedIn, told: Told) -> Literal["clean", "masked", "allowed"]:
    if not words and told != "yes":
        return "clean"
    if policy == "allow":
        return "allowed"
    if not words:
        raise EgressRefused("the header says that text is burned into the image, and none was found to paint over",
                            do=_MASK_FAILS)  # fmt: skip
    if policy == "mask":
        return "masked"
    count = f"{len(words)} line{'s' if len(words) > 1 else ''} of text"
    at = "; ".join("x {:.0f}-{:.0f}, y {:.0f}-{:.0f}".format(*_as_ranges(line.box)) for line in words[:_NAMED])
    more = " and more" if len(words) > _NAMED else ""
    raise EgressRefused(f"{count} burned into the pixels may name the patient ({at}{more})", do=_DO)


def _as_ranges(box: Box) -> tuple[float, float, float, float]:
    return box[0], box[2], box[1], box[3]


def _masked(pixels: NDArray[np.uint8], words: list[TextLine], square: Square, smallest: float) -> NDArray[np.uint8]:
    """A copy with all words painted over, looked at again until none is found; EgressRefused if some always are."""
    for _ in range(_ROUNDS):
        pixels = _painted(pixels, words)
        words = [line for line in _lines_in(pixels, square, smallest) if line.names]
        if not words:
            return pixels
    raise EgressRefused(f"{len(words)} lines of text are left after painting over what was found", do=_MASK_FAILS)


def _painted(pixels: NDArray[np.uint8], words: list[TextLine]) -> NDArray[np.uint8]:
    """A copy with each line filled with the median of the frame around it."""
    rows, columns = pixels.shape[:2]
    out = pixels.copy()
    for line in words:
        x0, y0, x1, y1 = line.box
        height = min(x1 - x0, y1 - y0)
        along, across = max(3.0, _BEYOND * height), max(2.0, _MARGIN * height)
        wide, high = (along, across) if x1 - x0 >= y1 - y0 else (across, along)
        left, top = max(round(x0 - wide), 0), max(round(y0 - high), 0)
        right, bottom = min(round(x1 + wide), columns), min(round(y1 + high), rows)
        frame = [out[top, left:right], out[bottom - 1, left:right], out[top:bottom, left], out[top:bottom, right - 1]]
        out[top:bottom, left:right] = np.median(np.concatenate(frame), axis=0).astype(np.uint8)
    return out
