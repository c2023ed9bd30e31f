"""Three planes of a volume: which way up they stand, where they cut, and what is drawn on them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from readingroom.domain.image import ImageRef, Spacing
from readingroom.exports.planes import LONGEST, Outlined, planes_of
from readingroom.imaging.image import Image, Window

SHAPE = (20, 30, 40)
"""Slices upwards, rows to the back, columns to the patient's left."""


def volume(**more):
    given = {"kind": "volume", "rows": 30, "columns": 40, "depth": 20, "image_left": "right", "units": "HU", **more}
    spacing = Spacing(row=1.0, column=1.0, slice=2.0, source="test", plane="patient")
    pixels = np.full(SHAPE, -1000, np.float32)
    pixels[15:, :8, 30:] = 1000  # above, in front, on the patient's left
    return Image(ImageRef(id="img-1", sha256="0" * 64, spacing=spacing, **given), pixels, Window(-1000, 1000))


def bright(figure):
    """Middle of what is bright, from the upper left corner, as shares of the picture."""
    picture = cv2.imdecode(np.frombuffer(figure.png, np.uint8), cv2.IMREAD_GRAYSCALE)
    rows, columns = np.nonzero(picture > 128)
    return rows.mean() / picture.shape[0], columns.mean() / picture.shape[1], picture.shape


def mask():
    held = np.zeros(SHAPE, np.bool_)
    held[16:19, 2:6, 32:38] = True
    return Outlined("E1", "lesion", held)


def test_the_head_is_up_the_front_is_left_and_the_patients_left_is_right():
    axial, coronal, sagittal = planes_of(volume(), (mask(),))
    for figure, (top, left) in ((axial, (0.13, 0.87)), (coronal, (0.12, 0.87)), (sagittal, (0.12, 0.13))):
        row, column, _ = bright(figure)
        assert (row, column) == pytest.approx((top, left), abs=0.03), figure.caption
    assert (axial.side_left, axial.side_right) == (coronal.side_left, coronal.side_right) == ("R", "L")
    assert (sagittal.side_left, sagittal.side_right) == ("A", "P")


def test_they_cut_where_most_of_the_outline_lies_and_in_true_proportions():
    figures = planes_of(volume(), (mask(),))
    assert [figure.caption.split(", ")[-1] for figure in figures] == ["17 of 20", "3 of 30", "33 of 40"]
    assert all(figure.overlays[0].evidence == ("E1",) for figure in figures)
    heights = [bright(figure)[2] for figure in figures]
    assert [rows / columns for rows, columns in heights] == pytest.approx([30 / 40, 40 / 40, 40 / 30], abs=0.05)
    assert max(max(shape) for shape in heights) <= LONGEST


def test_without_an_outline_the_middle_is_shown_and_one_that_does_not_fit_is_left_out():
    flat = Outlined("E2", "flat", np.ones((30, 40), np.bool_))
    figures = planes_of(volume(image_left="unknown"), (flat,))
    assert [figure.caption.split(", ")[-1] for figure in figures] == ["11 of 20", "16 of 30", "21 of 40"]
    assert all(figure.overlays == () for figure in figures)
    assert figures[0].side_left == "?"


def test_a_single_image_is_one_picture():
    ref = ImageRef(id="img-1", sha256="0" * 64, kind="image", rows=10, columns=20, name="film")
    (figure,) = planes_of(Image(ref, np.zeros((10, 20), np.uint8)), (Outlined("E1", "", np.eye(10, 20) > 0),))
    assert (figure.caption, len(figure.overlays), figure.side_left) == ("film", 1, "")
