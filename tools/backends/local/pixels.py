"""From the bytes of a picture to the numbers that a network takes, as each model's published server does it.

MedImageInsight (its MLflow wrapper in Azure/azureml-assets, and the configuration published with the weights): resize
to 512 x 512 whatever the aspect, RGB, JPEG of quality 75, decode, resize to 480 x 480 bicubic, 0..1, ImageNet mean and
deviation. Prov-GigaPath (demo/3_load_tile_encoder.py of its repository): shorter side to 256 bicubic, the middle
224 x 224, then the same scale. GigaTIME (scripts/db_test.py of its repository): the same scale, no resize.
Pillow does the resizing and the JPEG, as there; its default for `Image.resize` is bicubic.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from readingroom.errors import InputRefused
from readingroom.imaging.cleared import Cleared

Pixels = NDArray[np.float32]

INSIGHT_ID = "mi2-server-512-rgb-jpeg75-480-imagenet@1"
GIGAPATH_ID = "gigapath-tile-256-224-imagenet@1"
GIGATIME_ID = "gigatime-native-imagenet@1"

STANDARD_SIZE, STANDARD_QUALITY = 512, 75
"""Defaults of image_standardization_image_size and image_standardization_jpeg_compression_ratio."""
INSIGHT_SIZE = 480
"""IMAGE_ENCODER.IMAGE_SIZE of the published configuration."""
MEAN = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None]
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)[:, None, None]
MODES = ("1", "L", "LA", "P", "RGB", "RGBA")


def picture(cell: Cleared) -> Image.Image:
    """The decoded picture, 8 bits a channel. Raises InputRefused for anything else."""
    try:
        opened = Image.open(io.BytesIO(cell.content), formats=["PNG", "JPEG"])
        opened.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputRefused("the image is not a readable PNG or JPEG", where="image", do="Send file bytes.") from error
    if opened.mode not in MODES:
        what = f"the image has pixels of mode {opened.mode}, expected 8 bits a channel"
        raise InputRefused(what, where="image", do="Window it to 8 bits first.")
    return opened


def insight_picture(source: Image.Image, size: int, quality: int, side: int) -> Image.Image:
    """What MedImageInsight's network sees: `size` and `quality` are the request's, `side` the network's own.

    A grey picture stays one channel: as RGB its JPEG has no colour to lose and decodes to three equal channels.
    """
    standard = source.resize((size, size))
    if standard.mode != "L":
        standard = standard.convert("RGB")
    buffer = io.BytesIO()
    standard.save(buffer, format="JPEG", quality=quality)
    return Image.open(buffer).resize((side, side), Image.Resampling.BICUBIC)


def tile_picture(source: Image.Image) -> Image.Image:
    """What Prov-GigaPath's tile encoder sees: 224 x 224 from the middle of the tile at 256 on its shorter side."""
    width, height = source.size
    scale = 256 / min(width, height)
    # torchvision truncates the longer side and rounds the crop's corner; the same here, to land on the same pixels.
    size = (256 if width <= height else int(width * scale), 256 if height <= width else int(height * scale))
    resized = source.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
    return resized.crop((left, top, left + 224, top + 224))


def raw(source: Image.Image) -> NDArray[np.uint8]:
    """(3, H, W), 0..255, three equal channels for a grey picture."""
    if source.mode == "L":
        return np.repeat(np.asarray(source, np.uint8)[None], 3, axis=0)
    return np.ascontiguousarray(np.asarray(source.convert("RGB"), np.uint8).transpose(2, 0, 1))


def scaled(source: Image.Image) -> Pixels:
    """(3, H, W): 0..1, less ImageNet's mean, over its deviation."""
    numbers: Pixels = raw(source).astype(np.float32)
    numbers /= np.float32(255)
    numbers -= MEAN
    numbers /= DEVIATION
    return numbers


def windows(numbers: Pixels, side: int) -> tuple[Pixels, tuple[int, int]]:
    """(3, H, W) as (rows x columns, 3, side, side), row by row, and (rows, columns).

    A side that is not a multiple is filled up with its own edge, which `joined` takes off again.
    """
    _, height, width = numbers.shape
    rows, columns = -(-height // side), -(-width // side)
    whole = np.pad(numbers, ((0, 0), (0, rows * side - height), (0, columns * side - width)), mode="edge")
    parts = whole.reshape(3, rows, side, columns, side).transpose(1, 3, 0, 2, 4)
    return np.ascontiguousarray(parts.reshape(rows * columns, 3, side, side)), (rows, columns)


def joined(parts: Pixels, grid: tuple[int, int], size: tuple[int, int]) -> Pixels:
    """The inverse of `windows` for any number of channels, cut to `size` (height, width)."""
    (rows, columns), (_, channels, side, _) = grid, parts.shape
    whole = parts.reshape(rows, columns, channels, side, side).transpose(2, 0, 3, 1, 4)
    return np.ascontiguousarray(whole.reshape(channels, rows * side, columns * side)[:, : size[0], : size[1]])
