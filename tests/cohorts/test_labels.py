"""What a row of items says of a classification: a label with its own score, and never "unknown" with somebody's."""

from __future__ import annotations

from typing import Any

import pytest

from readingroom.cohorts.tasks import labelled
from readingroom.tools.classify import ClassifyResult, ScoredLabel


def found(label: str, *scores: tuple[str, float, Any]) -> ClassifyResult:
    told = tuple(ScoredLabel(label=name, score=score, says=says) for name, score, says in scores)
    return ClassifyResult(image="img-1", label=label, scores=told, reason="", calibrated=False, model="m")


@pytest.mark.parametrize(("result", "row"), [
    (found("x_ray chest", ("x_ray chest", 0.4, ""), ("ct chest", 0.3, "")), ("x_ray chest", 0.4)),
    (found("x_ray chest", ("mass", 0.9, "present"), ("x_ray chest", 0.4, "")), ("x_ray chest", 0.4)),
    (found("unknown", ("mass", 0.9, "present"), ("edema", 0.7, "present"), ("x", 0.1, "absent")), ("mass; edema", 0.9)),
    (found("unknown", ("mass", 0.2, "absent"), ("edema", 0.5, "indeterminate")), (None, None)),
    (found("unknown", ("mass", 0.6, "")), ("unknown", None)), (found("unknown"), ("unknown", None)),
])  # fmt: skip
def test_a_score_stands_beside_its_own_label(result: ClassifyResult, row: tuple[str | None, float | None]) -> None:
    assert labelled(result) == row
