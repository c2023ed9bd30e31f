"""Files that are given: read under names of ours, refused where they are too much, freed of names where asked."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import cv2
import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image, PngImagePlugin
from pydicom.dataset import Dataset

from readingroom.errors import BadFile
from readingroom.web.arrival import Arrived
from readingroom.web.deidentifying import deidentified
from readingroom.web.limits import PageLimits
from readingroom.web.refusals import TooMuch
from readingroom.web.unpacking import unpacked
from tests.chats import NAME, NUMBER
from tests.web.entering import API, opened, upload

CANARY = "Zzcanary"


def zipped(files: dict[str, bytes], *, links: tuple[str, ...] = ()) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            if name in links:
                member.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def picture(folder: Path, seed: int = 1) -> Path:
    pixels = np.random.default_rng(seed).integers(20, 200, (96, 80), dtype=np.uint8)
    path = folder / f"p{seed}.png"
    cv2.imwrite(str(path), pixels)
    return path


def uploads(page) -> Path:
    path = page.front.settings.home / "uploads"
    path.mkdir(mode=0o700, exist_ok=True)  # the first upload makes it
    return path


def test_files_are_kept_for_their_owner_alone_under_names_of_ours(page, films):
    before = {path.name for path in uploads(page).iterdir()}
    files = [("current", ("../../../evil\x00.dcm", films[0].read_bytes()))]
    answer = page.owner.post(f"{API}/studies", files=files)
    assert answer.status_code == 201
    (new,) = {path.name for path in uploads(page).iterdir()} - before
    kept = list((uploads(page) / new).rglob("*"))
    assert [path.name for path in kept if path.is_file()] == ["f0001"]
    assert all(stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600) for path in kept)
    assert stat.S_IMODE(uploads(page).stat().st_mode) == 0o700
    assert not list(page.front.settings.home.parent.rglob("evil*"))
    assert page.owner.delete(f"{API}/studies/{answer.json()['id']}").status_code == 204
    assert new not in {path.name for path in uploads(page).iterdir()}


def test_a_zip_of_a_folder_is_one_study(page, tmp_path):
    content = zipped({
        "a/../../../one.png": picture(tmp_path, 1).read_bytes(),
        "/etc/two.png": picture(tmp_path, 2).read_bytes(),
        "__MACOSX/._one.png": b"litter",
        ".DS_Store": b"litter",
    })  # fmt: skip
    answer = page.owner.post(f"{API}/studies", files=[("files", ("study.zip", content))])
    assert answer.status_code == 201, answer.text
    assert len(answer.json()["images"]) == 2
    assert not list(tmp_path.parent.rglob("one.png"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (zipped({"inner.zip": zipped({"a.png": b"x"})}), "another zip"),
        (zipped({"inner.png": zipped({"a.png": b"x"})}), "another zip"),
        (zipped({"link": b"/etc/passwd"}, links=("link",)), "link"),
        (zipped({"zeros": bytes(33 << 20)}), "200 times"),
        (zipped({str(number): b"" for number in range(20)}), "more than 10 files"),
        (zipped({"big": bytes(range(256)) * 4 * 1024 * 45}), "more than 40 MiB"),
        (zipped({"a": b"x" * 100})[:80], "broken"),
        (b"PK\x03\x04" + bytes(200), "broken"),
        (zipped({}), "no image"),
    ],
)
def test_zips_that_are_too_much_or_not_what_they_say(hostile_page, content, says):
    answer = hostile_page.owner.post(f"{API}/studies", files=[("current", ("x.zip", content))])
    assert answer.status_code in (400, 413), answer.text
    assert says in answer.json()["error"]
    assert not list(uploads(hostile_page).iterdir()), "nothing of it stays"


def test_an_encrypted_zip_and_one_that_lies_about_its_size(tmp_path):
    content = bytearray(zipped({"a": b"x" * 100}))
    central = content.rindex(b"PK\x01\x02")
    encrypted = bytearray(content)
    encrypted[central + 8] |= 1
    lying = bytearray(content)
    struct.pack_into("<I", lying, central + 24, 10)
    for made in (encrypted, lying):
        (tmp_path / "f0001").write_bytes(made)
        with pytest.raises(BadFile):
            unpacked(Arrived({"current": [tmp_path / "f0001"]}), PageLimits(), 1000)
        for path in tmp_path.iterdir():
            path.unlink()


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory):
    limits = PageLimits(upload_bytes=40 << 20, upload_files=10, session_bytes=60 << 20, studies=3)
    with opened(tmp_path_factory.mktemp("hostile"), limits=limits) as page:
        yield page


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([("current", (f"{number}.png", b"x")) for number in range(11)], "more than 10 files"),
        ([("current", ("big.png", bytes(41 << 20)))], "MiB of files"),
        ([("evil", ("a.png", b"x"))], "no part 'evil'"),
        ([("prior", ("a.png", b"x"))], "no image came"),
        ([("current", ("a.txt", b"not an image"))], "file 1"),
        ([("current", ("n" * 20_000, b"x"))], "cannot be read"),
    ],
    ids=range(6),
)
def test_uploads_that_are_refused_leave_nothing(hostile_page, files, says):
    answer = hostile_page.owner.post(f"{API}/studies", files=files)
    assert answer.status_code in (400, 413)
    assert says in answer.json()["error"]
    assert not list(uploads(hostile_page).iterdir())


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"x", "text/plain"),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=b"),
        (b"--b\r\nContent-Disposition: form-data; name=current; filename=a\r\n\r\nx",
         "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 2000 + b"\r\n--b--\r\n",
         "multipart/form-data; boundary=b"),
        (b"\x00" * 4000, "multipart/form-data; boundary=b"),
    ],
)  # fmt: skip
def test_forms_that_are_none(hostile_page, content, kind):
    answer = hostile_page.owner.post(f"{API}/studies", content=content, headers={"Content-Type": kind})
    assert answer.status_code in (400, 413)
    assert not list(uploads(hostile_page).iterdir())


def test_a_session_has_only_so_many_studies(hostile_page, tmp_path):
    made = [upload(hostile_page.owner, current=picture(tmp_path, seed)) for seed in range(4)]
    assert [one.status_code for one in made] == [201, 201, 201, 413]
    for one in made[:3]:
        hostile_page.owner.delete(f"{API}/studies/{one.json()['id']}")


def test_a_json_body_that_is_too_large(page, study):
    answer = page.owner.post(f"{API}/chats", json={"study": "x" * (2 << 20)})
    assert (answer.status_code, answer.json()["kind"]) == (413, TooMuch.__name__)


def canaried(film: Path, folder: Path) -> Path:
    """The film with names in a hundred places where they may be, private and nested ones among them."""
    source = pydicom.dcmread(film)
    for keyword in (
        "AccessionNumber", "InstitutionName", "InstitutionAddress", "ReferringPhysicianName", "StudyDescription",
        "SeriesDescription", "OperatorsName", "PatientComments", "PatientAddress", "OtherPatientNames", "ImageComments",
        "ProtocolName", "StationName", "DeviceSerialNumber", "RequestedProcedureDescription", "StudyID",
        "AdmissionID", "DerivationDescription", "CurrentPatientLocation", "PatientBirthName",
        "WindowCenterWidthExplanation",
    ):  # fmt: skip
        setattr(source, keyword, CANARY)
    source.StudyDate, source.PatientBirthDate, source.PatientAge = "19990102", "19330405", "066Y"
    source.BodyPartExamined = NAME.upper()
    item = Dataset()
    item.PatientID, item.CodeMeaning, item.CodeValue = NUMBER, CANARY, "T-D3000"
    source.AnatomicRegionSequence = [item]
    source.RequestAttributesSequence = [item]
    block = source.private_block(0x0011, CANARY, create=True)
    block.add_new(0x01, "LO", CANARY)
    source.add_new(0x60003000, "OW", CANARY.encode())
    source.add_new(0x60000010, "US", 1)
    path = folder / "canaried.dcm"
    source.save_as(path)
    return path


def test_a_file_freed_of_names_keeps_pixels_and_technique_alone(page, films, tmp_path):
    path = canaried(films[0], tmp_path)
    before = {one.name for one in uploads(page).iterdir()}
    named = upload(page.owner, current=path).json()
    answer = upload(page.owner, current=path, deidentify=True)
    assert answer.status_code == 201, answer.text
    freed, image = answer.json(), answer.json()["images"][0]
    kept = [one for one in uploads(page).rglob("f0001") if one.parent.parent.name == f"u-{freed['id'][3:]}"]
    content = kept[0].read_bytes()
    for word in (CANARY, NAME, NUMBER, "19990102", "19330405", "066Y"):
        assert word.lower().encode() not in content.lower(), word
    old, new = pydicom.dcmread(path), pydicom.dcmread(kept[0])
    assert new.PixelData == old.PixelData
    assert new.PatientIdentityRemoved == "YES"
    assert new.SOPInstanceUID != old.SOPInstanceUID
    same = ("rows", "columns", "modality", "view", "image_left", "spacing", "range", "window", "type")
    assert {name: image[name] for name in same} == {name: named["images"][0][name] for name in same}
    assert len({one.name for one in uploads(page).iterdir()} - before) == 2


def test_a_lateral_film_freed_of_the_text_that_says_so_is_still_one(films, tmp_path):
    """Else it would pass for a frontal one, whose sides go by convention."""
    source = pydicom.dcmread(films[0])
    source.ViewPosition, source.SeriesDescription = "", f"Lateral {CANARY}"
    for told in ("PatientOrientation", "ViewCodeSequence", "StudyDescription", "ProtocolName"):
        source.pop(told, None)
    path = tmp_path / "f0001"
    source.save_as(path)
    assert deidentified([path], b"key") == [path]
    freed = pydicom.dcmread(path)
    assert (freed.ViewPosition, "SeriesDescription" in freed) == ("LATERAL", False)


def test_a_broken_file_is_told_by_its_place(page, films, tmp_path):
    path = tmp_path / "x.tiff"
    cv2.imwrite(str(path), np.zeros((80, 80), np.uint8))
    answer = upload(page.owner, current=path, deidentify=True)
    assert answer.json()["error"].startswith("file 1: ")


def test_prior_and_current_freed_of_names_are_still_of_one_patient(page, films):
    answer = upload(page.owner, current=films[0], prior=films[1], deidentify=True)
    assert answer.status_code == 201, answer.text
    assert [image["role"] for image in answer.json()["images"]] == ["current", "prior"]
    assert answer.json()["subject"] != "unknown"


def test_nifti_texts_and_picture_metadata_go(tmp_path):
    volume = nibabel.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.eye(4))
    volume.header["descrip"], volume.header["db_name"] = CANARY, CANARY
    volume.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", CANARY.encode()))
    for name in ("a.nii", "a.nii.gz"):
        nibabel.save(volume, tmp_path / name)
        assert deidentified([tmp_path / name], b"key") == [tmp_path / name]
        read = nibabel.load(tmp_path / name)
        assert np.array_equal(np.asarray(read.dataobj), np.asarray(volume.dataobj))
        assert CANARY.encode() not in (read.header.binaryblock + bytes(read.header.extensions.count("comment")))
    assert CANARY.encode() not in (tmp_path / "a.nii").read_bytes()
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", CANARY)
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(tmp_path / "p.png", pnginfo=told)
    deidentified([tmp_path / "p.png"], b"key")
    assert CANARY.encode() not in (tmp_path / "p.png").read_bytes()
    assert np.array_equal(np.asarray(Image.open(tmp_path / "p.png")).ravel(), np.arange(64))


def test_what_cannot_be_freed_of_names_is_refused(page, tmp_path):
    path = tmp_path / "a.tiff"
    cv2.imwrite(str(path), np.zeros((80, 80), np.uint8))
    answer = upload(page.owner, current=path, deidentify=True)
    assert answer.status_code == 400
    assert "cannot be freed of names" in answer.json()["error"]


def test_nothing_that_names_anybody_is_logged(page, films, caplog):
    with caplog.at_level("DEBUG"):
        upload(page.owner, current=films[0])
        page.owner.post(f"{API}/studies", files=[("current", (NAME, b"broken"))])
    told = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
    assert NAME not in told
    assert NUMBER not in told
