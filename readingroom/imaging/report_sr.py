"""The content tree of a DICOM structured report: the door for whoever reads its words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readingroom.errors import BadFile
from readingroom.imaging.dicom import Header, open_dicom
from readingroom.imaging.limits import MEGA, Limits

REPORTS = "1.2.840.10008.5.1.4.1.1.88."
"""SR document storage classes (PS3.4 B.5) begin so."""
ENCAPSULATED = "1.2.840.10008.5.1.4.1.1.104."
SR_LIMITS = Limits(file_bytes=64 * MEGA, inflated_bytes=64 * MEGA, elements=400_000)


@dataclass(frozen=True)
class SrCode:
    """A code: its value, its scheme, and its words."""

    value: str = ""
    scheme: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class SrItem:
    """One item of the content tree (PS3.3 C.17.3)."""

    kind: str
    """Value type: CONTAINER, TEXT, NUM, CODE, IMAGE ..."""
    relation: str
    """To the item it stands in: CONTAINS, HAS CONCEPT MOD, INFERRED FROM ...; empty of the root."""
    name: SrCode
    text: str = ""
    """Of TEXT the text; of NUM the number as it is written."""
    code: SrCode = SrCode()
    """Of CODE its value; of NUM its unit."""
    items: tuple[SrItem, ...] = ()

    def walk(self) -> Iterator[SrItem]:
        """This item and all within it, in order."""
        yield self
        for item in self.items:
            yield from item.walk()


def read_sr(data: bytes, *, where: str, limits: Limits = SR_LIMITS) -> SrItem:
    """The root of the tree. Raises BadFile where the file is broken, hostile, or no structured report."""
    header = open_dicom(data, limits, where=where, digest=False)
    sop_class = header.text("SOPClassUID")
    if sop_class.startswith(ENCAPSULATED):
        raise BadFile("is a document wrapped in DICOM", where=where, do="Give the report's text.")
    if not sop_class.startswith(REPORTS) or not header.has("ContentSequence"):
        raise BadFile("is DICOM, but no structured report with content", where=where, do="Give the report itself.")
    return _item(header)


def _item(header: Header) -> SrItem:
    kind = header.text("ValueType")
    text, code = "", SrCode()
    if kind == "TEXT":
        text = header.text("TextValue")
    elif kind == "CODE":
        code = _code(header, "ConceptCodeSequence")
    elif kind == "NUM":
        for measured in header.items("MeasuredValueSequence")[:1]:
            text, code = measured.text("NumericValue"), _code(measured, "MeasurementUnitsCodeSequence")
    return SrItem(
        kind,
        header.text("RelationshipType"),
        _code(header, "ConceptNameCodeSequence"),
        text,
        code,
        tuple(_item(each) for each in header.items("ContentSequence")),
    )


def _code(header: Header, keyword: str) -> SrCode:
    for item in header.items(keyword)[:1]:
        value = item.text("CodeValue") or item.text("LongCodeValue") or item.text("URNCodeValue")
        return SrCode(value, item.text("CodingSchemeDesignator"), item.text("CodeMeaning"))
    return SrCode()
