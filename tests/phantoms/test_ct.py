"""Volumes of the CT phantom's labels against the shapes they were drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from readingroom.errors import BadRequest
from readingroom.phantoms.ct import LUNG_ML, CtPhantom, make_ct
from readingroom.phantoms.ct_paint import LABELS


@settings(max_examples=3, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 999), right=st.floats(*LUNG_ML["right"]), left=st.floats(*LUNG_ML["left"]),
       side=st.sampled_from(["left", "right"]))  # fmt: skip
def test_volumes_within_one_percent(seed: int, right: float, left: float, side: str) -> None:
    scan = make_ct(CtPhantom(seed=seed, region="trunk", spacing_mm=(2.0, 1.5, 1.5), right_lung_ml=right,
                             left_lung_ml=left, nodule=(side, 30.0), gas_pockets=6))  # fmt: skip
    truth = scan.truth.volumes_ml
    assert set(truth) == {"right lung", "left lung", "nodule", "liver", "kidney", "bowel gas"}
    for name in ("nodule", "liver", "kidney"):
        assert scan.volume_ml(name) == pytest.approx(truth[name], rel=0.01)
    assert scan.volume_ml("bowel gas") == pytest.approx(truth["bowel gas"], rel=0.03)
    for lung, asked in (("right", right), ("left", left)):
        held = scan.volume_ml(f"{lung} lung", *(("nodule",) if lung == side else ()))
        assert truth[f"{lung} lung"] == asked
        assert held == pytest.approx(asked, rel=0.01)


def test_axes_run_up_to_the_back_and_to_the_left() -> None:
    scan = make_ct(CtPhantom(region="trunk", spacing_mm=(4.0, 3.0, 3.0)))
    centres = {name: np.argwhere(scan.labels == label).mean(axis=0) for name, label in LABELS.items()}
    assert centres["left lung"][2] > centres["right lung"][2]
    assert centres["table"][1] > centres["body"][1]
    assert centres["airway"][0] > centres["kidney"][0]
    assert centres["liver"][2] < scan.labels.shape[2] / 2
    k, j, i = np.argwhere(scan.labels == LABELS["nodule"]).mean(axis=0)
    assert (scan.affine @ (i, j, k, 1))[:3] == pytest.approx(scan.truth.nodule_centre_mm, abs=1.5)


def test_tissues_have_their_hounsfield_units() -> None:
    scan = make_ct(CtPhantom(region="trunk", spacing_mm=(4.0, 2.0, 2.0)))
    median = {name: float(np.median(scan.hu[scan.labels == label])) for name, label in LABELS.items()}
    assert -900 < median["left lung"] < -780
    assert median["liver"] == pytest.approx(62, abs=3)
    assert median["bowel gas"] < -900
    assert median["bone"] > 120
    assert np.median(scan.hu[scan.labels == 0]) == pytest.approx(-1000, abs=3)
    assert scan.hu[scan.labels == LABELS["bone"]].max() > 500


def test_an_abdomen_has_gas_but_no_lung() -> None:
    for right, left in zip(LUNG_ML["right"], LUNG_ML["left"], strict=True):
        scan = make_ct(CtPhantom(region="abdomen", spacing_mm=(4.0, 3.0, 3.0), right_lung_ml=right, left_lung_ml=left))
        assert not np.isin(scan.labels, [LABELS[n] for n in ("right lung", "left lung", "airway", "nodule")]).any()
        assert (scan.labels == LABELS["bowel gas"]).any()
        assert not {"right lung", "left lung", "nodule"} & set(scan.truth.volumes_ml)
        assert scan.truth.nodule_centre_mm is None


def test_same_parameters_same_voxels() -> None:
    one, two = (make_ct(CtPhantom(seed=3, spacing_mm=(8.0, 4.0, 4.0))) for _ in range(2))
    assert np.array_equal(one.hu, two.hu)
    assert np.array_equal(one.labels, two.labels)
    assert not np.array_equal(one.hu, make_ct(CtPhantom(seed=4, spacing_mm=(8.0, 4.0, 4.0))).hu)


@pytest.mark.parametrize("asked", [{"region": "foot"}, {"spacing_mm": (0.0, 1.0, 1.0)}, {"right_lung_ml": 9000.0},
                                   {"nodule": ("left", 80.0)}, {"gas_pockets": 40}, {"seed": -1}])  # fmt: skip
def test_what_cannot_be_drawn_is_refused(asked: dict) -> None:
    with pytest.raises(BadRequest):
        CtPhantom(**asked)
