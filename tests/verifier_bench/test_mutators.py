"""Every maker of errors changes one thing, at its own level, and the same seed makes the same report."""

from __future__ import annotations

import pytest

from readingroom.domain.report import Report
from readingroom.verifier_bench.classes import CLASSES, LEVELS, MAKERS, Level
from readingroom.verifier_bench.controls import CONTROLS
from readingroom.verifier_bench.drafts import Draft, draw_draft, report_of, seeded
from readingroom.verifier_bench.errors_text import UNIT
from readingroom.verifier_bench.facts import kin
from readingroom.verifier_bench.mutant import Mutant
from readingroom.verifier_bench.phrasebook import WRITERS, Writer, phrasebook
from readingroom.verifier_bench.tools import CURRENT

PAIRS = [(name, level) for level in LEVELS for name in MAKERS[level]]
TEXTS = 240
"""Reports looked through for errors of each kind."""


@pytest.fixture(scope="module")
def drafts() -> list[tuple[Draft, Report]]:
    found = [draw_draft(phrasebook(writer), 5, number) for number in range(TEXTS // len(WRITERS)) for writer in WRITERS]
    return [(draft, report_of(draft)) for draft in found]


def made(drafts: list[tuple[Draft, Report]], name: str, level: Level) -> list[tuple[Draft, Report, Mutant]]:
    maker = MAKERS[level][name]
    tried = [(draft, report, maker(draft, report, seeded(5, draft.number, name))) for draft, report in drafts]
    return [(draft, report, mutant) for draft, report, mutant in tried if mutant is not None]


def changed(before: Report, after: Report) -> set[str]:
    """The parts of the report that differ, as "section id field"."""
    found = set()
    for section in ("findings", "impression", "evidence"):
        old = {one.id: one.model_dump() for one in getattr(before, section)}
        new = {one.id: one.model_dump() for one in getattr(after, section)}
        found |= {f"{section} {name} -" for name in old.keys() ^ new.keys()}
        found |= {f"{section} {name} {key}" for name in old.keys() & new.keys() for key in old[name]
                  if old[name][key] != new[name][key]}  # fmt: skip
    return found


@pytest.mark.parametrize(("name", "level"), PAIRS)
def test_one_thing_changes_and_at_its_own_level(drafts: list[tuple[Draft, Report]], name: str, level: Level) -> None:
    mutants = made(drafts, name, level)
    assert len(mutants) >= 5, "too rare to be measured"
    sections = {"field": {"findings", "impression"}, "text": {"findings", "impression"}, "evidence": {"evidence"}}
    for _, report, mutant in mutants:
        parts = changed(report, mutant.report)
        assert parts, (name, level)
        assert {part.split()[0] for part in parts} <= sections[level]
        assert report.images == mutant.report.images
        things = {tuple(part.split()[:2]) for part in parts}
        if name == "omission" and level == "text":
            assert all(part.endswith(" -") for part in parts)
        elif (name, level) == ("course left out", "text"):
            assert len({thing for thing in things if thing[0] == "findings"}) == 1
        elif (name, level) == ("someone else's evidence", "evidence"):
            assert len(things) == 2
        else:
            assert len(things) == 1, parts
        if level == "text":
            assert all(part.endswith((" text", " -")) for part in parts)
        if level == "field":
            assert not any(part.endswith((" text", " -")) for part in parts)


@pytest.mark.parametrize("name", ["laterality", "location", "severity", "number", "unit"])
def test_a_changed_sentence_differs_in_a_word_or_two(drafts: list[tuple[Draft, Report]], name: str) -> None:
    for _, _, mutant in made(drafts, name, "text"):
        was, now = mutant.was.lower().split(), mutant.now.lower().split()
        assert was != now
        if any(word in mutant.now.lower() for word in ("bilateral", "both", "either", "left and right")):
            continue  # one side made two takes the plural with it
        assert len(set(was) ^ set(now)) <= 10, (mutant.was, mutant.now)


def test_a_false_finding_is_a_kind_of_nothing_in_the_evidence(drafts: list[tuple[Draft, Report]]) -> None:
    for draft, _, mutant in made(drafts, "false finding", "text"):
        new = next(one for one in mutant.report.findings if one.id == "F99")
        assert not any(kin(new.observation, fact.observation) for fact in draft.facts)


def test_a_wrong_number_is_none_of_the_right_ones(drafts: list[tuple[Draft, Report]]) -> None:
    for _, report, mutant in made(drafts, "number", "field"):
        right = {part.value for one in report.findings if one.id == mutant.target for part in one.measurements}
        new = {part.value for one in mutant.report.findings if one.id == mutant.target for part in one.measurements}
        assert len(new - right) == 1


def test_what_cannot_be_made_says_why() -> None:
    for one in CLASSES:
        for level in LEVELS:
            assert (one.name in MAKERS[level]) != bool(one.without.get(level)), (one.name, level)


@pytest.mark.parametrize("writer", WRITERS)
def test_the_same_seed_makes_the_same_report_and_another_seed_another(writer: Writer) -> None:
    book = phrasebook(writer)
    first = [report_of(draw_draft(book, 3, number)) for number in range(20)]
    assert first == [report_of(draw_draft(book, 3, number)) for number in range(20)]
    assert first != [report_of(draw_draft(book, 4, number)) for number in range(20)]


@pytest.mark.parametrize("name", ["unit-equivalent", "laterality synonyms", "case", "spelling", "abbreviation"])
def test_a_harmless_rewording_changes_words_and_nothing_else(drafts: list[tuple[Draft, Report]], name: str) -> None:
    tried = [(report, CONTROLS[name](draft, seeded(5, draft.number, name))) for draft, report in drafts]
    found = [(report, other) for report, other in tried if other is not None and other != report]
    assert len(found) >= 10
    for report, other in found:
        assert all(part.endswith(" text") for part in changed(report, other))


def test_what_is_urgent_in_a_draft_is_in_its_impression(drafts: list[tuple[Draft, Report]]) -> None:
    urgent = [(report, one) for _, report in drafts for one in report.findings if one.significance == "urgent"]
    assert len(urgent) >= 20
    for report, finding in urgent:
        told = {name for statement in report.impression for name in statement.derived_from}
        same = {one.id for one in report.findings if one.observation == finding.observation}
        assert told & same


def test_the_packages_templates_tell_every_piece_of_evidence_in_their_own_words(
    drafts: list[tuple[Draft, Report]],
) -> None:
    tried = [(report, CONTROLS["own templates"](draft, seeded(5, draft.number))) for draft, report in drafts]
    found = [(report, other) for report, other in tried if other is not None]
    assert len(found) >= 20
    for report, other in found:
        assert report.evidence == other.evidence
        told = {name for one in other.findings for name in one.evidence}
        assert told >= {item.id for item in report.evidence if item.image_id == CURRENT}
    own, others = ({one.text for pair in found for one in pair[at].findings} for at in (1, 0))
    assert len(own & others) < len(own) / 4


def test_a_wrong_region_leaves_a_finding_on_both_sides_with_one(drafts: list[tuple[Draft, Report]]) -> None:
    for _, report, mutant in made(drafts, "wrong region", "field"):
        before, after = (next(one for one in of.findings if one.id == mutant.target) for of in (report, mutant.report))
        assert after.laterality == "bilateral"
        assert len(before.evidence) == 2
        assert set(after.evidence) < set(before.evidence)


def test_a_unit_is_dropped_only_where_no_other_stands_for_it(drafts: list[tuple[Draft, Report]]) -> None:
    found = made(drafts, "unit", "text")
    without = [mutant.now for _, _, mutant in found if len(UNIT.findall(mutant.now)) < len(UNIT.findall(mutant.was))]
    assert without
    assert not any(UNIT.search(text) for text in without)
