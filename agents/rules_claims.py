"""Rules R01-R03, R09 and R10, and with those on place, numbers and comparison all that one claim is judged by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from readingroom.agents.agreement import allowed_certainty, denied_certainty, is_overclaim, severity_agreement
from readingroom.agents.case import DENIED, Case, Judge, backed, ids, listed
from readingroom.agents.rules_comparison import COMPARISON_RULES
from readingroom.agents.rules_conflict import tells_conflict
from readingroom.agents.rules_numbers import NUMBER_RULES
from readingroom.agents.rules_place import PLACE_RULES
from readingroom.domain.check import Problem
from readingroom.domain.terms import Section
from readingroom.language.claim import Claim
from readingroom.language.claims import claims_of
from readingroom.language.sentences import SAYING

STATED = re.compile(r"\bthere (?:is|are|was|were)\b|\b(?:is|are) (?:seen|noted|present|identified)\b", re.IGNORECASE)


def r01_unsupported(case: Case) -> Iterator[Problem]:
    """Says something that no evidence speaks of; a normal statement needs a tool that looked."""
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


def r01_misplaced(case: Case) -> Iterator[Problem]:
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
        positive = found.claim.presence in ("present", "indeterminate")
        if found.stance == "denied" and positive and not tells_conflict(found, case):
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
        if tells_conflict(found, case):
            continue
        name, where = case.name(found.claim.observation), listed(found.others)
        if found.claim.presence == "absent":
            shown = case.name(found.others[0].observation)
            reason = f"says there is no {name}; the evidence ({where}) shows {shown}"
        else:
            reason = f"says {name} was not assessed; the evidence ({where}) assessed it"
        span = found.claim.span
        yield Problem(rule="R03", verdict="contradicted", reason=reason, evidence=ids(found.others), span=span)


def r09_severity(case: Case) -> Iterator[Problem]:
    """The degree is not the evidence's, or the evidence does not grade."""
    for _, claim, best in backed(case):
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
            and not tells_conflict(found, case)
        ):
            bearing = denied_certainty if claim.presence == "absent" else allowed_certainty
            bears = bearing(found.best).replace("_", " ")
            reason = (
                f"says {claim.certainty.replace('_', ' ')}; the evidence ({found.best.id}) bears no more than {bears!r}"
            )
            yield Problem(rule="R10", verdict="contradicted", reason=reason, evidence=(found.best.id,), span=claim.span)


def _is_finding(case: Case, claim: Claim) -> bool:
    concept = case.ledger.words.concepts.get(claim.observation)
    return concept is None or concept.kind not in ("measurement", "structure")


CLAIM_RULES: tuple[Judge, ...] = (
    Judge("R01", r01_misplaced, frozenset(get_args(Section)) - SAYING),
    Judge("R01", r01_unsupported, frozenset(("nothing", "hearsay", "part"))),
    Judge("R02", r02_contradicts_negative, DENIED), Judge("R03", r03_false_negation, DENIED),
    *PLACE_RULES, *NUMBER_RULES, *COMPARISON_RULES,
    Judge("R09", r09_severity, frozenset(("graded",))), Judge("R10", r10_certainty, frozenset(("backed", "doubted"))),
)  # fmt: skip
