"""A report in another language, checked through its English twin: the same rules and evidence, told in English.

The checker reads English. A sentence in another language holds if it is what the table of wordings makes of its
evidence, to the letter, and if the English sentence that the same rule makes of the same evidence holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from readingroom.agents.idiom import ENGLISH, idiom_of
from readingroom.agents.ledger import Ledger
from readingroom.agents.sentence_rules import ReportTemplate
from readingroom.agents.template import parse_template, templates
from readingroom.agents.verifier import ALL, RANK, of_report, verify, verify_report
from readingroom.agents.wordings import worded
from readingroom.agents.writer import write_findings, write_technique
from readingroom.domain.check import Problem, Rule, Verification
from readingroom.domain.report import Report
from readingroom.domain.terms import Section
from readingroom.errors import BadRequest
from readingroom.language.sentences import SAYING, Sentence, split_sentences

ALIKE = 0.6
"""Least similarity (difflib's ratio) at which a sentence is taken for an edited one of the table."""

UNTOLD = "—"
"""Stands in English for a sentence that the table does not have: it claims nothing."""


class Tables(NamedTuple):
    """One template in English and in the report's language."""

    english: ReportTemplate
    worded: ReportTemplate


class Pair(NamedTuple):
    """One rule's sentence of one evidence, in both languages."""

    section: Section
    text: str
    english: str
    cites: tuple[str, ...]


class Twin(NamedTuple):
    """The same text in English, and what is wrong with sentences that no table has, by their place."""

    sentences: tuple[Sentence, ...]
    strange: Mapping[int, Problem]


def tables_of(report: Report, template: str | None = None, wording: str | None = None) -> Tables:
    """The tables that a report was written with.

    `template`, `wording`: the texts of a user's own. Raises BadRequest where the report names a template that is not
    among those that come with the package, and none is given.
    """
    name = report.provenance.template.split(" ")[0]
    if template is None and name not in templates():
        raise BadRequest(
            f"was written with the template {name!r}, which is not at hand", do="Give the template's file with it."
        )
    english = parse_template(template, "the template") if template else templates()[name]
    return Tables(english, worded(english, report.language, wording))


def pairs_of(tables: Tables, ledger: Ledger) -> tuple[Pair, ...]:
    """Every sentence that the tables make of a ledger, in both languages."""
    current = frozenset(image.id for image in ledger.images if image.role != "prior")
    said, meant = (write_findings(template, ledger.evidence, current) for template in (tables.worded, tables.english))
    found = [Pair("findings", one.text, two.text, one.evidence) for one, two in zip(said[0], meant[0], strict=True)]
    found += [
        Pair("impression", one.text, two.text, one.derived_from) for one, two in zip(said[1], meant[1], strict=True)
    ]
    for image in ledger.images:
        texts = [write_technique(template, image) for template in (tables.worded, tables.english)]
        found.append(Pair("technique", texts[0], texts[1], ()))
    one, two = idiom_of(tables.worded.language).comparison, idiom_of(ENGLISH).comparison
    return (*found, *(Pair("comparison", one[key], two[key], ()) for key in one))


def twin(sentences: Sequence[Sentence], pairs: Iterable[Pair]) -> Twin:
    """The English of each sentence; of one that the table does not have, what it should have said, and the fault."""
    rows = tuple(pairs)
    english: list[Sentence] = []
    strange: dict[int, Problem] = {}
    for at, sentence in enumerate(sentences):
        known = _known(sentence, rows)
        if known is not None or sentence.section not in SAYING:
            english.append(sentence.model_copy(update={"text": known.english}) if known else sentence)
            continue
        near = _nearest(sentence, rows)
        english.append(sentence.model_copy(update={"text": near.english if near else UNTOLD}))
        strange[at] = _fault(sentence, near)
    return Twin(tuple(english), strange)


def verify_worded(
    sentences: Sequence[Sentence], ledger: Ledger, tables: Tables, *, rules: frozenset[Rule] = ALL
) -> Verification:
    """Hold a text in the tables' language against the ledger; English is read as it is. The notice is no sentence."""
    if tables.worded.language == ENGLISH:
        return verify(sentences, ledger, rules=rules)
    notice = split_sentences(idiom_of(tables.worded.language).notice)
    said = [sentence for sentence in sentences if _plain(sentence.text) not in notice]
    told = twin(said, pairs_of(tables, ledger))
    return _in_its_words(said, told, verify(told.sentences, ledger, rules=rules))


def verify_worded_report(
    report: Report, ledger: Ledger | None = None, tables: Tables | None = None, *, rules: frozenset[Rule] = ALL
) -> Verification:
    """As `verify_report` holds a report and its fields against its evidence, in whatever language it is.

    Raises BadRequest as `tables_of` does.
    """
    if report.language == ENGLISH:
        return verify_report(report, ledger, rules=rules)
    against = ledger or Ledger(evidence=report.evidence, images=report.images)
    rows = pairs_of(tables or tables_of(report), against)
    sentences, other = of_report(report), _english(report, rows)
    told = twin(sentences, rows)
    return _in_its_words(sentences, told, verify_report(other, against, rules=rules))


def _english(report: Report, rows: tuple[Pair, ...]) -> Report:
    """The report with its sentences in English and every field as it was."""
    said = {sentence.id: sentence.text for sentence in twin(of_report(report), rows).sentences}
    heads = {
        "technique": " ".join(text for name, text in said.items() if name.startswith("technique.")) or None,
        "comparison": " ".join(text for name, text in said.items() if name.startswith("comparison.")),
    }
    findings = tuple(one.model_copy(update={"text": said[one.id]}) for one in report.findings)
    impression = tuple(one.model_copy(update={"text": said[one.id]}) for one in report.impression)
    return report.model_copy(update={"language": ENGLISH, "findings": findings, "impression": impression, **heads})


def _plain(text: str) -> str:
    return " ".join(text.split())


def _known(sentence: Sentence, rows: tuple[Pair, ...]) -> Pair | None:
    """The row that says the sentence to the letter; of several, the one on the same evidence."""
    same = [row for row in rows if row.section == sentence.section and row.text == _plain(sentence.text)]
    return next((row for row in same if set(row.cites) == set(sentence.cites)), same[0] if same else None)


def _nearest(sentence: Sentence, rows: tuple[Pair, ...]) -> Pair | None:
    """The row that the sentence was most likely made from: on the same evidence, else alike."""
    mine = [row for row in rows if row.section == sentence.section]
    cited = [row for row in mine if set(row.cites) & set(sentence.cites)]
    scored = [(_likeness(sentence.text, row.text), at, row) for at, row in enumerate(cited or mine)]
    best = max(scored, key=lambda one: (one[0], -one[1]), default=None)
    return best[2] if best is not None and best[0] >= ALIKE else None


def _likeness(one: str, two: str) -> float:
    return SequenceMatcher(None, one.lower(), two.lower(), autojunk=False).ratio()


def _fault(sentence: Sentence, near: Pair | None) -> Problem:
    cites = tuple(name for name in (near.cites if near else sentence.cites) if name.startswith("E"))
    reason = "is not the wording of the table"
    if near is not None:
        said, meant = _differing(_plain(sentence.text).split(), near.text.split())
        reason += f": says {said!r} where the table says {meant!r}" if said and meant else ""
        reason += f": says {said!r}, which the table does not" if said and not meant else ""
        reason += f": leaves out {meant!r}" if meant and not said else ""
    return Problem(rule="R01", verdict="unsupported", reason=reason, evidence=cites)


def _differing(said: list[str], meant: list[str]) -> tuple[str, str]:
    """The words between the first and the last that differ."""
    blocks = [row for row in SequenceMatcher(None, said, meant, autojunk=False).get_opcodes() if row[0] != "equal"]
    if not blocks:
        return "", ""
    return " ".join(said[blocks[0][1] : blocks[-1][2]]), " ".join(meant[blocks[0][3] : blocks[-1][4]])


def _in_its_words(sentences: Sequence[Sentence], told: Twin, found: Verification) -> Verification:
    """The verdicts on the English, put on the sentences that were read; places in the English say nothing here."""
    checks = []
    for at, (sentence, check) in enumerate(zip(sentences, found.checks, strict=True)):
        problems = tuple(problem.model_copy(update={"span": None}) for problem in check.problems)
        if check.text == sentence.text:
            problems = check.problems
        if at in told.strange:
            problems = (told.strange[at], *problems)
        verdict = max((check.verdict, *(one.verdict for one in problems)), key=RANK.__getitem__)
        update = {"text": sentence.text, "problems": problems, "verdict": verdict}
        checks.append(check.model_copy(update=update))
    return found.model_copy(update={"checks": tuple(checks)})
