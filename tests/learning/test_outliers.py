from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

from readingroom.errors import BadRequest
from readingroom.learning.conformal import p_value
from readingroom.learning.outliers import Neighbourhood, shrunk, split_by_subject, study_vector

CHANCE = np.random.default_rng(11)
ROWS = CHANCE.normal(size=(30, 6))
NAMES = tuple(f"s{row}" for row in range(30))


def test_study_vector_by_hand() -> None:
    found = study_vector(np.array([[0.0, 1.0], [4.0, 1.0], [2.0, 4.0]]))
    assert found.reshape(7, 2)[:, 0] == pytest.approx([2, 2, 0, 1, 2, 3, 4])
    assert found.reshape(7, 2)[:, 1] == pytest.approx([2, np.sqrt(3), 1, 1, 1, 2.5, 4])


def test_a_study_of_one_image_has_no_nan() -> None:
    """The notebook's deviation of one image (ddof 1) is undefined, and its neighbours fail on it."""
    found = study_vector(np.array([[1.0, 2.0]]))
    assert found.reshape(7, 2).tolist() == [[1, 2], [0, 0], *[[1, 2]] * 5]


def test_scores_are_the_mean_distance_to_the_two_nearest() -> None:
    case = CHANCE.normal(size=6)
    away, places = NearestNeighbors(n_neighbors=2).fit(ROWS).kneighbors(case[None])
    found = Neighbourhood(ROWS, NAMES).look_up(case)
    assert found.score == pytest.approx(away.mean())
    assert found.places == tuple(places[0])


def test_reference_scores_leave_the_case_out() -> None:
    away, _ = NearestNeighbors(n_neighbors=3).fit(ROWS).kneighbors(ROWS)
    assert Neighbourhood(ROWS, NAMES).scores == pytest.approx(away[:, 1:].mean(axis=1), abs=1e-7)


def test_nobody_is_the_neighbour_of_himself() -> None:
    """Two almost equal studies of each patient: with them as neighbours every score would be near 0."""
    pairs = np.repeat(ROWS, 2, axis=0) + CHANCE.normal(0, 1e-6, size=(60, 6))
    names = tuple(np.repeat(NAMES, 2))
    reference = Neighbourhood(pairs, names)
    assert reference.scores.min() > 0.1
    found = reference.look_up(pairs[0], "s0")
    assert {names[place] for place in found.places}.isdisjoint({"s0"})
    assert found.score > 0.1


def _full_conformal(rows: np.ndarray, case: np.ndarray) -> float:
    """By definition: the case joins the reference, every one of the n + 1 is scored against the n others."""
    bag = np.concatenate([rows, case[None]])
    away = np.linalg.norm(bag[:, None] - bag[None], axis=2)
    np.fill_diagonal(away, np.inf)
    scores = np.sort(away, axis=1)[:, :2].mean(axis=1)
    return p_value(scores[:-1], float(scores[-1]) * (1 - 1e-12))


def test_p_value_is_that_of_full_conformal_prediction() -> None:
    reference = Neighbourhood(ROWS, NAMES)
    for case in CHANCE.normal(0, 1.3, size=(20, 6)):
        assert reference.look_up(case).p == pytest.approx(_full_conformal(ROWS, case))


def test_who_is_in_the_reference_is_judged_as_if_he_were_not() -> None:
    """The same case out of its own reference and by a reference that never had it."""
    for at in range(5):
        rest = Neighbourhood(np.delete(ROWS, at, axis=0), tuple(np.delete(NAMES, at)))
        within, without = Neighbourhood(ROWS, NAMES).look_up(ROWS[at], NAMES[at]), rest.look_up(ROWS[at])
        assert (within.p, within.score) == (pytest.approx(without.p), pytest.approx(without.score))


def test_p_values_of_cases_like_the_reference_are_seldom_small() -> None:
    """400 fresh references of 19: p <= 0.1 in some 40; 12 and 68 are about 4.6 sd away."""
    chance = np.random.default_rng(6)
    names = tuple(map(str, range(19)))
    small = sum(
        Neighbourhood(chance.normal(size=(19, 4)), names).look_up(chance.normal(size=4)).p <= 0.1 for _ in range(400)
    )
    assert 12 < small < 68


def test_a_reference_of_too_few_patients_is_refused() -> None:
    with pytest.raises(BadRequest, match="1 subjects"):
        Neighbourhood(ROWS, ("same",) * 30)


@pytest.mark.parametrize(("n", "dimensions"), [(40, 5), (12, 30), (6, 6)])
def test_mahalanobis_agrees_with_scikit_learn(n: int, dimensions: int) -> None:
    rows = CHANCE.normal(size=(n, dimensions)) @ CHANCE.normal(size=(dimensions, dimensions))
    cases = CHANCE.normal(size=(7, dimensions)) * 3
    wanted = LedoitWolf().fit(rows).mahalanobis(cases)
    assert shrunk(rows).scores(cases) == pytest.approx(wanted, rel=1e-6)


def test_mahalanobis_sees_what_lies_across_all_of_the_reference() -> None:
    """Principal components alone would drop the direction in which the foreign case differs."""
    rows = np.zeros((20, 50))
    rows[:, :3] = CHANCE.normal(size=(20, 3))
    foreign = rows[0].copy()
    foreign[49] = 3.0
    fitted = shrunk(rows)
    assert fitted.scores(foreign[None])[0] > 5 * fitted.scores(rows).max()


def test_a_reference_without_spread_is_refused() -> None:
    with pytest.raises(BadRequest, match="the same"):
        shrunk(np.ones((5, 4)))
    with pytest.raises(BadRequest, match="more than 2"):
        shrunk(np.eye(2))


def test_split_keeps_patients_whole() -> None:
    names = [f"s{row // 3}" for row in range(30)]
    fitted = split_by_subject(names)
    assert len({(name, bool(side)) for name, side in zip(names, fitted, strict=True)}) == 10
    assert fitted.sum() == 15
