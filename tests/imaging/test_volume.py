"""Slices to a volume that runs S, P, L: however it was acquired, the same patient gives the same array."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from readingroom.errors import BadStudy
from readingroom.imaging.reader import read_study
from readingroom.imaging.volume import Plane, canonical_of, fill_volume, reoriented, stack_planes
from tests.imaging.dicom_files import ct_slice, dicom_bytes

SHAPE = (6, 20, 24)
"""S, P, L."""
STEP = np.array([4.0, 2.0, 1.5])
"""Millimetres along S, P, L."""
FIRST = np.array([-30.0, -10.0, 100.0])
"""LPS of voxel (0, 0, 0)."""


def patient() -> np.ndarray:
    """HU, different in every voxel's neighbourhood."""
    k, j, i = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1], 0 : SHAPE[2]]
    return (100 * k + 7 * j + 3 * i - 300).astype(np.int16)


def lps(k: int, j: int, i: int) -> np.ndarray:
    return FIRST + np.array([i * STEP[2], j * STEP[1], k * STEP[0]])


def write_series(folder: Path, slice_axis: int, flips: tuple[bool, bool, bool]) -> Path:
    """The patient cut along one of S, P, L; `flips` turn slice, row and column order around."""
    body = patient()
    row_axis, column_axis = (axis for axis in range(3) if axis != slice_axis)
    unit = {0: np.array([0, 0, 1.0]), 1: np.array([0, 1.0, 0]), 2: np.array([1.0, 0, 0])}
    rows = -unit[row_axis] if flips[1] else unit[row_axis]
    columns = -unit[column_axis] if flips[2] else unit[column_axis]
    for n in range(SHAPE[slice_axis]):
        picture = np.take(body, n, axis=slice_axis)
        corner = [0, 0, 0]
        corner[slice_axis] = n
        if flips[1]:
            picture, corner[row_axis] = picture[::-1], SHAPE[row_axis] - 1
        if flips[2]:
            picture, corner[column_axis] = picture[:, ::-1], SHAPE[column_axis] - 1
        data = ct_slice(
            np.ascontiguousarray(picture), 0, InstanceNumber=SHAPE[slice_axis] - n if flips[0] else n + 1,
            PixelSpacing=[float(STEP[row_axis]), float(STEP[column_axis])],
            ImageOrientationPatient=[*columns, *rows], ImagePositionPatient=[float(v) for v in lps(*corner)],
        )  # fmt: skip
        (folder / f"{n * 7 % SHAPE[slice_axis]:03}{n}.dcm").write_bytes(dicom_bytes(data))
    return folder


@pytest.mark.parametrize("slice_axis", [0, 1, 2])
@pytest.mark.parametrize("flips", [(False,) * 3, (True, False, False), (False, True, True), (True, True, False)])
def test_axial_coronal_and_sagittal_give_the_same_volume(
    tmp_path: Path, slice_axis: int, flips: tuple[bool, bool, bool]
) -> None:
    (image,) = read_study([write_series(tmp_path, slice_axis, flips)], subject_key=b"k").images
    assert image.ref.kind == "volume"
    assert np.array_equal(image.pixels, patient())
    assert image.affine is not None
    for voxel in ((0, 0, 0), (5, 0, 0), (0, 19, 0), (2, 3, 23)):
        k, j, i = voxel
        assert image.affine @ [i, j, k, 1] == pytest.approx([*lps(k, j, i), 1])
    spacing = image.ref.spacing
    assert spacing is not None
    assert (spacing.slice, spacing.row, spacing.column) == pytest.approx(tuple(STEP))
    assert (image.ref.image_left, image.ref.image_left_source) == ("right", "header")


