from __future__ import annotations

import numpy as np
import pytest

from readingroom.errors import BadRequest
from readingroom.index.entry import Entry, Space
from readingroom.index.protocol import Collection
from readingroom.learning.drift import Watch, check, min_p

SPACE = Space(model="m", version="1", preprocessing_id="p", dimensions=8)
WATCH = Watch(false_alarm=0.05, splits=199)


def sample(seed: int, n: int, *, shift: float = 0.0, ge: float = 0.7, first: int = 0, images: int = 1) -> Collection:
    """Patients at places of their own; `shift` along the first axis, `ge` the share of one maker."""
    chance = np.random.default_rng(seed)
    places = chance.normal(0, 0.3, size=(n, 8)) + np.eye(8)[1] + shift * np.eye(8)[0]
    vectors = np.repeat(places, images, axis=0) + chance.normal(0, 0.02, size=(n * images, 8))
    made = np.repeat(np.where(chance.random(n) < ge, "GE", "SIEMENS"), images)
    kvp = np.repeat(chance.normal(100, 10, size=n), images)
    entries = tuple(
        Entry(
            id=f"{first + at}", metadata={"subject": f"{first + at // images}", "maker": str(made[at]), "kvp": kvp[at]}
        )
        for at in range(n * images)
    )
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return Collection(SPACE, entries, unit)


def test_a_shift_of_the_vectors_is_seen_and_named() -> None:
    for how in ("mmd", "energy"):
        found = check(sample(1, 80), sample(2, 30, shift=0.4, first=1000), Watch(how=how, false_alarm=0.05, splits=199))
        assert found.p <= 0.05
        assert [test.name for test in found.tests if test.adjusted <= 0.05] == ["embedding"]
        assert found.tests[0].p == 1 / 601  # 10 divisions for each of 3 tests at a rate of 0.05


def test_another_maker_is_seen_though_the_vectors_are_alike() -> None:
    found = check(sample(1, 80), sample(2, 30, ge=0.1, first=1000), WATCH)
    by_name = {test.name: test for test in found.tests}
    assert set(by_name) == {"embedding", "maker", "kvp"}
    assert by_name["maker"].adjusted == found.p <= 0.05
    assert by_name["kvp"].adjusted > 0.05


def test_false_alarms_come_at_the_set_rate() -> None:
    """60 fresh pairs, four images a patient, three tests each: at 0.2 some 12 alarms; 27 are 5 sd away."""
    watch = Watch(false_alarm=0.2, splits=99)
    alarms = sum(
        check(sample(2 * at, 30, images=4), sample(2 * at + 1, 15, images=4, first=1000), watch).p <= 0.2
        for at in range(60)
    )
    assert alarms < 27


def test_min_p_worked_by_hand() -> None:
    """Ranks from above of the last row: 1 of 4 and 4 of 4. Least ranks of the rows: 2, 1, 3, 1 (two of 1)."""
    table = np.array([[1.0, 3.0], [2.0, 4.0], [3.0, 1.5], [4.0, 1.0]])
    p, adjusted = min_p(table)
    assert p.tolist() == [1 / 4, 1.0]
    # least ranks: row 0 min(4, 2) = 2, row 1 min(3, 1) = 1, row 2 min(2, 3) = 2, row 3 min(1, 4) = 1
    assert adjusted.tolist() == [2 / 4, 1.0]


def test_many_fields_leave_an_alarm_possible() -> None:
    """With 999 divisions twenty tests tie at the top, and no adjusted p-value could be as small as 0.01."""

    def with_noise(found: Collection, seed: int) -> Collection:
        chance = np.random.default_rng(seed)
        entries = tuple(
            entry.model_copy(update={"metadata": {**entry.metadata, **{f"f{at}": chance.normal() for at in range(17)}}})
            for entry in found.entries
        )
        return Collection(SPACE, entries, found.vectors)

    found = check(with_noise(sample(1, 80), 1), with_noise(sample(2, 30, shift=0.8, first=999), 2), Watch())
    assert len(found.tests) == 20
    assert found.p <= 0.01


def test_who_stands_in_both_is_left_out_of_the_reference() -> None:
    found = check(sample(1, 40), sample(1, 15), WATCH)
    assert (found.subjects, found.compared) == (15, 25)


def test_another_space_too_few_patients_and_too_few_splits_are_refused() -> None:
    window = sample(2, 15, first=1000)
    other = Collection(SPACE.model_copy(update={"version": "2"}), window.entries, window.vectors)
    for reference, given, watch, told in (
        (sample(1, 40), other, WATCH, "m 1, p.*m 2, p"),
        (sample(1, 40), sample(2, 9, first=1000), WATCH, "window of 9 subjects.*10"),
        (sample(1, 19), window, WATCH, "19 subjects.*20"),
        (sample(1, 40), window, Watch(false_alarm=0.0001), "3 tests.*300000 divisions"),
        (sample(1, 40), window, Watch(fields=("nonsense",)), "nonsense"),
    ):
        with pytest.raises(BadRequest, match=told):
            check(reference, given, watch)


def test_the_same_data_give_the_same_answer() -> None:
    assert check(sample(1, 40), sample(2, 15, first=99), WATCH) == check(sample(1, 40), sample(2, 15, first=99), WATCH)
