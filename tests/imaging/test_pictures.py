"""PNG, JPEG, TIFF, BMP and GIF: depth kept, colour told, assumptions noted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from readingroom.errors import BadFile
from readingroom.imaging.image import Image
from readingroom.imaging.reader import read_study
from tests.imaging.dicom_files import ramp


def read(path: Path) -> Image:
    (image,) = read_study([path], subject_key=b"k").images
    return image


def rainbow() -> np.ndarray:
    grey = ramp(kind=np.uint8)
    return np.stack([grey, np.roll(grey, 30, 1), 255 - grey], -1)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_grey_keeps_its_depth(tmp_path: Path, kind: type, ending: str) -> None:
    pixels = ramp().astype(kind) * (257 if kind is np.uint16 else 1)
    Pillow.fromarray(pixels).save(tmp_path / f"a.{ending}")
    image = read(tmp_path / f"a.{ending}")
    assert image.pixels.dtype == kind
    assert np.array_equal(image.pixels, pixels)
    assert (image.ref.spacing, image.ref.modality, image.ref.image_left) == (None, "unknown", "unknown")
    assert image.ref.spacing_note


@pytest.mark.parametrize("ending", ["png", "bmp", "tif"])
def test_colour_is_kept(tmp_path: Path, ending: str) -> None:
    Pillow.fromarray(rainbow()).save(tmp_path / f"a.{ending}")
    image = read(tmp_path / f"a.{ending}")
    assert image.ref.colour
    assert np.array_equal(image.pixels, rainbow())


def test_grey_in_colour_is_grey(tmp_path: Path) -> None:
    grey = np.stack([ramp(kind=np.uint8)] * 3, -1)
    Pillow.fromarray(grey).save(tmp_path / "a.png")
    image = read(tmp_path / "a.png")
    assert np.array_equal(image.pixels, ramp(kind=np.uint8))
    assert image.ref.notes == ("A grey picture stored in colour; read as grey.",)
    smooth = np.mgrid[0:128, 0:128].sum(axis=0).astype(np.uint8)
    Pillow.fromarray(np.stack([smooth] * 3, -1)).save(tmp_path / "a.jpg", quality=70)
    assert read(tmp_path / "a.jpg").pixels.ndim == 2


def test_alpha_palette_and_one_bit(tmp_path: Path) -> None:
    Pillow.fromarray(np.dstack([rainbow(), np.full((80, 96), 9, np.uint8)])).save(tmp_path / "a.png")
    assert np.array_equal(read(tmp_path / "a.png").pixels, rainbow())
    Pillow.fromarray(rainbow()).quantize(200).save(tmp_path / "p.png")
    assert read(tmp_path / "p.png").pixels.shape == (80, 96, 3)
    Pillow.fromarray(ramp(kind=np.uint8)).convert("1").save(tmp_path / "b.png")
    assert set(np.unique(read(tmp_path / "b.png").pixels)) == {0, 255}
    Pillow.fromarray(rainbow()).save(tmp_path / "still.gif")
    assert read(tmp_path / "still.gif").ref.colour


def test_exif_orientation_is_applied_and_told(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    picture = Pillow.fromarray(rainbow())
    picture.save(tmp_path / "a.png", exif=exif)
    image = read(tmp_path / "a.png")
    assert np.array_equal(image.pixels, np.rot90(rainbow(), -1))
    assert image.ref.notes == ("Turned upright as its EXIF orientation asks.",)


def test_tiff_pages_become_frames_and_overviews_are_left(tmp_path: Path) -> None:
    frames = np.stack([ramp() + n for n in range(3)])
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for frame in frames:
            file.write(frame, photometric="minisblack", contiguous=False)
        file.write(frames[0, ::4, ::4], photometric="minisblack", contiguous=False)
    image = read(tmp_path / "a.tif")
    assert (image.ref.kind, image.ref.depth) == ("frames", 3)
    assert np.array_equal(image.pixels, frames)
    assert image.ref.notes == ("1 pages of another size were left out.",)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits"])
def test_compressed_tiff(tmp_path: Path, compression: str) -> None:
    Pillow.fromarray(ramp()).save(tmp_path / "a.tif", compression=compression)
    assert np.array_equal(read(tmp_path / "a.tif").pixels, ramp())


def test_float_min_is_white_and_planar_tiff(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "f.tif", ramp().astype(np.float64) / 7)
    assert read(tmp_path / "f.tif").pixels == pytest.approx(ramp() / 7, abs=1e-5)
    tifffile.imwrite(tmp_path / "w.tif", ramp(kind=np.uint8), photometric="miniswhite")
    assert np.array_equal(read(tmp_path / "w.tif").pixels, 255 - ramp(kind=np.uint8))
    tifffile.imwrite(tmp_path / "p.tif", np.moveaxis(rainbow(), -1, 0), photometric="rgb", planarconfig="separate")
    assert np.array_equal(read(tmp_path / "p.tif").pixels, rainbow())


def test_complex_tiff_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "c.tif", np.ones((8, 8), np.complex64))
    with pytest.raises(BadFile, match="no grey or colour"):
        read(tmp_path / "c.tif")


def test_a_picture_of_many_more_pixels_than_may_be_is_told_as_such(tmp_path: Path) -> None:
    Pillow.new("1", (20_000, 20_000)).save(tmp_path / "huge.png")
    with pytest.raises(BadFile, match="pixels are above the limit of 64 million"):
        read(tmp_path / "huge.png")
