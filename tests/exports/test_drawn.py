"""Figures for paper: outlines lie where the path says, sides are told, and the same figure gives the same picture."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from readingroom.errors import ToolFailed
from readingroom.exports.caption import alt, colours_of
from readingroom.exports.drawn import INKS, drawn, paths
from readingroom.exports.figure import Figure, Overlay
from readingroom.exports.html import environment


def figure(**changes: object) -> Figure:
    png = cv2.imencode(".png", np.zeros((700, 700), np.uint8))[1].tobytes()
    box = Overlay(("E1",), "box", "M100 200H600V500H100Z", "lung")
    made = Figure("i", None, png, 700, 700, "A radiograph", "current", (box,), "", "")
    return replace(made, **changes)


def picture(made: Figure) -> np.ndarray:  # type: ignore[type-arg]
    return cv2.imdecode(np.frombuffer(drawn(made, colours_of([made])), np.uint8), cv2.IMREAD_COLOR)


def test_paths_are_what_outline_writes() -> None:
    (box, closed), (line, opened) = paths("M1 2H5V7H1ZM0 0.5L3 4")
    assert (box.tolist(), closed) == ([[1, 2], [5, 2], [5, 7], [1, 7]], True)
    assert (line.tolist(), opened) == ([[0, 0.5], [3, 4]], False)


def test_the_outline_lies_on_the_source_pixels() -> None:
    shown = picture(figure())
    rows, columns = np.nonzero(shown.max(axis=2) > 100)
    assert abs(int(columns.min()) - 100) <= 2
    assert abs(int(columns.max()) - 600) <= 2
    assert abs(int(rows.min()) - 200) <= 2
    assert abs(int(rows.max()) - 500) <= 2
    assert tuple(shown[350, 600][::-1]) == tuple(bytes.fromhex(INKS[0]))
    assert shown[350, 350].max() == 0


def test_a_half_sized_picture_is_drawn_to_its_scale() -> None:
    small = cv2.imencode(".png", np.zeros((350, 700), np.uint8))[1].tobytes()
    shown = picture(figure(png=small, pixel_height=0.5))
    rows = np.nonzero((shown.max(axis=2) > 100).any(axis=1))[0]
    assert abs(int(rows.min()) - 100) <= 2
    assert abs(int(rows.max()) - 250) <= 2


def test_sides_are_written_into_the_upper_corners() -> None:
    plain = picture(figure(overlays=()))
    told = picture(figure(overlays=(), side_left="R", side_right="L"))
    columns = np.nonzero((plain != told).any(axis=(0, 2)))[0]
    assert columns.min() < 60
    assert columns.max() > 640


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert drawn(figure(), {"E1": 2}) == drawn(figure(), {"E1": 2})
    assert drawn(figure(), {"E1": 2}) != drawn(figure(), {"E1": 3})


def test_colours_are_those_of_the_page() -> None:
    style = environment().get_template("palette.css.j2").render()
    assert all(f".c{place} {{ --ink: #{ink}; }}" in style for place, ink in enumerate(INKS))


def test_a_picture_that_is_none_is_told() -> None:
    with pytest.raises(ToolFailed, match="cannot be read"):
        drawn(figure(png=b"x"), {})
    assert alt(figure()) == "A radiograph. Outlined: lung (E1)."
