"""From an image as it is read to the frames it was acquired in: masks, points, and which file a plane came from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadStudy
from readingroom.exports.dicom_source import Source
from readingroom.imaging.dicom import Header
from readingroom.imaging.series import plane_of
from readingroom.imaging.volume import Canonical, canonical_of, stack_planes

Mask = NDArray[np.bool_]
Point = tuple[float, float, float]

TURNED = 0.02
"""Most that a direction cosine may differ between the volume as read and as found again: headers round to 0.01."""


class Frame(NamedTuple):
    """One acquired frame."""

    instance: int
    """Index among the source's instances."""
    number: int | None
    """Of a multi-frame file: the frame, counted from one."""


class Acquired(NamedTuple):
    """How a volume's axes (S, P, L) lie in its acquired slices."""

    canonical: Canonical
    order: tuple[int, ...]
    """For each slice of the stack its source frame: an index into the instances, or into the frames of the one file."""
    shape: tuple[int, int, int]
    """Slices, rows, columns as acquired."""
    multiframe: bool

    def stacked(self, mask: Mask) -> Mask:
        """A view of a mask (S, P, L) as (slice, row, column) of the stack."""
        flipped = mask[tuple(slice(None, None, -1) if flip else slice(None) for flip in self.canonical.flips)]
        return flipped.transpose(tuple(int(axis) for axis in np.argsort(self.canonical.axes)))

    def point(self, point: Point) -> Point:
        """(z, y, x) of the volume as (slice, row, column) of the stack, both counted from the first voxel's corner."""
        found = [0.0, 0.0, 0.0]
        for value, axis, flip in zip(point, self.canonical.axes, self.canonical.flips, strict=True):
            found[axis] = self.shape[axis] - value if flip else value
        return found[0], found[1], found[2]

    @property
    def axial(self) -> bool:
        """Whether a plane of the volume is an acquired slice."""
        return self.canonical.axes[0] == 0

    def frame(self, index: int) -> Frame:
        """The source of a slice of the stack."""
        at = self.order[index]
        return Frame(0, at + 1) if self.multiframe else Frame(at, None)


def acquired(source: Source) -> Acquired:
    """Of a volume. Raises BadStudy where its headers do not give the place that the volume was read with."""
    shape = (int(source.first.Rows), int(source.first.Columns))
    if source.frames:
        header = Header(source.first)
        planes = [plane_of(header, shape, index) for index in range(source.frames)]
    else:
        planes = [plane_of(Header(instance), shape) for instance in source.instances]
    known = [plane for plane in planes if plane is not None]
    if len(known) != len(planes):
        raise BadStudy("its headers do not say where its slices lie", where=source.ref.id, do="Give the whole series.")
    found = stack_planes(known, where=source.ref.id)
    size = (len(found.order), *shape)
    canonical = canonical_of(found.affine, size)
    result = Acquired(canonical, found.order, size, bool(source.frames))
    read = (source.ref.depth, source.ref.rows, source.ref.columns)
    fits = read == tuple(size[axis] for axis in canonical.axes) and (
        bool(source.frames) or found.order == tuple(range(len(planes)))
    )
    if not fits or not _same_way(canonical, source):
        raise BadStudy("its slices do not lie as in the volume that was read", where=source.ref.id,
                       do="Give the unchanged series.")  # fmt: skip
    return result


def _same_way(canonical: Canonical, source: Source) -> bool:
    if source.image.affine is None:
        return False
    one, other = canonical.affine[:3, :3], np.asarray(source.image.affine)[:3, :3]
    return np.allclose(
        one / np.linalg.norm(one, axis=0), other / np.linalg.norm(other, axis=0), atol=TURNED
    ) and np.allclose(np.linalg.norm(one, axis=0), np.linalg.norm(other, axis=0), rtol=TURNED)


def frame_of(source: Source, plane: int | None) -> Frame:
    """Of an image, or of frames without a place: the source of frame `plane`."""
    index = plane or 0
    if source.frames:
        return Frame(0, index + 1)
    return Frame(min(index, len(source.instances) - 1), None)
