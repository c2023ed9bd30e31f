"""Multiple-choice questions without a model: the option that the evidence supports, where it supports no other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_uppercase

from readingroom.agents.ledger import Ledger
from readingroom.agents.verifier import ALL, verify
from readingroom.domain.check import Rule
from readingroom.language.sentences import Sentence

ASIDE: frozenset[Rule] = frozenset({"R10", "R11", "R14", "R15"})
"""Rules on what a whole report must tell, cite and hedge; an option is one phrase that cites and hedges nothing."""
TURNED = re.compile(r"\b(not|no|except|least|unlikely|incorrect|false|wrong|excluded?)\b", re.IGNORECASE)
"""Words of a question whose right option may be the one that is not so."""


def decided(question: str, choices: Sequence[str], ledger: Ledger) -> str:
    """The letter of the only option that the evidence of tools supports, each other being contradicted or unsupported.

    Empty, which is no answer, where several are supported or none is, where an option says nothing that can be held
    against evidence, or where the question may ask for what is not so.
    """
    if TURNED.search(question):
        return ""
    seen = ledger.model_copy(update={"evidence": tuple(item for item in ledger.evidence if item.trust == "tool")})
    verdicts = [_verdict(choice, seen) for choice in choices]
    if "not_checkable" in verdicts or verdicts.count("supported") != 1:
        return ""
    return ascii_uppercase[verdicts.index("supported")]


def _verdict(choice: str, ledger: Ledger) -> str:
    sentence = Sentence(id="A", section="findings", text=f"{choice.strip().rstrip('.')}.")
    (check,) = verify((sentence,), ledger, rules=ALL - ASIDE).checks
    return check.verdict
