"""Every sentence of every template, read again by the verifier: supported by its evidence, and by no other."""

from collections.abc import Callable

import pytest

from readingroom.agents.sentence_rules import kind_of
from readingroom.agents.template import templates
from readingroom.agents.verifier import Ledger, verify
from readingroom.agents.writer import write_findings
from readingroom.domain.check import Verification
from readingroom.domain.evidence import Evidence
from readingroom.language.sentences import Sentence
from tests.agents.template_evidence import Case, cases

CASES = {case.name: case for case in cases()}


def told(case: Case) -> list[Sentence]:
    findings, statements = write_findings(case.template, case.ledger.evidence, frozenset({"A"}))
    assert len(findings) == 1, "the rule tells its evidence, once"
    found = [Sentence(id=one.id, section="findings", text=one.text, cites=one.evidence) for one in findings]
    return found + [
        Sentence(id=one.id, section="impression", text=one.text, cites=one.derived_from) for one in statements
    ]


def read(case: Case, ledger: Ledger) -> Verification:
    return verify(told(case), ledger)


@pytest.mark.parametrize("name", CASES)
def test_a_sentence_is_supported_by_the_evidence_it_was_made_of(name):
    case = CASES[name]
    found = read(case, case.ledger)
    problems = [(check.text, problem.rule, problem.reason) for check in found.checks for problem in check.problems]
    assert [check.verdict for check in found.checks] == ["supported"] * len(found.checks), problems
    assert found.coverage == 1
    assert found.clean


def changed(case: Case, change: Callable[[Evidence], Evidence]) -> Ledger:
    return case.ledger.model_copy(update={"evidence": tuple(map(change, case.ledger.evidence))})


def with_other_numbers(item: Evidence) -> Evidence:
    parts = tuple(part.model_copy(update={"value": part.value * 1.7}) for part in item.measurements)
    return item.model_copy(update={"measurements": parts})


def on_the_other_side(item: Evidence) -> Evidence:
    other = {"left": "right", "right": "left"}.get(item.laterality, item.laterality)
    return item.model_copy(update={"laterality": other})


def denied(item: Evidence) -> Evidence:
    flipped = {"present": "absent", "absent": "present", "indeterminate": "absent"}
    return item.model_copy(
        update={"presence": flipped.get(item.presence, item.presence), "certainty": None, "quote": ""}
    )


@pytest.mark.parametrize("name", CASES)
def test_it_does_not_hold_without_evidence(name):
    assert not read(CASES[name], Ledger(images=CASES[name].ledger.images)).clean


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if any(c.isdigit() for c in told(case)[0].text)])
def test_it_does_not_hold_where_the_numbers_are_others(name):
    assert not read(CASES[name], changed(CASES[name], with_other_numbers)).clean


def sided(case: Case) -> bool:
    return case.ledger.evidence[0].laterality in set(told(case)[0].text.split()) & {"left", "right"}


SIDED = [name for name, case in CASES.items() if sided(case)]


@pytest.mark.parametrize("name", SIDED)
def test_it_does_not_hold_on_the_other_side(name):
    assert not read(CASES[name], changed(CASES[name], on_the_other_side)).clean


FOUND = [name for name, case in CASES.items() if kind_of(case.ledger.evidence[0].observation) == "finding"]


@pytest.mark.parametrize("name", FOUND)
def test_it_does_not_hold_where_the_tool_says_the_opposite(name):
    assert not read(CASES[name], changed(CASES[name], denied)).clean


def test_every_kind_of_break_was_tried():
    assert len(CASES) > 150
    assert len(SIDED) >= 10
    assert len(FOUND) > 40


def test_a_normal_statement_waits_for_a_tool_that_looked():
    """With nothing looked at, no template has a word to say."""
    for template in templates().values():
        assert write_findings(template, (), frozenset({"A"})) == ((), ())
        assert all(rule.subject.presence is not None or rule.subject.change for rule in template.rules)
