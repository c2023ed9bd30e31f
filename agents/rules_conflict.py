"""Rule R16: tools that disagree. Their disagreement is told, and neither averaged away nor called a confirmation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from readingroom.agents.agreement import SIDES, sides_of
from readingroom.agents.case import Case, Judge, ids
from readingroom.agents.matching import GROUPS, Match
from readingroom.domain.check import Problem
from readingroom.domain.evidence import Evidence

SOURCE = (
    r"(?:tools?|models?|algorithms?|readers?|methods?|analys[ei]s|networks?|classifiers?|detectors?|systems?|outputs?|"
    r"results?|answers?)"
)
"""What can disagree."""
ONE = r"(?:one|some|the first|1)(?: of the)?(?: \w+)? ?"
DISAGREES = re.compile(
    r"\b(?:dis(?:agree\w*|cordan\w*|crepan\w*|put\w*)|conflict\w*|contradict\w*|diverg\w*|contested|opposing|"
    r"differ(?:s|ed|ent|ing)? (?:on|about|as to|in|whether)|" + SOURCE + r" (?:are split|differ)|"
    r"(?:do|does|did|could|can) ?not (?:agree|concur)|not (?:in agreement|unanimous)|no (?:agreement|consensus)|"
    r"without (?:agreement|consensus)|inconsisten\w*|incongruen\w*|at (?:odds|variance)|"
    r"(?:mixed|split|divided|opposite|contrary|opposed|incompatible|irreconcilable|differing|varying|unlike|unequal) "
    r"(?:" + SOURCE + r"|findings?|verdicts?|opinions?|evidence|statements?|votes?|readings?|conclusions?)|"
    r"(?:votes?|opinions?|evidence|findings?|verdicts?|" + SOURCE + r")(?: \w+){0,4} (?:(?:is|are|was|were|remains?) )?"
    r"(?:mixed|split|divided|opposite|contrary|opposed|incompatible|in conflict|clash(?:es)?|at odds)|"
    r"opposite(?:s| ways| directions)?\b|for and against|pros? and cons?|yes and no|mismatch\w*|unreconciled|"
    r"(?:do|does|did|could|can) ?not match|(?:no|not|without) (?:unanim\w+|concord\w*|consisten\w*)|in dispute|"
    r"unresolved between|" + ONE + SOURCE + r"\b(?!.{0,120}\b(?:both|agree|confirm|likewise|too)\b)"
    r".{0,90}\b(?:another|the other|an other|others|the second|a second|the rest|the remaining)\b|"
    r"\b(?:for|positive|yes|in favou?r|affirm\w*|support\w*|detects?|finds?|sees|reports?|shows?)\b.{0,60}"
    r"\b(?:another|the other|others?|the second|a second)\b.{0,40}"
    r"\b(?:against|negative|no|not|den\w+|reject\w*|contra)\b|"
    r"mixed " + SOURCE + r"|only one (?:of (?:the )?(?:two |three )?)?" + SOURCE + r"|"
    r"(?:one|a|the first)(?: " + SOURCE + r")?\b.{0,80}\b(?:another|(?:the|an)?other|others|(?:a|the) second)\b.{0,30}"
    r"\b(?:not|no|without|against|none|nothing|den(?:y|ies|ied)|excludes?|misses|negative|absent))\b",
    re.IGNORECASE,
)
"""How a sentence says that tools differ."""
CONFIRMS = re.compile(
    r"(?<!not )(?<!un)\b(?:confirm(?:s|ed|ing)?|corroborat\w+|verified by|concordant|in agreement|"
    r"(?:tools|models) agree|both (?:tools|models))\b",
    re.IGNORECASE,
)
TAKEN = ("present", "absent", "indeterminate")


def r16_conflict(case: Case) -> Iterator[Problem]:
    """Two tools disagree, and the sentence does not say so."""
    for found in case.matches:
        claim = found.claim
        clash = _clash(found, case) if claim.presence in TAKEN else None
        if clash is None:
            continue
        one, two = clash
        name = case.name(claim.observation)
        apart = f"{name} is present in {one.id} and absent in {two.id}"
        if CONFIRMS.search(case.sentence.text):
            reason = f"calls confirmed what the tools disagree on: {apart}"
            yield Problem(rule="R16", verdict="contradicted", reason=reason, evidence=ids(clash), span=claim.span)
        elif not _is_told(found, case):
            reason = f"does not say that the tools disagree: {apart}"
            yield Problem(rule="R16", verdict="unsupported", reason=reason, evidence=ids(clash), span=claim.span)


def _clash(found: Match, case: Case) -> tuple[Evidence, Evidence] | None:
    """Evidence of two tools on one image: present here, absent there, of the same thing or of what it is a kind of."""
    index, name = case.ledger, found.claim.observation
    present = [item for item in index.exact.get(name, ()) if item.presence == "present" and _counts(found, item)]
    if found.claim.presence == "absent":
        present += [item for item in index.under.get(name, ()) if item.presence == "present" and _counts(found, item)]
    above = (name,) if found.claim.presence == "absent" else (*sorted(index.words.ancestors(name) - GROUPS), name)
    absent = [item for up in above for item in index.exact.get(up, ())
              if item.presence == "absent" and _counts(found, item)]  # fmt: skip
    return next(
        (
            (one, two)
            for one in present
            for two in absent
            if _source(one) != _source(two) and one.image_id == two.image_id and _sides_meet(one, two)
        ),
        None,
    )


def _counts(found: Match, item: Evidence) -> bool:
    claimed, told = SIDES[found.claim.laterality], sides_of(item)
    return item.kind == "tool_output" and (not claimed or not told or bool(claimed & told))


def _source(item: Evidence) -> tuple[str, str, str]:
    return (item.origin.tool, item.origin.backend, item.origin.model)


def _sides_meet(one: Evidence, two: Evidence) -> bool:
    first, second = sides_of(one), sides_of(two)
    return not first or not second or bool(first & second)


def tells_conflict(found: Match, case: Case) -> bool:
    """Whether the sentence says that the tools disagree on this claim, as they do: it takes no side of its own then."""
    return bool(DISAGREES.search(case.sentence.text)) and _clash(found, case) is not None


def _is_told(found: Match, case: Case) -> bool:
    """Whether this sentence says that the tools disagree, or leaves it open beside one of the findings that does."""
    if DISAGREES.search(case.sentence.text):
        return True
    name = found.claim.observation
    return found.claim.presence == "indeterminate" and any(
        DISAGREES.search(told.sentence.text)
        for told in case.text
        if told.sentence.section == "findings" and any(other.claim.observation == name for other in told.matches)
    )


CONFLICT_RULES: tuple[Judge, ...] = (Judge("R16", r16_conflict),)
