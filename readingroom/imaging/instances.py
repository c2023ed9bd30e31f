"""The headers of the files that a study's images were made from, for exports that refer to them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydicom import Dataset
from pydicom.dataelem import RawDataElement

from readingroom.errors import BadFile, BadStudy
from readingroom.imaging.dicom import PARSE_ERRORS, Header, open_dicom, quiet
from readingroom.imaging.folder import list_folder, read_bytes, read_head
from readingroom.imaging.image import Image, Study
from readingroom.imaging.limits import Limits
from readingroom.imaging.sniff import sniff

_DEFAULTS = Limits()
_PIXELS = frozenset((0x7FE00010, 0x7FE00008, 0x7FE00009, 0x7FE00001, 0x7FE00002))
"""Pixel data of three kinds and the tables of their offsets (PS3.6)."""


class _Found(NamedTuple):
    sha256: str
    header: Dataset


def instances_of(paths: Sequence[Path], study: Study, limits: Limits = _DEFAULTS) -> Mapping[str, tuple[Dataset, ...]]:
    """By image id the headers, without pixels, of each DICOM image's files in the order of `Image.sources`.

    `paths` are files and folders, as `read_study` takes them; images that were not made from DICOM are left out.
    Raises BadStudy where a file of an image is missing or is not the one that the image was made from (by SHA-256),
    BadFile where a file named alone cannot be read.
    """
    wanted = {uid for image in study.images for uid in image.sources}
    found = _found(paths, wanted, limits) if wanted else {}
    return {image.ref.id: _of_image(image, found) for image in study.images if image.sources}


def _found(paths: Sequence[Path], wanted: set[str], limits: Limits) -> dict[str, list[_Found]]:
    """Every file whose SOP Instance UID is wanted; a UID has several where files differ under one name."""
    found: dict[str, list[_Found]] = {}
    with quiet():
        for path in paths:
            where = path.name
            if path.is_dir():
                files = [(file, str(file.relative_to(path))) for file in list_folder(path, limits, where=where).files]
            else:
                files = [(path, where)]
            for file, name in files:
                header = _opened(file, limits, name, alone=not path.is_dir())
                uid = header.text("SOPInstanceUID") if header else ""
                if header and uid in wanted:
                    found.setdefault(uid, []).append(_Found(header.sha256, _bare(header)))
    return found


def _opened(path: Path, limits: Limits, where: str, *, alone: bool) -> Header | None:
    """None of what is no DICOM; in a folder also of what cannot be read."""
    try:
        if sniff(read_head(path, limits, where=where), where=where) != "dicom":
            return None
        return open_dicom(read_bytes(path, limits, where=where), limits, where=where)
    except BadFile:
        if alone:
            raise
        return None


def _bare(header: Header) -> Dataset:
    """The data set without pixels, private elements, what is too large to have been read, and what is broken.

    Every value is decoded by now, so that it no longer depends on the character set of its file.
    """
    found = Dataset()
    for tag in header.dataset.keys():  # noqa: SIM118  # tags, no values
        raw = header.dataset.get_item(tag, keep_deferred=True)
        large = isinstance(raw, RawDataElement) and raw.value is None and raw.length > 0
        if tag.is_private or large or tag in _PIXELS:
            continue
        try:
            element = header.dataset[tag]
            element.value  # noqa: B018  # decodes the items of a sequence
            found.add(element)
        except PARSE_ERRORS:
            continue
    return found


def _of_image(image: Image, found: dict[str, list[_Found]]) -> tuple[Dataset, ...]:
    where = image.ref.name or image.ref.id
    candidates = [found.get(uid, []) for uid in image.sources]
    if missing := sum(not each for each in candidates):
        raise BadStudy(f"{missing} of its {len(candidates)} files are not among those given", where=where,
                       do="Give the images that the report was made from.")  # fmt: skip
    if len(candidates) == 1:
        kept = [one for one in candidates[0] if one.sha256 == image.ref.sha256]
        if kept:
            return (kept[0].header,)
    else:
        digests = "".join(each[0].sha256 for each in candidates)
        if hashlib.sha256(digests.encode()).hexdigest() == image.ref.sha256:
            return tuple(each[0].header for each in candidates)
    raise BadStudy("its files are not those that the report was made from: their SHA-256 differs", where=where,
                   do="Give the unchanged files.")  # fmt: skip
