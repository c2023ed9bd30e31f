"""CT targets on phantoms of known truth, and against the reference labels that are at hand."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import nibabel
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from readingroom.errors import NotServed
from readingroom.tools.backends.classical.ct import CT_TARGETS, looks_like_hu, segment_ct

Volume = NDArray[np.float32]
Mask = NDArray[np.bool_]
SPACING = (4.0, 2.5, 2.5)
BONE = [*range(25, 51), *range(69, 79), *range(91, 117)]
"""TotalSegmentator's class numbers for bone without costal cartilage."""


class Phantom(NamedTuple):
    hu: Volume
    truth: dict[str, Mask]


def phantom(*, chest: bool = True, joined: bool = False) -> Phantom:
    """A trunk of fat and muscle on a table: spine, gas in the bowel, and above it two lungs and a trachea."""
    d, h, w = 48, 120, 152
    z, y, x = np.mgrid[:d, :h, :w].astype(np.float32)
    hu = np.full((d, h, w), -1000, np.float32)
    ring = ((x - w / 2) / (0.42 * w)) ** 2 + ((y - h / 2) / (0.36 * h)) ** 2
    body = ring < 1
    hu[body] = 45
    hu[body & (ring > 0.88)] = -100
    truth = {"body": body}
    if chest:
        sides = {"right lung": 0.31 * w, "left lung": 0.69 * w}
        for name, centre in sides.items():
            reach = 0.13 if name == "right lung" else 0.12
            round_ = ((x - centre) / (reach * w)) ** 2 + ((y - h / 2) / (0.25 * h)) ** 2
            truth[name] = round_ + ((z - 0.66 * d) / (0.3 * d)) ** 2 < 1
            hu[truth[name]] = -830
        if joined:
            bridge = (np.abs(x - w / 2) < 0.09 * w) & (np.abs(y - 0.34 * h) < 2) & (np.abs(z - 0.66 * d) < 4)
            hu[bridge] = -830
        tube = ((x - w / 2) * 2.5) ** 2 + ((y - 0.46 * h) * 2.5) ** 2 < 9**2
        truth["airway"] = tube & (z > 0.55 * d)
        hu[truth["airway"]] = -990
        truth["lung"] = truth["right lung"] | truth["left lung"]
    bowel = np.zeros_like(body)
    for cx, cy, cz, r in ((0.40, 0.35, 0.12, 22), (0.62, 0.38, 0.16, 25), (0.52, 0.30, 0.08, 18), (0.5, 0.4, 0.1, 10)):
        bowel |= ((x - cx * w) * 2.5) ** 2 + ((y - cy * h) * 2.5) ** 2 + ((z - cz * d) * 4) ** 2 < r**2
    hu[bowel] = -985
    spine = ((x - w / 2) * 2.5) ** 2 + ((y - 0.72 * h) * 2.5) ** 2
    truth["bone"] = spine < 16**2
    hu[truth["bone"]] = 500
    hu[spine < 12**2] = 200
    hu[:, int(0.93 * h) : int(0.93 * h) + 2, int(0.1 * w) : int(0.9 * w)] = 150
    hu += np.random.default_rng(0).normal(0, 12, hu.shape).astype(np.float32)
    return Phantom(hu, {**truth, "bowel": bowel})


@pytest.fixture(scope="module")
def trunk() -> Phantom:
    return phantom()


def dice(a: Mask, b: Mask) -> float:
    return float(2 * (a & b).sum() / max(1, a.sum() + b.sum()))


@pytest.mark.parametrize(
    ("target", "least"),
    [("body", 0.98), ("lung", 0.97), ("left lung", 0.97), ("right lung", 0.97), ("airway", 0.9), ("bone", 0.95)],
)
def test_finds_what_the_phantom_holds(trunk: Phantom, target: str, least: float) -> None:
    found = segment_ct(trunk.hu, target, SPACING)
    assert found.mask.shape == trunk.hu.shape
    assert found.assessable, found.reason
    assert dice(found.mask, trunk.truth[target]) > least


def test_keeps_the_table_out_of_the_body_and_bowel_gas_and_airway_out_of_the_lungs(trunk: Phantom) -> None:
    assert not segment_ct(trunk.hu, "body", SPACING).mask[:, int(0.93 * 120) :].any()
    lung = segment_ct(trunk.hu, "lung", SPACING).mask
    assert not (lung & trunk.truth["bowel"]).any()
    assert (lung & trunk.truth["airway"]).sum() < 0.02 * trunk.truth["airway"].sum()


