"""Evidence as TID 1500 measurement groups: where it lies, what was measured and how, what was judged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    ContentItem,
    CoordinatesForMeasurement,
    CoordinatesForMeasurement3D,
    FindingSite,
    ImageContentItem,
    ImageRegion,
    ImageRegion3D,
    NumContentItem,
    QualitativeEvaluation,
    ReferencedSegment,
    ReferencedSegmentationFrame,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    SourceImageForSegmentation,
    SourceSeriesForSegmentation,
    TextContentItem,
    TrackingIdentifier,
)
from highdicom.sr import Measurement as Measured
from highdicom.sr import MeasurementsAndQualitativeEvaluations as Whole
from highdicom.sr import PlanarROIMeasurementsAndQualitativeEvaluations as Planar
from highdicom.sr import VolumetricROIMeasurementsAndQualitativeEvaluations as Volumetric
from pydicom.sr.codedict import codes
from pydicom.uid import SegmentationStorage

from readingroom.domain.evidence import Evidence
from readingroom.domain.measurement import Measurement
from readingroom.domain.region import Region
from readingroom.domain.report import Report
from readingroom.exports import dicom_codes as table
from readingroom.exports import wording
from readingroom.exports.dicom_segments import Segment, Tracking, tracking_of
from readingroom.exports.dicom_source import line, names_of
from readingroom.exports.dicom_sr_places import Place

COMMENT = codes.DCM.Comment
WITHIN = RelationshipTypeValues.CONTAINS
OF = RelationshipTypeValues.HAS_PROPERTIES
FROM = RelationshipTypeValues.INFERRED_FROM

DECIMAL = 16
"""Characters of a decimal string (PS3.5 6.2)."""
_UPPER = CodedConcept("371886008", "SCT", "+, range of upper measurement uncertainty")
_LOWER = CodedConcept("371885007", "SCT", "-, range of lower measurement uncertainty")
"""TID 310. The library writes them without the measurement's unit, so they are made here."""


class Group(NamedTuple):
    """One measurement group, and the evidence that a finding reaches it by."""

    evidence: str
    tracking: Tracking
    content: ContentItem


class Seen(NamedTuple):
    """One image of the report as a group refers to it."""

    place: Place
    segments: tuple[Segment, ...]

    def segment(self, region: Region) -> Segment | None:
        return next((one for one in self.segments if one.region.mask_digest == region.mask_digest), None)


def is_told(item: Evidence) -> bool:
    """Whether an evidence is about the image; what a text says is not."""
    return item.trust != "untrusted_text" and item.kind in ("tool_output", "human")


def groups_of(report: Report, item: Evidence, seen: Mapping[str, Seen]) -> tuple[Group, ...]:
    """The groups of one evidence; the first holds its measurements.

    With one outline or box that is the group of this region (TID 1410, 1411); with none or several it is a group of
    the image (TID 1501), and regions that no earlier evidence brought get a group each.
    """
    regions = [(part, region) for part, region in enumerate(item.regions) if _has_area(region, seen)]
    if len(regions) == 1:
        return (_of_region(report, item, *regions[0], seen, measured=True),)
    own = [(part, region) for part, region in regions if _is_new(item, region, seen)]
    first = _of_image(report, item, seen, [region for _, region in regions])
    return (first, *(_of_region(report, item, part, region, seen) for part, region in own))


def _has_area(region: Region, seen: Mapping[str, Seen]) -> bool:
    if region.kind == "mask":
        return seen[region.image_id].segment(region) is not None
    return region.kind == "box"


def _is_new(item: Evidence, region: Region, seen: Mapping[str, Seen]) -> bool:
    segment = seen[region.image_id].segment(region)
    return segment is None or segment.evidence.id == item.id


def _of_region(
    report: Report, item: Evidence, part: int, region: Region, seen: Mapping[str, Seen], *, measured: bool = False
) -> Group:
    at = seen[region.image_id]
    segment = at.segment(region)
    tracking = segment.tracking if segment else tracking_of(report, item, part)
    told = _told(report, item, tracking, seen, [region], measured=measured)
    if segment is None:
        return _group(Planar(referenced_region=_box(at.place, region), **told), item, tracking)
    seg = names_of(report, "SEG", region.image_id).instance
    if at.place.source.ref.kind != "volume":
        source = SourceImageForSegmentation(*at.place.reference(at.place.plane(segment.region)))
        frame = ReferencedSegmentationFrame(SegmentationStorage, seg, segment.number, segment.number, source)
        del frame[0].ReferencedSOPSequence[0].ReferencedSegmentNumber  # a frame or a segment, not both (PS3.3 10.3)
        return _group(Planar(referenced_segment=frame, **told), item, tracking)
    series = SourceSeriesForSegmentation(at.place.source.first.SeriesInstanceUID)
    whole = ReferencedSegment(SegmentationStorage, seg, segment.number, source_series=series)
    return _group(Volumetric(referenced_segment=whole, **told), item, tracking)


def _of_image(report: Report, item: Evidence, seen: Mapping[str, Seen], regions: list[Region]) -> Group:
    place, tracking = seen[item.image_id].place, tracking_of(report, item)
    told = _told(report, item, tracking, seen, regions, measured=True)
    images = [SourceImageForMeasurementGroup(*place.reference(None))] if place.alone else None
    return _group(Whole(source_images=images, **told), item, tracking)


