"""MedImageParse: a picture and the names of targets to one mask of probabilities a target, at the size submitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest
from readingroom.imaging.cleared import Cleared
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.expect import a_list, a_text, an_object, at, bad
from readingroom.tools.contracts.packed_array import as_bytes, pack, unpack

MOST_ROWS = 256
MOST_TARGET = 200
"""Characters of one target; the longest published one has under 60."""
SEPARATOR = " & "
THRESHOLD = 127.5
"""A mask is where the probability times 255 is above this."""
CATEGORIES = (
    "liver", "lung", "kidney", "pancreas", "heart anatomies", "brain anatomies", "eye anatomies", "vessel",
    "other organ", "tumor", "infection", "other lesion", "fluid disturbance", "other abnormality",
    "histology structure", "other",
)  # fmt: skip
"""What `text_features` names each target as (model card); a fine-tuned model may have others."""
_ENVELOPE = 1024
"""Bytes of an answer's row about its masks."""


@dataclass(frozen=True, eq=False)
class ParseRow:
    """The masks of one picture."""

    probabilities: NDArray[np.uint8]
    """(N, H, W), probability x 255, targets in the order of the request, at the size of the submitted picture."""
    categories: tuple[str, ...]
    """One a target, or none where the answer tells none."""
    variant: str


def ask_parse(images: Sequence[Cleared], targets: Sequence[tuple[str, ...]]) -> Ask:
    """All targets of one picture in one row. Raises BadRequest for a target that cannot be asked for."""
    return Ask("medimageparse", ("image", "text"), rows_of(images, targets))


def rows_of(images: Sequence[Cleared], targets: Sequence[tuple[str, ...]]) -> tuple[tuple[Cleared, str], ...]:
    """A picture or volume and its targets' names in one text, a row."""
    if len(images) != len(targets) or not images:
        raise BadRequest(f"{len(images)} images and {len(targets)} lists of targets do not make rows")
    for names in targets:
        if not names:
            raise BadRequest("no target was named", do="Name at least one thing to outline.")
        for name in names:
            if not name.strip() or len(name) > MOST_TARGET or "&" in name or not name.isprintable():
                raise BadRequest(
                    f"a target of {len(name)} characters cannot be sent",
                    do=f"Name it in at most {MOST_TARGET} printable characters, without &.",
                )
    return tuple((image, SEPARATOR.join(names)) for image, names in zip(images, targets, strict=True))


def targets_of(text: str) -> tuple[str, ...]:
    """The targets that a row's text names; the inverse of joining them, tolerant of spaces."""
    return tuple(name.strip() for name in text.split("&") if name.strip())


def decode_parse(value: Any, ask: Ask) -> tuple[ParseRow, ...]:
    """One ParseRow a row. Raises BadReply where masks are not (targets, rows, columns) of what was submitted."""
    told = []
    for place, found in enumerate(a_list(value, "answer", length=len(ask.rows))):
        path = f"answer[{place}]"
        image, count = submitted(ask, place)
        an_object(found, path)
        masks = f"{path}.image_features"
        array, name, form = unpack(at(found, "image_features", path), masks, shape=(count, image.rows, image.columns))
        categories = _categories(found.get("text_features"), f"{path}.text_features", count)
        named = "" if categories else ", no text_features"
        told.append(ParseRow(as_bytes(array, name, masks), categories, f"{form} of {name}{named}"))
    return tuple(told)


def encode_parse(rows: Sequence[ParseRow]) -> list[dict[str, Any]]:
    """The recorded form: JSON in a string, uint8."""
    told: list[dict[str, Any]] = []
    for row in rows:
        told.append({"image_features": pack(row.probabilities)})
        if row.categories:
            told[-1]["text_features"] = list(row.categories)
    return told


def split_targets(targets: tuple[str, ...], *, rows: int, columns: int, most_bytes: int) -> tuple[tuple[str, ...], ...]:
    """The targets in as few requests as keep each answer within `most_bytes`: a mask is 4/3 x rows x columns bytes.

    Raises BadRequest where not even one mask fits.
    """
    each = (rows * columns + 2) // 3 * 4
    fit = (most_bytes - _ENVELOPE) // (each + MOST_TARGET)
    if fit < 1:
        raise BadRequest(
            f"a mask of {columns} x {rows} pixels takes {each} bytes, more than the {most_bytes} allowed for an answer",
            do="Allow larger answers.",
        )
    count = -(-len(targets) // fit)
    edges = [len(targets) * part // count for part in range(count + 1)] if count else []
    return tuple(targets[start:end] for start, end in pairwise(edges))


def submitted(ask: Ask, place: int) -> tuple[Cleared, int]:
    """The picture or volume of a row and how many targets were asked of it. Raises BadRequest where there is none."""
    cells = dict(zip(ask.columns, ask.rows[place], strict=True))
    image, text = cells.get("image"), cells.get("text")
    if not isinstance(image, Cleared) or not isinstance(text, str):
        raise BadRequest("its row has no image or no targets", where=f"row {place + 1}")
    return image, len(targets_of(text))


def _categories(value: Any, path: str, count: int) -> tuple[str, ...]:
    if value is None:
        return ()
    names = [a_text(one, f"{path}[{n}]", most=MOST_TARGET) for n, one in enumerate(a_list(value, path, length=count))]
    if not all(name.isprintable() for name in names):
        raise bad(path, "printable names", "others")
    return tuple(names)
