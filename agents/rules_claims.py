"""Rules R01-R10: one claim against the evidence it stands on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from readingroom.agents.agreement import (
    allowed_certainty,
    change_agreement,
    is_overclaim,
    severity_agreement,
    side_agreement,
    sides_of,
    zone_agreement,
)  # fmt: skip
from readingroom.agents.case import Case, Judge, ids, listed
from readingroom.agents.matching import Match, measurements_for
from readingroom.domain.check import Problem
from readingroom.domain.evidence import Evidence
from readingroom.domain.measurement import PRINTED, Measurement
from readingroom.domain.terms import Verdict
from readingroom.language.claim import Claim
from readingroom.language.claims import claims_of
from readingroom.language.quantities import Quantity, base_value, dimension, half_step, same_number
from readingroom.language.sentences import SAYING

UNITLESS = frozenset(("1", "count"))
COMPARES = re.compile(
    r"\b(?:compar(?:ed|ison) (?:to|with)|since (?:the )?(?:prior|previous|last)|unchanged (?:from|since)|"
    r"interval (?:change|increase|decrease))\b",
    re.IGNORECASE,
)
BEYOND = re.compile(
    r"(?:(?P<above>above|over|exceed(?:s|ing)|beyond|(?:greater|higher|more|larger) than)|"
    r"(?:below|under|within|(?:less|lower|smaller) than))\s(?:the\s)?(?:\w+\s){0,2}(?:limit|threshold|cut-?off)\s"
    r"(?:of\s|is\s)?$",
    re.IGNORECASE,
)
STATED = re.compile(r"\bthere (?:is|are|was|were)\b|\b(?:is|are) (?:seen|noted|present|identified)\b", re.IGNORECASE)
NO_COMPARISON = re.compile(
    r"^\W*(?:none|no\b|not\b|n/?a\b|nil|without|unavailable|n\.?a\.?|-)|\b(?:not|none|un)\s?(?:available|provided|given)",
    re.IGNORECASE,
)


def _backed(case: Case) -> Iterator[tuple[Match, Claim, Evidence]]:
    for found in case.matches:
        if found.stance == "backed" and found.best is not None:
            yield found, found.claim, found.best


def r01_unsupported(case: Case) -> Iterator[Problem]:
    """Says something that no evidence speaks of; a normal statement needs a tool that looked."""
    yield from _misplaced(case)
    for found in case.matches:
        claim, name = found.claim, case.name(found.claim.observation)
        if found.stance == "nothing" and claim.presence == "absent":
            reason = f"says there is no {name}; nothing in the evidence looked for it"
        elif found.stance == "nothing":
            reason = f"says {name}; nothing in the evidence shows it"
        elif found.stance == "hearsay":
            reason = f"says {name}; only an untrusted text ({listed(found.others)}) says so, and no tool saw it"
        elif found.stance == "part":
            reason = f"says there is no {name}; the evidence ({listed(found.others)}) looked at a part of that only"
        else:
            continue
        yield Problem(rule="R01", verdict="unsupported", reason=reason, evidence=ids(found.others), span=claim.span)


def _misplaced(case: Case) -> Iterator[Problem]:
    """A finding stated where none belongs, and where none is held against the evidence."""
    section, text = case.sentence.section, case.sentence.text
    if section in ("indication", *SAYING) or not STATED.search(text):
        return
    concepts = case.ledger.words.concepts
    for claim in claims_of(text):
        known = concepts.get(claim.observation)
        if known is not None and known.kind in ("finding", "device") and claim.presence in ("present", "absent"):
            reason = f"speaks of {case.name(claim.observation)} under {section}, where findings do not belong"
            yield Problem(rule="R01", verdict="unsupported", reason=reason, span=claim.span)


def r02_contradicts_negative(case: Case) -> Iterator[Problem]:
    """Says present what the evidence says is absent."""
    for found in case.matches:
        if found.stance == "denied" and found.claim.presence in ("present", "indeterminate"):
            reason = (
                f"says {case.name(found.claim.observation)}; the evidence ({listed(found.others)}) says it is absent"
            )
            yield Problem(
                rule="R02", verdict="contradicted", reason=reason, evidence=ids(found.others), span=found.claim.span
            )


def r03_false_negation(case: Case) -> Iterator[Problem]:
    """Says absent, or not assessed, what the evidence shows."""
    for found in case.matches:
        if found.stance != "denied" or found.claim.presence not in ("absent", "not_assessed"):
            continue
        name, where = case.name(found.claim.observation), listed(found.others)
        if found.claim.presence == "absent":
            shown = case.name(found.others[0].observation)
            reason = f"says there is no {name}; the evidence ({where}) shows {shown}"
        else:
            reason = f"says {name} was not assessed; the evidence ({where}) assessed it"
        span = found.claim.span
        yield Problem(rule="R03", verdict="contradicted", reason=reason, evidence=ids(found.others), span=span)


def r04_laterality(case: Case) -> Iterator[Problem]:
    """The side is not the evidence's, or the evidence knows no side."""
    for found, claim, best in _backed(case):
        told = sides_of(best)
        if claim.laterality == "bilateral" and told:
            told = told.union(*(sides_of(item) for item in found.others if item.presence == best.presence))
        agreement = side_agreement(claim, told)
        if agreement == "same":
            yield from _other_side(found, best)
            continue
        name = " and ".join(sorted(told, key=("left", "right", "midline").index))
        if agreement == "silent":
            reason = f"says {claim.laterality}; the evidence ({best.id}) names no side"
        elif agreement == "finer":
            reason = f"says {claim.laterality}; the evidence ({best.id}) lies on the {name} only"
        else:
            reason = f"says {claim.laterality}; the evidence ({best.id}) lies on the {name}"
        open_ended = agreement == "silent" or (agreement == "finer" and claim.presence == "absent")
        verdict: Verdict = "unsupported" if open_ended else "contradicted"
        yield Problem(rule="R04", verdict=verdict, reason=reason, evidence=(best.id,), span=claim.span)


