"""An answer, its plan and what happens meanwhile, as a terminal shows them; JSON with --json."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from readingroom.agents.answer import Answer, AnswerSentence
from readingroom.agents.events import Ended, Event, Planned, Started, Stopped
from readingroom.domain.check import Check
from readingroom.domain.plan import Plan, PlannedStep
from readingroom.exports.terminal import MARKS, plain, print_report

RECORD = ("·", "dim")
"""Sign of a sentence that is copied from the record, and says nothing of the image."""


def console_for(*, errors: bool = False) -> Console:
    """As wide as the terminal; in a pipe no line is broken or cut."""
    stream = sys.stderr if errors else sys.stdout
    return Console(stderr=errors, width=None if stream.isatty() else 2000, highlight=False)


@contextmanager
def telling(*, quiet: bool = False) -> Iterator[Callable[[Event], None]]:
    """Says on standard error what was planned and which step begins and ends."""
    console = console_for(errors=True)

    def tell(event: Event) -> None:
        if quiet:
            return
        if isinstance(event, Planned):
            print_plan(console, event.plan)
        elif isinstance(event, Started):
            console.print(plain(f"… {event.step}", "dim"))
        elif isinstance(event, Ended):
            console.print(_ended(event))
        elif isinstance(event, Stopped):
            console.print(plain(f"stopped: {event.reason}", "yellow"))

    yield tell


def asking(tell: Callable[[Event], None]) -> tuple[Callable[[Event], None], Callable[[Plan], Awaitable[bool]]]:
    """Who is told, and who is asked for a yes; a plan that was not told yet is shown with the question."""
    told: list[tuple[PlannedStep, ...]] = []

    def heard(event: Event) -> None:
        if isinstance(event, Planned):
            told.append(event.plan.steps)
        tell(event)

    async def approve(plan: Plan) -> bool:
        if plan.steps not in told:  # a model looks call by call
            print_plan(console_for(errors=True), plan)
        try:
            return typer.confirm("Carry out this plan?", default=False, err=True)
        except typer.Abort:  # nobody is there to ask
            return False

    return heard, approve


def sends(step: PlannedStep) -> str:
    """All that a call to another's server would send; empty of a call to our own tools, which are given images."""
    if "image" in step.arguments or "images" in step.arguments:
        return ""
    return f"{step.tool} with {json.dumps(step.arguments, ensure_ascii=False)}"


def _ended(event: Ended) -> Text:
    if event.error:
        return plain(f"✗ {event.step}: {event.error}", "yellow")
    gave = f"{len(event.evidence)} evidence" if event.evidence else "done"
    known = ", from the record" if event.from_record else ""
    return plain(f"✓ {event.step}: {gave}{known}", "dim")


def _step(step: PlannedStep) -> str:
    of = step.arguments.get("targets") or step.arguments.get("labels") or ()
    images = step.arguments.get("images") or [step.arguments.get("image")]
    if sent := sends(step):
        return sent
    words = [step.tool.replace("_", " "), ", ".join(map(str, of)), f"in {' and '.join(map(str, images))}"]
    after = f" (after {', '.join(step.needs)})" if step.needs else ""
    return " ".join(word for word in words if word) + after


def print_plan(console: Console, plan: Plan) -> None:
    """The steps in order, and what the plan says cannot be done."""
    console.print(Text.assemble(("Plan", "bold"), plain(f" ({plan.planner}): {plan.aim}")))
    for number, step in enumerate(plan.steps, 1):
        console.print(plain(f"  {number}. {_step(step)}"))
    for said in plan.cannot:
        console.print(plain(f"  – {said}"))


def show_plan(plan: Plan, as_json: bool) -> None:
    """The plan alone, nothing carried out."""
    if as_json:
        _dump(plan.model_dump(mode="json"))
    else:
        print_plan(console_for(), plan)


def show_answer(answer: Answer, as_json: bool) -> None:
    """The answer sentence by sentence with verdict and evidence; of a draft the whole report."""
    if as_json:
        _dump(answer.model_dump(mode="json"))
        return
    console = console_for()
    console.print(plain(answer.notice, "yellow"))
    print_answer(console, answer)


def print_answer(console: Console, answer: Answer) -> None:
    """All of it but the notice, which a chat says once."""
    if answer.status == "declined":
        console.print("The plan was not approved; nothing was done.")
    if answer.report is not None and answer.plan.aim == "draft":
        print_report(console, answer.report)
    _print_words(console, answer)
    for limit in answer.limitations:
        console.print(Padding(Text.assemble("· ", plain(limit.text)), (0, 0, 0, 2), expand=False), style="dim")


def _print_words(console: Console, answer: Answer) -> None:
    """What was asked first, then what could not be told, then what matters beside it."""
    checks = answer.checks
    for sentence in answer.sentences:
        if not sentence.beyond:
            console.print(_sentence(sentence, checks.get(sentence.id)))
    for said in (*answer.unanswered, *answer.plan.cannot):
        console.print(Text.assemble(("– ", "yellow"), plain(said)))
    beyond = [sentence for sentence in answer.sentences if sentence.beyond]
    if beyond:
        console.print(Text("\nBeyond the question", style="bold"))
    for sentence in beyond:
        console.print(_sentence(sentence, checks.get(sentence.id)))
    for omission in answer.verification.omissions if answer.verification else ():
        console.print(Text.assemble(("! left out: ", "bold yellow"), plain(omission.reason)))


def _sentence(sentence: AnswerSentence, check: Check | None) -> Text:
    sign, style = RECORD if sentence.kind == "record" else MARKS[check.verdict if check else "not_checkable"]
    cites = f"  [{', '.join(sentence.evidence)}]" if sentence.evidence else ""
    line = Text.assemble((f"{sign} ", style), plain(sentence.text), (cites, "dim"))
    for problem in check.problems if check else ():
        line.append(f"\n    {problem.verdict.replace('_', ' ')} ({problem.rule}): ", style)
        line.append(plain(problem.reason))
    return line


def _dump(data: object) -> None:
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
