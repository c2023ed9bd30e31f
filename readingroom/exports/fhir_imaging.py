"""FHIR ImagingStudy for each study that was read, and R5's ImagingSelection for each region in a DICOM image."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.region import Region
from readingroom.exports.fhir_elements import (
    SYSTEMS,
    Data,
    Draft,
    code,
    coded,
    coding,
    concept,
    digest,
    line,
    some,
    text,
)
from readingroom.exports.material import Material
from readingroom.exports.wording import image_words
from readingroom.language.codes import codings_of

UID = re.compile(r"[0-2](\.(0|[1-9]\d*))+")
UID_LENGTH = 64
OF_INTEREST = code(SYSTEMS["DCM"], "113000", "Of Interest")
"""CID 7010, what R5 binds ImagingSelection.code to."""


def add_studies(draft: Draft, material: Material) -> None:
    """One ImagingStudy a study, to be referred to as "study" and the id of any of its images.

    With the DICOM headers at hand images are grouped by Study Instance UID and listed by series and instance; without
    them the images of today are one study and each earlier one its own, known by the digests of their bytes.
    """
    groups: dict[str, list[ImageRef]] = {}
    for image in draft.report.images:
        uid = uid_of(_first(material.instances, image.id), "StudyInstanceUID")
        groups.setdefault(uid or (f"prior {image.id}" if image.role == "prior" else "today"), []).append(image)
    for group, images in groups.items():
        name = f"study {images[0].id}"
        dicom = UID.fullmatch(group) is not None
        known = {"system": "urn:dicom:uid", "value": f"urn:oid:{group}"} if dicom else None
        for image in images[1:]:
            draft.alias(f"study {image.id}", name)
        draft.add("ImagingStudy", name, _study(draft, images, material), identifier=known)


def add_selections(draft: Draft, item: Evidence, material: Material) -> list[Data]:
    """References to the ImagingSelections of an evidence's regions: R5 only, in single DICOM images and frames.

    A region of a volume lies in the volume's own axes, which no one instance has: it is exported as DICOM SEG and SR.
    """
    if draft.release != "R5":
        return []
    images = {image.id: image for image in draft.report.images}
    made = []
    for number, region in enumerate(item.regions):
        header = _first(material.instances, region.image_id)
        image = images[region.image_id]
        alone = len(material.instances.get(region.image_id, ())) == 1
        if not alone or image.kind == "volume" or not uid_of(header, "SOPInstanceUID"):
            return []
        body = {
            "status": "available",
            "subject": draft.ref("subject"),
            "code": {"coding": [dict(OF_INTEREST)], "text": text(region.label) or "region"},
            "studyUid": uid_of(header, "StudyInstanceUID"),
            "derivedFrom": [draft.ref(f"study {image.id}")],
            "seriesUid": uid_of(header, "SeriesInstanceUID"),
            "instance": [_selected(header, image, region)],
        }
        made.append(draft.add("ImagingSelection", f"region {item.id} {number}", some(body)))
    return made


def told_regions(item: Evidence) -> Iterable[Data]:
    """The regions of an evidence in words, where no resource can hold them."""
    for region in item.regions:
        x0, y0, x1, y1 = (f"{value:.1f}" for value in region.box)
        told = f"{region.kind} from ({x0}, {y0}) to ({x1}, {y1}), in pixels of image {region.image_id}"
        plane = "" if region.plane is None else f", plane {region.plane}"
        mask = f", mask {region.mask_digest}" if region.mask_digest else ""
        label = f"{region.label}: " if region.label else ""
        yield {"code": concept("image_region"), "valueString": text(f"{label}{told}{plane}{mask}")}


def uid_of(header: Any, keyword: str) -> str:
    """A UID of a DICOM header; empty where it has none or it is malformed."""
    value = str(getattr(header, keyword, "") or "")
    return value if UID.fullmatch(value) and len(value) <= UID_LENGTH else ""


def _first(instances: Mapping[str, tuple[Any, ...]], image_id: str) -> Any:
    return next(iter(instances.get(image_id, ())), None)


def _study(draft: Draft, images: list[ImageRef], material: Material) -> Data:
    series = [each for image in images for each in _series(draft, image, material)]
    modalities = list(dict.fromkeys(image.modality for image in images if image.modality != "unknown"))
    told = [f"{image_words(image)} ({image.id}): sha256 {image.sha256}" for image in images]
    told += [note for image in images for note in (image.spacing_note, *image.notes) if note]
    return some({
        "status": "available",
        "modality": [_modality(draft, each) for each in modalities],
        "subject": draft.ref("subject"),
        "numberOfSeries": len(series) or None,
        "numberOfInstances": sum(each["numberOfInstances"] for each in series) or None,
        "note": [{"text": line(each)} for each in told if line(each)],
        "description": text("; ".join(image_words(image) for image in images)),
        "series": series,
    })  # fmt: skip


def _modality(draft: Draft, modality: str) -> Data:
    """R4 asks for a Coding, R5 for a CodeableConcept."""
    known = next((each for each in codings_of(modality) if each.system == "DCM"), codings_of(modality)[0])
    return coding(known) if draft.release == "R4" else {"coding": [coding(known)]}


def _series(draft: Draft, image: ImageRef, material: Material) -> Iterable[Data]:
    """The series of an image with its instances, from the DICOM headers."""
    headers = material.instances.get(image.id, ())
    uids = dict.fromkeys(uid_of(header, "SeriesInstanceUID") for header in headers)
    for uid in filter(None, uids):
        mine = [header for header in headers if uid_of(header, "SeriesInstanceUID") == uid]
        site = None if image.anatomy == "unknown" else codings_of(image.anatomy)
        instances = [
            {"uid": uid_of(each, "SOPInstanceUID"), "sopClass": {"system": "urn:ietf:rfc:3986",
             "code": f"urn:oid:{uid_of(each, 'SOPClassUID')}"}}
            for each in mine if uid_of(each, "SOPInstanceUID") and uid_of(each, "SOPClassUID")
        ]  # fmt: skip
        placed = None
        if site:
            placed = coding(site[0]) if draft.release == "R4" else {"concept": coded(site, image.anatomy)}
        yield some({
            "uid": uid, "modality": _modality(draft, image.modality), "description": text(image_words(image)),
            "numberOfInstances": len(mine), "bodySite": placed, "instance": instances,
        })  # fmt: skip


def _selected(header: Any, image: ImageRef, region: Region) -> Data:
    """The instance, its frame where it has several, and the region as a closed polyline of columns and rows."""
    x0, y0, x1, y1 = region.box
    corners = [(x0, y0), (x1, y1)] if region.kind == "line" else [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    points = [(min(max(x, 0), image.columns), min(max(y, 0), image.rows)) for x, y in corners]
    framed = image.kind == "frames" and region.plane is not None
    return some({
        "uid": uid_of(header, "SOPInstanceUID"),
        "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{uid_of(header, 'SOPClassUID')}"},
        "subset": [str((region.plane or 0) + 1)] if framed else None,
        "imageRegion2D": [{"regionType": "polyline", "coordinate": [round(float(v), 2) for p in points for v in p]}],
    })  # fmt: skip


def image_digests(draft: Draft) -> list[Data]:
    """References to the bytes that were read, by their SHA-256."""
    return [digest(image.sha256, f"{image_words(image)} ({image.id})") for image in draft.report.images]
