"""Words burned into pixels are found where they stand; anatomy, noise, rulers and single markers are no words."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from readingroom.imaging.burned_in import TextLine, find_text
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.parameters import ChestPhantom

Gray = NDArray[np.uint8]
TEXTS = ("DOE^JANE", "Miller, Anna", "ID 4711-0815", "12.03.1974", "Garcia Lopez")


def burned(gray: Gray, text: str, at: tuple[int, int], *, size: int, level: int, turned: bool = False) -> Gray:
    """The picture with anti-aliased text whose upper left corner is `at` (x, y)."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    glyphs = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2), 0)
    ImageDraw.Draw(glyphs).text((1 - left, 1 - top), text, 255, font=font)
    ink = np.asarray(glyphs, np.float32) / 255
    ink = np.rot90(ink) if turned else ink
    out = gray.astype(np.float32)
    part = out[at[1] : at[1] + ink.shape[0], at[0] : at[0] + ink.shape[1]]
    part += (level - part) * ink[: part.shape[0], : part.shape[1]]
    return np.rint(out).astype(np.uint8)


def ground(level: int, seed: int = 0) -> Gray:
    """Soft clouds and a little noise, 500 x 640."""
    rng = np.random.default_rng(seed)
    clouds = cv2.GaussianBlur(rng.normal(0, 1, (500, 640)), (0, 0), 40)
    soft = level + 20 * clouds / np.abs(clouds).max() + rng.normal(0, 2, clouds.shape)
    return np.clip(soft, 0, 255).astype(np.uint8)


def words(lines: tuple[TextLine, ...]) -> list[TextLine]:
    return [line for line in lines if line.names]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("under", "level"), [(20, 255), (200, 0), (90, 235)])
@pytest.mark.parametrize("size", [16, 28, 56])
def test_words_are_found_where_they_stand(text: str, under: int, level: int, size: int) -> None:
    found = words(find_text(burned(ground(under), text, (60, 90), size=size, level=level)))
    assert found
    assert 50 <= min(line.box[0] for line in found) <= 60 + 3 * size
    assert min(line.box[2] - line.box[0] for line in found) >= size
    for line in found:
        assert 80 <= line.box[1] < line.box[3] <= 90 + 1.5 * size
    assert len(text) / 3 <= sum(line.characters for line in found) <= 2 * len(text)


def test_words_that_run_upwards_are_found() -> None:
    found = words(find_text(burned(ground(30), "SMITH JOHN", (40, 60), size=24, level=255, turned=True)))
    assert found
    x0, y0, x1, y1 = found[0].box
    assert y1 - y0 > 2 * (x1 - x0)


def test_words_on_a_large_film_are_found_and_small_print_only_where_it_can_be_read() -> None:
    film = cv2.resize(ground(30), (2048, 2500), interpolation=cv2.INTER_CUBIC)
    large = burned(film, "MILLER ANNA", (1500, 60), size=48, level=255)
    small = burned(film, "MILLER ANNA", (1500, 60), size=14, level=255)
    assert words(find_text(large, 20))
    assert words(find_text(small))
    assert not find_text(small, 20)


@pytest.mark.parametrize("text", ["L", "R", "PA"])
def test_a_marker_is_no_word(text: str) -> None:
    assert not words(find_text(burned(ground(30), text, (500, 60), size=48, level=255)))


def test_no_words_in_plain_and_noisy_pictures() -> None:
    rng = np.random.default_rng(0)
    for picture in (
        np.zeros((300, 300), np.uint8),
        np.full((7, 5), 200, np.uint8),
        np.zeros((1, 40), np.uint8),
        ground(90),
        rng.integers(0, 256, (400, 400)).astype(np.uint8),
    ):
        assert not words(find_text(picture))


def test_a_ruler_is_no_word() -> None:
    picture = ground(160)
    for n in range(30):
        picture[400:410, 50 + 12 * n : 52 + 12 * n] = 20
    assert not words(find_text(picture))


def test_no_words_in_a_phantom_chest() -> None:
    chest = make_chest(ChestPhantom(seed=3, spacing_mm=0.5))
    low, high = np.percentile(chest.pixels, (0.5, 99.5))
    shown = np.clip((chest.pixels - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    assert not words(find_text(shown))


def test_dates_in_real_endoscopy_are_found_and_real_anatomy_is_left_alone(data_dir: Path) -> None:
    """Endoscopes burn the date of the examination in; fundus, brain and chest CT stills hold no text."""
    dated = [words(find_text(shown(path))) for path in sorted((data_dir / "dev" / "endoscope_colon").glob("*.jpg"))]
    assert sum(bool(found) for found in dated) >= 7  # of 10; two have none, one is cut off
    clean = [
        path for name in ("fundus_retinal", "mri_brain", "ct_chest", "ultrasound_carotid_artery")
        for path in sorted((data_dir / "dev" / name).glob("*.*"))
    ]  # fmt: skip
    assert len(clean) >= 20
    assert sum(bool(words(find_text(shown(path)))) for path in clean) <= 1


def shown(path: Path) -> Gray:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)
