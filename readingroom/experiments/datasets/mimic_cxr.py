"""MIMIC-CXR (DICOM and reports) and MIMIC-CXR-JPG (pictures and labels), as PhysioNet publishes them.

Sources: Johnson et al., MIMIC-CXR v2.1.0, https://doi.org/10.13026/4jqj-jw95: files/p10/p10000032/s50414267/<dicom_id>
.dcm, the report beside the study's folder as s50414267.txt (mimic-cxr-reports.zip unpacks there), and
cxr-record-list.csv.gz with subject_id, study_id, dicom_id, path. Johnson et al., MIMIC-CXR-JPG v2.1.0,
https://doi.org/10.13026/jsn5-t979: the same folders with .jpg, mimic-cxr-2.0.0-metadata.csv.gz (dicom_id, subject_id,
study_id, ViewPosition, StudyDate, StudyTime ...), -split.csv.gz and -chexpert.csv.gz (1, 0, -1 or blank for each of 14
labels).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from sys import intern
from typing import Any

from readingroom.errors import BadFile
from readingroom.experiments.case import Case, Reference
from readingroom.experiments.datasets.labels import LABELS, labels_of, radiograph
from readingroom.experiments.datasets.lists import file_in, rows_of, those_there, zipped

Row = dict[str, str]

FRONTAL, LATERAL = ("PA", "AP"), ("LATERAL", "LL")
METADATA, SPLIT, CHEXPERT = (f"mimic-cxr-2.0.0-{name}.csv" for name in ("metadata", "split", "chexpert"))
FIRST_LINE = re.compile(r"^\s*(?:FINAL REPORT|WET READ)[^\n]*$", re.M)
SECTION = re.compile(r"\s*[A-Z][A-Z /(),]+:")
SAYS = re.compile(r"^\s*(?:FINDINGS?|IMPRESSION|CONCLUSION|OPINION)\b[A-Z /()]*:", re.M)
INDICATION = re.compile(r"^\s*(?:INDICATION|HISTORY|REASON FOR EXAM\w*):(.*?)(?=^\s*[A-Z][A-Z /()]+:|\Z)", re.M | re.S)


def mimic_cxr(folder: Path) -> Iterator[Case]:
    """Studies with their DICOM files and reports; the splits too, where the list of MIMIC-CXR-JPG lies in the folder.

    A study of which neither report nor image was downloaded is left out. Raises BadFile where a list or a column is
    missing, or the report of a study of which an image is there.
    """
    records = file_in(folder, *zipped("cxr-record-list.csv"))
    splits = _splits(folder)
    for study, rows in _studies(rows_of(records, ("subject_id", "study_id", "dicom_id", "path"))):
        text = _report(folder, rows[0]["subject_id"], study)
        if text is None and not any((folder / row["path"]).is_file() for row in rows):
            continue
        if text is None:
            raise BadFile(f"the report s{study}.txt is missing", where=str(folder), do="Unpack mimic-cxr-reports.zip.")
        yield Case(
            id=f"s{study}",
            subject=f"p{rows[0]['subject_id']}",
            paths=tuple(str(folder / row["path"]) for row in rows),
            words=_words(text),
            reference=Reference(text=text),
            split=splits.get(study, ""),
        )


def mimic_cxr_jpg(folder: Path) -> Iterator[Case]:
    """Studies with a frontal film, their labels and splits, their reports where they are unpacked beside them.

    Of the patient's latest study before, by the dates of the list, the first frontal film that is there is the prior.

    A study of which neither report nor picture was downloaded is left out. Raises BadFile where a list or a column is
    missing.
    """
    metadata = file_in(folder, *zipped(METADATA))
    splits, labels = _splits(folder), _labels(folder)
    listed = _studies(rows_of(metadata, ("dicom_id", "subject_id", "study_id", "ViewPosition")))
    for subject, group in groupby(listed, lambda study: study[1][0]["subject_id"]):
        own = dict(group)
        films = {name: [row for row in rows if row["ViewPosition"] in FRONTAL] for name, rows in own.items()}
        for study, frontal in films.items():
            paths = tuple(_picture(folder, row) for row in frontal)
            text = _report(folder, subject, study) or ""
            if not paths or not (text or any(Path(path).is_file() for path in paths)):
                continue
            known = labels_of(dict(zip(LABELS, labels[study], strict=True))) if study in labels else {}
            yield Case(
                id=f"s{study}",
                subject=f"p{subject}",
                paths=paths,
                prior=_before(folder, frontal, films.values()),
                lateral=those_there(_picture(folder, row) for row in own[study] if row["ViewPosition"] in LATERAL),
                words={**radiograph(frontal[0]["ViewPosition"]), **_words(text)},
                reference=Reference(text=text, labels=known),
                split=splits.get(study, ""),
            )


def _before(folder: Path, frontal: Sequence[Row], others: Iterable[Sequence[Row]]) -> tuple[str, ...]:
    """None where the list has no dates, or nothing earlier is there."""
    earlier = sorted(
        (rows for rows in others if rows and "" < _when(rows[0]) < _when(frontal[0])), key=lambda rows: _when(rows[0])
    )
    return those_there(_picture(folder, row) for rows in reversed(earlier) for row in rows)[:1]


def _when(row: Row) -> str:
    """21800506213014.531, to be ordered as text; times are written without their leading zeros."""
    date, (whole, _, part) = row.get("StudyDate", ""), row.get("StudyTime", "").partition(".")
    return f"{date}{whole:0>6}.{part}" if date else ""


def _studies(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Rows of one study stand together in every list. Raises BadFile where they do not."""
    seen: set[str] = set()
    for study, group in groupby(rows, lambda row: row["study_id"]):
        if study in seen:
            raise BadFile(f"study {study} stands in two places", where="the list", do="Sort it by study_id.")
        seen.add(study)
        yield study, list(group)


