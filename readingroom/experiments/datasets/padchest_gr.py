"""PadChest-GR: films with a list of single findings in English and Spanish, each with boxes by radiologists.

Source: Castro et al. 2024, https://arxiv.org/abs/2411.05085, https://bimcv.cipf.es/bimcv-projects/padchest-gr/:
grounded_reports_20240819.json, a list of {StudyID, ImageID, PreviousImageID, findings: [{sentence_en, sentence_es,
abnormal, boxes, extra_boxes, labels, locations, progression}]}, boxes as x0, y0, x1, y1 in shares of the image's width
and height; master_table.csv with StudyID, PatientID, split; the PNG files unpacked from Padchest_GR_files, earlier
films from PadChest_GR_progression_prior_studies.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from readingroom.errors import BadFile
from readingroom.experiments.case import Case, Reference, TrueRegion
from readingroom.experiments.datasets.labels import radiograph, region_of
from readingroom.experiments.datasets.lists import SEE, file_in, folder_in, json_of, rows_of

REPORTS = "grounded_reports_20240819.json"
PICTURES = ("Padchest_GR_files/PadChest_GR", "Padchest_GR_files", "PadChest_GR", "images_grounding", "images")
EARLIER = "PadChest_GR_progression_prior_studies"
PNG_HEAD = struct.Struct(">8s4x4sII")
"""Signature, length and name of the first chunk, columns, rows (PNG 5.2 and 11.2.2)."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def padchest_gr(folder: Path) -> Iterator[Case]:
    """Studies with their sentences as the reference and the first reader's boxes in pixels of the PNG.

    A picture that is not there fails its own case. Raises BadFile where a list or a field is missing, or a picture is
    none.
    """
    pictures = folder_in(folder, *PICTURES)
    known = {
        row["StudyID"]: row for row in rows_of(file_in(folder, "master_table.csv"), ("StudyID", "PatientID", "split"))
    }
    studies = json_of(file_in(folder, REPORTS))
    if not isinstance(studies, list):
        raise BadFile("is no list of studies", where=REPORTS, do=SEE)
    for place, study in enumerate(studies, 1):
        yield _case(study, pictures, folder / EARLIER, known, f"{REPORTS}, study {place}")


def _case(study: Any, pictures: Path, earlier: Path, known: Mapping[str, Mapping[str, str]], where: str) -> Case:
    try:
        name, image, findings = str(study["StudyID"]), str(study["ImageID"]), list(study["findings"])
        told = [str(one["sentence_en"]).strip() for one in findings]
        before = study.get("PreviousImageID")
        path = pictures / image
        size = size_of(path) if path.is_file() else None
        regions = [region for one in findings for region in _regions(one, *size)] if size else []
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadFile(f"lacks a field or holds another kind of value ({error})", where=where, do=SEE) from error
    if name not in known:
        raise BadFile(f"study {name} is not in master_table.csv", where=where, do=SEE)
    prior = earlier / str(before)
    text = "\n".join(sentence if sentence.endswith(".") else f"{sentence}." for sentence in told if sentence)
    return Case(
        id=name,
        subject=known[name]["PatientID"],
        paths=(str(path),),
        prior=(str(prior),) if before and prior.is_file() else (),
        words=radiograph(),
        reference=Reference(text=f"FINDINGS:\n{text}", regions=tuple(regions)),
        split=known[name]["split"],
    )


def _regions(finding: Mapping[str, Any], columns: int, rows: int) -> Iterator[TrueRegion]:
    boxes: Sequence[Sequence[float]] = finding.get("boxes") or ()
    for box in boxes:
        x0, y0, x1, y1 = map(float, box)
        region = region_of(str(finding["sentence_en"]), (x0 * columns, y0 * rows, x1 * columns, y1 * rows))
        if region:
            yield region


def size_of(path: Path) -> tuple[int, int]:
    """Columns and rows of a PNG, from its first bytes. Raises BadFile."""
    try:
        with path.open("rb") as file:
            signature, chunk, columns, rows = PNG_HEAD.unpack(file.read(PNG_HEAD.size))
    except (OSError, struct.error) as error:
        raise BadFile(f"cannot be read ({type(error).__name__})", where=path.name, do="Unpack the pictures.") from error
    if signature != SIGNATURE or chunk != b"IHDR":
        raise BadFile("is no PNG", where=path.name, do="Unpack the pictures again.")
    return columns, rows
