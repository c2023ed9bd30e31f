"""The gate falls on the bad end of an interval, names what fell and by how much, and holds still where nothing did."""

from __future__ import annotations

import pytest

from readingroom.errors import BadRequest
from readingroom.experiments.arms import Arm
from readingroom.experiments.gate import fallen, floors_of
from readingroom.experiments.metrics.catalogue import BY_NAME
from readingroom.experiments.metrics.tally import tally
from readingroom.experiments.statistics.arms import Scored, figures
from readingroom.experiments.summary import ArmFigures, Summary

METRICS = tuple(BY_NAME[name] for name in ("silent_errors", "claim_precision", "rouge_l", "words"))


def summary(hits: int, *, missing: int = 0, check: str = "strike") -> Summary:
    """Twenty patients with ten claims each, of which so many are right."""
    drafts = [
        Scored(str(n), f"p{n}", {
            "silent_errors": tally(10 - hits - n % 2, 10), "claim_precision": tally(hits + n % 2, 10),
            "rouge_l": tally(0.5, 1), "words": tally(50, 1),
        }) for n in range(20)
    ]  # fmt: skip
    arm = Arm.model_validate({"template": "t", "writer": "w", "tools": "all", "check": check})
    told = ArmFigures(name=arm.name, arm=arm, baseline=arm.baseline, drafts=20, failed=0, missing=missing,
                      figures=figures(drafts, METRICS))  # fmt: skip
    return Summary(name="e", code_version="0", cases=20, patients=20, drafts=20, failed=0, missing=missing,
                   metrics=METRICS, arms=(told,), comparisons=(), errors={})  # fmt: skip


def test_nothing_fell():
    assert fallen(summary(7), before=summary(7), floors={"claim_precision": 0.7, "silent_errors": 0.3}) == ()
    assert fallen(summary(8), before=summary(7)) == ()


def test_a_floor_holds_the_lower_bound_of_what_should_be_high_and_the_upper_of_what_should_be_low():
    (line,) = fallen(summary(7), floors={"claim_precision": 0.75})
    assert line.startswith("t / w / all / strike: claim_precision lower bound is 0.7")
    assert "off its limit 0.75" in line
    (line,) = fallen(summary(7), floors={"silent_errors": 0.25})
    assert "silent_errors upper bound is 0.2" in line


def test_every_safety_metric_is_held_against_the_earlier_run_and_others_are_not():
    lines = fallen(summary(6), before=summary(7))
    assert [line.split(": ")[1].split(" ")[0] for line in lines] == ["silent_errors", "claim_precision"]
    assert [float(line.rpartition("worse by ")[2]) for line in lines] == pytest.approx([0.1, 0.1], abs=0.02)
    assert fallen(summary(6), before=summary(7), by=0.2) == ()


def test_an_arm_that_is_gone_and_drafts_that_are_missing_fall():
    (line,) = fallen(summary(7, check="mark"), before=summary(7))
    assert line == "t / w / all / strike: the arm is no longer there"
    (line,) = fallen(summary(7, missing=3), before=summary(7))
    assert line == "3 drafts of 'e' were not run"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "nothing to hold it against"),
        ({"floors": {"rouge_l": 0.1}}, "is for a look only"),
        ({"floors": {"beauty": 0.1}}, "'beauty' was not counted. Of safety are silent_errors, claim_precision"),
        ({"floors": {"silent_errors": 0.1}, "arms": ["x"]}, "there is no arm 'x'"),
    ],
)
def test_what_cannot_be_held_is_refused(given, told: str):
    with pytest.raises(BadRequest) as raised:
        fallen(summary(7), **given)
    assert told in raised.value.line()


def test_baselines_are_held_only_by_name():
    off = summary(3, check="off")
    with pytest.raises(BadRequest, match="baselines alone"):
        fallen(off, floors={"claim_precision": 0.9})
    assert fallen(off, floors={"claim_precision": 0.9}, arms=["t / w / all / no check"])


def test_floors_as_they_are_given():
    assert floors_of(["a=0.5", "b = 1"]) == {"a": 0.5, "b": 1.0}
    with pytest.raises(BadRequest, match="is not metric=number"):
        floors_of(["a"])
