"""DICOM files to images: one file, a multi-frame file, or the slices of a series."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.image import ImageRef
from readingroom.errors import BadFile, BadStudy
from readingroom.imaging.codec import Codec, layout_of
from readingroom.imaging.dicom import Header, open_dicom
from readingroom.imaging.facts import SLICED, Facts, facts_of, slice_view
from readingroom.imaging.folder import read_bytes
from readingroom.imaging.image import Image
from readingroom.imaging.series import SMALLEST_STACK, Entry, Stack, plane_of
from readingroom.imaging.tones import Tones, tones_of
from readingroom.imaging.volume import Plane, canonical_of, fill_volume, stack_planes

_LABELS = {"ct": "CT", "mr": "MR", "nuclear": "nuclear medicine"}


def read_file(header: Header, codec: Codec) -> Image:
    """The image of one file: (H, W), frames, or a volume where its frames are slices with a place."""
    layout = layout_of(header, codec.limits)
    tones = tones_of(header, layout, codec.decode(header, layout))
    facts = facts_of(header)
    shape = (layout.rows, layout.columns)
    if layout.frames >= SMALLEST_STACK and facts.modality in SLICED and tones.units != "colour":
        planes = [plane_of(header, shape, index) for index in range(layout.frames)]
        known = [plane for plane in planes if plane is not None]
        if len(known) == layout.frames:
            return _volume_of_frames(header, tones, facts, known)
    kind: Literal["image", "frames"] = "frames" if layout.frames > 1 else "image"
    pixels = tones.pixels if layout.frames > 1 else tones.pixels[0]
    plane = plane_of(header, shape) if kind == "image" and facts.modality in SLICED else None
    ref = _ref(facts, tones, kind=kind, shape=(layout.frames, *shape), sha256=header.sha256)
    ref = ref.model_copy(update={"name": _single_name(facts, layout.frames)})
    affine = stack_planes([plane]).affine if plane is not None else None
    return Image(ref, _packed(pixels), tones.window, affine, _uids(header))


def read_stack(stack: Stack, codec: Codec) -> Image:
    """One file alone, or a series of slices as a volume (frames in instance order where places are not told)."""
    if len(stack.entries) == 1:
        return read_file(_open(stack.first, codec), codec)
    if any(entry.frames > 1 for entry in stack.entries):
        raise BadStudy("its series consists of several multi-frame files", do="Give one of them.")
    planes = [entry.plane for entry in stack.entries]
    known = [plane for plane in planes if plane is not None]
    return _volume(stack, codec, known) if len(known) == len(planes) else _ordered_frames(stack, codec)


def _volume(stack: Stack, codec: Codec, planes: list[Plane]) -> Image:
    found = stack_planes(planes)
    shape = (len(found.order), *stack.first.shape)
    _check_size(shape, codec)
    canonical = canonical_of(found.affine, shape)
    entries = [stack.entries[index] for index in found.order]
    slices = _Slices(entries, codec)
    pixels = fill_volume(slices.pixels(), shape, canonical)
    notes = _plane_note(planes[0])
    facts, tones = slices.first()
    sha256 = hashlib.sha256("".join(slices.digests).encode()).hexdigest()
    ref = _ref(facts, tones, kind="volume", shape=pixels.shape, sha256=sha256)
    ref = _placed(ref, canonical.affine, (*notes, *found.notes, *canonical.notes))
    ref = ref.model_copy(update={"name": _series_name(facts, stack.first.number, len(entries))})
    return Image(ref, pixels, tones.window, canonical.affine, tuple(slices.uids))


def _ordered_frames(stack: Stack, codec: Codec) -> Image:
    _check_size((len(stack.entries), *stack.first.shape), codec)
    slices = _Slices(list(stack.entries), codec)
    pixels = np.stack(list(slices.pixels()))
    facts, tones = slices.first()
    sha256 = hashlib.sha256("".join(slices.digests).encode()).hexdigest()
    ref = _ref(facts, tones, kind="frames", shape=pixels.shape, sha256=sha256)
    note = "The header does not say where the slices lie: they stand in the order of their numbers, sides unknown."
    update = {
        "name": _series_name(facts, stack.first.number, len(stack.entries)), "notes": (*ref.notes, note),
        "image_left": "unknown", "image_left_source": "none",
    }  # fmt: skip
    return Image(ref.model_copy(update=update), pixels, tones.window, None, tuple(slices.uids))


def _volume_of_frames(header: Header, tones: Tones, facts: Facts, planes: list[Plane]) -> Image:
    found = stack_planes(planes, where=header.where)
    shape = (len(found.order), *planes[0].shape)
    canonical = canonical_of(found.affine, shape)
    pixels = fill_volume((tones.pixels[index] for index in found.order), shape, canonical)
    ref = _ref(facts, tones, kind="volume", shape=pixels.shape, sha256=header.sha256)
    ref = _placed(ref, canonical.affine, (*_plane_note(planes[0]), *found.notes, *canonical.notes))
    number = header.number("SeriesNumber")
    name = _series_name(facts, None if number is None else int(number), shape[0])
    return Image(ref.model_copy(update={"name": name}), pixels, tones.window, canonical.affine, _uids(header))


class _Slices:
    """Decodes the files of a series one by one, and keeps what the reference needs."""

    def __init__(self, entries: list[Entry], codec: Codec) -> None:
        self.entries, self.codec = entries, codec
        self.digests: list[str] = []
        self.uids: list[str] = []
        self._first: tuple[Facts, Tones] | None = None
        self._as_float = any(entry.scaled for entry in entries)

    def pixels(self) -> Iterator[NDArray[Any]]:
        for entry in self.entries:
            header = _open(entry, self.codec)
            layout = layout_of(header, self.codec.limits)
            tones = tones_of(header, layout, self.codec.decode(header, layout))
            if tones.units == "colour" or tones.pixels.shape != (1, *entry.shape):
                raise BadFile("this slice does not fit its series", where=entry.where, do="Leave it out.")
            self.digests.append(header.sha256)
            self.uids.extend(_uids(header))
            if self._first is None:
                self._first = facts_of(header), tones._replace(pixels=tones.pixels[:0])
            yield tones.pixels[0].astype(np.float32, copy=False) if self._as_float else tones.pixels[0]

    def first(self) -> tuple[Facts, Tones]:
        if self._first is None:
            raise BadStudy("it has no slices", do="Give one series.")
        return self._first


def _open(entry: Entry, codec: Codec) -> Header:
    if entry.header is not None:
        return entry.header
    return open_dicom(read_bytes(entry.path, codec.limits, where=entry.where), codec.limits, where=entry.where)


def _check_size(shape: tuple[int, ...], codec: Codec) -> None:
    if shape[0] > codec.limits.frames or int(np.prod(shape)) * 4 > codec.limits.decoded_bytes:
        raise BadStudy(f"its volume of {shape[0]} slices is too large to be read here", do="Give fewer slices.")


def _ref(
    facts: Facts, tones: Tones, *, kind: Literal["image", "volume", "frames"], shape: tuple[int, ...], sha256: str
) -> ImageRef:
    """`shape` is (depth, rows, columns)."""
    return ImageRef(
        id="img-0", sha256=sha256, kind=kind, depth=shape[0], rows=shape[1], columns=shape[2],
        colour=tones.units == "colour", units=tones.units,
        modality=facts.modality, modality_source=facts.modality_source,
        anatomy=facts.anatomy, anatomy_source=facts.anatomy_source,
        view=facts.view, view_source=facts.view_source, laterality=facts.laterality,
        image_left=facts.image_left, image_left_source=facts.image_left_source,
        spacing=facts.spacing, spacing_note=facts.spacing_note, burned_in=facts.burned_in,
        notes=(*facts.notes, *tones.notes),
    )  # fmt: skip


def _placed(ref: ImageRef, affine: NDArray[np.float64], notes: tuple[str, ...]) -> ImageRef:
    """Spacing and sides of a canonical volume: columns run to the patient's left in every plane."""
    column, row, step = (float(value) for value in np.linalg.norm(affine[:3, :3], axis=0))
    source = ref.spacing.source if ref.spacing else "PixelSpacing"
    source = f"{source}, ImagePositionPatient"
    spacing = {"row": row, "column": column, "slice": step, "source": source, "plane": "patient"}
    update = {
        "spacing": spacing, "spacing_note": "", "view": "axial", "view_source": "header",
        "image_left": "right", "image_left_source": "header", "notes": (*ref.notes, *notes),
    }  # fmt: skip
    return ImageRef.model_validate(ref.model_dump() | update)


