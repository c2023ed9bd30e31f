"""One blob at a known place of an image of every shape: the models' masks and boxes come back on its pixels."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from readingroom.domain.image import ImageRef
from readingroom.domain.request import Request
from readingroom.imaging.image import Image
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.backends.endpoint.endpoint import Endpoint
from readingroom.tools.backends.foundation.backend import FoundationBackend
from tests.tools.backends.foundation.blob_server import KEY, blob_server

SHAPES = [(700, 1100), (1100, 700), (901, 1357), (1357, 901), (640, 640), (333, 1999)]
"""Rows and columns: landscape, portrait, odd, square, far from square."""

PATHS = {"medimageparse": "parse", "medimageparse3d": "parse3d", "cxrreportgen": "report", "gigatime": "markers"}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, list[str]]]:
    with blob_server() as found:
        yield found


def asked(served: tuple[str, list[str]], call: Callable[[FoundationBackend], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        endpoints = {
            model: Endpoint(model, EndpointConfig(address=f"{served[0]}/{path}/score", key=SecretStr(KEY)), cache=None)
            for model, path in PATHS.items()
        }
        try:
            return await call(FoundationBackend("endpoint", endpoints))
        finally:
            for endpoint in endpoints.values():
                await endpoint.aclose()

    return asyncio.run(run())


def image(shape: tuple[int, int], modality: str, anatomy: str, *, middle: bool = False, colour: bool = False) -> Image:
    """Dark, with one bright rectangle off the middle (or within the middle square, for models that see only it)."""
    rows, columns = shape
    pixels = np.full(shape, 40, np.uint8)
    side = min(shape)
    top, left = ((rows - side) // 2, (columns - side) // 2) if middle else (0, 0)
    reach = (side, side) if middle else shape
    pixels[top + reach[0] // 8 : top + reach[0] // 3, left + reach[1] * 5 // 8 : left + reach[1] * 7 // 8] = 250
    if colour:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
        pixels[0, 0] = (10, 20, 30)
    ref = ImageRef(
        id="img-1", sha256="0" * 64, kind="image", rows=rows, columns=columns, colour=colour,
        units="colour" if colour else "grey", modality=modality, anatomy=anatomy, image_left="right",
    )  # fmt: skip
    return Image(ref, pixels)


def bright_box(pixels: np.ndarray) -> tuple[int, int, int, int]:
    found = np.argwhere((pixels if pixels.ndim == 2 else pixels[..., 0]) > 200)
    (top, left), (bottom, right) = found.min(axis=0), found.max(axis=0) + 1
    return left, top, right, bottom


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_mask_of_medimageparse_lies_on_its_source_pixels(served, shape):
    picture = image(shape, "x_ray", "chest")
    (found, other) = asked(served, lambda backend: backend.segment(picture, ("left lung", "spleen")))
    truth = picture.pixels > 200
    assert found.mask.shape == shape
    assert found.assessable
    overlap = (found.mask & truth).sum() / (found.mask | truth).sum()
    sent_pixel = max(shape) / 1024
    assert overlap > 1 - 4 * sent_pixel * sum(truth.any(axis=a).sum() for a in (0, 1)) / truth.sum()
    assert other.absent
    assert not other.mask.any()
    assert "does not list" in other.caveat


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_box_of_cxrreportgen_lies_on_its_source_pixels(served, shape):
    film = image(shape, "x_ray", "chest", middle=True)
    draft = asked(served, lambda backend: backend.draft((film,), Request(indication="Cough.")))
    nodule, effusion = draft.findings
    assert (nodule.observation, nodule.presence, nodule.laterality) == ("nodule", "present", "right")
    assert (effusion.observation, effusion.presence) == ("pleural_effusion", "absent")
    assert not effusion.boxes
    (box,) = nodule.boxes
    sent_pixel = max(1.0, min(shape) / 1024)
    assert np.allclose(box, bright_box(film.pixels), atol=1.5 * sent_pixel)


@pytest.mark.parametrize("shape", [(400, 620), (620, 400), (301, 455), (512, 512)], ids=str)
def test_a_marker_of_gigatime_lies_on_its_source_pixels(served, shape):
    tile = image(shape, "pathology", "colon", middle=True, colour=True)
    (found,) = asked(served, lambda backend: backend.segment(tile, ("CD3",)))
    left, top, right, bottom = bright_box(tile.pixels)
    rows, columns = np.nonzero(found.mask)
    got = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert np.allclose(got, (left, top, right, bottom), atol=2)


@pytest.mark.parametrize("shape", [(9, 40, 56), (12, 57, 31)], ids=str)
def test_a_mask_of_medimageparse3d_lies_on_its_source_voxels(served, shape):
    voxels = np.full(shape, -900, np.float32)
    voxels[2:5, 5:17, 9:14] = 400
    affine = np.array([[0.0, 0.0, 0.8, -20.0], [0.0, 0.7, 0.0, -30.0], [2.5, 0.0, 0.0, 100.0], [0.0, 0.0, 0.0, 1.0]])
    ref = ImageRef(
        id="img-1", sha256="0" * 64, kind="volume", rows=shape[1], columns=shape[2], depth=shape[0], units="HU",
        modality="ct", anatomy="abdomen", image_left="right",
    )  # fmt: skip
    (found,) = asked(served, lambda backend: backend.segment(Image(ref, voxels, affine=affine), ("liver",)))
    assert np.array_equal(found.mask, voxels > 0)
