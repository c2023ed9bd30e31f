"""The documented rules on a clock that is only a number."""

from __future__ import annotations

import pytest

from readingroom.errors import BadRequest
from readingroom.model_server.admission import Admission, Faults, Pipe
from readingroom.model_server.limits import PUBLISHED, Limits, limits_of


def test_twice_the_slots_may_be_in_flight() -> None:
    gate = Admission(Limits(instances=2, concurrency=3))
    assert [gate.enter(0.0) for _ in range(13)] == [None] * 12 + ["pending"]
    gate.leave()
    assert gate.enter(0.1) is None


def test_more_than_the_rate_within_a_second_are_refused() -> None:
    gate = Admission(Limits(concurrency=1000, requests_per_second=5))
    assert [gate.enter(0.1 * n) for n in range(6)] == [None] * 5 + ["rate"]
    assert gate.enter(1.0) is None  # the first one is a second old
    assert gate.enter(1.05) == "rate"


def test_a_refused_request_counts_for_nothing() -> None:
    gate = Admission(Limits(requests_per_second=3))
    assert [gate.enter(0.0) for _ in range(9)] == [None, None] + ["pending"] * 7
    gate.leave()
    assert gate.enter(0.5) is None


def test_bytes_go_through_one_after_the_other() -> None:
    pipe = Pipe(5_000_000)
    assert pipe.delay(1_000_000, 0.0) == pytest.approx(0.2)
    assert pipe.delay(1_000_000, 0.1) == pytest.approx(0.3)  # waits for the first
    assert pipe.delay(500_000, 10.0) == pytest.approx(0.1)  # nothing was saved up meanwhile
    assert Pipe(None).delay(10**9, 0.0) == 0


def test_the_same_seed_draws_the_same_faults() -> None:
    one, other = (Faults(Limits(faults=0.05, seed=seed)) for seed in (7, 7))
    drawn = [one.draw() for _ in range(4000)]
    assert drawn == [other.draw() for _ in range(4000)]
    broken = [status for status in drawn if status]
    assert 0.035 < len(broken) / len(drawn) < 0.065
    assert set(broken) == {500, 503}
    assert not any(Faults(Limits()).draw() for _ in range(100))


def test_published_admission_limits() -> None:
    told = {model: limits.in_flight for model, limits in PUBLISHED.items()}
    assert told["medimageinsight"] == 12
    assert told["medimageparse"] == 16
    assert told["cxrreportgen"] == 2
    assert told["gigapath"] == 2


def test_limits_keep_what_is_published_unless_it_is_changed() -> None:
    found = limits_of(("medimageinsight", "cxrreportgen"), instances=None, latency=0.3)
    assert (found["medimageinsight"].slots, found["medimageinsight"].latency) == (6, 0.3)
    assert found["cxrreportgen"].slots == 1


@pytest.mark.parametrize(
    "change",
    [
        {"instances": 0}, {"concurrency": -1}, {"latency": -0.1}, {"faults": 1.5}, {"bandwidth": 0.0},
        {"requests_per_second": 0.0}, {"timeout": 0.0}, {"start_delay": -1.0},
    ],
)  # fmt: skip
def test_impossible_limits_are_refused_by_name(change: dict[str, float]) -> None:
    with pytest.raises(BadRequest, match=next(iter(change)).split("_")[0] + "|delay|rate"):
        Limits(**change)  # type: ignore[arg-type]