def test_a_mirrored_patient_has_mirrored_sides(trunk: Phantom) -> None:
    mirrored = np.ascontiguousarray(trunk.hu[:, :, ::-1])
    left = segment_ct(mirrored, "left lung", SPACING).mask
    assert dice(left[:, :, ::-1], trunk.truth["right lung"]) > 0.97


def test_parts_lungs_that_touch() -> None:
    touching = phantom(joined=True)
    left = segment_ct(touching.hu, "left lung", SPACING)
    right = segment_ct(touching.hu, "right lung", SPACING)
    assert not (left.mask & right.mask).any()
    assert dice(left.mask, touching.truth["left lung"]) > 0.93
    assert dice(right.mask, touching.truth["right lung"]) > 0.93


@pytest.mark.parametrize("target", ["lung", "lungs", "left lung", "right lung", "airway"])
def test_bowel_gas_is_never_lung_or_airway(target: str) -> None:
    found = segment_ct(phantom(chest=False).hu, target, SPACING)
    assert not found.mask.any()
    assert found.quality == 0
    assert "lung not visible" in found.reason


def test_the_base_of_the_lungs_alone_is_not_the_lungs(trunk: Phantom) -> None:
    found = segment_ct(trunk.hu[:20], "lung", SPACING)
    assert not found.mask.any()
    assert "lung base only" in found.reason


def test_a_slice_through_the_chest_is_served_and_one_through_the_abdomen_refused(trunk: Phantom) -> None:
    chest, abdomen = segment_ct(trunk.hu[32], "left lung", SPACING), segment_ct(trunk.hu[5], "left lung", SPACING)
    assert dice(chest.mask, trunk.truth["left lung"][32]) > 0.95
    assert chest.mask.shape == (120, 152)
    assert not abdomen.mask.any()
    assert not abdomen.assessable


def test_without_spacing_it_says_what_it_assumed(trunk: Phantom) -> None:
    found = segment_ct(trunk.hu, "lung", None)
    assert "spacing unknown" in found.caveat
    assert dice(found.mask, trunk.truth["lung"]) > 0.95


def test_a_contrast_filled_aorta_is_no_bone() -> None:
    h, w = 200, 240
    y, x = np.mgrid[:h, :w].astype(np.float32) * 1.5
    hu = np.full((12, h, w), -1000, np.float32)
    hu[:, ((x - 180) / 150) ** 2 + ((y - 150) / 110) ** 2 < 1] = 50
    spine, aorta = (x - 180) ** 2 + (y - 215) ** 2, (x - 205) ** 2 + (y - 180) ** 2
    hu[:, spine < 18**2] = 600
    hu[:, spine < 15**2] = 190 + 60 * np.sin(x[spine < 15**2])
    hu[:, aorta < 12**2] = 320
    found = segment_ct(hu, "bone", (2.0, 1.5, 1.5))
    assert not found.mask[:, aorta < 9**2].any()
    assert found.mask[:, spine < 18**2].mean() > 0.95


def test_the_liver_is_the_even_mass_on_the_right_of_a_volume_only() -> None:
    d, h, w = 40, 110, 140
    z, y, x = np.mgrid[:d, :h, :w].astype(np.float32)
    hu = np.full((d, h, w), -1000, np.float32)
    hu[((x - 70) / 60) ** 2 + ((y - 55) / 42) ** 2 < 1] = -90
    liver = ((x - 45) / 28) ** 2 + ((y - 50) / 26) ** 2 + ((z - 22) / 15) ** 2 < 1
    hu[liver] = 60
    hu += np.random.default_rng(1).normal(0, 10, hu.shape).astype(np.float32)
    found = segment_ct(hu, "liver", (4.0, 2.5, 2.5))
    assert found.assessable, found.reason
    assert dice(found.mask, liver) > 0.9
    mirrored = segment_ct(np.ascontiguousarray(hu[:, :, ::-1]), "liver", (4.0, 2.5, 2.5))
    assert not mirrored.mask.any()
    assert not segment_ct(hu[22], "liver", (4.0, 2.5, 2.5)).assessable


@pytest.mark.parametrize("target", ["spleen", "nodule", "heart", "pancreas", "aorta", ""])
def test_refuses_by_name_what_it_does_not_serve(target: str, trunk: Phantom) -> None:
    with pytest.raises(NotServed, match="not served by image analysis"):
        segment_ct(trunk.hu, target, SPACING)


def wrong_inputs() -> dict[str, Volume]:
    rng = np.random.default_rng(2)
    smooth = np.abs(np.sin(np.mgrid[:128, :128][0] / 20)) * 900
    return {
        "constant": np.full((64, 64), -1000, np.float32),
        "zero": np.zeros((8, 64, 64), np.float32),
        "noise": rng.normal(0, 600, (8, 64, 64)).astype(np.float32),
        "mr": smooth.astype(np.float32),
        "8 bit": rng.integers(0, 255, (64, 64)).astype(np.float32),
        "not numbers": np.full((64, 64), np.nan, np.float32),
        "tiny": np.zeros((3, 3), np.float32),
    }