@given(st.permutations([0, 1, 2]), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_filling_is_the_same_as_turning_the_whole(order: list[int], turned: tuple[bool, bool, bool]) -> None:
    affine = np.eye(4)
    affine[:3, :3] = 0
    for column, (row, back) in enumerate(zip(order, turned, strict=True)):
        affine[row, column] = -2.0 if back else 2.0
    stack = np.arange(3 * 4 * 5).reshape(3, 4, 5)
    canonical = canonical_of(affine, (3, 4, 5))
    whole = reoriented(stack, canonical)
    assert np.array_equal(fill_volume(iter(stack), (3, 4, 5), canonical), whole)
    assert np.allclose(canonical.affine[:3, :3], np.diag([2.0, 2.0, 2.0]))
    for slice_, row, column in product((0, 2), (0, 3), (0, 4)):
        place = affine @ [column, row, slice_, 1]
        i, j, k, _ = np.linalg.solve(canonical.affine, place)
        assert whole[round(k), round(j), round(i)] == stack[slice_, row, column]


def test_all_orders_of_axes_are_told_apart() -> None:
    found = set()
    for order in permutations(range(3)):
        affine = np.eye(4)
        affine[:3, :3] = np.eye(3)[list(order)]
        found.add(canonical_of(affine, (2, 2, 2)).axes)
    assert len(found) == 6


def plane(z: float, **changes: object) -> Plane:
    values: dict[str, object] = {
        "origin": (0.0, 0.0, z), "directions": (1.0, 0, 0, 0, 1.0, 0), "spacing": (1.0, 1.0), "shape": (4, 4), **changes
    }  # fmt: skip
    return Plane(**values)  # type: ignore[arg-type]  # a table of fields


def test_a_gap_is_told_and_a_double_left_out() -> None:
    assert "1 slices are missing" in stack_planes([plane(z) for z in (0, 1, 2, 4, 5)]).notes[0]
    doubled = stack_planes([plane(z) for z in (0, 1, 1, 2)])
    assert (len(doubled.order), doubled.notes) == (3, ("1 slices lie where another one does; left out.",))


def test_gantry_tilt_is_told() -> None:
    tilted = [plane(0, origin=(0.0, 0.3 * z, float(z))) for z in range(5)]
    assert "tilt" in stack_planes(tilted).notes[0]


def test_an_oblique_volume_is_told() -> None:
    angle = np.radians(20)
    affine = np.eye(4)
    affine[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    assert "20 degrees" in canonical_of(affine, (2, 2, 2)).notes[0]


@pytest.mark.parametrize(
    "other", [plane(1, shape=(5, 4)), plane(1, spacing=(2.0, 2.0)), plane(1, directions=(0.0, 1.0, 0, 0, 0, 1.0))]
)
def test_slices_that_do_not_agree_make_no_volume(other: Plane) -> None:
    with pytest.raises(BadStudy, match="differ"):
        stack_planes([plane(0), other])


def test_an_enhanced_multi_frame_file_becomes_a_volume(tmp_path: Path) -> None:
    stack = np.ascontiguousarray(patient())
    data = ct_slice(stack, 0, NumberOfFrames=len(stack), ImagePositionPatient=None, ImageOrientationPatient=None,
                    PixelSpacing=None, RescaleSlope=None, RescaleIntercept=None)  # fmt: skip
    frames = []
    for k in range(len(stack)):
        frame, place = Dataset(), Dataset()
        place.ImagePositionPatient = [float(v) for v in lps(len(stack) - 1 - k, 0, 0)]
        frame.PlanePositionSequence = Sequence([place])
        frames.append(frame)
    shared, turn, measure, scale = Dataset(), Dataset(), Dataset(), Dataset()
    turn.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    measure.PixelSpacing = [float(STEP[1]), float(STEP[2])]
    scale.RescaleSlope, scale.RescaleIntercept, scale.RescaleType = "1", "-1024", "HU"
    shared.PlaneOrientationSequence = Sequence([turn])
    shared.PixelMeasuresSequence = Sequence([measure])
    shared.PixelValueTransformationSequence = Sequence([scale])
    data.PerFrameFunctionalGroupsSequence = Sequence(frames)
    data.SharedFunctionalGroupsSequence = Sequence([shared])
    (tmp_path / "enhanced.dcm").write_bytes(dicom_bytes(data))
    (image,) = read_study([tmp_path / "enhanced.dcm"], subject_key=b"k").images
    assert (image.ref.kind, image.ref.units) == ("volume", "HU")
    assert np.array_equal(image.pixels, stack[::-1])
    assert image.affine is not None
    assert image.affine @ [0, 0, 0, 1] == pytest.approx([*lps(0, 0, 0), 1])