def _plane_note(plane: Plane) -> tuple[str, ...]:
    view = slice_view(plane.directions)
    return () if view == "axial" else (f"Acquired in {view} planes; turned to axial ones.",)


def _series_name(facts: Facts, number: int | None, count: int) -> str:
    label = _LABELS.get(facts.modality, facts.modality)
    return f"{label} series{'' if number is None else f' {number}'}, {count} slices"


def _single_name(facts: Facts, frames: int) -> str:
    part = "" if facts.anatomy == "unknown" else f"{facts.anatomy} "
    if facts.modality == "x_ray":
        view = {"PA": "frontal ", "AP": "frontal ", "unknown": ""}.get(facts.view, f"{facts.view} ")
        name = f"{view}{part}radiograph"
    elif facts.modality == "mammography":
        side = f"{facts.laterality} " if facts.laterality in ("left", "right") else ""
        name = f"{side}mammogram"
    elif facts.modality in _LABELS:
        name = f"{_LABELS[facts.modality]} {part}slice"
    else:
        name = f"{part}{'' if facts.modality in ('unknown', 'other') else facts.modality + ' '}image"
    return f"{name}, {frames} frames" if frames > 1 else name


def _uids(header: Header) -> tuple[str, ...]:
    uid = header.text("SOPInstanceUID")
    return (uid,) if uid else ()


def _packed(pixels: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))
