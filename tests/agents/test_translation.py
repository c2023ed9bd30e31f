"""A report in German: every sentence is what the table makes of its evidence, and holds in English."""

import re

import pytest

from readingroom.agents.idiom import idioms
from readingroom.agents.template import parse_template, templates
from readingroom.agents.translation import Tables, verify_worded, verify_worded_report
from readingroom.agents.verifier import Ledger
from readingroom.agents.wordings import languages_of, parse_wording, worded
from readingroom.agents.writer import write_findings
from readingroom.domain.check import Verification
from readingroom.domain.finding import Limitation
from readingroom.domain.report import Provenance, Report
from readingroom.errors import BadRequest
from readingroom.exports.markdown import to_markdown
from readingroom.language.sentences import Sentence, read_report
from tests.agents.ledgers import CURRENT, PRIOR, evidence, measured
from tests.agents.template_evidence import PICTURE, Case, cases

CASES = {case.name: case for case in cases()}
CHEST = templates()["chest_xray"]
TABLES = Tables(CHEST, worded(CHEST, "de"))
SPACED = CURRENT.model_copy(update={"spacing": PICTURE.spacing})
HEART = (
    evidence("E1", "lung", "present", measured("area", 213.4, "cm2", 1), laterality="right"),
    evidence("E2", "cardiothoracic_ratio", "present", measured("cardiothoracic_ratio", 0.58, sd=0.03)),
    evidence("E3", "cardiac_enlargement", "present", derived_from=("E2",)),
    evidence("E4", "lung_density_asymmetry", "present", measured("density_difference", 14, "%", 0),
             laterality="right", zone="lower zone"),
    evidence("E5", "pleural_effusion", "present", laterality="left", quote="There is a left pleural effusion."),
)  # fmt: skip
LEDGER = Ledger(evidence=HEART, images=(SPACED,))


GERMAN = {name: worded(template, "de") for name, template in templates().items()}


def german(case: Case) -> Tables:
    whole = GERMAN[case.template.id]
    rules = [rule for rule in whole.rules if rule.key == case.rule.key]
    return Tables(case.template, whole.model_copy(update={"findings": tuple(rules), "normals": (), "sections": ()}))


def told(tables: Tables, ledger: Ledger) -> list[Sentence]:
    findings, statements = write_findings(tables.worded, ledger.evidence, frozenset({"A"}))
    found = [Sentence(id=one.id, section="findings", text=one.text, cites=one.evidence) for one in findings]
    return found + [
        Sentence(id=one.id, section="impression", text=one.text, cites=one.derived_from) for one in statements
    ]


@pytest.mark.parametrize("name", CASES)
def test_every_german_sentence_is_supported_through_its_english_twin(name):
    case = CASES[name]
    tables = german(case)
    sentences = told(tables, case.ledger)
    found = verify_worded(sentences, case.ledger, tables)
    assert found.clean, [(check.text, check.problems) for check in found.checks]
    assert [check.text for check in found.checks] == [sentence.text for sentence in sentences]
    assert found.coverage == 1
    assert not verify_worded(sentences, Ledger(images=case.ledger.images), tables).clean


@pytest.mark.parametrize("name", CASES)
def test_german_numbers_have_a_comma_and_no_english_is_left(name):
    case = CASES[name]
    if case.rule.subject.quoted:
        return
    text = " ".join(sentence.text for sentence in told(german(case), case.ledger))
    assert not re.search(r"\d\.\d", text)
    assert not re.search(r"\b(?:the|with|and|of|left|right|region|may|possible|area)\b", text), text
    assert "„" not in text, "every structure that is served has a German name"


def report(**changes) -> Report:
    findings, impression = write_findings(TABLES.worded, HEART, frozenset({"A"}))
    provenance = Provenance(
        run="r-20260101-000000-abcd", workflow="w", template="chest_xray 2", template_sha256=TABLES.worded.sha256,
        planner="p", writer="w", backends=(), code_version="1", started="2026-01-01T00:00:00Z",
        finished="2026-01-01T00:00:01Z",
    )  # fmt: skip
    fields = {
        "id": "r", "notice": idioms()["de"].notice, "title": "Thorax", "language": "de", "subject": "s",
        "images": (SPACED,), "findings": findings, "impression": impression, "evidence": HEART,
        "comparison": "Keine Voraufnahme vorhanden.",
        "limitations": (Limitation(code="research_only", text="Nur für die Forschung."),), "provenance": provenance,
    }  # fmt: skip
    return Report.model_validate({**fields, **changes})


def edited(old: str, new: str) -> Report:
    whole = report()
    assert any(old in one.text for one in (*whole.findings, *whole.impression))
    return whole.model_copy(
        update={
            "findings": tuple(one.model_copy(update={"text": one.text.replace(old, new)}) for one in whole.findings),
            "impression": tuple(
                one.model_copy(update={"text": one.text.replace(old, new)}) for one in whole.impression
            ),
        }
    )


def faults(found: Verification) -> list[str]:
    return [problem.reason for check in found.checks for problem in check.problems]


