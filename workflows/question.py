"""One question about one study: planned, checked, approved where that is asked for, carried out, answered in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from readingroom.agents.answer import Answer, Status, Worded, checked, worded
from readingroom.agents.budget import Exhausted
from readingroom.agents.compact import compact
from readingroom.agents.events import Judged, Planned, Stopped
from readingroom.agents.limitations import limitation
from readingroom.agents.numbering import number
from readingroom.agents.plan_check import Flaw, check_plan
from readingroom.agents.planning import PlanContext, Planner
from readingroom.agents.rule_planner import described, rules_for
from readingroom.agents.wish import read_wish
from readingroom.agents.wish import words as wish_words
from readingroom.agents.writers import Written
from readingroom.domain.finding import Limitation
from readingroom.domain.gate import Gate
from readingroom.domain.plan import Plan
from readingroom.domain.report import Report
from readingroom.domain.request import Request
from readingroom.errors import BadRequest, ModelFailed
from readingroom.imaging.image import Study
from readingroom.later import Later
from readingroom.runs.event import now
from readingroom.tools.borrowed.lending import BorrowedResult
from readingroom.tools.tool import Bench
from readingroom.tools.toolbox import within_reach
from readingroom.workflows.admission import gated, related, routed
from readingroom.workflows.approval import approved
from readingroom.workflows.compose import Occasion, compose, ledger_of, limits_of, template_of
from readingroom.workflows.familiar import told_familiarity
from readingroom.workflows.once import once
from readingroom.workflows.plan_runner import Carried, Outcome, carry_out
from readingroom.workflows.planned_reading import answered_of, bears, gathered_of
from readingroom.workflows.reading import Gathered
from readingroom.workflows.ways import Roles, Ways, roles_of, silent, there
from readingroom.workflows.wording import Explained, by_rules, consulted, written_by

if TYPE_CHECKING:
    from readingroom.workflows import looking
else:  # only where a model looks
    looking = Later("readingroom.workflows.looking")

__all__ = ["WORKFLOW", "Ways", "ask", "explanation", "silent"]

WORKFLOW = "ask"

MOST_REPAIRS = 2
"""How often a planner may mend a plan that was refused, before the rules plan instead."""

MOST_EXTENSIONS = 3
"""How often a plan may grow after its results were seen."""


async def ask(
    bench: Bench, study: Study, request: Request, ways: Ways | None = None, report: Report | None = None
) -> tuple[Answer, Study]:
    """The answer to `request.question`, and the study with what its pixels told.

    `report`: a finished one that the question may be about. A model that fails, a planner whose plan is refused again
    and again, and a budget that is used up are replaced by the rules and the template, which is told; what is missing
    then makes the answer partial. Raises BadStudy where the gate refuses the study, BadRequest for an empty plan of
    the rules, and what a step raises that ends a run (`carry_out`).
    """
    told = ways or Ways()
    trace = bench.trace
    study, bench = await routed(study, bench)
    related(study)
    gates = tuple(
        Gate(**gate) for gate in trace.fact("gates", lambda: [one.model_dump(mode="json") for one in gated(study)])
    )
    known = trace.fact("known", lambda: dict(told.known))
    roles = Roles(
        **trace.fact("ways", lambda: roles_of(told, index=bench.index is not None, adapted=bench.adapters.labels))
    )
    reached = replace(told, tools=within_reach(told.tools, index=roles.index))
    table = _Table(bench, study, request, gates, reached, report, known, roles)
    carried, notes, declined = await table.carried()
    notes = (*told.notes, *notes)
    answer = (
        table.answer(carried.plan, Worded(()), carried, notes, status="declined")
        if declined
        else await table.told(carried, notes)
    )
    if answer.verification and not declined:
        told.tell(Judged(verification=answer.verification))
    return answer, study


class _Done(NamedTuple):
    """What was gathered for a question, what to say of how, and whether the user let nothing run."""

    carried: Carried
    notes: tuple[Limitation, ...] = ()
    declined: bool = False


@dataclass(frozen=True)
class _Table:
    """One question with all that is at hand to answer it."""

    bench: Bench
    study: Study
    request: Request
    gates: tuple[Gate, ...]
    ways: Ways
    report: Report | None
    known: Mapping[str, str]
    roles: Roles

    @property
    def question(self) -> str:
        return self.request.question or ""

    def context(self, **more: Any) -> PlanContext:
        refs = tuple(image.ref for image in self.study.images)
        backend = self.bench.backend
        return PlanContext(
            images=refs,
            unasked={ref.id: backend.targets(ref) for ref in refs},
            named={ref.id: backend.targets_by_name(ref) for ref in refs},
            backend=backend.name,
            index=self.roles.index,
            adapted=self.roles.adapted,
            request=self.request,
            report=self.report,
            **more,
        )

    def settled(self, plan: Plan) -> Plan:
        """The clinical words of a draft are the user's, whatever the planner wrote."""
        own = {"indication": self.request.indication, "prior_report": self.request.prior_report}
        steps = (
            step.model_copy(update={"arguments": {**step.arguments, **own}}) if step.tool == "draft_findings" else step
            for step in plan.steps
        )
        return plan.model_copy(update={"steps": tuple(steps)})

    async def approved(self, plan: Plan, done: int = 0) -> Plan | None:
        ways = self.ways
        return await approved(self.bench, plan, ways.approve, ways.tools, every=ways.approve_all, done=done)

    def flaws(self, plan: Plan, context: PlanContext) -> tuple[Flaw, ...]:
        return check_plan(plan, self.ways.tools, context.images, context.named)

    async def carried(self) -> _Done:
        """The evidence: looked for by a model, where one looks, else by a plan."""
        notes: tuple[Limitation, ...] = ()
        frame = self.frame() if self.roles.look else None
        if frame is not None:
            carried, seen = await self._looked(frame)
            if carried.results or seen.declined:
                return await self._seen(carried, seen)
            why = (seen.stopped or "it gathered nothing").rstrip(".")
            notes = (limitation("planned_instead", planner=self.roles.looker, reason=why),)
            plan = self.by_rules()
        else:
            plan, notes = await self.planned()
        self.ways.tell(Planned(plan=plan))
        granted = await self.approved(plan)
        if granted is None:
            return _Done(Carried(plan), notes, declined=True)
        carried = await carry_out(self.bench, granted, self.ways.tell, tools=self.ways.tools)
        return _Done(await self.extended(carried, by_rules=bool(notes) or frame is not None), notes)

    def frame(self) -> Plan | None:
        """What a look is for; None where the words ask of a report, or only for what is not done here."""
        rules = rules_for(self.question, self.context())
        refused = read_wish(self.question).cannot
        if rules.aim == "explain" or (refused and not rules.steps):
            return None
        cannot = tuple(dict.fromkeys(wish_words().cannot[key].says for key in refused))
        return rules.model_copy(update={"steps": (), "cannot": cannot, "planner": self.roles.looker})

    async def _looked(self, frame: Plan) -> tuple[Carried, looking.Seen]:
        sight = looking.Sight(self.bench, frame, self.ways.tools, self.settled, self.approved)

        async def look(*given: Any) -> Any:
            return await there(self.ways.look, "look")(*given)

        return await looking.looked(look, sight, self.context(), self.ways.tell)

    async def _seen(self, carried: Carried, seen: looking.Seen) -> _Done:
        """A look as a plan that was carried out, described where it was to draft and found nothing."""
        self.ways.tell(Planned(plan=carried.plan))
        if seen.declined:
            return _Done(carried, declined=True)
        carried = await self.extended(carried, by_rules=True)
        if seen.stopped:
            why = seen.stopped.rstrip(".")
            carried = _short(carried, "look", limitation("looked_in_part", model=self.roles.looker, reason=why))
        return _Done(carried)

    async def _asked(self, name: str, context: PlanContext) -> Plan:
        """The planner's plan, as the record keeps it. Raises ModelFailed."""
        if not self.roles.planner:
            return self.settled(await self.ways.planner(self.question, context))

        async def decide() -> dict[str, Any]:
            planner: Planner = there(self.ways.planner, "plan")
            try:
                return {"plan": (await planner(self.question, context)).model_dump(mode="json")}
            except (ModelFailed, Exhausted) as error:
                return {"failed": error.line()}

        told = await once(self.bench.trace, name, decide)
        if "failed" in told:
            raise ModelFailed(told["failed"])
        return self.settled(Plan.model_validate(told["plan"]))

    async def planned(self) -> tuple[Plan, tuple[Limitation, ...]]:
        """A plan that may run; the planner may mend a refused one, then the rules plan, and it is told why."""
        context, why, name = self.context(), "", "The planner"
        for attempt in range(1 + MOST_REPAIRS):
            try:
                plan = await self._asked(f"plan-{attempt + 1}", context)
            except ModelFailed as error:
                why = error.line()
                self.ways.tell(Stopped(reason=why))
                break
            flaws = self.flaws(plan, context)
            if not flaws:
                return plan, ()
            why, name = flaws[0].line, plan.planner
            if not self.roles.planner:
                raise _cannot_run(why)
            context = self.context(flaws=flaws)
        return self.by_rules(), (limitation("planned_instead", planner=name, reason=why.rstrip(".")),)

    def by_rules(self) -> Plan:
        """The plan of the rules. Raises BadRequest where it cannot run."""
        context = self.context()
        plan = self.settled(rules_for(self.question, context))
        if flaws := self.flaws(plan, context):
            raise _cannot_run(flaws[0].line)
        return plan

    async def extended(self, carried: Carried, *, by_rules: bool = False) -> Carried:
        """The planner sees what was found and may add steps, which are checked, approved and run like the rest."""
        short = None
        for attempt in range(MOST_EXTENSIONS):
            said = tuple(compact(one, name) for name, one in carried.results.items() if isinstance(one, BorrowedResult))
            context = self.context(done=carried.plan, evidence=number(carried.evidence, self.known), said=said)
            try:
                plan = (
                    described(carried.plan, context) if by_rules else await self._asked(f"more-{attempt + 1}", context)
                )
            except ModelFailed as error:
                self.ways.tell(Stopped(reason=error.line()))
                name, why = carried.plan.planner, error.line().rstrip(".")
                short = limitation("planned_in_part", planner=name, reason=why)
                plan, by_rules = described(carried.plan, context), True
            plan = self.settled(plan)
            grown = plan.steps[: len(carried.plan.steps)] == carried.plan.steps
            if plan.steps == carried.plan.steps or not grown or self.flaws(plan, context):
                break
            self.ways.tell(Planned(plan=plan))
            granted = await self.approved(plan, len(carried.plan.steps))
            if granted is None:
                break
            carried = await carry_out(self.bench, granted, self.ways.tell, tools=self.ways.tools, done=carried)
        return _short(carried, "planner", short) if short else carried

    async def told(self, carried: Carried, notes: tuple[Limitation, ...]) -> Answer:
        plan, wish = carried.plan, read_wish(self.question)
        if plan.aim == "draft" and carried.results:
            return await self._drafted(carried, notes)
        if plan.aim == "explain" and self.report is not None and not plan.steps:
            return await self._explained(self.report, plan)
        ledger = number(carried.evidence, self.known)
        refs = tuple(image.ref for image in self.study.images)
        return self.answer(plan, worded(wish, ledger, refs, carried.results.values()), carried, notes)

    async def _explained(self, report: Report, plan: Plan) -> Answer:
        trace, told = self.bench.trace, None
        if self.roles.consult:

            async def consult(*given: Any) -> Any:
                return await there(self.ways.consult, "answer")(*given)

            told = await consulted(trace, consult, self.question, report)
            if told.failure:
                self.ways.tell(Stopped(reason=told.failure))
        return explanation(self.question, report, plan, trace.run.id, told)

    async def _drafted(self, carried: Carried, notes: tuple[Limitation, ...]) -> Answer:
        """A report as `draft` composes it, with an answer around it."""
        trace = self.bench.trace
        gathered = gathered_of(carried, self.bench, self.study)
        gathered.limitations += notes
        gathered.known = self.known
        await told_familiarity(self.bench, self.study, gathered)
        occasion = Occasion(
            run=trace.run.id,
            workflow=trace.run.workflow,
            planner=carried.plan.planner,
            answered=self.bench.lookers(),
            code_version=trace.run.code_version,
            started=trace.run.started,
            finished=trace.fact("finished", now),
        )
        written = await self._written(gathered)
        report = compose(gathered, self.study, self.request, self.gates, occasion, written=written)
        failed = bool(written and written.degraded)
        if failed:
            report = report.model_copy(update={"status": "partial"})
        beside = worded(read_wish(""), (), report.images, carried.results.values())
        answer = self.answer(carried.plan, beside, carried, notes, status="partial" if failed else None)
        return answer.model_copy(update={"report": report, "evidence": report.evidence, "limitations": ()})

    async def _written(self, gathered: Gathered) -> Written | None:
        """A model's words; None where the template writes."""
        if not self.roles.write:
            return None

        async def write(*given: Any) -> Any:
            return await there(self.ways.write, "write")(*given)

        ledger = ledger_of(gathered, self.study, self.request)
        written = await written_by(self.bench.trace, write, template_of(self.study, self.request), ledger)
        if written.degraded:
            failed = [line.text for line in written.limitations if line.code == "tool_failed"]
            self.ways.tell(Stopped(reason=" ".join(failed)))
        return written

    def answer(
        self, plan: Plan, words: Worded, carried: Carried, notes: tuple[Limitation, ...], status: Status | None = None
    ) -> Answer:
        ledger = number(carried.evidence, self.known)
        refs = tuple(image.ref for image in self.study.images)
        gathered = answered_of(carried, self.bench, self.study)
        gathered.limitations[:0] = notes
        anything = carried.outcomes or notes
        limits = limits_of(gathered, self.study, self.gates, self.bench.lookers()) if anything else ()
        done: Status = (
            "partial" if carried.degraded else "answered" if words.sentences or words.unanswered else "nothing"
        )
        return Answer(
            run=self.bench.trace.run.id,
            status=status or ("answered" if plan.aim == "draft" and done == "nothing" and carried.results else done),
            subject=self.study.subject,
            question=self.question,
            plan=plan,
            sentences=words.sentences,
            unanswered=words.unanswered,
            limitations=tuple(limit for limit in limits if bears(limit, words, ledger)),
            images=refs,
            evidence=ledger,
            verification=checked(words.sentences, ledger, refs, whole=plan.aim not in ("draft", "segment")),
        )


