"""The outlines of one image as a DICOM Segmentation (PS3.3 A.51), frame by frame on the source instances."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.color import CIELabColor
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from numpy.typing import NDArray
from pydicom import DataElement, Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import SecondaryCaptureImageStorage

from readingroom.domain.evidence import Origin
from readingroom.domain.report import Report
from readingroom.errors import BadRequest, NotServed
from readingroom.exports.dicom_codes import category, concept, side
from readingroom.exports.dicom_planes import Frame, acquired, frame_of
from readingroom.exports.dicom_segments import Segment, segmented, segments_of
from readingroom.exports.dicom_source import (
    RESEARCH,
    Source,
    bytes_of,
    copied,
    equipment,
    from_headers,
    line,
    names_of,
    source_of,
    unseen,
)
from readingroom.exports.material import Material

Pixels = NDArray[np.uint8]

COLOURS = ((63, -61, 38), (71, 39, 63), (60, -4, -45), (85, -10, 80), (55, 75, -50), (78, -45, -12), (50, 65, 40),
           (70, -20, 60))  # fmt: skip
"""CIELab, one after another for segments: far apart in hue, bright on grey."""


class _Frames(NamedTuple):
    """What goes to the library: pixels in the order of the source's frames, and how to refer to those."""

    sources: tuple[Dataset, ...]
    pixels: Pixels
    """(F, H, W) label map where no two segments meet, else (F, H, W, segments)."""
    planes: tuple[Frame, ...] = ()
    """Of a source without a frame of reference: the frame that each segment lies in."""


def to_dicom_seg(report: Report, material: Material, image_id: str = "") -> bytes:
    """One SEG file with a segment for each mask of one image: `image_id`, or the first that has masks.

    `segmented` names the images that have any. Raises BadRequest where there is no mask or no such image, BadStudy
    where its DICOM files are not at hand, NotServed where a mask crosses several frames without a place.
    """
    image_id = image_id or next(iter(segmented(report)), "")
    if not image_id:
        raise BadRequest("the report has no outline, so there is nothing for a DICOM SEG", do="Export it as dicom-sr.")
    source = source_of(report, material, image_id)
    segments = segments_of(report, material, source.ref)
    if not segments:
        raise BadRequest("the report has no outline of this image", where=image_id, do="Export it as dicom-sr.")
    with unseen():
        placed = source.ref.kind == "volume" or _single(source)
        frames = _placed(source, segments) if placed else _unplaced(source, segments)
        with from_headers(image_id):
            seg = _segmentation(report, source, segments, frames)
        if frames.planes:
            _refer(seg, source, frames.planes)
        return bytes_of(seg, report)


def _single(source: Source) -> bool:
    """One slice with a place in the patient."""
    first = source.first
    placed = all(first.get(name) for name in ("FrameOfReferenceUID", "ImagePositionPatient", "ImageOrientationPatient",
                                              "PixelSpacing"))  # fmt: skip
    return source.ref.kind == "image" and len(source.instances) == 1 and not source.frames and placed


def _placed(source: Source, segments: tuple[Segment, ...]) -> _Frames:
    """Masks on the frames of a source that lies in a frame of reference."""
    if source.ref.kind == "image":
        return _Frames(source.instances, _joined([segment.mask[None] for segment in segments]))
    place = acquired(source)
    count = source.frames or len(source.instances)
    order = np.asarray(place.order)
    stacks = []
    for segment in segments:
        mask = segment.mask
        if segment.flat:
            mask = np.zeros((source.ref.depth, *segment.mask.shape), bool)
            mask[_plane(segment, source)] = segment.mask
        stack = np.zeros((count, *place.shape[1:]), bool)
        stack[order] = place.stacked(mask)
        stacks.append(stack)
    instances = (_shared(source.first),) if source.frames else source.instances
    return _Frames(instances, _joined(stacks))


def _unplaced(source: Source, segments: tuple[Segment, ...]) -> _Frames:
    """Masks on a radiograph or on frames without a place: the library takes one frame, so each segment lies in one."""
    masks, planes = [], []
    for segment in segments:
        mask, plane = segment.mask, _plane(segment, source)
        if not segment.flat:
            crossed = np.flatnonzero(mask.any(axis=(1, 2)))
            if len(crossed) > 1:
                raise NotServed("a mask that crosses several frames needs frames with a place in the patient",
                                where=source.ref.id, do="Export it as html or json.")  # fmt: skip
            plane = int(crossed[0])
            mask = mask[plane]
        masks.append(mask[None])
        planes.append(frame_of(source, plane))
    return _Frames((_bare(source.first),), _joined(masks), tuple(planes))