def _other_side(found: Match, best: Evidence) -> Iterator[Problem]:
    """A number that was measured on the other side."""
    claim = found.claim
    if claim.laterality not in ("left", "right") or best.laterality not in ("left", "right"):
        return
    across = [
        item for item in found.others if item.laterality in ("left", "right") and item.laterality != claim.laterality
    ]
    for number in claim.quantities:
        here = any(_is_right(number, part) for part in best.measurements)
        there = next((item for item in across if any(_is_right(number, part) for part in item.measurements)), None)
        if there is not None and not here:
            reason = f"says {claim.laterality}; {_printed(number)} was measured on the {there.laterality} ({there.id})"
            yield Problem(rule="R04", verdict="contradicted", reason=reason, evidence=(there.id,), span=claim.span)


def r05_location(case: Case) -> Iterator[Problem]:
    """The place is not the evidence's, is finer than it, or the evidence does not localise."""
    for _, claim, best in _backed(case):
        agreement = zone_agreement(claim, best, case.ledger.words)
        if agreement == "same":
            continue
        place = claim.zone.replace("_", " ")
        if agreement == "silent":
            reason = f"says {place}; the evidence ({best.id}) does not say where"
        elif agreement == "finer":
            reason = f"says {place}; the evidence ({best.id}) says no more than {best.zone}"
        else:
            reason = f"says {place}; the evidence ({best.id}) lies in the {best.zone.replace('_', ' ')}"
        verdict: Verdict = "contradicted" if agreement == "other" else "unsupported"
        yield Problem(rule="R05", verdict=verdict, reason=reason, evidence=(best.id,), span=claim.span)


def _printed(number: Quantity) -> str:
    unit = PRINTED.get(number.unit, number.unit)
    return f"{number.value:.{number.decimals}f} {unit}".strip()


def _numbers(case: Case) -> Iterator[tuple[Match, Quantity, list[tuple[Evidence, Measurement]]]]:
    for found in case.matches:
        if found.stance in ("nothing", "hearsay", "denied"):
            continue
        for number in found.claim.quantities:
            if number.role != "limit":
                yield found, number, measurements_for(number, found, case.ledger)


def _unit_fits(number: Quantity, part: Measurement) -> bool:
    if not number.unit:
        return part.unit in UNITLESS or number.role == "prior"
    return dimension(number.unit) == dimension(part.unit)


def _same_figure(number: Quantity, part: Measurement) -> bool:
    """The same printed figure, whatever the unit."""
    return abs(number.value - part.value) <= max(0.5 * 10.0**-number.decimals, 0.5 * 10.0**-part.decimals) * (1 + 1e-9)


