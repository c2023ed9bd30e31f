"""Questions to a room: one study, one question, one answer with its record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from readingroom.agents.answer import Answer
from readingroom.agents.planning import PlanContext
from readingroom.agents.rule_planner import rules_for
from readingroom.domain.plan import Plan
from readingroom.domain.report import Report
from readingroom.domain.request import Request
from readingroom.errors import BadRequest
from readingroom.imaging.image import Study
from readingroom.reading import Reading
from readingroom.room import Listener, Paths, ReadingRoom, _kept, _request, both
from readingroom.runs.trace import Trace
from readingroom.runs.unfinished import Way
from readingroom.settings import subject_key
from readingroom.tools.adapters import adapters_of
from readingroom.workflows.admission import restated, without_the_name
from readingroom.workflows.question import WORKFLOW, Ways, ask, explanation


@dataclass(frozen=True)
class Reply:
    """What `ask_room` returns: the answer, and the reading where a report was drafted."""

    answer: Answer
    reading: Reading | None = None

    def save(self, folder: Path) -> tuple[Path, ...]:
        """The drafted report in every format; nothing where none was drafted."""
        return self.reading.save(folder) if self.reading else ()


async def ask_room(
    room: ReadingRoom,
    question: str,
    paths: Paths | None = None,
    *,
    prior: Paths | None = None,
    lateral: Paths | None = None,
    run: str | None = None,
    ways: Ways | None = None,
    listen: Listener | None = None,
    **words: Any,
) -> Reply:
    """Answer one question about a study, or with `run` alone about a finished report.

    `words` are the fields of Request. Raises BadInput for what the user must mend, BadRequest where neither images nor
    a run are given.
    """
    report = room.report(run) if run else None
    if paths is None:
        return Reply(explain_run(question, report))
    asked = _request({**words, "question": question})
    study = await asyncio.to_thread(room.read, paths, prior=prior, lateral=lateral)
    study = restated(study, asked.stated)
    asked = without_the_name(study, asked, subject_key(room.settings.config))
    way = Way(paths=_kept(paths), prior=_kept(prior), lateral=_kept(lateral))
    told = ways or Ways()
    with room.traced(asked.question or "") as spans:
        if spans:
            told = replace(told, tell=both(told.tell, spans.tell) or told.tell)
        heard = both(listen, spans.listen if spans else None)
        return await ask_about(room, study, asked, way, lambda trace: told, report=report, listen=heard)


async def ask_about(
    room: ReadingRoom,
    study: Study,
    asked: Request,
    way: Way,
    ways_in: Callable[[Trace], Ways],
    *,
    report: Report | None = None,
    listen: Listener | None = None,
    earlier: Mapping[str, dict[str, Any]] | None = None,
) -> Reply:
    """`ask_room` about a study that was read, with words that hold no name; `way` tells where its sources are.

    `ways_in` is told the run before anything of it happens. `earlier`: see Bench.
    """
    bench = replace(room._begin(WORKFLOW, study, asked, listen, way), earlier=earlier or {})
    with bench.trace.recorded():
        bench.trace.fact("about", lambda: report.provenance.run if report else None)
        shift = room.staff.at(bench.trace)
        async with shift.lent(ways_in(bench.trace), study, asked) as ways:
            answer, study = await ask(bench, study, asked, shift.ways(ways), report)
        answer = await shift.settled_answer(answer, study, asked)
        drafted = answer.report if answer.plan.aim == "draft" else None
        bench.trace.finish(drafted or answer)
    return Reply(answer, Reading(drafted, study, bench.masks.get) if drafted else None)


def explain_run(question: str, report: Report | None) -> Answer:
    """Raises BadRequest where there is no report, or where the question needs the images."""
    if report is None:
        raise BadRequest("neither images nor a run were given", do="Name the images, or a finished run: --run last.")
    plan = rules_for(question, PlanContext(images=report.images, report=report))
    if plan.aim != "explain":
        raise BadRequest("only the images can answer this", do="Name them after the question.")
    return explanation(question, report, plan)


def plan_of(room: ReadingRoom, question: str, paths: Paths | None = None, *, prior: Paths | None = None,
               run: str | None = None, **words: Any) -> Plan:  # fmt: skip
    """The plan of the rules for a study, and nothing carried out. Where only the pixels tell what it is, it is taken
    for unknown."""
    report = room.report(run) if run else None
    if paths is None:
        return explain_run(question, report).plan
    asked = _request({**words, "question": question})
    study = restated(room.read(paths, prior=prior), asked.stated)
    backend = room.serving.backend(study.marks)
    refs = tuple(image.ref for image in study.images)
    context = PlanContext(
        images=refs,
        unasked={ref.id: backend.targets(ref) for ref in refs},
        named={ref.id: backend.targets_by_name(ref) for ref in refs},
        backend=backend.name,
        index=room.archive.begun,
        adapted=adapters_of(room.settings.adapters).labels,
        request=asked,
        report=report,
    )
    return rules_for(question, context)
