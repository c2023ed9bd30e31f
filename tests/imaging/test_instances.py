"""The headers behind a study's images: in order, without pixels, and only those the images were made from."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from readingroom.errors import BadFile, BadStudy
from readingroom.imaging.instances import instances_of
from readingroom.imaging.reader import read_study
from tests.exports.dicom_world import DIRECTIONS, acquire
from tests.imaging.dicom_files import dataset, dicom_bytes, ramp, write

KEY = b"k"


def test_of_a_series_in_the_order_of_its_slices(tmp_path: Path) -> None:
    series = acquire(tmp_path / "ct", DIRECTIONS["axial"], steps=-2.5)
    study = read_study([series], subject_key=KEY)
    found = instances_of([series], study)["img-1"]
    assert tuple(one.SOPInstanceUID for one in found) == study.images[0].sources
    places = [float(one.ImagePositionPatient[2]) for one in found]
    assert places == sorted(places)
    assert [one.InstanceNumber for one in found] != sorted(one.InstanceNumber for one in found)
    assert str(found[0].PatientName) == "Müller^Jörg"


def test_pixels_and_private_elements_are_left_out(tmp_path: Path) -> None:
    data = dataset(ramp(), PatientName="Doe^Jane")
    data.private_block(0x0009, "ACME", create=True).add_new(0x01, "LO", "secret")
    path = tmp_path / "a.dcm"
    path.write_bytes(dicom_bytes(data))
    (header,) = instances_of([path], read_study([path], subject_key=KEY))["img-1"]
    assert header.PatientName == "Doe^Jane"
    assert header.Rows == 80
    assert "PixelData" not in header
    assert not [element for element in header if element.tag.is_private]


def test_an_image_that_is_no_dicom_has_none(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a.dcm", ramp()), tmp_path / "b.png"
    cv2.imwrite(str(other), ramp(kind=np.uint8))
    study = read_study([one, other], subject_key=KEY)
    assert [image.ref.id for image in study.images if image.sources] == list(instances_of([one, other], study))


def test_a_missing_file_and_one_that_was_changed_are_told(tmp_path: Path) -> None:
    series = acquire(tmp_path / "ct", DIRECTIONS["axial"])
    study = read_study([series], subject_key=KEY)
    victim = next(iter(series.iterdir()))
    content = victim.read_bytes()
    victim.write_bytes(content[:-2] + b"\1\2")
    with pytest.raises(BadStudy, match="SHA-256 differs"):
        instances_of([series], study)
    victim.unlink()
    with pytest.raises(BadStudy, match="1 of its 9 files"):
        instances_of([series], study)
    with pytest.raises(BadFile, match="no such file"):
        instances_of([tmp_path / "gone.dcm"], study)


def test_of_two_files_with_one_uid_the_one_that_was_read_is_taken(tmp_path: Path) -> None:
    uid = "1.2.3.4.5"
    (tmp_path / "x").mkdir()
    other = write(tmp_path / "x" / "a.dcm", ramp() + 1, SOPInstanceUID=uid, StudyDescription="other")
    read = write(tmp_path / "b.dcm", ramp(), SOPInstanceUID=uid, StudyDescription="read")
    study = read_study([read], subject_key=KEY)
    (header,) = instances_of([other.parent, read], study)["img-1"]
    assert header.StudyDescription == "read"
