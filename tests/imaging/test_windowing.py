"""Pixels as they are shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from readingroom.domain.image import ImageRef
from readingroom.errors import BadRequest
from readingroom.imaging.image import Image, Window
from readingroom.imaging.windowing import CT_PRESETS, default_window, display_gray, display_rgb, plane_of, preset


def image(pixels: np.ndarray, window: Window | None = None, **changes: Any) -> Image:
    kind = changes.pop("kind", "image")
    shape = pixels.shape if kind == "image" else pixels.shape[1:]
    fields = {"id": "a", "sha256": "", "kind": kind, "rows": shape[0], "columns": shape[1], **changes}
    return Image(ImageRef.model_validate(fields), pixels, window)


def test_a_window_maps_its_ends_to_0_and_1() -> None:
    pixels = np.array([[-500, -150, 50, 250, 900]], np.float32)
    shown = display_gray(image(pixels, units="HU"), window=CT_PRESETS["abdomen"])
    assert shown.dtype == np.float32
    assert shown[0] == pytest.approx([0, 0, 0.5, 1, 1])


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16, np.int32, np.float32])
def test_every_kind_of_pixel_is_shown_alike(kind: type) -> None:
    pixels = np.array([[0, 10, 50, 110]], kind)
    assert display_gray(image(pixels, Window(10, 110)))[0] == pytest.approx([0, 0, 0.4, 1], abs=1e-5)


def test_the_window_follows_image_anatomy_and_depth() -> None:
    hu = np.zeros((4, 4), np.float32)
    assert default_window(image(hu, Window(1, 2, "own"))).name == "own"
    assert default_window(image(hu, units="HU", anatomy="brain")) == CT_PRESETS["brain"]
    assert default_window(image(hu, units="HU")) == CT_PRESETS["abdomen"]
    assert default_window(image(np.zeros((4, 4), np.uint8))) == Window(0, 255, "all 8 bits")
    wide = np.arange(1000, dtype=np.uint16).reshape(20, 50)
    assert default_window(image(wide)).low == pytest.approx(5, abs=1)
    assert default_window(image(wide)).high == pytest.approx(994, abs=1)


def test_a_constant_image_is_shown_without_dividing_by_zero() -> None:
    assert np.isfinite(display_gray(image(np.full((4, 4), 7, np.uint16)))).all()


def test_colour_stays_and_grey_is_repeated() -> None:
    colour = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    assert np.array_equal(display_rgb(image(colour, colour=True)), colour)
    grey = display_rgb(image(np.array([[0, 128, 255]], np.uint8)))
    assert grey.tolist() == [[[0, 0, 0], [128, 128, 128], [255, 255, 255]]]
    white = display_gray(image(np.full((2, 2, 3), 255, np.uint8), colour=True))
    assert white == pytest.approx(np.ones((2, 2)), abs=1e-6)


def test_planes_are_as_stored_and_the_middle_one_is_the_default() -> None:
    volume = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    shown = image(volume, kind="volume", depth=3)
    assert np.array_equal(plane_of(shown, None), volume[1])
    assert np.array_equal(plane_of(shown, 2), volume[2])
    with pytest.raises(BadRequest, match="no plane 3"):
        plane_of(shown, 3)


def test_presets_are_asked_by_name() -> None:
    assert preset("lung") == Window(-1000, 1000, "preset lung")
    with pytest.raises(BadRequest, match="liver"):
        preset("toe")
