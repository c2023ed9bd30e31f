"""Errors of the text: one sentence says something else, one is added, or one is gone; fields and evidence stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random

from readingroom.domain.finding import Finding, Statement
from readingroom.domain.report import Report
from readingroom.domain.terms import Change, Laterality, Presence
from readingroom.verifier_bench.controls import OTHER
from readingroom.verifier_bench.drafts import Draft, draw_line, frames_for, reduced, roll
from readingroom.verifier_bench.facts import SEVERITIES, Fact, draw_present
from readingroom.verifier_bench.mutant import (
    Mutant,
    Mutator,
    Place,
    added,
    any_of,
    other_number,
    places_of,
    strangers,
    swapped_zone,
    with_finding,
    with_texts,
)  # fmt: skip
from readingroom.verifier_bench.phrasebook import Entry, NumberEntry
from readingroom.verifier_bench.wording import Line

OTHER_SIDE: dict[Laterality, Laterality] = {"left": "right", "right": "left"}
OTHER_COURSE: dict[Change, Change] = {"larger": "smaller", "smaller": "larger", "stable": "larger", "new": "stable"}
UNIT = re.compile(r"(?<=\d)(\s|-)?(mm|cm|millimet(?:er|re)s|centimet(?:er|re)s|pixels)\b")
SWAP = {**OTHER, "pixels": "mm"}

PRESENT_OR_NOT: tuple[Presence, Presence] = ("present", "absent")

Changed = Callable[[Fact, Random], Fact | None]


def _retold(tells: str, change: Changed) -> Mutator:
    """The same frame and words, of a fact changed in one part that the sentence tells."""

    def mutate(draft: Draft, report: Report, rng: Random) -> Mutant | None:
        place = any_of((one for one in places_of(draft) if tells in one.tells and not one.fact.conflict), rng)
        fact = change(place.fact, rng) if place else None
        worded = draft.worded(place.line, fact) if place and fact else None
        if place is None or worded is None or tells not in worded.tells:
            return None
        return with_texts(report, place, worded.texts)

    return mutate


def _side(fact: Fact, rng: Random) -> Fact | None:
    other = OTHER_SIDE.get(fact.side)
    if fact.side == "bilateral":
        return None
    return fact._replace(side=rng.choice((other, other, other, "bilateral"))) if other else None


def _zone(fact: Fact, rng: Random) -> Fact | None:
    zone = swapped_zone(fact, rng)
    return fact._replace(zone=zone) if zone else None


def _severity(fact: Fact, rng: Random) -> Fact | None:
    return fact._replace(severity=rng.choice([one for one in SEVERITIES if one != fact.severity]))


def _number(fact: Fact, rng: Random) -> Fact | None:
    if fact.size is None:
        return None
    decimals = fact.entry.decimals if isinstance(fact.entry, NumberEntry) else 0
    return fact._replace(size=other_number(fact.size, (fact.cross, fact.prior), decimals, rng))


def false_finding(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """One more finding that nothing shows; it cites what another cites."""
    others = strangers(draft)
    if not others or not report.findings:
        return None
    fact = draw_present(rng.choice(others), rng, has_prior=False)._replace(certainty="definite", change=None)
    worded = _fresh(draft, fact, rng)
    near = rng.choice(report.findings)
    finding = Finding(
        id="F99", text=worded, observation=fact.observation, presence="present", laterality=fact.side, zone=fact.zone,
        severity=fact.severity, evidence=near.evidence,
    )  # fmt: skip
    return added(report, finding, rng.randint(0, len(report.findings)))


def _fresh(draft: Draft, fact: Fact, rng: Random) -> str:
    """One sentence on a fact that the draft has not."""
    shadow = draft._replace(facts=(*draft.facts, fact))
    line = draw_line(shadow, len(draft.facts), rng, brief=True)
    worded = shadow.worded(line) if line else None
    if worded is None:
        raise ValueError(f"no frame tells {fact.observation}")
    return worded.texts[0]


def flipped_negative(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """What was denied is said to be there, in the same section."""
    place = any_of((one for one in places_of(draft) if _is_plain_denial(one)), rng)
    if place is None:
        return None
    fact = place.fact._replace(presence="present")
    return with_texts(report, place, (_fresh(draft, fact, rng),))


def _is_plain_denial(place: Place) -> bool:
    return place.fact.presence == "absent" and not place.line.others


def false_negation(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """What is there is denied."""
    places = (one for one in places_of(draft) if _is_plain_finding(one) and len(one.ids) == 1)
    place = any_of(places, rng)
    if place is None:
        return None
    text = _fresh(draft, Fact(place.fact.entry, presence="absent"), rng)
    return with_texts(report, place, (text,))


def _is_plain_finding(place: Place) -> bool:
    return isinstance(place.fact.entry, Entry) and place.fact.presence == "present" and not place.line.others


def omission(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """A finding is left out, and with it what the impression says of it."""
    place = any_of((one for one in places_of(draft) if _is_plain_finding(one)), rng)
    if place is None:
        return None
    findings = tuple(one for one in report.findings if one.id not in place.ids)
    gone = [one for one in report.findings if one.id in place.ids]
    said = tuple(one for one in report.impression if not set(one.derived_from) & set(place.ids))
    mutated = report.model_copy(update={"findings": findings, "impression": said})
    return Mutant(mutated, place.ids[0], " ".join(one.text for one in gone), "")


def unit(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """The right figure with another unit, or with none."""
    with_unit = [one for one in report.findings if UNIT.search(one.text)]
    if not with_unit:
        return None
    finding = rng.choice(with_unit)
    drop = rng.random() < 0.2 and len(UNIT.findall(finding.text)) == 1  # "8 by 9 mm" lacks nothing
    text = UNIT.sub(lambda match: "" if drop else f"{match[1] or ''}{SWAP[match[2]]}", finding.text, count=1)
    return with_finding(report, finding.id, text=text)


def comparison(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """Another course than the evidence's, or a course where there is nothing earlier."""
    places = places_of(draft)
    compared = [one for one in places if one.fact.change in OTHER_COURSE and one.fact.entry]
    if compared:
        place = rng.choice(compared)
        fact = place.fact._replace(change=OTHER_COURSE[place.fact.change or "new"], prior=None)
        fact = reduced(fact, place.tells)
    else:
        plain = [one for one in places if _is_plain_finding(one) and one.fact.certainty == "definite"]
        if not plain or draft.has_prior:
            return None
        place = rng.choice(plain)
        fact = reduced(place.fact, place.tells)._replace(change=rng.choice(tuple(OTHER_COURSE)))
    if len(place.ids) > 1:
        return None
    text = _altered(draft, place, rng) if place.fact.change == "stable" and rng.random() < 0.4 else None
    return with_texts(report, place, (text or _fresh(draft, fact, rng),))