def test_a_report_as_it_was_written_is_clean():
    found = verify_worded_report(report())
    assert found.clean, faults(found)
    assert found.coverage == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rechte untere", "linke untere"),
        ("0,58", "0,68"),
        ("14 %", "41 %"),
        ("213,4 cm²", "213,4 mm²"),
        ("ist vergrößert", "ist nicht vergrößert"),
        ("untere", "obere"),
        ("left pleural effusion", "right pleural effusion"),
        ("0,58", "0.58"),
    ],
)
def test_an_edit_in_german_is_caught_and_told_in_its_words(old, new):
    found = verify_worded_report(edited(old, new))
    assert not found.clean
    bad = [check for check in found.checks if check.verdict == "unsupported"]
    assert any(new in check.text for check in bad)
    assert any("not the wording of the table" in reason for reason in faults(found))


def test_the_reason_names_what_differs():
    (reason, *_) = faults(verify_worded_report(edited("0,58", "0,68")))
    assert "says '0,68' where the table says '0,58'" in reason


def test_a_sentence_of_nobodys_is_unsupported():
    whole = report()
    extra = whole.findings[0].model_copy(update={"id": "F99", "text": "Es besteht ein Pneumothorax links."})
    found = verify_worded_report(whole.model_copy(update={"findings": (*whole.findings, extra)}))
    assert [check.verdict for check in found.checks if check.target == "F99"] == ["unsupported"]


def test_the_right_words_for_other_evidence_are_unsupported():
    """The words are the table's; the evidence they cite is someone else's."""
    whole = report()
    first = next(one for one in whole.findings if "Herz" in one.text)
    moved = tuple(one.model_copy(update={"evidence": ("E4",)}) if one is first else one for one in whole.findings)
    found = verify_worded_report(whole.model_copy(update={"findings": moved}))
    assert any(check.target == first.id and check.verdict == "unsupported" for check in found.checks)


def test_leaving_a_finding_out_is_an_omission_in_german_too():
    whole = report()
    kept = tuple(one for one in whole.findings if "E4" not in one.evidence)
    names = {one.id for one in kept}
    statements = tuple(one for one in whole.impression if set(one.derived_from) <= names)
    found = verify_worded_report(whole.model_copy(update={"findings": kept, "impression": statements}))
    assert [omission.evidence for omission in found.omissions] == [("E4",)]


def test_a_comparison_with_nothing_is_caught():
    found = verify_worded_report(report(comparison="Eine Voraufnahme lag vor."))
    assert any(check.section == "comparison" and check.verdict == "unsupported" for check in found.checks)
    images = (SPACED, PRIOR)
    assert verify_worded_report(report(comparison="Eine Voraufnahme lag vor.", images=images)).clean


def test_a_quote_stays_in_its_own_language_and_is_marked():
    (text,) = [one.text for one in report().findings if "E5" in one.evidence]
    assert text == "„There is a left pleural effusion.“ (Originalwortlaut, englisch)"


def test_the_markdown_of_a_german_report_is_read_back():
    found = verify_worded(read_report(to_markdown(report())), LEDGER, TABLES)
    assert found.clean, faults(found)
    assert {check.section for check in found.checks} >= {"findings", "impression"}
    swapped = to_markdown(report()).replace("rechte untere", "linke untere")
    assert not verify_worded(read_report(swapped), LEDGER, TABLES).clean


def test_every_template_has_every_language():
    others = set(idioms()) - {"en"}
    for name, template in templates().items():
        assert set(languages_of(name)) == {"en", *others}
        for language in others:
            assert [rule.key for rule in worded(template, language).rules] == [rule.key for rule in template.rules]


SOURCE = (
    "id: mine\nversion: 1\ntitle: Mine\nserves: []\ntechnique: t\nfindings:\n"
    "  - key: size\n    for: {observation: lung, presence: present}\n"
    "    text: The lungs have an area of {{ m.area.text }}.\n"
)


def test_a_users_own_template_needs_a_wording_of_its_own():
    template = parse_template(SOURCE, "mine.yaml")
    with pytest.raises(BadRequest, match="'mine' has no wording in Deutsch"):
        worded(template, "de")
    words = "of: mine\ntitle: Meins\ntechnique: t\nsentences:\n  size: {text: 'Die Lungen haben {{ m.area.text }}.'}\n"
    assert worded(template, "de", words).findings[0].text == "Die Lungen haben {{ m.area.text }}."


@pytest.mark.parametrize(
    ("sentences", "complaint"),
    [
        ("other: {text: a}", "no words for 'size'"),
        ("size: {text: a}\n  strange: {text: b}", "sentences.strange: the template has no such rule"),
        ("size: {text: a, impression: b}", "only one of the two has it"),
        ("size: {text: '{{ phrase.x }}'}", r"sentences.size.text \(line 5\): there is no phrase 'x'"),
        ("size: {}", r"sentences.size.text \(line 5\): Field required"),
    ],
)
def test_a_wording_that_does_not_fit_is_refused_in_words(sentences, complaint):
    words = f"of: mine\ntitle: Meins\ntechnique: t\nsentences:\n  {sentences}\n"
    with pytest.raises(BadRequest, match=complaint):
        worded(parse_template(SOURCE, "mine.yaml"), "de", words)


def test_an_unknown_language_is_refused():
    with pytest.raises(BadRequest, match="no language 'xx'"):
        worded(CHEST, "xx")


def test_a_wording_is_typed():
    with pytest.raises(BadRequest, match=r"strange \(line 2\)"):
        parse_wording("of: a\nstrange: 1\ntitle: t\ntechnique: t\nsentences: {}\n", "de/a.yaml")
