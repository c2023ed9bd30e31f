"""Every DICOM export of every phantom and of pydicom's own files passes dciodvfy; dcmtk's dsrdump reads the reports."""

from __future__ import annotations

import asyncio
import runpy
from pathlib import Path
from typing import Any

import pydicom
import pytest

from readingroom.exports.dicom_sc import to_dicom_sc
from readingroom.exports.dicom_seg import to_dicom_seg
from readingroom.exports.dicom_sr import to_dicom_sr
from readingroom.exports.figure import build_figures
from readingroom.exports.material import Material
from readingroom.imaging.instances import instances_of
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.ct import CtPhantom, make_ct
from readingroom.phantoms.dicom import write_chest, write_ct
from readingroom.room import ReadingRoom
from tests.conftest import REPO
from tests.exports.dicom_world import World, complaints, dumped, world

FILMS: dict[str, Any] = runpy.run_path(str(REPO / "examples" / "phantoms.py"))["films"](0, 4.0)
PYDICOM = Path(pydicom.__file__).parent / "data" / "test_files"
SHIPPED = (
    "CT_small.dcm", "MR_small.dcm", "dicomdirtests/98892001/CT5N", "dicomdirtests/98892001/CT2N",
    "dicomdirtests/77654033/CR1", "dicomdirtests/77654033/CR2", "dicomdirtests/77654033/CR3",
)  # fmt: skip
"""In pydicom's wheel. Its other MR files give the study and the frame of reference one UID, which dciodvfy refuses."""


def check(place: World, folder: Path) -> None:
    assert place.material.study is not None
    figures = build_figures(place.report, place.material.study, place.masks)
    report = to_dicom_sr(place.report, place.material)
    files = {
        "SR": report,
        "SC": to_dicom_sc(place.report, place.material, figures[0]),
        **{f"SEG {image.id}": to_dicom_seg(place.report, place.material, image.id) for image in place.report.images},
    }
    assert {name: complaints(data, folder) for name, data in files.items()} == {name: [] for name in files}
    text = dumped(report, folder)
    for finding in place.report.findings:
        assert finding.text in text
    for evidence in place.report.evidence:
        assert (f"{evidence.id}: {evidence.summary}" in text) == (evidence.trust != "untrusted_text")


@pytest.mark.parametrize("name", FILMS)
def test_films(tmp_path: Path, name: str) -> None:
    check(world([write_chest(make_chest(FILMS[name]), tmp_path)]), tmp_path)


@pytest.mark.parametrize("region", ["chest", "abdomen"])
def test_scans(tmp_path: Path, region: Any) -> None:
    check(world([write_ct(make_ct(CtPhantom(region=region, spacing_mm=(10, 4, 4))), tmp_path)]), tmp_path)


@pytest.mark.parametrize("name", SHIPPED)
def test_files_that_pydicom_ships(tmp_path: Path, name: str) -> None:
    check(world([PYDICOM / name]), tmp_path)


def test_a_validator_finds_a_fault(tmp_path: Path) -> None:
    """Or the tests above could not fail."""
    place = world([PYDICOM / "CT_small.dcm"])
    broken = to_dicom_seg(place.report, place.material).replace(b"BINARY", b"BANANA")
    assert [line for line in complaints(broken, tmp_path) if line.startswith("Error")]


def test_a_draft_as_it_is_made(tmp_path: Path) -> None:

    film = write_chest(make_chest(FILMS["enlarged"]), tmp_path / "film")
    room = ReadingRoom(home=tmp_path / "home", config=tmp_path / "config")
    reading = asyncio.run(room.draft([film]))
    study = room.read([film])
    material = Material(reading.mask, study, instances_of([film], study))
    seg = to_dicom_seg(reading.report, material)
    report = to_dicom_sr(reading.report, material)
    assert complaints(seg, tmp_path) == complaints(report, tmp_path) == []
    text = dumped(report, tmp_path)
    for finding in reading.report.findings:
        assert finding.text in text
