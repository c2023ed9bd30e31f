"""The imager: a model that gathers evidence with the tools its file names, and no further than its file allows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from readingroom.agents.budget import Exhausted
from readingroom.agents.chat_model import ChatModel, Message, Offer, Turn
from readingroom.agents.conversation import Outcome, converse
from readingroom.agents.desk import Desk
from readingroom.agents.events import Tell
from readingroom.agents.model_planner import study_text
from readingroom.agents.offers import Answered, CallRefused, Functions
from readingroom.agents.planning import PlanContext
from readingroom.domain.plan import PlannedStep

LONGEST_QUESTION = 2_000


async def look(
    desk: Desk, functions: Functions, question: str, context: PlanContext, tell: Tell | None = None
) -> Outcome:
    """Gather evidence for a question; what is there when a limit is reached is used, and the outcome says which.

    `functions` are the tools at one bench, and keep the results; those that the specialist's file does not name are
    neither offered nor called. What the model says at the end is not for readers. Raises what `converse` raises.
    """
    reach = desk.specialist.limits
    history = desk.opening(f"The question: {question[:LONGEST_QUESTION]}\n\nThe study:", study_text(context))
    model, within = _Rounds(desk.model, reach.rounds), _Calls(functions, desk.specialist.tools, reach.calls)
    return await converse(model, within, history, desk.budget, tell, delimiter=desk.delimiter, agent=desk.specialist.id)


class _Rounds:
    """A model that answers so many times."""

    def __init__(self, model: ChatModel, most: int) -> None:
        self.name = model.name
        self._model, self._most, self._left = model, most, most

    async def turn(
        self,
        messages: Sequence[Message],
        offers: Sequence[Offer] = (),
        *,
        form: dict[str, Any] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> Turn:
        if self._left == 0:
            raise Exhausted("rounds", f"the specialist's model answered {self._most} times, which is all it may")
        self._left -= 1
        return await self._model.turn(messages, offers, form=form, tell=tell)


class _Calls:
    """Functions of which some may be called, and only so often."""

    def __init__(self, functions: Functions, allowed: Collection[str], most: int) -> None:
        self._functions, self._allowed, self._most, self._left = functions, allowed, most, most

    def offers(self) -> tuple[Offer, ...]:
        return tuple(offer for offer in self._functions.offers() if offer.name in self._allowed)

    def admit(self, name: str, arguments: str) -> PlannedStep:
        if self._left == 0:
            raise Exhausted("calls", f"the specialist made {self._most} calls, which is all it may")
        offered = [offer.name for offer in self.offers()]
        if name not in offered and any(offer.name == name for offer in self._functions.offers()):
            do = f"Use one of: {', '.join(offered) or 'none'}."
            raise CallRefused("denied", f"{name} may not be used for this question", do=do, violation=True)
        step = self._functions.admit(name, arguments)
        self._left -= 1
        return step

    async def run(self, step: PlannedStep) -> Answered:
        return await self._functions.run(step)
