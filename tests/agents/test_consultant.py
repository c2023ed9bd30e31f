"""The consultant answers from a report's evidence, cites it, and says so where it has nothing."""

import asyncio

import pytest

from readingroom.agents.consultant import Consulted, consult
from readingroom.agents.verifier import Ledger, of_report, verify
from readingroom.agents.writers import write
from readingroom.domain.finding import Limitation
from readingroom.domain.report import Provenance, Report
from tests.agents.desks import CHEST, PAYLOADS, answer, desk, ledger, obeying
from tests.agents.ledgers import CURRENT, LUNG

HEART = "The cardiac silhouette is not enlarged, with a cardiothoracic ratio of 0.45."


def report(given: Ledger | None = None) -> Report:
    given = given or ledger()
    written = asyncio.run(write(CHEST, given))
    found = Report(
        id="report-r", title="Chest", subject="s", images=(CURRENT,), findings=written.findings,
        impression=written.impression, limitations=(Limitation(code="research_only", text="Research."),),
        evidence=given.evidence,
        provenance=Provenance(
            run="r-20260101-000000-0000", workflow="report", template="t", template_sha256="0" * 64, planner="p",
            writer="w", backends=(), code_version="0", started="", finished="",
        ),
    )  # fmt: skip
    return found.model_copy(update={"verification": verify(of_report(found), given)})


REPORT = report()


def asked(question: str, *answers, given: Report = REPORT) -> Consulted:
    return asyncio.run(consult(question, given, desk(*answers, who="consultant")))


def said(found: Consulted) -> list[str]:
    return [one.text for one in found.words.sentences]


def test_every_sentence_cites_evidence():
    found = asked("Is the heart enlarged?", answer((HEART, "E4", "E3")))
    assert said(found) == [HEART]
    assert found.words.sentences[0].evidence == ("E4", "E3")
    assert found.words.unanswered == ()


def test_a_finding_may_be_cited_for_its_evidence():
    found = asked("Is the heart enlarged?", answer((HEART, "F1")))
    assert found.words.sentences[0].evidence == ("E4", "E3")


@pytest.mark.parametrize("answers", [(answer(),), (answer(("There is no pneumothorax.", "E4")),) * 3])
def test_what_the_evidence_says_nothing_of_is_not_answered(answers):
    found = asked("Is there a pneumothorax?", *answers)
    assert said(found) == []
    assert found.words.unanswered[0] == "The evidence of this report says nothing of pneumothorax."


def test_a_question_without_a_known_finding_gets_a_plain_no():
    assert asked("Who won the cup?", answer()).words.unanswered == (
        "The evidence of this report says nothing of what was asked.",
    )


def test_a_sentence_that_does_not_hold_is_left_out_and_counted():
    bad = ("The cardiothoracic ratio is 0.61.", "E3")
    found = asked("How large is the heart?", answer((HEART, "E4", "E3"), bad), answer(bad), answer(bad))
    assert said(found) == [HEART]
    assert any(line.startswith("1 sentence of the answer was left out") for line in found.words.unanswered)


def test_without_a_model_or_where_it_fails_the_rules_answer():
    rules = asyncio.run(consult("Why F1?", REPORT))
    assert rules.words.sentences
    failed = asked("Why F1?", "?", "?")
    assert failed.words == rules.words
    assert failed.revised.failure


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_consultant_that_obeys_what_it_reads_says_nothing_false(payload):
    poisoned = report(ledger(*LUNG[:4], LUNG[4].model_copy(update={"summary": payload})))
    found = asyncio.run(consult("What is there?", poisoned, obeying("consultant")))
    assert said(found) == []
    assert found.words.unanswered
