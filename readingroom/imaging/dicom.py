"""The one door to pydicom: bytes to a header that answers in plain values, and encoded frames to arrays."""

from __future__ import annotations

import hashlib
import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, config, dcmread
from pydicom.dataelem import RawDataElement
from pydicom.encaps import generate_frames
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.sequence import Sequence as ItemSequence
from pydicom.uid import UID

from readingroom.errors import BadFile
from readingroom.imaging.clean import clean_text, without_words
from readingroom.imaging.dicom_scan import DEFLATED, check_depth, inflate, lost_mark, read_meta
from readingroom.imaging.limits import Limits

PARSE_ERRORS = (
    InvalidDicomError, ValueError, TypeError, KeyError, AttributeError, IndexError, NotImplementedError,
    OverflowError, EOFError, OSError, RecursionError, MemoryError, LookupError, struct.error, AssertionError,
)  # fmt: skip
"""What pydicom raises on bytes that are not what they claim to be, at reading or at first use of an element."""

DECODE_ERRORS = (*PARSE_ERRORS, RuntimeError)
"""The same, and what its decoder plugins raise."""

_LARGE = 1 << 20
"""Bytes from which on an element is left where it is: pixels; every table is smaller."""

PREFERRED = {
    "1.2.840.10008.1.2.5": "pylibjpeg",
    "1.2.840.10008.1.2.4.50": "pillow",
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.90": "pylibjpeg",
    "1.2.840.10008.1.2.4.91": "pylibjpeg",
}
"""The plugin to try first, by transfer syntax: the others of pydicom follow where it fails."""


@contextmanager
def quiet() -> Iterator[None]:
    """pydicom's warnings and log quote header values, which may name a patient: within this they go nowhere."""
    log = logging.getLogger("pydicom")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(), config.disable_value_validation():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