def _told(
    report: Report, item: Evidence, tracking: Tracking, seen: Mapping[str, Seen], regions: list[Region], *,
    measured: bool,
) -> dict[str, Any]:  # fmt: skip
    """What every kind of group says."""
    ref = seen[item.image_id].place.source.ref
    site = table.site(item, ref)
    lines = [region for region in item.regions if region.kind == "line"]
    masks = [region for region in regions if region.kind == "mask"] if len(regions) > 1 else []
    sources = [_line(seen[one.image_id].place, one) for one in lines] + _segment_sources(report, seen, masks)
    return {
        "tracking_identifier": TrackingIdentifier(identifier=tracking.id, uid=tracking.uid),
        "finding_type": table.concept(item.observation),
        "finding_category": table.category(item.observation),
        "finding_sites": [FindingSite(site, table.side(item))] if site else None,
        "algorithm_id": _algorithm(item),
        "measurements": [_measured(one, sources) for one in item.measurements] if measured else [],
        "qualitative_evaluations": _judged(item),
    }


def _segment_sources(report: Report, seen: Mapping[str, Seen], masks: list[Region]) -> list[ContentItem]:
    """References to the segments that a number was taken from, where it was taken from several."""
    by_image: dict[str, list[int]] = {}
    for region in masks:
        if (segment := seen[region.image_id].segment(region)) is not None:
            by_image.setdefault(region.image_id, []).append(segment.number)
    return [
        ImageContentItem(codes.DCM.ReferencedSegment, SegmentationStorage, names_of(report, "SEG", image).instance,
                         referenced_segment_numbers=numbers, relationship_type=FROM)
        for image, numbers in by_image.items()
    ]  # fmt: skip


def _measured(measurement: Measurement, sources: list[ContentItem]) -> Measured:
    """TID 300: the printed digits as the number, all of them as its floating point value."""
    unit = table.unit(measurement.unit)
    made = Measured(table.concept(measurement.name), float(measurement.value), unit, method=_method(measurement.method),
                    derivation=_derivation(measurement))  # fmt: skip
    made[0].MeasuredValueSequence[0].NumericValue = _printed(measurement)
    content = made[0].ContentSequence
    if measurement.sd is not None:
        for code in (_UPPER, _LOWER):
            content.append(NumContentItem(code, float(measurement.sd), unit, relationship_type=OF))
    content.append(TextContentItem(COMMENT, wording.plain(how(measurement)), OF))
    for source in sources:
        content.append(source)
    return made


def _printed(measurement: Measurement) -> str:
    """As a decimal string: the digits of the report, in exponents where they do not fit into sixteen characters."""
    text = f"{round(measurement.value, measurement.decimals):.{max(measurement.decimals, 0)}f}"
    return text if len(text) <= DECIMAL else f"{measurement.value:.9e}"


def _derivation(measurement: Measurement) -> CodedConcept | None:
    """How a number stands for many: the name alone tells for all but these."""
    words = measurement.name.split("_")
    return (
        table.concept("mean") if words[0] == "mean" else table.concept("standard_deviation") if "sd" in words else None
    )


def how(measurement: Measurement) -> str:
    """Method, qualifier, and where millimetres hold: "... , approximate, true at the detector, ... ; +- is 1 sd"."""
    spread = "; the uncertainty is one standard deviation" if measurement.sd is not None else ""
    return f"{wording.how_measured(measurement)}{spread}"


def _method(text: str) -> CodedConcept:
    return table.own(f"method_{hashlib.sha256(text.encode()).hexdigest()[:9]}", text or "not stated")


def _judged(item: Evidence) -> list[QualitativeEvaluation]:
    told: dict[str, str | None] = {
        "presence": item.presence, "certainty": item.certainty, "severity": item.severity, "change": item.change,
    }  # fmt: skip
    return [QualitativeEvaluation(*table.judged(name, value)) for name, value in told.items() if value]


def _algorithm(item: Evidence) -> AlgorithmIdentification:
    origin = item.origin
    return AlgorithmIdentification(
        name=wording.plain(f"{origin.model} ({origin.backend})"),
        version=wording.plain(origin.model_version) or "unknown",
        parameters=[
            wording.plain(f"{name}={value}")
            for name, value in (
                ("tool", f"{origin.tool} {origin.tool_version}"), ("preprocessing", origin.preprocessing_id),
                ("step", origin.step), ("input_sha256", origin.input_sha256), ("output_sha256", origin.output_sha256),
                ("pointer", origin.pointer),
            )
            if value
        ],
    )  # fmt: skip


def _group(made: Any, item: Evidence, tracking: Tracking) -> Group:
    """The container, with one line on what the tool said and how sure a score is."""
    content: ContentItem = made[0]
    text = ". ".join(filter(None, (f"{item.id}: {item.summary}", wording.scored(item), item.quality_reason)))
    content.ContentSequence.append(TextContentItem(COMMENT, wording.plain(text), WITHIN))
    return Group(item.id, tracking, content)


def _box(place: Place, region: Region) -> ImageRegion | ImageRegion3D:
    x0, y0, x1, y1 = region.box
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))
    flat = place.flat(region, corners)
    if flat is not None:
        return ImageRegion("POLYLINE", np.asarray(flat.points), SourceImageForRegion(*flat.reference))
    return ImageRegion3D("POLYGON", place.deep(region, corners), place.frame_of_reference)


def _line(place: Place, region: Region) -> ContentItem:
    x0, y0, x1, y1 = region.box
    ends = ((x0, y0), (x1, y1))
    purpose = table.own("measured_along", line(region.label) or "measured along")
    flat = place.flat(region, ends)
    if flat is not None:
        found: ContentItem = CoordinatesForMeasurement(
            "POLYLINE", np.asarray(flat.points), SourceImageForRegion(*flat.reference), purpose
        )
        return found
    deep: ContentItem = CoordinatesForMeasurement3D(
        "POLYLINE", place.deep(region, ends), place.frame_of_reference, purpose=purpose
    )
    return deep
