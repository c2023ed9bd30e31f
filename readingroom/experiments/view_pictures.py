"""The pictures of a case for the page, small, once a case: with the outlines of all its evidence and of the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from secrets import token_bytes

import cv2
import numpy as np

from readingroom.asked import of_the_report
from readingroom.domain.evidence import Evidence
from readingroom.domain.report import Report
from readingroom.domain.value import Value
from readingroom.errors import ReadingRoomError
from readingroom.experiments.case import Case, TrueRegion
from readingroom.experiments.kept_masks import masks_of
from readingroom.exports.figure import Figure, build_figures, shown, true_png
from readingroom.exports.html import data_url
from readingroom.exports.outline import box_path, mask_path
from readingroom.exports.wording import image_title
from readingroom.imaging.image import Image, Study
from readingroom.imaging.mask_file import decode_mask
from readingroom.imaging.png import encode_png
from readingroom.imaging.reader import read_study
from readingroom.runs.blobs import Blobs

LONGEST = 448
"""Pixels on the long side: enough to see what an outline lies on, too few to read the image."""
DARK = 24
"""Grey of a picture that is not at hand, so that its outlines are still seen where they lie."""
GONE = "The image is not at hand: only its outlines are drawn."


class Outline(Value):
    """One region, in the picture's source pixels."""

    path: str
    kind: str
    label: str
    proofs: tuple[int, ...] = ()
    """Places in the case's pool of evidence; none of a region of the truth."""
    truth: bool = False


class Picture(Value):
    """One image of a case."""

    url: str
    columns: float
    rows: float
    scale: float
    """Height of a source pixel in pixel widths."""
    caption: str
    left: str
    right: str
    outlines: tuple[Outline, ...]


def pictures_of(case: Case, report: Report, evidence: Sequence[Evidence], blobs: Blobs) -> tuple[Picture, ...]:
    """The images of a report with the outlines of the whole pool; dark ones where the files are gone or changed."""
    renamed = tuple(item.model_copy(update={"id": str(place)}) for place, item in enumerate(evidence))
    pooled = report.model_copy(update={"evidence": renamed})
    try:
        study = _study(case)
        figures = build_figures(pooled, of_the_report(report, study), masks_of(evidence, blobs))
    except ReadingRoomError:
        return tuple(_without(report, case))
    return tuple(_picture(figure, case) for figure in figures)


def bare_pictures(case: Case) -> tuple[Picture, ...]:
    """The images of a case without a report, a question or one that failed in every arm: of a volume the middle slice.
    None where they cannot be read."""
    try:
        return tuple(_bare(image, case) for image in _study(case).images)
    except ReadingRoomError:
        return ()


def _bare(image: Image, case: Case) -> Picture:
    ref = image.ref
    height = ref.spacing.row / ref.spacing.column if ref.spacing else 1.0
    png = true_png(shown(image, None if ref.kind == "image" else ref.depth // 2), height)
    return Picture(
        url=data_url(_small(png)), columns=ref.columns, rows=ref.rows * height, scale=height, caption=image_title(ref),
        left="", right="", outlines=tuple(_true(case, ref.role)),
    )  # fmt: skip


def _study(case: Case) -> Study:
    return read_study(
        [Path(one) for one in case.paths],
        priors=[Path(one) for one in case.prior],
        laterals=[Path(one) for one in case.lateral],
        subject_key=token_bytes(),  # whose it is was settled when it was drafted
    )


def _picture(figure: Figure, case: Case) -> Picture:
    outlines = tuple(
        Outline(path=one.path, kind=one.kind, label=one.label or one.kind, proofs=tuple(map(int, one.evidence)))
        for one in figure.overlays
    )
    return Picture(
        url=data_url(_small(figure.png)), columns=figure.columns, rows=figure.rows * figure.pixel_height,
        scale=figure.pixel_height, caption=figure.caption, left=figure.side_left, right=figure.side_right,
        outlines=(*outlines, *_true(case, figure.role)),
    )  # fmt: skip


def _without(report: Report, case: Case) -> Iterator[Picture]:
    dark = data_url(encode_png(np.full((4, 4), DARK, np.uint8)))
    for ref in report.images:
        height = ref.spacing.row / ref.spacing.column if ref.spacing else 1.0
        yield Picture(
            url=dark, columns=ref.columns, rows=ref.rows * height, scale=height, caption=GONE, left="", right="",
            outlines=tuple(_true(case, ref.role)),
        )  # fmt: skip


def _true(case: Case, role: str) -> Iterator[Outline]:
    for region in case.reference.regions if case.reference else ():
        if region.role == role:
            label = f"reference: {region.observation.replace('_', ' ')}"
            yield Outline(path=_path(region), kind="mask" if region.mask else "box", label=label, truth=True)


def _path(region: TrueRegion) -> str:
    try:
        return mask_path(decode_mask(Path(region.mask).read_bytes())) if region.mask else box_path(region.box)
    except (OSError, ReadingRoomError):
        return box_path(region.box)


def _small(png: bytes) -> bytes:
    """At most `LONGEST` on the long side; grey stays grey."""
    shown = np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)
    shown = shown[..., ::-1] if shown.ndim == 3 else shown
    scale = min(1.0, LONGEST / max(shown.shape[:2]))
    if scale == 1.0:
        return png
    size = max(1, round(shown.shape[1] * scale)), max(1, round(shown.shape[0] * scale))
    small = cv2.resize(np.ascontiguousarray(shown), size, interpolation=cv2.INTER_AREA)
    return encode_png(np.ascontiguousarray(small, np.uint8))
