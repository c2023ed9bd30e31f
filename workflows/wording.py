"""Words of a model in a run: a report's and an answer's, each asked for once; the template and the rules stand in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from readingroom.agents.answer import WRITER, AnswerSentence
from readingroom.agents.budget import Exhausted
from readingroom.agents.explain import explained
from readingroom.agents.ledger import Ledger
from readingroom.agents.limitations import limitation
from readingroom.agents.template import ReportTemplate
from readingroom.agents.wish import read_wish
from readingroom.agents.writers import Written, write
from readingroom.domain.report import Report
from readingroom.domain.value import Value
from readingroom.errors import ModelFailed
from readingroom.runs.trace import Trace
from readingroom.workflows.once import once

if TYPE_CHECKING:
    from readingroom.agents.consultant import Consulted

Write = Callable[[ReportTemplate, Ledger], Awaitable[Written]]
"""agents.writers.write or agents.panel.convene at desks."""

Consult = Callable[[str, Report], Awaitable["Consulted"]]
"""agents.consultant.consult at a desk."""

_WRITTEN: TypeAdapter[Written] = TypeAdapter(Written)


async def written_by(trace: Trace, writing: Write, template: ReportTemplate, ledger: Ledger) -> Written:
    """The words of a report as the record keeps them; where the writing fails the template writes, and says so."""

    async def decide() -> Any:
        try:
            told = await writing(template, ledger)
        except (ModelFailed, Exhausted) as error:
            told = replace(
                await write(template, ledger),
                limitations=(
                    limitation("writer_failed", part="findings", reason=error.line().rstrip("."), kept=False),
                ),
                degraded=("findings-writer",),
            )
        return _WRITTEN.dump_python(told, mode="json")

    return _WRITTEN.validate_python(await once(trace, "written", decide))


class Explained(Value):
    """An answer about a finished report, as the record keeps it."""

    sentences: tuple[AnswerSentence, ...]
    unanswered: tuple[str, ...] = ()
    writer: str = WRITER
    failure: str = ""
    """Why the model gave no (whole) answer."""
    kept: bool = False
    """Whether what stands is the model's all the same."""


def by_rules(question: str, report: Report, failure: str = "") -> Explained:
    """What the rules tell of a report."""
    sentences, unanswered = explained(read_wish(question), report)
    return Explained(sentences=sentences, unanswered=unanswered, failure=failure)


async def consulted(trace: Trace, consult: Consult, question: str, report: Report) -> Explained:
    """What a model answers of a report; where it fails the rules answer."""

    async def decide() -> Any:
        try:
            words, revised, writer = await consult(question, report)
        except (ModelFailed, Exhausted) as error:
            return by_rules(question, report, error.line()).model_dump(mode="json")
        told = Explained(
            sentences=words.sentences,
            unanswered=words.unanswered,
            writer=writer,
            failure=revised.failure,
            kept=bool(revised.kept),
        )
        return told.model_dump(mode="json")

    return Explained.model_validate(await once(trace, "consulted", decide))
