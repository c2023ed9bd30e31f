"""Pairs above a cosine: each is found once, none is invented, and groups are what hangs together."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.errors import BadRequest
from readingroom.index import near_duplicates as tested
from readingroom.index.entry import Entry, Space
from readingroom.index.near_duplicates import near_duplicates
from readingroom.index.protocol import Collection


def rows(vectors, metadata=None):
    found = np.asarray(vectors, np.float32)
    found = found / np.linalg.norm(found, axis=1, keepdims=True)
    entries = tuple(Entry(id=f"r{n}", metadata=metadata[n] if metadata else {}) for n in range(len(found)))
    return Collection(Space(model="m", version="1", preprocessing_id="p", dimensions=found.shape[1]), entries, found)


def at_degrees(*angles):
    return [[np.cos(np.radians(one)), np.sin(np.radians(one))] for one in angles]


def test_pairs_and_groups_of_angles_that_a_hand_can_count():
    """0, 10 and 20 degrees hang together by steps of 10; 60 and 65 are a pair of their own; 120 is alone."""
    found = near_duplicates(rows(at_degrees(0, 60, 10, 120, 20, 65)), threshold=np.cos(np.radians(12)))
    assert [(pair.one, pair.other) for pair in found.pairs] == [("r1", "r5"), ("r0", "r2"), ("r2", "r4")]
    assert np.allclose([pair.similarity for pair in found.pairs], np.cos(np.radians([5, 10, 10])), atol=1e-6)
    assert [group.ids for group in found.groups] == [("r0", "r2", "r4"), ("r1", "r5")]
    assert found.groups[0].least == pytest.approx(np.cos(np.radians(10)), abs=1e-6)
    assert found.rows == 6


def test_blocks_find_what_all_cosines_at_once_find(monkeypatch):
    monkeypatch.setattr(tested, "BLOCK", 7)
    vectors = np.random.default_rng(1).standard_normal((50, 5))
    done = []
    found = near_duplicates(rows(vectors), threshold=0.8, tell=lambda now, of: done.append((now, of)))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    one, other = np.nonzero(np.triu(unit @ unit.T >= 0.8, 1))
    right = {tuple(sorted((f"r{a}", f"r{b}"))) for a, b in zip(one.tolist(), other.tolist(), strict=True)}
    assert {(pair.one, pair.other) for pair in found.pairs} == right
    assert len(found.pairs) == len(right) > 10
    assert (done[0], done[-1]) == ((7, 50), (50, 50))


def test_only_pairs_across_a_field_count_where_one_is_named():
    told = [{"split": "train"}, {"split": "train"}, {"split": "test"}, {}]
    found = near_duplicates(rows(at_degrees(0, 0, 0, 0), told), across="split")
    assert {(pair.one, pair.other) for pair in found.pairs} == {
        ("r0", "r2"), ("r1", "r2"), ("r0", "r3"), ("r1", "r3"), ("r2", "r3"),
    }  # fmt: skip


def test_nothing_alike_is_an_empty_answer_and_nonsense_is_refused(monkeypatch):
    assert near_duplicates(rows(at_degrees(0, 90))).pairs == ()
    assert near_duplicates(rows(at_degrees(0, 90))).groups == ()
    with pytest.raises(BadRequest, match="no threshold"):
        near_duplicates(rows(at_degrees(0, 90)), threshold=1.5)
    monkeypatch.setattr(tested, "MOST_PAIRS", 2)
    with pytest.raises(BadRequest, match="Raise the threshold"):
        near_duplicates(rows(at_degrees(0, 0, 0)))
