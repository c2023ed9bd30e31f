"""What became of a measurement since the prior image: in the template's own draft, turned, reworded, left out."""

from __future__ import annotations

import pytest

from readingroom.agents.assembling import basics
from readingroom.agents.ledger import Ledger
from readingroom.agents.verifier import verify
from readingroom.domain.check import Check, Verification
from readingroom.domain.evidence import Evidence
from readingroom.domain.terms import Change
from readingroom.language.claims import claims_of
from readingroom.language.sentences import Sentence
from tests.agents.desks import CHEST
from tests.agents.ledgers import CURRENT, PRIOR, evidence, measured

NAME = "cardiothoracic_ratio"
NUMBERS = {"stable": (0.44, 0.43), "larger": (0.44, 0.36), "smaller": (0.44, 0.49)}

MORE = (
    "The cardiothoracic ratio has increased since the prior image.",
    "The cardiothoracic ratio has progressed.",
    "The cardiothoracic ratio is larger than before.",
    "The cardiothoracic ratio is higher than on the prior image.",
    "The cardiothoracic ratio went up.",
    "Interval increase in heart size.",
    "The cardiac silhouette is bigger than on the prior image.",
)
LESS = (
    "The cardiothoracic ratio has decreased since the prior image.",
    "The cardiothoracic ratio has fallen.",
    "The cardiothoracic ratio is lower than before.",
    "The heart used to be larger.",
    "The cardiothoracic ratio was larger before.",
)
SAME = (
    "The cardiothoracic ratio is unchanged.",
    "Heart size is stable.",
    "There is no change in the cardiothoracic ratio.",
    "The cardiothoracic ratio has not progressed since the prior image.",
    "The cardiothoracic ratio is no different from the prior image.",
)
OTHER = (
    "The cardiothoracic ratio has a change beyond the error of measurement since the prior image.",
    "The cardiothoracic ratio has changed since the prior image.",
    "Interval change in the cardiothoracic ratio.",
    "The cardiothoracic ratio differs from the prior image.",
    "The cardiothoracic ratio is not stable.",
    "The heart has changed in size.",
)
"""These say that it changed, and not how."""

COURSES: dict[Change, tuple[str, ...]] = {"larger": (*MORE, *OTHER), "smaller": (*LESS, *OTHER), "stable": SAME}
CASES = [(change, text) for change in COURSES for text in (*MORE, *LESS, *SAME, *OTHER)]


def compared(change: Change) -> tuple[Evidence, ...]:
    """Two measurements, their comparison and the verdict on the heart, as the tools return them."""
    now, before = (measured(NAME, value, sd=0.02) for value in NUMBERS[change])
    prior = measured(f"prior_{NAME}", NUMBERS[change][1], sd=0.02)
    return (
        evidence("E1", NAME, "present", now),
        evidence("E2", NAME, "present", before, image_id="P"),
        evidence("E3", NAME, "present", now, prior, change=change, prior_image_id="P", derived_from=("E1", "E2"),
                 tool="compare"),
        evidence("E4", "cardiac_enlargement", "absent", derived_from=("E1",)),
    )  # fmt: skip


def drafted(change: Change, swap: dict[str, str] | None = None) -> list[Sentence]:
    """The template's own findings and impression, sentences on the course replaced by section."""
    base = basics(CHEST, Ledger(evidence=compared(change), images=(CURRENT, PRIOR)))
    sentences: list[Sentence] = []
    for section, lines in (("findings", base.findings), ("impression", base.impression)):
        for line in lines:
            cites = line.evidence if section == "findings" else line.derived_from
            on_course = "ratio has" in line.text
            text = (swap or {}).get(section, line.text) if on_course else line.text
            sentences.append(Sentence(id=line.id, section=section, text=text, cites=cites))
    return sentences


def held(sentences: list[Sentence], change: Change) -> Verification:
    return verify(sentences, Ledger(evidence=compared(change), images=(CURRENT, PRIOR)))


def on_course(found: Verification, text: str) -> list[Check]:
    return [check for check in found.checks if check.text == text]


@pytest.mark.parametrize("change", list(COURSES))
def test_the_templates_own_draft_holds(change: Change) -> None:
    sentences = drafted(change)
    assert sum("ratio has" in one.text for one in sentences) == 2
    assert held(sentences, change).clean


@pytest.mark.parametrize("section", ["findings", "impression"])
@pytest.mark.parametrize(("change", "text"), CASES)
def test_a_course_is_held_to_the_comparison(change: Change, text: str, section: str) -> None:
    checks = on_course(held(drafted(change, {section: text}), change), text)
    assert checks
    if text in COURSES[change]:
        assert all(check.verdict == "supported" for check in checks), checks[0].problems
    else:
        assert [check.verdict for check in checks] == ["contradicted"]
        assert "R08" in {problem.rule for problem in checks[0].problems}


@pytest.mark.parametrize("change", list(COURSES))
def test_a_change_that_no_sentence_tells_is_left_out_and_a_stable_course_may_be(change: Change) -> None:
    sentences = [one for one in drafted(change) if "ratio has" not in one.text]
    assert sentences
    found = held(sentences, change)
    assert all(check.verdict == "supported" for check in found.checks)
    assert [one.evidence for one in found.omissions] == ([] if change == "stable" else [("E3",)])
    assert all(f"is {change}" in one.reason for one in found.omissions)


@pytest.mark.parametrize("text", ["The cardiothoracic ratio is 0.44, previously 0.36.", MORE[0], OTHER[1], LESS[0]])
def test_a_change_told_in_whatever_way_is_not_left_out(text: str) -> None:
    assert held(drafted("larger", {"findings": text}), "larger").omissions == ()


@pytest.mark.parametrize(
    "tail",
    ["{0} then and {1} now", "{1} now, {0} then", "{0} before and now {1}", "{0} on the prior image and {1} now",
     "{0} a year ago and {1} today", "{0} and now {1}"],
)  # fmt: skip
def test_the_numbers_of_then_and_now_are_told_apart(tail: str) -> None:
    text = f"The cardiothoracic ratio is unchanged, {tail.format(0.43, 0.44)}."
    (check,) = on_course(held(drafted("stable", {"findings": text}), "stable"), text)
    assert check.verdict == "supported", check.problems
    wrong = text.replace("0.43", "0.31")
    (check,) = on_course(held(drafted("stable", {"findings": wrong}), "stable"), wrong)
    assert {problem.rule for problem in check.problems} == {"R06"}


@pytest.mark.parametrize(
    "text",
    ["Degenerative changes of the spine.", "Chronic changes consistent with emphysema.",
     "The left lung is different from the right.",
     "Widespread changes from cystic fibrosis.", "No acute cardiopulmonary disease or significant interval change."],
)  # fmt: skip
def test_not_every_change_is_a_course(text: str) -> None:
    assert not any(claim.altered for claim in claims_of(text))
