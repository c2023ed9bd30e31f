"""Every layout is read into cases as its documentation has it, and says what is missing where something is."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from readingroom.domain.request import Request
from readingroom.errors import BadFile
from readingroom.experiments.case import Case
from readingroom.experiments.cohort import cases_of
from readingroom.experiments.datasets.chest_agent_bench import options_in
from readingroom.experiments.datasets.iu_xray import iu_xray
from readingroom.experiments.datasets.labels import LABELS
from readingroom.experiments.datasets.layouts import LAYOUTS
from readingroom.experiments.experiment import parse_experiment
from readingroom.experiments.metrics.truth import told_by
from tests.experiments.datasets.layouts_written import WRITTEN, iu_open_i, picture, table

NEEDED = {
    "mimic-cxr": "cxr-record-list.csv", "mimic-cxr-jpg": "mimic-cxr-2.0.0-chexpert.csv.gz",
    "iu-xray": "indiana_projections.csv", "padchest-gr": "master_table.csv", "chexpert": "valid.csv",
    "nih-chestxray14": "Data_Entry_2017.csv", "vindr-cxr": "annotations/annotations_train.csv",
    "ms-cxr": "MS_CXR_Local_Alignment_v1.1.0.csv", "chest-agent-bench": "metadata.jsonl",
}  # fmt: skip
"""A file of each without which it cannot be read."""


def read(name: str, folder: Path) -> list[Case]:
    WRITTEN[name](folder)
    return list(LAYOUTS[name].read(folder))


def claims(case: Case) -> set[tuple[str, str, str]]:
    return {(one.observation, one.presence, one.laterality) for one in case.reference.claims}


def test_every_layout_is_written_here():
    assert set(WRITTEN) == set(LAYOUTS)


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_experiment_names_a_dataset_and_its_folder(name: str, tmp_path: Path):
    WRITTEN[name](tmp_path / "data")
    text = f"name: x\ncases: {{dataset: {name}, folder: data}}\nwriters: {{template: {{}}}}\n"
    asked = parse_experiment(text, "x.yaml", tmp_path)
    cases = cases_of(asked.cases, tmp_path / "out")
    assert cases
    for case in cases:
        Request(**case.words)
        assert all(path.startswith(str(tmp_path / "data")) for path in (*case.paths, *case.prior, *case.lateral))


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_file_is_named(name: str, tmp_path: Path):
    WRITTEN[name](tmp_path)
    (tmp_path / NEEDED[name]).unlink()
    with pytest.raises(BadFile) as met:
        list(LAYOUTS[name].read(tmp_path))
    assert Path(NEEDED[name]).stem.removesuffix(".csv") in met.value.line()
    assert "missing" in met.value.line()
    assert "docs/datasets.md" in met.value.line()


@pytest.mark.parametrize("name", [name for name, file in NEEDED.items() if ".csv" in file])
def test_a_missing_column_is_named_with_those_that_are_expected(name: str, tmp_path: Path):
    WRITTEN[name](tmp_path)
    table(tmp_path / NEEDED[name], [{"else": "1"}])
    with pytest.raises(BadFile, match=r"has no column '.+'; expected are "):
        list(LAYOUTS[name].read(tmp_path))


def test_mimic_cxr_has_reports_and_what_they_were_asked_for(tmp_path: Path):
    (case,) = read("mimic-cxr", tmp_path)
    assert (case.id, case.subject) == ("s50414267", "p10000032")
    assert [Path(path).name for path in case.paths] == ["aaaa.dcm", "bbbb.dcm"]
    assert case.words["indication"] == "Cough, for a week."
    assert "small left pleural effusion" in case.reference.text


def test_a_study_of_mimic_cxr_without_its_report_is_told(tmp_path: Path):
    WRITTEN["mimic-cxr"](tmp_path)
    (tmp_path / "files/p10/p10000032/s50414267.txt").unlink()
    with pytest.raises(BadFile, match=r"s50414267\.txt is missing.+mimic-cxr-reports\.zip"):
        list(LAYOUTS["mimic-cxr"].read(tmp_path))


def test_a_study_of_mimic_cxr_that_was_not_downloaded_is_left_out(tmp_path: Path):
    WRITTEN["mimic-cxr"](tmp_path)
    row = {"subject_id": "10000033", "study_id": "1", "dicom_id": "x", "path": "files/p10/p10000033/s1/x.dcm"}
    rows = [dict(line) for line in csv.DictReader((tmp_path / "cxr-record-list.csv").read_text().splitlines())]
    table(tmp_path / "cxr-record-list.csv", [row, *rows])
    assert [case.id for case in LAYOUTS["mimic-cxr"].read(tmp_path)] == ["s50414267"]


@pytest.mark.parametrize(
    ("report", "told"),
    [
        ("FINAL REPORT\n HISTORY:  Pneumonia?\n\n REFERENCE EXAM:  ___.\n\n There is a left effusion.\n\n No edema.\n",
         {("pleural_effusion", "present"), ("pulmonary_edema", "absent")}),
        ("FINAL REPORT\n There is a left effusion.\n", {("pleural_effusion", "present")}),
        (" INDICATION:  pneumonia?\n\n FINDINGS: \n \n Left effusion.\n\n IMPRESSION:  Effusion.",
         {("pleural_effusion", "present")}),
    ],
)  # fmt: skip
def test_what_a_report_of_mimic_cxr_found_is_read_wherever_it_stands(report: str, told: set[object], tmp_path: Path):
    WRITTEN["mimic-cxr"](tmp_path)
    (tmp_path / "files/p10/p10000032/s50414267.txt").write_text(report)
    (case,) = LAYOUTS["mimic-cxr"].read(tmp_path)
    assert "FINAL REPORT" not in case.reference.text
    assert {(one.observation, one.presence) for one in told_by(case.reference)} == told


def test_a_lateral_that_was_not_downloaded_is_left_out(tmp_path: Path):
    WRITTEN["mimic-cxr-jpg"](tmp_path)
    next(tmp_path.rglob("bbbb.jpg")).unlink()
    (case,) = LAYOUTS["mimic-cxr-jpg"].read(tmp_path)
    assert case.lateral == ()


def test_mimic_cxr_jpg_has_the_latest_study_before_by_its_date(tmp_path: Path):
    films = [("1", "21800102", "90000.5", "PA"), ("2", "21800102", "100000.5", "AP"), ("3", "21790101", "1", "PA"),
             ("4", "21800102", "120000", "LATERAL")]  # fmt: skip
    rows = [{"dicom_id": f"film{study}", "subject_id": "10000032", "study_id": study, "StudyDate": date,
             "StudyTime": clock, "ViewPosition": view} for study, date, clock, view in films]  # fmt: skip
    for study in "123":
        picture(tmp_path / "files" / "p10" / "p10000032" / f"s{study}" / f"film{study}.jpg")
    table(tmp_path / "mimic-cxr-2.0.0-metadata.csv", rows)
    table(tmp_path / "mimic-cxr-2.0.0-chexpert.csv", [{"study_id": "1"}], ("study_id", *LABELS))
    cases = {case.id: case for case in LAYOUTS["mimic-cxr-jpg"].read(tmp_path)}
    assert {name: [Path(path).stem for path in case.prior] for name, case in cases.items()} == {
        "s1": ["film3"], "s2": ["film1"], "s3": [],
    }  # fmt: skip
    for row in rows:
        row.pop("StudyDate")
    table(tmp_path / "mimic-cxr-2.0.0-metadata.csv", rows)
    assert {case.prior for case in LAYOUTS["mimic-cxr-jpg"].read(tmp_path)} == {()}


def test_mimic_cxr_jpg_has_views_labels_and_splits(tmp_path: Path):
    (case,) = read("mimic-cxr-jpg", tmp_path)  # the second study has no frontal film
    assert [Path(path).name for path in case.paths] == ["aaaa.jpg"]
    assert [Path(path).name for path in case.lateral] == ["bbbb.jpg"]
    assert Path(case.paths[0]).is_file()
    assert case.reference.labels == {"Pleural Effusion": True, "Pneumonia": None, "Edema": False}
    assert case.words["stated"] == {"modality": "x_ray", "anatomy": "chest", "view": "PA"}
    assert case.split == "validate"


def test_a_list_of_mimic_cxr_that_is_out_of_order_is_refused(tmp_path: Path):
    WRITTEN["mimic-cxr-jpg"](tmp_path)
    row = {"dicom_id": "a", "subject_id": "1", "ViewPosition": "PA"}
    rows = [{**row, "study_id": study} for study in ("1", "2", "1")]
    table(tmp_path / "mimic-cxr-2.0.0-metadata.csv.gz", rows)
    with pytest.raises(BadFile, match="study 1 stands in two places"):
        list(LAYOUTS["mimic-cxr-jpg"].read(tmp_path))


def test_both_layouts_of_iu_xray_say_the_same(tmp_path: Path):
    (case,) = read("iu-xray", tmp_path / "kaggle")
    iu_open_i(tmp_path / "nlm")
    (other,) = iu_xray(tmp_path / "nlm")
    assert case.reference == other.reference
    assert case.reference.text == "FINDINGS:\nClear lungs.\n\nIMPRESSION:\nNo effusion."
    assert case.words == other.words
    assert (case.id, case.words["indication"]) == ("CXR1", "cough")
    assert all(Path(one.paths[0]).is_file() and len(one.lateral) == 1 for one in (case, other))
    assert "4001" in other.paths[0]  # the XML lists the lateral first; Kaggle's list says which is frontal
    (tmp_path / "nlm" / "indiana_projections.csv").unlink()
    (unknown,) = iu_xray(tmp_path / "nlm")
    assert "3001" in unknown.paths[0]


def test_an_entity_in_a_report_is_not_followed(tmp_path: Path):
    iu_open_i(tmp_path)
    (tmp_path / "secret").write_text("SECRET")
    path = tmp_path / "ecgen-radiology" / "1.xml"
    text = path.read_text().replace("Clear  lungs.", "&x;")
    path.write_text(f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>{text}')
    assert "SECRET" not in str(list(iu_xray(tmp_path)))


def test_padchest_gr_has_sentences_and_boxes_in_source_pixels(tmp_path: Path):
    (case,) = read("padchest-gr", tmp_path)
    assert (case.id, case.subject, case.split) == ("s1", "p1", "test")
    assert case.reference.text == "FINDINGS:\nThere is a nodule in the right lung.\nNo pleural effusion."
    (region,) = case.reference.regions
    assert (region.observation, region.laterality) == ("nodule", "right")
    assert region.box == pytest.approx((5.0, 10.0, 25.0, 30.0))
    assert Path(case.prior[0]).name == "before.png"


def test_a_study_of_padchest_gr_that_lacks_a_field_is_told_by_its_place(tmp_path: Path):
    WRITTEN["padchest-gr"](tmp_path)
    (tmp_path / "grounded_reports_20240819.json").write_text(json.dumps([{"StudyID": "s1", "ImageID": "one.png"}]))
    with pytest.raises(BadFile, match=r"study 1: lacks a field .+findings"):
        list(LAYOUTS["padchest-gr"].read(tmp_path))


def test_a_picture_of_padchest_gr_that_is_missing_fails_its_own_case_alone(tmp_path: Path):
    WRITTEN["padchest-gr"](tmp_path)
    next((tmp_path / "Padchest_GR_files").rglob("one.png")).rename(tmp_path / "Padchest_GR_files" / "other.png")
    (case,) = LAYOUTS["padchest-gr"].read(tmp_path)
    assert (case.reference.regions, case.subject) == ((), "p1")


def test_the_later_release_of_chexpert_has_other_names_for_its_lists(tmp_path: Path):
    WRITTEN["chexpert"](tmp_path)
    (tmp_path / "valid.csv").rename(tmp_path / "val_labels.csv")
    (case,) = LAYOUTS["chexpert"].read(tmp_path)
    assert case.split == "validate"


def test_chexpert_keeps_uncertain_labels_and_leaves_out_blank_ones(tmp_path: Path):
    (case,) = read("chexpert", tmp_path)
    assert (case.subject, case.split) == ("patient64541", "validate")
    assert case.reference.labels == {"Cardiomegaly": True, "Edema": None}
    assert Path(case.paths[0]).is_file()
    assert Path(case.lateral[0]).name == "view2_lateral.jpg"


def test_nih_says_what_is_there_and_denies_only_where_nothing_was_found(tmp_path: Path):
    found, none = read("nih-chestxray14", tmp_path)
    assert claims(found) == {("mass", "present", "unspecified"), ("pleural_effusion", "present", "unspecified")}
    assert {presence for _, presence, _ in claims(none)} == {"absent"}
    assert len(claims(none)) == 14
    (region,) = found.reference.regions
    assert (region.observation, region.box) == ("mass", (100.5, 200.0, 150.5, 260.0))
    assert (found.split, none.split) == ("test", "")
    assert all(Path(case.paths[0]).is_file() for case in (found, none))


def test_three_readers_of_vindr_are_a_majority_a_denial_or_nothing(tmp_path: Path):
    (case,) = read("vindr-cxr", tmp_path)
    assert claims(case) == {
        ("cardiac_enlargement", "present", "unspecified"), ("pneumothorax", "absent", "unspecified"),
    }  # fmt: skip
    (region,) = case.reference.regions
    assert (region.observation, region.box) == ("cardiac_enlargement", (10.5, 20.0, 110.0, 220.0))


def test_readers_of_one_film_of_vindr_need_not_stand_together(tmp_path: Path):
    WRITTEN["vindr-cxr"](tmp_path)
    path = tmp_path / "annotations" / "image_labels_train.csv"
    rows = [dict(line) for line in csv.DictReader(path.read_text().splitlines())]
    table(path, [rows[0], {**rows[0], "image_id": "bb"}, *rows[1:]])
    first, other = LAYOUTS["vindr-cxr"].read(tmp_path)
    assert (first.id, other.id, len(first.reference.claims)) == ("aa", "bb", 2)


def test_ms_cxr_takes_side_and_finding_from_the_phrase_and_else_the_category(tmp_path: Path):
    (case,) = read("ms-cxr", tmp_path)
    assert claims(case) == {("pleural_effusion", "present", "left"), ("lung_opacity", "present", "unspecified")}
    assert [region.box for region in case.reference.regions] == [(5, 6, 15, 18), (1, 1, 4, 4)]
    assert case.reference.text == ""  # phrases are no whole report
    assert case.subject == "p10000032"


def test_biomedparse_has_masks_with_their_boxes_and_no_empty_ones(tmp_path: Path):
    (case,) = read("biomedparse", tmp_path)
    (region,) = case.reference.regions
    assert (region.observation, region.laterality) == ("lung", "left")
    assert region.box == (5.0, 10.0, 15.0, 20.0)
    assert Path(region.mask).is_file()
    assert case.words["stated"] == {"modality": "x_ray", "anatomy": "chest"}


def test_a_folder_without_masks_is_no_biomedparse_data(tmp_path: Path):
    with pytest.raises(BadFile, match="no folder train_mask or test_mask"):
        list(LAYOUTS["biomedparse"].read(tmp_path))


def test_questions_have_their_options_apart(tmp_path: Path):
    (case,) = read("chest-agent-bench", tmp_path)  # the second has no image
    assert case.words["question"] == "What is seen?"
    assert case.reference.choices == ("A nodule", "A pleural effusion (left)", "Nothing")
    assert (case.reference.answer, case.subject) == ("B", "7")


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("Which?\nA. One\nB. Two", ("One", "Two")),
        ("Vitamin C) helps? A) Yes B) No", ("Yes", "No")),
        ("No options here", ()),
    ],
)
def test_options_begin_with_a_and_leave_none_out(text: str, choices: tuple[str, ...]):
    assert options_in(text)[1] == choices
