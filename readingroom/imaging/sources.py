"""Files and folders of many patients as what is read together: a picture, a volume file, or one DICOM series."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from readingroom.errors import BadInput
from readingroom.imaging.dicom import open_dicom, quiet
from readingroom.imaging.folder import list_folder, read_bytes, read_head
from readingroom.imaging.limits import Limits
from readingroom.imaging.sniff import sniff
from readingroom.imaging.subject import pseudonym_of

COHORT = Limits(folder_files=2_000_000)
"""As of one study, but a folder may be an archive."""


@dataclass(frozen=True)
class Source:
    """Paths that `read_study` takes at once, or why they cannot be read."""

    paths: tuple[Path, ...]
    where: str
    """The file, or the folder of a series, as the user would name it."""
    study: str = ""
    """Pseudonym of the DICOM study; empty where the files name none."""
    error: BadInput | None = None
    subject: str = ""
    """Pseudonym of the patient, where a DICOM file names one."""
    series: str = ""
    """Pseudonym of the DICOM series; empty where the files name none."""


def sources_of(paths: Sequence[Path], *, key: bytes, limits: Limits = COHORT) -> Iterator[Source]:
    """Every image below `paths`, folder by folder; DICOM files of one folder go by series.

    Only one folder's headers are held at a time. A file that cannot be read is a source with its error; nothing raises
    but BadStudy for a folder with too many files.
    """
    yield from _of_files([path for path in paths if not os.path.isdir(path)], key, limits)
    for folder in (path for path in paths if os.path.isdir(path)):
        yield from _of_files(list_folder(folder, limits, where=folder.name).files, key, limits)


def _of_files(files: Sequence[Path], key: bytes, limits: Limits) -> Iterator[Source]:
    by_folder: dict[Path, list[Path]] = {}
    for file in files:
        by_folder.setdefault(file.parent, []).append(file)
    for folder, held in by_folder.items():
        series: dict[_Series, list[Path]] = {}
        for path in held:
            try:
                found = _series(path, limits)
            except BadInput as error:
                yield Source((path,), path.name, error=error)
                continue
            if found is None:
                yield Source((path,), path.name)
            else:
                series.setdefault(found, []).append(path)
        for one, members in series.items():
            study, uid = (pseudonym_of(name, key) if name else "" for name in (one.study, one.uid))
            subject = pseudonym_of(one.patient, key, one.issuer) if one.patient not in ("", "None") else ""
            where = members[0].name if len(members) == 1 else f"{folder.name} ({len(members)} files)"
            yield Source(tuple(members), where, study, subject=subject, series=uid)


ALIKE = ("PatientID", "Modality", "SOPClassUID", "SeriesNumber", "Rows", "Columns")
"""What files of one folder share that belong together, where a series' identifiers were taken out of them."""


class _Series(NamedTuple):
    """What files of one series share, as the header has it."""

    study: str
    uid: str
    alike: str
    patient: str
    issuer: str


def _series(path: Path, limits: Limits) -> _Series | None:
    """Of a DICOM file; None for any other."""
    where = path.name
    if sniff(read_head(path, limits, where=where), where=where) != "dicom":
        return None
    with quiet():
        header = open_dicom(read_bytes(path, limits, where=where), limits, where=where, digest=False)
        uid = header.text("SeriesInstanceUID")
        alike = "" if uid else "\x1f".join(header.text(name) for name in ALIKE)
        patient, issuer = header.text("PatientID"), header.text("IssuerOfPatientID")
        return _Series(header.text("StudyInstanceUID"), uid, alike, patient, issuer)
