"""A language model whose every answer is a step of the run: durable before it is used, known when told again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from readingroom.agents.budget import Prices, price_of
from readingroom.agents.chat_model import ChatModel, Message, Offer, Turn
from readingroom.agents.quoting import new_delimiter
from readingroom.domain.value import Value
from readingroom.runs.run import Spent
from readingroom.runs.trace import Outcome, StepIntent, Trace

VERSION = "1"
"""Raised when the same messages would be sent in another way."""


class Request(Value):
    """What a model was asked, as the record keeps it."""

    messages: tuple[Message, ...]
    offers: tuple[Offer, ...] = ()
    form: dict[str, Any] | None = None


class RecordedChat:
    """A ChatModel over another. A question that this run has an answer to is not asked again."""

    def __init__(self, model: ChatModel, trace: Trace, *, agent: str = "", prices: Prices | None = None) -> None:
        self.name = model.name
        self._model, self._trace, self._agent, self._prices = model, trace, agent, prices or {}
        self._turns = 0

    async def turn(
        self,
        messages: Sequence[Message],
        offers: Sequence[Offer] = (),
        *,
        form: dict[str, Any] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> Turn:
        """Raises what the model raises, and RecordError."""
        self._turns += 1
        request = Request(messages=tuple(messages), offers=tuple(offers), form=form)
        name = f"{self._agent or 'model'}-turn-{self._turns}"
        intent = StepIntent(name=name, tool="model", version=VERSION, backend=self.name, request=request)

        async def call(step: str) -> Outcome[Turn]:
            turn = await self._model.turn(messages, offers, form=form, tell=tell)
            costs = (price_of(self._prices, name, turn.usage) for name in (turn.model, self.name))
            cost = next((one for one in costs if one is not None), None)
            spent = Spent(**turn.usage.model_dump(), cost=cost, retries=turn.retries)
            return Outcome(turn, turn.model_dump(mode="json"), spent)

        def restore(output: dict[str, Any]) -> Turn:
            turn = Turn.model_validate(output)
            if tell and turn.text:
                tell(turn.text)
            return turn

        return await self._trace.step(intent, call, restore)


def delimiter_of(trace: Trace) -> str:
    """The run's own, made at first use and the same when it is resumed or told again."""
    found: str = trace.fact("delimiter", new_delimiter)
    return found
