"""PNG made here: other decoders see the same pixels, and nothing but pixels is in the file."""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from readingroom.imaging.png import encode_png


def chunks(data: bytes) -> list[bytes]:
    """The kinds of chunk, in order; their CRCs are for the decoders to check."""
    at, kinds = 8, []
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kinds.append(data[at + 4 : at + 8])
        at += 12 + length
    return kinds


def picture(rows: int, columns: int, *, colour: bool, seed: int) -> NDArray[np.uint8]:
    shape = (rows, columns, 3) if colour else (rows, columns)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


@given(st.integers(1, 70), st.integers(1, 70), st.booleans(), st.integers(0, 1000))
def test_pillow_and_opencv_see_the_same_pixels(rows: int, columns: int, colour: bool, seed: int) -> None:
    pixels = picture(rows, columns, colour=colour, seed=seed)
    data = encode_png(pixels)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == ("RGB" if colour else "L")
        assert (np.asarray(image) == pixels).all()
    seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (seen[..., ::-1] == pixels).all() if colour else (seen == pixels).all()


def test_nothing_but_pixels_is_in_the_file() -> None:
    assert chunks(encode_png(picture(9, 5, colour=False, seed=1))) == [b"IHDR", b"IDAT", b"IEND"]


def test_the_same_pixels_make_the_same_bytes_wherever_they_lie_in_memory() -> None:
    pixels = picture(40, 60, colour=False, seed=2)
    assert encode_png(pixels[::2, ::3]) == encode_png(pixels[::2, ::3].copy())


def test_a_smooth_picture_takes_far_less_than_its_pixels() -> None:
    ramp = np.add.outer(np.arange(512), np.arange(512)).astype(np.uint8)
    assert len(encode_png(ramp)) < ramp.size / 20


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint16), np.zeros((4, 4, 4), np.uint8), np.zeros(4, np.uint8), np.zeros((0, 4), np.uint8)],
)
def test_what_is_no_picture_of_8_bits_is_refused(pixels: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="no PNG of"):
        encode_png(pixels)
