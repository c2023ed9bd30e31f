"""The brain on phantoms of a head, on what is no head, and around the tumours of real slices."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import nrrd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from readingroom.tools.backends.classical.brain import segment_brain

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]


def head(size: int = 200, *, scale: float = 1.0, shade: float = 0.0, seed: int = 0) -> tuple[Plane, Mask]:
    """A T1-like axial slice: bright scalp, dark skull, even brain with dark ventricles; and where the brain is."""
    y, x = (np.mgrid[:size, :size] - size / 2) / (size / 2)
    reach = np.hypot(x / 0.72, y / 0.86)
    plane = np.zeros((size, size))
    plane[reach < scale] = 0.95
    plane[reach < 0.9 * scale] = 0.08
    brain = reach < 0.83 * scale
    plane[brain] = 0.55
    plane[(np.abs(np.abs(x) - 0.1) < 0.05) & (np.abs(y) < 0.2)] = 0.2
    plane *= 1 + shade * x
    plane += np.abs(np.random.default_rng(seed).normal(0, 0.015, plane.shape))
    return (plane * 1500).astype(np.float32), brain


def dice(a: Mask, b: Mask) -> float:
    return float(2 * (a & b).sum() / max(1, a.sum() + b.sum()))


@pytest.mark.parametrize("shade", [0.0, 0.25])
@pytest.mark.parametrize("size", [128, 200, 420])
def test_finds_the_brain_of_a_phantom_under_a_shaded_coil(size: int, shade: float) -> None:
    plane, truth = head(size, shade=shade)
    found = segment_brain(plane)
    assert found.assessable, found.reason
    assert found.mask.shape == plane.shape
    assert dice(found.mask, truth) > 0.96


def test_a_turned_or_mirrored_head_has_a_turned_or_mirrored_brain() -> None:
    plane, _ = head()
    plane[60:80, 120:150] *= 1.3
    straight = segment_brain(plane).mask
    for change in (np.fliplr, np.flipud, np.transpose):
        turned = segment_brain(np.ascontiguousarray(change(plane)))
        assert dice(turned.mask, np.asarray(change(straight))) > 0.97


def test_brightness_units_do_not_matter() -> None:
    plane, _ = head()
    assert np.array_equal(segment_brain(plane).mask, segment_brain(plane / 1500).mask)


def test_pixels_may_be_oblong() -> None:
    plane, truth = head()
    found = segment_brain(plane[::2], (5.0, 2.0, 1.0))
    assert dice(found.mask, truth[::2]) > 0.95


def test_follows_the_brain_through_a_volume() -> None:
    scales = np.array([0.7, 0.8, 0.9, 0.97, 1.0, 1.0, 0.97, 0.9, 0.8, 0.7])
    pairs = [head(160, scale=s, seed=z) for z, s in enumerate(scales)]
    volume, truth = np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])
    found = segment_brain(volume, (8.0, 1.1, 1.1))
    assert found.assessable, found.reason
    assert dice(found.mask, truth) > 0.93


def no_heads() -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(3)
    ramp = np.mgrid[:160, :160][1].astype(np.float32)
    return {
        "constant": np.ones((90, 90), np.float32),
        "zero": np.zeros((4, 90, 90), np.float32),
        "noise": rng.random((256, 256)).astype(np.float32),
        "noisy volume": rng.random((5, 64, 64)).astype(np.float32),
        "ramp": ramp,
        "disc": (np.hypot(ramp - 80, ramp.T - 80) < 50).astype(np.float32),
        "ct": np.where(np.hypot(ramp - 80, ramp.T - 80) < 60, 40, -1000).astype(np.float32),
        "not numbers": np.full((64, 64), np.nan, np.float32),
        "tiny": np.ones((5, 5), np.float32),
    }


@pytest.mark.parametrize("name", no_heads())
def test_what_is_no_head_is_not_assessable(name: str) -> None:
    image = no_heads()[name]
    found = segment_brain(image)
    assert not found.assessable
    assert found.mask.shape == image.shape
    assert found.reason


@settings(max_examples=12, deadline=None)
@given(arrays(np.float32, (40, 44), elements=st.floats(-1e6, 1e6, width=32)))
def test_never_raises_on_numbers(plane: Plane) -> None:
    found = segment_brain(plane)
    assert found.mask.shape == plane.shape
    assert 0 <= found.quality <= 1


def test_tumours_lie_inside_the_brain(data_dir: Path) -> None:
    with (data_dir / "dev/manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("mri_brain/")]
    covered, assessable = [], []
    for row in rows:
        plane, tumour = (cv2.imread(str(data_dir / "dev" / row[k]), cv2.IMREAD_GRAYSCALE) for k in ("file", "mask"))
        found = segment_brain(plane.astype(np.float32))
        covered.append(float((found.mask & (tumour > 0)).sum() / (tumour > 0).sum()))
        assessable.append(found.assessable)
        assert 0.1 < found.mask.mean() < 0.55
    assert len(rows) == 10
    assert float(np.mean(covered)) >= 0.94
    assert float(np.mean(np.array(covered)[assessable])) >= 0.97
    assert sum(assessable) >= 6


@pytest.mark.parametrize("number", [1, 2])
def test_a_real_volume_gives_a_brain_of_a_brains_size(data_dir: Path, number: int) -> None:
    voxels, _ = nrrd.read(str(data_dir / f"dev/volumes/pyrad_brain{number}.nrrd"))
    found = segment_brain(voxels.transpose(2, 1, 0).astype(np.float32), (6.5, 0.78125, 0.78125))
    assert found.assessable, found.reason
    assert 1200 < found.mask.sum() * 6.5 * 0.78125**2 / 1000 < 1900


def test_the_abdomen_on_mr_is_no_brain(data_dir: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    voxels = np.asarray(nibabel.load(data_dir / "dev/volumes/ts_mr_sm.nii.gz").dataobj, np.float32)
    assert not segment_brain(voxels.transpose(2, 1, 0), (3.0, 3.0, 3.0)).assessable
