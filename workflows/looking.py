"""Evidence gathered by a model that calls tools turn by turn; what it called stands as a plan that was carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from readingroom.agents.budget import Exhausted
from readingroom.agents.chat_model import Offer
from readingroom.agents.compact import error_text
from readingroom.agents.conversation import Outcome as Ended
from readingroom.agents.events import Event, Stopped, Tell
from readingroom.agents.limitations import limitation
from readingroom.agents.offers import Answered, Functions, ToolFunctions
from readingroom.agents.planning import PlanContext
from readingroom.domain.evidence import Evidence
from readingroom.domain.plan import Plan, PlannedStep
from readingroom.domain.value import Value, digest_of
from readingroom.errors import EgressRefused, ModelFailed, NotAuthorised
from readingroom.tools.tool import Bench, Result, Tool
from readingroom.workflows.once import once
from readingroom.workflows.plan_runner import Carried, Outcome, carry_out

Look = Callable[[Functions, str, PlanContext, Tell], Awaitable[Ended]]
"""agents.imager.look at a desk: gathers evidence for a question by these functions alone."""

DECLINED = "the user declined this call"


class Seen(Value):
    """What a look came to, as the record keeps it; what the tools gave is in the record of their steps."""

    steps: tuple[PlannedStep, ...] = ()
    """What was called and answered, in call order."""
    failed: dict[str, str] = Field(default_factory=dict)
    """Of these the ones that gave nothing, each with why."""
    stopped: str = ""
    """Why it ended before the model said that nothing is missing; empty where it did not."""

    @property
    def declined(self) -> bool:
        """Whether the user let nothing run."""
        return bool(self.steps) and all(self.failed.get(step.id) == DECLINED for step in self.steps)


@dataclass(frozen=True)
class Sight:
    """What a look is held to: the plan's frame without steps, the tools, and who has a say in each call."""

    bench: Bench
    frame: Plan
    tools: Sequence[Tool]
    settle: Callable[[Plan], Plan]
    """Puts the user's own words in the place of those that only the user may write."""
    approve: Callable[[Plan], Awaitable[Plan | None]]
    """Of a plan with one call; None declines it."""


async def looked(look: Look, sight: Sight, context: PlanContext, tell: Tell) -> tuple[Carried, Seen]:
    """What a model gathered, as if its calls had been planned; the same calls again where the run is told again.

    A model that fails, or a budget that is used up, ends the look with what is there, and `Seen.stopped` says why.
    Raises what ends a run: NotAuthorised and EgressRefused of a tool, RecordError, BadRequest for a limit of money
    without a price.
    """
    watched = _Watched(sight, context)

    async def decide() -> dict[str, Any]:
        return (await _seen(look, watched, context, tell)).model_dump(mode="json")

    seen = Seen.model_validate(await once(sight.bench.trace, "looked", decide))
    plan = sight.frame.model_copy(update={"steps": seen.steps})
    lost = {name: _lost(name, line) for name, line in seen.failed.items()}
    if watched.begun:
        outcomes = {step.id: lost.get(step.id) or Outcome(watched.results[step.id]) for step in seen.steps}
    else:
        again = await carry_out(sight.bench, plan, _silent, tools=sight.tools, done=Carried(plan, lost))
        outcomes = dict(again.outcomes)
    return Carried(plan, without_repeats(outcomes)), seen


def _lost(step: str, line: str) -> Outcome:
    return Outcome(None, (limitation("tool_failed", step=step.replace("-", " "), reason=line),))


def _silent(event: object) -> None:
    del event


async def _seen(look: Look, watched: _Watched, context: PlanContext, tell: Tell) -> Seen:
    reasons: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Stopped):
            reasons.append(event.reason)
        tell(event)

    watched.begun = True
    try:
        ended = await look(watched, watched.question, context, hear)
        stopped = next(iter(reasons), ended.stopped) if ended.partial else ""
    except (ModelFailed, Exhausted) as error:
        stopped = error.line()
        tell(Stopped(reason=stopped))
    steps = tuple(step for step in watched.admitted.values() if step.id in watched.results or step.id in watched.failed)
    return Seen(steps=steps, failed=watched.failed, stopped=stopped)


class _Watched:
    """The tools at one bench as functions: each call waits for a word where one is asked for, and is kept."""

    def __init__(self, sight: Sight, context: PlanContext) -> None:
        self.question = sight.frame.question
        self.begun = False
        self.admitted: dict[str, PlannedStep] = {}
        self.failed: dict[str, str] = {}
        self._sight = sight
        self._word = asyncio.Lock()
        self._final: list[NotAuthorised | EgressRefused] = []
        tools = [_told_to(tool, self._final) for tool in sight.tools]
        self._plain = ToolFunctions(sight.bench, tools, named=context.named)

    @property
    def results(self) -> Mapping[str, Result]:
        return {name: result for name, (_, result) in self._plain.done.items()}

    def offers(self) -> tuple[Offer, ...]:
        return self._plain.offers()

    def admit(self, name: str, arguments: str) -> PlannedStep:
        admitted = self._plain.admit(name, arguments)
        step = self._sight.settle(self._alone(admitted)).steps[0]
        self.admitted[step.id] = step
        return step

    async def run(self, step: PlannedStep) -> Answered:
        """Raises NotAuthorised and EgressRefused of a tool: no model can mend them."""
        async with self._word:
            granted = await self._sight.approve(self._alone(step))
        if granted is None:
            self.failed[step.id] = DECLINED
            return Answered(step=step.id, text=error_text("declined", DECLINED, step.id), error=DECLINED)
        answered = await self._plain.run(step)
        if self._final:
            raise self._final[0]
        if answered.error:
            self.failed[step.id] = answered.error
        return answered

    def _alone(self, step: PlannedStep) -> Plan:
        return self._sight.frame.model_copy(update={"steps": (step,)})


def _told_to(tool: Tool, final: list[NotAuthorised | EgressRefused]) -> Tool:
    """The tool, with a note of the errors that only the user can mend."""

    async def call(bench: Bench, step: str, request: Any) -> Any:
        try:
            return await tool.call(bench, step, request)
        except (NotAuthorised, EgressRefused) as error:
            final.append(error)
            raise

    return tool._replace(call=call)


def without_repeats(outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """Evidence that a later call gave again stands once, and what was computed from it refers to the first."""
    names: dict[str, str] = {}
    known: dict[str, str] = {}

    def new(items: Iterable[Evidence]) -> Iterable[Evidence]:
        for item in items:
            sources = tuple(names.get(name, name) for name in item.derived_from)
            kept = item.model_copy(update={"derived_from": sources})
            names[item.id] = known.setdefault(_told(kept), item.id)
            if names[item.id] == item.id and item.id not in given:
                given.add(item.id)
                yield kept

    given: set[str] = set()
    found: dict[str, Outcome] = {}
    for name, outcome in outcomes.items():
        result = outcome.result
        if result is None:
            found[name] = outcome
            continue
        rest = tuple(new(result.evidence))
        repeats = bool(result.evidence) and not rest
        fewer = Result() if repeats else result.model_copy(update={"evidence": rest})
        found[name] = Outcome(fewer, outcome.limits)
    return found


def _told(item: Evidence) -> str:
    """The same for what one model says alike, whichever call asked it."""
    unasked = {"step": "", "input_sha256": "", "output_sha256": "", "pointer": ""}
    return digest_of(item.model_copy(update={"id": "", "origin": item.origin.model_copy(update=unasked)}))
