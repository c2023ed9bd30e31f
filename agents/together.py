"""How specialists work together: one after another, at the same time, or by handing over; never endlessly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, TypeVar

from pydantic import Field

from readingroom.agents.budget import Budget, Exhausted
from readingroom.agents.specialist import Specialist, Word
from readingroom.domain.value import Value
from readingroom.errors import BadRequest, ToolFailed

WIDEST = 8
"""Specialists at the same time."""

Result = TypeVar("Result")
Given = Mapping[Word, Any]
"""What specialists hand each other, by its word."""


class HandOver(Value):
    """A specialist's word that another should go on; of a model a field of its answer, never read out of prose."""

    to: str
    """The other's id."""
    why: str = Field(default="", max_length=200)


class Gave(NamedTuple):
    """What one specialist gave, and whether another should go on."""

    words: Given
    over: HandOver | None = None


Work = Callable[[Given, Budget], Awaitable[Gave]]


@dataclass(frozen=True)
class Worker:
    """A specialist with its work: a model's, or the rules'."""

    specialist: Specialist
    work: Work


class Done(NamedTuple):
    """What came of one specialist."""

    by: str
    words: Given
    failure: str = ""
    """Why it gave nothing; the others go on."""


async def at_once(calls: Iterable[Awaitable[Result]]) -> tuple[Result, ...]:
    """All at the same time, results in the order given; where one raises, the others are cancelled and it is raised."""

    async def one(call: Awaitable[Result]) -> Result:
        return await call

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(call)) for call in calls]
    except BaseExceptionGroup as failed:
        _raise(failed)
    return tuple(task.result() for task in tasks)


def _raise(failed: BaseExceptionGroup[BaseException]) -> NoReturn:
    """The first that is no group: callers wait for errors of the house, not for groups of them."""
    first = failed.exceptions[0]
    if isinstance(first, BaseExceptionGroup):
        _raise(first)
    raise first from None


async def sequential(workers: Sequence[Worker], given: Given, budget: Budget) -> tuple[Done, ...]:
    """One after another, each with what those before gave. One whose need a failed one would have given fails too.

    Raises BadRequest, before anything runs, where a need is given by nobody before.
    """
    _check(workers, given, one_after_another=True)
    known = dict(given)
    done: list[Done] = []
    for worker in workers:
        missing = [word for word in worker.specialist.needs if word not in known]
        if missing:
            done.append(Done(worker.specialist.id, {}, f"{', '.join(missing)} could not be given"))
            continue
        one, _ = await _done(worker, known, budget)
        known |= one.words
        done.append(one)
    return tuple(done)


async def concurrent(workers: Sequence[Worker], given: Given, budget: Budget) -> tuple[Done, ...]:
    """All at the same time from the same, in the order declared, whatever ends first; one that fails stops no other.

    Raises BadRequest, before anything runs, where a need is not given or there are too many.
    """
    if len(workers) > WIDEST:
        raise BadRequest(f"{len(workers)} specialists at the same time", do=f"At most {WIDEST} may.")
    _check(workers, given, one_after_another=False)
    found = await at_once(_done(worker, given, budget) for worker in workers)
    return tuple(one for one, _ in found)


async def hand_off(team: Mapping[str, Worker], first: str, given: Given, budget: Budget) -> tuple[Done, ...]:
    """The first works, and whoever it hands over to goes on with what is known by then, as deep as the budget allows.

    A hand-over to nobody of the team, to one whose needs are not known, or too deep, ends it and says so in the last
    entry. Raises BadRequest for an unknown first or needs of its that are not given.
    """
    if first not in team:
        raise BadRequest(f"there is no specialist {first!r} here", do=f"There are {', '.join(team)}.")
    _check([team[first]], given, one_after_another=True)
    known = dict(given)
    done: list[Done] = []
    worker, depth = team[first], budget
    while True:
        one, over = await _done(worker, known, depth)
        known |= one.words
        done.append(one)
        if over is None:
            return tuple(done)
        why = _refused(over, team, known)
        if not why:
            try:
                depth = depth.deeper()
            except Exhausted as error:
                why = error.line()
        if why:
            return (*done, Done(over.to[:40], {}, why))
        worker = team[over.to]


def _refused(over: HandOver, team: Mapping[str, Worker], known: Given) -> str:
    if over.to not in team:
        return f"there is no specialist {over.to[:40]!r} in this team"
    missing = [word for word in team[over.to].specialist.needs if word not in known]
    return f"it needs {', '.join(missing)}, which nobody gave" if missing else ""


async def _done(worker: Worker, given: Given, budget: Budget) -> tuple[Done, HandOver | None]:
    """One specialist's work with only what it needs; what a model or a tool could not do is a failure, not an error."""
    one = worker.specialist
    try:
        words, over = await worker.work({word: given[word] for word in one.needs}, budget)
    except ToolFailed as error:
        return Done(one.id, {}, error.line()), None
    if set(words) != set(one.gives):
        gave = ", ".join(sorted(words)) or "nothing"
        return Done(one.id, {}, f"it gave {gave} instead of {', '.join(one.gives)}"), None
    return Done(one.id, words), over


def _check(workers: Sequence[Worker], given: Given, *, one_after_another: bool) -> None:
    known: set[Word] = set(given)
    for worker in workers:
        missing = [word for word in worker.specialist.needs if word not in known]
        if missing:
            what = f"it needs {', '.join(missing)}, which nobody gives"
            raise BadRequest(what, where=worker.specialist.id, do="Put who gives it before.")
        if one_after_another:
            known |= set(worker.specialist.gives)
