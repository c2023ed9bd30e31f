"""Tiny folders in the published layouts: our own words, and pictures that show nothing."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from readingroom.experiments.datasets.labels import LABELS
from readingroom.imaging.mask_file import encode_mask
from readingroom.imaging.png import encode_png

REPORT = """FINAL REPORT
 INDICATION:  Cough,
 for a week.

 FINDINGS:  There is a small left pleural effusion.

 IMPRESSION:  Small left pleural effusion.
"""


def table(path: Path, rows: Sequence[dict[str, object]], columns: Sequence[str] = ()) -> None:
    """A CSV, packed where its name says so."""
    file = io.StringIO()
    writer = csv.DictWriter(file, columns or list(rows[0]), restval="")
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = file.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def picture(path: Path, rows: int = 40, columns: int = 50) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(np.full((rows, columns), 90, np.uint8)))


def mimic_jpg(folder: Path) -> None:
    study = folder / "files" / "p10" / "p10000032" / "s50414267"
    picture(study / "aaaa.jpg")
    picture(study / "bbbb.jpg")
    (study.parent / "s50414267.txt").write_text(REPORT)
    films = [("aaaa", "50414267", "PA"), ("bbbb", "50414267", "LATERAL"), ("cccc", "50414268", "LL")]
    keys = ("dicom_id", "study_id", "ViewPosition", "StudyDate", "StudyTime", "subject_id")
    rows = [dict(zip(keys, (*film, "21800506", "213014.531", "10000032"), strict=True)) for film in films]
    table(folder / "mimic-cxr-2.0.0-metadata.csv.gz", rows)
    table(folder / "mimic-cxr-2.0.0-split.csv.gz", [{**row, "split": "validate"} for row in rows], (*keys, "split"))
    known = {"Pleural Effusion": "1.0", "Pneumonia": "-1.0", "Edema": "0.0"}
    table(
        folder / "mimic-cxr-2.0.0-chexpert.csv.gz", [{"subject_id": "10000032", "study_id": "50414267", **known}],
        ("subject_id", "study_id", *LABELS),
    )  # fmt: skip


def mimic(folder: Path) -> None:
    place = "files/p10/p10000032/s50414267"
    (folder / place).mkdir(parents=True)
    (folder / place / "aaaa.dcm").write_bytes(b"")
    (folder / f"{place}.txt").write_text(REPORT)
    rows = [{"subject_id": "10000032", "study_id": "50414267", "dicom_id": name, "path": f"{place}/{name}.dcm"}
            for name in ("aaaa", "bbbb")]  # fmt: skip
    table(folder / "cxr-record-list.csv", rows)


def iu_kaggle(folder: Path) -> None:
    for name in ("4001", "3001"):
        picture(folder / "images" / "images_normalized" / f"1_IM-0001-{name}.dcm.png")
    table(folder / "indiana_projections.csv", [
        {"uid": 1, "filename": "1_IM-0001-4001.dcm.png", "projection": "Frontal"},
        {"uid": 1, "filename": "1_IM-0001-3001.dcm.png", "projection": "Lateral"},
        {"uid": 2, "filename": "2.dcm.png", "projection": "Frontal"},
    ])  # fmt: skip
    told = {"MeSH": "x", "Problems": "x", "image": "two views", "comparison": ""}
    table(folder / "indiana_reports.csv", [
        {"uid": 1, **told, "indication": "cough", "findings": "Clear lungs.", "impression": "No effusion."},
        {"uid": 2, **told, "indication": "", "findings": "", "impression": ""},
    ])  # fmt: skip


def iu_open_i(folder: Path) -> None:
    for name in ("4001", "3001"):
        picture(folder / "NLMCXR_png" / f"CXR1_1_IM-0001-{name}.png")
    table(folder / "indiana_projections.csv", [
        {"uid": 1, "filename": "1_IM-0001-4001.dcm.png", "projection": "Frontal"},
        {"uid": 1, "filename": "1_IM-0001-3001.dcm.png", "projection": "Lateral"},
    ])  # fmt: skip
    path = folder / "ecgen-radiology" / "1.xml"
    path.parent.mkdir(parents=True)
    path.write_text(
        "<eCitation><MedlineCitation><Article><Abstract>"
        '<AbstractText Label="INDICATION">cough</AbstractText>'
        '<AbstractText Label="FINDINGS">Clear  lungs.</AbstractText>'
        '<AbstractText Label="IMPRESSION">No effusion.</AbstractText>'
        "</Abstract></Article></MedlineCitation>"
        '<parentImage id="CXR1_1_IM-0001-3001"/><parentImage id="CXR1_1_IM-0001-4001"/></eCitation>'
    )


def padchest(folder: Path) -> None:
    picture(folder / "Padchest_GR_files" / "PadChest_GR" / "one.png", rows=40, columns=50)
    picture(folder / "PadChest_GR_progression_prior_studies" / "before.png")
    findings = [
        {"sentence_en": "There is a nodule in the right lung", "sentence_es": "n", "abnormal": True,
         "boxes": [[0.1, 0.25, 0.5, 0.75]], "extra_boxes": [], "labels": ["nodule"], "locations": ["right"]},
        {"sentence_en": "No pleural effusion.", "sentence_es": "n", "abnormal": False},
    ]  # fmt: skip
    study = {"StudyID": "s1", "ImageID": "one.png", "PreviousImageID": "before.png", "findings": findings}
    (folder / "grounded_reports_20240819.json").write_text(json.dumps([study]))
    table(folder / "master_table.csv", [{"StudyID": "s1", "PatientID": "p1", "split": "test", "label": "nodule"}] * 2)


def chexpert(folder: Path) -> None:
    study = "CheXpert-v1.0-small/valid/patient64541/study1"
    for name in ("view1_frontal", "view2_lateral"):
        picture(folder / "valid" / "patient64541" / "study1" / f"{name}.jpg")
    told = {"Sex": "Male", "Age": 73, "AP/PA": "AP", "Cardiomegaly": "1.0", "Edema": "-1.0"}
    rows = [{"Path": f"{study}/{name}.jpg", "Frontal/Lateral": view, **told}
            for name, view in (("view1_frontal", "Frontal"), ("view2_lateral", "Lateral"))]  # fmt: skip
    table(folder / "valid.csv", rows, ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *LABELS))


def nih(folder: Path) -> None:
    picture(folder / "images_001" / "images" / "00000001_000.png")
    picture(folder / "images_002" / "images" / "00000002_000.png")
    head = (
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
        "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],\n"
    )
    rest = "2682,2749,0.143,0.143,\n"
    (folder / "Data_Entry_2017.csv").write_text(
        f"{head}00000001_000.png,Mass|Effusion,0,1,58,M,PA,{rest}00000002_000.png,No Finding,0,2,40,F,AP,{rest}"
    )
    (folder / "BBox_List_2017.csv").write_text(
        "Image Index,Finding Label,Bbox [x,y,w,h],,,\n00000001_000.png,Mass,100.5,200,50,60,,,\n"
    )
    (folder / "test_list.txt").write_text("00000001_000.png\n")


def vindr(folder: Path) -> None:
    (folder / "train").mkdir(parents=True)
    votes = [("R1", 1, 0, 0), ("R2", 1, 0, 1), ("R3", 0, 0, 0)]
    table(folder / "annotations" / "image_labels_train.csv", [
        {"image_id": "aa", "rad_ID": rad, "Cardiomegaly": heart, "Pneumothorax": air, "Consolidation": one,
         "No finding": 0, "Other diseases": 1} for rad, heart, air, one in votes
    ])  # fmt: skip
    box = {"x_min": 10.5, "y_min": 20, "x_max": 110, "y_max": 220}
    table(folder / "annotations" / "annotations_train.csv", [
        {"image_id": "aa", "rad_ID": "R1", "class_name": "Cardiomegaly", **box},
        {"image_id": "aa", "rad_ID": "R2", "class_name": "Consolidation", **box},
        {"image_id": "aa", "rad_ID": "R3", "class_name": "No finding", "x_min": "", "y_min": "", "x_max": "",
         "y_max": ""},
    ])  # fmt: skip


def ms(folder: Path) -> None:
    path = "files/p10/p10000032/s50414267/aaaa.jpg"
    picture(folder / path)
    told = {"path": path, "dicom_id": "aaaa", "image_width": 50, "image_height": 40, "split": "test"}
    table(folder / "MS_CXR_Local_Alignment_v1.1.0.csv", [
        {"category_name": "Pleural Effusion", "label_text": "small left effusion", "x": 5, "y": 6, "w": 10, "h": 12,
         **told},
        {"category_name": "Lung Opacity", "label_text": "seen there", "x": 1, "y": 1, "w": 3, "h": 3, **told},
    ])  # fmt: skip


def biomedparse(folder: Path) -> None:
    picture(folder / "Lungs" / "train" / "12_X-Ray_chest.png")
    mask = np.zeros((40, 50), bool)
    mask[10:20, 5:15] = True
    place = folder / "Lungs" / "train_mask"
    place.mkdir(parents=True)
    (place / "12_X-Ray_chest_left+lung.png").write_bytes(encode_mask(mask))
    (place / "12_X-Ray_chest_pneumothorax.png").write_bytes(encode_mask(np.zeros((40, 50), bool)))


def questions(folder: Path) -> None:
    picture(folder / "figures" / "7" / "figure_1.jpg")
    told = {
        "full_question_id": "7_1", "case_id": "7", "answer": "B", "images": ["figures/7/figure_1.jpg"],
        "question": "What is seen? A) A nodule B) A pleural effusion (left) C) Nothing",
    }  # fmt: skip
    (folder / "metadata.jsonl").write_text(f"{json.dumps(told)}\n\n{json.dumps({**told, 'images': []})}\n")


WRITTEN: dict[str, Callable[[Path], None]] = {
    "mimic-cxr": mimic, "mimic-cxr-jpg": mimic_jpg, "iu-xray": iu_kaggle, "padchest-gr": padchest,
    "chexpert": chexpert, "nih-chestxray14": nih, "vindr-cxr": vindr, "ms-cxr": ms, "biomedparse": biomedparse,
    "chest-agent-bench": questions,
}  # fmt: skip
