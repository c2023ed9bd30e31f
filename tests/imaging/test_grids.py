"""NIfTI and NRRD to canonical volumes: every orientation, units, broken values."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import nrrd
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, inv_ornt_aff, io_orientation, ornt_transform

from readingroom.imaging.hounsfield import looks_like_hu
from readingroom.imaging.image import Image
from readingroom.imaging.reader import read_study

SPL = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6) * 3
AFFINE = np.array([[2.0, 0, 0, -7], [0, 3.0, 0, 11], [0, 0, 4.0, 100], [0, 0, 0, 1]])
"""(i, j, k, 1) of SPL to LPS."""
RAS = np.diag([-1.0, -1.0, 1.0, 1.0]) @ AFFINE


def read(path: Path) -> Image:
    (image,) = read_study([path], subject_key=b"k").images
    return image


def stored_as(codes: str) -> tuple[np.ndarray, np.ndarray]:
    """The array (i, j, k) and RAS affine of the same patient with axes running as `codes` say."""
    base = SPL.transpose(2, 1, 0)
    turn = ornt_transform(io_orientation(RAS), axcodes2ornt(tuple(codes)))
    return nib.orientations.apply_orientation(base, turn), RAS @ inv_ornt_aff(turn, base.shape)


@pytest.mark.parametrize("codes", ["RAS", "LPS", "LAS", "PIR", "SAR", "ASL", "IPL", "RSA"])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_every_orientation_gives_the_same_volume(tmp_path: Path, codes: str, ending: str) -> None:
    array, affine = stored_as(codes)
    path = tmp_path / f"v{ending}"
    nib.save(nib.Nifti1Image(array, affine), path)
    image = read(path)
    assert np.array_equal(image.pixels, SPL)
    assert image.affine == pytest.approx(AFFINE, abs=1e-4)
    assert (image.ref.image_left, image.ref.image_left_source, image.ref.modality) == ("right", "header", "unknown")
    spacing = image.ref.spacing
    assert spacing is not None
    assert (spacing.column, spacing.row, spacing.slice) == pytest.approx((2, 3, 4), abs=1e-4)


def test_scaling_is_applied_and_nifti2_and_big_endian_read(tmp_path: Path) -> None:
    array, affine = stored_as("RAS")
    scaled = nib.Nifti2Image(array, affine)
    scaled.header.set_slope_inter(2, -5)
    nib.save(scaled, tmp_path / "two.nii")
    raw = read(tmp_path / "two.nii").pixels
    assert raw.dtype == np.float32
    assert raw.max() > SPL.max()
    big = nib.Nifti1Image(array.astype(">i2"), affine, nib.Nifti1Header(endianness=">"))
    nib.save(big, tmp_path / "big.nii")
    assert np.array_equal(read(tmp_path / "big.nii").pixels, SPL)


def test_of_several_volumes_the_first_is_read(tmp_path: Path) -> None:
    array, affine = stored_as("RAS")
    nib.save(nib.Nifti1Image(np.stack([array, array + 1], axis=-1), affine), tmp_path / "four.nii")
    image = read(tmp_path / "four.nii")
    assert np.array_equal(image.pixels, SPL)
    assert "Of 2 volumes in the file the first was read." in image.ref.notes


def test_without_orientation_sides_are_unknown(tmp_path: Path) -> None:
    array, _ = stored_as("RAS")
    nib.save(nib.Nifti1Image(array, None), tmp_path / "bare.nii")
    image = read(tmp_path / "bare.nii")
    assert (image.ref.image_left, image.affine) == ("unknown", None)
    assert any("does not say how it lies" in note for note in image.ref.notes)


def test_one_slice_is_an_image(tmp_path: Path) -> None:
    array, affine = stored_as("RAS")
    nib.save(nib.Nifti1Image(array[:, :, :1], affine), tmp_path / "flat.nii")
    image = read(tmp_path / "flat.nii")
    assert (image.ref.kind, image.ref.view, image.pixels.shape) == ("image", "axial", (5, 6))
    nib.save(nib.Nifti1Image(array[:, :1], affine), tmp_path / "coronal.nii")
    coronal = read(tmp_path / "coronal.nii")
    assert (coronal.ref.view, coronal.pixels.shape) == ("coronal", (4, 6))
    assert np.array_equal(coronal.pixels, SPL[::-1, -1])


@pytest.mark.parametrize(
    ("space", "signs"), [("left-posterior-superior", (1, 1, 1)), ("right-anterior-superior", (-1, -1, 1))]
)
@pytest.mark.parametrize("encoding", ["raw", "gzip"])
def test_nrrd_lies_as_its_directions_say(tmp_path: Path, space: str, signs: tuple[int, ...], encoding: str) -> None:
    affine = np.diag([*signs, 1.0]) @ AFFINE
    header = {"space": space, "space directions": affine[:3, :3].T, "space origin": affine[:3, 3], "encoding": encoding}
    nrrd.write(str(tmp_path / "v.nrrd"), SPL.transpose(2, 1, 0), header)
    image = read(tmp_path / "v.nrrd")
    assert np.array_equal(image.pixels, SPL)
    assert image.affine == pytest.approx(AFFINE)


def test_nrrd_without_space_has_no_sides_but_lengths(tmp_path: Path) -> None:
    nrrd.write(str(tmp_path / "v.nrrd"), SPL.transpose(2, 1, 0), {"spacings": [1.0, 2.0, 3.0]})
    image = read(tmp_path / "v.nrrd")
    assert (image.ref.image_left, image.affine) == ("unknown", None)
    assert image.ref.spacing is not None
    assert (image.ref.spacing.column, image.ref.spacing.row, image.ref.spacing.slice) == (1, 2, 3)


def test_hounsfield_units_are_told_from_values() -> None:
    rng = np.random.default_rng(0)
    ct = np.concatenate([rng.normal(-1000, 20, 4000), rng.normal(40, 30, 5000), rng.normal(700, 100, 300)])
    assert looks_like_hu(ct.astype(np.int16))
    assert not looks_like_hu((ct + 1024).astype(np.int16))
    assert not looks_like_hu((ct + 1024).astype(np.uint16))
    assert not looks_like_hu(rng.normal(0, 1, 9000).astype(np.float32))
    assert not looks_like_hu((ct * 10).astype(np.int32))


def test_a_ct_by_its_values_says_so(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    air, tissue = rng.normal(-1000, 5, (20, 20, 20)), rng.normal(40, 5, (20, 20, 20))
    body = np.where(np.arange(20)[:, None, None] < 10, air, tissue)
    nib.save(nib.Nifti1Image(body.astype(np.int16), RAS), tmp_path / "ct.nii")
    image = read(tmp_path / "ct.nii")
    assert (image.ref.units, image.ref.modality, image.ref.modality_source) == ("HU", "ct", "pixels")
    assert image.pixels.dtype == np.float32


def test_several_gzip_members_read_as_one(tmp_path: Path) -> None:
    array, affine = stored_as("RAS")
    content: bytes = nib.Nifti1Image(array, affine).to_bytes()
    (tmp_path / "v.nii.gz").write_bytes(gzip.compress(content[:500]) + gzip.compress(content[500:]))
    assert np.array_equal(read(tmp_path / "v.nii.gz").pixels, SPL)