def _is_right(number: Quantity, part: Measurement) -> bool:
    return _unit_fits(number, part) and same_number(number, part)


def _wrong_unit(number: Quantity, pairs: list[tuple[Evidence, Measurement]]) -> tuple[Evidence, Measurement] | None:
    """The measurement whose figure the text gives in another unit, or a pixel length given in millimetres."""
    if not pairs or any(_is_right(number, part) for _, part in pairs):
        return None
    same = next(
        (pair for pair in pairs if _same_figure(number, pair[1]) and (number.unit or "1") != pair[1].unit), None
    )
    if same is not None:
        return same
    alien = [pair for pair in pairs if number.unit and not _unit_fits(number, pair[1])]
    return alien[0] if len(alien) == len(pairs) else None


def r06_number(case: Case) -> Iterator[Problem]:
    """The number is not the one measured, or nobody measured it; or a limit is not passed that is said to be."""
    yield from _limits(case)
    for found, number, pairs in _numbers(case):
        if any(_is_right(number, part) for _, part in pairs):
            yield from _spread(number, pairs)
            continue
        if _wrong_unit(number, pairs) is not None:
            continue
        if not pairs:
            reason = f"says {_printed(number)}; no measurement in the evidence stands behind it"
            yield Problem(rule="R06", verdict="unsupported", reason=reason, evidence=found.ids, span=number.span)
            continue
        near = min(
            pairs, key=lambda pair: abs(base_value(number.value, number.unit) - base_value(pair[1].value, pair[1].unit))
        )
        reason = f"says {_printed(number)}; the evidence ({near[0].id}) measures {near[1].text}"
        yield Problem(rule="R06", verdict="contradicted", reason=reason, evidence=(near[0].id,), span=number.span)


def _limits(case: Case) -> Iterator[Problem]:
    """A limit that the text says is passed, and is not, or the other way round."""
    for found in case.matches:
        for number in found.claim.quantities if found.stance == "backed" else ():
            beyond = BEYOND.search(case.sentence.text[: number.span[0]]) if number.role == "limit" else None
            if beyond is None:
                continue
            pairs = [pair for pair in measurements_for(number, found, case.ledger) if _unit_fits(number, pair[1])]
            above = beyond["above"] is not None
            item, part = next(((item, part) for item, part in pairs), (None, None))
            if item is None or part is None:
                continue
            limit, known = base_value(number.value, number.unit or part.unit), base_value(part.value, part.unit)
            if known < limit if above else known > limit:
                way = "above" if above else "below"
                reason = f"says {way} {_printed(number)}; the evidence ({item.id}) measures {part.text}"
                yield Problem(rule="R06", verdict="contradicted", reason=reason, evidence=(item.id,), span=number.span)


def _spread(number: Quantity, pairs: list[tuple[Evidence, Measurement]]) -> Iterator[Problem]:
    if number.sd is None:
        return
    known = [(item, part) for item, part in pairs if _is_right(number, part) and part.sd is not None]
    if not known:
        reason = f"gives a spread of {number.sd:g}; the evidence gives none"
        yield Problem(rule="R06", verdict="unsupported", reason=reason, span=number.span)
    elif not any(_same_spread(number, part) for _, part in known):
        item, part = known[0]
        reason = f"gives a spread of {number.sd:g}; the evidence ({item.id}) gives {part.spread}"
        yield Problem(rule="R06", verdict="contradicted", reason=reason, evidence=(item.id,), span=number.span)


def _same_spread(number: Quantity, part: Measurement) -> bool:
    unit = number.unit or part.unit
    step = max(half_step(number.decimals, unit), half_step(part.decimals, part.unit))
    return abs(base_value(number.sd or 0, unit) - base_value(part.sd or 0, part.unit)) <= step * (1 + 1e-9)


def r07_unit(case: Case) -> Iterator[Problem]:
    """The right figure in the wrong unit, or a physical unit where the evidence has pixels."""
    for _, number, pairs in _numbers(case):
        wrong = _wrong_unit(number, pairs)
        if wrong is None:
            continue
        item, part = wrong
        said = _printed(number) if number.unit else f"{_printed(number)} without a unit"
        reason = f"says {said}; the evidence ({item.id}) measures {part.text}"
        verdict: Verdict = "contradicted" if number.unit else "unsupported"
        yield Problem(rule="R07", verdict=verdict, reason=reason, evidence=(item.id,), span=number.span)


