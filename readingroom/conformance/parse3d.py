"""MedImageParse3D: a label map on the voxels that were sent, with the labels of the targets, where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.wrapstruct import WrapStructError

from readingroom.conformance.bench import Bench
from readingroom.conformance.golden import Mask
from readingroom.conformance.loose import row_of
from readingroom.conformance.question import Question, Seen, failed, passed, skipped, warned
from readingroom.conformance.wire import Print, Wire
from readingroom.errors import BadFile
from readingroom.imaging.cleared import Cleared
from readingroom.imaging.limits import Limits
from readingroom.imaging.nifti import HEADER_ERRORS, gunzip
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.base64_text import from_base64
from readingroom.tools.contracts.expect import an_object, at, bad
from readingroom.tools.contracts.medimageparse3d import ask_parse3d, decode_parse3d
from readingroom.tools.contracts.strict_json import parse_nested
from readingroom.tools.contracts.volume_file import SAME_AFFINE

TARGETS = ("liver", "kidney")
"""Both in the phantom; the liver on the patient's right."""
GOOD = 0.3
"""Overlap (intersection over union) with a drawn organ; coarse voxels and a phantom's texture cost a model much."""
BETTER = 0.1
"""By how much a mask must fit better with an axis the other way round to be mirrored."""
AXES = ("slices", "rows", "columns")


def ask_organs(images: Sequence[Cleared]) -> Ask:
    """Liver and kidneys of each volume."""
    return ask_parse3d(images, [TARGETS] * len(images))


def _prints(value: Any, ask: Ask) -> list[Print]:
    return [row.masks.astype(np.float32).ravel() for row in decode_parse3d(value, ask)]


def _variants(value: Any, ask: Ask) -> set[str]:
    return {row.variant for row in decode_parse3d(value, ask)}


WIRE = Wire("medimageparse3d", ask_organs, _prints, _variants, images=1, calls=3)


def _file(value: Any) -> nib.Nifti1Image | None:
    """The volume of the first row as nibabel reads it; None where masks come as an array."""
    row = row_of(value, 0)
    if "nifti_file" not in row:
        return None
    path = "answer[0].nifti_file"
    told = row["nifti_file"]
    data = at(an_object(parse_nested(told, path) if isinstance(told, str) else told, path), "data", path)
    try:
        content = from_base64(str(data))
        body = gunzip(content, Limits(), where=path) if content[:2] == b"\x1f\x8b" else content
        return nib.Nifti1Image.from_bytes(body)
    except (BadFile, WrapStructError, *HEADER_ERRORS) as error:
        raise bad(path, "a NIfTI file in base64", "something else") from error


async def shape(bench: Bench) -> Seen:
    """The shape of the label map."""
    answer, sent = await bench.answer(bench.ask()), bench.cleared[0]
    file = _file(answer.parsed)
    wanted = (sent.columns, sent.rows, sent.depth)
    if file is None:
        (row,) = decode_parse3d(answer.parsed, bench.ask())
        return passed(f"an array {' x '.join(map(str, row.masks.shape))}")
    told = f"{' x '.join(map(str, file.shape))} for {' x '.join(map(str, wanted))}"
    return passed(told) if file.shape[:3] == wanted else failed(told)


async def affine(bench: Bench) -> Seen:
    """Where the label map says it lies."""
    file = _file((await bench.answer(bench.ask())).parsed)
    if file is None:
        return skipped("the masks came as an array, which has no affine")
    sent = nib.Nifti1Image.from_bytes(gunzip(bench.cleared[0].content, Limits(), where="golden volume"))
    if np.allclose(file.affine, sent.affine, atol=SAME_AFFINE):
        return passed("that of the volume sent")
    if np.array_equal(file.affine, np.eye(4)):
        return passed("the identity, which says nothing: the order of the voxels counts")
    return failed("another than that of the volume sent")


async def labels(bench: Bench) -> Seen:
    """Which labels come."""
    file, sent = _file((await bench.answer(bench.ask())).parsed), bench.cleared[0]
    if file is None:
        return skipped("the masks came as an array")
    if file.shape[:3] != (sent.columns, sent.rows, sent.depth):
        return skipped("the label map has another shape")
    try:
        voxels = np.asarray(file.dataobj)
    except HEADER_ERRORS as error:
        raise bad("answer[0].nifti_file", "voxels of the shape that is told", "fewer") from error
    found = [float(value) for value in np.unique(voxels)]
    told = f"labels {', '.join(f'{value:g}' for value in found[:8])}"
    if not all(value.is_integer() and 0 <= value <= len(TARGETS) for value in found):
        return failed(told)
    return passed(told) if len(found) > 1 else warned(f"{told}: nothing was outlined")


async def overlap(bench: Bench) -> Seen:
    """The masks that came against the organs as drawn, and whether they fit better with an axis the wrong way round."""
    made, ask = bench.golden[0], bench.ask()
    (row,) = decode_parse3d((await bench.answer(ask)).parsed, ask)
    told, shares, other = [], [], set()
    for name, mask in zip(TARGETS, row.masks, strict=True):
        if not mask.any():
            told.append(f"{name} not outlined")
            continue
        drawn = made.masks[name]
        shares.append(_iou(mask, drawn))
        told.append(f"{name} {shares[-1]:.2f}")
        needed = max(GOOD, shares[-1] + BETTER)
        other |= {axis for number, axis in enumerate(AXES) if _iou(np.flip(mask, number), drawn) >= needed}
    words = f"overlap with what was drawn: {', '.join(told)}"
    if other:
        return failed(f"{words}; it fits mirrored along the {' or '.join(sorted(other))}")
    return passed(words) if shares and min(shares) >= GOOD else warned(words)


def _iou(one: Mask, drawn: Mask) -> float:
    return float((one & drawn).sum() / max(int((one | drawn).sum()), 1))


VOLUME = f"{' & '.join(TARGETS)} of a volume of unequal axes"

QUESTIONS = (
    Question("volume.shape", VOLUME, "the shape of the volume sent", shape),
    Question("volume.affine", VOLUME, "the affine of the volume sent, or none", affine),
    Question("volume.labels", VOLUME, f"whole numbers from 0 to {len(TARGETS)}", labels),
    Question("volume.overlap", VOLUME, f"{GOOD} or more with what was drawn", overlap),
)
