"""One DICOM image freed of what says whose it is: by the profile, in its pixels' bytes, and in its file's frame."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import UID

from readingroom.deidentification.attributes import Plan, free, identifying
from readingroom.deidentification.choices import Choices
from readingroom.deidentification.pixel_text import paint_over
from readingroom.deidentification.profile import EDITION, PIXELS
from readingroom.deidentification.pseudonyms import STANDARD, days_of, name_of
from readingroom.deidentification.refusals import Refused
from readingroom.deidentification.streams import bare
from readingroom.errors import BadFile
from readingroom.imaging.burned_in import TextLine
from readingroom.imaging.codec import NATIVE, RLE, layout_of
from readingroom.imaging.dicom import DECODE_ERRORS, PARSE_ERRORS, Header, open_dicom
from readingroom.imaging.dicom_scan import BIG_ENDIAN, lost_mark
from readingroom.imaging.limits import Limits
from readingroom.imaging.served import refusal_of
from readingroom.imaging.subject import UNKNOWN, pseudonym

SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
"""Secondary capture: a screen or a scanned paper as often as an image (PS3.4 B.5)."""
IDENTITY = ("SOPClassUID", "SOPInstanceUID")
METHODS = {
    "basic": ("113100", "Basic Application Confidentiality Profile"),
    "pixels": ("113101", "Clean Pixel Data Option"),
    "dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "device": ("113109", "Retain Device Identity Option"),
}
"""Codes of PS3.16 CID 7050."""
_BROKEN = "the file is broken DICOM"
_DO = "Export it again."


class DicomFile:
    """A file that may be de-identified: opened, judged by its kind, and written again without what names anybody."""

    def __init__(self, data: bytes, key: bytes, choices: Choices, *, where: str) -> None:
        """Raises BadFile for broken files and for objects that are not images, or no images of one patient's body."""
        header = open_dicom(data, Limits(), where=where)
        if (refusal := refused(header)) is not None:
            raise refusal
        self._key, self._choices, self._where, self._syntax = key, choices, where, header.syntax
        self._layout = layout_of(header, Limits())
        try:
            self.dataset = dcmread(io.BytesIO(data[132:] if lost_mark(data) else data), force=True)
            for keyword in IDENTITY:
                setattr(self.dataset, keyword, UID(identity_of(header, keyword)))
            self.dataset.file_meta = self._meta()
            subject = pseudonym(header, key)
            study, series = header.text("StudyInstanceUID"), header.text("SeriesInstanceUID")
            self.subject = subject if subject != UNKNOWN else f"{UNKNOWN}-{name_of(key, 'study', study)}"
            self.place = (self.subject, name_of(key, "study", study), name_of(key, "series", series))
            words = identifying(self.dataset, choices)
            self._plan = Plan(key, choices, self.subject, days_of(self.subject, key), words)
        except PARSE_ERRORS as error:
            raise BadFile(_BROKEN, where=where, do=_DO) from error

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        return self._plan.counts

    def painted(self, lines: tuple[TextLine, ...]) -> None:
        """Paint lines of text over in the stored pixels, which are uncompressed from then on. Raises BadFile."""
        if not lines:
            return
        data = self.dataset
        try:
            if self._syntax not in NATIVE:
                data.decompress(generate_instance_uid=False)
                self._syntax = str(data.file_meta.TransferSyntaxUID)
            pixels = np.array(data.pixel_array)
            dark = data.PhotometricInterpretation == "MONOCHROME1"
            paint_over(pixels, lines, int(pixels.max()) if dark else int(pixels.min()))
            data.set_pixel_data(pixels, data.PhotometricInterpretation, data.BitsStored, generate_instance_uid=False)
            self._syntax = str(data.file_meta.TransferSyntaxUID)
        except DECODE_ERRORS as error:
            what = "the text in its pixels cannot be painted over"
            raise BadFile(what, where=self._where, do="Paint over it yourself.") from error
        self._layout = layout_of(Header(data, self._where), Limits())
        data.BurnedInAnnotation = "NO"
        self._plan.told(data["PixelData"].tag, "text painted over")

    def written(self, *, masked: bool) -> bytes:
        """The whole new file. Raises BadFile."""
        try:
            self._bare_pixels()
            free(self.dataset, self._plan)
            _signed(self.dataset, self.subject, self._choices, masked=masked)
            return self.saved()
        except PARSE_ERRORS as error:
            raise BadFile(_BROKEN, where=self._where, do=_DO) from error

    def _bare_pixels(self) -> None:
        """Pixels without bytes behind them, bits above them, and comments in their streams."""
        data = self.dataset
        name = next(one for one in PIXELS if one in data)
        given = data[name].value
        kept = self._native(given) if self._syntax in NATIVE else self._streams(given)
        if kept != given:
            data[name].value = kept
            self._plan.told(data[name].tag, "bytes beside the samples removed")

    def _native(self, given: bytes) -> bytes:
        layout = self._layout
        needed = (layout.rows * layout.columns * layout.samples * layout.allocated * layout.frames + 7) // 8
        kept = given[: needed + needed % 2]
        if len(given) >= needed and needed % 2:
            kept = given[:needed] + b"\0"
        above = layout.allocated - 1 - layout.high_bit
        if not above or layout.allocated not in (8, 16):
            return kept
        kind = np.dtype(f"{'i' if layout.signed else 'u'}{layout.allocated // 8}")
        values = np.frombuffer(kept, kind.newbyteorder(">" if self._syntax == BIG_ENDIAN else "<"))
        native = values.astype(kind)
        cut: NDArray[Any] = np.right_shift(np.left_shift(native, above), above)
        return cut.astype(values.dtype).tobytes()

    def _streams(self, given: bytes) -> bytes:
        """As they were where nothing stood beside the samples."""
        if self._syntax == RLE:
            return given
        frames = list(generate_frames(given, number_of_frames=self._layout.frames))
        freed = [bare(frame.rstrip(b"\0")) for frame in frames]
        if all(len(new) >= len(old.rstrip(b"\0")) for new, old in zip(freed, frames, strict=True)):
            return given
        for table in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
            if table in self.dataset:
                delattr(self.dataset, table)
        content: bytes = encapsulate(freed)
        return content

    def saved(self) -> bytes:
        """As it stands, with a frame of our own: nothing of the old preamble and meta group but the transfer syntax."""
        self.dataset.file_meta = self._meta()
        self.dataset.preamble = bytes(128)
        out = io.BytesIO()
        self.dataset.save_as(out, enforce_file_format=True)
        return out.getvalue()

    def _meta(self) -> FileMetaDataset:
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = UID(self._syntax)
        meta.MediaStorageSOPClassUID = self.dataset.SOPClassUID
        meta.MediaStorageSOPInstanceUID = self.dataset.SOPInstanceUID
        return meta