@dataclass(frozen=True, eq=False)
class Header:
    """A data set, asked by keyword; what is absent or broken answers empty."""

    dataset: Dataset = field(repr=False)
    where: str = ""
    """The file as the user named it, for errors only."""
    syntax: str = ""
    """Transfer syntax UID; empty where the file does not say."""
    sha256: str = ""
    body: bytes = field(default=b"", repr=False)
    """What the data set was read from; large elements are looked up in it rather than copied."""

    def _value(self, keyword: str) -> Any:
        try:
            return self.dataset.get(keyword)
        except PARSE_ERRORS:
            return None

    def has(self, keyword: str) -> bool:
        """Whether the element is there, whatever it holds."""
        return keyword in self.dataset

    def has_overlay(self, group: int) -> bool:
        """Whether overlay `group` (0x6000, 0x6002 ...) holds a picture."""
        return (group, 0x3000) in self.dataset

    def texts(self, keyword: str) -> tuple[str, ...]:
        """All values as text, stripped, as they stand in the file (not cleaned)."""
        value = self._value(keyword)
        if value is None or isinstance(value, bytes | Dataset | ItemSequence):
            return ()
        many = value if isinstance(value, list | tuple) or hasattr(value, "insert") else [value]
        return tuple(str(one).strip() for one in many)

    def text(self, keyword: str) -> str:
        """The first value as text; empty where there is none."""
        values = self.texts(keyword)
        return values[0] if values else ""

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """All values as finite numbers; empty where any of them is not one."""
        try:
            values = tuple(float(one) for one in self.texts(keyword))
        except ValueError:
            return ()
        return values if all(np.isfinite(values)) else ()

    def number(self, keyword: str) -> float | None:
        """The first value as a finite number."""
        values = self.numbers(keyword)
        return values[0] if values else None

    def integer(self, keyword: str, default: int) -> int:
        """The first value as an integer; BadFile where there is one that is none."""
        if not self.has(keyword) or (self._value(keyword) in (None, "") and self._is_blank(keyword)):
            return default
        value = self.number(keyword)
        if value is None or value != int(value):
            raise BadFile(f"its {keyword} is not a whole number", where=self.where, do="Export it again.")
        return int(value)

    def _is_blank(self, keyword: str) -> bool:
        raw = self.dataset.get_item(keyword)
        return raw is None or not raw.value

    def items(self, keyword: str) -> tuple[Header, ...]:
        """The items of a sequence; empty where there is none."""
        value = self._value(keyword)
        if not isinstance(value, ItemSequence):
            return ()
        return tuple(Header(item, self.where, self.syntax, self.sha256) for item in value)

    def data(self, keyword: str) -> memoryview:
        """The bytes of a binary element, not copied; empty where there are none."""
        raw = self.dataset.get_item(keyword, keep_deferred=True)
        if isinstance(raw, RawDataElement) and raw.value is None:
            return memoryview(self.body)[raw.value_tell : raw.value_tell + raw.length]
        value = self._value(keyword)
        return memoryview(value if isinstance(value, bytes | bytearray) else b"")

    def lut_data(self, keyword: str = "LUTData") -> NDArray[np.int64]:
        """The entries of a look-up table, whether stored as words or as numbers."""
        value = self._value(keyword)
        if isinstance(value, bytes | bytearray):
            return np.frombuffer(bytes(value[: len(value) // 2 * 2]), "<u2").astype(np.int64)
        numbers = self.numbers(keyword)
        return np.asarray(numbers, np.int64)

    def said(self, keyword: str) -> str:
        """Header text fit to be shown: cleaned, cut, and without the words that name or number the patient."""
        return clean_text(without_words(self.text(keyword)[:256], self.identifying))

    @cached_property
    def identifying(self) -> frozenset[str]:
        """Words (lower case) that identify the patient, the place or the people of this data set."""
        words: set[str] = set()
        for keyword in (
            "PatientName", "PatientID", "OtherPatientIDs", "OtherPatientNames", "PatientBirthName", "AccessionNumber",
            "PatientBirthDate", "InstitutionName", "ReferringPhysicianName", "PerformingPhysicianName",
            "OperatorsName", "PhysiciansOfRecord", "NameOfPhysiciansReadingStudy", "StationName", "StudyID",
            "StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "InstitutionalDepartmentName",
        ):  # fmt: skip
            for text in self.texts(keyword):
                words.update(part for part in text.replace("^", " ").replace("_", " ").lower().split() if len(part) > 1)
        return frozenset(words - _HARMLESS)

    @cached_property
    def pixel_keyword(self) -> str:
        """Which element holds the pixels; empty where none does."""
        for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"):
            if self.has(keyword):
                return keyword
        return ""

    def paint(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """PALETTE COLOR indices to (..., 3) colours of 8 or 16 bits."""
        return np.asarray(apply_color_lut(pixels, self.dataset))

    def through_modality_lut(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Stored values through the modality look-up table of this data set."""
        return np.asarray(apply_modality_lut(pixels, self.dataset))


_HARMLESS = frozenset({"chest", "ct", "mr", "thorax", "head", "brain", "abdomen", "the", "of", "and", "unknown", "no"})
"""Words of departments and stations that a description may well use too."""


def open_dicom(data: bytes, limits: Limits, *, where: str, digest: bool = True) -> Header:
    """The header of one DICOM file, its pixels not yet decoded.

    Tolerates a missing preamble or meta group. BadFile where sequences nest too deep, a deflated data set grows
    beyond the cap, or the bytes are no data set. `digest`: whether the SHA-256 of the file is wanted.
    """
    body = data[132:] if lost_mark(data) else data
    meta = read_meta(body)
    syntax = meta.syntax
    try:
        if syntax == DEFLATED:
            body = inflate(body, meta.end, limits, where=where)
            check_depth(body, meta._replace(end=0), limits, where=where)
            dataset = read_dataset(BytesIO(body), is_implicit_VR=False, is_little_endian=True, defer_size=_LARGE)
        else:
            check_depth(body, meta, limits, where=where)
            dataset = dcmread(BytesIO(body), force=True, defer_size=_LARGE)
    except RecursionError as error:
        raise BadFile("its sequences nest too deep", where=where, do="Export it again.") from error
    except PARSE_ERRORS as error:
        raise BadFile("the DICOM data set is broken", where=where, do="Copy or export it again.") from error
    if len(dataset) == 0 or not any(tag.group >= 0x0004 for tag in dataset.keys()):  # noqa: SIM118  # tags, no values
        raise BadFile("there is no DICOM data set in it", where=where, do="Copy or export it again.")
    sha256 = hashlib.sha256(data).hexdigest() if digest else ""
    return Header(dataset, where, syntax or _guessed_syntax(dataset), sha256, body)


def _guessed_syntax(dataset: Dataset) -> str:
    implicit, little = dataset.original_encoding
    if implicit:
        return "1.2.840.10008.1.2"
    return "1.2.840.10008.1.2.1" if little in (True, None) else "1.2.840.10008.1.2.2"


def has_decoder(syntax: str) -> bool:
    """Whether the frames of this transfer syntax can be decoded here."""
    try:
        return bool(get_decoder(UID(syntax)).is_available)
    except (NotImplementedError, ValueError):
        return False


def frames_of(syntax: str, payload: bytes, options: dict[str, Any]) -> Iterator[tuple[NDArray[Any], str]]:
    """Each frame as (H, W) or (H, W, samples) with its photometric interpretation, YBR already turned to RGB.

    `options` are pydicom's decode options (rows, columns, bits_allocated ...). Raises DECODE_ERRORS.
    """
    decoder = get_decoder(UID(syntax))
    preferred = PREFERRED.get(syntax, "")
    plugin = preferred if preferred in decoder.available_plugins else ""
    for frame, told in decoder.iter_array(payload, decoding_plugin=plugin, **options):
        yield frame, str(told["photometric_interpretation"])


def streams_of(payload: bytes, frames: int) -> Iterator[bytes]:
    """The compressed stream of each frame, its fragments joined; raises DECODE_ERRORS."""
    return generate_frames(payload, number_of_frames=frames)
