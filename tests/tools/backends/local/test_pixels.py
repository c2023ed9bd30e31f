"""The pixels that a network is given are those that the published servers give it."""

import io

import numpy as np
import pytest
from PIL import Image

from readingroom.errors import InputRefused
from readingroom.tools.backends.local.pixels import (
    insight_picture,
    joined,
    picture,
    raw,
    scaled,
    tile_picture,
    windows,
)
from tests.tools.backends.local.networks import as_cleared, cleared, phantom, published_pixels

SIZES = [(512, 512), (700, 500), (333, 801)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("colour", [False, True])
def test_medimageinsight_sees_the_published_pixels(size, colour):
    shown = phantom(*size, colour=colour)
    seen = raw(insight_picture(picture(cleared(shown)), 512, 75, 480))
    assert np.array_equal(seen, published_pixels(shown))


def test_the_scale_is_that_of_imagenet():
    numbers = scaled(Image.new("RGB", (2, 2), (255, 0, 124)))
    assert numbers.dtype == np.float32
    assert numbers[:, 0, 0] == pytest.approx(
        [(1 - 0.485) / 0.229, -0.456 / 0.224, (124 / 255 - 0.406) / 0.225], rel=1e-6
    )


@pytest.mark.parametrize(("size", "corner"), [((300, 300), (16, 16)), ((600, 300), (144, 16)), ((300, 601), (16, 144))])
def test_a_tile_is_cut_from_its_middle(size, corner):
    """The crop of a picture whose colour is its place shows where it was taken."""
    width, height = size
    places = np.zeros((height, width, 3), np.uint8)
    places[..., 0] = np.linspace(0, 255, width)[None, :]
    places[..., 1] = np.linspace(0, 255, height)[:, None]
    seen = np.asarray(tile_picture(Image.fromarray(places)))
    assert seen.shape == (224, 224, 3)
    scale = 256 / min(size)
    left, top = seen[112, 0, 0] / 255 * width * scale, seen[0, 112, 1] / 255 * height * scale
    assert (left, top) == pytest.approx(corner, abs=2.5)


@pytest.mark.parametrize("size", [(256, 256), (512, 256), (300, 520), (5, 700)])
def test_windows_come_together_again_on_the_same_pixels(size):
    numbers = scaled(phantom(*size, colour=True))
    parts, grid = windows(numbers, 256)
    assert parts.shape == (grid[0] * grid[1], 3, 256, 256)
    assert np.array_equal(parts[0][:, : min(256, size[1]), : min(256, size[0])], numbers[:, :256, :256])
    assert np.array_equal(joined(parts, grid, (size[1], size[0])), numbers)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_bytes_that_are_no_picture_are_refused(content):
    with pytest.raises(InputRefused, match="not a readable PNG"):
        picture(as_cleared(content))


def test_a_cut_off_picture_is_refused():
    whole = cleared(phantom(64, 64)).content
    with pytest.raises(InputRefused, match="not a readable PNG"):
        picture(as_cleared(whole[: len(whole) // 2]))


def test_sixteen_bits_are_refused_not_clipped():
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8), 40000, np.uint16)).save(buffer, format="PNG")
    with pytest.raises(InputRefused, match="expected 8 bits"):
        picture(as_cleared(buffer.getvalue()))
