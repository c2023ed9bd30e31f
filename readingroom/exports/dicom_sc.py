"""The report's figures as DICOM Secondary Capture: the picture, the outlines and the warning burned into one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from highdicom.sc import ConversionTypeValues, SCImage
from numpy.typing import NDArray
from pydicom import DataElement, Dataset
from pydicom.valuerep import DS

from readingroom.domain.report import Report
from readingroom.errors import ToolFailed
from readingroom.exports import wording
from readingroom.exports.dicom_source import (
    RESEARCH,
    Source,
    bytes_of,
    equipment,
    from_headers,
    line,
    names_of,
    source_of,
    unseen,
)
from readingroom.exports.dicom_sr_places import Place, Reference
from readingroom.exports.figure import Figure, Overlay
from readingroom.exports.material import Material
from readingroom.imaging.windowing import display_rgb

Picture = NDArray[np.uint8]

NARROWEST = 640
"""Pixels of width below which a picture is enlarged by a whole number, so that its words can be read."""
LEGEND = 12
"""At most so many lines of legend."""
COLOURS = ((86, 180, 233), (230, 159, 0), (0, 200, 150), (240, 228, 66), (204, 121, 167), (213, 94, 0), (120, 150, 255),
           (180, 230, 120))  # fmt: skip
"""RGB, after Okabe and Ito: told apart by colour-blind eyes, bright on grey."""
WHITE, WARNING = (255, 255, 255), (255, 220, 80)
FONT = cv2.FONT_HERSHEY_SIMPLEX
_STEP = re.compile(r"([MLHVZ])([^MLHVZ]*)")


class _Scale(NamedTuple):
    """Pixels of the capture for one of the source: across and down."""

    x: float
    y: float


def to_dicom_sc(report: Report, material: Material, figure: Figure) -> bytes:
    """One capture of one of the report's figures (`build_figures`): an image, a slice, a frame, or a coronal view.

    The source's pixels through its window, enlarged where they are few or not square, with the outlines drawn in.
    Raises BadStudy where the image or its DICOM files are not at hand.
    """
    place = Place(source_of(report, material, figure.image_id))
    with unseen():
        return bytes_of(_capture(report, place, figure), report)


def _capture(report: Report, place: Place, figure: Figure) -> Dataset:
    ref, first = place.source.ref, place.source.first
    whole = figure.plane is None and ref.kind != "image"
    number = ref.depth + 1 if whole else (figure.plane or 0) + 1
    picture, scale = _drawn(place.source, figure, whole=whole)
    names = names_of(report, "SC", figure.image_id, number)
    with from_headers(figure.image_id):
        image = SCImage.from_ref_dataset(
            ref_dataset=first,
            pixel_array=picture,
            photometric_interpretation="RGB",
            bits_allocated=8,
            coordinate_system="PATIENT",
            patient_orientation=("L", "P"),
            series_instance_uid=names.series,
            series_number=names.number,
            sop_instance_uid=names.instance,
            instance_number=number,
            series_description=line(f"{RESEARCH}: figures"),
            **equipment(),
        )
        image.copy_patient_and_study_information(first)
    _put_body_part(image, first)
    image.ConversionType = ConversionTypeValues.WSD.value
    image.BurnedInAnnotation = "YES"
    image.DerivationDescription = line(
        f"{RESEARCH}. {figure.caption}: shown through its window, with the outlines of a machine-written draft"
        f" (run {report.provenance.run}) drawn in. The words in the picture are the software's.", 1024,
    )  # fmt: skip
    image.ImageComments = line(report.notice, 1024)
    image.SourceImageSequence = list(_sources(place, figure, whole=whole))
    spacing = ref.spacing
    if spacing and spacing.plane == "patient" and not whole:
        image.PixelSpacing = [
            DS(spacing.row / scale.y, auto_format=True),
            DS(spacing.column / scale.x, auto_format=True),
        ]
    if whole:
        image.PatientOrientation = ["L", "F"]
    elif place.source.ref.kind != "volume":  # a volume's planes stand with the patient's left to the right, back down
        image.add(DataElement("PatientOrientation", "CS", first.get("PatientOrientation") or ""))
    return image


UNPAIRED = frozenset(("CHEST", "ABDOMEN", "HEAD", "BRAIN", "SKULL", "NECK", "PELVIS", "HEART", "CSPINE", "TSPINE",
                      "LSPINE"))  # fmt: skip
"""Defined terms of BodyPartExamined (PS3.16 annex L) that have no side."""


def _put_body_part(image: Dataset, first: Dataset) -> None:
    """The side of a paired part, type 2C: left out of what has none, empty where it is not known."""
    side, part = first.get("Laterality") or first.get("ImageLaterality"), first.get("BodyPartExamined")
    if part in UNPAIRED:
        image.BodyPartExamined = part
    else:
        image.Laterality = side if side in ("L", "R") else ""


def _sources(place: Place, figure: Figure, *, whole: bool) -> Iterator[Dataset]:
    """The instance of the slice or frame; all of them where the plane cuts through acquired slices."""
    references: list[Reference]
    if whole or (place.acquired is not None and not place.acquired.axial):
        references = [(str(one.SOPClassUID), str(one.SOPInstanceUID), None) for one in place.source.instances]
    else:
        references = [place.reference(figure.plane)]
    for sop_class, instance, frames in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
        if frames:
            item.ReferencedFrameNumber = frames
        purpose = Dataset()
        purpose.CodeValue, purpose.CodingSchemeDesignator = "121322", "DCM"
        purpose.CodeMeaning = "Source image for image processing operation"
        item.PurposeOfReferenceCodeSequence = [purpose]
        yield item


def _drawn(source: Source, figure: Figure, *, whole: bool) -> tuple[Picture, _Scale]:
    """`whole`: the figure's own picture, for it is no plane of the image."""
    shown = _decoded(figure.png) if whole else display_rgb(source.image, plane=figure.plane)
    times = max(1, math.ceil(NARROWEST / figure.columns))
    wide, tall = times / min(figure.pixel_height, 1.0), times * max(figure.pixel_height, 1.0)
    size = max(1, round(figure.columns * wide)), max(1, round(figure.rows * tall))
    scale = _Scale(size[0] / figure.columns, size[1] / figure.rows)
    if size != (shown.shape[1], shown.shape[0]):
        how = cv2.INTER_NEAREST if figure.pixel_height == 1 and not whole else cv2.INTER_LINEAR
        shown = np.asarray(cv2.resize(np.ascontiguousarray(shown), size, interpolation=how), np.uint8)
    picture = shown.copy()
    for number, overlay in enumerate(figure.overlays):
        _outline(picture, overlay, scale, COLOURS[number % len(COLOURS)])
    return _framed(picture, figure), scale