def _bare(first: Dataset) -> Dataset:
    """A stand-in of one frame without a place, for patient and study; `_refer` puts the true source in its stead.

    The library takes several frames only with a place, and looks for functional groups in every class of multi-frame
    images, which older ones such as ultrasound do not have.
    """
    bare = copied(first)
    bare.SOPClassUID = SecondaryCaptureImageStorage
    for keyword in ("NumberOfFrames", "FrameOfReferenceUID", "PerFrameFunctionalGroupsSequence",
                    "SharedFunctionalGroupsSequence"):  # fmt: skip
        if keyword in bare:
            delattr(bare, keyword)
    return bare


def _shared(first: Dataset) -> Dataset:
    """A multi-frame file with its pixel measures and orientation where the library looks for them: for all frames.

    They are equal in all frames, or there would be no volume.
    """
    dataset = copied(first)
    shared = (
        copied(first.SharedFunctionalGroupsSequence[0]) if first.get("SharedFunctionalGroupsSequence") else Dataset()
    )
    for keyword in ("PixelMeasuresSequence", "PlaneOrientationSequence"):
        if keyword not in shared:
            setattr(shared, keyword, first.PerFrameFunctionalGroupsSequence[0][keyword].value)
    dataset.SharedFunctionalGroupsSequence = [shared]
    return dataset


def _plane(segment: Segment, source: Source) -> int:
    plane = segment.region.plane
    return source.ref.depth // 2 if plane is None else min(max(plane, 0), source.ref.depth - 1)


def _joined(stacks: list[Any]) -> Pixels:
    """A label map while no two meet: a hundredth of the memory that a plane for each segment would take."""
    labels = np.zeros(stacks[0].shape, np.uint8 if len(stacks) < 256 else np.uint16)
    for number, stack in enumerate(stacks, 1):
        if bool((labels[stack] != 0).any()):
            return np.stack(stacks, axis=-1).astype(np.uint8)
        labels[stack] = number
    return labels


def _segmentation(report: Report, source: Source, segments: tuple[Segment, ...], frames: _Frames) -> Segmentation:
    names = names_of(report, "SEG", source.ref.id)
    return Segmentation(
        source_images=frames.sources,
        pixel_array=frames.pixels,
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[_description(segment) for segment in segments],
        series_instance_uid=names.series,
        series_number=names.number,
        sop_instance_uid=names.instance,
        instance_number=1,
        series_description=line(f"{RESEARCH}: outlines"),
        content_label="SEGMENTATION",
        content_description=line(f"{RESEARCH}; draft of run {report.provenance.run}"),
        content_creator_name="",
        **equipment(),
    )


def _description(segment: Segment) -> SegmentDescription:
    item = segment.evidence
    described = SegmentDescription(
        segment_number=segment.number,
        segment_label=segment.label,
        segmented_property_category=category(item.observation),
        segmented_property_type=concept(item.observation),
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=_algorithm(item.origin),
        tracking_id=segment.tracking.id,
        tracking_uid=segment.tracking.uid,
        display_color=CIELabColor(*COLOURS[(segment.number - 1) % len(COLOURS)]),
    )
    if (lateral := side(item)) is not None:
        described.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = Sequence([lateral])
    return described


def _algorithm(origin: Origin) -> AlgorithmIdentificationSequence:
    return AlgorithmIdentificationSequence(
        name=line(f"{origin.model} ({origin.backend})"),
        family=codes.DCM.ArtificialIntelligence,
        version=line(origin.model_version) or "unknown",
        parameters={
            "tool": line(f"{origin.tool} {origin.tool_version}", 32),
            "preprocessing": line(origin.preprocessing_id, 32),
        },
    )


def _refer(seg: Segmentation, source: Source, planes: tuple[Frame, ...]) -> None:
    """Point each frame at the source frame that its segment lies in."""
    used: dict[int, Dataset] = {}
    for group in seg.PerFrameFunctionalGroupsSequence:
        named = group.get("SegmentIdentificationSequence")  # a single segment stands in the shared groups
        at = planes[int(named[0].ReferencedSegmentNumber) - 1 if named else 0]
        origin = source.instances[at.instance]
        derivation = copied(group.DerivationImageSequence[0])  # the library lets all frames share one
        item = copied(derivation.SourceImageSequence[0])
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = origin.SOPClassUID, origin.SOPInstanceUID
        if at.number is not None:
            item.ReferencedFrameNumber = at.number
        derivation.SourceImageSequence = [item]
        group.DerivationImageSequence = [derivation]
        if at.instance not in used:
            reference = Dataset()
            reference.ReferencedSOPClassUID = origin.SOPClassUID
            reference.ReferencedSOPInstanceUID = origin.SOPInstanceUID
            used[at.instance] = reference
    orientation = source.first.get("PatientOrientation") or ""
    seg.add(DataElement("PatientOrientation", "CS", orientation))  # 2C: required, as there is no plane orientation
    seg.SourceImageSequence = [copied(used[index]) for index in sorted(used)]
    seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence = [used[index] for index in sorted(used)]
