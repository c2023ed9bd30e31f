"""The draft of one cell: recorded evidence in an arm's words, checked as the arm says, or the error that there was."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from readingroom.agents.assembling import basics
from readingroom.agents.budget import Budget
from readingroom.agents.chat_model import ChatModel
from readingroom.agents.desk import Desk
from readingroom.agents.gate import gated
from readingroom.agents.ledger import Ledger
from readingroom.agents.limitations import limitation
from readingroom.agents.second_reader import Line, Lines
from readingroom.agents.template import ReportTemplate
from readingroom.agents.writers import APART, TEMPLATE_WRITER, Written, evidence_text, write
from readingroom.domain.report import Report
from readingroom.errors import BadRequest, NotAuthorised, ReadingRoomError
from readingroom.experiments.arms import NO_TOOLS
from readingroom.experiments.case import Reference
from readingroom.experiments.cell import Cell, content_sha256, template_words
from readingroom.experiments.choosing import chosen
from readingroom.experiments.crew import Crew
from readingroom.experiments.deciding import decided
from readingroom.experiments.draft import Drafted, Slip
from readingroom.experiments.kept_turns import KeptTurns
from readingroom.experiments.retelling import Retold, Tellings
from readingroom.experiments.sloppy import SloppyWriter
from readingroom.experiments.unchecked import bound
from readingroom.workflows.compose import template_of, verifier_of

REQUEST = ("indication", "technique", "prior_report")
"""Words that a writer without tools is given."""
NOTHING = "nothing"
"""Names the writer of a report in which nothing is said, for want of evidence."""


@dataclass
class Place:
    """Where one cell is drafted: who writes, where answers are kept, and what it took."""

    cell: Cell
    crew: Crew
    turns: Path
    """Folder of kept answers of language models."""
    delimiter: str
    models: list[KeptTurns] = field(default_factory=list)
    slips: list[Slip] = field(default_factory=list)

    @property
    def kind(self) -> Literal["template", "sloppy", "model"]:
        return self.crew.writer(self.cell.arm).kind

    @property
    def blind(self) -> bool:
        return self.cell.arm.tools == NO_TOOLS

    def desk(self, name: str, model: ChatModel, budget: Budget) -> Desk:
        return Desk(self.crew.specialists(self.cell.arm)[name], model, budget, self.delimiter)

    def budget(self) -> Budget:
        return Budget(self.crew.settings.budget, self.crew.settings.prices)

    def model(self) -> KeptTurns:
        """The language model of the cell's writer."""
        arm, seed = self.cell.arm, self.cell.seed
        opened, prices = self.crew.model(arm.writer, seed), self.crew.settings.prices
        kept = KeptTurns(opened, self.turns, self.crew.identity(arm, seed), prices)
        self.models.append(kept)
        return kept

    def desks(self, template: ReportTemplate, ledger: Ledger) -> tuple[Desk, Desk]:
        """Who writes the findings and who the impression, on one budget."""
        model: ChatModel
        if self.kind == "sloppy":
            dice = f"{self.cell.seed}:{self.cell.case.id}:{template.sha256}"
            sloppy = SloppyWriter(basics(template, ledger), self.crew.writer(self.cell.arm).rate, dice)
            self.slips = sloppy.slips
            model = sloppy
        else:
            model = self.model()
        budget = self.budget()
        first = "blind_writer" if self.blind and self.kind == "model" else "findings_writer"
        return self.desk(first, model, budget), self.desk("impression_writer", model, budget)


class Words(NamedTuple):
    """What a writer answered, and who it was."""

    findings: tuple[Line, ...] = ()
    impression: tuple[Line, ...] = ()
    writer: str = NOTHING


async def drafted_cell(place: Place, tellings: Tellings | None, error: str = "") -> Drafted:
    """The cell's draft, or the line of what kept it from being made; `error`: of the evidence, where it has one.

    Raises NotAuthorised, which no further cell would meet otherwise.
    """
    cell, clock = place.cell, time.perf_counter()
    made = Drafted(case=cell.case.id, cell=cell.address, arm=cell.arm.name, seed=cell.seed)
    try:
        if tellings is None:
            made = made.model_copy(update={"error": error})
        elif (cell.case.reference or Reference()).choices:
            made = made.model_copy(update={"answer": await _answered(place, tellings)})
        else:
            made = made.model_copy(update={"report": await _reported(place, tellings)})
    except NotAuthorised:
        raise
    except ReadingRoomError as failed:
        made = made.model_copy(update={"error": failed.line()})
    costs = [model.cost for model in place.models]
    return made.model_copy(update={
        "seconds": round(time.perf_counter() - clock, 3),
        "calls": sum(model.calls for model in place.models),
        "tokens_in": sum(model.tokens_in for model in place.models),
        "tokens_out": sum(model.tokens_out for model in place.models),
        "cost": None if None in costs else sum(cost for cost in costs if cost is not None),
        "slips": tuple(place.slips),
        "drafted_sha256": content_sha256(made),
    })  # fmt: skip