def _decoded(png: bytes) -> Picture:
    found = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if found is None:
        raise ToolFailed("a figure's picture cannot be read", where="DICOM")
    return np.asarray(found[..., ::-1], np.uint8)


def _outline(picture: Picture, overlay: Overlay, scale: _Scale, colour: tuple[int, int, int]) -> None:
    thick = max(1, picture.shape[1] // 600)
    for points, closed in strokes(overlay.path):
        moved = np.asarray(points) * (scale.x, scale.y)
        fixed = np.rint((moved - 0.5) * 16).astype(np.int32)  # OpenCV counts from pixel centres, here in sixteenths
        cv2.polylines(picture, [fixed], closed, colour, thick, cv2.LINE_AA, 4)


def strokes(path: str) -> Iterator[tuple[list[tuple[float, float]], bool]]:
    """The lines of an overlay's SVG path (absolute M, L, H, V, Z only), and whether each is closed."""
    points: list[tuple[float, float]] = []
    for step, numbers in _STEP.findall(path):
        values = [float(value) for value in numbers.split()]
        if step == "M":
            if points:
                yield points, False
            points = [(values[0], values[1])]
        elif step == "Z":
            yield points, True
            points = []
        else:
            x, y = points[-1]
            points.append({"H": (values[0], y), "V": (x, values[0])}.get(step) or (values[0], values[1]))
    if points:
        yield points, False


def _framed(picture: Picture, figure: Figure) -> Picture:
    """The picture between the warning above and the legend below; beside the pixels, never over them."""
    width = picture.shape[1]
    height = max(22, width // 28)
    top = _strip(RESEARCH, width, height, WARNING)
    sides = [f"left edge: {figure.side_left}", f"right edge: {figure.side_right}"] if figure.side_left else []
    rows = [_strip(_ascii(", ".join([figure.caption, *sides])), width, height, WHITE)]
    for number, overlay in enumerate(figure.overlays[:LEGEND]):
        colour = COLOURS[number % len(COLOURS)]
        rows.append(_strip(_ascii(f"{', '.join(overlay.evidence)}: {overlay.label}"), width, height, colour))
    if len(figure.overlays) > LEGEND:
        rows.append(_strip(f"and {len(figure.overlays) - LEGEND} more", width, height, WHITE))
    rows.append(_strip("Machine-written draft, not verified", width, height, WARNING))
    return np.vstack([top, picture, *rows])


def _strip(text: str, width: int, height: int, colour: tuple[int, int, int]) -> Picture:
    """One line of words on black, as large as fits."""
    strip = np.zeros((height, width, 3), np.uint8)
    scale = height / 40
    (wide, _), _ = cv2.getTextSize(text, FONT, scale, 1)
    scale *= min(1.0, (width - 12) / max(wide, 1))
    cv2.putText(strip, text, (6, round(height * 0.7)), FONT, scale, colour, max(1, round(scale * 1.6)), cv2.LINE_AA)
    return strip


def _ascii(text: str) -> str:
    """OpenCV's letters are ASCII."""
    return "".join(sign if 32 <= ord(sign) < 127 else "?" for sign in wording.plain(text))
