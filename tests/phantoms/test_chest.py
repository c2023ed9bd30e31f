"""The chest phantom's truth equals what its masks measure, and equal parameters give equal films."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from readingroom.errors import BadRequest
from readingroom.phantoms.chest import ChestImage, make_chest
from readingroom.phantoms.parameters import ChestPhantom, Consolidation, Effusion, Nodule

drawn = cache(make_chest)


def span(mask: np.ndarray) -> tuple[int, int]:
    columns = np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(columns[-1]) + 1


def widest(mask: np.ndarray) -> int:
    """The longest row of a mask, hull of the row's two ends."""
    rows = [np.flatnonzero(row) for row in mask if row.any()]
    return max(int(row[-1] - row[0] + 1) for row in rows)


def measured_ratio(film: ChestImage) -> float:
    left, right = span(film.masks["heart"])
    return (right - left) / widest(film.masks["right lung"] | film.masks["left lung"])


@pytest.mark.parametrize("ratio", [0.38, 0.45, 0.52, 0.65])
@pytest.mark.parametrize("tilt", [0.0, -3.0])
def test_ratio_of_masks_is_the_ratio_asked_for(ratio: float, tilt: float) -> None:
    film = drawn(ChestPhantom(seed=3, spacing_mm=1.0, cardiothoracic_ratio=ratio, tilt_degrees=tilt))
    assert film.truth.cardiothoracic_ratio == pytest.approx(ratio, abs=1e-4)
    assert measured_ratio(film) == pytest.approx(ratio, abs=0.005)


@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10_000), ratio=st.floats(0.38, 0.65), spacing=st.sampled_from([1.0, 2.0, 3.0]),
       tilt=st.floats(-4, 4), mirrored=st.booleans(), projection=st.sampled_from(["PA", "AP"]),
       field=st.tuples(st.floats(345, 440), st.floats(345, 440)))  # fmt: skip
def test_truth_holds_for_any_patient(**asked: object) -> None:
    film = drawn(ChestPhantom(
        seed=asked["seed"], cardiothoracic_ratio=asked["ratio"], spacing_mm=asked["spacing"],
        tilt_degrees=asked["tilt"], mirrored=asked["mirrored"], projection=asked["projection"],
        field_mm=asked["field"]))  # fmt: skip
    truth, phantom = film.truth, film.phantom
    pixel = phantom.field_mm[0] / phantom.columns
    assert film.pixels.dtype == np.uint16
    assert film.pixels.max() <= 4095
    assert np.ptp(film.pixels) > 2500
    assert truth.cardiothoracic_ratio == pytest.approx(phantom.cardiothoracic_ratio, abs=1e-3)
    left, right = span(film.masks["heart"])
    assert truth.cardiac_line == pytest.approx((left, right), abs=1.5)
    assert widest(film.masks["thorax"]) * pixel == pytest.approx(truth.thoracic_width_mm, abs=1.5 * pixel)
    area = pixel * phantom.field_mm[1] / phantom.rows / 100
    for side, cm2 in (("right lung", truth.right_lung_cm2), ("left lung", truth.left_lung_cm2)):
        assert film.masks[side].sum() * area == pytest.approx(cm2, rel=0.015)
    assert not (film.masks["right lung"] & film.masks["left lung"]).any()
    right_x, left_x = (np.nonzero(film.masks[f"{side} lung"])[1].mean() for side in ("right", "left"))
    assert bool(right_x < left_x) is (truth.image_left == "right")
    assert film.masks["heart"].any(axis=0).sum() < widest(film.masks["thorax"])


def test_same_parameters_same_film_and_a_visit_changes_only_noise() -> None:
    phantom = ChestPhantom(seed=5, spacing_mm=2.0)
    first, again, visit = make_chest(phantom), make_chest(phantom), make_chest(replace(phantom, study=1))
    assert np.array_equal(first.pixels, again.pixels)
    assert first.truth == again.truth == visit.truth
    assert not np.array_equal(first.pixels, visit.pixels)
    assert np.corrcoef(first.pixels.ravel(), visit.pixels.ravel())[0, 1] > 0.99
    other = make_chest(replace(phantom, seed=6))
    assert not np.array_equal(first.masks["thorax"], other.masks["thorax"])


def test_mirrored_film_is_the_exact_flip_and_its_truth_says_so() -> None:
    phantom = ChestPhantom(seed=8, spacing_mm=2.0, marker="L", nodule=Nodule("left", "upper", 20))
    straight, flipped = drawn(phantom), drawn(replace(phantom, mirrored=True))
    assert np.array_equal(flipped.pixels, straight.pixels[:, ::-1])
    assert all(np.array_equal(flipped.masks[name], mask[:, ::-1]) for name, mask in straight.masks.items())
    assert (straight.truth.image_left, flipped.truth.image_left) == ("right", "left")
    assert straight.truth.nodule is not None
    assert flipped.truth.nodule is not None
    assert flipped.truth.nodule.centre[0] == pytest.approx(phantom.columns - straight.truth.nodule.centre[0])
    assert flipped.truth.nodule.side == "left"
    assert flipped.truth.cardiac_line[0] == pytest.approx(phantom.columns - straight.truth.cardiac_line[1])


