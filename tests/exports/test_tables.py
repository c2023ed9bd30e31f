"""The tables at the end of a printed report tell sides and visits apart."""

from __future__ import annotations

from readingroom.exports import tables
from tests.exports import sample


def test_what_was_seen_on_a_prior_image_is_told_as_such() -> None:
    report = sample.build().report
    prior = {item.id for item in report.evidence if item.image_id == "img-2"}
    assert prior
    assert {row[0] for row in tables.evidence(report).rows if row[-1].startswith("Prior: ")} == prior


def test_what_was_measured_is_told_with_its_side() -> None:
    report = sample.build().report
    measured = next(item for item in report.evidence if item.measurements)
    for side in ("left", "right"):
        one = measured.model_copy(update={"laterality": side, "observation": "lung"})
        rows = tables.measurements(report.model_copy(update={"evidence": (one,)})).rows
        assert [row[1] for row in rows] == [f"{side} lung"]
