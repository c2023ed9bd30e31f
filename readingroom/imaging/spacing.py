"""Millimetres a pixel from a DICOM header, and whether they hold in the patient or at the detector (PS3.3 10.7)."""

from __future__ import annotations

from typing import Literal, NamedTuple

from readingroom.domain.image import Spacing
from readingroom.domain.terms import Modality
from readingroom.imaging.dicom import Header
from readingroom.imaging.multiframe import frame_header

PROJECTIONS: frozenset[Modality] = frozenset(("x_ray", "mammography"))
_AT_DETECTOR = "It holds at the detector; lengths in the patient are smaller by the magnification."
_SANE = (1e-5, 100.0)
"""Millimetres a pixel: slide scanners reach 0.0001, gamma cameras 10."""


class SpacingFound(NamedTuple):
    """The spacing, and what to mind about it or why there is none."""

    spacing: Spacing | None
    note: str


class _Pair(NamedTuple):
    row: float
    column: float
    source: str


def spacing_of(header: Header, modality: Modality) -> SpacingFound:
    """Of one image; zero, negative, non-numeric and implausible values count as none, with a note."""
    if modality in PROJECTIONS:
        return _of_projection(header)
    if modality == "ultrasound" and header.items("SequenceOfUltrasoundRegions"):
        return _of_ultrasound(header)
    pair, wrong = _pair(frame_header(header, "PixelMeasuresSequence"), "PixelSpacing")
    if pair is None:
        return SpacingFound(None, wrong or "The header has no pixel spacing.")
    if modality == "unknown":
        note = "The header has a pixel spacing, but not how the image was made; it is not used."
        return SpacingFound(None, note)
    return _found(pair, "patient", "")


def _found(pair: _Pair, plane: Literal["patient", "detector"], note: str) -> SpacingFound:
    return SpacingFound(Spacing(row=pair.row, column=pair.column, source=pair.source, plane=plane), note)


def _of_projection(header: Header) -> SpacingFound:
    pixel, wrong = _pair(frame_header(header, "PixelMeasuresSequence"), "PixelSpacing")
    imager, also_wrong = _pair(header, "ImagerPixelSpacing")
    how = _CALIBRATED.get(header.text("PixelSpacingCalibrationType").upper())
    if pixel is not None and how:
        return _found(pixel, "patient", how)
    if imager is not None and (pixel is None or not _same(pixel, imager)):
        why = "PixelSpacing differs from ImagerPixelSpacing without saying why; the latter is used. " if pixel else ""
        return _found(imager, "detector", why + _AT_DETECTOR)
    if pixel is not None:
        return _found(pixel, "detector", _AT_DETECTOR)
    film, _ = _pair(header, "NominalScannedPixelSpacing")
    if film is not None:
        return _found(film, "detector", f"Of the scanned film. {_AT_DETECTOR}")
    return SpacingFound(None, wrong or also_wrong or "The header has no pixel spacing.")


_CALIBRATED = {
    "FIDUCIAL": "Calibrated with an object of known size; true at that object's depth.",
    "GEOMETRY": "Corrected for an assumed magnification; true at the assumed depth.",
}
"""PixelSpacingCalibrationType (0028,0A02) to what it means for lengths."""


def _same(one: _Pair, other: _Pair) -> bool:
    return abs(one.row - other.row) < 1e-3 * one.row and abs(one.column - other.column) < 1e-3 * one.column


def _of_ultrasound(header: Header) -> SpacingFound:
    """Centimetres a pixel of the 2D tissue regions (PS3.3 C.8.5.5); one value only where all regions agree."""
    seen: set[tuple[float, float]] = set()
    for region in header.items("SequenceOfUltrasoundRegions"):
        across, down = region.number("PhysicalDeltaX"), region.number("PhysicalDeltaY")
        units = (region.number("PhysicalUnitsXDirection"), region.number("PhysicalUnitsYDirection"))
        if units == (3, 3) and region.number("RegionSpatialFormat") in (1, None) and across and down:
            seen.add((round(abs(down) * 10, 6), round(abs(across) * 10, 6)))
    if len(seen) != 1:
        note = "The header's ultrasound regions differ in scale." if seen else "The header has no pixel spacing."
        return SpacingFound(None, note)
    down, across = seen.pop()
    if not all(_SANE[0] <= one <= _SANE[1] for one in (down, across)):
        return SpacingFound(None, "The header's ultrasound scale is not plausible.")
    return _found(_Pair(down, across, "SequenceOfUltrasoundRegions"), "patient", "Holds inside the scan area only.")


def _pair(header: Header, keyword: str) -> tuple[_Pair | None, str]:
    if not header.has(keyword) or not header.texts(keyword) or header.text(keyword) in ("", "None"):
        return None, ""
    values = header.numbers(keyword)
    if len(values) != 2 or not all(_SANE[0] <= value <= _SANE[1] for value in values):
        return None, f"The header's {keyword} is not two plausible lengths; it is not used."
    return _Pair(values[0], values[1], keyword), ""
