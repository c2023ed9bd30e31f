"""One draft from a study that was read to its report: the same for a new run, one that goes on, and one told again."""

from __future__ import annotations

from readingroom.agents.limitations import limits_in
from readingroom.domain.gate import Gate
from readingroom.domain.report import Report
from readingroom.domain.request import Request
from readingroom.imaging.image import Study
from readingroom.runs.event import now
from readingroom.tools.tool import Bench
from readingroom.workflows.admission import gated, related, routed
from readingroom.workflows.compose import Occasion, compose, ledger_of, template_of
from readingroom.workflows.familiar import told_familiarity
from readingroom.workflows.wording import Write, written_by
from readingroom.workflows.workflows import WORKFLOWS

PLANNER = "fixed workflow"


async def drafted(bench: Bench, study: Study, request: Request, writing: Write | None = None) -> tuple[Report, Study]:
    """The report, and the study with what its pixels told; `writing` words it, else the template.

    Raises BadStudy where the gate refuses the study.

    All that decides the report comes from `bench.trace`, or is computed from what does.
    """
    with limits_in(request.language):
        return await _drafted(bench, study, request, writing)


async def _drafted(bench: Bench, study: Study, request: Request, writing: Write | None) -> tuple[Report, Study]:
    trace = bench.trace
    study, bench = await routed(study, bench)
    related(study)
    gates = trace.fact("gates", lambda: [gate.model_dump(mode="json") for gate in gated(study)])
    gathered = await WORKFLOWS[trace.run.workflow](bench, study, request)
    await told_familiarity(bench, study, gathered)
    written = None
    if writing is not None:
        written = await written_by(trace, writing, template_of(study, request), ledger_of(gathered, study, request))
    occasion = Occasion(
        run=trace.run.id,
        workflow=trace.run.workflow,
        planner=PLANNER,
        answered=bench.lookers(),
        code_version=trace.run.code_version,
        started=trace.run.started,
        finished=trace.fact("finished", now),
    )
    told = tuple(Gate(**gate) for gate in gates)
    return compose(gathered, study, request, told, occasion, written=written), study
