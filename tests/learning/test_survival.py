"""Concordance, Kaplan-Meier, Cox and fusion against hand calculations, published figures and other implementations."""

import math

import numpy as np
import pytest

from readingroom.errors import BadRequest
from readingroom.index.entry import Entry, Space
from readingroom.index.protocol import Collection
from readingroom.learning.fusion import by_subject, fit_fusion
from readingroom.learning.survival import (
    censoring_left,
    concordance,
    fit_cox,
    ipcw,
    kaplan_meier,
    outcomes,
    pairs_of,
)
from readingroom.learning.survival_validation import Plan, folds_of, validated

lifelines = pytest.importorskip("lifelines")

FIVE = outcomes(np.array([1.0, 2, 2, 3, 4]), np.array([True, True, False, False, True]))
RISKS = np.array([4.0, 1, 1, 2, 0])


def test_harrell_by_hand_on_five_patients_with_a_tie_in_time_and_one_in_risk():
    # Comparable: 1 with 2, 3, 4, 5 (all concordant: 4); 2 with 3 (censored at the same time, equal risk: 0.5),
    # 2 with 4 (1 < 2: 0), 2 with 5 (1 > 0: 1); 3 and 4 are censored; 5 has nobody after it. 5.5 of 7.
    pairs = pairs_of(FIVE, RISKS)
    assert pairs.comparable.sum() == 7
    assert pairs.value(np.ones(5)) == pytest.approx(5.5 / 7)
    assert lifelines.utils.concordance_index(FIVE.times, -RISKS, FIVE.events) == pytest.approx(5.5 / 7)


def test_uno_by_hand():
    # Censorings: at 2 one of 3 (the event at 2 goes first), at 3 one of 2. G(1-) = 1, G(2-) = 1, G(4-) = 2/3 x 1/2.
    left = censoring_left(FIVE, FIVE.times)
    assert left.tolist() == pytest.approx([1, 1, 1, 2 / 3, 1 / 3])
    assert ipcw(FIVE, FIVE, 10.0).tolist() == pytest.approx([1, 1, 0, 0, 9])
    assert ipcw(FIVE, FIVE, 2.0).tolist() == pytest.approx([1, 0, 0, 0, 0])
    late = outcomes(np.array([1.0, 2, 3, 4]), np.array([False, True, True, True]))
    # G(2-) = 3/4: the events weigh 16/9 each, so it stays Harrell's; risks 2, 1, 3 of the events: 1 of 3 pairs.
    risks = np.array([0.0, 2, 1, 3])
    inverse = ipcw(late, late, 10.0)
    assert inverse.tolist() == pytest.approx([0, 16 / 9, 16 / 9, 16 / 9])
    assert pairs_of(late, risks, inverse=inverse).value(np.ones(4)) == pytest.approx(1 / 3)


def test_uno_weighs_late_events_more():
    told = outcomes(np.array([1.0, 2, 3, 4]), np.array([True, False, True, False]))
    # 1 before 2, 3, 4 (weight 1; risk 1 against 0, 5, 0: 2 of 3), 3 before 4 (G = 2/3: weight 9/4, concordant).
    risks = np.array([1.0, 0, 5, 0])
    inverse = ipcw(told, told, 10.0)
    assert pairs_of(told, risks, inverse=inverse).value(np.ones(4)) == pytest.approx((2 + 9 / 4) / (3 + 9 / 4))
    assert pairs_of(told, risks).value(np.ones(4)) == pytest.approx(3 / 4)


def test_pairs_of_other_folds_are_not_compared():
    pairs = pairs_of(FIVE, RISKS, folds=np.array([0, 1, 1, 0, 0]))
    assert pairs.comparable.sum() == 3  # 1 with 4 and 5, 2 with 3


def test_concordance_is_that_of_lifelines_and_its_interval_holds_it():
    chance = np.random.default_rng(3)
    risks = chance.normal(size=150)
    ends = np.round(chance.exponential(10 * np.exp(-risks))) + 1
    censored = np.round(chance.exponential(12, size=150)) + 1
    told = outcomes(np.minimum(ends, censored), ends <= censored)
    found = concordance(told, pairs_of(told, risks))
    assert found.value == pytest.approx(lifelines.utils.concordance_index(told.times, -risks, told.events))
    assert found.low < found.value < found.high
    assert found.low > 0.6
    assert (found.n, found.events) == (150, int(told.events.sum()))
    noise = concordance(told, pairs_of(told, chance.normal(size=150)))
    assert noise.low < 0.5 < noise.high


