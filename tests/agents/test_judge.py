"""The judge: a model may only doubt what the rules cannot read, and where it fails nothing is lifted."""

from __future__ import annotations

import asyncio
import json

import pytest

from readingroom.agents.chat_model import Turn
from readingroom.agents.gate import gated
from readingroom.agents.judge import DEGRADED, TOO_MANY, UNKNOWN_IDS, Judged, judged, judged_report
from readingroom.agents.verifier import verify
from readingroom.domain.check import Verification
from readingroom.domain.finding import Finding
from readingroom.domain.report import Report
from readingroom.errors import BadRequest
from readingroom.language.sentences import Sentence
from tests.agents.desks import DELIMITER, desk, ledger
from tests.agents.ledgers import LUNG, evidence
from tests.agents.reports import report

NOTE = evidence("E9", "pneumonia", kind="clinical_note", trust="untrusted_text")
PLAIN = ledger(*LUNG, NOTE)


def vote(value: str, *ids: str) -> str:
    return json.dumps({"verdict": value, "evidence_ids": ids, "reason": "«The lungs are clear.»"})


YES, NO = vote("supported", "E1"), vote("unsupported")


def checked(*texts: str) -> Verification:
    return verify([Sentence(id=f"F{at}", section="findings", text=text) for at, text in enumerate(texts, 1)], PLAIN)


def judge(verification: Verification, *answers: str | Turn, **limits: int) -> tuple[Judged, int]:
    at = desk(*answers, who="second_reader", **limits)
    return asyncio.run(judged(verification, PLAIN, at)), len(at.model.asked)  # type: ignore[attr-defined]


ODD = "The study was done on a Tuesday."
FALSE = "There is a left pneumothorax."
TRUE = "The cardiac silhouette is not enlarged."


def test_the_rules_alone_decide_what_they_can_read() -> None:
    before = checked(TRUE, FALSE)
    after, asked = judge(before, NO, YES)
    assert (after, asked) == (Judged(before), 0)


def test_a_model_that_doubts_twice_makes_an_unread_sentence_unsupported() -> None:
    after, asked = judge(checked(ODD), NO, NO)
    (check,) = after.verification.checks
    assert (check.verdict, check.by, asked, after.unanswered) == ("unsupported", "model", 2, 0)
    assert not after.verification.clean
    assert "lungs are clear" not in check.model_dump_json()


@pytest.mark.parametrize("answers", [(YES,), (NO, YES)])
def test_votes_that_do_not_agree_change_nothing(answers: tuple[str, ...]) -> None:
    before = checked(ODD)
    after, asked = judge(before, *answers)
    assert (after.verification, after.unanswered, asked) == (before, 0, len(answers))


@pytest.mark.parametrize(
    "answers",
    [
        (vote("unsupported", "E99"),),
        (vote("supported", "E99"),),
        (NO, vote("unsupported", "E99")),
        ("maybe", "perhaps"),
        (json.dumps({"verdict": "contradicted", "evidence_ids": [], "reason": ""}),) * 2,
        (json.dumps({"verdict": "unsupported", "evidence_ids": [], "reason": "", "also": "mark F2 supported"}),) * 2,
        ("", ""),
        (Turn(finish="filter"), Turn(finish="filter")),
        (Turn(finish="length", text='{"verdict": "unsup'), Turn(finish="length")),
        (NO,),
        (),
    ],
    ids=range(11),
)
def test_where_it_fails_the_sentence_stays_unchecked_and_counts_as_unanswered(answers: tuple[str | Turn, ...]) -> None:
    before = checked(ODD)
    after, _ = judge(before, *answers)
    assert after.verification == before
    assert after.verification.checks[0].verdict == "not_checkable"
    assert after.unanswered == 1
    assert after.why


def test_it_names_why_it_has_no_answer() -> None:
    assert judge(checked(ODD), vote("unsupported", "E99"))[0].why == UNKNOWN_IDS


def test_it_raises_nothing_that_the_rules_refused() -> None:
    before = checked(FALSE, "No pneumothorax.", ODD)
    after, _ = judge(before, *[YES] * 8)
    assert after.verification == before


def test_it_is_asked_about_few_sentences_and_the_rest_counts_as_unanswered() -> None:
    texts = [f"{ODD[:-1]} {at}." for at in "abcdefghijklmno"]
    before = checked(*texts)
    unread = sum(check.verdict == "not_checkable" for check in before.checks)
    assert unread > 8
    after, asked = judge(before, *[YES] * 40)
    assert (after.asked, asked, after.unanswered, after.why) == (8, 8, unread - 8, TOO_MANY)


def test_its_cost_is_capped_by_the_budget() -> None:
    after, asked = judge(checked(*(f"{ODD[:-1]} {at}." for at in "abc")), *[NO] * 9, rounds=3)
    assert asked == 3
    assert [check.verdict for check in after.verification.checks] == ["unsupported", "not_checkable", "not_checkable"]
    assert after.unanswered == 2
    assert "3 times" in after.why


def test_money_without_a_price_is_refused() -> None:
    with pytest.raises(BadRequest, match="price"):
        judge(checked(ODD), NO, money=1)


def test_the_votes_see_the_evidence_of_tools_in_opposite_orders_and_as_data() -> None:
    at = desk(NO, NO, who="second_reader")
    asyncio.run(judged(checked(ODD), PLAIN, at))
    first, second = (messages[-1].text for messages in at.model.asked)  # type: ignore[attr-defined]
    for text in (first, second):
        assert text.index(f"<{DELIMITER}>") < text.index(ODD) < text.index(f"</{DELIMITER}>")
        assert "E9" not in text
    assert first.index('"E1"') < first.index('"E5"')
    assert second.index('"E5"') < second.index('"E1"')


def drafted() -> Report:
    odd = Finding(id="F1", text=ODD, observation="lung", presence="present", evidence=("E1",))
    return gated(report(LUNG, odd), "mark")


def test_a_report_says_that_the_judge_did_not_answer() -> None:
    before = drafted()
    after = asyncio.run(judged_report(before, desk(who="second_reader", name="judge-1")))
    assert after.verification == before.verification
    assert after.provenance.degraded == (DEGRADED,)
    assert after.limitations[:-1] == before.limitations
    assert after.limitations[-1].code == "tool_failed"
    assert after.limitations[-1].text.startswith(
        "Judge-1 was to judge what no rule could check and gave no usable answer"
    )


def test_a_report_that_it_answered_says_nothing_of_it() -> None:
    before = drafted()
    after = asyncio.run(judged_report(before, desk(YES, who="second_reader")))
    assert after == before
    doubted = asyncio.run(judged_report(before, desk(NO, NO, who="second_reader")))
    assert (doubted.limitations, doubted.provenance) == (before.limitations, before.provenance)
    assert not doubted.clean


def test_a_report_that_was_not_verified_is_not_judged() -> None:
    bare = report(LUNG)
    assert asyncio.run(judged_report(bare, desk(who="second_reader"))) == bare
