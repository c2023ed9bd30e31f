"""The figures of a report: each image as it is displayed, with the outlines of its evidence over it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.region import Region
from readingroom.domain.report import Report
from readingroom.errors import ToolFailed
from readingroom.exports import wording
from readingroom.exports.material import AGAIN
from readingroom.exports.outline import box_path, line_path, mask_path
from readingroom.imaging.image import Image, Study
from readingroom.imaging.windowing import default_window, display_gray, display_rgb

Mask = NDArray[np.bool_]
Masks = Mapping[str, Mask]

LONGEST = 1024
"""Pixels on the long side of a figure: more than a page shows beside text."""
PLANES = 6
"""At most so many slices or frames of one image are shown, those with the most evidence first."""
SIDES = {"left": ("L", "R"), "right": ("R", "L"), "unknown": ("?", "?")}
SIDELESS_VIEWS = frozenset({"lateral", "sagittal"})
SIDELESS = frozenset({"dermoscopy", "pathology", "endoscopy", "ultrasound", "fundus", "oct", "octa", "mammography"})
"""Views and kinds of image that have no patient's right against left across them: an unknown side is not marked "?"."""


@dataclass(frozen=True)
class Overlay:
    """One region of one or several evidences."""

    evidence: tuple[str, ...]
    kind: Literal["box", "mask", "line"]
    path: str
    """SVG path data in the figure's source pixels; fill rule evenodd."""
    label: str


@dataclass(frozen=True)
class Figure:
    """One picture of a report. Overlays are in `columns` x `rows` source pixels, whatever the PNG's size."""

    image_id: str
    plane: int | None
    """Slice or frame index; None of a single image and of a coronal view."""
    png: bytes
    columns: int
    rows: int
    caption: str
    role: Literal["current", "lateral", "prior"]
    overlays: tuple[Overlay, ...]
    side_left: str
    """What lies at the left edge: "R", "L", "?" where it is not known, empty where the view has no sides."""
    side_right: str
    pixel_height: float = 1.0
    """Height of a source pixel in pixel widths, for display in true proportions."""


def build_figures(report: Report, study: Study, masks: Masks) -> tuple[Figure, ...]:
    """Figures in the order of the report's images. `masks` by digest: (H, W), or (D, H, W) of a volume.

    A single image gives one figure; a volume or multi-frame image one for each plane that its evidence names (at most
    `PLANES`), its middle where none does, and of a volume also a middle coronal view. Raises ToolFailed where the study
    lacks an image of the report or a mask does not fit its image.
    """
    pixels = {image.ref.id: image for image in study.images}
    figures: list[Figure] = []
    for ref in report.images:
        if ref.id not in pixels:
            raise ToolFailed(f"no pixels for image {ref.id!r}", where="figures", do=AGAIN)
        image = pixels[ref.id]
        marks = _marks(report.evidence, ref, masks)
        if ref.kind == "image":
            figures.append(_figure(image, marks, plane=None))
        else:
            figures += [_figure(image, marks, plane=plane) for plane in _planes(ref, marks)]
        if ref.kind == "volume" and not ref.colour and ref.depth > 1:
            figures.append(_coronal(image, marks))
    return tuple(figures)


@dataclass(frozen=True, eq=False)
class _Mark:
    """A region with everything drawn from it: who cites it and its mask."""

    region: Region
    evidence: tuple[str, ...]
    mask: Mask | None
    plane: int | None


def _marks(evidence: tuple[Evidence, ...], ref: ImageRef, masks: Masks) -> tuple[_Mark, ...]:
    """The image's regions, each once however many evidences share it."""
    owners: dict[tuple[Any, ...], list[str]] = {}
    regions: dict[tuple[Any, ...], Region] = {}
    for item in evidence:
        for region in item.regions:
            if region.image_id == ref.id:
                key = (region.mask_digest, None if region.mask_digest else (region.kind, region.box, region.plane))
                regions.setdefault(key, region)
                if item.id not in owners.setdefault(key, []):
                    owners[key].append(item.id)
    return tuple(_mark(regions[key], tuple(owners[key]), ref, masks) for key in regions)


def _mark(region: Region, owners: tuple[str, ...], ref: ImageRef, masks: Masks) -> _Mark:
    mask = masks.get(region.mask_digest) if region.kind == "mask" and region.mask_digest else None
    flat, deep = (ref.rows, ref.columns), (ref.depth, ref.rows, ref.columns)
    if mask is not None and mask.shape not in ((flat,) if ref.kind == "image" else (flat, deep)):
        raise ToolFailed(f"mask of {mask.shape} does not fit image {ref.id!r} of {deep}", where="figures")
    plane = region.plane
    if ref.kind == "image":
        plane = None
    elif plane is None:
        deepest = mask is not None and mask.ndim == len(deep)
        plane = int(np.argmax(mask.sum(axis=(1, 2)))) if mask is not None and deepest else ref.depth // 2
    return _Mark(region, owners, mask, plane)


