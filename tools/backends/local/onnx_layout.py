"""Which input and output of an ONNX file plays which part in MedImageInsight.

Neither the names nor the layout of the published export are documented, so both are read from the file:

image   rank 4, float32, float16 or uint8, 3 channels second, a square of 480 (the network's own), of 512 (the file
        then resizes itself) or of free size (480 is sent). Floats are scaled with ImageNet's mean and deviation,
        bytes are not.
ids     rank 2, int64 or int32, 77 tokens or free; `mask`, the same, is the one of two with "mask" in its name.
texts   strings, rank 1, or rank 2 with one column: the file then holds its own tokenizer.
outputs by name: with "image" or "visual" and with "text" or "lang" the vectors, float, whose last axis is 1024 or
        free; with "scal", "logit" or "temperature" one number. A file with one kind of input and one vector needs no
        telling name. Outputs beyond these are not asked for.

Anything else is refused, naming what was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnxruntime

from readingroom.errors import BadFile
from readingroom.tools.contracts.medimageinsight import DIMENSION

FLOATS: dict[str, np.dtype[Any]] = {"tensor(float)": np.dtype(np.float32), "tensor(float16)": np.dtype(np.float16)}
PIXELS: dict[str, np.dtype[Any]] = FLOATS | {"tensor(uint8)": np.dtype(np.uint8)}
WHOLES: dict[str, np.dtype[Any]] = {"tensor(int64)": np.dtype(np.int64), "tensor(int32)": np.dtype(np.int32)}
SIDES = (480, 512)
CONTEXT = 77
EXPECTED = (
    "Expected: an image (N, 3, 480, 480) of float or uint8, token ids (N, 77) of int with an optional mask, or "
    "strings; vectors (N, 1024) named for image and text, and a scale."
)

Part = Literal["image", "ids", "mask", "texts"]


@dataclass(frozen=True)
class Port:
    """One input of the file."""

    name: str
    rank: int
    dtype: np.dtype[Any]
    side: int = 0
    """Of the square in pixels, for an image."""


@dataclass(frozen=True)
class Layout:
    """Inputs by the part they play, and outputs by name; an output that the file does not have is None."""

    inputs: dict[Part, Port]
    image: str | None
    text: str | None
    scaling: str | None

    @property
    def reads_text(self) -> bool:
        return "ids" in self.inputs or "texts" in self.inputs


def layout_of(session: onnxruntime.InferenceSession, where: str) -> Layout:
    """Raises BadFile for an input without a part, and for outputs that cannot be told apart."""
    inputs: dict[Part, Port] = {}
    for found in session.get_inputs():
        part = _part(found)
        if part is None or part in inputs:
            raise _refused(f"the input {_shown(found)} has no part in MedImageInsight", where)
        inputs[part] = _port(found)
    if ("mask" in inputs and "ids" not in inputs) or ("ids" in inputs and "texts" in inputs):
        raise _refused(f"the inputs {_all(session.get_inputs())} do not go together", where)
    outputs = session.get_outputs()
    vectors = [one for one in outputs if one.type in FLOATS and _is_vector(one.shape)]
    takes_image, takes_text = "image" in inputs, "ids" in inputs or "texts" in inputs
    image = _named(vectors, ("image", "visual"), takes_image and not takes_text, where) if takes_image else None
    text = _named(vectors, ("text", "lang"), takes_text and not takes_image, where) if takes_text else None
    scales = [one for one in outputs if one.type in FLOATS and _is_number(one.shape)]
    scaling = _named(scales, ("scal", "logit", "temperature"), False, where)
    if (takes_image and image is None) or (takes_text and text is None) or not inputs:
        raise _refused(f"no output of {_all(outputs)} holds the vectors of {_all(session.get_inputs())}", where)
    return Layout(inputs, image, text, scaling)


def _part(found: Any) -> Part | None:
    shape = found.shape
    match found.type, len(shape):
        case kind, 4 if kind in PIXELS and _free_or(shape[1], 3) and _square(shape) is not None:
            return "image"
        case kind, 2 if kind in WHOLES and _free_or(shape[1], CONTEXT):
            return "mask" if "mask" in found.name.lower() else "ids"
        case "tensor(string)", 1:
            return "texts"
        case "tensor(string)", 2 if _free_or(shape[1], 1):
            return "texts"
    return None


def _port(found: Any) -> Port:
    dtype: np.dtype[Any] = (PIXELS | WHOLES).get(found.type, np.dtype(object))
    return Port(found.name, len(found.shape), dtype, (_square(found.shape) or 0) if len(found.shape) == 4 else 0)


def _square(shape: list[Any]) -> int | None:
    """The side to send, for (N, 3, H, W) whose height and width are the same known side, or free."""
    fixed = {side for side in shape[2:] if isinstance(side, int)}
    if not fixed:
        return SIDES[0]
    return fixed.pop() if len(fixed) == 1 and fixed <= set(SIDES) else None


def _named(outputs: list[Any], marks: tuple[str, ...], alone: bool, where: str) -> str | None:
    found = [one for one in outputs if any(mark in one.name.lower() for mark in marks)]
    if not found and alone and len(outputs) == 1:
        found = outputs
    if len(found) > 1:
        raise _refused(f"the outputs {_all(found)} could each be meant", where)
    return str(found[0].name) if found else None


def _is_vector(shape: list[Any]) -> bool:
    """(N, 1024), or (N, 1, 1024)."""
    return bool(shape) and _free_or(shape[-1], DIMENSION) and (len(shape) == 2 or (len(shape) == 3 and shape[1] == 1))


def _is_number(shape: list[Any]) -> bool:
    return all(side == 1 for side in shape)


def _free_or(side: Any, wanted: int) -> bool:
    return not isinstance(side, int) or side == wanted


def _shown(port: Any) -> str:
    sides = ", ".join(str(side) for side in port.shape)
    return f"{port.name} ({sides}) of {port.type}"


def _all(ports: list[Any]) -> str:
    return "; ".join(_shown(port) for port in ports) or "none"


def _refused(what: str, where: str) -> BadFile:
    return BadFile(what, where=where, do=EXPECTED)
