"""What every DICOM export starts from and ends in: source instances, UIDs, our equipment, bytes without a clock."""

from __future__ import annotations

import copy
import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, NamedTuple

from highdicom import UID
from pydicom import Dataset

from readingroom import __version__
from readingroom.domain.image import ImageRef
from readingroom.domain.report import Report
from readingroom.domain.value import digest_of
from readingroom.errors import BadRequest, BadStudy
from readingroom.exports.material import AGAIN, Material
from readingroom.exports.wording import plain
from readingroom.imaging.dicom import quiet
from readingroom.imaging.image import Image

MAKER, MODEL = "Reading Room", "Reading Room"
SCHEME = "99READINGROOM"
"""Designator of our own codes (PS3.16 section 8: private schemes begin with 99)."""
RESEARCH = "RESEARCH ONLY - NOT FOR DIAGNOSIS"
SERIES = {"SEG": 9100, "SR": 9200, "SC": 9300}
"""Series numbers, far above what a scanner counts to; of a report's images the first has + 0, the second + 1 ..."""

_EMPTY_ALLOWED = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate",
    "StudyTime", "ReferringPhysicianName",
)  # fmt: skip
"""Type 2 of the Patient and General Study modules (PS3.3 C.7.1.1, C.7.2.1): present, perhaps without a value."""
_SEXES = ("M", "F", "O")
_AGE = re.compile(r"\d{3}[DWMY]")
"""An age string (PS3.5 6.2); "42" alone is often met, and is none."""
_LO = 64


class Source(NamedTuple):
    """One image of a report with the DICOM instances it was made from."""

    ref: ImageRef
    image: Image
    instances: tuple[Dataset, ...]
    """Headers with every type 2 element of patient and study, in the order of `Image.sources`."""

    @property
    def first(self) -> Dataset:
        return self.instances[0]

    @property
    def frames(self) -> int:
        """Frames of its one multi-frame file; 0 where each file holds one."""
        count = int(self.first.get("NumberOfFrames") or 1)
        return count if len(self.instances) == 1 and count > 1 else 0


def source_of(report: Report, material: Material, image_id: str) -> Source:
    """The instances behind an image of the report.

    Raises BadRequest where the report has no such image, BadStudy where the image or its DICOM files are not at hand
    or are not those that the report was made from.
    """
    ref = next((one for one in report.images if one.id == image_id), None)
    if ref is None:
        known = ", ".join(one.id for one in report.images)
        raise BadRequest(f"the report has no image {image_id!r}", do=f"It has {known}.")
    images = material.study.images if material.study else ()
    image = next((one for one in images if one.ref.id == image_id), None)
    if image is None:
        raise BadStudy("a DICOM export needs the images themselves, which a run does not keep", where=image_id,
                       do=AGAIN)  # fmt: skip
    if image.ref.sha256 != ref.sha256:
        raise BadStudy("this is not the image that the report was made from", where=image_id, do=AGAIN)
    instances = material.instances.get(image_id, ())
    if not instances:
        raise BadStudy("this image was not made from DICOM files, or they are not at hand, and a DICOM export refers"
                       " to them", where=image_id, do=AGAIN)  # fmt: skip
    return Source(ref, image, tuple(_completed(instance, image_id) for instance in instances))


def _completed(instance: Dataset, where: str) -> Dataset:
    """A copy whose patient and study can be written again: what has to be there is, faults of the file are left out."""
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        if not instance.get(keyword):
            raise BadStudy(f"its files have no {keyword}, so that nothing can refer to them", where=where,
                           do="Give files of a PACS or a scanner.")  # fmt: skip
    dataset = copied(instance)
    for keyword in _EMPTY_ALLOWED:
        if dataset.get(keyword) is None:
            setattr(dataset, keyword, "")
    if dataset.PatientSex not in _SEXES:
        dataset.PatientSex = ""
    if dataset.get("PatientAge") and not _AGE.fullmatch(str(dataset.PatientAge)):
        del dataset.PatientAge
    told = dataset.get("DeidentificationMethod") or dataset.get("DeidentificationMethodCodeSequence")
    if dataset.get("PatientIdentityRemoved") == "YES" and not told:
        dataset.DeidentificationMethod = "Not stated by the source"  # type 1C
    return dataset


