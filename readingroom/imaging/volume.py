"""Slices with a place in the patient, put together into one volume whose axes run S, P, L."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadStudy

Matrix = NDArray[np.float64]

POSITION_SLACK = 0.01
"""Millimetres within which two slices lie in the same place."""
GAP_SLACK = 0.05
"""Share of the usual step by which a step may differ and still count as equal (wobble of rounded headers)."""
TILT_DEGREES = 1.0
"""From here on a shear between slice normal and stacking direction is named as gantry tilt."""
OBLIQUE_DEGREES = 5.0
"""From here on axes that do not run along the patient's are named as oblique."""


@dataclass(frozen=True)
class Plane:
    """Where one slice lies: all in LPS millimetres."""

    origin: tuple[float, float, float]
    """Centre of its first pixel."""
    directions: tuple[float, ...]
    """Six cosines: the way rows run (to the right), then the way columns run (down)."""
    spacing: tuple[float, float]
    """Between rows, between columns."""
    shape: tuple[int, int]

    @property
    def normal(self) -> Matrix:
        """Unit vector out of the slice: row direction times column direction."""
        row, column = np.asarray(self.directions[:3]), np.asarray(self.directions[3:])
        return np.cross(row, column)


class Stack(NamedTuple):
    """Slices in order along their normal."""

    order: tuple[int, ...]
    """Indices of the planes given, each place once."""
    affine: Matrix
    """(column, row, slice, 1) of the stack to LPS millimetres."""
    step: float
    """Millimetres from slice to slice."""
    notes: tuple[str, ...]


class Canonical(NamedTuple):
    """How stack axes (slice, row, column) become (S, P, L)."""

    axes: tuple[int, int, int]
    """Which stack axis becomes S, P and L."""
    flips: tuple[bool, bool, bool]
    """Whether S, P and L run against that stack axis."""
    affine: Matrix
    """(i, j, k, 1) of the canonical array to LPS millimetres."""
    notes: tuple[str, ...]


def stack_planes(planes: list[Plane], *, where: str = "") -> Stack:
    """Order the slices of one series; BadStudy where they do not make up one volume.

    All slices must agree in size, pixel spacing and orientation. A place taken twice is used once, a missing slice
    is noted, and steps that follow no rule are refused.
    """
    first = planes[0]
    for plane in planes[1:]:
        if plane.shape != first.shape:
            raise BadStudy("its slices differ in size", where=where, do="Give one series.")
        if not np.allclose(plane.directions, first.directions, atol=0.01):
            raise BadStudy("its slices differ in orientation", where=where, do="Give one series, without localizers.")
        if not np.allclose(plane.spacing, first.spacing, rtol=0.01):
            raise BadStudy("its slices differ in pixel spacing", where=where, do="Give one series.")
    along = np.asarray([np.dot(plane.origin, first.normal) for plane in planes])
    order, notes = _distinct(along)
    places = along[order]
    steps = np.diff(places)
    step = float(np.median(steps)) if len(steps) else 1.0
    notes += _gaps(steps, step, where)
    origins = np.asarray([planes[index].origin for index in order])
    travel = (origins[-1] - origins[0]) / max(len(order) - 1, 1) if len(order) > 1 else first.normal
    tilt = _angle(travel, first.normal)
    if tilt > TILT_DEGREES:
        notes.append(f"The slices are sheared by {tilt:.0f} degrees (gantry tilt); not straightened.")
    affine = np.eye(4)
    affine[:3, 0] = np.asarray(first.directions[:3]) * first.spacing[1]
    affine[:3, 1] = np.asarray(first.directions[3:]) * first.spacing[0]
    affine[:3, 2] = travel
    affine[:3, 3] = origins[0]
    return Stack(tuple(int(index) for index in order), affine, float(np.linalg.norm(travel)), tuple(notes))


def _distinct(along: Matrix) -> tuple[list[int], list[str]]:
    order: list[int] = []
    for index in np.argsort(along, kind="stable"):
        if not order or along[index] - along[order[-1]] > POSITION_SLACK:
            order.append(int(index))
    doubled = len(along) - len(order)
    return order, [f"{doubled} slices lie where another one does; left out."] if doubled else []


