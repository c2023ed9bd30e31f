"""Figures: what is drawn lies where the evidence lies, in source pixels, and no picture outweighs its page."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef, Spacing
from readingroom.domain.region import Region
from readingroom.domain.report import Report
from readingroom.errors import ToolFailed
from readingroom.exports import figure as figures_file
from readingroom.exports.figure import build_figures
from readingroom.exports.outline import POINTS, box_path, line_path, mask_path
from readingroom.imaging.image import Image, Study
from tests.exports import sample

DEPTH, ROWS, COLUMNS = 20, 60, 80


def polygons(path: str) -> list[NDArray[np.float64]]:
    found = [re.findall(r"(-?[\d.]+) (-?[\d.]+)", part) for part in path.split("M")[1:]]
    return [np.array(points, np.float64) for points in found]


def filled(path: str, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Draw a path back, evenodd, eight times finer than a pixel, and keep what covers half of one."""
    fine = 8
    canvas = np.zeros((shape[0] * fine, shape[1] * fine), np.uint8)
    for points in polygons(path):
        one = np.zeros_like(canvas)
        cv2.fillPoly(one, [np.round(points * fine - 0.5).astype(np.int32)], 1)
        canvas ^= one
    parts = canvas.reshape(shape[0], fine, shape[1], fine).mean(axis=(1, 3))
    return np.asarray(parts >= 0.5)


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_box_and_line_are_written_in_source_pixels() -> None:
    assert box_path((1, 2.25, 30.04, 40)) == "M1 2.2H30V40H1Z"
    assert line_path((1, 2, 30, 40.5)) == "M1 2L30 40.5"


def test_a_rectangle_is_outlined_at_its_edges() -> None:
    mask = np.zeros((50, 70), bool)
    mask[10:20, 30:55] = True
    (points,) = polygons(mask_path(mask))
    assert np.allclose(points.min(axis=0), (30, 10), atol=0.2)
    assert np.allclose(points.max(axis=0), (55, 20), atol=0.2)


@pytest.mark.parametrize("size", [40, 400])
def test_an_outline_with_a_hole_covers_what_the_mask_covers(size: int) -> None:
    y, x = np.mgrid[0:size, 0:size] + 0.5
    far = np.hypot(x - size / 2, y - size / 2.5) / size
    mask = (far < 0.35) & (far > 0.15)
    path = mask_path(mask)
    assert path.count("M") == 2
    assert overlap(filled(path, mask.shape), mask) > 0.97


def test_a_single_pixel_has_an_outline_and_nothing_has_none() -> None:
    mask = np.zeros((9, 9), bool)
    assert mask_path(mask) == ""
    mask[4, 6] = True
    (points,) = polygons(mask_path(mask))
    assert np.allclose(points.mean(axis=0), (6.5, 4.5), atol=0.2)


def test_an_outline_of_noise_is_bounded() -> None:
    mask = np.random.default_rng(1).random((300, 300)) < 0.5
    assert sum(map(len, polygons(mask_path(mask)))) <= POINTS


def test_each_image_of_a_radiograph_study_is_one_figure() -> None:
    made = sample.build()
    figures = build_figures(made.report, made.study, made.masks)
    assert [(each.image_id, each.role, each.plane) for each in figures] == [
        ("img-1", "current", None), ("img-2", "prior", None), ("img-3", "lateral", None),
    ]  # fmt: skip
    assert [(each.side_left, each.side_right) for each in figures] == [("R", "L"), ("R", "L"), ("", "")]
    assert [each.caption for each in figures] == [
        "Frontal radiograph (PA)", "Prior: Frontal radiograph (AP)", "Lateral radiograph",
    ]  # fmt: skip
    assert {each.label: each.evidence for each in figures[0].overlays} == {
        "right lung": ("E1",), "left lung": ("E2",), "heart": ("E3",), "heart width": ("E4",), "thorax width": ("E4",),
        "opacity": ("E5",),
    }  # fmt: skip
    lung = next(each for each in figures[0].overlays if each.label == "right lung")
    assert overlap(filled(lung.path, (sample.ROWS, sample.COLUMNS)), made.masks["img-1-lung_right"]) > 0.98


def test_an_unknown_side_is_marked_so() -> None:
    made = sample.build()
    image = made.report.images[0].model_copy(update={"image_left": "unknown"})
    report = made.report.model_copy(update={"images": (image, *made.report.images[1:])})
    images = (Image(image, made.study.images[0].pixels), *made.study.images[1:])
    first = build_figures(report, Study("x", images), made.masks)[0]
    assert (first.side_left, first.side_right) == ("?", "?")


