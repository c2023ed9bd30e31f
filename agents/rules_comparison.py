"""Rule R08: change, and the earlier image or report that a text compares with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from readingroom.agents.agreement import change_agreement
from readingroom.agents.case import Case, Judge
from readingroom.agents.matching import Match
from readingroom.domain.check import Problem
from readingroom.domain.evidence import Evidence
from readingroom.domain.terms import Section
from readingroom.language.claim import Claim
from readingroom.language.sentences import SAYING

COMPARES = re.compile(
    r"\b(?:compar(?:ed|ison) (?:to|with)|since (?:the )?(?:prior|previous|last)|unchanged (?:from|since)|"
    r"interval (?:change|increase|decrease))\b",
    re.IGNORECASE,
)
NO_COMPARISON = re.compile(
    r"^\W*(?:none|no\b|not\b|n/?a\b|nil|without|unavailable|n\.?a\.?|-)|\b(?:not|none|un)\s?(?:available|provided|given)",
    re.IGNORECASE,
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = rf"(?P<{{}}>(?:{'|'.join(MONTHS)})[a-z]*)\.?"
DATE = re.compile(
    r"\b(?:(?P<iso>\d{4}[-/.]\d{1,2}[-/.]\d{1,2})|(?P<plain>\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2}))|"
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{MONTH.format('month')},?\s+(?P<year>\d{{4}})|"
    rf"{MONTH.format('first')}\s+(?:(?P<second>\d{{1,2}})(?:st|nd|rd|th)?,?\s+)?(?P<third>\d{{4}}))\b",
    re.IGNORECASE,
)
"""A date to the day or the month, as reports write it."""
YEAR = re.compile(r"\d\d\b")
"""What every date has."""


def r08_comparison(case: Case) -> Iterator[Problem]:
    """Speaks of change or of an earlier image where there is none, or of another change than the evidence."""
    section = case.sentence.section
    yield from _dates(case)
    if section in ("indication", "technique", "comparison", "limitations"):
        yield from _compares_without(case)
        return
    for found in case.matches:
        claim = found.claim
        if not claim.comparison:
            continue
        said = _said(claim) or "a comparison"
        if not case.ledger.has_prior:
            reason = f"says {said}; there is no earlier image or report in the evidence"
            yield Problem(rule="R08", verdict="unsupported", reason=reason, span=claim.span)
        elif _said(claim) and found.stance == "backed" and found.best is not None:
            yield from _course(found, found.best)


def _said(claim: Claim) -> str:
    return claim.change or ("changed" if claim.altered else "")


def _course(found: Match, best: Evidence) -> Iterator[Problem]:
    claim = found.claim
    compared = [item for item in (best, *found.others) if item.change is not None]
    agreed = [change_agreement(claim, item) for item in compared]
    if not compared:
        if claim.altered and best.prior_image_id:
            return  # a reader's own words, which do not say how either
        reason = f"says {_said(claim)}; the evidence ({best.id}) was not compared with an earlier image"
        yield Problem(rule="R08", verdict="unsupported", reason=reason, evidence=(best.id,), span=claim.span)
    elif change_agreement(claim, best) != "same" and "same" not in agreed:
        other = best if best.change is not None else compared[0]
        reason = f"says {_said(claim)}; the evidence ({other.id}) says {other.change}"
        yield Problem(rule="R08", verdict="contradicted", reason=reason, evidence=(other.id,), span=claim.span)


def _compares_without(case: Case) -> Iterator[Problem]:
    text, section = case.sentence.text, case.sentence.section
    if case.ledger.has_prior or section == "limitations":
        return
    named = section == "comparison" and not NO_COMPARISON.search(text)
    if named or (section != "comparison" and COMPARES.search(text)):
        yield Problem(rule="R08", verdict="unsupported", reason="names an earlier study; there is none in the evidence")


def _dates(case: Case) -> Iterator[Problem]:
    """A date that no earlier study has: known are those of the earlier images and reports, and those that the text's
    own comparison section gives. Where none is known, only a sentence that cites evidence owes one."""
    section, text = case.sentence.section, case.sentence.text
    if section not in ("comparison", *SAYING) or not case.ledger.has_prior or YEAR.search(text) is None:
        return
    named = [(match, _parts(match)) for match in DATE.finditer(text)]
    if not named or not (section == "comparison" or _compares(case)):
        return
    given = [(match.group(), _parts(match)) for source in _sources(case) for match in DATE.finditer(source)]
    for match, parts in named:
        if any(parts <= known or known <= parts for _, known in given):
            continue
        if given:
            reason = f"names {match.group()}; the earlier study is of {given[0][0]}"
            yield Problem(rule="R08", verdict="contradicted", reason=reason, span=match.span())
        elif any(name.startswith("E") for name in case.sentence.cites):
            reason = f"names {match.group()}; the evidence gives no date of an earlier study"
            yield Problem(rule="R08", verdict="unsupported", reason=reason, span=match.span())


def _compares(case: Case) -> bool:
    return any(found.claim.comparison for found in case.matches) or bool(COMPARES.search(case.sentence.text))


def _sources(case: Case) -> Iterator[str]:
    """Every text in which a date of an earlier study may stand."""
    for image in case.ledger.images.values():
        if image.role == "prior":
            yield from (image.name, *image.notes)
    for item in case.ledger.by_id.values():
        if item.kind == "prior_report" or item.id in case.ledger.earlier:
            yield from (item.summary, item.quote)
    if case.sentence.section != "comparison":
        yield from (told.sentence.text for told in case.text if told.sentence.section == "comparison")


def _parts(match: re.Match[str]) -> frozenset[int]:
    """The numbers of a date in whatever order, the year in four digits, the month as a number."""
    if whole := match["iso"] or match["plain"]:
        numbers = [int(part) for part in re.findall(r"\d+", whole)]
        short = match["plain"] is not None and numbers[-1] < 100
        return frozenset((*numbers[:-1], numbers[-1] + 2000) if short else numbers)
    month = MONTHS.index((match["month"] or match["first"])[:3].lower()) + 1
    day, year = match["day"] or match["second"], match["year"] or match["third"]
    return frozenset(int(part) for part in (day, str(month), year) if part)


COMPARISON_RULES: tuple[Judge, ...] = (
    Judge("R08", r08_comparison, frozenset(("figure", "compared", *get_args(Section))) - SAYING),
)
