"""Outlines of evidence as the viewer draws them over one plane: SVG paths in the plane's own pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.evidence import Evidence
from readingroom.domain.value import Value
from readingroom.exports.figure import _Mark, _marks, _overlay, _tolerance
from readingroom.exports.outline import mask_path
from readingroom.imaging.image import Image
from readingroom.web.pixels import Axis, axes_of, section
from readingroom.web.refusals import NotHere


class NamedValue(Value):
    """A measurement as it is shown beside its outline."""

    name: str
    text: str


class OverlayView(Value):
    """One region of one or several evidences in one plane."""

    evidence: tuple[str, ...]
    kind: Literal["box", "mask", "line"]
    label: str
    path: str
    """SVG path data in pixels of the plane; fill rule evenodd."""
    measurements: tuple[NamedValue, ...]


Mask = Callable[[str], NDArray[np.bool_]]


def overlays_of(
    evidence: Sequence[Evidence], image: Image, axis: Axis, plane: int, mask: Mask
) -> tuple[OverlayView, ...]:
    """All that evidence shows in one plane of an image. Raises NotHere for an axis that it does not have."""
    if axis not in axes_of(image):
        raise NotHere(f"there is no axis {axis!r}", do=f"Choose {', '.join(axes_of(image))}.")
    regions = (region for item in evidence for region in item.regions if region.image_id == image.ref.id)
    masks = {region.mask_digest: mask(region.mask_digest) for region in regions if region.mask_digest}
    found = (_shown(mark, image, axis, plane) for mark in _marks(tuple(evidence), image.ref, masks))
    by_id = {item.id: item for item in evidence}
    return tuple(
        OverlayView(
            evidence=names, kind=kind, label=label, path=path,
            measurements=tuple(
                NamedValue(name=part.title, text=part.text) for name in names for part in by_id[name].measurements
            ),
        )
        for names, kind, label, path in filter(None, found)
    )  # fmt: skip


def _shown(mark: _Mark, image: Image, axis: Axis, plane: int) -> tuple[tuple[str, ...], Any, str, str] | None:
    """Axial and stored planes as figures have them; across a volume only masks reach."""
    if axis in ("axial", "stored"):
        overlay = _overlay(mark, image.ref, plane=None if image.ref.kind == "image" else plane)
        return (overlay.evidence, overlay.kind, overlay.label, overlay.path) if overlay else None
    if mark.mask is None or mark.mask.ndim != 3:
        return None
    cut = section(mark.mask, axis, plane)
    path = mask_path(cut, tolerance=_tolerance(cut.shape[1], cut.shape[0]))
    return (mark.evidence, "mask", mark.region.label, path) if path else None
