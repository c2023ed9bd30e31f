"""One way from source pixels to each model's input, by an id that travels into evidence and cache keys."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.domain.region import Region
from readingroom.errors import BadStudy
from readingroom.imaging.clearance import BurnedIn, Way, clear, clear_volume, slices_to_look_at
from readingroom.imaging.cleared import Cleared
from readingroom.imaging.geometry import Box, region_from_square, square_of
from readingroom.imaging.image import Image, Window
from readingroom.imaging.resample import mask_from_square
from readingroom.imaging.windowing import display_bytes, preset
from readingroom.tools.contracts.model_ids import ModelId

__all__ = (
    "BurnedIn", "prepare", "preprocessing_ids", "source_mask", "source_region", "volume_from_submitted",
)  # fmt: skip

_WAYS: dict[ModelId, Way] = {
    "medimageinsight": Way("mi2-{window}-stretch512-{depth}-v1", "stretch", 512),
    "medimageparse": Way("mip-{window}-pad1024-{depth}-v1", "pad", 1024),
    "cxrreportgen": Way("cxr-{window}-crop1024-{depth}-v1", "crop", 1024, grows=False),
    "gigapath": Way("gp-{window}-crop256-{depth}-v1", "crop", 256),
    "gigatime": Way("gt-{window}-crop512-{depth}-v1", "crop", 512, grows=False),
}
"""MedImageInsight resizes to 512 x 512 whatever the aspect; MedImageParse takes 1024 x 1024, aspect kept, padded with
black; CXRReportGen cuts the middle square out itself, so that its boxes mean the same by both published readings once
it was cut here; Prov-GigaPath resizes a tile to 256 and cuts 224 out of it; GigaTIME takes tiles up to 512."""

_ALWAYS_GREY: frozenset[ModelId] = frozenset(("cxrreportgen",))
_ALWAYS_RGB: frozenset[ModelId] = frozenset(("gigapath", "gigatime"))
_PARSE_PRESETS = ("liver", "colon", "pancreas", "pelvis", "lung", "abdomen")
"""CT windows that MedImageParse publishes."""
_PARSE_BY_WORD = {
    "hepatic": "liver", "rectum": "pelvis", "bladder": "pelvis", "prostate": "pelvis", "uterus": "pelvis",
    "pancreatic": "pancreas", "covid": "lung", "nodule": "lung", "infection": "lung", "chest": "lung",
}  # fmt: skip
"""Words of a target or an anatomy that one of them stands for; all others are seen through "abdomen"."""
_VOLUME_ID = "mip3d-{values}-nifti-v1"


def prepare(
    model: ModelId, image: Image, *, plane: int | None = None, target: str = "", policy: BurnedIn = "refuse"
) -> Cleared:
    """The image as this model takes it, cleared to leave: a PNG, for MedImageParse 3D the volume as .nii.gz.

    `plane` picks one slice or frame (the middle one unless named); `target` picks MedImageParse's CT window. Raises
    EgressRefused for burned-in words as `policy` says, BadRequest for a plane that is not there, BadStudy where the
    model takes no such image.
    """
    if model == "medimageparse3d":
        return _volume(image, policy)
    window = _parse_window(image, target) if model == "medimageparse" else None
    shown = display_bytes(image, plane=plane, window=window)
    if model in _ALWAYS_GREY and shown.ndim == 3:
        shown = np.asarray(cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY), np.uint8)
    elif model in _ALWAYS_RGB and shown.ndim == 2:
        shown = np.repeat(shown[..., None], 3, axis=2)
    way = _WAYS[model]
    name = window.name.removeprefix("preset ") if window else "window"
    told = way.preprocessing_id.format(window=name, depth="grey8" if shown.ndim == 2 else "rgb8")
    return clear(shown, Way(told, way.how, way.side, way.grows), policy, told=image.ref.burned_in)


def preprocessing_ids(model: ModelId) -> tuple[str, ...]:
    """Every id that `prepare` may give for a model."""
    if model == "medimageparse3d":
        return tuple(_VOLUME_ID.format(values=values) for values in ("hu16", "float32"))
    windows = ("window", *_PARSE_PRESETS) if model == "medimageparse" else ("window",)
    depths = ("grey8",) if model in _ALWAYS_GREY else ("rgb8",) if model in _ALWAYS_RGB else ("grey8", "rgb8")
    return tuple(
        _WAYS[model].preprocessing_id.format(window=window, depth=depth) for window in windows for depth in depths
    )


def source_region(cleared: Cleared, box: Box, image_id: str, label: str = "") -> Region | None:
    """A model's box (0..1 of what it was sent) in source pixels; None where it lies beside the image."""
    columns, rows = cleared.source_columns, cleared.source_rows
    square = square_of(columns, rows, cleared.how)
    return region_from_square(box, square, image_id=image_id, columns=columns, rows=rows, label=label)


def source_mask(cleared: Cleared, mask: NDArray[Any]) -> NDArray[Any]:
    """A model's mask of what it was sent, (side, side) uint8 or float32, as (rows, columns) of the source."""
    return mask_from_square(mask, cleared.source_columns, cleared.source_rows, cleared.how)


def volume_from_submitted(masks: NDArray[Any]) -> NDArray[Any]:
    """Masks or labels in the axes of the .nii.gz that was sent, (i, j, k), as (D, H, W) of the image's pixels."""
    return np.ascontiguousarray(masks.transpose(2, 1, 0))


def _parse_window(image: Image, target: str) -> Window | None:
    """The published CT window for what is looked for; None: as the image is shown."""
    if image.ref.units != "HU":
        return None
    for text in (target, image.ref.anatomy):
        for word in text.lower().replace("-", " ").split():
            for form in (word, word.removesuffix("s")):
                named = _PARSE_BY_WORD.get(form, form)
                if named in _PARSE_PRESETS:
                    return preset(named)
    return preset("abdomen")


def _volume(image: Image, policy: BurnedIn) -> Cleared:
    if image.ref.kind != "volume":
        raise BadStudy("MedImageParse 3D takes a volume, and this is a picture", where=image.ref.id,
                       do="Give a CT or MR series, or a .nii.gz.")  # fmt: skip
    shown = np.stack([display_bytes(image, plane=index) for index in slices_to_look_at(len(image.pixels))])
    voxels = _voxels(image.pixels)
    name = _VOLUME_ID.format(values="hu16" if voxels.dtype == np.int16 else "float32")
    affine = np.eye(4) if image.affine is None else image.affine
    return clear_volume(voxels, affine, shown, name, policy, told=image.ref.burned_in)


def _voxels(pixels: NDArray[Any]) -> NDArray[Any]:
    """int16 where it holds every value, float32 elsewhere."""
    whole = np.rint(pixels) if pixels.dtype.kind == "f" else pixels
    fits = pixels.min() >= np.iinfo(np.int16).min and pixels.max() <= np.iinfo(np.int16).max
    if fits and (whole is pixels or bool((whole == pixels).all())):
        return whole.astype(np.int16, copy=False)
    return pixels.astype(np.float32, copy=False)