def r08_comparison(case: Case) -> Iterator[Problem]:
    """Speaks of change or of an earlier image where there is none, or of another change than the evidence."""
    section = case.sentence.section
    if section in ("indication", "technique", "comparison", "limitations"):
        yield from _compares_without(case)
        return
    for found in case.matches:
        claim = found.claim
        if not claim.comparison:
            continue
        said = claim.change or "a comparison"
        if not case.ledger.has_prior:
            reason = f"says {said}; there is no earlier image or report in the evidence"
            yield Problem(rule="R08", verdict="unsupported", reason=reason, span=claim.span)
        elif claim.change and found.stance == "backed" and found.best is not None:
            yield from _course(found, found.best)


def _course(found: Match, best: Evidence) -> Iterator[Problem]:
    claim = found.claim
    compared = [item for item in (best, *found.others) if item.change is not None]
    agreed = [change_agreement(claim, item) for item in compared]
    if not compared:
        reason = f"says {claim.change}; the evidence ({best.id}) was not compared with an earlier image"
        yield Problem(rule="R08", verdict="unsupported", reason=reason, evidence=(best.id,), span=claim.span)
    elif change_agreement(claim, best) != "same" and "same" not in agreed:
        other = best if best.change is not None else compared[0]
        reason = f"says {claim.change}; the evidence ({other.id}) says {other.change}"
        yield Problem(rule="R08", verdict="contradicted", reason=reason, evidence=(other.id,), span=claim.span)


def _compares_without(case: Case) -> Iterator[Problem]:
    text, section = case.sentence.text, case.sentence.section
    if case.ledger.has_prior or section == "limitations":
        return
    named = section == "comparison" and not NO_COMPARISON.search(text)
    if named or (section != "comparison" and COMPARES.search(text)):
        yield Problem(rule="R08", verdict="unsupported", reason="names an earlier study; there is none in the evidence")


def r09_severity(case: Case) -> Iterator[Problem]:
    """The degree is not the evidence's, or the evidence does not grade."""
    for _, claim, best in _backed(case):
        agreement = severity_agreement(claim, best)
        if agreement == "other":
            reason = f"says {claim.severity}; the evidence ({best.id}) says {best.severity}"
            yield Problem(rule="R09", verdict="contradicted", reason=reason, evidence=(best.id,), span=claim.span)
        elif agreement == "silent":
            reason = f"says {claim.severity}; the evidence ({best.id}) does not grade it"
            yield Problem(rule="R09", verdict="unsupported", reason=reason, evidence=(best.id,), span=claim.span)


def r10_certainty(case: Case) -> Iterator[Problem]:
    """The text is firmer than its evidence: definite from an indeterminate, poor or uncalibrated answer."""
    for found in case.matches:
        claim = found.claim
        if found.stance == "doubted":
            reason = f"rules out {case.name(claim.observation)}; the evidence ({listed(found.others)}) leaves it open"
            yield Problem(
                rule="R10", verdict="contradicted", reason=reason, evidence=ids(found.others), span=claim.span
            )
        elif (
            found.stance == "backed"
            and found.best is not None
            and _is_finding(case, claim)
            and is_overclaim(claim, found.best)
        ):
            denied = claim.presence == "absent" and found.best.certainty
            bears = (denied or allowed_certainty(found.best)).replace("_", " ")
            reason = (
                f"says {claim.certainty.replace('_', ' ')}; the evidence ({found.best.id}) bears no more than {bears!r}"
            )
            yield Problem(rule="R10", verdict="contradicted", reason=reason, evidence=(found.best.id,), span=claim.span)


def _is_finding(case: Case, claim: Claim) -> bool:
    concept = case.ledger.words.concepts.get(claim.observation)
    return concept is None or concept.kind not in ("measurement", "structure")


CLAIM_RULES: tuple[Judge, ...] = (
    Judge("R01", r01_unsupported), Judge("R02", r02_contradicts_negative), Judge("R03", r03_false_negation),
    Judge("R04", r04_laterality), Judge("R05", r05_location), Judge("R06", r06_number), Judge("R07", r07_unit),
    Judge("R08", r08_comparison), Judge("R09", r09_severity), Judge("R10", r10_certainty),
)  # fmt: skip
