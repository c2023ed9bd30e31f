"""MedImageParse's and GigaTIME's answers as outlines on the source pixels; pictures pass the presence test."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.errors import NotServed
from readingroom.imaging.cleared import Cleared
from readingroom.imaging.geometry import square_of
from readingroom.imaging.image import Image
from readingroom.imaging.resample import mask_from_square
from readingroom.tools.backends.protocol import Model, Segmented
from readingroom.tools.backends.scorer import Scorer, model_seeing
from readingroom.tools.contracts.gigatime import CHANNELS, ask_markers, cut, decode_markers
from readingroom.tools.contracts.medimageparse import ask_parse, decode_parse, split_targets
from readingroom.tools.contracts.medimageparse3d import ask_parse3d, decode_parse3d
from readingroom.tools.preparation import BurnedIn, prepare
from readingroom.tools.presence import LIMITATION, Presence, judge
from readingroom.tools.presence_published import Published

MOST_BYTES = 24_000_000
"""Of one answer: 17 masks of 1024 x 1024, five seconds of the service's 5 MB/s."""

HALF = 127.5
"""The published cut of probability x 255."""

UNTRIED = "how often MedImageParse3D outlines what is not there was not measured"
"""Why an outline of a volume is trusted only as far as it is there at all."""


class Asking(NamedTuple):
    """What an outline is asked with, beside the image."""

    burned_in: BurnedIn
    published: Published | None = None
    """Parameters of the published test, where the user has them."""


def _segmented(target: str, mask: NDArray[np.bool_], found: Presence, model: Model) -> Segmented:
    """Absent and not assessable leave no mask to measure: a low map cut at one half is noise."""
    there = found.decision == "present"
    quality = {"present": max(found.score, 0.5), "absent": max(1 - found.score, 0.5)}.get(found.decision, 0.0)
    return Segmented(
        target=target,
        mask=mask if there else np.zeros_like(mask),
        quality=float(quality),
        quality_reason=found.reason,
        method=f"{model.name}'s answer to the prompt",
        model=model,
        caveat=LIMITATION if there else "",
        absent=found.decision == "absent",
    )


def _shown(cleared: Cleared) -> NDArray[np.uint8]:
    """The pixels that were sent, (H, W) or (H, W, 3) in RGB."""
    pixels: NDArray[Any] = np.asarray(cv2.imdecode(np.frombuffer(cleared.content, np.uint8), cv2.IMREAD_UNCHANGED))
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, ::-1])


def _inside(cleared: Cleared) -> tuple[slice, slice]:
    """Rows and columns of the sent square that show the image and no padding."""
    square = square_of(cleared.source_columns, cleared.source_rows, cleared.how)
    across, down = cleared.columns / square.width, cleared.rows / square.height
    left, top = max(-square.left, 0) * across, max(-square.top, 0) * down
    right = min(cleared.source_columns - square.left, square.width) * across
    bottom = min(cleared.source_rows - square.top, square.height) * down
    return slice(round(top), round(bottom)), slice(round(left), round(right))


async def outline_picture(
    scorer: Scorer, image: Image, targets: tuple[str, ...], asking: Asking
) -> tuple[Segmented, ...]:
    """One outline a target, in order, from MedImageParse; more targets than one answer holds go in several calls.

    All calls carry the same pixels, prepared once. CT is windowed by the first target's published preset.
    """
    cleared = prepare("medimageparse", image, policy=asking.burned_in, target=targets[0])
    groups = split_targets(targets, rows=cleared.rows, columns=cleared.columns, most_bytes=MOST_BYTES)
    answers = []
    for group in groups:
        (row,) = await scorer.score(ask_parse((cleared,), (group,)), decode_parse)
        answers.append(row.probabilities)
    maps = np.concatenate(answers)
    judged = judge(
        maps,
        targets,
        _shown(cleared),
        inside=_inside(cleared),
        published=asking.published,
        image_type=asking.published.image_type(image.ref.modality, image.ref.anatomy) if asking.published else "",
    )
    model = model_seeing(scorer, cleared)
    columns, rows = image.ref.columns, image.ref.rows
    return tuple(
        _segmented(target, mask_from_square(plane, columns, rows, cleared.how) > HALF, found, model)
        for target, plane, found in zip(targets, maps, judged, strict=True)
    )


async def outline_volume(
    scorer: Scorer, image: Image, targets: tuple[str, ...], asking: Asking
) -> tuple[Segmented, ...]:
    """One outline a target on the volume's own grid, from MedImageParse3D; an empty one counts as absent."""
    cleared = prepare("medimageparse3d", image, policy=asking.burned_in)
    (row,) = await scorer.score(ask_parse3d((cleared,), (targets,)), decode_parse3d)
    model = model_seeing(scorer, cleared)
    found = []
    for target, mask in zip(targets, row.masks, strict=True):
        found.append(
            Segmented(
                target=target,
                mask=mask,
                quality=0.5,
                quality_reason="the model outlined it" if mask.any() else "the model outlined nothing",
                method=f"{model.name}'s answer to the prompt",
                model=model,
                caveat=UNTRIED,
                absent=not mask.any(),
            )
        )
    return tuple(found)


def marker_of(target: str) -> str | None:
    """The channel of GigaTIME that a target names ("CD3", "ki67 positive"); None where it names none."""
    word = target.lower().removesuffix(" cells").removesuffix(" positive").removesuffix("+").strip()
    return next((name for name in CHANNELS if name.lower() == word), None)


async def outline_markers(
    scorer: Scorer, image: Image, targets: tuple[str, ...], asking: Asking
) -> tuple[Segmented, ...]:
    """Where GigaTIME's virtual stain of each named marker is above its published cut; one call for all of them."""
    names = [(target, marker_of(target)) for target in targets]
    if strange := [target for target, name in names if name is None]:
        raise NotServed(f"GigaTIME has no marker {strange[0]!r}", do=f"It has {', '.join(CHANNELS)}.")
    cleared = prepare("gigatime", image, policy=asking.burned_in)
    (row,) = await scorer.score(ask_markers((cleared,)), decode_markers)
    model = model_seeing(scorer, cleared)
    found = []
    for target, name in names:
        plane = row.probabilities[CHANNELS.index(str(name))]
        whole = mask_from_square(plane, image.ref.columns, image.ref.rows, cleared.how)
        mask = whole > cut(str(name))
        found.append(
            Segmented(
                target=target,
                mask=mask,
                quality=0.5,
                quality_reason=f"virtual stain above the published cut of {cut(str(name))}",
                method="GigaTIME's virtual stain",
                model=model,
                caveat="a stain predicted from haematoxylin and eosin is not a stain",
                absent=not mask.any(),
            )
        )
    return tuple(found)
