"""Every real DICOM file, volume and picture we hold: it reads, or it is refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_files

from readingroom.errors import BadInput
from readingroom.imaging.gate import inspect
from readingroom.imaging.image import Image
from readingroom.imaging.reader import read_study
from readingroom.imaging.windowing import display_gray, display_rgb

REFUSED = {
    "ExplVR_LitEndNoMeta.dcm": "radiotherapy plan", "MR_truncated.dcm": "end early", "badVR.dcm": "RTDOSE",
    "corrupt_truncated_pixels.dcm": "end early", "empty.dcm": "empty", "highdicom_sr_document.dcm": "structured report",
    "highdicom_seg_image_cr_binary.dcm": "SEG", "highdicom_seg_image_ct_binary_single_frame.dcm": "SEG",
    "liver_1frame.dcm": "SEG", "meta_missing_tsyntax.dcm": "no image", "nested_priv_SQ.dcm": "no image",
    "no_meta.dcm": "no known format", "not_dicom.dcm": "a text", "rtdose_1frame.dcm": "RTDOSE",
    "pdat_emri_small_jpeg_2k_lossless_too_short.dcm": "no DICOM data set", "rtplan_truncated.dcm": "radiotherapy plan",
    "test-SR.dcm": "structured report",
}  # fmt: skip


def _is_sound(image: Image) -> None:
    ref, pixels = image.ref, image.pixels
    shape = (ref.rows, ref.columns) if ref.kind == "image" else (ref.depth, ref.rows, ref.columns)
    assert pixels.shape == (*shape, 3) if ref.colour else pixels.shape == shape
    assert pixels.dtype.isnative
    assert ref.units != "HU" or pixels.dtype == np.float32
    assert ref.name
    shown = display_gray(image)
    assert np.isfinite(shown).all()
    assert display_rgb(image).shape == (*shown.shape, 3)
    inspect(image)


def test_every_dicom_file(data_dir: Path) -> None:
    files = sorted(path for path in (data_dir / "dev" / "dicom").rglob("*") if path.is_file())
    refused = {}
    alike = set(sorted((data_dir / "dev" / "dicom" / "ts_ct_series20").iterdir())[2:])  # read as a series below
    for path in (path for path in files if path not in alike):
        try:
            study = read_study([path], subject_key=b"k")
        except BadInput as error:
            refused[path.name] = str(error)
        else:
            _is_sound(study.images[0])
    assert len(files) == 94
    assert set(refused) == set(REFUSED)
    assert all(REFUSED[name] in line for name, line in refused.items())


@pytest.mark.parametrize(
    ("folder", "shape", "spacing"),
    [
        ("ts_ct_series20", (20, 512, 512), (0.9766, 0.9766, 2.0)),
        ("mr_t1_20slices", (20, 384, 274), (0.6667, 0.7, 0.6667)),
        ("ct_chest_lungfcp", (9, 512, 512), (0.7598, 0.7598, 12.0)),
    ],
)
def test_series_become_volumes(data_dir: Path, folder: str, shape: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    (image,) = read_study([data_dir / "dev" / "dicom" / folder], subject_key=b"k").images
    _is_sound(image)
    found = image.ref.spacing
    assert found is not None
    assert image.pixels.shape == shape
    assert (found.row, found.column, found.slice) == pytest.approx(spacing, abs=1e-3)


def test_ct_table_lies_behind_the_patient(data_dir: Path) -> None:
    """In the canonical order, air lies in front (low j) of a patient on a table, which lies at the back."""
    (image,) = read_study([data_dir / "dev" / "dicom" / "ts_ct_series20"], subject_key=b"k").images
    rows = np.flatnonzero((image.pixels > -200).any(axis=(0, 2)))
    bone = np.flatnonzero((image.pixels > 400).sum(axis=(0, 2)) > 200)
    assert np.median(bone) > (rows[0] + rows[-1]) / 2  # the spine is behind the middle


def test_volumes_and_pictures_read(data_dir: Path) -> None:
    endings = {".png", ".jpg", ".jpeg", ".gz", ".nrrd"}
    files = [
        path for path in sorted((data_dir / "dev").rglob("*"))
        if path.suffix in endings and not {"masks", "dicom"} & set(path.parts)
    ]  # fmt: skip
    assert len(files) > 100
    for path in files:
        (image,) = read_study([path], subject_key=b"k").images
        _is_sound(image)
        assert not inspect(image).refusals


def test_every_file_of_pydicoms_wheel_reads_or_is_refused_in_one_line() -> None:
    read, refused = 0, []
    for name in get_testdata_files():
        try:
            study = read_study([Path(name)], subject_key=b"k")
        except BadInput as error:
            refused.append(error)
        else:
            read += 1
            for image in study.images:
                _is_sound(image)
    assert read >= 60
    assert all("\n" not in str(error) and error.do for error in refused)
