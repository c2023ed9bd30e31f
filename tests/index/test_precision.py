"""Precision and recall at k: counted by hand, against a plain loop, and never from the query's own group."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from readingroom.errors import BadRequest
from readingroom.index import precision as tested
from readingroom.index.entry import Entry, Space
from readingroom.index.precision import micro, precision_at
from readingroom.index.protocol import Collection


def rows(vectors):
    found = np.asarray(vectors, np.float32)
    found = found / np.linalg.norm(found, axis=1, keepdims=True)
    entries = tuple(Entry(id=f"r{n}") for n in range(len(found)))
    return Collection(Space(model="m", version="1", preprocessing_id="p", dimensions=found.shape[1]), entries, found)


def at_degrees(*angles):
    return rows([[np.cos(np.radians(one)), np.sin(np.radians(one))] for one in angles])


def test_counted_by_hand():
    """Angles 0 a, 1 b, 10 a, 12 b; each of its own group. Nearest: 0 -> b, 1 -> a, 10 -> b, 12 -> a: none right at 1.

    At 2, in order: 0 -> 1 b, 10 a; 1 -> 0 a, 10 a; 10 -> 12 b, 1 b; 12 -> 10 a, 1 b. So 1/2, 0, 0, 1/2.
    """
    found = precision_at(at_degrees(0, 1, 10, 12), ["a", "b", "a", "b"], ["1", "2", "3", "4"], (1, 2, 3))
    one, two, three = found.at
    assert (one.precision.share, one.recall.share, one.hit.share) == (0, 0, 0)
    assert (two.precision.share, two.recall.share, two.hit.share) == (0.25, 0.5, 0.5)
    assert (three.precision.share, three.recall.share) == (pytest.approx(1 / 3), 1)
    assert (two.precision.n, found.rows, found.groups, found.unanswerable) == (4, 4, 4, 0)


def test_the_own_group_never_answers():
    """Each row has a copy of itself in its own group; without the rule precision@1 would be 1."""
    collection = at_degrees(0, 0, 90, 90, 10, 80)
    labels, groups = ["a", "a", "b", "b", "b", "a"], ["s", "s", "t", "t", "u", "v"]
    found = precision_at(collection, labels, groups, (1,))
    assert found.at[0].precision.share == 0
    assert precision_at(collection, labels, list("123456"), (1,)).at[0].precision.share == pytest.approx(4 / 6)


def test_rows_without_a_label_and_labels_of_one_group_are_counted_apart():
    found = precision_at(at_degrees(0, 5, 10, 50), ["a", "a", None, "b"], ["1", "2", "3", "4"], (1,))
    assert (found.unlabelled, found.unanswerable, found.rows, found.at[0].precision.n) == (1, 1, 3, 2)
    assert found.at[0].by_label.keys() == {"a"}


def test_macro_weighs_labels_alike_and_micro_queries():
    """Label a: 4 rows, all right; label b: 2 rows, far from each other, wrong."""
    found = precision_at(at_degrees(0, 1, 2, 3, 60, 301), list("aaaabb"), list("123456"), (1,)).at[0]
    assert found.precision.share == pytest.approx(4 / 6)
    assert found.precision_macro.share == pytest.approx(0.5)
    assert found.precision_macro.low <= 0.5 <= found.precision_macro.high
    assert found.by_label["b"].n == 2


def test_a_plain_loop_finds_the_same_and_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(3)
    collection = rows(rng.standard_normal((60, 6)) + np.repeat(rng.standard_normal((3, 6)), 20, axis=0))
    labels, groups = [f"l{n // 20}" for n in range(60)], [f"g{n % 7}" for n in range(60)]
    shares, recalls = [], []
    for query in range(60):
        others = [n for n in range(60) if groups[n] != groups[query]]
        others.sort(key=lambda n: -float(collection.vectors[n] @ collection.vectors[query]))
        right = [labels[n] == labels[query] for n in others]
        shares.append(sum(right[:5]) / 5)
        recalls.append(sum(right[:5]) / sum(right))
    whole = precision_at(collection, labels, groups, (5,))
    assert whole.at[0].precision.share == pytest.approx(np.mean(shares))
    assert whole.at[0].recall.share == pytest.approx(np.mean(recalls))
    monkeypatch.setattr(tested, "CELLS", 300)
    assert precision_at(collection, labels, groups, (5,)) == whole


@pytest.mark.parametrize(("hits", "n"), [(0, 3), (3, 3), (7, 10), (120, 200)])
def test_the_interval_is_wilsons(hits, n):
    share = micro(np.array([1.0] * hits + [0.0] * (n - hits)))
    right = binomtest(hits, n).proportion_ci(method="wilson")
    assert (share.low, share.high, share.n) == (pytest.approx(right.low), pytest.approx(right.high), n)


def test_the_interval_over_groups_is_wider_where_groups_decide():
    """Ten groups of 20 equal rows are ten observations, not two hundred."""
    angles = np.repeat([0, 0, 90, 90, 0, 0, 90, 90, 0, 90], 20) + np.tile(np.linspace(0, 0.5, 20), 10)
    labels = list(np.repeat(["a", "a", "b", "b", "a", "a", "b", "b", "b", "a"], 20))
    at = precision_at(at_degrees(*angles), labels, list(np.repeat(list("0123456789"), 20)), (1,)).at[0]
    assert at.precision_macro.high - at.precision_macro.low > at.precision.high - at.precision.low


def test_progress_is_told_up_to_the_last_query(monkeypatch):
    monkeypatch.setattr("readingroom.index.precision.CELLS", 8)
    told = []
    precision_at(at_degrees(0, 5, 10, 50), list("aabb"), list("1234"), (1,), tell=lambda *one: told.append(one))
    assert told == [(2, 4), (4, 4)]


def test_what_does_not_fit_is_refused():
    with pytest.raises(BadRequest, match="1 labels and 2 groups came for 2 rows"):
        precision_at(at_degrees(0, 1), ["a"], ["1", "2"])
    with pytest.raises(BadRequest, match="no label stands in two groups"):
        precision_at(at_degrees(0, 1), ["a", "b"], ["1", "2"])
    with pytest.raises(BadRequest, match="was asked for"):
        precision_at(at_degrees(0, 1), ["a", "a"], ["1", "2"], (0,))
