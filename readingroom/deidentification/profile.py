"""DICOM's Basic Application Level Confidentiality Profile: what is done with each attribute.

The table (PS3.15, table E.1-1) is that of the library dicom-anonymizer, which takes it from the standard. Carrying it
out is ours: the library looks at the outermost data set alone, draws new UIDs anew in each process, and leaves
dates of its own where attributes are to be removed.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector
from pydicom.datadict import dictionary_has_tag, keyword_for_tag, tag_for_keyword
from pydicom.tag import BaseTag, Tag

from readingroom.deidentification.choices import Choices

Action = Literal["keep", "remove", "empty", "replace", "uid", "date", "inside"]
"""replace: by a value that says nothing; uid: by a keyed one; date: shifted; inside: items cleaned one by one."""

EDITION = "2026c"
"""Of the standard."""

ACTIONS: dict[str, Action] = {
    "X_TAGS": "remove", "Z_TAGS": "empty", "D_TAGS": "replace", "U_TAGS": "uid", "Z_D_TAGS": "replace",
    "X_Z_TAGS": "empty", "X_D_TAGS": "replace", "X_Z_D_TAGS": "replace", "X_Z_U_STAR_TAGS": "inside",
}  # fmt: skip
"""Where the table leaves a choice by the kind of object ("X unless Z is required"), what is valid in all of them."""

DEVICE = (
    "CassetteID", "DetectorID", "DeviceDescription", "DeviceLabel", "DeviceSerialNumber", "DeviceUID", "GantryID",
    "GeneratorID", "LensMake", "LensModel", "LensSerialNumber", "LensSpecification", "ManufacturerDeviceClassUID",
    "ManufacturerDeviceIdentifier", "ModifyingDeviceID", "ModifyingSystem", "PerformedStationName",
    "PerformedStationGeographicLocationCodeSequence", "PerformedStationNameCodeSequence", "PlateID",
    "ScheduledProcedureStepLocation", "ScheduledStationGeographicLocationCodeSequence", "ScheduledStationName",
    "ScheduledStationNameCodeSequence", "ScheduledStudyLocation", "SourceManufacturer", "SourceSerialNumber",
    "StationName", "TransducerIdentificationSequence", "TreatmentMachineName", "UDISequence",
    "UniqueDeviceIdentifier", "XRayDetectorID", "XRayDetectorLabel", "XRaySourceID",
)  # fmt: skip
"""K in the column "Retain Device Identity Option" of the same table, dates of calibration aside."""

BIRTH = frozenset({"PatientBirthDate", "PatientBirthTime", "PatientBirthDateInAlternativeCalendar"})
"""In no option's column: they go whatever is chosen."""
DATED = frozenset({"DA", "DT", "TM"})
NEVER_EMPTY = frozenset({"ReferencedStudySequence"})
"""X/Z in the table, optional in every image, and invalid without an item."""
OVERLAYS_AND_CURVES = frozenset({*range(0x5000, 0x5100), *range(0x6000, 0x6100)})
"""Groups 50xx and 60xx go as a whole: rows and columns of an overlay without its data are invalid."""
LONG_TEXT = frozenset({"LT", "ST", "UT", "UC", "UR", "PN"})
"""Free text and names: replaced even where the table does not name the attribute."""
BYTES = frozenset({"OB", "OW", "OF", "OD", "OL", "OV"})
PIXELS = frozenset({"PixelData", "FloatPixelData", "DoubleFloatPixelData"})
IMAGE_GROUPS = frozenset({0x0028, 0x7FE0})
"""Pixels, their tables and colours: the only bytes that stay."""
BOUND = frozenset({"SOPClassUID", "ReferencedSOPClassUID", "SpecificCharacterSet"})


@cache
def table() -> dict[BaseTag, Action]:
    """Every attribute that the profile names by one tag."""
    lists = dicom_anonymization_database_selector(f"dicomfields_{EDITION}")
    return {Tag(*tag): action for name, action in ACTIONS.items() for tag in lists[name] if len(tag) == 2}


@cache
def _device() -> frozenset[BaseTag]:
    return frozenset(Tag(tag) for name in DEVICE if (tag := tag_for_keyword(name)) is not None)


def action_of(tag: BaseTag, kinds: frozenset[str], choices: Choices) -> Action:
    """What becomes of an attribute whose value representation is one of `kinds`."""
    if tag.is_private or tag.group in OVERLAYS_AND_CURVES or not dictionary_has_tag(tag):
        return "remove"
    if choices.device and tag in _device():
        return "inside" if "SQ" in kinds else "keep"
    action = table().get(tag)
    if kinds & DATED and choices.dates == "shift" and keyword_for_tag(tag) not in BIRTH:
        return "date"
    if action is None:
        return _beyond(tag, kinds)
    if "SQ" in kinds and action == "uid":
        return "inside"
    return "remove" if keyword_for_tag(tag) in NEVER_EMPTY else action


def _beyond(tag: BaseTag, kinds: frozenset[str]) -> Action:
    """Of attributes that the table does not name: the profile keeps them, we keep what can hardly hold a name."""
    if "SQ" in kinds:
        return "inside"
    if kinds & DATED:
        return "empty"
    if kinds & LONG_TEXT:
        return "replace"
    if "UN" in kinds or (kinds & BYTES and tag.group not in IMAGE_GROUPS):
        return "remove"
    return "uid" if "UI" in kinds and keyword_for_tag(tag) not in BOUND else "keep"
