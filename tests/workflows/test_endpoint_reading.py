"""A whole reading on endpoints over real HTTP: what is told, what is left out, and what never leaves or is logged."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from readingroom.errors import NotAuthorised
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom
from readingroom.room import ReadingRoom
from tests.tools.backends.foundation.blob_server import KEY, blob_server

NAME, NUMBER = "Zzyzxcanary", "QQ987654321"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, list[str]]]:
    with blob_server() as found:
        yield found


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write_chest(make_chest(ChestPhantom(spacing_mm=1.0)), tmp_path_factory.mktemp("film"))
    data = pydicom.dcmread(path)
    data.PatientName, data.PatientID = f"{NAME}^Anna", NUMBER
    data.save_as(path)
    return path


def room_at(served: tuple[str, list[str]], tmp_path: Path, key: str = KEY, backend: str = "endpoint") -> ReadingRoom:
    def endpoint(path: str) -> dict[str, object]:
        return {"address": f"{served[0]}/{path}/score", "key": key, "deadline": 20}

    endpoints = {"cxrreportgen": endpoint("report"), "medimageparse": endpoint("parse")}
    return ReadingRoom(home=tmp_path / "home", config=tmp_path / "config", backend=backend, endpoints=endpoints)


def test_a_draft_on_endpoints_is_checked_like_any_other(served, film, tmp_path):
    reading = room_at(served, tmp_path).draft_sync(film, indication="Cough.")
    report = reading.report
    told = [finding.text for finding in report.findings]
    assert "There is a nodule in the right upper lobe." in told
    assert "No pleural effusion." in told
    assert report.clean
    assert {check.verdict for check in report.verification.checks if check.target.startswith("F")} == {"supported"}
    nodule = next(item for item in report.evidence if item.observation == "nodule")
    assert nodule.origin.model == "CXRReportGen"
    assert nodule.origin.preprocessing_id.startswith("cxr-")
    assert nodule.regions[0].frame == "source_pixels"
    limits = " ".join(item.text for item in report.limitations)
    assert "said nothing of" in limits
    assert "the endpoint backend has no model for it" in limits
    assert "no foundation model looked at the image" not in limits
    assert "CXRReportGen" in " ".join(report.provenance.backends)


def test_a_chain_measures_what_no_endpoint_outlines(served, film, tmp_path):
    report = room_at(served, tmp_path, backend="endpoint,classical").draft_sync(film).report
    heart = next(item for item in report.evidence if item.observation == "heart")
    assert heart.origin.backend == "classical"
    lungs = [item for item in report.evidence if item.observation == "lung" and item.origin.tool == "segment"]
    assert {item.origin.model for item in lungs} == {"MedImageParse"}


def test_what_identifies_the_patient_neither_leaves_nor_is_logged(served, film, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    served[1].clear()
    words = f"Cough since 12/03/2021. {NAME} {NUMBER}, Dr. House."
    room_at(served, tmp_path).draft_sync(film, indication=words, prior_report=f"{NAME.upper()}: no nodule.")
    sent = " ".join(served[1])
    assert "Cough since [date]" in sent
    assert "no nodule" in sent
    logged = caplog.text + " ".join(str(record.__dict__) for record in caplog.records)
    for secret in (NAME.lower(), NUMBER.lower(), "12/03/2021", "house"):
        assert secret not in sent.lower()
    for secret in (NAME.lower(), NUMBER.lower(), KEY, "cough"):
        assert secret not in logged.lower()
    assert NAME.lower() not in room_at(served, tmp_path).report("last").model_dump_json().lower()
    for path in (tmp_path / "home").rglob("*"):
        assert not path.is_file() or NAME.lower().encode() not in path.read_bytes().lower()
    kept = [path for path in (tmp_path / "home" / "answers").rglob("*") if path.is_file()]
    assert kept
    assert not any(KEY.encode() in path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())


def test_a_wrong_key_ends_the_reading_with_one_line_and_no_secret(served, film, tmp_path):
    room = room_at(served, tmp_path, key="not-the-canary-key")
    with pytest.raises(NotAuthorised) as caught:
        room.draft_sync(film)
    assert "canary" not in caught.value.line()
    assert room.runs(1)[0].status == "interrupted"  # with the right key it can go on
    assert "canary" not in str(room.runs(1)[0])


def test_an_endpoint_that_is_down_leaves_a_partial_report_that_says_so(film, tmp_path):
    room = ReadingRoom(
        home=tmp_path / "home",
        config=tmp_path / "config",
        backend="endpoint,classical",
        endpoints={"cxrreportgen": {"address": "http://127.0.0.1:9/score", "key": KEY, "deadline": 1}},
    )
    report = room.draft_sync(film).report
    assert report.status == "partial"
    assert report.provenance.degraded == ("draft-findings",)
    assert any("draft findings could not be done" in item.text for item in report.limitations)
    assert any(item.observation == "cardiothoracic_ratio" for item in report.evidence)


def test_a_file_that_changes_on_disk_changes_nothing_of_a_reading(served, film, tmp_path):
    """What is sent was read once, and its digest names those bytes (F31)."""
    copy = tmp_path / "film.dcm"
    copy.write_bytes(film.read_bytes())
    room = room_at(served, tmp_path)
    study = room.read(copy)
    before = study.images[0].ref.sha256
    copy.write_bytes(b"something else")
    assert study.images[0].ref.sha256 == before
    assert study.images[0].pixels.shape == (400, 400)


def test_an_unconfigured_model_is_named_with_its_setting(served, film, tmp_path):
    room = room_at(served, tmp_path)
    with pytest.raises(Exception, match="MI2_MODEL_ENDPOINT"):
        room.wait_for(room.embed(film))
