"""What a draft took, and whether it came out; a question's answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from readingroom.experiments.case import Reference
from readingroom.experiments.draft import Drafted
from readingroom.experiments.metrics.tally import Tally, counted, tally
from readingroom.experiments.metrics.telling import Told

LETTER = re.compile(r"^\W*([A-Z])\b(?:\W|$)")
"""An option by its letter: "B", "(B)", "B. Pneumonia"."""


def effort_scores(drafted: Drafted) -> dict[str, Tally]:
    """Means a case. Money is left out where there is no price."""
    tokens = drafted.tokens_in + drafted.tokens_out
    scores = {
        "completed": tally(not failed(drafted), 1),
        "seconds": tally(drafted.seconds, 1),
        "calls": tally(drafted.calls, 1),
        "tokens": tally(tokens, 1),
    }
    return scores if drafted.cost is None else scores | {"cost": tally(drafted.cost, 1)}


def failed(drafted: Drafted) -> bool:
    """Whether it ended in an error; of a question without an answer that is told by itself."""
    return bool(drafted.error)


def length(told: Sequence[Told]) -> dict[str, Tally]:
    """Words of the standing sentences: a longer draft is not a better one."""
    return {"words": tally(sum(len(one.text.split()) for one in told if not one.struck), 1)}


def choice_score(drafted: Drafted, reference: Reference) -> dict[str, Tally]:
    """Right if the answer is the right option, by its letter or its very words; no answer is a wrong one, and is also
    counted as none."""
    said = _option(drafted.answer, reference.choices)
    right = said != "" and said == _option(reference.answer, reference.choices)
    scores = {"choice_accuracy": tally(right, 1), "choice_answered": tally(said != "", 1)}
    return scores | {"choice_right": counted([right])} if said else scores


def _option(answer: str, choices: Sequence[str]) -> str:
    plain = answer.strip()
    for number, choice in enumerate(choices):
        if plain.casefold() == choice.strip().casefold():
            return chr(ord("A") + number)
    letter = LETTER.match(plain)
    return letter[1] if letter else plain.upper() if len(plain) == 1 else ""
