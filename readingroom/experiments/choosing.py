"""Multiple-choice cases: a model picks an option from the evidence; a choice that rests on nothing can be refused."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase

from pydantic import Field

from readingroom.agents.desk import Desk
from readingroom.agents.ledger import Ledger
from readingroom.agents.writers import evidence_text
from readingroom.domain.value import Value


class Choice(Value):
    """What a choosing model answers."""

    letter: str = Field(min_length=1, max_length=4)
    evidence: tuple[str, ...] = Field(default=(), max_length=60)
    """Ids that the choice rests on."""


async def chosen(desk: Desk, question: str, choices: Sequence[str], ledger: Ledger, *, checked: bool) -> str:
    """The letter of an option; empty where the model names none.

    `checked`: a choice that cites no evidence of the tools is no answer either. Raises ModelFailed, Exhausted.
    """
    letters = ascii_uppercase[: len(choices)]
    options = "\n".join(f"{letter}. {choice}" for letter, choice in zip(letters, choices, strict=True))
    data = (f"{question}\n{options}", evidence_text(ledger.evidence) or "No tool returned anything.")
    answer = await desk.answer(Choice, desk.opening("Choose one option.", *data))
    letter = answer.letter.strip().rstrip(".)").upper()
    backed = {item.id for item in ledger.evidence if item.trust == "tool"} & set(answer.evidence)
    return letter if letter in letters and (backed or not checked) else ""
