"""Rule R16: tools that disagree. Their disagreement is told, and neither averaged away nor called a confirmation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from readingroom.agents.agreement import SIDES, sides_of
from readingroom.agents.case import Case, Judge, ids
from readingroom.agents.ledger import Index
from readingroom.agents.matching import GROUPS, Match
from readingroom.domain.check import Problem
from readingroom.domain.evidence import Evidence
from readingroom.language.claim import Claim
from readingroom.language.lexicon import OPEN as OPEN_NOUN

SOURCE = (
    r"(?:tools?|models?|algorithms?|readers?|methods?|analys[ei]s|networks?|net|nets|classifiers?|classification|"
    r"detectors?|detection|"
    r"segmentation|segmenters?|systems?|outputs?|results?|answers?|software|engines?|modules?|programs?|programmes?|"
    r"approach(?:es)?|"
    r"scores?|predictions?|readings?|reads?|sources?|runs?|passes|estimates?|votes?|opinions?|verdicts?|findings?|"
    r"evidence|"
    r"assessments?|evaluations?|interpretations?|ais?|cad|backends?)"
)
"""What can disagree."""
DISAGREES = re.compile(
    r"\b(?:dis(?:agree\w*|cord\w*|crepan\w*|put\w*|sent\w*|parit\w*|parate)|dissen\w+|conflict\w*|contradict\w*|"
    r"diverg\w*|contested|"
    r"controvers\w*|oppos(?:ing|ed)|inconsisten\w*|incongruen\w*|incongruous|irreconcil\w*|unreconciled|mismatch\w*|"
    r"at (?:odds|variance)|in (?:dispute|conflict|disagreement)|opposites?\b|for and against|pros? and cons?|yes "
    r"and no|"
    r"differ(?:s|ed|ent|ing)? (?:on|about|as to|in|whether|over|regarding|concerning|with regard)|unresolved between|"
    r"(?:do|does|did|could|can|is|are|was|were) ?(?:not|n't) (?:in |fully |quite )*(?:agree\w*|concur\w*|match\w*|"
    r"unanimous|concordant|consistent|"
    r"coincide\w*|reconciled?|align\w*|tally|uniform|corroborated?|confirmed by the (?:other|second))|"
    r"(?:no|not|without|lack of|lacks|absence of|failed to reach|missing|lacking) (?:\w+ )?(?:unanim\w+|concord\w*|"
    r"consisten\w*|agreement|consensus|"
    r"corroborat\w+|accord)|(?:split|divided|mixed|unlike|unequal|contrary|incompatible|differing|varying|clashing) "
    + SOURCE
    + r"|"
    + SOURCE
    + r"(?: \w+){0,4} (?:(?:is|are|was|were|remains?) )?(?:mixed|split|divided|contrary|incompatible|clash(?:es|"
    r"ing)?|differ|vary|"
    r"differing|different)\b|"
    r"depends? on (?:which|whom)|(?:split|divided|undecided|debate\w*) (?:over|on|about|as to|between|among)|(?:two|"
    r"several|different) minds|one voice|"
    r"agreed (?:up)?on|(?:two|different|several|separate) (?:opinions|answers|verdicts|results|conclusions|readings)|"
    r"(?:one|first|single|same|1) (?:\w+ )?" + SOURCE + r" (?:only|alone)|half of (?:the |our )?" + SOURCE + r"|"
    r"(?:only|just|merely) (?:one|1|a single|some|half|part)(?: out)?(?: of)?(?: the| our)?(?: two| three| both| "
    r"\d)?(?: \w+)? ?" + SOURCE + r"|"
    r"(?:one|1|a single) (?:out )?of (?:the |our )?(?:two|three|four|2|3|4)\b|\b1\s?/\s?[2345]\b|[12]\s?(?:vs\.?|"
    r"versus|to|against|:)\s?[12]\b|"
    r"(?:disputed|challenged|questioned|doubted|denied|rejected|contradicted|refuted|not (?:confirmed|supported|"
    r"shared|reproduced|seen|found|"
    r"detected|reported|corroborated)) by (?:the |an?)?(?:other|second|another|one))",
    re.IGNORECASE,
)
"""How a sentence says that tools differ, in words for it."""
OTHER = re.compile(
    r"\b(?:another|(?:the |an )?other|(?:the |a )?second|latter|(?<=[a-z\d,;] )one)\b(?=(?: \w+){0,2}? "
    + SOURCE
    + r"\b|\W*$|[,;:)]| (?:one\b|does|did|do|is|was|"
    r"has|ha[dv]|would|will|cannot|could|says?|said|sees?|saw|finds?|found|shows?|report|den[yi]|reject|miss|"
    r"negative|positive|silent|not\b|no\b|"
    r"none|nothing|without|gives?|gave|argues?|call|disagree|remain|against|rules?|fail|lacks?|exclud|favou?r|in\b|"
    r"with\b))|"
    r"\b(?:the )?(?:others|rest|remaining|remainder)\b|\bnot (?:by )?(?:all|both|every|each)\b",
    re.IGNORECASE,
)
"""What names a second source beside a first."""
FIRST = re.compile(r"\b(?:one|first|former|some|1|(?:an?|the) (?:\w+ )?" + SOURCE + r")\b", re.IGNORECASE)
SINGLE = re.compile(r"\b(?:one|some|the first|1)(?: of the)?(?: \w+)? ?" + SOURCE + r"\b", re.IGNORECASE)
"""A source that is told apart from others."""
TWO = re.compile(
    r"\b"
    + SOURCE
    + r"\b(?! (?:and|or)\b).{0,90}?(?:\bbut\b|\bwhile\b|\bwhilst\b|\bwhereas\b|\bthough\b|\balthough\b|\byet\b|"
    r"\bhowever\b|\band\b|\bthan\b|\bagainst\b|\bversus\b|\bvs\b|[,;:/–—-]).{0,60}?\b" + SOURCE + r"\b",
    re.IGNORECASE,
)
"""Two sources told apart in one sentence."""
FOR = re.compile(
    r"\b(?:yes|positive|present|affirm\w*|support\w*|detect\w*|finds?|found|sees|seen|saw|reports?|reported|shows?|"
    r"shown|showed|"
    r"flag\w*|mark\w*|call\w*|suggest\w*|indicat\w*|identif\w*|favou?r\w*|for|suspect\w*|raises?|raised|picks?|"
    r"picked|predict\w*|says?|"
    r"outlin\w*|segment(?:s|ed)|describ\w*|visible|visuali[sz]\w*|likely|depict\w*|register\w*|includes?|lists?|"
    r"scores?|"
    r"recogni[sz]\w*|demonstrat\w*|asserts?|names?|claims?)\b|\+",
    re.IGNORECASE,
)
AGAINST = re.compile(
    r"\b(?:no|not|nil|none|nothing|neither|never|without|negative|absent|den(?:y|ies|ied)|reject\w*|against|"
    r"exclud\w*|miss(?:es|ed)?|"
    r"contra|fail\w*|lacks?|rules? out|ruled out|unlikely|normal|clear|silent|doubt\w*|unremarkable|discard\w*|"
    r"refut\w*|dismiss\w*|"
    r"overlook\w*|negat\w*|invert\w*|blank|free|otherwise|opposite|contrary|reverse)\b|n't\b|"
    r"(?<=[\s(])[-–−](?=[\s);,.]|$)",
    re.IGNORECASE,
)
OPEN = re.compile(
    r"\b(?:equivocal|indeterminate|inconclusive|uncertain|unclear|unresolved|unsettled|undecided|undetermined|open|"
    r"ambiguous|"
    r"cannot be (?:decided|resolved|settled|determined)|not (?:settled|resolved|decided|certain|clear|conclusive)|"
    r"doubtful|questionable)\b",
    re.IGNORECASE,
)
MANY = re.compile(
    r"\b(?:between|across|among|amongst|by|from|of|per|with) (?:the |our |all |both |these |two |three |several |"
    r"different |various )*"
    r"(?:automated |automatic |ai |available |two |three )*(?:tools|models|algorithms|readers|methods|networks|nets|"
    r"classifiers|detectors|systems|"
    r"outputs|results|answers|programs|modules|engines|readings|reads|sources|runs|estimates|votes|opinions|"
    r"backends)\b",
    re.IGNORECASE,
)
"""Several sources at once: what is open between them is what they differ on."""
AGREE = re.compile(
    r"\b(?:both|agree|agrees|likewise|too|unanimous\w*|concordant\w*|all (?:of the )?(?:tools|models))\b(?! not)",
    re.IGNORECASE,
)


def says_they_differ(text: str) -> bool:
    """Whether a sentence says that tools differ: in words for it, as one that finds and another that does not, or as
    what is open between several."""
    if DISAGREES.search(text):
        return True
    if MANY.search(text) and OPEN.search(text):
        return True
    one = SINGLE.search(text)
    if one is not None and not AGREE.search(text) and OTHER.search(text, one.end()):
        return True
    if not (FOR.search(text) and AGAINST.search(text)) or (AGREE.search(text) and not OTHER.search(text)):
        return False
    if any(FIRST.search(text[: other.start()]) for other in OTHER.finditer(text)):
        return True
    return TWO.search(text) is not None


CONFIRMS = re.compile(
    r"(?<!not )(?<!un)(?<!not be )(?<!neither )(?<!neither be )(?<!nor )(?<!nor be )(?<!cannot be )(?<!can be "
    r"neither )\b(?:confirm(?:s|ed|ing)?|corroborat\w+|verified by|concordant|in agreement|"
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


def left_open(text: str, claims: tuple[Claim, ...], index: Index) -> tuple[Claim, ...]:
    """The claims of a sentence that says tools differ: what they do differ on is left open, whatever side a part of the
    sentence seems to take, and words that only tell who said what claim nothing."""
    if not claims or not says_they_differ(text):
        return claims
    told = tuple(
        claim._replace(presence="indeterminate", certainty="may_represent", scope="", severity=None)
        if claim.presence in TAKEN and _is_disputed(claim.observation, index)
        else claim
        for claim in claims
    )
    if not any(claim.presence == "indeterminate" for claim in told):
        return claims
    return tuple(claim for claim in told if not claim.observation.startswith(OPEN_NOUN))


def _is_disputed(observation: str, index: Index) -> bool:
    told = {item.presence for item in index.exact.get(observation, ())}
    return told >= {"present", "absent"}


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
    return says_they_differ(case.sentence.text) and _clash(found, case) is not None


def _is_told(found: Match, case: Case) -> bool:
    """Whether this sentence says that the tools disagree, or leaves it open beside one of the findings that does."""
    if says_they_differ(case.sentence.text):
        return True
    name = found.claim.observation
    return found.claim.presence == "indeterminate" and any(
        says_they_differ(told.sentence.text)
        for told in case.text
        if told.sentence.section == "findings" and any(other.claim.observation == name for other in told.matches)
    )


CONFLICT_RULES: tuple[Judge, ...] = (Judge("R16", r16_conflict),)
