"""Files and folders to a study: roles, subjects, the series picked and told, and nothing of the patient let out."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from readingroom.errors import BadFile, BadInput, BadStudy
from readingroom.imaging.image import Study
from readingroom.imaging.limits import Limits
from readingroom.imaging.reader import read_study
from tests.imaging.dicom_files import SAGITTAL, ct_slice, dicom_bytes, ramp, write


def read(*paths: Path, **given: Any) -> Study:
    return read_study(list(paths), subject_key=given.pop("key", b"key"), **given)


def picture(path: Path) -> Path:
    Pillow.fromarray(ramp(kind=np.uint8)).save(path)
    return path


def ct_series(folder: Path, count: int, **elements: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for z in range(count):
        name = f"{elements.get('SeriesNumber', 2)}-{z:02}.dcm"
        (folder / name).write_bytes(dicom_bytes(ct_slice(ramp(kind=np.int16), z, **elements)))


def test_pictures_are_numbered_in_the_order_given(tmp_path: Path) -> None:
    study = read(picture(tmp_path / "b.png"), picture(tmp_path / "a.png"))
    assert [image.ref.id for image in study.images] == ["img-1", "img-2"]
    assert study.subject == "unknown"
    assert study.notes == ("2 images read, all as current.",)


def test_roles_follow_how_the_images_were_given(tmp_path: Path) -> None:
    paths = [picture(tmp_path / f"{n}.png") for n in range(3)]
    study = read(paths[0], laterals=[paths[1]], priors=[paths[2]])
    assert [image.ref.role for image in study.images] == ["current", "lateral", "prior"]
    assert [image.ref.id for image in study.priors] == ["img-3"]


def test_a_frontal_and_a_lateral_film_of_one_folder(tmp_path: Path) -> None:
    write(tmp_path / "1.dcm", ramp(), ViewPosition="LL", InstanceNumber=1)
    write(tmp_path / "2.dcm", ramp(), ViewPosition="PA", InstanceNumber=2)
    study = read(tmp_path)
    assert [(image.ref.view, image.ref.role) for image in study.images] == [("PA", "current"), ("lateral", "lateral")]


def test_a_lateral_film_alone_is_current(tmp_path: Path) -> None:
    study = read(write(tmp_path / "1.dcm", ramp(), ViewPosition="LL"))
    assert [image.ref.role for image in study.images] == ["current"]


def test_the_longest_series_is_read_and_the_others_are_told(tmp_path: Path) -> None:
    ct_series(tmp_path / "a", 5, SeriesNumber=4, SeriesInstanceUID="1.4", SeriesDescription="Thorax 2.0")
    ct_series(tmp_path / "b", 3, SeriesNumber=5, SeriesInstanceUID="1.5", SeriesDescription="Bone")
    scout = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    ct_series(tmp_path / "c", 7, SeriesNumber=1, SeriesInstanceUID="1.1", ImageType=scout)
    (tmp_path / "notes.txt").write_text("nothing to see")
    study = read(tmp_path)
    (image,) = study.images
    assert (image.ref.kind, image.ref.depth, image.ref.name) == ("volume", 5, "CT series 4, 5 slices")
    assert study.notes == (
        "1 files that are no readable image were passed over.",
        "Read series 4 (Thorax 2.0, 5 images); left out series 5 (Bone, 3 images); series 1 (7 localizer images).",
    )


def test_files_given_one_by_one_are_grouped_like_a_folder(tmp_path: Path) -> None:
    ct_series(tmp_path, 4)
    (image,) = read(*sorted(tmp_path.iterdir(), reverse=True)).images
    assert image.pixels.shape[0] == 4
    one_by_one = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(tmp_path.iterdir())]
    assert image.ref.sha256 == hashlib.sha256("".join(one_by_one).encode()).hexdigest()
    assert len(image.sources) == 4


def test_two_slices_are_two_images(tmp_path: Path) -> None:
    ct_series(tmp_path, 2)
    assert [image.ref.kind for image in read(tmp_path).images] == ["image", "image"]


def test_slices_without_places_become_ordered_frames(tmp_path: Path) -> None:
    ct_series(tmp_path, 4, ImagePositionPatient=None)
    (image,) = read(tmp_path).images
    assert (image.ref.kind, image.ref.depth, image.ref.image_left) == ("frames", 4, "unknown")
    assert any("order of their numbers" in note for note in image.ref.notes)


def test_a_sagittal_slice_alone_has_no_side(tmp_path: Path) -> None:
    data = ct_slice(ramp(kind=np.int16), 0, ImageOrientationPatient=SAGITTAL)
    (tmp_path / "s.dcm").write_bytes(dicom_bytes(data))
    (image,) = read(tmp_path / "s.dcm").images
    assert (image.ref.view, image.ref.image_left) == ("sagittal", "unknown")


def test_the_later_of_two_studies_is_read(tmp_path: Path) -> None:
    write(tmp_path / "1.dcm", ramp(), StudyInstanceUID="1.1", StudyDate="20200101", ViewPosition="AP")
    write(tmp_path / "2.dcm", ramp(), StudyInstanceUID="1.2", StudyDate="20240101", ViewPosition="PA")
    study = read(tmp_path)
    assert [image.ref.view for image in study.images] == ["PA"]
    assert study.notes == ("The files belong to 2 studies of one patient; the latest was read.",)


def test_a_prior_of_another_patient_is_refused(tmp_path: Path) -> None:
    mine, other = write(tmp_path / "1.dcm", ramp()), write(tmp_path / "2.dcm", ramp(), PatientID="PAT-002")
    with pytest.raises(BadStudy, match="the prior image belongs to another patient"):
        read(mine, priors=[other])
    assert len(read(mine, priors=[write(tmp_path / "3.dcm", ramp())]).images) == 2
    assert len(read(mine, priors=[picture(tmp_path / "prior.png")]).images) == 2


def test_the_pseudonym_depends_on_key_patient_and_issuer(tmp_path: Path) -> None:
    first = write(tmp_path / "1.dcm", ramp())
    issued = write(tmp_path / "2.dcm", ramp(), IssuerOfPatientID="CLINIC")
    nobody = write(tmp_path / "3.dcm", ramp(), PatientID="")
    subject = read(first).subject
    assert len(subject) == 12
    assert subject == read(first).subject
    assert len({subject, read(first, key=b"other").subject, read(issued).subject}) == 3
    assert read(nobody).subject == "unknown"


CANARY = "XYZCANARY"


def _with_canaries() -> Dataset:
    data = ct_slice(ramp(kind=np.int16), 0)
    for keyword in ("PatientName", "PatientID", "OtherPatientIDs", "InstitutionName", "ReferringPhysicianName",
                    "StationName", "AccessionNumber", "OperatorsName", "StudyID", "DeviceSerialNumber",
                    "PatientComments", "ImageComments", "InstitutionAddress", "PatientAddress"):  # fmt: skip
        setattr(data, keyword, CANARY)
    data.PatientName = f"{CANARY}^ANNA"
    data.PatientBirthDate = "19501231"
    data.SeriesDescription = f"Chest {CANARY}_ANNA 19501231"
    data.StudyDescription = f"{CANARY} thorax"
    data.ProtocolName = f"\x1b[31m{CANARY}"
    data.WindowCenter, data.WindowWidth = ["40", "50"], ["400", "20"]
    data.WindowCenterWidthExplanation = [CANARY, CANARY]
    data.add_new(0x00091001, "LO", CANARY)
    item = Dataset()
    item.PatientName = CANARY
    data.RequestAttributesSequence = Sequence([item])
    return data


def test_nothing_that_names_the_patient_gets_out(tmp_path: Path) -> None:
    for z in range(4):
        data = _with_canaries()
        data.ImagePositionPatient = [0.0, 0.0, float(z)]
        (tmp_path / f"{z}.dcm").write_bytes(dicom_bytes(data))
    extra = _with_canaries()
    extra.SeriesNumber, extra.SeriesInstanceUID = 9, "1.2.9"
    (tmp_path / "extra.dcm").write_bytes(dicom_bytes(extra))
    study = read(tmp_path)
    shown = " ".join((study.subject, repr(study.notes), *(repr(image) for image in study.images)))
    for secret in (CANARY, "ANNA", "19501231", "1.2.3", "\x1b"):
        assert secret not in shown


def test_header_text_is_cut_and_cleaned(tmp_path: Path) -> None:
    nasty = "\u202eevil\x07\x1b]0;x" + "A" * 5000
    ct_series(tmp_path / "a", 4, SeriesNumber=1, SeriesInstanceUID="1.1")
    ct_series(tmp_path / "b", 3, SeriesNumber=2, SeriesInstanceUID="1.2", SeriesDescription=nasty)
    (note,) = read(tmp_path).notes
    assert len(note) < 200
    assert not set(note) & set("\u202e\x07\x1b")


def test_a_folder_of_many_pictures_is_not_one_study(tmp_path: Path) -> None:
    for n in range(3):
        picture(tmp_path / f"{n}.png")
    assert len(read(tmp_path).images) == 3
    with pytest.raises(BadStudy, match="3 pictures"):
        read(tmp_path, limits=Limits(pictures=2))


def test_dicom_wins_over_pictures_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "a.dcm", ramp(), ViewPosition="PA")
    picture(tmp_path / "thumb.png")
    study = read(tmp_path)
    assert [image.ref.view for image in study.images] == ["PA"]
    assert study.notes == ("1 files that are not DICOM were passed over.",)


@pytest.mark.parametrize("path", [Path("/no/such/file"), Path("/dev/zero"), Path("a\0b")])
def test_what_is_no_file_is_refused(path: Path) -> None:
    with pytest.raises(BadFile):
        read(path)


def test_nothing_given_is_refused() -> None:
    with pytest.raises(BadStudy, match="no image given"):
        read()


def test_a_file_above_the_cap_is_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="larger than"):
        read(picture(tmp_path / "a.png"), limits=Limits(file_bytes=100))


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    write(folder / "a.dcm", ramp())
    (folder / "b.dcm").symlink_to(write(tmp_path / "secret.dcm", ramp()))
    study = read(folder)
    assert len(study.images) == 1
    assert study.notes == ("1 links that lead out of the folder were not followed.",)


def test_every_prefix_of_a_file_ends_in_an_error_or_an_image(tmp_path: Path) -> None:
    content = write(tmp_path / "whole.dcm", ramp(12, 12)).read_bytes()
    for end in range(0, len(content), 7):
        (tmp_path / "cut.dcm").write_bytes(content[:end])
        with contextlib.suppress(BadInput):  # any other exception fails the test
            read(tmp_path / "cut.dcm")
