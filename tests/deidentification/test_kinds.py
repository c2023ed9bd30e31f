"""Each kind of file: written without its texts, held back, refused by name, or failed; and gone on with."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import cv2
import nibabel
import numpy as np
import pydicom
import pytest
from nibabel.nifti1 import Nifti1Extension
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo
from pydicom import config
from pydicom.encaps import encapsulate, generate_frames
from typer.testing import CliRunner

from readingroom.cli import app
from readingroom.cohorts.cohort import run_cohort
from readingroom.deidentification.choices import Choices
from readingroom.deidentification.ledger import ledger_of
from readingroom.deidentification.many_files import deidentify
from readingroom.deidentification.one_file import freed_file
from readingroom.deidentification.pseudonyms import days_of, moved
from readingroom.deidentification.refusals import HeldBack, Refused
from readingroom.deidentification.streams import bare
from readingroom.errors import BadRequest
from readingroom.room import ReadingRoom
from readingroom.settings import subject_key
from tests.imaging.dicom_files import ct_slice, dicom_bytes, write

KEY = b"k" * 32
CANARY = b"ZZYZXCANARY"
SR, PDF, SC = "1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.7"


def scan(rows: int = 160) -> np.ndarray:
    """Smooth, without any line of text."""
    y, x = np.mgrid[:rows, :240]
    return (120 + 60 * np.sin(x / 37) * np.cos(y / 29)).astype(np.uint8)


def with_words(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.putText(pixels.copy(), "MUELLER ANNA 1947", (10, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 1))


def png(path: Path, pixels: np.ndarray, **told: Any) -> Path:
    Pillow.fromarray(pixels).save(path, **told)
    return path


def nifti(path: Path) -> Path:
    values = np.linspace(-100, 900, 40 * 48 * 5).reshape(40, 48, 5).astype(np.int16)
    image = nibabel.Nifti1Image(values, np.diag([-1.0, -1.0, 2.0, 1.0]))
    for name in ("descrip", "aux_file", "intent_name", "db_name"):
        image.header[name] = CANARY
    image.header.extensions.append(Nifti1Extension("comment", CANARY))
    image.to_filename(path)
    return path


@pytest.mark.parametrize("name", ["zzyzx.nii", "zzyzx.nii.gz"])
def test_a_volume_keeps_voxels_and_place_and_loses_its_texts(tmp_path: Path, name: str) -> None:
    path = nifti(tmp_path / name)
    found = freed_file(path, KEY, Choices())
    out = tmp_path / "new" / Path(found.name).name
    out.parent.mkdir()
    out.write_bytes(found.content)
    before, after = nibabel.load(path), nibabel.load(out)
    assert CANARY not in after.header.binaryblock
    assert not after.header.extensions
    assert CANARY not in nibabel.Nifti1Image.from_filename(out).to_bytes()
    assert np.array_equal(np.asanyarray(before.dataobj), np.asanyarray(after.dataobj))
    assert np.array_equal(before.affine, after.affine)
    assert "zzyzx" not in found.name


def test_a_picture_keeps_its_samples_and_loses_all_else(tmp_path: Path) -> None:
    told = PngInfo()
    told.add_text("Comment", CANARY.decode())
    exif = Pillow.Exif()
    exif[0x013B] = CANARY.decode()
    grey = png(tmp_path / "a.png", scan(), pnginfo=told, exif=exif)
    photo = png(tmp_path / "a.jpg", np.dstack([scan()] * 3), exif=exif, comment=CANARY)
    for path in (grey, photo):
        assert CANARY in path.read_bytes()
        found = freed_file(path, KEY, Choices())
        assert CANARY not in found.content
        with Pillow.open(io.BytesIO(found.content)) as new, Pillow.open(path) as old:
            assert np.array_equal(np.asarray(new), np.asarray(old.convert("L")) if new.mode == "L" else np.asarray(old))
            assert new.info == {}
        assert found.counts


def test_words_in_the_pixels_hold_a_file_back_or_are_painted_over(tmp_path: Path) -> None:
    path = write(tmp_path / "us.dcm", with_words(scan()))
    with pytest.raises(HeldBack, match="1 line of text"):
        freed_file(path, KEY, Choices())
    masked = freed_file(path, KEY, Choices(burned_in="mask"))
    data = pydicom.dcmread(io.BytesIO(masked.content))
    assert [one.CodeValue for one in data.DeidentificationMethodCodeSequence] == ["113100", "113101"]
    changed = data.pixel_array != with_words(scan())
    letters = with_words(scan()) != scan()
    assert changed[letters].all()
    assert changed[60:].sum() == 0  # the image below the words is as it was
    kept = freed_file(path, KEY, Choices(burned_in="keep"))
    assert np.array_equal(pydicom.dcmread(io.BytesIO(kept.content)).pixel_array, with_words(scan()))
    picture = png(tmp_path / "us.png", with_words(scan()))
    with pytest.raises(HeldBack):
        freed_file(picture, KEY, Choices())
    freed = freed_file(picture, KEY, Choices(burned_in="mask"))
    with Pillow.open(io.BytesIO(freed.content)) as new:
        assert (np.asarray(new) != with_words(scan()))[letters].all()


def test_a_header_that_speaks_of_text_holds_a_file_back(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", scan(), BurnedInAnnotation="YES")
    with pytest.raises(HeldBack, match="header says"):
        freed_file(path, KEY, Choices())


@pytest.mark.parametrize(
    ("kind", "what"), [(SR, "structured report"), (PDF, "PDF"), (SC, "secondary capture"), ("1.2.3.4", "standard does")]
)
def test_what_may_name_somebody_anywhere_is_refused_by_name(tmp_path: Path, kind: str, what: str) -> None:
    path = write(tmp_path / "a.dcm", scan(), SOPClassUID=kind)
    with pytest.raises(Refused, match=what):
        freed_file(path, KEY, Choices())


def test_overlays_in_unused_bits_go_and_values_stay(tmp_path: Path) -> None:
    values = (scan().astype(np.uint16) * 16) & 0x0FFF
    path = write(tmp_path / "a.dcm", values | 0x8000, BitsStored=12, HighBit=11)
    new = pydicom.dcmread(io.BytesIO(freed_file(path, KEY, Choices()).content))
    assert np.array_equal(np.frombuffer(new.PixelData, "<u2").reshape(values.shape), values)


def test_comments_in_compressed_streams_go_and_pixels_stay() -> None:
    out = io.BytesIO()
    Pillow.fromarray(scan()).save(out, "JPEG", comment=CANARY)
    jpeg = out.getvalue() + CANARY
    freed = bare(jpeg)
    assert CANARY in jpeg
    assert CANARY not in freed
    with Pillow.open(io.BytesIO(jpeg)) as old, Pillow.open(io.BytesIO(freed)) as new:
        assert np.array_equal(np.asarray(old), np.asarray(new))
    out = io.BytesIO()
    Pillow.fromarray(scan()).save(out, "JPEG2000", no_jp2=True, comment=CANARY.decode())
    assert CANARY in out.getvalue()
    assert CANARY not in bare(out.getvalue())
    with Pillow.open(io.BytesIO(bare(out.getvalue()))) as new:
        assert np.array_equal(np.asarray(new), scan())
    assert next(generate_frames(encapsulate([freed]), number_of_frames=1)).startswith(freed)


def test_dates_of_a_patient_keep_their_distances(tmp_path: Path) -> None:
    days = days_of("abc", KEY)
    assert 365 <= days < 3650
    assert days_of("abc", KEY) == days != days_of("abd", KEY)
    first, second = moved("20210228", "DA", days), moved("20210301", "DA", days)
    assert first
    assert second
    apart = np.datetime64(f"{second[:4]}-{second[4:6]}-{second[6:]}") - np.datetime64(
        f"{first[:4]}-{first[4:6]}-{first[6:]}"
    )
    assert apart == np.timedelta64(1, "D")
    assert moved("20210228101112.5+0100", "DT", 0) == "20210228101112.5+0100"
    assert moved("MUELLER", "DA", days) is None
    path = write(tmp_path / "a.dcm", scan(), StudyDate="20210228", PatientBirthDate="19470309", StudyTime="101112")
    data = pydicom.dcmread(io.BytesIO(freed_file(path, KEY, Choices(dates="shift")).content))
    assert (data.StudyDate, data.StudyTime) == (moved("20210228", "DA", days_of(data.PatientID, KEY)), "101112")
    assert data.PatientBirthDate == ""
    assert data.LongitudinalTemporalInformationModified == "MODIFIED"


def folder_of(tmp_path: Path) -> Path:
    old = tmp_path / "old"
    old.mkdir()
    for at in range(3):
        (old / f"s{at}.dcm").write_bytes(dicom_bytes(ct_slice(scan().astype(np.int16), at)))
    (old / "broken.dcm").write_bytes((old / "s0.dcm").read_bytes()[:3000])
    (old / "letter.pdf").write_bytes(b"%PDF-1.4 MUELLER")
    png(old / "words.png", with_words(scan()))
    return old


def test_what_is_done_is_not_done_again_and_what_fails_is_a_row(tmp_path: Path) -> None:
    old, out = folder_of(tmp_path), tmp_path / "new"
    report = deidentify([old], out, KEY, Choices())
    assert report.files == {"written": 3, "held back": 1, "refused": 1, "failed": 1}
    assert [one.status for one in report.unwritten] == ["failed", "refused", "held back"]
    made = {path: path.stat().st_ino for path in out.rglob("*.dcm")}
    gone = next(iter(made))
    gone.unlink()
    lines = ledger_of(out).read_text()
    ledger_of(out).write_text(lines + '{"source": "/torn by a k')
    again = deidentify([old], out, KEY, Choices())
    assert again == report
    now = {path: path.stat().st_ino for path in out.rglob("*.dcm")}
    assert set(now) == set(made)
    assert [path for path in made if path != gone and now[path] != made[path]] == []
    (old / "words.png").unlink()
    png(old / "words.png", scan())
    assert deidentify([old], out, KEY, Choices()).files["written"] == 4


def test_the_new_files_may_not_lie_among_the_old_ones(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="among the old ones"):
        deidentify([folder_of(tmp_path)], tmp_path / "old" / "new", KEY, Choices())


def test_the_command_says_what_came_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("READINGROOM_CONFIG", str(tmp_path / "config"))
    old, out = folder_of(tmp_path), tmp_path / "new"
    told = CliRunner().invoke(app, ["deidentify", str(old), "--out", str(out)])
    assert told.exit_code == 1
    assert "3 written, 1 held back, 1 refused, 1 failed" in told.output
    assert "1 x refused: this is a PDF document" in told.output
    report = json.loads((out / "report.json").read_text())
    assert report["removed"]["PatientID"] == {"replaced": 3}
    assert "MUELLER" not in (out / "report.md").read_text() + (out / "report.json").read_text()
    assert "| words" not in (out / "report.md").read_text()


def test_a_cohort_gives_the_same_files(tmp_path: Path) -> None:
    old = folder_of(tmp_path)
    room = ReadingRoom(home=tmp_path / "home", config=tmp_path / "config", backend="classical")
    found = asyncio.run(run_cohort(room, old, "deidentify", tmp_path / "cohort"))
    assert found.counts == {"partial": 1, "failed": 2}  # the series has a broken slice
    key = subject_key(tmp_path / "config")
    deidentify([old], tmp_path / "new", key, Choices())
    told = [
        {path.name: path.read_bytes() for path in folder.rglob("*.dcm")}
        for folder in (tmp_path / "cohort" / "deidentified", tmp_path / "new")
    ]
    assert told[0] == told[1] != {}
    reports = [json.loads((tmp_path / name / "report.json").read_text()) for name in ("cohort/deidentified", "new")]
    assert reports[0]["removed"] == reports[1]["removed"]
    assert reports[0]["files"]["written"] == reports[1]["files"]["written"] == 3
    assert "words" not in (tmp_path / "cohort" / "deidentified" / "report.json").read_text()


def test_geometry_stays_though_its_numbers_are_too_long_and_groups_of_frames_stay(tmp_path: Path) -> None:
    data = ct_slice(scan().astype(np.int16), 0)
    with config.disable_value_validation():
        data.ImagePositionPatient = ["-123.45678901234567", "-98.765432109876543", "17.000000000000001"]
        groups, issuer = pydicom.Dataset(), pydicom.Dataset()
        groups.PixelMeasuresSequence = [pydicom.Dataset()]
        groups.PixelMeasuresSequence[0].PixelSpacing = ["0.70312500000000001", "0.5"]
        issuer.UniversalEntityID, issuer.UniversalEntityIDType = "http://hospital.example", "URI"
        data.SharedFunctionalGroupsSequence, data.IssuerOfAccessionNumberSequence = [groups], [issuer]
        data.ReferencedStudySequence = [pydicom.Dataset()]
        data.ReferencedStudySequence[0].ReferencedSOPInstanceUID = "1.2.3"
        data.ICCProfile = b"acsp made by a camera" + bytes(3)
        content = dicom_bytes(data)
    path = tmp_path / "a.dcm"
    path.write_bytes(content)
    with config.disable_value_validation():
        new = pydicom.dcmread(io.BytesIO(freed_file(path, KEY, Choices()).content))
        assert list(new.ImagePositionPatient) == pytest.approx([-123.45678901234567, -98.765432109876543, 17])
        spacing = new.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
        assert list(spacing) == [0.703125, 0.5]
    assert new.IssuerOfAccessionNumberSequence[0].UniversalEntityID == "REMOVED"
    assert new.ICCProfile.startswith(b"acsp")
    assert "ReferencedStudySequence" not in new
    data.PatientName, data.ICCProfile = "MUELLER^ANNA", b"acsp made by Mueller"
    path.write_bytes(dicom_bytes(data))
    assert b"mueller" not in freed_file(path, KEY, Choices()).content.lower()


def test_the_kind_of_object_may_stand_in_the_files_frame_alone(tmp_path: Path) -> None:
    data = ct_slice(scan().astype(np.int16), 0)
    kind = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.SOPClassUID = data.SOPInstanceUID = ""
    data.file_meta.MediaStorageSOPClassUID = kind
    out = io.BytesIO()
    data.save_as(out, enforce_file_format=True)
    (tmp_path / "a.dcm").write_bytes(out.getvalue())
    new = pydicom.dcmread(io.BytesIO(freed_file(tmp_path / "a.dcm", KEY, Choices()).content))
    assert new.SOPClassUID == new.file_meta.MediaStorageSOPClassUID == kind
    assert new.SOPInstanceUID.startswith("2.25.")


def test_a_folder_without_files_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadRequest, match="empty: there is no file below it"):
        deidentify([tmp_path / "empty"], tmp_path / "out", KEY, Choices())
    assert not (tmp_path / "out").exists()