@pytest.mark.parametrize("name", wrong_inputs())
@pytest.mark.parametrize("target", sorted(CT_TARGETS))
def test_what_is_no_ct_gets_an_empty_mask_and_the_reason(name: str, target: str) -> None:
    image = wrong_inputs()[name]
    found = segment_ct(image, target, None)
    assert not found.mask.any()
    assert found.mask.shape == image.shape
    assert found.quality < 0.5
    assert found.reason.startswith("not CT in Hounsfield units")


def test_knows_hounsfield_units(trunk: Phantom) -> None:
    assert looks_like_hu(trunk.hu).holds
    assert looks_like_hu(trunk.hu[10]).holds
    assert looks_like_hu(trunk.hu.astype(np.int16)).holds
    assert not looks_like_hu(np.clip(trunk.hu / 4 + 128, 0, 255).astype(np.uint8)).holds
    assert not looks_like_hu(np.zeros((8, 8, 8, 8))).holds


@settings(max_examples=12, deadline=None)
@given(
    hu=arrays(np.float32, (3, 24, 24), elements=st.floats(-2000, 4000, width=32)),
    target=st.sampled_from(sorted(CT_TARGETS)),
)
def test_never_raises_on_numbers(hu: Volume, target: str) -> None:
    found = segment_ct(hu, target, (3.0, 1.0, 1.0))
    assert found.mask.shape == hu.shape
    assert 0 <= found.quality <= 1


def reference(data: Path, name: str) -> tuple[Volume, NDArray[np.uint8], tuple[float, float, float]]:
    """A volume and its labels in LPS index order."""
    out = []
    for path in (data / "dev/volumes" / f"{name}.nii.gz", data / "dev/volumes/masks" / f"{name}__labels.nii.gz"):
        image = nibabel.as_closest_canonical(nibabel.load(path))
        out.append(np.ascontiguousarray(np.asarray(image.dataobj).transpose(2, 1, 0)[:, ::-1, ::-1]))
    dx, dy, dz = (float(n) for n in image.header.get_zooms())
    return out[0].astype(np.float32), out[1], (dz, dy, dx)


@pytest.mark.parametrize(("name", "bone", "liver"), [("ts_ct_sm", 0.82, 0.86), ("ts_ct_3mm", 0.86, 0.86)])
def test_agrees_with_reference_labels(data_dir: Path, name: str, bone: float, liver: float) -> None:
    hu, labels, spacing = reference(data_dir, name)
    found = segment_ct(hu, "bone", spacing)
    assert found.assessable
    assert dice(found.mask, np.isin(labels, BONE)) > bone
    assert dice(segment_ct(hu, "liver", spacing).mask, labels == 5) > liver
    assert segment_ct(hu, "body", spacing).mask[labels > 0].mean() > 0.99
    lung = segment_ct(hu, "lung", spacing)
    assert not lung.mask.any()
    assert "lung base only" in lung.reason


def test_no_slice_of_an_abdomen_shows_lung(data_dir: Path) -> None:
    hu, _, spacing = reference(data_dir, "ts_ct_3mm")
    for plane in hu[:100:7]:
        assert not segment_ct(plane, "lung", spacing).mask.any()


def test_both_lungs_of_a_real_chest(data_dir: Path) -> None:
    files = sorted((data_dir / "dev/dicom/ct_chest_lungfcp").glob("*.dcm"))
    slices = sorted((pydicom.dcmread(f) for f in files), key=lambda s: float(s.ImagePositionPatient[2]))
    hu = np.stack([s.pixel_array * s.RescaleSlope + s.RescaleIntercept for s in slices]).astype(np.float32)
    spacing = (12.0, float(slices[0].PixelSpacing[0]), float(slices[0].PixelSpacing[1]))
    right, left = (segment_ct(hu, f"{side} lung", spacing) for side in ("right", "left"))
    assert right.assessable
    assert left.assessable
    assert np.nonzero(right.mask)[2].max() < np.nonzero(left.mask)[2].max()
    litres = [float(s.mask.sum()) * np.prod(spacing) / 1e6 for s in (right, left)]
    assert 0.65 < litres[0] < 0.85
    assert 0.55 < litres[1] < 0.8
    assert "cut at the bottom" in left.caveat
    airway = segment_ct(hu, "airway", spacing)
    assert airway.assessable
    assert float(np.median(hu[airway.mask])) < -900
