"""Rule R17: what no draft may hold, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from readingroom.agents.case import Case, Judge
from readingroom.agents.sentence_rules import FORBIDS
from readingroom.domain.check import Problem
from readingroom.language.identifiers import IDENTIFIER
from readingroom.language.lexicon import lexicon
from readingroom.language.scan import scan
from readingroom.language.sentences import SAYING

HINTS: dict[str, tuple[str, ...]] = {
    "an instruction to the reader's machine": ("ignore", "disregard", "forget", "override", "system", "you are", "<",
                                               "mark ", "report ", "label ", "treat "),
    "a claim to be final or signed": ("final", "sign", "dictat", "transcrib", "authentic", "approv", "attest", "verif",
                                      "/s/", "radiologist", "physician", "review", "dr"),
    "a treatment": ("antibiot", "anticoag", "diuretic", "steroid", "chemo", "thoracent", "drainage", "surg", "biops",
                    "intubat", "heparin", "furosemide", "amoxicillin", "therap", "transfus", "medicat", "treat"),
}  # fmt: skip
"""What a text must hold for the pattern of that name to find anything: looked for first, since it is fast."""

HINTED = {what: re.compile("|".join(map(re.escape, hints))) for what, hints in HINTS.items()}

FORBIDDEN: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "an instruction to the reader's machine",
        re.compile(
            r"\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:previous|prior|above|earlier|all|any)\b.{0,20}"
            r"\b(?:instructions?|prompts?|rules?|text|messages?)\b|\bsystem prompt\b|"
            r"\byou are (?:now )?(?:an?|the) (?:ai|assistant|language model|model|system)\b|"
            r"<\s*/?\s*(?:system|script|assistant|user)\b|"
            r"\b(?:mark|report|label|treat) (?:this|the|all|every) (?:study|report|sentences?|findings?|image) as "
            r"(?:normal|supported|verified|clean|final)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "a claim to be final or signed",
        re.compile(
            r"\bfinal (?:report|version|read(?:ing)?|result)\b|\breport (?:is |has been )?final(?:i[sz]ed)?\b|"
            r"\bstatus\W{1,3}final\b|\b(?:this|it|study|draft|reading|result|report) is (?:now )?final\b|^\W*final\W*$|"
            r"(?:^|\s)/s/|\b(?:signature|signed|dictated|transcribed|authenticated)\b\s*(?::|on\b|at\b|by\b)|"
            r"\b(?:reporting|interpreting|reading) (?:radiologist|physician)\s*:|"
            r"\bDr\.? [A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?,? (?:MD|M\.D\.|MBBS|FRCR|DO|PhD)\b|"
            r"\belectronically (?:signed|verified|approved)\b|"
            r"\b(?:signed|dictated|approved|attested|verified) (?:electronically )?by\b|\bsign(?:ed)? off\b|"
            r"\battending radiologist\b|\b(?:I|we) have (?:personally )?reviewed\b",
            re.IGNORECASE,
        ),
    ),
    ("an identifier", IDENTIFIER),
    (
        "a treatment",
        re.compile(
            r"\b(?:recommend|advise|suggest|start|begin|initiate|administer|prescribe|give|treat(?:ment)? with|"
            r"consider|continue|requires?|needs?)\b(?:(?!prior|previous|post|old|history|change).){0,40}\b"
            r"(?:antibiotics?|anticoagula\w+|diuretics?|steroids?|chemotherapy|"
            r"thoracentesis|drainage|surgery|surgical (?:consultation|intervention)|biopsy|intubation|heparin|"
            r"furosemide|amoxicillin|therapy|transfusion|medication|treatment)\b|"
            r"(?<!after )(?<!following )(?<!appropriate )"
            r"\b(?:antibiotics?|anticoagula\w+|diuretics?|steroids?|drainage|surgery|biopsy|therapy|treatment|"
            r"medication)\b.{0,20}\b(?:should|must|is|are) (?:be )?"
            r"(?:given|started|recommended|indicated|advised|continued)\b",
            re.IGNORECASE,
        ),
    ),
)
"""What no draft may hold, whoever wrote it."""


def r17_forbidden(case: Case) -> Iterator[Problem]:
    """Identifiers, signatures, the word final, treatment, and text that tries to instruct a machine."""
    folded = case.sentence.text.casefold()
    for what, pattern in FORBIDDEN:
        if what in HINTED and HINTED[what].search(folded) is None:
            continue
        match = pattern.search(case.sentence.text)
        if match is not None:
            reason = f"holds {what}, which a draft may not: {match.group()[:60]!r}"
            yield Problem(rule="R17", verdict="contradicted", reason=reason, span=match.span())
    if case.sentence.section in SAYING:
        yield from _against_template(case)


def _against_template(case: Case) -> Iterator[Problem]:
    """What the template promises to hold none of, by its own words and by the lexicon's for advice."""
    text = case.sentence.text
    for name in case.ledger.forbids:
        told = FORBIDS[name].search(text)
        span = told.span() if told else next(
            ((item.start, item.end) for item in scan(text, lexicon()).items if item.kind == "advice"), None
        )  # fmt: skip
        if span is not None:
            reason = f"holds {name}, which its template forbids: {text[slice(*span)]!r}"
            yield Problem(rule="R17", verdict="unsupported", reason=reason, span=span)


FORBIDDEN_RULES: tuple[Judge, ...] = (Judge("R17", r17_forbidden),)