def test_kaplan_meier_by_hand():
    # S(1) = 4/5; S(2) = 4/5 x 3/4 = 3/5; S(3) the same; S(4) = 0.
    found = kaplan_meier(FIVE, "five")
    assert found.times == (0, 1, 2, 3, 4)
    assert found.survival == pytest.approx((1, 0.8, 0.6, 0.6, 0))
    assert found.at_risk == (5, 5, 4, 2, 1)
    assert found.median == 4
    # Greenwood at 2: 1/(5 x 4) + 1/(4 x 3) = 2/15; log(-log) interval: S ** exp(+-1.96 sqrt(2/15) / log S).
    half = 1.959964 * math.sqrt(2 / 15) / abs(math.log(0.6))
    assert found.low[2] == pytest.approx(0.6 ** math.exp(half), abs=1e-5)
    assert found.high[2] == pytest.approx(0.6 ** math.exp(-half), abs=1e-5)
    assert [found.at_risk_at(time) for time in (0, 1, 1.5, 2, 4, 5)] == [5, 5, 4, 4, 1, 0]


def test_cox_gives_the_published_coefficients_of_rossi():
    """R's coxph with Efron's ties on the recidivism data (Fox, Cox proportional-hazards regression, 2002)."""
    rossi = lifelines.datasets.load_rossi()
    names = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
    told = outcomes(rossi["week"].to_numpy(float), rossi["arrest"].to_numpy(bool))
    found = fit_cox(rossi[names].to_numpy(float), told)
    assert found.coefficients.tolist() == pytest.approx(
        [-0.37942, -0.05744, 0.31390, -0.14980, -0.43370, -0.08487, 0.09150], abs=1e-5
    )
    assert found.errors.tolist() == pytest.approx(
        [0.19138, 0.02200, 0.30799, 0.21222, 0.38187, 0.19576, 0.02865], abs=1e-5
    )


def test_cox_of_two_groups_maximises_the_partial_likelihood():
    """Without ties the score is the sum over events of x - n1 r / (n0 + n1 r), r the hazard ratio: 0 at best."""
    chance = np.random.default_rng(0)
    group = np.arange(60) % 2
    told = outcomes(np.sort(chance.exponential(np.where(group, 5, 10))) + np.arange(60) * 1e-6, chance.random(60) < 0.7)
    ratio = math.exp(fit_cox(group[:, None].astype(float), told).coefficients[0])
    score = sum(group[at] - group[at:].sum() * ratio / ((1 - group[at:]).sum() + group[at:].sum() * ratio)
                for at in np.flatnonzero(told.events))  # fmt: skip
    assert score == pytest.approx(0, abs=1e-4)


def test_a_penalty_shrinks_and_too_few_events_are_refused():
    rossi = lifelines.datasets.load_rossi()
    told = outcomes(rossi["week"].to_numpy(float), rossi["arrest"].to_numpy(bool))
    covariates = rossi[["age", "prio"]].to_numpy(float)
    assert (abs(fit_cox(covariates, told, 1.0).coefficients) < abs(fit_cox(covariates, told).coefficients)).all()
    with pytest.raises(BadRequest, match="3 events are too few"):
        fit_cox(RISKS[:, None], FIVE)
    with pytest.raises(BadRequest, match="not above 0"):
        outcomes(np.array([0.0, 1]), np.array([True, True]))


