"""One report with one error in it, and what the makers of errors share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import NamedTuple

from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Finding
from readingroom.domain.report import Report
from readingroom.language.lexicon import lexicon
from readingroom.verifier_bench.drafts import Draft
from readingroom.verifier_bench.facts import Fact, kin
from readingroom.verifier_bench.phrasebook import Entry
from readingroom.verifier_bench.wording import Line


class Mutant(NamedTuple):
    """The report with its one error."""

    report: Report
    target: str
    """The finding, statement or evidence that was changed."""
    was: str
    now: str


Mutator = Callable[[Draft, Report, Random], Mutant | None]
"""Makes one error, or None where the report has no place for it."""


class Place(NamedTuple):
    """A line with the ids of its sentences and what they tell."""

    line: Line
    fact: Fact
    ids: tuple[str, ...]
    tells: frozenset[str]


def places_of(draft: Draft) -> tuple[Place, ...]:
    """Every line of the findings, in order."""
    found: list[Place] = []
    number = 0
    for line in draft.lines:
        worded = draft.worded(line)
        if worded is None:
            continue
        ids = tuple(f"F{number + at}" for at in range(1, len(worded.texts) + 1))
        number += len(ids)
        found.append(Place(line, draft.fact(line), ids, worded.tells))
    return tuple(found)


def any_of(items: Iterable[Place], rng: Random) -> Place | None:
    found = list(items)
    return rng.choice(found) if found else None


def findings_told(report: Report) -> dict[str, Finding]:
    return {finding.id: finding for finding in report.findings}


def with_texts(report: Report, place: Place, texts: Sequence[str]) -> Mutant | None:
    """The line's sentences replaced; None where that changes nothing, or more than one sentence."""
    by_id = findings_told(report)
    changed = [(name, text) for name, text in zip(place.ids, texts, strict=False) if by_id[name].text != text]
    if len(changed) != 1 or len(texts) != len(place.ids):
        return None
    ((name, text),) = changed
    return with_finding(report, name, text=text)


def with_finding(report: Report, name: str, **fields: object) -> Mutant:
    """One finding with other fields; what they were and are."""
    old = findings_told(report)[name]
    new = old.model_copy(update=fields)
    findings = tuple(new if finding.id == name else finding for finding in report.findings)
    was, now = ("; ".join(str(getattr(one, key)) for key in fields) for one in (old, new))
    return Mutant(report.model_copy(update={"findings": findings}), name, was, now)


def with_evidence(report: Report, name: str, **fields: object) -> Mutant:
    """One piece of evidence with other fields, as if the tool's output had been changed behind the report."""
    old = next(item for item in report.evidence if item.id == name)
    new = old.model_copy(update=fields)
    items = tuple(new if item.id == name else item for item in report.evidence)
    was, now = ("; ".join(str(getattr(one, key)) for key in fields) for one in (old, new))
    return Mutant(report.model_copy(update={"evidence": items}), name, was, now)


def added(report: Report, finding: Finding, at: int) -> Mutant:
    """One more finding, at a place in the order."""
    findings = (*report.findings[:at], finding, *report.findings[at:])
    return Mutant(report.model_copy(update={"findings": findings}), finding.id, "", finding.text)


def evidence_told(report: Report) -> dict[str, Evidence]:
    return {item.id: item for item in report.evidence}


def strangers(draft: Draft) -> list[Entry]:
    """Concepts of the study that no evidence speaks of, nor of a kind of them."""
    known = [fact.observation for fact in draft.facts]
    return [entry for entry in draft.kind.entries if not any(kin(entry.observation, one) for one in known)]


def swapped_zone(fact: Fact, rng: Random) -> str | None:
    """Another place of the study that neither contains the first nor lies in it."""
    words = lexicon()
    if not isinstance(fact.entry, Entry) or not fact.zone:
        return None
    others = [zone for zone in fact.entry.zones if zone not in words.zones.get(fact.zone, frozenset((fact.zone,)))
              and fact.zone not in words.zones.get(zone, ())]  # fmt: skip
    return rng.choice(others) if others else None


def other_number(value: float, taken: Iterable[float | None], decimals: int, rng: Random) -> float:
    """A wrong number: doubled, halved, tripled, digits transposed, or a quarter off; never another that is true."""
    digits = f"{value:.{decimals}f}"
    plain = digits.replace(".", "")
    turned = [float(digits.replace(plain[at : at + 2], plain[at + 1] + plain[at], 1)) for at in range(len(plain) - 1)
              if plain[at : at + 2] in digits and plain[at] != plain[at + 1]]  # fmt: skip
    options: list[float] = [
        value * 2,
        value / 2,
        value * 3,
        value * 1.25,
        value * 0.75,
        value + 3 * 10**-decimals,
        *turned,
    ]
    known = [one for one in (value, *taken) if one]
    step: float = 10.0**-decimals
    fit = [round(one, decimals) for one in options]
    fit = [one for one in fit if one > 0 and all(abs(one - other) > 1.01 * step for other in known)]
    fit = [one for one in fit if all(abs(one - other) > 0.11 * other for other in known)] or fit
    return rng.choice(fit)
