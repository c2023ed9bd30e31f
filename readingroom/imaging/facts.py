"""What a DICOM header says of an image beside its pixels: modality, anatomy, view, sides, spacing, cautions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from readingroom.domain.image import Source, Spacing
from readingroom.domain.terms import Laterality, Modality, Side, View
from readingroom.imaging.anatomy import MODALITIES, PAIRED, parts_named, view_named
from readingroom.imaging.dicom import Header
from readingroom.imaging.multiframe import frame_header
from readingroom.imaging.spacing import spacing_of
from readingroom.imaging.tones import is_localizer

SLICED: frozenset[Modality] = frozenset(("ct", "mr", "nuclear"))
"""Modalities whose images are slices with a place in the patient."""

_DESCRIPTIONS = ("StudyDescription", "SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")


@dataclass(frozen=True)
class Facts:
    """Fields of an ImageRef that come from the header."""

    modality: Modality
    modality_source: Source
    anatomy: str
    anatomy_source: Source
    view: View
    view_source: Source
    laterality: Laterality
    image_left: Side
    image_left_source: Source
    spacing: Spacing | None
    spacing_note: str
    burned_in: Literal["yes", "no", "unknown"]
    notes: tuple[str, ...]


def facts_of(header: Header) -> Facts:
    """Of one file. Nothing that identifies the patient enters."""
    modality = MODALITIES.get(header.text("Modality").upper(), "unknown")
    notes: list[str] = []
    anatomy, why = _anatomy(header, modality)
    notes += why
    view = _view(header, modality)
    side, side_source, why = _image_left(header, modality, view)
    notes += why + _cautions(header)
    found = spacing_of(header, modality)
    return Facts(
        modality=modality,
        modality_source="none" if modality == "unknown" else "header",
        anatomy=anatomy,
        anatomy_source="none" if anatomy == "unknown" else "header",
        view=view,
        view_source="none" if view == "unknown" else "header",
        laterality=_laterality(header, anatomy),
        image_left=side,
        image_left_source=side_source,
        spacing=found.spacing,
        spacing_note=found.note,
        burned_in=_burned_in(header),
        notes=tuple(notes),
    )


def row_and_column(header: Header) -> tuple[str, str]:
    """PatientOrientation: which way of the patient rows run (to the right) and columns run (down); or blanks."""
    texts = [text.upper() for text in header.texts("PatientOrientation")]
    return (texts[0], texts[1]) if len(texts) == 2 else ("", "")


def slice_directions(header: Header, index: int = 0) -> tuple[float, ...]:
    """ImageOrientationPatient of a frame: six cosines in LPS; empty where absent or not of unit length."""
    values = frame_header(header, "PlaneOrientationSequence", index).numbers("ImageOrientationPatient")
    if len(values) != 6:
        return ()
    row, column = values[:3], values[3:]
    lengths = (sum(v * v for v in row), sum(v * v for v in column))
    across = sum(a * b for a, b in zip(row, column, strict=True))
    return values if all(0.98 < length < 1.02 for length in lengths) and abs(across) < 0.01 else ()


def _anatomy(header: Header, modality: Modality) -> tuple[str, list[str]]:
    region = header.items("AnatomicRegionSequence")
    coded = region[0].text("CodeMeaning") if region else ""
    frame = frame_header(header, "FrameAnatomySequence").items("AnatomicRegionSequence")
    in_frame = frame[0].text("CodeMeaning") if frame else ""
    if modality == "mammography":
        return "breast", []
    for text in (header.text("BodyPartExamined"), coded, in_frame, *(header.text(word) for word in _DESCRIPTIONS)):
        parts = parts_named(text)
        if len(parts) > 1:
            return "unknown", [f"The header names several body parts: {', '.join(sorted(parts))}."]
        if parts:
            (part,) = parts
            return ("brain" if part == "head" and modality in ("ct", "mr") else part), []
    return "unknown", []


def _view(header: Header, modality: Modality) -> View:
    if modality in SLICED:
        return slice_view(slice_directions(header))
    if modality != "x_ray":
        return "unknown"
    codes = header.items("ViewCodeSequence")
    coded = codes[0].text("CodeMeaning") if codes else ""
    for text in (header.text("ViewPosition"), coded):
        if (view := view_named(text)) != "unknown":
            return view
    row = row_and_column(header)[0]
    if row.startswith(("A", "P")):
        return "lateral"
    for word in ("SeriesDescription", "ProtocolName", "StudyDescription", *_DESCRIPTIONS[3:]):
        if (view := view_named(header.text(word))) != "unknown":
            return view
    return "frontal" if row in ("L", "R", "LE", "RT") else "unknown"


def slice_view(directions: tuple[float, ...]) -> View:
    """The anatomical plane nearest to the slice."""
    if not directions:
        return "unknown"
    (a, b, c), (d, e, f) = directions[:3], directions[3:]
    normal = (abs(b * f - c * e), abs(c * d - a * f), abs(a * e - b * d))
    planes: tuple[View, View, View] = ("sagittal", "coronal", "axial")
    return planes[normal.index(max(normal))]


def _image_left(header: Header, modality: Modality, view: View) -> tuple[Side, Source, list[str]]:
    if modality in SLICED:
        directions = slice_directions(header)
        if directions and abs(directions[0]) > 0.7:
            return ("right" if directions[0] > 0 else "left"), "header", []
        return "unknown", "none", []
    row = row_and_column(header)[0]
    told = row[:1] in ("L", "R")
    if modality != "x_ray" or view in ("lateral", "oblique") or (view == "unknown" and not told):
        return "unknown", "none", []
    if told:
        against = ["The patient's left lies at the left edge of the image, against the custom."]
        return ("right", "header", []) if row[0] == "L" else ("left", "header", against)
    notes = []
    if header.text("FieldOfViewHorizontalFlip").upper() == "YES":
        notes.append("The header says the image was flipped left to right after it was taken; check the side marker.")
    return "right", "convention", notes


def _laterality(header: Header, anatomy: str) -> Laterality:
    if anatomy not in PAIRED:
        return "not_applicable"
    frame = frame_header(header, "FrameAnatomySequence").text("FrameLaterality")
    told = (header.text("ImageLaterality") or header.text("Laterality") or frame).upper()
    sides: dict[str, Laterality] = {"L": "left", "R": "right", "B": "bilateral"}
    return sides.get(told, "unspecified")


def _burned_in(header: Header) -> Literal["yes", "no", "unknown"]:
    told = header.text("BurnedInAnnotation").upper()
    return "yes" if told == "YES" else "no" if told == "NO" else "unknown"


def _cautions(header: Header) -> list[str]:
    notes = []
    if _burned_in(header) == "yes":
        notes.append("The header says that text is burned into the image; it may name the patient.")
    if any(header.has_overlay(group) for group in range(0x6000, 0x6020, 2)):
        notes.append("Overlays are not shown.")
    if is_localizer(header):
        notes.append("A localizer, made to plan slices.")
    if header.text("LossyImageCompression") == "01" and header.text("Modality").upper() in ("CR", "DX", "MG", "CT"):
        notes.append("The image was compressed with loss.")
    if header.text("PresentationIntentType").upper() == "FOR PROCESSING":
        notes.append("Raw detector data (FOR PROCESSING), not made for reading.")
    if header.has("TotalPixelMatrixRows") and header.integer("NumberOfFrames", 1) > 1:
        notes.append("Tiles of a slide, not joined together.")
    return notes
