"""What a sentence adds to what it cites: any number, side or word that stands nowhere in it."""

import pytest

from readingroom.agents.strays import strays
from tests.agents.ledgers import LUNG, evidence

AREA, RATIO, DENSITY = LUNG[0], LUNG[2], LUNG[4]
QUOTED = evidence("E9", "nodule", quote="Two nodules, 7 mm, at T12 on the left.", laterality="left")


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("The right lung field has an area of 213.4 cm².", AREA),
        ("The right lung field has an area of 213.40 cm2.", AREA),
        ("The cardiothoracic ratio is 0.45 (sd 0.02).", RATIO),
        ("The right lower zone is denser than the left by 14 %.", DENSITY),
        ("Two nodules of 7 mm are seen at T12 on the left.", QUOTED),
        ("There is asymmetric lung density.", DENSITY),
    ],
)
def test_what_is_cited_may_be_said(text, cited):
    assert list(strays(text, [cited])) == []


@pytest.mark.parametrize(
    ("text", "cited", "named"),
    [
        ("The right lung field has an area of 213.5 cm².", AREA, "213.5"),
        ("The right lung field has an area of 2134 mm².", AREA, "2134"),
        ("The cardiothoracic ratio is 0.45 on 3 images.", RATIO, "3"),
        ("Three nodules are seen on the left.", QUOTED, "Three"),
        ("Several nodules are seen on the left.", QUOTED, "Several"),
        ("A nodule is seen at T11 on the left.", QUOTED, "11"),
        ("The left lung field has an area of 213.4 cm².", AREA, "left"),
        ("Both lungs are enlarged.", RATIO, "left and right"),
        ("The cardiothoracic ratio on the left is 0.45.", RATIO, "left"),
        ("The cardiothoracic ratio is 0.45, which is wonderful.", RATIO, "wonderful"),
        ("The right lung belongs to Smith.", AREA, "smith"),
        ("The cardiothoracic ratio is 0.45; follow up is recommended.", RATIO, "advice"),
    ],
)
def test_what_is_added_is_named(text, cited, named):
    assert any(named in reason for reason in strays(text, [cited])), list(strays(text, [cited]))
