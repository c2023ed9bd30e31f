"""Phantom files read back as what was drawn, byte for byte the same every time."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.ct import CtPhantom, make_ct
from readingroom.phantoms.dicom import phantom_uid, write_chest, write_ct, write_nifti
from readingroom.phantoms.parameters import ChestPhantom

COARSE = CtPhantom(region="chest", spacing_mm=(10.0, 6.0, 5.0))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_chest_file_reads_back(tmp_path: Path, mirrored: bool, photometric: str) -> None:
    film = make_chest(ChestPhantom(seed=1, field_mm=(360.0, 420.0), spacing_mm=3.0, mirrored=mirrored,
                                   photometric=photometric, projection="AP"))  # fmt: skip
    ds = pydicom.dcmread(write_chest(film, tmp_path))
    assert np.array_equal(ds.pixel_array, film.pixels)
    assert list(ds.PatientOrientation) == (["R", "F"] if mirrored else ["L", "F"])
    assert [float(v) for v in ds.ImagerPixelSpacing] == [3.0, 3.0]
    assert "PixelSpacing" not in ds
    assert (ds.ViewPosition, ds.BodyPartExamined, ds.PhotometricInterpretation) == ("AP", "CHEST", photometric)
    assert (ds.PatientName, ds.PatientIdentityRemoved, ds.BurnedInAnnotation) == ("Phantom^Chest", "YES", "NO")
    assert ds.PixelIntensityRelationshipSign == (1 if photometric == "MONOCHROME1" else -1)
    assert ds.SOPInstanceUID.is_valid
    assert ds.SOPInstanceUID.startswith("2.25.")


def test_visits_share_the_patient_and_differ_in_date_and_uid(tmp_path: Path) -> None:
    now = ChestPhantom(seed=1, spacing_mm=3.0, cardiothoracic_ratio=0.55)
    new, old = (pydicom.dcmread(write_chest(make_chest(p), tmp_path)) for p in (now, now.earlier(0.45)))
    assert new.PatientID == old.PatientID
    assert new.StudyDate > old.StudyDate
    assert new.StudyInstanceUID != old.StudyInstanceUID


def test_ct_series_reads_back(tmp_path: Path) -> None:
    scan = make_ct(COARSE)
    slices = [pydicom.dcmread(path) for path in sorted(write_ct(scan, tmp_path).iterdir())]
    assert len(slices) == scan.hu.shape[0]
    assert len({ds.SOPInstanceUID for ds in slices}) == len(slices)
    assert len({ds.SeriesInstanceUID for ds in slices}) == 1
    for k, ds in enumerate(slices):
        assert np.array_equal(ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept), scan.hu[k])
        assert [float(v) for v in ds.ImagePositionPatient] == pytest.approx(list((scan.affine @ (0, 0, k, 1))[:3]))
    assert [float(v) for v in slices[0].PixelSpacing] == [6.0, 5.0]
    assert [float(v) for v in slices[0].ImageOrientationPatient] == [1, 0, 0, 0, 1, 0]


def test_nifti_reads_back_in_ras(tmp_path: Path) -> None:
    scan = make_ct(COARSE)
    image, labels = (nibabel.load(path) for path in write_nifti(scan, tmp_path))
    assert nibabel.aff2axcodes(image.affine) == ("L", "P", "S")
    assert np.array_equal(np.asarray(image.dataobj).transpose(2, 1, 0), scan.hu)
    assert np.array_equal(np.asarray(labels.dataobj).transpose(2, 1, 0), scan.labels)
    ras = image.affine @ (3, 4, 5, 1)
    lps = scan.affine @ (3, 4, 5, 1)
    assert ras[:3] == pytest.approx([-lps[0], -lps[1], lps[2]], abs=1e-3)


def test_files_are_the_same_bytes_every_time(tmp_path: Path) -> None:
    film, scan = make_chest(ChestPhantom(seed=2, spacing_mm=3.0)), make_ct(COARSE)
    written = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        write_chest(film, folder), write_ct(scan, folder), write_nifti(scan, folder)
        written.append({p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()})
    assert written[0] == written[1]


def test_uids_tell_their_parts_apart() -> None:
    uids = {phantom_uid(COARSE, "study"), phantom_uid(COARSE, "series"), phantom_uid("other", "study")}
    assert len(uids) == 3
    assert all(len(uid) <= 64 and uid.removeprefix("2.25.").isdigit() for uid in uids)
