"""What the API answers about studies, as values: their schema is the document's."""

from __future__ import annotations

from readingroom.domain.image import ImageRef
from readingroom.domain.value import Value
from readingroom.exports.figure import _sides
from readingroom.imaging.image import Image
from readingroom.imaging.windowing import default_window
from readingroom.web.pixels import Axis, Facts, SampleType, axes_of


class WindowView(Value):
    low: float
    high: float
    name: str


class SidesView(Value):
    """What lies at the edges of an image as stored: "L", "R", "?" where it is not known, empty where it has none."""

    left: str
    right: str


class AxisView(Value):
    """One way to scroll through an image."""

    planes: int
    rows: int
    columns: int
    row_mm: float | None
    """Millimetres from one row to the next; None where they are not known."""
    column_mm: float | None
    left: str
    right: str
    top: str
    bottom: str


class ImageView(ImageRef):
    """An image with what a viewer needs to draw it."""

    sides: SidesView
    window: WindowView
    range: tuple[float, float]
    """Of all its samples."""
    type: SampleType
    axes: tuple[Axis, ...]
    shape_by_axis: dict[Axis, AxisView]


class StudyLine(Value):
    """A study in a list."""

    id: str
    subject: str
    """A pseudonym."""
    title: str
    created: str
    images: tuple[ImageRef, ...]
    chats: tuple[str, ...]


class StudyView(Value):
    """A study with all that a viewer needs."""

    id: str
    subject: str
    title: str
    created: str
    images: tuple[ImageView, ...]
    chats: tuple[str, ...]
    notes: tuple[str, ...] = ()


def image_view(image: Image, facts: Facts) -> ImageView:
    window = default_window(image)
    left, right = _sides(image.ref)
    return ImageView(
        **image.ref.model_dump(),
        sides=SidesView(left=left, right=right),
        window=WindowView(low=window.low, high=window.high, name=window.name),
        range=(facts.low, facts.high),
        type=facts.type,
        axes=axes_of(image),
        shape_by_axis={axis: axis_view(image.ref, axis) for axis in axes_of(image)},
    )


def axis_view(ref: ImageRef, axis: Axis) -> AxisView:
    """Rows, columns and edges of the planes of one axis; A, P, S and I are front, back, head and foot."""
    left, right = _sides(ref)
    row, column, step = (ref.spacing.row, ref.spacing.column, ref.spacing.slice) if ref.spacing else (None, None, None)
    if axis == "coronal":
        return AxisView(
            planes=ref.rows, rows=ref.depth, columns=ref.columns, row_mm=step, column_mm=column,
            left=left, right=right, top="S", bottom="I",
        )  # fmt: skip
    if axis == "sagittal":
        return AxisView(
            planes=ref.columns, rows=ref.depth, columns=ref.rows, row_mm=step, column_mm=row,
            left="A", right="P", top="S", bottom="I",
        )  # fmt: skip
    top, bottom = ("A", "P") if axis == "axial" else ("", "")
    return AxisView(
        planes=ref.depth, rows=ref.rows, columns=ref.columns, row_mm=row, column_mm=column,
        left=left, right=right, top=top, bottom=bottom,
    )  # fmt: skip