def test_evidence_that_shares_a_mask_shares_an_outline() -> None:
    made = sample.build()
    lung = made.report.evidence[0]
    again = lung.model_copy(update={"id": "E9", "summary": "area of the right lung"})
    report = made.report.model_copy(update={"evidence": (*made.report.evidence, again)})
    overlays = build_figures(report, made.study, made.masks)[0].overlays
    assert next(each for each in overlays if each.label == "right lung").evidence == ("E1", "E9")


def test_a_picture_is_grey_and_no_longer_than_a_page_needs() -> None:
    made = sample.build()
    tall = np.zeros((3000, 1500), np.uint16)
    tall[:, 700:] = 60000
    ref = made.report.images[0].model_copy(update={"rows": 3000, "columns": 1500})
    report = made.report.model_copy(update={"images": (ref, *made.report.images[1:])})
    study = Study("x", (Image(ref, tall), *made.study.images[1:]))
    first = build_figures(report, study, {})[0]
    picture = cv2.imdecode(np.frombuffer(first.png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape == (1024, 512)
    assert (first.rows, first.columns) == (3000, 1500)
    assert picture[500, 100] < 20
    assert picture[500, 400] > 235


def volume(regions: tuple[Region, ...]) -> tuple[Report, Study]:
    spacing = Spacing(row=1, column=1, slice=3, source="NIfTI affine", plane="patient")
    ref = ImageRef(id="ct", sha256="0" * 64, kind="volume", rows=ROWS, columns=COLUMNS, depth=DEPTH, units="HU",
                   modality="ct", spacing=spacing, image_left="right", name="CT")  # fmt: skip
    base = sample.build().report
    seen = Evidence(id="E1", observation="lesion", presence="present", summary="lesion", image_id="ct", regions=regions,
                    origin=sample.origin("segment", "s1"))  # fmt: skip
    report = base.model_copy(
        update={"images": (ref,), "evidence": (seen,), "findings": (), "impression": (), "verification": None}
    )
    pixels = np.zeros((DEPTH, ROWS, COLUMNS), np.float32)
    return report, Study("x", (Image(ref, pixels),))


def test_a_volume_is_shown_where_its_evidence_lies() -> None:
    mask = np.zeros((DEPTH, ROWS, COLUMNS), bool)
    mask[4:8, 20:40, 10:30] = True
    drawn = Region(image_id="ct", kind="mask", frame="source_pixels", box=(10, 20, 30, 40), mask_digest="m", plane=5)
    boxed = Region(image_id="ct", kind="box", frame="source_pixels", box=(50, 5, 60, 15), plane=7, label="node")
    report, study = volume((drawn, boxed))
    fifth, seventh, coronal = build_figures(report, study, {"m": mask})
    assert (fifth.plane, seventh.plane, coronal.plane) == (5, 7, None)
    assert [each.kind for each in fifth.overlays] == ["mask"]
    assert [each.kind for each in seventh.overlays] == ["mask", "box"]
    assert seventh.caption == "CT, slice 8 of 20"
    assert (coronal.columns, coronal.rows, coronal.pixel_height) == (COLUMNS, DEPTH, 3.0)
    (points,) = polygons(coronal.overlays[0].path)
    assert np.allclose((points[:, 1].min(), points[:, 1].max()), (DEPTH - 8, DEPTH - 4), atol=0.2)
    picture = cv2.imdecode(np.frombuffer(coronal.png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape == (DEPTH * 3, COLUMNS)


def test_a_volume_without_places_shows_its_middle_and_one_with_many_shows_few() -> None:
    report, study = volume(())
    assert [each.plane for each in build_figures(report, study, {})] == [DEPTH // 2, None]
    many = tuple(
        Region(image_id="ct", kind="box", frame="source_pixels", box=(1, 1, 9, 9), plane=plane)
        for plane in range(DEPTH)
    )
    report, study = volume(many)
    assert len(build_figures(report, study, {})) == figures_file.PLANES + 1


def test_a_mask_of_another_size_or_a_missing_image_is_told() -> None:
    made = sample.build()
    with pytest.raises(ToolFailed, match="does not fit image 'img-1'"):
        build_figures(made.report, made.study, {"img-1-lung_left": np.ones((4, 4), bool)})
    with pytest.raises(ToolFailed, match="no pixels for image 'img-3'"):
        build_figures(made.report, Study("x", made.study.images[:2]), made.masks)


def test_a_mask_that_is_not_at_hand_is_drawn_as_its_box() -> None:
    made = sample.build()
    overlays = build_figures(made.report, made.study, {})[0].overlays
    assert next(each for each in overlays if each.label == "right lung").kind == "box"