def _short(carried: Carried, name: str, limit: Limitation) -> Carried:
    """What was carried out, marked as less than was wanted."""
    return replace(carried, outcomes={**carried.outcomes, name: Outcome(None, (limit,))})


def _cannot_run(why: str) -> BadRequest:
    return BadRequest(f"the plan cannot run: {why}", do="Ask for one thing at a time.")


def explanation(
    question: str, report: Report, plan: Plan | None = None, run: str = "", told: Explained | None = None
) -> Answer:
    """What a sentence or an evidence of a finished report stands on; no tool runs, no image is needed.

    `told`: the words of a model; without them the rules tell.
    """
    told = told or by_rules(question, report)
    context = PlanContext(images=report.images, report=report)
    failure = told.failure.rstrip(".")
    return Answer(
        run=run or report.provenance.run,
        status="partial" if failure else "answered" if told.sentences else "nothing",
        subject=report.subject,
        question=question,
        plan=plan or rules_for(question, context),
        writer=told.writer,
        sentences=told.sentences,
        unanswered=told.unanswered,
        limitations=(limitation("consulted_instead", reason=failure, kept=told.kept),) if failure else (),
        images=report.images,
        evidence=report.evidence,
        verification=checked(told.sentences, report.evidence, report.images, whole=False),
        report=report,
    )