ALTERED = (
    "The[ {side}] {noun} {has} changed since the prior examination.",
    "There is a change in the[ {side}] {noun} since the prior examination.",
    "The[ {side}] {noun} {is} different from the prior examination.",
)
"""A change that does not say which: no writer has frames for what no evidence says."""


def _altered(draft: Draft, place: Place, rng: Random) -> str | None:
    """A sentence that says that the fact changed, and not how."""
    worded = draft.worded(Line(place.line.fact, rng.choice(ALTERED), roll(rng)))
    return worded.texts[0] if worded else None


def course_left_out(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """A finding is told without what became of it, and the impression says nothing of it."""
    places = (one for one in places_of(draft) if one.fact.change in OTHER_COURSE and one.fact.change != "stable")
    place = any_of((one for one in places if len(one.ids) == 1 and not one.line.others), rng)
    if place is None:
        return None
    fact = reduced(place.fact, place.tells)._replace(change=None)
    mutant = with_texts(report, place, (_fresh(draft, fact, rng),))
    if mutant is None:
        return None
    said = tuple(one for one in report.impression if not set(one.derived_from) & set(place.ids))
    return mutant._replace(report=mutant.report.model_copy(update={"impression": said}))


def contradiction(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """One more sentence that denies what another says, or says what another denies."""
    places = [one for one in places_of(draft) if _is_plain_finding(one) or _is_plain_denial(one)]
    places = [one for one in places if one.fact.certainty == "definite" and one.fact.change is None]
    if not places:
        return None
    place = rng.choice(places)
    turned = Fact(place.fact.entry, presence="absent" if place.fact.presence == "present" else "present")
    near = next(one for one in report.findings if one.id == place.ids[0])
    finding = near.model_copy(update={"id": "F99", "text": _fresh(draft, turned, rng)})
    return added(report, finding, len(report.findings))


def repetition(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """A sentence again, word for word or with other words for the same."""
    place = any_of((one for one in places_of(draft) if len(one.ids) == 1 and not one.line.others), rng)
    if place is None:
        return None
    near = next(one for one in report.findings if one.id == place.ids[0])
    text = near.text
    if rng.random() < 0.5:
        frames = frames_for(draft.book, place.fact)
        lines = [Line(place.line.fact, frame, roll(rng)) for frame in frames]
        told = [worded.texts[0] for line in lines if (worded := draft.worded(line)) and len(worded.texts) == 1
                and worded.tells == place.tells]  # fmt: skip
        text = rng.choice(told) if told else text
    return added(report, near.model_copy(update={"id": "F99", "text": text}), len(report.findings))


def certainty(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """What is possible or likely is said for certain."""
    hedged = (one for one in places_of(draft) if _is_plain_finding(one) and one.fact.certainty != "definite")
    place = any_of((one for one in hedged if len(one.ids) == 1), rng)
    if place is None:
        return None
    fact = reduced(place.fact, place.tells)._replace(certainty="definite")
    return with_texts(report, place, (_fresh(draft, fact, rng),))


def impression(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """The impression names what no finding tells, or says it firmer, worse or on the other side."""
    places = [one for one in places_of(draft) if _is_plain_finding(one)]
    said = {line.fact: at for at, line in enumerate(draft.statements)}
    places = [one for one in places if one.line.fact in said and said[one.line.fact] < len(report.impression)]
    if not places:
        return None
    place = rng.choice(places)
    at = said[place.line.fact]
    worse = _worse(reduced(place.fact, place.tells), rng)
    if worse is None or rng.random() < 0.3:
        return _from_nothing(draft, report, rng)
    text = _fresh(draft, worse, rng)
    return _with_statement(report, at, text) if _tells_more(draft, worse, place, text) else None


def _worse(fact: Fact, rng: Random) -> Fact | None:
    options: list[Fact] = []
    if fact.certainty == "may_represent":
        options.append(fact._replace(certainty="definite"))
    if fact.severity in ("trace", "mild") and fact.certainty == "definite":
        options.append(fact._replace(severity="severe", side="unspecified", zone=""))
    if fact.side in OTHER_SIDE and fact.certainty == "definite":
        options.append(fact._replace(side=OTHER_SIDE[fact.side], severity=None, zone=""))
    return rng.choice(options) if options else None


def _tells_more(draft: Draft, worse: Fact, place: Place, text: str) -> bool:
    """Whether the sentence tells what was made worse: a frame may leave it out."""
    if worse.certainty != place.fact.certainty:
        return True
    part = "severity" if worse.severity else "side"
    words = draft.book.words["severity"]
    known = [word for scale in words.values() for word in scale[draft.book.writer].get("severe", ())]
    known = known if part == "severity" else ["left", "right", "lt", "rt", "l", "r", "os", "od"]
    return any(re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) for word in known)


def _from_nothing(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    others = strangers(draft)
    if not others:
        return None
    fact = Fact(rng.choice(others))
    text = _fresh(draft, fact, rng)
    new = Statement(id="I99", text=text, derived_from=(rng.choice(report.findings).id,))
    mutated = report.model_copy(update={"impression": (*report.impression, new)})
    return Mutant(mutated, new.id, "", text)


def _with_statement(report: Report, at: int, text: str) -> Mutant | None:
    old = report.impression[at]
    if old.text == text:
        return None
    new = old.model_copy(update={"text": text})
    said = (*report.impression[:at], new, *report.impression[at + 1 :])
    return Mutant(report.model_copy(update={"impression": said}), old.id, old.text, text)


def urgent_left_out(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """The impression does not say what a finding calls urgent."""
    urgent = {one.id for one in report.findings if one.significance == "urgent"}
    told = [one for one in report.impression if set(one.derived_from) & urgent]
    if not told:
        return None
    gone = rng.choice(told)
    said = tuple(one for one in report.impression if one is not gone)
    return Mutant(report.model_copy(update={"impression": said}), gone.id, gone.text, "")


def conflict(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """The tools' disagreement is decided for one of them without a word."""
    place = any_of((one for one in places_of(draft) if one.fact.conflict), rng)
    if place is None:
        return None
    presence = rng.choice(PRESENT_OR_NOT)
    fact = place.fact._replace(presence=presence, conflict=False, certainty="definite")
    fact = fact if presence == "present" else fact._replace(side="unspecified")
    return with_texts(report, place, (_fresh(draft, fact, rng),))


def forbidden(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """One more sentence that no draft may hold."""
    text = rng.choice(draft.book.own("forbidden"))
    near = rng.choice(report.findings)
    return added(report, near.model_copy(update={"id": "F99", "text": text}), rng.randint(0, len(report.findings)))


TEXT_ERRORS: Mapping[str, Mutator] = {
    "false finding": false_finding, "flipped negative": flipped_negative, "false negation": false_negation,
    "omission": omission, "laterality": _retold("side", _side), "location": _retold("zone", _zone),
    "severity": _retold("severity", _severity), "number": _retold("size", _number), "unit": unit,
    "comparison": comparison, "course left out": course_left_out, "contradiction": contradiction,
    "repetition": repetition, "certainty": certainty,
    "impression": impression, "urgent left out": urgent_left_out, "conflict averaged": conflict,
    "forbidden text": forbidden,
}  # fmt: skip
