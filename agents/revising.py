"""A model writes, the second reader sends back what does not hold, at most twice; then it is left out and counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from readingroom.agents.chat_model import Message
from readingroom.agents.desk import Desk
from readingroom.agents.quoting import quote
from readingroom.agents.second_reader import Line, Lines, Reviewed, reasons
from readingroom.domain.value import canonical_json
from readingroom.errors import ToolFailed

MOST_SENT_BACK = 2

AGAIN = (
    "The second reader refuses these of your {count} sentences, by their place:\n{reasons}\n"
    "Answer with better sentences for these alone, in their order and in the same JSON; leave out what cannot be "
    "mended. The other sentences stand; do not repeat them."
)

Review = Callable[[Sequence[Line], Sequence[Line]], list[Reviewed]]
"""New lines, and those that stand already."""


@dataclass(frozen=True)
class Revised:
    """What came of one piece of writing."""

    kept: tuple[Reviewed, ...] = ()
    left_out: tuple[Reviewed, ...] = ()
    """Sentences that did not hold and were never mended."""
    failure: str = ""
    """Why the model gave no (further) answer; empty where it did."""


async def revised(desk: Desk, opening: Sequence[Message], review: Review) -> Revised:
    """Ask, review, send back. A model that fails or a budget that is used up ends it with what stands so far.

    Raises BadRequest for a limit of money without a price.
    """
    messages = list(opening)
    kept: list[Reviewed] = []
    waiting: list[Reviewed] = []
    withdrawn: list[Reviewed] = []
    for _ in range(min(1 + MOST_SENT_BACK, desk.specialist.limits.rounds)):
        try:
            answer = await desk.answer(Lines, messages)
        except ToolFailed as error:
            return Revised(tuple(kept), (*withdrawn, *waiting), error.line())
        withdrawn += waiting[len(answer.sentences) :]
        read = _without_repeats(review(answer.sentences, [one.line for one in kept]), kept)
        kept += [one for one in read if one is not None and not one.flaws]
        waiting = [one for one in read if one is not None and one.flaws]
        if not waiting:
            break
        told = AGAIN.format(count=len(read), reasons=reasons(read, lambda reason: quote(reason, desk.delimiter)))
        messages += [Message(role="assistant", text=canonical_json(answer)), Message(role="user", text=told)]
    return Revised(tuple(kept), (*withdrawn, *waiting))


def _without_repeats(read: Sequence[Reviewed], kept: Sequence[Reviewed]) -> list[Reviewed | None]:
    """None for each that says again what stands already: it is neither wrong nor needed."""
    stand = {one.line.text for one in kept}
    return [
        None if one.line.text in stand or (one.flaws and all(flaw.rule == "R13" for flaw in one.flaws)) else one
        for one in read
    ]