def copied(dataset: Dataset) -> Dataset:
    """A data set with elements of its own: setting one that is shared would change the original too."""
    found = Dataset()
    for element in dataset:
        found.add(copy.copy(element))
    return found


@contextmanager
def unseen() -> Iterator[None]:
    """While a file is made: nothing of a header, which may name the patient, reaches a log or a warning."""
    log = logging.getLogger("highdicom")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with quiet():
            yield
    finally:
        log.setLevel(level)


@contextmanager
def from_headers(where: str) -> Iterator[None]:
    """Around what the library makes of the source's headers: BadStudy where it refuses them.

    Its own message may quote the header, so that only its kind is told.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, NotImplementedError) as error:
        raise BadStudy(f"its DICOM headers do not hold what this export needs ({type(error).__name__})", where=where,
                       do="Check the source files with dciodvfy.") from None  # fmt: skip


def uid_of(*parts: object) -> UID:
    """A UID under 2.25 (PS3.5 annex B.2) of a digest of what it names; the same parts, the same UID."""
    digest = hashlib.sha256(repr(("readingroom export", *parts)).encode()).digest()[:16]
    uuid = bytearray(digest)
    uuid[6], uuid[8] = uuid[6] & 0x0F | 0x80, uuid[8] & 0x3F | 0x80
    return UID(f"2.25.{int.from_bytes(uuid, 'big')}")


class Names(NamedTuple):
    """UIDs and numbers of one exported instance; they follow from the report alone."""

    series: UID
    instance: UID
    number: int


def names_of(report: Report, kind: str, image_id: str = "", part: object = "") -> Names:
    """`kind` is SEG, SR or SC; a changed report gets a new instance, in the same series of its run."""
    ids = [ref.id for ref in report.images]
    at = ids.index(image_id) if image_id in ids else 0
    run = report.provenance.run
    return Names(
        uid_of("series", run, kind, image_id), uid_of("instance", digest_of(report), kind, image_id, part),
        SERIES[kind] + at,
    )  # fmt: skip


def device_uid() -> UID:
    """Of this software in this version, as the device that observed."""
    return uid_of("device", MODEL, __version__)


def equipment() -> dict[str, Any]:
    """General Equipment as highdicom's constructors take it: this software, which is no scanner."""
    return {
        "manufacturer": MAKER,
        "manufacturer_model_name": MODEL,
        "software_versions": __version__,
        "device_serial_number": str(device_uid())[-16:],
        "specific_character_set": "ISO_IR 192",
    }


def line(text: str, longest: int = _LO) -> str:
    """Text as one value of a short string: a backslash would part it into two, and control signs are not allowed.

    Cut to `longest` bytes of UTF-8: the standard counts characters, some readers bytes.
    """
    flat = " ".join(plain(text).replace("\\", "/").split())
    if len(flat.encode()) <= longest:
        return flat
    return f"{flat.encode()[: longest - 3].decode(errors='ignore').rstrip()}..."


def moment(report: Report) -> datetime:
    """When the report was finished; the only clock of an export."""
    return datetime.fromisoformat(report.provenance.finished).astimezone(UTC)


def bytes_of(dataset: Dataset, report: Report) -> bytes:
    """The file. Every date and every UID that the library took from the clock or from chance is set again."""
    when = moment(report)
    date, time = when.strftime("%Y%m%d"), when.strftime("%H%M%S")
    for part in ("InstanceCreation", "Content", "OfSecondaryCapture"):
        names = (f"Date{part}", f"Time{part}") if part.startswith("Of") else (f"{part}Date", f"{part}Time")
        for name, value in zip(names, (date, time), strict=True):
            if name in dataset:
                setattr(dataset, name, value)
    for item in dataset.get("ContributingEquipmentSequence") or ():
        if item.get("ManufacturerModelName") == "highdicom":
            item.ContributionDateTime = date + time
    organisation = uid_of("dimensions", dataset.SOPInstanceUID)
    for sequence in ("DimensionOrganizationSequence", "DimensionIndexSequence"):
        for item in dataset.get(sequence) or ():
            item.DimensionOrganizationUID = organisation
    with BytesIO() as file:
        dataset.save_as(file, enforce_file_format=True)
        return file.getvalue()
