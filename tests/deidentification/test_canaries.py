"""What is planted anywhere in a file is in no byte of what is written: files, names of files, reports."""

from __future__ import annotations

import binascii
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest

from readingroom.deidentification.choices import Choices
from readingroom.deidentification.ledger import ledger_of
from readingroom.deidentification.many_files import deidentify
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom
from tests.deidentification.planted import BORN, CANARY, FIRST, NUMBER, SECOND, SEEN, UID, film, samples
from tests.exports.dicom_world import program

KEY = b"k" * 32
SECRETS = (CANARY, NUMBER, BORN, SEEN, UID, "GIVEN", "101112")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One patient: two films of a study in two series; and another patient."""
    folder = tmp_path_factory.mktemp(CANARY)
    film(folder, series=FIRST)
    film(folder, series=SECOND, study=1)
    film(folder, patient="QQ11111111111", study=2)
    return folder


@pytest.fixture(scope="module")
def new(old: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("given") / "new"
    report = deidentify([old], out, KEY, Choices())
    assert report.files == {"written": 3, "held back": 0, "refused": 0, "failed": 0}, report.unwritten
    return out


def leaked(folder: Path, secrets: tuple[str, ...]) -> list[tuple[str, str]]:
    """Secrets in any file or name below `folder`: as they are, in UTF-16, in hexadecimal."""
    found = []
    for path in sorted(folder.rglob("*")):
        content = str(path.relative_to(folder)).encode() + (path.read_bytes() if path.is_file() else b"")
        for secret in secrets:
            spelled = secret.encode(), secret.encode("utf-16-le"), binascii.hexlify(secret.encode())
            if any(one.lower() in content.lower() for one in spelled):
                found.append((path.name, secret))
    return found


def test_the_search_finds_what_is_planted(old: Path) -> None:
    assert {secret for _, secret in leaked(old, SECRETS)} == set(SECRETS)


@pytest.mark.parametrize("choices", [Choices(), Choices(dates="shift"), Choices(device=True)], ids=str)
def test_not_one_byte_of_a_canary_is_written(old: Path, tmp_path: Path, choices: Choices) -> None:
    report = deidentify([old], tmp_path / "new", KEY, choices)
    assert report.files["written"] == 3
    kept = {"101112"} if choices.dates == "shift" else set()  # times of day
    assert leaked(tmp_path / "new", tuple(one for one in SECRETS if one not in kept)) == []


def test_pixels_stay_the_same(old: Path, new: Path) -> None:
    before = sorted(samples(path).tobytes() for path in old.iterdir())
    after = sorted(samples(path).tobytes() for path in new.rglob("*.dcm"))
    assert before == after
    assert np.ptp(samples(next(new.rglob("*.dcm")))) > 0


def test_one_patient_keeps_one_pseudonym_and_references_still_lead_where_they_led(new: Path) -> None:
    found = [pydicom.dcmread(path) for path in sorted(new.rglob("*.dcm"))]
    by_patient: dict[str, list[pydicom.Dataset]] = {}
    for data in found:
        by_patient.setdefault(data.PatientID, []).append(data)
    assert sorted(map(len, by_patient.values())) == [1, 2]
    first, second = max(by_patient.values(), key=len)
    assert first.StudyInstanceUID == second.StudyInstanceUID
    assert first.SeriesInstanceUID != second.SeriesInstanceUID
    led = {first.SourceImageSequence[0].ReferencedSOPInstanceUID for first in (first, second)}
    assert led <= {first.SeriesInstanceUID, second.SeriesInstanceUID}  # planted there to be compared
    assert len({data.SOPInstanceUID for data in found}) == 3
    for data in found:
        assert data.file_meta.MediaStorageSOPInstanceUID == data.SOPInstanceUID
        assert data.SOPInstanceUID.startswith("2.25.")
        assert data.PatientIdentityRemoved == "YES"
        assert [one.CodeValue for one in data.DeidentificationMethodCodeSequence] == ["113100"]


def complaints(path: Path) -> set[str]:
    done = subprocess.run([program("dciodvfy"), "-new", str(path)], capture_output=True, check=False, timeout=60)
    lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    return {line for line in lines if line.startswith("Error")}


def test_what_was_valid_stays_valid(tmp_path: Path) -> None:

    path = write_chest(make_chest(ChestPhantom(spacing_mm=2.0)), tmp_path / "old")
    assert complaints(path) == set()
    for choices in (Choices(), Choices(dates="shift", device=True)):
        out = tmp_path / choices.dates
        deidentify([path], out, KEY, choices)
        (written,) = out.rglob("*.dcm")
        assert complaints(written) == set()


def test_old_names_stand_beside_the_new_files_for_their_owner_alone(new: Path) -> None:
    beside = ledger_of(new)
    assert beside.parent == new.parent
    assert CANARY in beside.read_text()
    assert beside.stat().st_mode & 0o077 == 0
