"""A CSV table of files with what else is known of them: allowed columns as metadata, never a name or a number."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from readingroom.errors import BadFile, BadRequest
from readingroom.imaging.subject import pseudonym_of
from readingroom.index.entry import Metadata
from readingroom.index.scalar import scalar

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
    rows, names = _table(path)
    where = path.name
    file = next((name for name in PATHS if name in names), None)
    if file is None:
        raise BadFile("the table has no column of files", where=where, do=f"Call it {' or '.join(PATHS[:2])}.")
    for name in columns:
        if name not in names:
            raise BadRequest(f"there is no column {name!r}", where=where, do=f"It has {', '.join(names)[:300]}.")
        if NEVER.search(name):
            raise BadRequest(f"the column {name!r} is not kept", where=where, do="Names and texts stay out.")
    kept = [name for name in names if name in COLUMNS or name in columns]
    found: dict[Path, Metadata] = {}
    for row in rows:
        if row[file].strip():
            told = found.setdefault(path.parent / row[file].strip(), {})
            for name, text in _values(row, kept, key):
                _add(told, name, text)
    return found


def _table(path: Path) -> tuple[list[dict[str, str]], list[str]]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadFile(f"the table is larger than {MOST_BYTES >> 20} MiB", where=path.name)
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(StringIO(text, newline=""), restval="")
        rows = [{name: value or "" for name, value in row.items() if name is not None} for row in reader]
    except OSError as error:
        raise BadFile(f"cannot be read ({error.strerror})", where=path.name, do="Check the path.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile("this is no CSV table in UTF-8", where=path.name) from error
    return rows, list(reader.fieldnames or ())


def _values(row: Mapping[str, str], kept: Sequence[str], key: bytes) -> list[tuple[str, str]]:
    told = [(name, row[name].strip()) for name in kept]
    told = [(name, MODALITY_WORDS.get(text.lower(), text.lower()) if name == "modality" else text)
            for name, text in told]  # fmt: skip
    for name, as_name in PSEUDONYMS.items():
        if row.get(name, "").strip():
            told.append((as_name, pseudonym_of(row[name].strip(), key)))
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
