"""Voxel grids of research formats (NIfTI, NRRD) to images: orientation, spacing, units, broken values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.image import ImageRef, Spacing
from readingroom.errors import BadFile
from readingroom.imaging.hounsfield import looks_like_hu
from readingroom.imaging.image import Image
from readingroom.imaging.volume import Canonical, canonical_of, reoriented

_NO_ORIENTATION = "The file does not say how it lies in the patient; sides are unknown."
_SANE_MM = (1e-4, 1000.0)


@dataclass(frozen=True, eq=False)
class Grid:
    """One volume as a file holds it."""

    voxels: NDArray[Any]
    """(slice, row, column): the last axis runs along the first file axis."""
    affine: NDArray[np.float64] | None
    """(column, row, slice, 1) to LPS millimetres; None where the file does not say."""
    steps: tuple[float, float, float] | None
    """Millimetres along column, row and slice, where there is no affine but there are lengths."""
    source: str
    sha256: str
    where: str
    label: str
    """NIfTI or NRRD."""
    notes: tuple[str, ...] = ()


def image_of(grid: Grid) -> Image:
    """A canonical volume, or one (H, W) slice where an axis has a single voxel; BadFile where no number is finite."""
    voxels, notes = _finite(grid.voxels, grid.where)
    placed = _is_sane(grid.affine)
    canonical = orientation(grid)
    pixels = np.ascontiguousarray(reoriented(voxels, canonical))
    notes = (*grid.notes, *notes, *(canonical.notes if placed else (_NO_ORIENTATION,)))
    is_hu = looks_like_hu(pixels)
    if is_hu:
        pixels = pixels.astype(np.float32, copy=False)
        notes = (*notes, "Taken for CT in Hounsfield units from its values; the file does not say it.")
    known = placed or grid.steps is not None
    ref = ImageRef(
        id="img-0", sha256=grid.sha256, kind="volume", rows=pixels.shape[1], columns=pixels.shape[2],
        depth=pixels.shape[0], units="HU" if is_hu else "grey", modality="ct" if is_hu else "unknown",
        modality_source="pixels" if is_hu else "none", view="axial" if placed else "unknown",
        view_source="header" if placed else "none", image_left="right" if placed else "unknown",
        image_left_source="header" if placed else "none", notes=notes,
        spacing=_spacing(canonical, grid.source) if known else None,
        spacing_note="" if known else "The file has no voxel size.",
        name=f"{'CT ' if is_hu else ''}{grid.label} volume, {pixels.shape[0]} slices",
    )  # fmt: skip
    image = Image(ref, pixels, None, canonical.affine if placed else None)
    return _flat(image) if min(pixels.shape) == 1 else image


def orientation(grid: Grid) -> Canonical:
    """How the file's axes become S, P, L; where the file does not say how it lies, as NIfTI most often has them."""
    affine = grid.affine if _is_sane(grid.affine) and grid.affine is not None else _upright(grid.steps)
    slices, rows, columns = grid.voxels.shape
    return canonical_of(affine, (slices, rows, columns))


def _finite(voxels: NDArray[Any], where: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    if voxels.dtype.kind != "f":
        return voxels, ()
    if voxels.dtype != np.float32:
        voxels = voxels.astype(np.float32)
    good = np.isfinite(voxels)
    if good.all():
        return voxels, ()
    if not good.any():
        raise BadFile("none of its values is a number", where=where, do="Export it again.")
    share = 100 * (1 - float(good.mean()))
    told = "under 1 %" if share < 1 else f"{share:.0f} %"
    return np.where(good, voxels, voxels[good].min()), (f"{told} of the values were no number; set to the lowest.",)


def _is_sane(affine: NDArray[np.float64] | None) -> bool:
    if affine is None or not np.isfinite(affine).all():
        return False
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    if not ((steps >= _SANE_MM[0]) & (steps <= _SANE_MM[1])).all():
        return False
    return bool(abs(np.linalg.det(affine[:3, :3] / steps)) > 0.1)


def _upright(steps: tuple[float, float, float] | None) -> NDArray[np.float64]:
    """Axes as NIfTI most often has them (to the right, to the front, upwards), so that a picture stands upright."""
    column, row, slices = steps or (1.0, 1.0, 1.0)
    return np.diag([-column, -row, slices, 1.0])


def _spacing(canonical: Canonical, source: str) -> Spacing:
    column, row, step = (float(value) for value in np.linalg.norm(canonical.affine[:3, :3], axis=0))
    return Spacing(row=row, column=column, slice=step, source=source, plane="patient")


def _flat(image: Image) -> Image:
    """The one slice of a volume that has only one: axial as stored, coronal and sagittal with the head up."""
    axis = image.pixels.shape.index(1)
    pixels = np.ascontiguousarray(image.pixels[0] if axis == 0 else image.pixels.squeeze(axis)[::-1])
    known = image.ref.view != "unknown"
    update: dict[str, Any] = {
        "kind": "image", "depth": 1, "rows": pixels.shape[0], "columns": pixels.shape[1],
        "view": ("axial", "coronal", "sagittal")[axis] if known else "unknown",
        "name": image.ref.name.split(" volume")[0] + " slice",
    }  # fmt: skip
    if axis == 2:
        update |= {"image_left": "unknown", "image_left_source": "none"}
    old = image.ref.spacing
    if old is not None and old.slice is not None:
        row, column = ((old.row, old.column), (old.slice, old.column), (old.slice, old.row))[axis]
        update["spacing"] = {"row": row, "column": column, "source": old.source, "plane": old.plane}
    ref = ImageRef.model_validate(image.ref.model_dump() | update)
    return Image(ref, pixels, image.window, image.affine if axis == 0 else None)
