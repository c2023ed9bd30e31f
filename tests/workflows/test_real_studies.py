"""Real images of every kind: a sensible report or a refusal in one line, and nothing said that no evidence carries."""

from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from readingroom import ReadingRoom
from tests.commands import ran
from tests.imaging.hostile import write_hostile

KINDS = {
    "x_ray_chest": "lung",
    "dermoscopy_skin": "skin_lesion",
    "fundus_retinal": "optic_disc",
    "pathology_he": "nuclei",
    "ultrasound_fetal_head": "fetal_head",
    "ultrasound_breast": None,
    "ultrasound_carotid_artery": None,
    "endoscope_colon": None,
    "mri_brain": None,
    "ct_abdomen": None,
    "mammography_breast": None,
    "octa_retinal": None,
}
"""Folder of the development data, and what at least half of its images must have measured (None: a description)."""

STUDIES = [
    "volumes/ts_ct_sm.nii.gz",
    "volumes/ts_mr_sm.nii.gz",
    "volumes/pyrad_brain1.nrrd",
    "dicom/ts_ct_series20",
    "dicom/mr_t1_20slices",
    "dicom/ct_chest_lungfcp",
    "dicom/cr_chest/rsna_mono1.dcm",
    "dicom/cr_chest/rsna_mono2.dcm",
]

SHIPPED = ["CT_small.dcm", "MR_small.dcm", "examples_ybr_color.dcm", "examples_palette.dcm", "693_J2KI.dcm"]
"""CT, MR and ultrasound files in pydicom's own wheel."""


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    home = tmp_path_factory.mktemp("room")
    return ReadingRoom(home=home / "data", config=home / "config")


def checked(room: ReadingRoom, path: Path):
    report = room.draft_sync(path).report
    assert report.limitations
    assert report.clean, [
        (check.text, [problem.reason for problem in check.problems])
        for check in report.verification.checks
        if check.verdict in ("contradicted", "unsupported")
    ]
    assert not any(path.stem in limitation.text for limitation in report.limitations)
    return report


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_every_kind(room, data_dir, kind):
    paths = sorted(path for path in (data_dir / "dev" / kind).iterdir() if path.is_file())[:4]
    reports = [checked(room, path) for path in paths]
    wanted = KINDS[kind]
    told = [any(finding.observation == wanted for finding in report.findings) for report in reports]
    assert wanted is None or 2 * sum(told) >= len(told)
    assert all(report.findings or report.limitations for report in reports)


@pytest.mark.parametrize("name", STUDIES)
def test_volumes_and_series(room, data_dir, name):
    checked(room, data_dir / "dev" / name)


@pytest.mark.parametrize("name", SHIPPED)
def test_files_that_come_with_pydicom(room, name):
    path = get_testdata_file(name, download=False)
    if path is None:
        pytest.skip(f"{name} is not in this pydicom's wheel")
    checked(room, Path(path))


def test_hostile_files_end_in_one_line_and_exit_code_2(room, tmp_path):
    cases = write_hostile(tmp_path)
    assert len(cases) >= 40
    refused = [case for case in cases if case.outcome is not None or case.gate]
    assert len(refused) >= 40
    places = {"READINGROOM_HOME": str(room.settings.home), "READINGROOM_CONFIG": str(room.settings.config)}
    for case in refused:
        done = ran("draft", "--", str(case.path), places=places)
        assert (done.returncode, done.stdout, len(done.stderr.strip().splitlines())) == (2, "", 1), (case.why, done)
