"""The descriptor: unit length, stable, indifferent to size and storage, and near for what looks alike."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from readingroom.errors import BadStudy
from readingroom.tools.backends.classical.descriptor import (
    BLOCKS,
    DESCRIPTOR_ID,
    PREPROCESSING_ID,
    SIZE,
    blocks,
    describe,
)

Picture = NDArray[np.float32] | NDArray[np.uint8]


def picture(size: int = 200, *, colour: bool = True) -> Picture:
    """Bars, a disc and a ramp, the same on every machine."""
    y, x = np.mgrid[:size, :size] / size
    plane = 0.5 * x + 0.25 * (np.sin(40 * y) > 0) + 0.25 * (np.hypot(x - 0.4, y - 0.6) < 0.2)
    if not colour:
        return plane.astype(np.float32)
    return np.stack([255 * plane, 200 * plane**2, 255 * (1 - plane)], axis=2).astype(np.uint8)


def test_is_1024_numbers_of_unit_length() -> None:
    for image in (picture(), picture(colour=False)):
        vector = describe(image)
        assert vector.shape == (SIZE,)
        assert vector.dtype == np.float32
        assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-5)
    assert sum(block.width for block in BLOCKS) == SIZE == 1024


FROZEN = {
    "colour": [-0.132, -0.0, 7.674, 0.391, 0.511, 2.135, 0.329, 1.315, 5.216],
    "grey": [-0.109, 0.0, 7.675, 0.412, 0.659, 0.688, 0.264, 1.384, 5.223],
}
"""The sum of each block for the pictures above."""


def test_numbers_change_only_with_the_name() -> None:
    """A change here means: give DESCRIPTOR_ID a new number, train the modality head again, and freeze anew."""
    assert (DESCRIPTOR_ID, PREPROCESSING_ID) == ("rr-descriptor-1024-v1", "luma-area-squash128-v1")
    for name, image in {"colour": picture(), "grey": picture(colour=False)}.items():
        vector = describe(image)
        told = [round(float(part.sum()), 3) for part in np.split(vector, np.cumsum([b.width for b in BLOCKS])[:-1])]
        assert told == pytest.approx(FROZEN[name], abs=2e-3)


def test_every_block_has_its_width_and_says_something() -> None:
    parts = blocks(picture())
    assert {name: part.size for name, part in parts.items()} == {b.name: b.width for b in BLOCKS}
    assert all(float(np.linalg.norm(part)) == pytest.approx(1) for part in parts.values())


def test_grey_is_grey_however_it_is_stored() -> None:
    plane = np.round(255 * picture(colour=False)).astype(np.uint8)
    stored = np.repeat(plane[:, :, None], 3, axis=2)
    assert float(describe(stored) @ describe((plane / 255).astype(np.float32))) > 0.9999


def test_size_hardly_matters() -> None:
    assert float(describe(picture(1024)) @ describe(picture(256))) > 0.98


def test_mirrored_is_nearer_than_another_picture() -> None:
    image = picture(colour=False)
    other = np.random.default_rng(0).random((200, 200)).astype(np.float32)
    assert float(describe(image) @ describe(image[:, ::-1])) > float(describe(image) @ describe(other))


@pytest.mark.parametrize("shape", [(15, 40), (40, 15), (40, 40, 4), (40,), (4, 40, 40, 3)])
def test_refuses_what_is_no_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadStudy, match="has no descriptor"):
        describe(np.zeros(shape, np.float32))


@settings(max_examples=15, deadline=None)
@given(st.integers(16, 300), st.integers(16, 300), st.booleans(), st.floats(0, 1, width=32))
def test_any_size_and_any_even_grey(height: int, width: int, colour: bool, level: float) -> None:
    shape = (height, width, 3) if colour else (height, width)
    image = np.full(shape, level, np.float32)
    vector = describe((image * 255).astype(np.uint8) if colour else image)
    assert np.isfinite(vector).all()
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-5)


def load(path: Path) -> Picture:
    rgb = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    grey = int(np.abs(rgb.astype(int) - rgb[:, :, :1]).max()) <= 8
    return (rgb[:, :, 1] / 255).astype(np.float32) if grey else rgb


def test_nearest_neighbour_shares_modality_and_anatomy(data_dir: Path) -> None:
    """Precision at 1; neighbours of the same source do not count where the class has another source."""
    with (data_dir / "dev/manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = {r["file"]: r for r in csv.DictReader(file) if r["file"].endswith((".png", ".jpg"))}
    files = sorted(rows)
    anatomy = {"pathology": "tissue"}
    labels = [
        (rows[f]["modality"], anatomy.get(rows[f]["modality"], rows[f]["anatomy"].replace("lung", "chest")))
        for f in files
    ]
    sources = [rows[f]["repo"] + re.sub(r"[^a-z].*", "", Path(f).name) for f in files]
    vectors = np.stack([describe(load(data_dir / "dev" / f)) for f in files])
    alike = vectors @ vectors.T
    right = []
    for i, label in enumerate(labels):
        several = len({s for s, other in zip(sources, labels, strict=True) if other == label}) > 1
        others = [j for j in range(len(files)) if j != i and not (several and sources[j] == sources[i])]
        right.append(labels[max(others, key=lambda j: alike[i, j])] == label)
    assert len(files) >= 110
    assert float(np.mean(right)) >= 0.80
