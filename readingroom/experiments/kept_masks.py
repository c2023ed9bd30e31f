"""The masks of recorded evidence, as an experiment's folder keeps them."""

from __future__ import annotations

from collections.abc import Iterable

from readingroom.domain.evidence import Evidence
from readingroom.errors import RecordError
from readingroom.imaging.mask_file import Mask
from readingroom.runs.blobs import Blobs
from readingroom.tools.tool import Masks


def masks_of(evidence: Iterable[Evidence], blobs: Blobs) -> dict[str, Mask]:
    """By digest; of one that is gone its box counts."""
    masks, found = Masks(blobs), dict[str, Mask]()
    for digest in {region.mask_digest for item in evidence for region in item.regions if region.mask_digest}:
        try:
            found[digest] = masks.get(digest)
        except RecordError:
            continue
    return found