def _splits(folder: Path) -> dict[str, str]:
    path = next((folder / name for name in zipped(SPLIT) if (folder / name).is_file()), None)
    rows = rows_of(path, ("study_id", "split")) if path else ()
    return {row["study_id"]: intern(row["split"]) for row in rows}


def _labels(folder: Path) -> dict[str, tuple[str, ...]]:
    """The 14 columns of each study; most studies share a pattern, which is kept once."""
    patterns: dict[tuple[str, ...], tuple[str, ...]] = {}
    found = {}
    for row in rows_of(file_in(folder, *zipped(CHEXPERT)), ("study_id", *LABELS)):
        pattern = tuple(intern(row[name]) for name in LABELS)
        found[row["study_id"]] = patterns.setdefault(pattern, pattern)
    return found


def _place(folder: Path, subject: str) -> Path:
    return folder / "files" / f"p{subject[:2]}" / f"p{subject}"


def _picture(folder: Path, row: Row) -> str:
    return str(_place(folder, row["subject_id"]) / f"s{row['study_id']}" / f"{row['dicom_id']}.jpg")


def _report(folder: Path, subject: str, study: str) -> str | None:
    """Without its first line; some name no section for what they found, which then follows the last that is named."""
    try:
        text = (_place(folder, subject) / f"s{study}.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    text = FIRST_LINE.sub("", text).strip()
    if SAYS.search(text):
        return text
    parts = re.split(r"\n\s*\n", text)
    named = [place for place, part in enumerate(parts) if SECTION.match(part)]
    start = named[-1] + 1 if named else 0
    return "\n\n".join((*parts[:start], "FINDINGS:", *parts[start:])) if start < len(parts) else text


def _words(text: str) -> dict[str, Any]:
    """What the report says it was asked for, which is known before it is written."""
    found = INDICATION.search(text)
    told = " ".join(found[1].split()) if found else ""
    return {"indication": told} if told else {}
