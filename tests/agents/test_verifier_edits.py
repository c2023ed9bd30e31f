"""Edits and rewordings of a whole draft, as people make them: each fault is named, each true rewording stays clean."""

from __future__ import annotations

import pytest

from readingroom.agents.verifier import worse
from readingroom.domain.check import Rule
from tests.agents.ledgers import DRAFT, LUNG, checked, evidence, measured, spoken


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("(cardiothoracic ratio 0.45)", "(cardiothoracic ratio 0.45, above the limit of 0.50)", "R06"),
        ("The cardiac silhouette is not enlarged (", "The cardiothoracic ratio is increased (", "R02"),
        ("is not enlarged", "is not not enlarged", "R02"),
        ("213.4 cm²", "213.4 cm² and the left 213.4 cm²", "R06"),
    ],
)
def test_an_odder_edit_is_named(old: str, new: str, rule: Rule) -> None:
    before = checked(DRAFT, *LUNG)
    after = checked(DRAFT.replace(old, new, 1), *LUNG)
    assert rule in {problem.rule for check in worse(before, after) for problem in check.problems}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(cardiothoracic ratio 0.45)", "(cardiothoracic ratio 0.45, below the limit of 0.50)"),
        ("(cardiothoracic ratio 0.45)", "(cardiothoracic ratio 45 %, normal < 50 %)"),
        ("213.4 cm²", "213.4 cm² and the left 180.2 cm²"),
        ("14 %", "more than 10 %"),
    ],
)
def test_a_true_rewording_stays_clean(old: str, new: str) -> None:
    assert checked(DRAFT.replace(old, new, 1), *LUNG).clean


@pytest.mark.parametrize("heading", ["Technique", "Limitations", "Recommendations", "Evidence"])
def test_a_finding_hidden_under_another_heading_is_named(heading: str) -> None:
    found = checked(f"{DRAFT}\n## {heading}\nThere is a left pneumothorax.\n", *LUNG)
    (check,) = worse(checked(DRAFT, *LUNG), found)
    assert check.problems[0].reason.startswith("speaks of pneumothorax under")
    assert checked(f"{DRAFT}\n## {heading}\nPortable film, rotated.\n", *LUNG).clean


def test_an_impression_that_the_findings_no_longer_bear() -> None:
    enlarged = evidence("E1", "cardiac_enlargement")
    text = "## Findings\nThe cardiac silhouette is enlarged. [E1]\n\n## Impression\nCardiomegaly. [E1]\n"
    assert checked(text, enlarged, *LUNG[:2]).clean
    gone = text.replace(
        "The cardiac silhouette is enlarged. [E1]", "The right lung field has an area of 213.4 cm². [E2]"
    )
    area = evidence("E2", "lung", "present", measured("area", 213.4, "cm2", 1), laterality="right")
    assert "R14" in spoken(checked(gone, enlarged, area))
