"""The second reader: the rules speak first; a model may only doubt what they cannot read."""

import asyncio
import json

import pytest

from readingroom.agents.chat_model import Turn
from readingroom.agents.second_reader import Basis, Line, judged, reasons, review
from readingroom.agents.verifier import Ledger, verify
from readingroom.language.sentences import Sentence
from tests.agents.desks import desk, ledger
from tests.agents.ledgers import LUNG

PLAIN = ledger()
BASIS = Basis(PLAIN, {item.id: item for item in LUNG})


def verdict(value: str, *ids: str) -> str:
    return json.dumps({"verdict": value, "evidence_ids": ids, "reason": "«The lungs are clear.»"})


def checked(*texts: str):
    return verify([Sentence(id=f"F{at}", section="findings", text=text) for at, text in enumerate(texts, 1)], PLAIN)


def judge(verification, *answers, who="second_reader"):
    at = desk(*answers, who=who)
    return asyncio.run(judged(verification, PLAIN, at)), len(at.model.asked)


ODD = "The study was done on a Tuesday."
FALSE = "There is a left pneumothorax."
TRUE = "The cardiac silhouette is not enlarged."


def test_the_rules_alone_decide_what_they_can_read():
    before = checked(TRUE, FALSE)
    after, asked = judge(before, verdict("unsupported"), verdict("supported", "E1"))
    assert after == before
    assert asked == 0


def test_a_model_that_doubts_twice_makes_an_unread_sentence_unsupported():
    after, asked = judge(checked(ODD), verdict("unsupported"), verdict("unsupported"))
    (check,) = after.checks
    assert (check.verdict, check.by, asked) == ("unsupported", "model", 2)
    assert not after.clean
    assert "lungs are clear" not in check.model_dump_json()


@pytest.mark.parametrize(
    "answers",
    [
        (verdict("supported", "E1"),),
        (verdict("unsupported"), verdict("supported", "E1")),
        (verdict("unsupported", "E99"), verdict("unsupported", "E99")),
        ("maybe", "perhaps"),
        (json.dumps({"verdict": "contradicted", "evidence_ids": [], "reason": ""}),) * 2,
        ("", ""),
        (Turn(finish="filter"), Turn(finish="filter")),
        (),
    ],
    ids=range(8),
)
def test_it_raises_nothing_and_where_it_fails_the_rules_verdict_stays(answers):
    before = checked(ODD)
    after, _ = judge(before, *answers)
    assert after == before
    assert after.checks[0].verdict == "not_checkable"


def test_it_is_asked_about_few_sentences():
    _, asked = judge(checked(*(f"{ODD[:-1]} {at}." for at in "abcdefghijklmno")), *[verdict("supported")] * 40)
    assert asked <= 8


def test_sentences_are_read_alone_first_so_that_a_bad_one_spoils_no_good_one():
    bad, good = Line(text="The cardiac silhouette is enlarged.", evidence=("E4",)), Line(text=TRUE, evidence=("E4",))
    read = review([bad, good], [], BASIS)
    assert [bool(one.flaws) for one in read] == [True, False]


def test_a_sentence_must_stand_by_itself():
    lines = [Line(text=LUNG_TEXT, evidence=("E1",)), Line(text="It has an area of 213.4 cm².", evidence=("E1",))]
    assert [bool(one.flaws) for one in review(lines, [], BASIS)] == [False, True]


LUNG_TEXT = "The right lung field has an area of 213.4 cm²."


def test_what_was_kept_is_not_said_again():
    (one,) = review([Line(text=TRUE, evidence=("E4",))], [Line(text=TRUE, evidence=("E4",))], BASIS)
    assert [flaw.rule for flaw in one.flaws] == ["R13"]


def test_reasons_name_the_sentence_by_its_place_and_hold_no_forbidden_text():
    read = review(
        [Line(text=TRUE, evidence=("E4",)), Line(text="The heart is fine; signed by Dr. Brown.", evidence=("E4",))],
        [],
        BASIS,
    )
    told = reasons(read)
    assert told.startswith("2. ")
    assert "signed by" not in told


def test_nothing_is_citable_that_is_not_given():
    (one,) = review([Line(text=TRUE, evidence=("E4",))], [], Basis(Ledger(evidence=LUNG), {}))
    assert one.flaws[0].rule == "R15"
