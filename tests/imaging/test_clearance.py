"""What leaves: pixels alone, with burned-in words refused, painted over or let through as told."""

from __future__ import annotations

import ast
import gzip
import hashlib
import io
from pathlib import Path

import cv2
import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from readingroom.errors import EgressRefused
from readingroom.imaging.burned_in import find_text
from readingroom.imaging.clearance import Way, clear, clear_volume, slices_to_look_at
from readingroom.imaging.cleared import Cleared

PACKAGE = Path(__file__).resolve().parents[2]
STRETCH = Way("test-stretch256-v1", "stretch", 256)
CROP = Way("test-crop512-v1", "crop", 512, grows=False)


def film(*, seed: int = 0, rows: int = 500, columns: int = 640) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    clouds = cv2.GaussianBlur(rng.normal(0, 1, (rows, columns)), (0, 0), 40)
    return np.clip(60 + 40 * clouds / np.abs(clouds).max() + rng.normal(0, 2, clouds.shape), 0, 255).astype(np.uint8)


def with_words(pixels: NDArray[np.uint8], text: str, at: tuple[int, int], size: int = 32) -> NDArray[np.uint8]:
    image = Image.fromarray(pixels)
    fill: int | tuple[int, int, int] = 255 if pixels.ndim == 2 else (255, 255, 0)
    ImageDraw.Draw(image).text(at, text, fill=fill, font=ImageFont.load_default(size))
    return np.array(image)


def sent(cleared: Cleared) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(cleared.content)) as image:
        return np.array(image)


def test_a_clean_picture_says_what_it_is() -> None:
    cleared = clear(film(), STRETCH)
    assert (cleared.clearance, cleared.text_found) == ("clean", ())
    assert cleared.sha256 == hashlib.sha256(cleared.content).hexdigest()
    assert (cleared.columns, cleared.rows, cleared.source_columns, cleared.source_rows) == (256, 256, 640, 500)
    assert (cleared.media, cleared.preprocessing_id, cleared.how) == ("image/png", "test-stretch256-v1", "stretch")
    assert sent(cleared).shape == (256, 256)


def test_words_are_refused_by_default_and_the_error_says_where_but_not_what() -> None:
    with pytest.raises(EgressRefused) as refused:
        clear(with_words(film(), "MILLER ANNA", (40, 60)), STRETCH)
    line = str(refused.value)
    assert "1 line of text" in line
    assert "x 4" in line
    assert "y 6" in line
    assert '"mask"' in line
    assert '"allow"' in line
    assert "MILLER" not in line.upper().replace("MAY NAME", "")


@pytest.mark.parametrize("text", ["MILLER ANNA", "ID 4711-0815", "born 12.03.1974", "Garcia Lopez, Maria"])
@pytest.mark.parametrize("size", [24, 40])
def test_masked_words_are_gone_and_the_rest_is_untouched(text: str, size: int) -> None:
    plain = film()
    named = with_words(plain, text, (60, 60), size)
    way = Way("test-stretch640-v1", "stretch", 640)
    cleared = clear(named, way, "mask")
    assert cleared.clearance == "masked"
    assert cleared.text_found
    before, after = sent(clear(named, way, "allow")), sent(cleared)
    ink = np.abs(before.astype(int) - sent(clear(plain, way))) > 80
    assert (after[ink] > 180).mean() < 0.1
    assert not [line for line in find_text(after) if line.names]
    assert (after[300:] == before[300:]).all()


def test_allowed_words_are_sent_and_reported() -> None:
    cleared = clear(with_words(film(), "MILLER ANNA", (40, 60)), STRETCH, "allow")
    assert cleared.clearance == "allowed"
    x0, y0, x1, y1 = cleared.text_found[0]
    assert 30 <= x0 < x1 <= 300
    assert 55 <= y0 < y1 <= 110


def test_words_in_colour_are_seen_too() -> None:
    colour = np.repeat(film()[..., None], 3, axis=2)
    with pytest.raises(EgressRefused, match="1 line of text"):
        clear(with_words(colour, "MILLER ANNA", (40, 60)), STRETCH)
    assert sent(clear(colour, STRETCH)).shape == (256, 256, 3)


