"""The calls of a conversation: admitted in order, run at the same time, identical ones answered from the record."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from readingroom.agents.budget import Budget, Exhausted
from readingroom.agents.chat_model import ToolCall
from readingroom.agents.compact import error_text
from readingroom.agents.events import Ended, Started, Tell
from readingroom.agents.offers import Answered, CallRefused, Functions
from readingroom.domain.plan import PlannedStep

SAME_CALLS = 3
"""The third call with the same arguments breaks the loop."""
MISTAKEN_TURNS = 3
"""Turns in which a call could not run, before the model is given up."""

_SORTED = json.JSONEncoder(sort_keys=True).encode

logger = logging.getLogger("readingroom.agents")


class Ending(NamedTuple):
    """Why no more calls are made."""

    kind: str
    reason: str


class Calling:
    """Keeps what was answered, what was refused, and whether it should go on."""

    def __init__(self, functions: Functions, budget: Budget, tell: Tell | None, agent: str = "") -> None:
        self._functions, self._budget, self._tell, self._agent = functions, budget, tell, agent
        self._asked: Counter[str] = Counter()
        self._record: dict[str, Answered] = {}
        self._mistaken = 0
        self._refused = 0
        self.ending: Ending | None = None
        """Set once a round ended the conversation; its answers still stand."""

    @property
    def evidence(self) -> tuple[str, ...]:
        """What was gathered, in call order."""
        return tuple(one for answered in self._record.values() for one in answered.evidence)

    async def answers(self, calls: Sequence[ToolCall]) -> list[Answered]:
        """One answer a call, in call order.

        A call that cannot run is answered with a short typed error. Where one asks for what it may not have, none of
        its turn runs.
        """
        keys = [_key(call) for call in calls]
        known = set(self._record)
        self._asked.update(keys)
        if any(self._asked[key] >= SAME_CALLS for key in keys):
            self.ending = Ending("loop", f"the model asked for the same call {SAME_CALLS} times")
            return [_not_run("loop", "this call was asked for too often") for _ in calls]
        todo, refused = self._admitted(dict(zip(reversed(keys), reversed(calls), strict=True)), keys)
        await self._run(todo)
        return [self._told(key, refused, repeated=key in known or key in keys[:at]) for at, key in enumerate(keys)]

    def _admitted(
        self, calls: dict[str, ToolCall], keys: Sequence[str]
    ) -> tuple[dict[str, PlannedStep], dict[str, Answered]]:
        """Which calls run, in call order, and what the others are told."""
        todo: dict[str, PlannedStep] = {}
        refused: dict[str, Answered] = {}
        denied = mistaken = False
        for key in dict.fromkeys(keys):
            if key in self._record:
                continue
            try:
                self._budget.before_call()
                todo[key] = self._functions.admit(calls[key].name, calls[key].arguments)
            except Exhausted as error:
                self.ending = Ending(error.kind, error.line())
                refused[key] = _not_run("budget", "the budget is used up")
            except CallRefused as error:
                refused[key] = self._refuse(error)
                denied, mistaken = denied or error.violation, True
        self._mistaken += mistaken
        if self._mistaken >= MISTAKEN_TURNS:
            self.ending = Ending("mistakes", f"in {self._mistaken} turns the model asked for calls that cannot run")
        if denied:
            refused |= {key: _not_run("not_run", "another call of this turn was denied") for key in todo}
            todo = {}
        return todo, refused

    def _refuse(self, error: CallRefused) -> Answered:
        """Told to the model and to whoever listens; the log has no word of the model's."""
        self._refused += 1
        step = f"refused-{self._refused}"
        if error.violation:
            logger.warning("a model's call was denied: %s", error.kind)
        text = error_text(error.kind, error.what, do=error.do)
        return self._ended(Answered(step=step, text=text, error=f"{error.kind}: {error.line()}"))

    def _told(self, key: str, refused: dict[str, Answered], *, repeated: bool) -> Answered:
        if key in refused:
            return refused[key]
        found = self._record[key]
        return self._ended(found, from_record=True) if repeated else found

    async def _run(self, todo: dict[str, PlannedStep]) -> None:
        """All at the same time; where one breaks the program, the others are cancelled."""
        if len(todo) == 1:
            ((key, step),) = todo.items()
            self._record[key] = await self._one(step)
            return
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {key: group.create_task(self._one(step)) for key, step in todo.items()}
        except BaseExceptionGroup as failed:
            _raise(failed)
        self._record |= {key: task.result() for key, task in tasks.items()}

    async def _one(self, step: PlannedStep) -> Answered:
        if self._tell:
            self._tell(Started(step=step.id, tool=step.tool, agent=self._agent))
        return self._ended(await self._functions.run(step))

    def _ended(self, answered: Answered, *, from_record: bool = False) -> Answered:
        if self._tell:
            step, evidence, error = answered.step, answered.evidence, answered.error
            self._tell(Ended(step=step, evidence=evidence, error=error, from_record=from_record))
        return answered


def _raise(failed: BaseExceptionGroup[BaseException]) -> NoReturn:
    """The first that is no group: callers wait for errors of the house, not for groups of them."""
    first = failed.exceptions[0]
    if isinstance(first, BaseExceptionGroup):
        _raise(first)
    raise first from None


def _not_run(kind: str, what: str) -> Answered:
    return Answered(step="", text=error_text(kind, what), error=what)


def _key(call: ToolCall) -> str:
    """The same for arguments that differ in spaces and order alone."""
    try:
        return f"{call.name} {_SORTED(json.loads(call.arguments or '{}'))}"
    except (ValueError, RecursionError):
        return f"{call.name} {call.arguments}"
