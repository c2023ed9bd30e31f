"""The DICOM files of a folder as series, and which of them is to be read: the choice is told, never silent."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from readingroom.domain.terms import Modality, View
from readingroom.errors import BadStudy
from readingroom.imaging.codec import layout_of
from readingroom.imaging.dicom import Header
from readingroom.imaging.facts import SLICED, facts_of, slice_directions
from readingroom.imaging.limits import Limits
from readingroom.imaging.multiframe import frame_header
from readingroom.imaging.subject import UNKNOWN, marks_of, pseudonym
from readingroom.imaging.tones import is_localizer
from readingroom.imaging.volume import Plane

SMALLEST_STACK = 3
"""Fewer slices than this make no volume."""


@dataclass(frozen=True)
class Entry:
    """What choosing needs to know of one DICOM file; of several, pixels are not kept."""

    path: Path
    where: str
    subject: str
    marks: frozenset[str]
    """Of the patient's name and numbers, for keeping them out of texts that leave."""
    study: str
    series: str
    when: str
    """Study date and time, for telling earlier from later; never shown."""
    number: int | None
    description: str
    instance: float
    modality: Modality
    view: View
    frames: int
    shape: tuple[int, int]
    plane: Plane | None
    localizer: bool
    derived: bool
    scaled: bool
    """Its values are rescaled by the header, so that they are no whole numbers."""
    header: Header | None = field(default=None, compare=False, repr=False)
    """The opened file where it is the only one, so that it is read and hashed once."""


@dataclass(frozen=True)
class Stack:
    """Entries of one series that belong together: of one size and orientation."""

    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        return self.entries[0]

    @property
    def sliced(self) -> bool:
        """Whether it makes a volume, or at least an ordered stack of slices."""
        return self.first.modality in SLICED and not self.first.localizer and len(self.entries) >= SMALLEST_STACK

    @property
    def called(self) -> str:
        """For notes: "series 2 (Thorax 2.0, 133 images)"; description already cleaned."""
        name = "a series without number" if self.first.number is None else f"series {self.first.number}"
        kind = "localizer " if self.first.localizer else ""
        count = len(self.entries)
        told = f"{self.first.description}, " if self.first.description else ""
        return f"{name} ({told}{count} {kind}image{'s' if count > 1 else ''})"


@dataclass(frozen=True)
class Pick:
    """What to read: one stack as a volume, or single files, each with its role."""

    stacks: tuple[tuple[Stack, Literal["current", "lateral"]], ...]
    notes: tuple[str, ...]


def entry_of(header: Header, path: Path, *, key: bytes, limits: Limits) -> Entry:
    """The index card of one file; BadFile where its claims do not hold."""
    layout = layout_of(header, limits)
    facts = facts_of(header)
    number = header.number("SeriesNumber")
    slope, intercept = header.number("RescaleSlope"), header.number("RescaleIntercept")
    return Entry(
        path=path,
        where=header.where,
        subject=pseudonym(header, key),
        marks=marks_of(header, key),
        study=header.text("StudyInstanceUID"),
        series=header.text("SeriesInstanceUID"),
        when=header.text("StudyDate") + header.text("StudyTime"),
        number=None if number is None else int(number),
        description=header.said("SeriesDescription"),
        instance=header.number("InstanceNumber") or 0.0,
        modality=facts.modality,
        view=facts.view,
        frames=layout.frames,
        shape=(layout.rows, layout.columns),
        plane=plane_of(header, (layout.rows, layout.columns)),
        localizer=is_localizer(header),
        derived="DERIVED" in header.texts("ImageType"),
        scaled=(slope or 1.0) != 1.0 or (intercept or 0.0) != 0.0,
    )


def plane_of(header: Header, shape: tuple[int, int], index: int = 0) -> Plane | None:
    """Where a slice or frame lies; None where the header does not say it in full."""
    origin = frame_header(header, "PlanePositionSequence", index).numbers("ImagePositionPatient")
    spacing = frame_header(header, "PixelMeasuresSequence", index).numbers("PixelSpacing")
    directions = slice_directions(header, index)
    if len(origin) != 3 or len(spacing) != 2 or not directions or min(spacing) <= 0:
        return None
    return Plane((origin[0], origin[1], origin[2]), directions, (spacing[0], spacing[1]), shape)


def pick_series(entries: list[Entry], limits: Limits, *, where: str) -> Pick:
    """The series to read out of many files of one patient.

    Of slices: the longest stack that is no localizer. Of radiographs: every frontal view, and the lateral ones as
    such. Of other single images: all. BadStudy where the files belong to several patients.
    """
    if len({entry.subject for entry in entries} - {UNKNOWN}) > 1:
        raise BadStudy("these files belong to different patients", where=where, do="Give the files of one patient.")
    entries, notes = _latest_study(entries)
    stacks = _stacks(entries)
    sliced = sorted((stack for stack in stacks if stack.sliced), key=_worth)
    if sliced:
        best = sliced[-1]
        return Pick(((best, "current"),), (*notes, *_told(best, [stack for stack in stacks if stack is not best])))
    return _singles(stacks, notes, limits)


def _latest_study(entries: list[Entry]) -> tuple[list[Entry], list[str]]:
    studies = sorted({(entry.when, entry.study) for entry in entries})
    uids = {study for _, study in studies}
    if len(uids) < 2:
        return entries, []
    last = studies[-1][1]
    note = f"The files belong to {len(uids)} studies of one patient; the latest was read."
    return [entry for entry in entries if entry.study == last], [note]


def _stacks(entries: list[Entry]) -> list[Stack]:
    groups: dict[tuple[object, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        turned = tuple(round(value, 1) + 0.0 for value in entry.plane.directions) if entry.plane else ()
        groups[(entry.series, entry.number, entry.modality, entry.localizer, entry.shape, turned)].append(entry)
    return [Stack(tuple(sorted(group, key=lambda one: (one.instance, one.where)))) for group in groups.values()]


def _worth(stack: Stack) -> tuple[bool, int, int]:
    return (not stack.first.derived, len(stack.entries), -(stack.first.number or 0))


def _told(best: Stack, left: list[Stack]) -> list[str]:
    if not left:
        return []
    names = "; ".join(stack.called for stack in left[:8])
    more = f"; and {len(left) - 8} more" if len(left) > 8 else ""
    return [f"Read {best.called}; left out {names}{more}."]


def _singles(stacks: list[Stack], notes: list[str], limits: Limits) -> Pick:
    alone = [Stack((entry,)) for stack in stacks for entry in stack.entries]
    alone.sort(key=lambda stack: (stack.first.localizer, stack.first.number or 0, stack.first.instance))
    kept = [stack for stack in alone if not stack.first.localizer] or alone
    if len(kept) < len(alone):
        notes = [*notes, f"{len(alone) - len(kept)} localizers were left out."]
    fronts = [stack for stack in kept if stack.first.view != "lateral"]
    sides = [stack for stack in kept if stack.first.view == "lateral"] if fronts else []
    fronts = fronts or kept
    if len(fronts) + len(sides) > limits.pictures:
        notes = [*notes, f"Of {len(kept)} single images the first {limits.pictures} were read."]
        fronts = fronts[: limits.pictures]
        sides = sides[: limits.pictures - len(fronts)]
    if len(kept) > 1:
        notes = [*notes, _count_of(len(fronts), len(sides))]
    return Pick((*((one, "current") for one in fronts), *((one, "lateral") for one in sides)), tuple(notes))


def _count_of(fronts: int, sides: int) -> str:
    if sides:
        return f"{fronts} read as current, {sides} as lateral."
    return f"{fronts} images read, all as current."