def test_a_marker_alone_is_sent() -> None:
    assert clear(with_words(film(), "R", (40, 60), 60), STRETCH).clearance == "clean"


def test_only_what_is_sent_counts() -> None:
    """Words in the margin that a crop leaves out do not leave; those in the middle do, told in source pixels."""
    wide = film(columns=1400)
    assert clear(with_words(wide, "MILLER ANNA", (20, 60)), CROP).clearance == "clean"
    with pytest.raises(EgressRefused, match=r"x 6\d\d"):
        clear(with_words(wide, "MILLER ANNA", (600, 60)), CROP)


def test_print_too_small_to_be_read_in_what_is_sent_does_not_count() -> None:
    large = cv2.resize(film(), (2560, 2000), interpolation=cv2.INTER_CUBIC)
    named = with_words(np.asarray(large, np.uint8), "MILLER ANNA", (40, 60), 14)
    assert clear(named, STRETCH).clearance == "clean"
    with pytest.raises(EgressRefused):
        clear(named, Way("test-native-v1", "stretch", 2000))


def test_a_header_that_tells_of_burned_in_text_counts_as_text_found() -> None:
    for policy in ("refuse", "mask"):
        with pytest.raises(EgressRefused, match="the header says that text is burned"):
            clear(film(), STRETCH, policy, told="yes")
    assert clear(film(), STRETCH, "allow", told="yes").clearance == "allowed"
    assert clear(film(), STRETCH, told="no").clearance == "clean"


def test_a_smaller_source_is_not_enlarged_unless_the_model_needs_it() -> None:
    small = film(rows=200, columns=301)
    assert clear(small, CROP).columns == 200
    assert clear(small, STRETCH).columns == 256


def volume() -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    voxels = np.random.default_rng(0).integers(-1000, 1000, (5, 40, 60)).astype(np.int16)
    return voxels, np.array([[0.7, 0, 0, -10], [0, 0.8, 0, -20], [0, 0, 2.5, 30], [0, 0, 0, 1.0]])


def test_a_volume_is_its_voxels_and_its_affine_alone() -> None:
    voxels, affine = volume()
    cleared = clear_volume(voxels, affine, np.zeros((2, 40, 60), np.uint8), "test-nifti-v1")
    assert cleared.content == clear_volume(voxels, affine, np.zeros((2, 40, 60), np.uint8), "test-nifti-v1").content
    file = nib.Nifti1Image.from_bytes(gzip.decompress(cleared.content))
    assert np.asarray(file.dataobj).transpose(2, 1, 0).tolist() == voxels.tolist()
    assert nib.aff2axcodes(file.affine) == ("L", "P", "S")
    assert np.allclose(np.diag([-1, -1, 1, 1]) @ file.affine, affine)
    header = file.header
    assert not len(header.extensions)
    for name in ("descrip", "aux_file", "intent_name", "db_name"):
        assert not header[name].item().strip(b"\0")
    assert (cleared.depth, cleared.rows, cleared.columns) == (5, 40, 60)


def test_words_in_a_slice_keep_the_volume_here() -> None:
    voxels, affine = volume()
    shown = np.stack([film(), with_words(film(), "MILLER ANNA", (40, 60))])
    for policy in ("refuse", "mask"):
        with pytest.raises(EgressRefused, match="1 line of text"):
            clear_volume(voxels, affine, shown, "test-nifti-v1", policy)
    assert clear_volume(voxels, affine, shown, "test-nifti-v1", "allow").clearance == "allowed"


@pytest.mark.parametrize("depth", [1, 2, 9, 10, 133])
def test_the_ends_of_a_volume_are_looked_at(depth: int) -> None:
    looked = slices_to_look_at(depth)
    assert looked[0] == 0
    assert looked[-1] == depth - 1
    assert len(set(looked)) == len(looked) == min(depth, 9)


def test_nothing_else_in_the_package_makes_a_cleared_image() -> None:
    makers = set()
    for folder in ("readingroom", "tools", "agents", "workflows"):
        for path in (PACKAGE / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).rsplit(".", 1)[-1] == "Cleared":
                    makers.add(path.name)
    assert makers == {"clearance.py"}
