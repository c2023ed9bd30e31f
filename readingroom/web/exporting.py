"""A report or an edited version of it as a file of one format; several files of a format as one zip."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from readingroom.formats import FORMATS
from readingroom.reading import Reading
from readingroom.web.edited_report import edited_report
from readingroom.web.house import House
from readingroom.web.refusals import NotHere
from readingroom.web.studies import Kept

LABELS = {
    "html": "Web page",
    "json": "JSON",
    "md": "Markdown",
    "csv": "CSV",
    "docx": "Word",
    "pdf": "PDF",
    "fhir": "FHIR R4",
    "fhir-r5": "FHIR R5",
    "radfact": "RadFact",
    "dicom-sr": "DICOM SR",
    "dicom-seg": "DICOM SEG",
    "dicom-sc": "DICOM pictures",
}

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".dcm": "application/dicom",
    ".zip": "application/zip",
}
UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
"""What a file's name in a header does not hold: some formats name files by what a model outlined."""
FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""Of the files in a zip, so that the same report gives the same bytes."""


class Exported(NamedTuple):
    name: str
    content: bytes
    type: str


def exported(house: House, run: str, form: str, kept: Kept | None, version: int) -> Exported:
    """One format of a run's report. `kept`: the study, where its pictures are wanted or a DICOM export needs them.

    Raises NotHere for an unknown format, what `Reading.files` raises.
    """
    if form not in FORMATS:
        raise NotHere(f"there is no format {form[:20]!r}", do=f"Choose {', '.join(FORMATS)}.")
    made = _reading(house, run, kept)
    if version:
        made = replace(made, report=edited_report(made.report, house.versions.one(run, version)))
    files = made.files(form)
    stem = f"{run}-v{version}" if version else run
    if len(files) == 1:
        name, content = next(iter(files.items()))
        suffix = name.removeprefix("report") if name.startswith("report") else f".{name}"
        return Exported(
            UNSAFE.sub("-", f"{stem}{suffix}"), content, TYPES.get(Path(name).suffix, "application/octet-stream")
        )
    return Exported(f"{stem}.{form}.zip", _zipped(files), TYPES[".zip"])


def _reading(house: House, run: str, kept: Kept | None) -> Reading:
    if kept is None:
        return house.room.reading(run)
    way = kept.way
    return house.room.reading(run, way.paths, prior=way.prior or None, lateral=way.lateral or None)


def _zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, FIRST_DAY), content)
    return out.getvalue()
