"""Pass A of the verifier: the fields of a finding against its evidence, and against what its own sentence says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache

from readingroom.agents.agreement import COURSE, FIRMNESS, SIDES
from readingroom.agents.case import DISPUTED, Case, Judge, Told, bearing, kinship_of, marks_of
from readingroom.agents.ledger import Index
from readingroom.agents.matching import Match, match
from readingroom.agents.rules_claims import CLAIM_RULES
from readingroom.agents.rules_conflict import r16_conflict
from readingroom.domain.check import Problem, Rule
from readingroom.domain.finding import Finding, Statement
from readingroom.domain.measurement import Measurement
from readingroom.domain.report import Report
from readingroom.domain.terms import Change
from readingroom.language.claim import Claim
from readingroom.language.quantities import base_value, dimension, half_step
from readingroom.language.sentences import Sentence

POSITIVE = frozenset(("present", "indeterminate"))

WORDLESS = Sentence(id="", section="findings", text="")
"""What a finding's fields are read as: one claim, and no words."""

ALONE = kinship_of(())


def field_problems(report: Report, told: Sequence[Told], index: Index) -> dict[str, tuple[Problem, ...]]:
    """What is wrong with the fields of each finding and statement, by its id.

    A finding's fields are read as one claim and judged by rules R01-R10 as a sentence would be; its numbers must be
    those of the evidence it cites. Where its sentence speaks of the same observation, both must say the same.
    """
    text = {one.sentence.id: one for one in told}
    found = {
        finding.id: (*_against_evidence(finding, text, index), *_against_sentence(finding, text, index))
        for finding in report.findings
    }
    firm = {finding.id: finding for finding in report.findings}
    found |= {statement.id: tuple(_statement(statement, firm)) for statement in report.impression}
    return {name: problems for name, problems in found.items() if problems}


def _claim(finding: Finding, index: Index) -> Claim:
    change = finding.comparison.change if finding.comparison else None
    return Claim(
        observation=finding.observation, presence=finding.presence, laterality=finding.laterality,
        zone=index.words.place(finding.zone), severity=finding.severity, certainty=finding.certainty, change=change,
        comparison=change is not None, span=(0, 0),
    )  # fmt: skip


def _as_told(claim: Claim, finding: Finding, told: Told | None) -> Match | None:
    """The match of its sentence's own claim, where that says what the fields say and cites what they cite."""
    if told is None or told.sentence.cites != finding.evidence:
        return None
    if not all(name.startswith("E") for name in finding.evidence):
        return None
    for found in told.matches:
        said = found.claim
        if said.observation != claim.observation or found.unread:
            continue
        if said._replace(span=claim.span, comparison=claim.comparison) == claim:
            return found._replace(claim=claim)
    return None


def _against_evidence(finding: Finding, text: Mapping[str, Told], index: Index) -> Iterator[Problem]:
    cited = index.closure(finding.evidence)
    claim = _claim(finding, index)
    if not _has_one_meaning(finding, index):
        claim = claim._replace(presence="present")
    found = _as_told(claim, finding, text.get(finding.id)) or match(claim, index, cited)
    told = Told(WORDLESS, (found,))
    case = Case(told, (told,), {finding.id: told}, index, ALONE)
    for find in _finders(finding.presence != "indeterminate", marks_of(case)):
        for problem in find(case):
            yield problem.model_copy(update={"reason": f"its fields: {problem.reason}", "span": None})
    yield from _citation(found, finding, index)
    yield from _prior(finding, index)
    for part in finding.measurements:
        yield from _number(part, cited, index)


@cache
def _finders(firm: bool, marks: frozenset[str]) -> tuple[Callable[[Case], Iterable[Problem]], ...]:
    """The rules that one claim is judged by; that tools disagree is not held against a finding left open."""
    conflict = (Judge("R16", r16_conflict, DISPUTED),) if firm else ()
    return bearing((*CLAIM_RULES, *conflict), marks)


def _has_one_meaning(finding: Finding, index: Index) -> bool:
    """A measurement or a structure is measured, not found: its presence field says that the tool answered."""
    known = index.words.concepts.get(finding.observation)
    return known is None or known.kind not in ("measurement", "structure", "quality")


def _citation(found: Match, finding: Finding, index: Index) -> Iterator[Problem]:
    if found.uncited and found.stance != "nothing":
        name = index.words.name(finding.observation)
        reason = f"its fields: cites {', '.join(finding.evidence)}, which says nothing of {name}"
        yield Problem(rule="R15", verdict="unsupported", reason=reason, evidence=found.ids)


