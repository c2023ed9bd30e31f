"""Files and folders to one study: the way in for every reading."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from readingroom.errors import BadFile, BadInput, BadStudy
from readingroom.imaging.codec import Codec
from readingroom.imaging.dicom import open_dicom, quiet
from readingroom.imaging.dicom_images import read_stack
from readingroom.imaging.folder import list_folder, read_bytes, read_head
from readingroom.imaging.image import Image, Study
from readingroom.imaging.limits import Limits
from readingroom.imaging.nifti import read_nifti
from readingroom.imaging.nrrd import read_nrrd
from readingroom.imaging.raster import read_picture
from readingroom.imaging.series import Entry, entry_of, pick_series
from readingroom.imaging.served import refusal_of
from readingroom.imaging.sniff import Format, sniff
from readingroom.imaging.subject import UNKNOWN
from readingroom.imaging.tiff import read_tiff

Role = Literal["current", "lateral", "prior"]
_DEFAULTS = Limits()
_VOLUMES: frozenset[Format] = frozenset(("nifti", "nifti_gz", "nrrd"))


@dataclass
class _Found:
    """What the paths of one role came to."""

    images: list[Image] = field(default_factory=list)
    subjects: set[str] = field(default_factory=set)
    marks: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def read_study(
    paths: Sequence[Path],
    *,
    priors: Sequence[Path] = (),
    laterals: Sequence[Path] = (),
    subject_key: bytes,
    limits: Limits = _DEFAULTS,
) -> Study:
    """Everything given, as images img-1, img-2 ...: current ones first, then lateral, then prior.

    DICOM files given at once are grouped into series as the files of a folder are, and one is picked (`Study.notes`
    say which); of several pictures all are current. BadFile names a file that cannot be read, BadStudy says why
    readable ones make up no study: files of several patients, a prior of another patient, no image in a folder.
    """
    if not paths:
        raise BadStudy("there is no image given", do="Name a file or a folder.")
    with quiet(), Codec(limits) as codec:
        groups: list[tuple[Role, _Found]] = [
            ("current", _read_all(paths, codec, subject_key)),
            ("lateral", _read_all(laterals, codec, subject_key)),
            ("prior", _read_all(priors, codec, subject_key)),
        ]
    subject = _one_subject(groups)
    images = [_with_role(image, role) for role, found in groups for image in found.images]
    rank = {"current": 0, "lateral": 1, "prior": 2}
    images.sort(key=lambda image: rank[image.ref.role])
    numbered = tuple(_with_id(image, f"img-{n}") for n, image in enumerate(images, 1))
    notes = tuple(note for _, found in groups for note in found.notes)
    return Study(subject, numbered, notes, frozenset().union(*(found.marks for _, found in groups)))


def _one_subject(groups: list[tuple[Role, _Found]]) -> str:
    known: dict[str, Role] = {}
    for role, found in groups:
        for subject in found.subjects - {UNKNOWN}:
            known.setdefault(subject, role)
    if len(known) > 1:
        other = [role for role in known.values() if role != "current"]
        what = f"the {other[0]} image belongs to another patient" if other else "the images are of different patients"
        raise BadStudy(what, do="Give images of one patient.")
    return next(iter(known), UNKNOWN)


def _with_role(image: Image, role: Role) -> Image:
    if role in ("current", image.ref.role):
        return image
    return Image(image.ref.model_copy(update={"role": role}), image.pixels, image.window, image.affine, image.sources)


def _with_id(image: Image, name: str) -> Image:
    ref = image.ref.model_copy(update={"id": name})
    return Image(ref, image.pixels, image.window, image.affine, image.sources)


def _read_all(paths: Sequence[Path], codec: Codec, key: bytes) -> _Found:
    found = _Found()
    entries: list[Entry] = []
    given = 0
    for path in paths:
        if os.path.isdir(path):  # pathlib raises where a name is too long
            entries += _read_folder(path, codec, key, found=found)
            continue
        where = path.name
        kind = sniff(read_head(path, codec.limits, where=where), where=where)
        if kind == "dicom":
            entries.append(_index(path, codec.limits, key, where=where, alone=len(paths) == 1))
        else:
            found.images.append(_read_other(path, kind, codec.limits, where=where))
            given += 1
    if entries:
        _read_entries(entries, codec, found=found, where=paths[0].name if len(paths) == 1 else "")
    elif given > 1:
        found.notes.append(f"{given} images read, all as current.")
    return found


def _read_entries(entries: list[Entry], codec: Codec, *, found: _Found, where: str) -> None:
    pick = pick_series(entries, codec.limits, where=where)
    found.subjects |= {entry.subject for entry in entries}
    found.marks |= frozenset().union(*(entry.marks for entry in entries))
    found.notes += pick.notes
    for stack, role in pick.stacks:
        try:
            image = read_stack(stack, codec)
        except BadStudy as error:
            raise (error if error.where else BadStudy(error.what, where=where, do=error.do)) from error
        found.images.append(_with_role(image, role))


def _index(path: Path, limits: Limits, key: bytes, *, where: str, alone: bool = False) -> Entry:
    """`alone`: the file is kept open, for its pixels are what is wanted; of many files only some are read again."""
    header = open_dicom(read_bytes(path, limits, where=where), limits, where=where, digest=alone)
    if (refusal := refusal_of(header)) is not None:
        raise refusal
    entry = entry_of(header, path, key=key, limits=limits)
    return replace(entry, header=header) if alone else entry


def _read_other(path: Path, kind: Format, limits: Limits, *, where: str) -> Image:
    data = read_bytes(path, limits, where=where)
    if kind in ("nifti", "nifti_gz"):
        return read_nifti(data, limits, where=where)
    if kind == "nrrd":
        return read_nrrd(data, limits, where=where)
    if kind == "tiff":
        return read_tiff(data, limits, where=where)
    return read_picture(data, kind, limits, where=where)


def _read_folder(folder: Path, codec: Codec, key: bytes, *, found: _Found) -> list[Entry]:
    """DICOM files of the folder as entries; where there are none, its one volume or its pictures into `found`."""
    where = folder.name or str(folder)
    listing = list_folder(folder, codec.limits, where=where)
    found.notes += listing.notes
    entries: list[Entry] = []
    others: list[tuple[Path, Format]] = []
    failures: list[BadInput] = []
    for path in listing.files:
        name = str(path.relative_to(folder))
        try:
            kind = sniff(read_head(path, codec.limits, where=name), where=name)
            if kind == "dicom":
                entries.append(_index(path, codec.limits, key, where=name))
            else:
                others.append((path, kind))
        except BadFile as error:
            failures.append(error)
    if not entries and not others:
        raise _nothing(failures, where)
    if failures:
        found.notes.append(f"{len(failures)} files that are no readable image were passed over.")
    if entries and others:
        found.notes.append(f"{len(others)} files that are not DICOM were passed over.")
    elif others:
        _read_others(others, codec.limits, found=found, where=where)
    return entries


def _nothing(failures: list[BadInput], where: str) -> BadStudy:
    if not failures:
        return BadStudy("the folder is empty", where=where, do="Give a folder with images.")
    first = failures[0]
    return BadStudy(f"the folder holds no readable image; {len(failures)} files were tried, of the first: {first.what}",
                    where=where, do=first.do)  # fmt: skip


def _read_others(others: list[tuple[Path, Format]], limits: Limits, *, found: _Found, where: str) -> None:
    volumes = [path for path, kind in others if kind in _VOLUMES]
    if len(volumes) > 1 or (volumes and len(others) > 1):
        raise BadStudy(f"the folder holds {len(others)} images, {len(volumes)} of them volumes", where=where,
                       do="Give one volume by name.")  # fmt: skip
    if len(others) > limits.pictures:
        raise BadStudy(f"the folder holds {len(others)} pictures; which of them belong together is not known",
                       where=where, do=f"Give up to {limits.pictures} of them by name.")  # fmt: skip
    for path, kind in others:
        found.images.append(_read_other(path, kind, limits, where=path.name))
    if len(others) > 1:
        found.notes.append(f"{len(others)} images read, all as current.")