async def _reported(place: Place, tellings: Tellings) -> Report:
    words = template_words(place.cell.arm.template)
    if place.blind:
        return await _blind(place, await tellings.plain(words))
    if place.kind == "template":
        return _checked(place, await tellings.plain(words))
    if place.cell.arm.check == "review":
        return _checked(place, await tellings.told(_reviewing(place), words))
    retold = await tellings.plain(words, wordless=True)
    ledger = Ledger(evidence=retold.report.evidence, images=retold.report.images)
    return _checked(place, _with_words(retold, await _raw(place, retold, ledger)))


def _reviewing(place: Place) -> Any:
    """As the house writes: the second reader sends back what does not hold, and the template tells what is missing."""

    async def writing(template: ReportTemplate, ledger: Ledger) -> Written:
        written = await write(template, ledger, *place.desks(template, ledger))
        told = " ".join(line.text for line in written.limitations if line.code == "tool_failed")
        if written.degraded and written.writer == TEMPLATE_WRITER and APART not in told:
            raise BadRequest(told)  # the template would stand in, and be measured in the writer's name
        return written

    return writing


async def _raw(place: Place, retold: Retold, ledger: Ledger) -> Words:
    """One answer for the findings and one for the impression, as they come. Raises ModelFailed, Exhausted."""
    template = template_of(retold.study, retold.request)
    first, second = place.desks(template, ledger)
    if place.blind:
        asked = {name: getattr(retold.request, name) for name in REQUEST if getattr(retold.request, name)}
        names = [image.name or image.id for image in ledger.images]
        opening = first.opening("Write the findings.", json.dumps({**asked, "images": names}, ensure_ascii=False))
    else:
        known = basics(template, ledger).tellable
        opening = first.opening("Write the findings of this evidence.", evidence_text(known.values()))
    lines = (await first.answer(Lines, opening)).sentences
    if not lines:
        return Words(writer=first.signature)
    told = [
        {"id": one.id, "text": one.text, "significance": one.significance} for one in bound(lines, (), ledger).findings
    ]
    data = json.dumps(told, ensure_ascii=False)
    summary = await second.answer(Lines, second.opening("Write the impression of these findings.", data))
    return Words(lines, summary.sentences, f"{first.signature}; {second.signature}")


async def _blind(place: Place, retold: Retold) -> Report:
    """A report without tools: nothing of the record but the images' names and the words that came with them."""
    report = retold.report
    given = tuple(item for item in report.evidence if item.trust != "tool")
    bare = report.model_copy(update={
        "evidence": given,
        "findings": (),
        "impression": (),
        "categories": (),
        "limitations": (limitation("research_only"),),
        "verification": None,
        "provenance": report.provenance.model_copy(update={"backends": (), "degraded": (), "writer": NOTHING}),
    })  # fmt: skip
    if place.kind == "template":
        return bare  # it tells evidence alone
    ledger = Ledger(evidence=given, images=report.images)
    stripped = Retold(bare, retold.study, retold.request)
    return _with_words(stripped, await _raw(place, stripped, ledger)).report


def _with_words(retold: Retold, words: Words) -> Retold:
    """The report with a writer's words as they came, and nobody's verdict on them."""
    report = retold.report
    made = bound(words.findings, words.impression, Ledger(evidence=report.evidence, images=report.images))
    changed: dict[str, Any] = {
        "findings": made.findings,
        "impression": made.impression,
        "evidence": (*report.evidence, *made.unbacked),
        "verification": None,
        "provenance": report.provenance.model_copy(update={"writer": words.writer}),
    }
    return Retold(Report.model_validate({**dict(report), **changed}), retold.study, retold.request)


def _checked(place: Place, retold: Retold) -> Report:
    """What of it reaches the reader, and with which marks."""
    check = place.cell.arm.check
    if check == "off":
        return retold.report.model_copy(update={"verification": None})
    verifier = verifier_of(retold.study, retold.request)
    report = retold.report.model_copy(update={"verification": verifier(retold.report)})
    return gated(report, "mark" if check == "mark" else "strike", verifier=verifier)


async def _answered(place: Place, tellings: Tellings) -> str:
    """The letter of the option that is chosen, by a model or, of the template's writer, by the evidence alone; empty
    where there is no answer. Raises BadRequest for a writer that errs on purpose."""
    case = place.cell.case
    if place.kind == "sloppy":
        raise BadRequest(
            "the sloppy writer answers no multiple-choice questions", where=f"writers.{place.cell.arm.writer}"
        )
    report = (await tellings.plain({})).report
    seen: Sequence[Any] = () if place.blind else report.evidence
    choices, question = (case.reference or Reference()).choices, str(case.words.get("question", ""))
    ledger = Ledger(evidence=tuple(seen), images=report.images)
    if place.kind == "template":
        return decided(question, choices, ledger)
    desk = place.desk("chooser", place.model(), place.budget())
    return await chosen(desk, question, choices, ledger, checked=place.cell.arm.check != "off")
