"""The gate: what it strikes is kept with the reasons, nothing is corrected, and twice is as good as once."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.agents.gate import REFUSED, gated, told_of
from readingroom.agents.judge import judged_report
from readingroom.agents.verifier import Ledger, verify_report
from readingroom.domain.finding import Finding, Statement
from readingroom.domain.report import Report
from readingroom.exports.canonical import from_json, to_json
from tests.agents.desks import desk
from tests.agents.ledgers import CURRENT, evidence, measured
from tests.agents.reports import report

EVIDENCE = (
    evidence("E1", "pleural_effusion", laterality="right", severity="mild"),
    evidence("E2", "consolidation", "absent"),
    evidence("E3", "nodule", "present", measured("longest_diameter", 8, "mm", 0), laterality="left", zone="upper zone"),
)


def finding(name: str, text: str, observation: str, *cites: str, **fields: object) -> Finding:
    return Finding(id=name, text=text, observation=observation, evidence=cites, **{"presence": "present", **fields})


GOOD = finding("F1", "Small right pleural effusion.", "pleural_effusion", "E1", laterality="right", severity="mild")
DENIED = finding("F2", "No consolidation.", "consolidation", "E2", presence="absent")
WRONG = finding("F3", "A 16 mm nodule in the left upper zone.", "nodule", "E3", laterality="left", zone="upper zone")
ODD = finding("F4", "The study was done on a Tuesday.", "pleural_effusion", "E1")
MADE_UP = finding("F5", "There is a left pneumothorax.", "pneumothorax", "E1")
AGAIN = finding("F6", "There is a small right pleural effusion.", "pleural_effusion", "E1", laterality="right")
RESTS = Statement(id="I1", text="A left nodule.", derived_from=("F3",))
STANDS = Statement(id="I2", text="Right pleural effusion.", derived_from=("F1", "F3"))
HALF = Statement(id="I3", text="No consolidation.", derived_from=("F1",))
ALL = (GOOD, DENIED, WRONG, ODD, MADE_UP, AGAIN)


def struck(found: Report) -> list[str]:
    return [one.check.target for one in found.struck]


def ids(found: Report) -> list[str]:
    return [*(one.id for one in found.findings), *(one.id for one in found.impression)]


def test_mark_leaves_all_in_place() -> None:
    given = report(EVIDENCE, *ALL, impression=(RESTS, STANDS))
    found = gated(given, "mark")
    assert (ids(found), found.struck, found.limitations) == (ids(given), (), given.limitations)
    assert found.verification == verify_report(given)
    assert not found.clean


def test_strike_takes_out_what_does_not_hold_and_keeps_it_with_why() -> None:
    found = gated(report(EVIDENCE, *ALL, impression=(RESTS, STANDS)), "strike")
    assert ids(found) == ["F1", "F2", "F4", "I2"]
    assert set(struck(found)) == {"F3", "F5", "F6", "I1"}
    kept = {one.check.target: one for one in found.struck}
    assert (kept["F3"].check.text, kept["F3"].cites) == (WRONG.text, ("E3",))
    assert "measures 8 mm" in kept["F3"].check.problems[0].reason
    assert kept["I1"].check.problems[-1].reason == "rests on F3, which was struck"
    assert found.impression[0].derived_from == ("F1",)


def test_what_was_struck_counts_as_left_out_and_no_number_is_corrected() -> None:
    found = gated(report(EVIDENCE, *ALL), "strike")
    assert found.verification is not None
    assert [one.evidence for one in found.verification.omissions] == [("E3",)]
    assert not found.clean
    assert {one.text for one in found.findings} <= {one.text for one in ALL}
    assert found.evidence == EVIDENCE


def test_the_limitation_says_how_many_and_why() -> None:
    found = gated(report(EVIDENCE, *ALL, impression=(RESTS,)), "strike")
    (line,) = [line.text for line in found.limitations if "struck" in line.text]
    assert line.startswith("4 sentences were struck from this draft by the checker (R01")
    assert "1 contradicted and 3 unsupported" in line
    assert found.limitations[-1] == told_of(found.struck)


def test_a_statement_that_no_longer_holds_falls_later() -> None:
    """It rests on a finding that is struck and on one that does not bear it."""
    both = Statement(id="I1", text="A left nodule.", derived_from=("F1", "F3"))
    found = gated(report(EVIDENCE, GOOD, WRONG, impression=(both,)), "strike")
    assert (ids(found), struck(found)) == (["F1"], ["F3", "I1"])


def test_a_true_sentence_does_not_fall_for_contradicting_a_false_one() -> None:
    false = finding("F1", "There is consolidation.", "consolidation", "E2")
    found = gated(report(EVIDENCE[:2], false, DENIED, GOOD.model_copy(update={"id": "F3"})), "strike")
    assert (ids(found), struck(found)) == (["F2", "F3"], ["F1"])
    assert found.clean


def test_nothing_left_is_still_a_report() -> None:
    made_up = finding("F1", "There is a nodule.", "nodule", "E2")
    rests = Statement(id="I1", text="Nodule.", derived_from=("F1",))
    found = gated(report(EVIDENCE[1:2], made_up, impression=(rests,)), "strike")
    assert (found.findings, found.impression) == ((), ())
    assert set(struck(found)) == {"F1", "I1"}
    assert from_json(to_json(found), where="here") == found


def test_what_a_model_doubted_falls_too() -> None:
    vote = json.dumps({"verdict": "unsupported", "evidence_ids": [], "reason": ""})
    given = gated(report(EVIDENCE, GOOD, ODD, WRONG), "mark")
    doubted = asyncio.run(judged_report(given, desk(vote, vote, who="second_reader")))
    found = gated(doubted, "strike")
    assert set(struck(found)) == {"F3", "F4"}
    assert {one.check.target: one.check.by for one in found.struck} == {"F3": "rules", "F4": "model"}


def test_a_models_doubt_outlives_a_second_look_of_the_rules() -> None:
    vote = json.dumps({"verdict": "unsupported", "evidence_ids": [], "reason": ""})
    on_tuesday = Statement(id="I1", text=ODD.text, derived_from=("F1",))
    given = gated(report(EVIDENCE, GOOD, WRONG, impression=(on_tuesday,)), "mark")
    doubted = asyncio.run(judged_report(given, desk(vote, vote, who="second_reader")))
    assert struck(gated(doubted, "strike")) == ["F3", "I1"]


@pytest.mark.parametrize("forbids", [(), ("recommendations",)])
def test_what_the_template_forbids_is_struck(forbids: tuple) -> None:
    advice = finding("F1", "Small right pleural effusion; recommend CT.", "pleural_effusion", "E1", laterality="right",
                     severity="mild")  # fmt: skip
    ledger = Ledger(evidence=EVIDENCE[:2], images=(CURRENT,), forbids=forbids)
    found = gated(report(EVIDENCE[:2], advice), "strike", verifier=lambda one: verify_report(one, ledger))
    assert struck(found) == (["F1"] if forbids else [])


DRAFTS = st.tuples(
    st.lists(st.sampled_from(ALL), unique=True, max_size=6),
    st.lists(st.sampled_from((RESTS, STANDS, HALF)), unique=True, max_size=3),
)


@given(DRAFTS)
@settings(max_examples=60, deadline=None)
def test_it_is_idempotent_and_loses_no_sentence(draft: tuple[list[Finding], list[Statement]]) -> None:
    findings, statements = draft
    known = {one.id for one in findings}
    resting = tuple(one for one in statements if set(one.derived_from) <= known)
    given_report = report(EVIDENCE, *findings, impression=resting)
    once = gated(given_report, "strike")
    assert gated(once, "strike") == once
    assert gated(gated(given_report, "mark"), "strike") == once
    assert once.verification == verify_report(once)
    assert not any(check.verdict in REFUSED for check in once.verification.checks)
    assert sorted([*ids(once), *struck(once)]) == sorted(ids(given_report))
    assert set(once.findings) <= set(findings)
    assert len([line for line in once.limitations if "struck" in line.text]) == bool(once.struck)
    assert from_json(to_json(once), where="here") == once
