"""Where masks and boxes lie: an asymmetrical phantom in landscape, portrait and odd sizes, and volumes of any axes."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
from io import BytesIO
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image as Pillow

from readingroom.imaging.geometry import box_of_mask
from readingroom.model_server.answer_parse import category_of, probability_map
from readingroom.model_server.answer_parse3d import apart
from readingroom.tools.backends.classical.backend import BASELINE, ClassicalBackend
from readingroom.tools.backends.protocol import Segmented
from readingroom.tools.contracts.medimageparse import CATEGORIES
from readingroom.tools.contracts.volume_file import read_labels
from tests.model_server.asking import Drawn, blot, png, rows, score, settings

SIZES = [(96, 96), (96, 160), (160, 96), (97, 131), (333, 64)]
"""Rows and columns."""


def parsed(image: str, text: str, backend: Any) -> tuple[np.ndarray, list[str]]:
    """Probability maps (N, H, W) and categories."""
    answer = score(settings("medimageparse"), rows(["image", "text"], [image, text]), open_backend=lambda: backend)
    assert answer.status_code == 200, answer.text
    (row,) = answer.json()
    packed = json.loads(row["image_features"])
    assert packed["dtype"] == "uint8"
    levels = np.frombuffer(base64.b64decode(packed["data"]), np.uint8).reshape(packed["shape"])
    return levels, row["text_features"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("sd", [None, 2.5])
@pytest.mark.parametrize("colour", [False, True])
def test_a_mask_lies_on_the_pixels_submitted(size: tuple[int, int], sd: float | None, colour: bool) -> None:
    truth = blot(*size)
    pixels = np.where(truth, 250, 30).astype(np.uint8)
    if colour:
        pixels = np.stack([pixels, pixels, np.where(truth, 240, 90).astype(np.uint8)], axis=-1)
    levels, _ = parsed(png(pixels), "blot", Drawn(boundary_sd=sd))
    assert levels.shape == (1, *size)
    assert np.array_equal(levels[0] > 127.5, truth)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_are_taken_as_they_are_stored_whatever_exif_says(orientation: int) -> None:
    truth = blot(96, 160)
    file, exif = BytesIO(), Pillow.Exif()
    exif[0x0112] = orientation
    Pillow.fromarray(np.where(truth, 250, 30).astype(np.uint8)).save(file, "PNG", exif=exif)
    levels, _ = parsed(base64.b64encode(file.getvalue()).decode(), "blot", Drawn())
    assert np.array_equal(levels[0] > 127.5, truth)


@pytest.mark.parametrize("size", [(60, 96), (96, 60), (61, 97), (97, 33)])
@pytest.mark.parametrize("corner", [True, False])
def test_a_padded_picture_is_read_without_its_bars_and_answered_with_them(size: tuple[int, int], corner: bool) -> None:
    truth, side = blot(*size), max(size)
    top, left = (0, 0) if corner else ((side - size[0]) // 2, (side - size[1]) // 2)
    square = np.zeros((side, side), np.uint8)
    square[top : top + size[0], left : left + size[1]] = np.where(truth, 250, 30)
    backend = Drawn()
    levels, _ = parsed(png(square), "blot", backend)
    assert backend.images[0][0].pixels.shape == size
    assert np.array_equal(levels[0] > 127.5, square > 200)


def test_black_all_around_is_the_pictures_own() -> None:
    square = np.zeros((96, 96), np.uint8)
    square[10:90, 4:92] = np.where(blot(80, 88), 250, 30)
    backend = Drawn()
    parsed(png(square), "blot", backend)
    parsed(png(np.zeros((96, 96), np.uint8)), "blot", backend)
    assert [one.pixels.shape for (one,) in backend.images] == [(96, 96), (96, 96)]


def test_maps_come_in_the_order_of_the_targets() -> None:
    class Named(Drawn):
        async def segment(self, image: Any, targets: tuple[str, ...]) -> Any:
            (found,) = await super().segment(image, targets)
            mask = np.zeros_like(found.mask)
            mask[len(targets[0])] = True
            return (Segmented(targets[0], mask, 1.0, "", "", BASELINE),)

    pixels = np.zeros((40, 30), np.uint8)
    levels, categories = parsed(png(pixels), " heart &left lung&  polyp in colon endoscopy", Named())
    assert [int(np.flatnonzero((layer > 127).any(axis=1))[0]) for layer in levels] == [5, 9, 5]
    assert categories == ["heart anatomies", "lung", "tumor"]


def test_a_target_that_is_not_served_is_low_everywhere() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    answer = score(settings("medimageparse"), rows(["image", "text"], [png(pixels), "spleen & aorta"]))
    packed = json.loads(answer.json()[0]["image_features"])
    assert packed["shape"] == [2, 64, 64]
    assert not any(base64.b64decode(packed["data"]))


def test_a_text_does_not_make_a_scan_of_a_colour_picture() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    levels, _ = parsed(png(pixels), "brain in MRI & liver in CT abdomen", ClassicalBackend())
    assert levels.shape == (2, 64, 80)
    assert not levels.any()


def test_a_mask_that_is_not_assessable_stays_below_the_cut_and_shows() -> None:
    truth = blot(96, 96)
    levels, _ = parsed(png(np.where(truth, 250, 30).astype(np.uint8)), "blot", Drawn(quality=0.3))
    assert levels[0].max() == round(0.3 * 255)
    assert np.array_equal(levels[0] > 0, truth)


def test_the_edge_is_as_soft_as_the_outline_is_uncertain() -> None:
    mask = np.zeros((41, 41), np.bool_)
    mask[:, :20] = True
    soft = probability_map(Segmented("x", mask, 1.0, "", "", BASELINE, boundary_sd=4.0))
    line = soft[20].astype(float) / 255
    assert np.all(np.diff(line) <= 0)
    assert line[19 - 4] == pytest.approx(0.87, abs=0.01)  # Phi(4.5 / 4)
    assert line[20 + 4] == pytest.approx(0.13, abs=0.01)
    assert np.array_equal(soft > 127.5, mask)


def test_every_category_is_a_published_one() -> None:
    expected = {
        "liver": "liver", "left kidney": "kidney", "lower-grade glioma": "tumor", "COVID-19 infection": "infection",
        "optic disc": "eye anatomies", "aorta": "vessel", "myocardium": "heart anatomies", "edema": "fluid disturbance",
        "neoplastic cells": "tumor", "glandular structure": "histology structure", "lesion": "other lesion",
        "lung opacity": "other abnormality", "spleen": "other organ", "whatever": "other", "pancreas": "pancreas",
        "anterior hippocampus": "brain anatomies",
    }  # fmt: skip
    assert {name: category_of(name) for name in expected} == expected
    assert set(expected.values()) == set(CATEGORIES) - {"lung"}


def reported(pixels: np.ndarray, **cells: Any) -> list[Any]:
    body = rows(["frontal_image", *cells], [png(pixels), *cells.values()])
    answer = score(settings("cxrreportgen"), body, open_backend=lambda: Drawn(quote="There is an opacity."))
    assert answer.status_code == 200, answer.text
    output = answer.json()[0]["output"]
    assert isinstance(output, str)  # JSON in a string, as recorded
    return json.loads(output)


@pytest.mark.parametrize("size", SIZES)
def test_boxes_are_of_the_middle_square(size: tuple[int, int]) -> None:
    truth = blot(*size)
    ((sentence, boxes),) = reported(np.where(truth, 250, 30).astype(np.uint8))
    assert sentence == "There is an opacity."
    side, (height, width) = min(size), size
    x0, y0, x1, y1 = boxes[0]
    back = (
        x0 * side + (width - side) / 2, y0 * side + (height - side) / 2,
        x1 * side + (width - side) / 2, y1 * side + (height - side) / 2,
    )  # fmt: skip
    assert back == pytest.approx(box_of_mask(truth))


def test_what_lies_outside_the_square_has_no_box() -> None:
    pixels = np.full((60, 200), 30, np.uint8)
    pixels[10:20, 5:40] = 250  # left of column 70, where the square begins
    assert reported(pixels) == [["There is an opacity.", None]]
    pixels[10:20, 5:100] = 250
    ((_, boxes),) = reported(pixels)
    assert boxes == [[0.0, pytest.approx(10 / 60), 0.5, pytest.approx(20 / 60)]]


def test_context_reaches_the_backend_with_its_role() -> None:
    backend = Drawn(quote="x")
    film = png(np.full((50, 50), 30, np.uint8))
    body = rows(
        ["prior_report", "lateral_image", "frontal_image", "indication", "comparison", "prior_image", "technique"],
        ["Clear lungs.", film, film, "Cough.", "None", film, ""],
    )
    assert score(settings("cxrreportgen"), body, open_backend=lambda: backend).status_code == 200
    assert [image.ref.role for image in backend.images[0]] == ["current", "lateral", "prior"]
    assert len({image.ref.id for image in backend.images[0]}) == 3
    (request,) = backend.requests
    assert (request.indication, request.prior_report, request.technique) == ("Cough.", "Clear lungs.", None)


def test_a_report_needs_its_frontal_film() -> None:
    answer = score(settings("cxrreportgen"), rows(["indication"], ["cough"]))
    assert answer.headers["ms-azureml-model-error-statuscode"] == "400"


ORIENTATIONS = [
    (order, signs)
    for order in ((0, 1, 2), (1, 2, 0), (2, 1, 0))
    for signs in itertools.islice(itertools.product((1, -1), repeat=3), 0, 8, 3)
]


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
@pytest.mark.parametrize("packed", [True, False])
def test_labels_lie_on_the_voxels_submitted(order: tuple[int, ...], signs: tuple[int, ...], packed: bool) -> None:
    truth = np.zeros((9, 12, 15), np.bool_)
    truth[2:6, 3:5, 4:12] = True
    truth[4:8, 3:9, 4:6] = True
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[:, list(order)] * np.array(signs) * 2.0
    content = nib.Nifti1Image(np.where(truth, 250, 30).astype(np.uint8), affine).to_bytes()
    cell = base64.b64encode(gzip.compress(content) if packed else content).decode()
    body = rows(["image", "text"], [cell, "nothing of the kind & blot"])

    class Second(Drawn):
        async def segment(self, image: Any, targets: tuple[str, ...]) -> Any:
            found = await super().segment(image, targets)
            return (
                found if targets == ("blot",) else (Segmented("x", np.zeros_like(found[0].mask), 0, "", "", BASELINE),)
            )

    answer = score(settings("medimageparse3d"), body, open_backend=Second)
    assert answer.status_code == 200, answer.text
    file = base64.b64decode(json.loads(answer.json()[0]["nifti_file"])["data"])
    labels = read_labels(file, "test", shape=(15, 12, 9), like=content)
    assert np.array_equal(labels, 2 * truth.transpose(2, 1, 0))


def test_of_two_targets_that_overlap_the_smaller_keeps_the_voxel() -> None:
    body, liver = np.ones((2, 3, 4), np.bool_), np.zeros((2, 3, 4), np.bool_)
    liver[0, 1, 1:3] = True
    for order in ((body, liver), (liver, body)):
        told = apart(np.stack(order))
        assert np.array_equal(told[[mask is liver for mask in order].index(True)], liver)
        assert np.array_equal(told.sum(axis=0), body)


def test_markers_are_nuclei_and_nothing_that_is_not_known() -> None:
    truth = blot(300, 200)
    body = rows(["image"], [png(np.where(truth, 250, 30).astype(np.uint8))])
    (maps,) = score(settings("gigatime"), body, open_backend=Drawn).json()
    found = np.asarray(maps)
    assert found.shape == (23, 256, 171)
    assert not found[1:].any()
    inside = np.argwhere(found[0] >= 0.5)
    drawn = np.argwhere(truth)
    assert inside.min(axis=0) / (256, 171) == pytest.approx(drawn.min(axis=0) / (300, 200), abs=0.01)
    assert inside.max(axis=0) / (256, 171) == pytest.approx(drawn.max(axis=0) / (300, 200), abs=0.01)
