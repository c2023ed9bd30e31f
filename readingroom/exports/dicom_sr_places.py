"""Where regions of an image lie in its source instances, as a structured report refers to them."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.region import Region
from readingroom.errors import BadStudy
from readingroom.exports.dicom_planes import Acquired, Frame, acquired, frame_of
from readingroom.exports.dicom_source import Source

Reference = tuple[str, str, list[int] | None]
"""SOP class, SOP instance and frame numbers: the first three arguments of highdicom's image references."""
Points = tuple[tuple[float, float], ...]


class Flat(NamedTuple):
    """Points in one source frame: (column, row) from the corner of its first pixel (PS3.3 C.18.6.1.1)."""

    points: Points
    reference: Reference


class Place:
    """One image of the report; how its volume was acquired is found out once."""

    def __init__(self, source: Source) -> None:
        self.source = source

    @cached_property
    def acquired(self) -> Acquired | None:
        """None of what is no volume."""
        return acquired(self.source) if self.source.ref.kind == "volume" else None

    @property
    def alone(self) -> bool:
        """Whether one instance is the whole image."""
        return len(self.source.instances) == 1

    @property
    def frame_of_reference(self) -> str:
        uid = self.source.first.get("FrameOfReferenceUID")
        if not uid:
            raise BadStudy("its headers name no frame of reference, and a region crosses its slices",
                           where=self.source.ref.id, do="Export it as html or json.")  # fmt: skip
        return str(uid)

    def plane(self, region: Region) -> int:
        """The slice or frame that a region lies in."""
        depth = self.source.ref.depth
        return depth // 2 if region.plane is None else min(max(region.plane, 0), depth - 1)

    def reference(self, plane: int | None) -> Reference:
        """To the instance (and frame) of a plane; with None to the whole of the one instance."""
        if plane is None:
            return self._to(Frame(0, None))
        if self.acquired is None:
            return self._to(frame_of(self.source, plane if self.source.ref.kind == "frames" else None))
        index = int(self.acquired.point((plane + 0.5, 0.0, 0.0))[0])
        return self._to(self.acquired.frame(index))

    def _to(self, frame: Frame) -> Reference:
        instance = self.source.instances[frame.instance]
        numbers = None if frame.number is None else [frame.number]
        return str(instance.SOPClassUID), str(instance.SOPInstanceUID), numbers

    def flat(self, region: Region, points: Points) -> Flat | None:
        """Points of a region in the frame it lies in; None where its plane cuts through acquired slices."""
        plane = self.plane(region)
        if self.acquired is None:
            return Flat(points, self.reference(plane))
        if not self.acquired.axial:
            return None
        moved = [self.acquired.point((plane + 0.5, y, x)) for x, y in points]
        return Flat(tuple((column, row) for _, row, column in moved), self.reference(plane))

    def deep(self, region: Region, points: Points) -> NDArray[np.float64]:
        """The same points in the patient (LPS millimetres)."""
        plane = self.plane(region)
        affine = np.asarray(self.source.image.affine, np.float64)
        indices = np.asarray([(x - 0.5, y - 0.5, plane, 1.0) for x, y in points])
        return np.asarray((indices @ affine.T)[:, :3])
