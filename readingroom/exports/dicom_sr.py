"""The report as a DICOM structured report after TID 1500: measurements with all they rest on, then the sentences."""

from __future__ import annotations

from collections.abc import Mapping

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import (
    CodeContentItem,
    CodedConcept,
    Comprehensive3DSR,
    ComprehensiveSR,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    ImageContentItem,
    LanguageOfContentItemAndDescendants,
    NumContentItem,
    ObservationContext,
    ObserverContext,
    RelationshipTypeValues,
    TextContentItem,
    UIDRefContentItem,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import SegmentationStorage

from readingroom import __version__
from readingroom.domain.report import Report
from readingroom.exports import dicom_codes as table
from readingroom.exports import wording
from readingroom.exports.dicom_segments import segments_of
from readingroom.exports.dicom_source import (
    MAKER,
    MODEL,
    RESEARCH,
    SCHEME,
    Source,
    bytes_of,
    device_uid,
    equipment,
    from_headers,
    line,
    names_of,
    source_of,
    uid_of,
    unseen,
)
from readingroom.exports.dicom_sr_groups import Group, Seen, groups_of, is_told
from readingroom.exports.dicom_sr_places import Place
from readingroom.exports.dicom_sr_text import sentences_of
from readingroom.exports.material import Material

LANGUAGES = {"en": "English", "de": "German", "es": "Spanish", "fr": "French"}
_ACQUIRED = RelationshipTypeValues.HAS_ACQ_CONTEXT
_WITHIN = RelationshipTypeValues.CONTAINS
_MODIFIES = RelationshipTypeValues.HAS_CONCEPT_MOD


def to_dicom_sr(report: Report, material: Material) -> bytes:
    """A Comprehensive SR (Comprehensive 3D where a region lies across acquired slices), partial and unverified.

    It refers to the segments that `to_dicom_seg` writes for the same report. Raises BadStudy where the DICOM files of
    an image that evidence speaks of are not at hand.
    """
    seen = _seen(report, material)
    with unseen():
        groups = [group for item in report.evidence if is_told(item) for group in groups_of(report, item, seen)]
        root = _root(report, seen, groups)
        root.ContentSequence.extend(sentences_of(report, groups))
        document = _document(report, seen, root)
        return bytes_of(document, report)


def _seen(report: Report, material: Material) -> dict[str, Seen]:
    """The images that evidence speaks of, and the current one, in the order of the report."""
    cited = {report.images[0].id}
    for item in report.evidence:
        if is_told(item):
            cited |= {item.image_id, *(region.image_id for region in item.regions)}
    found = {}
    for ref in report.images:
        if ref.id in cited:
            source = source_of(report, material, ref.id)
            with unseen():
                found[ref.id] = Seen(Place(source), segments_of(report, material, ref))
    return found


def _root(report: Report, seen: Mapping[str, Seen], groups: list[Group]) -> ContainerContentItem:
    """The document's container with all that TID 1500 asks for."""
    root = ContainerContentItem(codes.DCM.ImagingMeasurementReport, template_id="1500")
    content = ContentSequence()
    content.extend(LanguageOfContentItemAndDescendants(
        CodedConcept(report.language, "RFC5646", LANGUAGES.get(report.language, report.language))
    ))  # fmt: skip
    content.extend(_observer())
    for code in table.procedures(one.place.source.ref for one in seen.values()):
        content.append(CodeContentItem(codes.DCM.ProcedureReported, code, _MODIFIES))
    content.append(TextContentItem(codes.DCM.Comment, f"{RESEARCH}. {wording.plain(report.notice)}", _WITHIN))
    content.append(_library(seen))
    content.append(_measurements(groups))
    root.ContentSequence = content
    return root


def _observer() -> ObservationContext:
    device = DeviceObserverIdentifyingAttributes(
        uid=device_uid(), name=MODEL, manufacturer_name=MAKER, model_name=MODEL, serial_number=__version__
    )
    return ObservationContext(observer_device_context=ObserverContext(codes.DCM.Device, device))


def _measurements(groups: list[Group]) -> ContainerContentItem:
    """Row 6 of TID 1500; without any group row 12, since one of them must be there."""
    if groups:
        container = ContainerContentItem(codes.DCM.ImagingMeasurements, relationship_type=_WITHIN)
        container.ContentSequence = ContentSequence([group.content for group in groups])
        return container
    evaluations = CodedConcept("C0034375", "UMLS", "Qualitative Evaluations")
    container = ContainerContentItem(evaluations, relationship_type=_WITHIN)
    text = TextContentItem(codes.DCM.Comment, "No tool returned evidence.", _WITHIN)
    container.ContentSequence = ContentSequence([text])
    return container


def _library(seen: Mapping[str, Seen]) -> ContainerContentItem:
    """TID 1600: one group an image of ours; what its instances share stands once."""
    library = ContainerContentItem(codes.DCM.ImageLibrary, relationship_type=_WITHIN)
    groups = []
    for one in seen.values():
        group = ContainerContentItem(codes.DCM.ImageLibraryGroup, relationship_type=_WITHIN)
        source = one.place.source
        group.ContentSequence = ContentSequence(
            [*_shared(source), *(_entry(instance) for instance in source.instances)]
        )
        groups.append(group)
    library.ContentSequence = ContentSequence(groups)
    return library


def _shared(source: Source) -> list[ContentItem]:
    first = source.first
    pixels = CodedConcept("{pixels}", "UCUM", "Pixels")
    found: list[ContentItem] = [
        CodeContentItem(codes.DCM.Modality, CodedConcept(line(str(first.get("Modality") or "OT"), 16), "DCM",
                        line(str(first.get("Modality") or "Other"))), _ACQUIRED),
        NumContentItem(codes.DCM.PixelDataRows, int(first.Rows), pixels, relationship_type=_ACQUIRED),
        NumContentItem(codes.DCM.PixelDataColumns, int(first.Columns), pixels, relationship_type=_ACQUIRED),
    ]  # fmt: skip
    if uid := first.get("FrameOfReferenceUID"):
        found.append(UIDRefContentItem(codes.DCM.FrameOfReferenceUID, str(uid), _ACQUIRED))
    return found


def _entry(instance: Dataset) -> ImageContentItem:
    source = CodedConcept("260753009", "SCT", "Source")
    return ImageContentItem(source, str(instance.SOPClassUID), str(instance.SOPInstanceUID), relationship_type=_WITHIN)


def _document(report: Report, seen: Mapping[str, Seen], root: ContainerContentItem) -> Dataset:
    names = names_of(report, "SR")
    kind = Comprehensive3DSR if _has_depth(root) else ComprehensiveSR
    with from_headers(report.images[0].id):
        return kind(
            evidence=_referred(report, seen),
            content=root,
            series_instance_uid=names.series,
            series_number=names.number,
            sop_instance_uid=names.instance,
            instance_number=1,
            is_complete=False,
            is_final=False,
            is_verified=False,
            series_description=line(f"{RESEARCH}: draft report"),
            coding_schemes=[_scheme()],
            **equipment(),
        )


def _has_depth(item: Dataset) -> bool:
    return item.get("ValueType") == "SCOORD3D" or any(_has_depth(child) for child in item.get("ContentSequence") or ())


def _scheme() -> CodingSchemeIdentificationItem:
    return CodingSchemeIdentificationItem(
        SCHEME, name="Reading Room concepts", version=__version__, uid=uid_of("scheme"), responsible_organization=MAKER
    )


def _referred(report: Report, seen: Mapping[str, Seen]) -> list[Dataset]:
    """Every instance that the tree refers to, the segmentations among them."""
    found: list[Dataset] = []
    for image_id, one in seen.items():
        found += one.place.source.instances
        if one.segments:
            names = names_of(report, "SEG", image_id)
            seg = Dataset()
            seg.StudyInstanceUID = one.place.source.first.StudyInstanceUID
            seg.SeriesInstanceUID, seg.SOPInstanceUID = names.series, names.instance
            seg.SOPClassUID = SegmentationStorage
            found.append(seg)
    return found