def rows(*told, dimensions=4, model="a", seed=0):
    chance = np.random.default_rng(seed)
    vectors = chance.normal(size=(len(told), dimensions)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    entries = tuple(Entry(id=f"{model}{at}", metadata={"subject": one} if one else {}) for at, one in enumerate(told))
    return Collection(Space(model=model, version="1", preprocessing_id="p", dimensions=dimensions), entries, vectors)


def test_patients_of_all_indexes_have_one_row_each():
    one, other = rows("p", "q", "p", "", "r"), rows("q", "p", "s", model="b", dimensions=6)
    found = by_subject([one, other])
    assert found.subjects == ("p", "q")
    assert (found.left_out, found.nameless) == (2, 1)
    mean = (one.vectors[0] + one.vectors[2]) / 2
    assert found.blocks[0][0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert found.blocks[1][1] == pytest.approx(other.vectors[0], abs=1e-6)
    with pytest.raises(BadRequest, match="no patient is in all"):
        by_subject([one, rows("x", model="b")])


def test_fusion_is_the_principal_components_of_standardised_blocks():
    from sklearn.decomposition import PCA  # noqa: PLC0415  # the independent implementation
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    chance = np.random.default_rng(1)
    blocks = [chance.normal(size=(30, 4)) * [1, 5, 2, 1], chance.normal(size=(30, 9))]
    fusion = fit_fusion(blocks, 3)
    joined = np.hstack([StandardScaler().fit_transform(block) / np.sqrt(block.shape[1]) for block in blocks])
    theirs = PCA(3).fit(joined)
    assert abs(fusion.axes @ theirs.components_.T) == pytest.approx(np.eye(3), abs=1e-8)
    assert fusion.explained == pytest.approx(theirs.explained_variance_ratio_.sum())
    seen = fusion.apply(blocks)
    assert seen.std(axis=0, ddof=1) == pytest.approx(np.ones(3))
    assert seen.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-9)
    flat = fit_fusion([np.column_stack([blocks[0], np.ones(30)])], 2)
    assert np.isfinite(flat.apply([np.column_stack([blocks[0], np.zeros(30)])])).all()


def cohort(strength, n=90, seed=0):
    chance = np.random.default_rng(seed)
    blocks = [chance.normal(size=(n, 12)), chance.normal(size=(n, 20))]
    for block in blocks:
        block[:, 0] *= 1.5
        block[:, 1] = block[:, 0] + chance.normal(size=n) * 0.1
        block[:, 2] = block[:, 0] + chance.normal(size=n) * 0.1
    hazard = np.exp(strength * (blocks[0][:, 0] + blocks[1][:, 0]))
    ends, censored = chance.exponential(10 / hazard), chance.exponential(20, size=n)
    return blocks, outcomes(np.minimum(ends, censored) + 1e-3, ends <= censored)


PLAN = Plan(components=(2, 4), penalties=(0.1,), outer=3, inner=2)


def test_nested_validation_finds_a_planted_hazard_and_none_where_there_is_none():
    blocks, told = cohort(0.8)
    found = validated(blocks, told, PLAN)
    assert found.harrell.low > 0.6
    assert found.uno.low > 0.55
    assert sum(found.chosen.values()) == 3
    assert 0.25 < found.high.mean() < 0.75
    quick = PLAN._replace(components=(2,), outer=2)
    null = [validated(*cohort(0.0, seed=seed), quick).harrell for seed in range(1, 5)]
    assert np.mean([one.value for one in null]) == pytest.approx(0.5, abs=0.06)


def test_nothing_of_a_left_out_patient_reaches_the_model_that_judges_it():
    """Changed outcomes and vectors of one fold's patients change no risk in that fold but those patients' own."""
    blocks, told = cohort(0.8)
    plan = PLAN._replace(components=(2,))
    first = validated(blocks, told, plan)
    alone = int(np.flatnonzero((first.folds == 0) & told.events)[0])
    changed = [block.copy() for block in blocks]
    for block in changed:
        block[alone] = 100.0
    times = told.times.copy()
    times[alone] = 77.0
    again = validated(changed, outcomes(times, told.events), plan)
    others = (first.folds == 0) & (np.arange(len(times)) != alone)
    assert again.risks[others] == pytest.approx(first.risks[others])
    assert again.risks[first.folds == 1] != pytest.approx(first.risks[first.folds == 1])


def test_folds_spread_the_events_and_too_few_are_refused():
    _, told = cohort(0.5)
    folds = folds_of(told, 5, 0)
    counts = [int(told.events[folds == fold].sum()) for fold in range(5)]
    assert max(counts) - min(counts) <= 1
    few = outcomes(np.arange(1.0, 41), np.arange(40) < 19)
    with pytest.raises(BadRequest, match="19 events of 40 patients"):
        validated([np.eye(40)], few, PLAN)