def _prior(finding: Finding, index: Index) -> Iterator[Problem]:
    if finding.comparison is None:
        return
    against = finding.comparison.prior_image_id
    image = index.images.get(against)
    named = {item.prior_image_id for name in index.closure(finding.evidence)
             if (item := index.by_id[name]).prior_image_id}  # fmt: skip
    if image is None or image.role != "prior":
        reason = f"its fields: compares with {against}, which is no earlier image"
    elif named and against not in named:
        reason = f"its fields: compares with {against}; the evidence compares with {', '.join(sorted(named))}"
    else:
        return
    yield Problem(rule="R08", verdict="unsupported", reason=reason, evidence=finding.evidence)


def _number(part: Measurement, cited: frozenset[str], index: Index) -> Iterator[Problem]:
    """The evidence's own number under the same name, unit for unit."""
    known = [(name, other) for name in sorted(cited) for other in index.by_id[name].measurements
             if other.name == part.name]  # fmt: skip
    if any(_same(part, other) for _, other in known):
        return
    if not known:
        reason = f"its fields: gives {part.title} as {part.text}; the evidence cited measures none"
        yield Problem(rule="R06", verdict="unsupported", reason=reason, evidence=tuple(sorted(cited)))
        return
    name, other = known[0]
    alien = [one for one in known if dimension(one[1].unit) != dimension(part.unit)]
    figure = next((one for one in known if one[1].unit != part.unit and one[1].value == part.value), None)
    unit = figure or (alien[0] if len(alien) == len(known) else None)
    name, other = unit or known[0]
    reason = f"its fields: gives {part.title} as {part.text}; the evidence ({name}) measures {other.text}"
    yield Problem(rule="R07" if unit else "R06", verdict="contradicted", reason=reason, evidence=(name,))


def _same(one: Measurement, two: Measurement) -> bool:
    step = min(half_step(one.decimals, one.unit), half_step(two.decimals, two.unit))
    near = abs(base_value(one.value, one.unit) - base_value(two.value, two.unit)) <= step * (1 + 1e-9)
    return near and dimension(one.unit) == dimension(two.unit)


def _against_sentence(finding: Finding, text: Mapping[str, Told], index: Index) -> Iterator[Problem]:
    """What its sentence says otherwise of the same observation."""
    words = index.words
    claims = [found.claim for found in text[finding.id].matches] if finding.id in text else []
    same = [claim for claim in claims if claim.observation == finding.observation] or [
        claim for claim in claims
        if words.is_a(claim.observation, finding.observation) or words.is_a(finding.observation, claim.observation)
    ]  # fmt: skip
    if not same or not _has_one_meaning(finding, index):
        return
    agreed = [claim for claim in same if (claim.presence in POSITIVE) == (finding.presence in POSITIVE)]
    if not agreed:
        yield _differs("R12", finding.presence, same[0].presence)
    elif finding.presence in POSITIVE:
        yield from _particulars(finding, agreed, index)


def _particulars(finding: Finding, agreed: list[Claim], index: Index) -> Iterator[Problem]:
    first, mine = agreed[0], SIDES[finding.laterality]
    sides = [SIDES[claim.laterality] for claim in agreed]
    if mine and all(one and not one & mine for one in sides):
        yield _differs("R04", finding.laterality, first.laterality)
    place = index.words.place(finding.zone)
    if place and all(claim.zone and not _near(claim.zone, place, index) for claim in agreed):
        yield _differs("R05", finding.zone, first.zone)
    if finding.severity and all(claim.severity not in (None, finding.severity) for claim in agreed):
        yield _differs("R09", finding.severity, str(first.severity))
    firm = finding.presence == "present"
    if firm and all(FIRMNESS[claim.certainty] > FIRMNESS[finding.certainty] for claim in agreed):
        yield _differs("R10", finding.certainty, first.certainty)
    course = finding.comparison.change if finding.comparison else None
    if course and all(_other_course(claim, course) for claim in agreed):
        yield _differs("R08", course, first.change or "changed")


def _other_course(claim: Claim, course: Change) -> bool:
    if claim.change is None:
        return claim.altered and course == "stable"
    return COURSE[claim.change] != COURSE[course]


def _near(said: str, place: str, index: Index) -> bool:
    zones = index.words.zones
    return said == place or said in zones.get(place, ()) or place in zones.get(said, ()) or place.endswith(f" {said}")


def _differs(rule: Rule, field: str, sentence: str) -> Problem:
    reason = f"its fields say {field.replace('_', ' ')}; its sentence says {sentence.replace('_', ' ')}"
    return Problem(rule=rule, verdict="contradicted", reason=reason)


def _statement(statement: Statement, findings: Mapping[str, Finding]) -> Iterator[Problem]:
    basis = [findings[name].certainty for name in statement.derived_from if name in findings]
    if basis and all(FIRMNESS[statement.certainty] > FIRMNESS[one] for one in basis):
        yield Problem(
            rule="R14", verdict="unsupported",
            reason=f"its fields say {statement.certainty.replace('_', ' ')}; its findings {basis[0].replace('_', ' ')}",
        )  # fmt: skip