def _planes(ref: ImageRef, marks: tuple[_Mark, ...]) -> tuple[int, ...]:
    """The planes to show, in order: those that most regions name, or the middle."""
    wanted = Counter(mark.plane for mark in marks if mark.plane is not None and 0 <= mark.plane < ref.depth)
    return tuple(sorted(plane for plane, _ in wanted.most_common(PLANES))) or (ref.depth // 2,)


def _figure(image: Image, marks: tuple[_Mark, ...], *, plane: int | None) -> Figure:
    ref = image.ref
    height = ref.spacing.row / ref.spacing.column if ref.spacing else 1.0
    overlays = (_overlay(mark, ref, plane=plane) for mark in marks)
    return Figure(
        ref.id, plane, true_png(shown(image, plane), height), ref.columns, ref.rows, _caption(ref, plane), ref.role,
        tuple(overlay for overlay in overlays if overlay), *_sides(ref), height,
    )  # fmt: skip


def _overlay(mark: _Mark, ref: ImageRef, *, plane: int | None) -> Overlay | None:
    """What of a mark is seen in one plane; a volume's mask is drawn in every plane it crosses."""
    region, mask = mark.region, mark.mask
    if mask is not None and mask.ndim == 3 and plane is not None:
        path = mask_path(mask[plane], tolerance=_tolerance(ref.columns, ref.rows))
    elif mark.plane != plane:
        return None
    elif mask is not None:
        path = mask_path(mask, tolerance=_tolerance(ref.columns, ref.rows))
    else:
        path = line_path(region.box) if region.kind == "line" else box_path(region.box)
    kind = "box" if mask is None and region.kind == "mask" else region.kind
    return Overlay(mark.evidence, kind, path, region.label) if path else None


def _coronal(image: Image, marks: tuple[_Mark, ...]) -> Figure:
    """The middle coronal plane of a volume (axes S, P, L), head up, with the masks that cross it."""
    ref = image.ref
    row = ref.rows // 2
    flat = ref.model_copy(update={"kind": "image", "rows": ref.depth, "depth": 1, "spacing": None})
    upright = Image(flat, np.ascontiguousarray(image.pixels[::-1, row, :]), window=default_window(image))
    height = ref.spacing.slice / ref.spacing.column if ref.spacing and ref.spacing.slice else 1.0
    overlays = []
    for mark in marks:
        if mark.mask is not None and mark.mask.ndim == 3:
            path = mask_path(mark.mask[::-1, row, :], tolerance=_tolerance(ref.columns, ref.depth))
            overlays += [Overlay(mark.evidence, "mask", path, mark.region.label)] if path else []
    caption = f"{wording.image_words(ref)}, coronal view through row {row + 1} of {ref.rows}"
    return Figure(
        ref.id, None, true_png(shown(upright, None), height), ref.columns, ref.depth, caption, ref.role,
        tuple(overlays), *_sides(ref), height,
    )  # fmt: skip


def _sides(ref: ImageRef) -> tuple[str, str]:
    sideless = ref.view in SIDELESS_VIEWS or ref.modality in SIDELESS
    return ("", "") if sideless and ref.image_left == "unknown" else SIDES[ref.image_left]


def _tolerance(columns: int, rows: int) -> float:
    """Half a displayed pixel, in source pixels."""
    return max(0.5, max(columns, rows) / LONGEST / 2)


def _caption(ref: ImageRef, plane: int | None) -> str:
    step = "" if plane is None else f"{'slice' if ref.kind == 'volume' else 'frame'} {plane + 1} of {ref.depth}"
    return ", ".join(filter(None, (wording.image_title(ref), step)))


def shown(image: Image, plane: int | None) -> NDArray[np.uint8]:
    """As OpenCV writes it: (H, W) of a grey image, (H, W, 3) blue first of a colour one."""
    if image.ref.colour:
        return np.asarray(display_rgb(image, plane=plane)[..., ::-1])
    grey = display_gray(image, plane=plane)
    return np.asarray(np.rint(grey * np.float32(255)), np.uint8)


def true_png(source: NDArray[Any], pixel_height: float, longest: int = LONGEST) -> bytes:
    """PNG in true proportions, at most `longest` on the long side; grey keeps one channel."""
    rows, columns = source.shape[0] * max(pixel_height, 1.0), source.shape[1] / min(pixel_height, 1.0)
    scale = min(1.0, longest / max(rows, columns))
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    if size != (source.shape[1], source.shape[0]):
        smaller = size[0] * size[1] < source.shape[0] * source.shape[1]
        source = cv2.resize(
            np.ascontiguousarray(source), size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        )
    written, data = cv2.imencode(".png", source, [cv2.IMWRITE_PNG_COMPRESSION, 4])
    if not written:
        raise ToolFailed("could not encode a figure as PNG", where="figures")
    return data.tobytes()
