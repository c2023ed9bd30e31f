"""A language model as a planner: the same Plan as the rules make, from a study told by references alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, get_args

from pydantic import Field, ValidationError

from readingroom.agents.asking import answer_in
from readingroom.agents.budget import Budget
from readingroom.agents.chat_model import ChatModel, Message
from readingroom.agents.offers import CallRefused, offer_of, parsed
from readingroom.agents.plan_check import MOST_STEPS, Flaw, check_plan
from readingroom.agents.planning import PlanContext
from readingroom.agents.quoting import quote, rule
from readingroom.agents.rule_planner import described
from readingroom.agents.wish import words
from readingroom.agents.writers import evidence_text
from readingroom.domain.image import ImageRef
from readingroom.domain.plan import Aim, Plan, PlannedStep
from readingroom.domain.value import Value, canonical_json
from readingroom.errors import ModelFailed, ToolFailed
from readingroom.prompts.words import digest_of_words, load_words, read_words, render_prompt
from readingroom.tools.tool import Tool
from readingroom.tools.toolbox import TOOLS, within_reach

FILE = "planner/model.yaml"

MOST_REPAIRS = 2
"""How often a plan that cannot run goes back to the model."""
LONGEST_TEXT = 2_000
"""Characters of the question and of the indication; a plan needs no more of them."""
LONGEST_WHY = 200
MOST_FLAWS = 12
"""Of a plan that goes back, each at most as long as the next number: a model could make them too many to be sent."""
LONGEST_FLAW = 600


class StepForm(Value):
    """One step as the model writes it."""

    id: str
    tool: str
    arguments: str
    """A JSON object, as text: providers' strict schemas allow no free object."""
    why: str


class PlanForm(Value):
    """A plan as the model writes it."""

    aim: Aim
    steps: tuple[StepForm, ...] = Field(max_length=2 * MOST_STEPS)
    cannot: tuple[str, ...] = Field(max_length=20)


@cache
def _prompts() -> dict[str, str]:
    found: dict[str, str] = load_words(read_words(FILE), FILE)
    return found


@cache
def prompt_version() -> str:
    """For records: the prompt by its digest."""
    return digest_of_words(read_words(FILE))[:8]


