"""Which DICOM objects are images that can be read here, and what the others are."""

from __future__ import annotations

from readingroom.errors import BadFile
from readingroom.imaging.dicom import Header

_REFUSED_CLASSES: tuple[tuple[str, str, str], ...] = (
    ("1.2.840.10008.1.3.10", "a directory of DICOM files (DICOMDIR)", "Give the folder that it lies in."),
    ("1.2.840.10008.5.1.4.1.1.66.4", "a segmentation (SEG)", "Give the images it was drawn on."),
    ("1.2.840.10008.5.1.4.1.1.66.7", "a label map segmentation", "Give the images it was drawn on."),
    ("1.2.840.10008.5.1.4.1.1.66", "raw or registration data", "Give the images themselves."),
    ("1.2.840.10008.5.1.4.1.1.88", "a structured report or a key object selection", "Give the images it speaks of."),
    ("1.2.840.10008.5.1.4.1.1.104.1", "an encapsulated PDF", "Give the images; a report's text goes in as text."),
    ("1.2.840.10008.5.1.4.1.1.104", "an encapsulated document", "Give the images."),
    ("1.2.840.10008.5.1.4.1.1.9", "a waveform, such as an ECG", "Give an image."),
    ("1.2.840.10008.5.1.4.1.1.11", "a presentation state", "Give the images it presents."),
    ("1.2.840.10008.5.1.4.1.1.481.2", "a radiotherapy dose (RTDOSE)", "Give the CT it was planned on."),
    ("1.2.840.10008.5.1.4.1.1.481.3", "a radiotherapy structure set", "Give the CT it was drawn on."),
    ("1.2.840.10008.5.1.4.1.1.481.1", "", ""),  # RT Image: a radiograph, read as one
    ("1.2.840.10008.5.1.4.1.1.481", "a radiotherapy plan or record", "Give the CT it was planned on."),
    ("1.2.840.10008.5.1.4.1.1.30", "a parametric map", "Give the images it was computed from."),
    ("1.2.840.10008.5.1.4.34", "a radiotherapy plan or work list item", "Give the CT it was planned on."),
    ("1.2.840.10008.5.1.4.1.1.77.1.1.1", "a video", "Export single frames."),
    ("1.2.840.10008.5.1.4.1.1.77.1.2.1", "a video", "Export single frames."),
    ("1.2.840.10008.5.1.4.1.1.77.1.4.1", "a video", "Export single frames."),
)  # fmt: skip
"""SOP class (or the start of a family of them, PS3.4 B.5), what it is, what to give instead; the first fit counts."""

_REFUSED_MODALITIES = {
    "SEG": "a segmentation (SEG)",
    "SR": "a structured report",
    "RTPLAN": "a radiotherapy plan",
    "PR": "a presentation state",
    "RTSTRUCT": "a radiotherapy structure set",
    "RTDOSE": "a radiotherapy dose (RTDOSE)",
    "RTRECORD": "a radiotherapy record",
    "KO": "a key object selection",
    "REG": "registration data",
    "FID": "fiducials",
    "RWV": "a value map",
    "DOC": "an encapsulated document",
    "ECG": "an ECG",
    "HD": "a waveform",
    "PLAN": "a plan",
    "AU": "audio",
}


def refusal_of(header: Header) -> BadFile | None:
    """Why this object cannot be read as an image; None where it can."""
    kind, do = _kind(header)
    if kind:
        return BadFile(f"this DICOM file is {kind}, not an image", where=header.where, do=do)
    if not header.pixel_keyword or not header.has("Rows"):
        return BadFile("this DICOM file has no image in it", where=header.where, do="Give a file with pixel data.")
    return None


def _kind(header: Header) -> tuple[str, str]:
    uid = header.text("SOPClassUID")
    if header.has("DirectoryRecordSequence"):
        uid = _REFUSED_CLASSES[0][0]
    for start, kind, do in _REFUSED_CLASSES:
        if uid == start or uid.startswith(start + "."):
            return kind, do
    kind = _REFUSED_MODALITIES.get(header.text("Modality").upper(), "")
    return kind, "Give the images it belongs to."
