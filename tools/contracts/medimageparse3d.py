"""MedImageParse3D: a volume (.nii.gz) and the names of targets to one mask a target, on the submitted voxels.

Two published answers, both accepted: `nifti_file` with a label map (0 background, n the n-th target), and
`image_features` with an array (N, D, H, W). What is a mask in the second depends on its dtype: bool as it is, floats
are probabilities from 0 to 1, uint8 is probability x 255 as in the picture model.
"""

from __future__ import annotations

import json
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
from readingroom.tools.contracts.medimageparse import THRESHOLD, rows_of, submitted
from readingroom.tools.contracts.packed_array import as_bytes, unpack
from readingroom.tools.contracts.strict_json import parse_nested
from readingroom.tools.contracts.volume_file import read_labels, write_labels

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Parse3dRow:
    """The masks of one volume."""

    masks: Mask
    """(N, D, H, W), targets in the order of the request, voxels in the axis order of the array that was submitted."""
    variant: str


def ask_parse3d(images: Sequence[Cleared], targets: Sequence[tuple[str, ...]]) -> Ask:
    """All targets of one volume in one row. Raises BadRequest for a picture, or a target that cannot be asked for."""
    if any(image.media != "application/gzip" for image in images):
        raise BadRequest("MedImageParse3D takes volumes", do="Ask MedImageParse about pictures.")
    return Ask("medimageparse3d", ("image", "text"), rows_of(images, targets))


def decode_parse3d(value: Any, ask: Ask) -> tuple[Parse3dRow, ...]:
    """One Parse3dRow a row. Raises BadReply for another shape than the volume's, or labels beyond the targets."""
    told = []
    for place, found in enumerate(a_list(value, "answer", length=len(ask.rows))):
        path = f"answer[{place}]"
        image, count = submitted(ask, place)
        an_object(found, path)
        read = _from_labels if "nifti_file" in found else _from_array
        told.append(read(found, path, image, count))
    return tuple(told)


def encode_parse3d(rows: Sequence[Parse3dRow]) -> list[dict[str, Any]]:
    """The published form, a label map; where masks overlap it can only hold one, and the later target is told."""
    told = []
    for row in rows:
        labels = np.zeros(row.masks.shape[1:], np.uint16)
        for place, mask in enumerate(row.masks):
            labels[mask] = place + 1
        told.append({"nifti_file": json.dumps({"data": to_base64(write_labels(labels))})})
    return told


def _from_labels(found: dict[str, Any], path: str, image: Cleared, count: int) -> Parse3dRow:
    value, path = found["nifti_file"], f"{path}.nifti_file"
    form = "string" if isinstance(value, str) else "object"
    told = an_object(parse_nested(value, path) if isinstance(value, str) else value, path)
    data = at(told, "data", path)
    if not isinstance(data, str):
        raise bad(f"{path}.data", "base64", kind_of(data))
    try:
        content = from_base64(data)
    except ValueError as error:
        raise bad(f"{path}.data", "base64", "something else") from error
    shape = (image.depth, image.rows, image.columns)
    labels = read_labels(content, f"{path}.data", shape=shape, like=image.content)
    if int(labels.max(initial=0)) > count:
        raise bad(f"{path}.data", f"labels from 0 to {count}", "a higher one")
    masks = np.stack([labels == place + 1 for place in range(count)])
    return Parse3dRow(masks, f"nifti_file, {form}")


def _from_array(found: dict[str, Any], path: str, image: Cleared, count: int) -> Parse3dRow:
    value = at(found, "image_features", path)
    shape = (count, image.depth, image.rows, image.columns)
    array, name, form = unpack(value, f"{path}.image_features", shape=shape)
    masks = as_bytes(array, name, f"{path}.image_features") > THRESHOLD
    return Parse3dRow(masks, f"image_features, {form} of {name}")
