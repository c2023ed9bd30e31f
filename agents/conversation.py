"""One question to a model that may call tools: our own loop, which ends."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from readingroom.agents.asking import Asking
from readingroom.agents.budget import Budget, Exhausted
from readingroom.agents.calling import Calling, Ending
from readingroom.agents.chat_model import ChatModel, Message, ToolCall, Turn
from readingroom.agents.events import Said, Stopped, Tell
from readingroom.agents.offers import Answered, Functions
from readingroom.agents.quoting import quote, rule
from readingroom.domain.value import Value

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]")
"""A provider refuses a history with other characters in a function's name."""


@dataclass(frozen=True)
class Outcome:
    """What came of a question. The caller adds `messages` to its history; where it raised instead, nothing is added."""

    text: str
    messages: tuple[Message, ...]
    value: Value | None = None
    """The text read as the form that was asked for."""
    evidence: tuple[str, ...] = ()
    """Ids of the evidence that the calls gave, in call order."""
    stopped: str = ""
    """What ended it early: rounds, calls, tokens, money, time, loop, mistakes. What is there is used, as partial."""
    notes: tuple[str, ...] = ()
    """What was not as it should be, for the record: a content filter, a repair, a stream that was cut."""

    @property
    def partial(self) -> bool:
        return bool(self.stopped)


async def converse(
    model: ChatModel,
    functions: Functions,
    history: Sequence[Message],
    budget: Budget,
    tell: Tell | None = None,
    *,
    delimiter: str,
    agent: str = "",
    form: type[Value] | None = None,
) -> Outcome:
    """Ask until the model answers in words (in `form`, where one is given) or something ends it.

    Calls of one turn run at the same time and stand in the history in call order; an identical call is answered from
    the record. Raises ModelFailed where no usable answer comes even when asked to mend it, BadRequest for a limit of
    money without a price, and what the functions raise beyond their tools' errors. Cancelling it cancels the calls.
    """
    stream = None if tell is None else lambda text: tell(Said(agent=agent, text=text))
    asking = Asking(model, budget, delimiter, functions.offers(), form, stream)
    talk = _Talk(history, asking, Calling(functions, budget, tell, agent), delimiter)
    outcome = await _in_time(talk, budget)
    if tell and outcome.partial:
        tell(Stopped(reason=talk.reason))
    return outcome


async def _in_time(talk: _Talk, budget: Budget) -> Outcome:
    deadline: asyncio.Timeout | None = None
    try:
        async with asyncio.timeout(budget.seconds_left()) as deadline:
            return await talk.answer()
    except Exhausted as error:
        return talk.stopped(Ending(error.kind, error.line()))
    except TimeoutError:
        if deadline is None or not deadline.expired():
            raise
        return talk.stopped(Ending("time", "the time for this question is over"))


class _Talk:
    """What was said: the history as it was, and what this question adds, in whole rounds."""

    def __init__(self, history: Sequence[Message], asking: Asking, calling: Calling, delimiter: str) -> None:
        self._asking, self._calling, self._delimiter = asking, calling, delimiter
        self._history = _with_rule(history, delimiter)
        self._made = sum(len(message.calls) for message in history)
        self._new: list[Message] = []
        self.reason = ""

    async def answer(self) -> Outcome:
        while True:
            turn, value = await self._asking.usable([*self._history, *self._new])
            if not turn.calls:
                self._new.append(Message(role="assistant", text=turn.text))
                return self._outcome(turn.text, value)
            self._commit(turn, await self._calling.answers(turn.calls))
            if self._calling.ending:
                return self.stopped(self._calling.ending)

    def stopped(self, ending: Ending) -> Outcome:
        """What is there when it is ended early."""
        self.reason = ending.reason
        return self._outcome("", None, ending.kind)

    def _outcome(self, text: str, value: Value | None, stopped: str = "") -> Outcome:
        return Outcome(
            text, tuple(self._new), value, self._calling.evidence, stopped, tuple(dict.fromkeys(self._asking.notes))
        )

    def _commit(self, turn: Turn, answers: Sequence[Answered]) -> None:
        """A whole round at once, under ids of ours: a provider's may be empty or the same twice."""
        made = []
        for call in turn.calls:
            self._made += 1
            name = _NOT_IN_A_NAME.sub("_", call.name)[:64] or "unknown"
            made.append(ToolCall(id=f"call{self._made:05d}", name=name, arguments=_whole(call.arguments)))
        self._new.append(Message(role="assistant", text=turn.text, calls=tuple(made)))
        for call, answered in zip(made, answers, strict=True):
            self._new.append(Message(role="tool", call=call.id, text=quote(answered.text, self._delimiter)))


def _whole(arguments: str) -> str:
    """Some servers read the arguments of earlier calls again and break where they are no object."""
    try:
        return arguments if isinstance(json.loads(arguments), dict) else "{}"
    except (ValueError, RecursionError):
        return "{}"


def _with_rule(history: Sequence[Message], delimiter: str) -> list[Message]:
    """What the delimiter means stands in the first system message, whoever wrote that."""
    if any(message.role == "system" and f"<{delimiter}>" in message.text for message in history):
        return list(history)
    if history and history[0].role == "system":
        first = history[0].model_copy(update={"text": f"{history[0].text}\n\n{rule(delimiter)}"})
        return [first, *history[1:]]
    return [Message(role="system", text=rule(delimiter)), *history]