def _gaps(steps: Matrix, step: float, where: str) -> list[str]:
    if not len(steps) or np.all(np.abs(steps - step) <= GAP_SLACK * step):
        return []
    whole = np.rint(steps / step)
    if np.all(np.abs(steps - whole * step) <= 2 * GAP_SLACK * step) and np.all(whole >= 1):
        missing = int(np.sum(whole - 1))
        if missing <= max(1, len(steps) // 10):
            return [f"{missing} slices are missing; lengths and volumes across the gap are too small."]
        raise BadStudy(f"{missing} slices of its {len(steps) + 1 + missing} are missing", where=where,
                       do="Give the whole series.")  # fmt: skip
    if float(np.ptp(steps)) <= 0.25 * step:
        return [f"The slices lie {steps.min():.2f} to {steps.max():.2f} mm apart; taken as evenly spaced."]
    raise BadStudy("its slices are not evenly spaced", where=where, do="Give one series with equal slice distances.")


def _angle(one: Matrix, other: Matrix) -> float:
    cosine = float(np.dot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other)))
    return float(np.degrees(np.arccos(np.clip(abs(cosine), -1, 1))))


def canonical_of(affine: Matrix, shape: tuple[int, int, int]) -> Canonical:
    """Axes and flips that bring a (slice, row, column) array nearest to S, P, L, and its affine afterwards.

    `affine` maps (column, row, slice, 1) to LPS; `shape` is (slices, rows, columns).
    """
    by_axis = affine[:3, [2, 1, 0]]  # a column for each of: slice, row, column
    unit = by_axis / np.linalg.norm(by_axis, axis=0)
    axes = _nearest(np.abs(unit))
    wanted = ((2, 1.0), (1, 1.0), (0, 1.0))  # S is +z, P is +y, L is +x of LPS
    flips = tuple(bool(unit[coordinate, axes[n]] * sign < 0) for n, (coordinate, sign) in enumerate(wanted))
    out = np.eye(4)
    origin = affine[:3, 3].copy()
    for n, axis in enumerate(axes):
        vector = by_axis[:, axis]
        if flips[n]:
            origin += vector * (shape[axis] - 1)
            vector = -vector
        out[:3, 2 - n] = vector
    out[:3, 3] = origin
    off = max(_angle(out[:3, n], np.eye(3)[n]) for n in range(3))
    notes = (f"The volume lies {off:.0f} degrees off the patient's axes; its axes are the nearest ones.",)
    return Canonical(axes, (flips[0], flips[1], flips[2]), out, notes if off > OBLIQUE_DEGREES else ())


def _nearest(strength: Matrix) -> tuple[int, int, int]:
    """For S, P and L the stack axis that runs most along it, each axis once: the strongest match first."""
    left = strength.copy()
    chosen = {}
    for _ in range(3):
        coordinate, axis = np.unravel_index(int(np.argmax(left)), left.shape)
        chosen[int(coordinate)] = int(axis)
        left[coordinate, :] = -1
        left[:, axis] = -1
    return chosen[2], chosen[1], chosen[0]


def reoriented(array: NDArray[Any], canonical: Canonical) -> NDArray[Any]:
    """A view of a (slice, row, column) array with axes S, P, L."""
    view = array.transpose(canonical.axes)
    return view[tuple(slice(None, None, -1) if flip else slice(None) for flip in canonical.flips)]


def fill_volume(slices: Iterable[NDArray[Any]], shape: tuple[int, int, int], canonical: Canonical) -> NDArray[Any]:
    """The canonical volume of slices that come one by one, in stack order; memory is the volume and one slice."""
    target: NDArray[Any] | None = None
    view: NDArray[Any] | None = None
    for index, pixels in enumerate(slices):
        if target is None or view is None:
            inverse = tuple(int(n) for n in np.argsort(canonical.axes))
            target = np.empty([shape[axis] for axis in canonical.axes], pixels.dtype)
            flipped = target[tuple(slice(None, None, -1) if flip else slice(None) for flip in canonical.flips)]
            view = flipped.transpose(inverse)
        if pixels.dtype != target.dtype:
            raise BadStudy("its slices differ in their kind of values", do="Give one series.")
        view[index] = pixels
    if target is None:
        raise BadStudy("it has no slices", do="Give one series.")
    return target