class ModelPlanner:
    """Plans one question, and mends its own plan. What it may call is fixed when it is made, before any text is read.

    It is a `Planner`: it raises ModelFailed where no plan of the model can run, and the rules then plan.
    """

    def __init__(self, model: ChatModel, budget: Budget, delimiter: str, tools: Sequence[Tool] = TOOLS) -> None:
        self._model, self._budget, self._delimiter, self._tools = model, budget, delimiter, tuple(tools)
        self._said: list[Message] = []
        """The conversation about the plan that is being made."""

    async def __call__(self, question: str, context: PlanContext) -> Plan:
        if context.done is not None:
            return await self.extend(context.done, question, context)
        if context.flaws and self._said:
            self._send_back(context.flaws)
        else:
            self._said = self._opening(question, context)
        return await self._plan(question, context, None)

    async def extend(self, done: Plan, question: str, context: PlanContext) -> Plan:
        """The plan with further steps behind it, or the same; steps done, aim and tools stay as they are."""
        if not done.steps or len(done.steps) >= MOST_STEPS:
            return done
        steps = "\n".join(canonical_json(step) for step in done.steps)
        told = [_prompts()["extend"], self._quoted(steps), self._quoted(evidence_text(context.evidence))]
        told += [self._quoted(text) for text in context.said]
        self._said = [*self._opening(question, context), Message(role="user", text="\n\n".join(told))]
        plan = await self._plan(question, context, done)
        return described(done, context) if plan.steps == done.steps else plan

    async def _plan(self, question: str, context: PlanContext, done: Plan | None) -> Plan:
        """Ask, check, send back. Raises ModelFailed with the first flaw that is left."""
        flaws: Sequence[Flaw] = ()
        for attempt in range(1 + MOST_REPAIRS):
            if attempt:
                self._send_back(flaws)
            form = await self._answer()
            plan, flaws = self._read(form, question, done)
            flaws = flaws or check_plan(
                plan, within_reach(self._tools, index=context.index), context.images, context.named
            )
            if not flaws:
                return plan
        raise ModelFailed(f"its plan cannot run: {flaws[0].line}", where=self._model.name, do="The rules plan instead.")

    async def _answer(self) -> PlanForm:
        try:
            form = await answer_in(PlanForm, self._model, self._said, self._budget, delimiter=self._delimiter)
        except ModelFailed:
            raise
        except ToolFailed as error:
            raise ModelFailed(error.what, where=self._model.name, do="The rules plan instead.") from error
        self._said.append(Message(role="assistant", text=canonical_json(form)))
        return form

    def _read(self, form: PlanForm, question: str, done: Plan | None) -> tuple[Plan, list[Flaw]]:
        """What the model wrote as a plan, and what is wrong before the check of plans can read it."""
        steps: list[PlannedStep] = list(done.steps) if done else []
        flaws: list[Flaw] = []
        for step in form.steps:
            try:
                steps.append(
                    PlannedStep(
                        id=step.id, tool=step.tool, arguments=parsed(step.arguments), why=step.why[:LONGEST_WHY]
                    )
                )
            except CallRefused as error:
                flaws.append(_flaw(step, "arguments", error.what, error.do))
            except ValidationError:
                flaws.append(_flaw(step, "id", "this is no id", "Use small letters, digits and dashes."))
        plan = Plan(
            question=question,
            aim=done.aim if done else form.aim,
            steps=tuple(steps),
            cannot=done.cannot if done else _cannot(form),
            planner=f"{self._model.name} {prompt_version()}",
        )
        return plan, flaws

    def _send_back(self, flaws: Iterable[Flaw]) -> None:
        """Each quoted, for it tells what the model wrote, and that may be what some text had it write."""
        lines = [self._quoted(flaw.line[:LONGEST_FLAW]) for flaw in flaws][:MOST_FLAWS]
        told = render_prompt(_prompts()["again"], FILE, flaws=lines)
        self._said.append(Message(role="user", text=told))

    def _opening(self, question: str, context: PlanContext) -> list[Message]:
        told = render_prompt(
            _prompts()["prompt"], FILE, aims=get_args(Aim), most=MOST_STEPS, cannot=tuple(words().cannot)
        )
        images = tuple(image.id for image in context.images)
        tools = within_reach(self._tools, index=context.index)
        offers = [offer_of(tool, tools, images).model_dump_json() for tool in tools]
        system = "\n\n".join((told, "The tools:", "\n".join(offers), rule(self._delimiter)))
        parts = ["The study:", self._quoted(study_text(context))]
        if context.request.indication:
            parts += ["The indication:", self._quoted(context.request.indication[:LONGEST_TEXT])]
        parts.append(f"The question: {question[:LONGEST_TEXT]}")
        return [Message(role="system", text=system), Message(role="user", text="\n\n".join(parts))]

    def _quoted(self, text: str) -> str:
        return quote(text, self._delimiter)


def _flaw(step: StepForm, field: str, reason: str, do: str) -> Flaw:
    return Flaw(step=step.id[:41], field=field, kind="bad_arguments", reason=reason, do=do)


def _cannot(form: PlanForm) -> tuple[str, ...]:
    """In words of ours: a model names what is not done here, it does not write to the user."""
    told = words()
    found = [told.cannot[name].says for name in form.cannot if name in told.cannot]
    if not found and not form.steps and form.aim != "explain":
        found = [told.says["not_understood"]]
    return tuple(dict.fromkeys(found))


def study_text(context: PlanContext) -> str:
    """The images by reference, what is outlined in each, and what else is there: no pixels, paths or notes."""
    lines = [json.dumps(_image(ref, context), ensure_ascii=False) for ref in context.images]
    beside = {
        "backend": context.backend,
        "prior report given": bool(context.request.prior_report),
        "finished report given": context.report is not None,
    }
    return "\n".join((*lines, json.dumps(beside, ensure_ascii=False)))


def _image(ref: ImageRef, context: PlanContext) -> dict[str, Any]:
    named = context.named.get(ref.id)
    return {
        "id": ref.id,
        "role": ref.role,
        "modality": ref.modality,
        "anatomy": ref.anatomy,
        "view": ref.view,
        "name": ref.name[:80],
        "size": [ref.rows, ref.columns, *([ref.depth] if ref.depth > 1 else [])],
        "spacing": "known" if ref.spacing else "unknown",
        "outlined unasked": list(context.unasked.get(ref.id, ())),
        "outlined by name": "any words" if named is None else list(named),
    }
