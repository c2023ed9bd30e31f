"""A CSV table of files with what else is known of them: allowed columns as metadata, never a name or a number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from readingroom.errors import BadFile, BadRequest
from readingroom.index.entry import Metadata
from readingroom.index.scalar import scalar
from readingroom.ordinary import ordinary
from readingroom.workflows.sheet import csv_rows, pseudonym

PATHS = ("file", "path", "image", "filename")
"""The first of these that the table has names the files, below the table's own folder."""

PSEUDONYMS = {"subject": "subject", "patient": "subject", "patient_id": "subject", "subject_id": "subject",
              "study": "study", "study_id": "study"}  # fmt: skip
"""Columns that tell who and what belongs together: kept as pseudonyms, those of DICOM headers."""

COLUMNS = ("modality", "anatomy", "view", "dataset", "label", "labels", "split", "sex", "age", "licence", "laterality",
           "sequence", "contrast", "plane", "target", "site", "scanner")  # fmt: skip
"""Columns that are kept unasked; others by name."""

NEVER = re.compile(r"name|mrn|accession|birth|dob|address|phone|mail|ssn|insurance|text|report", re.IGNORECASE)
"""Columns that are refused even by name: they tell who it is, or hold what others wrote."""

MODALITY_WORDS = {"x-ray": "x_ray", "xray": "x_ray", "cr": "x_ray", "dx": "x_ray", "radiograph": "x_ray", "mri": "mr",
                  "us": "ultrasound", "endoscope": "endoscopy", "mg": "mammography"}  # fmt: skip

MOST_BYTES = 256 << 20


def read_manifest(path: Path, *, key: bytes, columns: Sequence[str] = ()) -> Mapping[Path, Metadata]:
    """Metadata by file, in the order of the table; several rows of one file keep every value.

    `columns` adds to `COLUMNS`. A modality is worded as ours. Raises BadFile for what is no such table, BadRequest for
    a column that is not there or must not be kept.
    """
    rows, where = _table(path), path.name
    names = tuple(rows[0])
    file = next(name for name in PATHS if name in names)
    for name in columns:
        if name not in names:
            raise BadRequest(f"there is no column {name!r}", where=where, do=f"It has {', '.join(names)[:300]}.")
        if NEVER.search(name):
            raise BadRequest(f"the column {name!r} is not kept", where=where, do="Names and texts stay out.")
    kept = [name for name in names if name in COLUMNS or name in columns]
    found: dict[Path, Metadata] = {}
    for number, row in enumerate(rows, 1):
        at = f"{where}, row {number}"
        if not row[file]:
            raise BadFile("the row names no file", where=at, do=f"Fill the column {file!r}.")
        told = found.setdefault(path.parent / row[file], {})
        for name, text in _values(row, kept, key, at):
            _add(told, name, text)
    return found


def _table(path: Path) -> list[dict[str, str]]:
    """Its rows, of which there is one at least."""
    size = ordinary(path).stat().st_size if path.exists() else 0
    if size > MOST_BYTES:
        what = f"the table is larger than {MOST_BYTES >> 20} MiB"
        raise BadFile(what, where=path.name, do="Add it in parts.")
    rows = [{name: (cell or "").strip() for name, cell in row.items()} for row in csv_rows(path, PATHS)]
    if not rows:
        raise BadFile("the table has no rows", where=path.name, do="Write a row for each file below its header.")
    return rows


def _values(row: Mapping[str, str], kept: Sequence[str], key: bytes, where: str) -> list[tuple[str, str]]:
    told = [(name, row[name]) for name in kept]
    told = [(name, MODALITY_WORDS.get(text.lower(), text.lower()) if name == "modality" else text)
            for name, text in told]  # fmt: skip
    for name, as_name in PSEUDONYMS.items():
        if row.get(name):
            told.append((as_name, pseudonym(row[name], key, where)))
    return [(name, text) for name, text in told if text]


def _add(told: Metadata, name: str, text: str) -> None:
    value = scalar(text) if name not in ("subject", "study") else text
    held = told.get(name)
    if held is None:
        told[name] = value
    elif isinstance(held, list):
        held += [] if str(value) in held else [str(value)]
    elif held != value:
        told[name] = [str(held), str(value)]
