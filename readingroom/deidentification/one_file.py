"""One file of any kind freed of what says whose it is, or the reason why it is not."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from readingroom.deidentification.choices import Choices
from readingroom.deidentification.dicom_file import DicomFile
from readingroom.deidentification.other_files import nifti_anew, picture_anew, png_of
from readingroom.deidentification.pixel_text import ROUNDS, all_text_in, paint_over, words_in
from readingroom.deidentification.pseudonyms import keyed, name_of
from readingroom.deidentification.refusals import HeldBack, Refused
from readingroom.errors import BadFile
from readingroom.imaging.burned_in import TextLine
from readingroom.imaging.dicom import quiet
from readingroom.imaging.folder import read_bytes
from readingroom.imaging.image import Image
from readingroom.imaging.limits import Limits
from readingroom.imaging.reader import read_study
from readingroom.imaging.sniff import HEAD_BYTES, Format, sniff
from readingroom.imaging.subject import UNKNOWN

_HELD_DO = "Look at it; then --burned-in mask paints text over, and --burned-in keep writes it as it is."
_KINDS: dict[Format, str] = {"dicom": ".dcm", "nifti": ".nii", "nifti_gz": ".nii.gz", "png": ".png", "jpeg": ".png"}


@dataclass(frozen=True)
class Freed:
    """A file without names, and what was done."""

    content: bytes = field(repr=False)
    name: str
    """Pseudonyms of patient, study and series, and of the file; parts separated by slashes."""
    lines: int
    """Of text that were found in its pixels."""
    counts: Counter[tuple[str, str]]
    """Attribute and action, how often."""


def freed_file(path: Path, key: bytes, choices: Choices) -> Freed:
    """The bytes that may be given away of a DICOM image, a NIfTI volume, a PNG or a JPEG.

    `key` is the installation's (settings.subject_key): the same patient, study and object get the same pseudonyms in
    every call. Errors name the file by `where` alone. Raises HeldBack for words in the pixels where the choice is to
    hold such files, Refused for what is of a kind that is not de-identified, BadFile and BadStudy
    for what is broken.
    """
    where = path.name
    data = read_bytes(path, Limits(), where=where)
    try:
        kind = sniff(data[:HEAD_BYTES], where=where)
    except BadFile as error:
        raise Refused(error.what, where=where, do=error.do) from error
    with quiet():
        if kind == "dicom":
            return _dicom(data, key, choices, where=where)
        if kind in ("nifti", "nifti_gz"):
            return _nifti(data, kind, key, choices, where=where)
        if kind in ("png", "jpeg"):
            return _picture(data, kind, key, choices, where=where)
    raise Refused(f"files of this kind ({kind}) are not de-identified", where=where,
                  do="Give DICOM, NIfTI, PNG or JPEG.")  # fmt: skip


def _dicom(data: bytes, key: bytes, choices: Choices, *, where: str) -> Freed:
    file = DicomFile(data, key, choices, where=where)
    image = _image(data, key, where=where)
    lines = words_in(image)
    found = len(lines)
    if choices.burned_in == "hold" and (lines or image.ref.burned_in == "yes"):
        raise _held(len(lines), where)
    masked = choices.burned_in == "mask" and (found > 0 or image.ref.burned_in == "yes")
    if masked and (not lines or image.ref.kind == "volume"):
        raise _held(len(lines), where, "and cannot be painted over")
    for _ in range(ROUNDS if masked else 0):
        file.painted(all_text_in(image))
        image = _image(file.saved(), key, where=where)
        lines = words_in(image)
        if not lines:
            break
    if masked and lines:
        raise _held(len(lines), where, "and is left after painting over")
    content = file.written(masked=masked)
    instance = keyed(key, "file", hashlib.sha256(data).hexdigest()).hex()[:16]
    return Freed(content, "/".join((*file.place, instance + ".dcm")), found, file.counts)


def _image(data: bytes, key: bytes, *, where: str) -> Image:
    """Read as every other reading does, decoders in their own process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / where
        path.write_bytes(data)
        return read_study((path,), subject_key=key).images[0]


def _nifti(data: bytes, kind: Format, key: bytes, choices: Choices, *, where: str) -> Freed:
    lines = words_in(_image(data, key, where=where))
    if lines and choices.burned_in != "keep":
        raise _held(len(lines), where)
    found = nifti_anew(data, Limits(), where=where)
    return Freed(found.content, _unnamed(data, kind, key), len(lines), found.counts)


def _picture(data: bytes, kind: Format, key: bytes, choices: Choices, *, where: str) -> Freed:
    pixels, counts = picture_anew(data, kind, Limits(), where=where)
    lines = words_in(_image(data, key, where=where))
    found = len(lines)
    if lines and choices.burned_in == "hold":
        raise _held(found, where)
    if lines and choices.burned_in == "mask":
        lines = _masked(pixels, key, where=where)
        counts["pixels", "text painted over"] += 1
        if lines:
            raise _held(len(lines), where, "and is left after painting over")
    return Freed(png_of(pixels), _unnamed(data, kind, key), found, counts)


def _masked(pixels: NDArray[Any], key: bytes, *, where: str) -> tuple[TextLine, ...]:
    """Words that are left after painting over, in place."""
    lines: tuple[TextLine, ...] = ()
    for _ in range(ROUNDS):
        image = _image(png_of(pixels), key, where=where)
        paint_over(pixels, all_text_in(image), int(pixels.min()))
        lines = words_in(_image(png_of(pixels), key, where=where))
        if not lines:
            break
    return lines


def _unnamed(data: bytes, kind: Format, key: bytes) -> str:
    """Pictures and volumes say nothing of patients: each is by itself."""
    return f"{UNKNOWN}/{name_of(key, 'file', hashlib.sha256(data).hexdigest())}{_KINDS[kind]}"


def _held(lines: int, where: str, more: str = "") -> HeldBack:
    if not lines:
        return HeldBack(f"its header says that text is burned into the pixels {more}".strip(), where=where, do=_HELD_DO)
    what = f"{lines} line{'s' if lines > 1 else ''} of text in its pixels may name the patient"
    return HeldBack(f"{what} {more}".strip(), where=where, do=_HELD_DO)