def identity_of(header: Header, keyword: str) -> str:
    """What kind of object it is, or which; where the data set does not say, as the file's frame does."""
    meta = getattr(header.dataset, "file_meta", Dataset())
    return header.text(keyword) or str(meta.get(f"MediaStorage{keyword}", ""))


def refused(header: Header) -> Refused | None:
    """Why objects of this kind are not de-identified here; None for images."""
    if (refusal := refusal_of(header)) is not None:
        return Refused(refusal.what, where=refusal.where, do=refusal.do)
    kind = identity_of(header, "SOPClassUID")
    if kind == SECONDARY or kind.startswith(SECONDARY + "."):
        return Refused("this is a secondary capture: a screen or a paper, which may name the patient anywhere",
                       where=header.where, do="Look at it and convert it to PNG, if it is an image.")  # fmt: skip
    if not kind.startswith(STANDARD) or not set(kind) <= set("0123456789."):
        return Refused("this is an object of a kind that the standard does not know", where=header.where,
                       do="Export it as a standard image.")  # fmt: skip
    if not identity_of(header, "SOPInstanceUID"):
        return Refused("this DICOM file has no SOPInstanceUID", where=header.where, do=_DO)
    return None


def _signed(data: Dataset, subject: str, choices: Choices, *, masked: bool) -> None:
    """What the profile asks the file to say of itself (PS3.15 E.1.1)."""
    data.PatientID = data.PatientName = subject
    data.PatientIdentityRemoved = "YES"
    data.DeidentificationMethod = f"Reading Room: PS3.15 {EDITION} E.1"
    data.LongitudinalTemporalInformationModified = "MODIFIED" if choices.dates == "shift" else "REMOVED"
    done = {"basic": True, "pixels": masked, "dates": choices.dates == "shift", "device": choices.device}
    data.DeidentificationMethodCodeSequence = Sequence([_code(*METHODS[name]) for name in METHODS if done[name]])


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item