def test_earlier_visit_is_the_same_patient_with_another_heart() -> None:
    now = ChestPhantom(seed=9, spacing_mm=2.0, cardiothoracic_ratio=0.58, effusion=Effusion("right", "small"))
    then = drawn(now.earlier(0.47))
    assert then.truth.cardiothoracic_ratio == pytest.approx(0.47, abs=1e-4)
    assert then.truth.effusion is None
    assert then.truth.thoracic_width_mm == drawn(now).truth.thoracic_width_mm


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("size", ["small", "moderate", "large"])
def test_fluid_lies_low_on_its_side_and_whitens_it(side: str, size: str) -> None:
    well = ChestPhantom(seed=4, spacing_mm=3.0, noise=0.0)
    dry, wet = drawn(well), drawn(replace(well, effusion=Effusion(side, size)))
    fluid, other = wet.masks["effusion"], "left" if side == "right" else "right"
    assert wet.truth.effusion == side
    assert not (fluid & wet.masks[f"{side} lung"]).any()
    assert np.array_equal(fluid | wet.masks[f"{side} lung"], dry.masks[f"{side} lung"])
    assert np.array_equal(wet.masks[f"{other} lung"], dry.masks[f"{other} lung"])
    assert np.nonzero(fluid)[0].mean() > np.nonzero(wet.masks[f"{side} lung"])[0].mean()
    lost = fluid.sum() / dry.masks[f"{side} lung"].sum()
    low, high = {"small": (0.003, 0.09), "moderate": (0.12, 0.45), "large": (0.4, 0.75)}[size]
    assert low < lost < high
    deep = fluid & ~dry.masks["heart"]
    assert wet.pixels[deep].mean() > dry.pixels[deep].mean() + 200


def test_nodule_is_round_where_the_truth_says_and_brighter_than_its_rim() -> None:
    phantom = ChestPhantom(seed=2, spacing_mm=0.5, noise=0.0, nodule=Nodule("right", "middle", 24))
    with_nodule, without = drawn(phantom), drawn(replace(phantom, nodule=None))
    truth, mask = with_nodule.truth.nodule, with_nodule.masks["nodule"]
    assert truth is not None
    rows, columns = np.nonzero(mask)
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(truth.centre, abs=0.1)
    assert 2 * np.sqrt(mask.sum() / np.pi) * 0.5 == pytest.approx(24, rel=0.01)
    assert with_nodule.masks["right lung"][mask].all()
    inside = with_nodule.pixels[mask].mean() - without.pixels[mask].mean()
    assert inside > 100


def test_free_air_is_darker_and_dead_lung_lighter_than_before() -> None:
    well = ChestPhantom(seed=1, spacing_mm=2.0, noise=0.0)
    plain = drawn(well)
    air = drawn(replace(well, pneumothorax="left"))
    gap = air.masks["pneumothorax"]
    assert air.pixels[gap].mean() < plain.pixels[gap].mean() - 50
    assert plain.masks["left lung"][gap].all()
    patch = drawn(replace(well, consolidation=Consolidation("right", "lower")))
    dead = patch.masks["consolidation"]
    assert patch.masks["right lung"][dead].all()
    assert dead.sum() * 0.04 > 8
    assert patch.pixels[dead].mean() > plain.pixels[dead].mean() + 200


def test_marker_is_burned_in_on_the_side_it_names() -> None:
    plain = drawn(ChestPhantom(seed=1, spacing_mm=2.0))
    for letter, left_half in (("R", True), ("L", False)):
        film = drawn(ChestPhantom(seed=1, spacing_mm=2.0, marker=letter))
        rows, columns = np.nonzero(film.pixels != plain.pixels)
        assert 10 <= np.ptp(rows) * 2.0 <= 18
        assert ((columns < 100) == left_half).all()


def test_monochrome1_is_the_complement() -> None:
    phantom = ChestPhantom(seed=1, spacing_mm=3.0)
    light, dark = drawn(phantom), drawn(replace(phantom, photometric="MONOCHROME1"))
    assert np.array_equal(light.pixels + dark.pixels, np.full_like(light.pixels, 4095))


@pytest.mark.parametrize("asked", [
    {"cardiothoracic_ratio": 0.8}, {"spacing_mm": 9.0}, {"field_mm": (200.0, 400.0)}, {"tilt_degrees": 30.0},
    {"nodule": Nodule("left", "upper", 90)}, {"noise": -1.0}, {"marker": "X"}, {"pneumothorax": "middle"},
])  # fmt: skip
def test_what_cannot_be_drawn_is_refused(asked: dict) -> None:
    with pytest.raises(BadRequest):
        ChestPhantom(**asked)
