"""Which masks of a report become segments: numbers, names and tracking UIDs that SEG and SR share."""

from __future__ import annotations

from typing import NamedTuple

from highdicom import UID

from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.region import Region
from readingroom.domain.report import Report
from readingroom.errors import ToolFailed
from readingroom.exports.dicom_planes import Mask
from readingroom.exports.dicom_source import line, uid_of
from readingroom.exports.material import Material
from readingroom.language.lexicon import lexicon


class Segment(NamedTuple):
    """One mask of one image, however many evidences share it."""

    number: int
    """From one, in the order of the report's evidence."""
    evidence: Evidence
    """The first that brought it."""
    region: Region
    mask: Mask
    """(H, W), or (D, H, W) in the image's own axes; never empty."""
    label: str
    tracking: Tracking

    @property
    def flat(self) -> bool:
        """Whether the mask is of one plane."""
        return self.mask.ndim == 2


class Tracking(NamedTuple):
    """TID 4108: what is the same thing in SEG and SR."""

    id: str
    uid: UID


def tracking_of(report: Report, item: Evidence, part: int = 0) -> Tracking:
    """Of an evidence, or of its region `part` beyond the first; the same in every export of the run."""
    name = f"{item.id}.{part + 1}" if part else item.id
    run = report.provenance.run
    return Tracking(line(f"{run} {name}"), uid_of("tracking", run, name))


def segmented(report: Report) -> tuple[str, ...]:
    """The images that have masks, by id, in the order of the report."""
    having = {region.image_id for item in report.evidence for region in item.regions if region.kind == "mask"}
    return tuple(ref.id for ref in report.images if ref.id in having)


def segments_of(report: Report, material: Material, ref: ImageRef) -> tuple[Segment, ...]:
    """The masks of one image, each once; empty ones are left out. Raises ToolFailed where one does not fit it."""
    found: list[Segment] = []
    seen: set[str] = set()
    for item in report.evidence:
        for part, region in enumerate(item.regions):
            digest = region.mask_digest
            if region.image_id != ref.id or region.kind != "mask" or digest is None or digest in seen:
                continue
            seen.add(digest)
            mask = material.mask(digest)
            flat, deep = (ref.rows, ref.columns), (ref.depth, ref.rows, ref.columns)
            if mask.shape not in ((flat,) if ref.kind == "image" else (flat, deep)):
                raise ToolFailed(f"mask of {mask.shape} does not fit image {ref.id!r} of {deep}", where="DICOM")
            if mask.any():
                label = line(region.label or lexicon().name(item.observation)) or item.id
                tracking = tracking_of(report, item, part)
                found.append(Segment(len(found) + 1, item, region, mask, label, tracking))
    return tuple(found)
