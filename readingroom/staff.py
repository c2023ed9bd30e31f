"""The language models that the settings name, at their desks: who plans, who writes, who reads a second time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from readingroom.agents.answer import Answer
from readingroom.agents.budget import Budget
from readingroom.agents.chat_model import ChatModel, Message, Offer
from readingroom.agents.desk import Desk
from readingroom.agents.gate import gated
from readingroom.agents.judge import judged_report
from readingroom.agents.ledger import Ledger
from readingroom.agents.limitations import limitation, limits_in
from readingroom.agents.recorded_chat import RecordedChat, delimiter_of
from readingroom.agents.specialist import Specialist, load_specialists
from readingroom.agents.template import ReportTemplate
from readingroom.agents.writers import Written, write
from readingroom.domain.report import Report
from readingroom.domain.request import Request
from readingroom.errors import BadRequest, ModelFailed
from readingroom.imaging.image import Study
from readingroom.later import Later
from readingroom.runs.trace import Trace
from readingroom.settings import Settings
from readingroom.tools.borrowed.lending import Lending, Lent, Servers, borrowed_tools
from readingroom.tools.borrowed.withheld import withheld_of
from readingroom.workflows.compose import verifier_of
from readingroom.workflows.once import once
from readingroom.workflows.question import Ways
from readingroom.workflows.wording import Write

if TYPE_CHECKING:
    from readingroom.agents import consultant, imager, kernel, model_planner, panel
else:  # none of them is loaded where the rules do the work
    consultant = Later("readingroom.agents.consultant")
    imager = Later("readingroom.agents.imager")
    kernel = Later("readingroom.agents.kernel")
    model_planner = Later("readingroom.agents.model_planner")
    panel = Later("readingroom.agents.panel")

USUAL = "usual"
"""The model that AZURE_OPENAI_*, OPENAI_* or OLLAMA_* describe, or that the settings call so."""


class Absent:
    """Stands for a model while its run is told again: the record answers for it, and it is never asked."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def turn(
        self,
        messages: Sequence[Message],
        offers: Sequence[Offer] = (),
        *,
        form: dict[str, Any] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> NoReturn:
        raise ModelFailed("the record has no answer of it to this", where=self.name, do="Run it again.")


class Staff:
    """Keeps the models open for as long as a room lives; desks are made anew for each run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[str, Any] = {}

    def at(self, trace: Trace, *, again: bool = False) -> Shift:
        """Who is at work in one run, as the settings say, or as its record says where it has begun already.

        `again`: the run is told again and nobody is asked. Raises BadRequest where a model is wanted and none is named.
        """
        told = trace.fact("staff", self._told)
        names: dict[str, str] = told["models"]
        models: dict[str, ChatModel] = {
            key: Absent(name) if again else self._chat(key, name) for key, name in names.items()
        }
        return Shift(trace, told, models, self._settings, self._specialists)

    @cached_property
    def _specialists(self) -> dict[str, Specialist]:
        """Read once for a room: a draft among thousands costs half as much then."""
        return load_specialists(self._settings.specialists)

    def _told(self) -> dict[str, Any]:
        settings = self._settings
        roles = {"planner": settings.planner, "writer": settings.writer, "second_reader": settings.second_reader}
        if not any(role in ("model", "agent", "panel") for role in roles.values()):
            return {**roles, "models": {}}
        if not settings.language_models:
            raise BadRequest(
                "a language model is wanted and none is named",
                do="Set OPENAI_API_KEY and OPENAI_MODEL, AZURE_OPENAI_ENDPOINT, or OLLAMA_MODEL; or use the rules.",
            )
        lent = {"mcp_tools": sorted(settings.mcp_tools)} if settings.mcp_tools and settings.planner != "rules" else {}
        return {**roles, "models": {key: config.name for key, config in settings.language_models.items()}, **lent}

    def _chat(self, key: str, name: str) -> ChatModel:
        config = self._settings.language_models.get(key)
        if config is None or config.name != name:
            raise BadRequest(f"the run was begun with the model {name!r}", do=f"Name it as {key!r} in the settings.")
        if key not in self._open:
            self._open[key] = kernel.open_chat(config)
        found: ChatModel = self._open[key]
        return found

    async def aclose(self) -> None:
        """Close every connection; the next turn opens them again."""
        for model in self._open.values():
            await model.aclose()


@dataclass(frozen=True)
class Shift:
    """The staff of one run."""

    trace: Trace
    told: Mapping[str, Any]
    models: Mapping[str, ChatModel]
    settings: Settings
    specialists: Mapping[str, Specialist]

    @asynccontextmanager
    async def lent(self, ways: Ways, study: Study, request: Request) -> AsyncIterator[Ways]:
        """Within it a model that plans has the tools of others that the settings name; then their servers are killed.

        What they offered is kept with the run. A tool that is not as it was pinned, or whose server does not start, is
        left out, which the answer says.
        """
        if not self.told.get("mcp_tools"):
            yield ways
            return
        servers = Servers(self.settings.mcp_tools)

        async def decide() -> dict[str, Any]:
            offer = await servers.offer()
            return {"lent": [one.model_dump(mode="json") for one in offer.lent], "refused": offer.refused}

        try:
            kept = await once(self.trace, "lent", decide)
            offer = Lending(tuple(Lent(**one) for one in kept["lent"]), tuple(kept["refused"]))
            tools = borrowed_tools(offer.lent, servers, withheld_of(study, request))
            notes = tuple(limitation("not_lent", reason=reason) for reason in offer.refused)
            yield replace(ways, tools=(*ways.tools, *tools), notes=(*ways.notes, *notes))
        finally:
            await servers.aclose()

    def ways(self, ways: Ways) -> Ways:
        """How a question is answered, with the models where the settings want them."""
        if not self.models:
            return ways
        budget = Budget(self.settings.budget, self.settings.prices)
        found = replace(ways, write=self.writing(budget))
        if self.told["planner"] == "rules":
            return found
        asks = self._desk("consultant", budget)
        found = replace(found, consult=lambda question, report: consultant.consult(question, report, asks))
        if self.told["planner"] == "agent":
            desk = self._desk("imager", budget, tuple(tool.name for tool in ways.tools if tool.outside))
            return replace(
                found,
                looker=desk.signature,
                look=lambda functions, question, context, tell: imager.look(
                    desk, kernel.KernelFunctions(functions), question, context, tell
                ),
            )
        model = RecordedChat(self._model(None), self.trace, agent="planner", prices=self.settings.prices)
        return replace(found, planner=model_planner.ModelPlanner(model, budget, delimiter_of(self.trace), ways.tools))

    def writing(self, budget: Budget | None = None) -> Write | None:
        """Who writes the report: None for the template alone."""
        spent = budget or Budget(self.settings.budget, self.settings.prices)
        if self.told["writer"] == "model":
            desks = self._desk("findings_writer", spent), self._desk("impression_writer", spent)
            return lambda template, ledger: write(template, ledger, *desks)
        if self.told["writer"] == "panel":
            writer = self.specialists["findings_writer"]
            members = {key: self._at(writer, model, key, spent) for key, model in self.models.items()}

            async def convened(template: ReportTemplate, ledger: Ledger) -> Written:
                return (await panel.convene(template, ledger, members)).written

            return convened
        return None

    async def judged(self, report: Report) -> Report:
        """The report with a model's doubts about what no rule could check; it can only doubt."""
        if self.told["second_reader"] != "model" or report.verification is None:
            return report
        desk = self._desk("second_reader", Budget(self.settings.budget, self.settings.prices))
        return await judged_report(report, desk)

    async def settled(self, report: Report, study: Study, request: Request) -> Report:
        """The report as it is kept: doubted by a model where one is wanted, and gated as the run's settings say."""
        policy = self.trace.fact("gate", lambda: self.settings.gate)
        with limits_in(request.language):
            return gated(await self.judged(report), policy, verifier=verifier_of(study, request))

    async def settled_answer(self, answer: Answer, study: Study, request: Request) -> Answer:
        """The same of a report that a question drafted."""
        if answer.report is None or answer.plan.aim != "draft":
            return answer
        return answer.model_copy(update={"report": await self.settled(answer.report, study, request)})

    def _desk(self, name: str, budget: Budget, also: tuple[str, ...] = ()) -> Desk:
        """`also`: tools that it may use beside those of its file."""
        specialist = self.specialists[name]
        if also:
            specialist = specialist.model_copy(update={"tools": (*specialist.tools, *also)})
        return self._at(specialist, self._model(specialist.model), name, budget)

    def _at(self, specialist: Specialist, model: ChatModel, agent: str, budget: Budget) -> Desk:
        recorded = RecordedChat(model, self.trace, agent=agent, prices=self.settings.prices)
        return Desk(specialist, recorded, budget, delimiter_of(self.trace))

    def _model(self, name: str | None) -> ChatModel:
        """The one that a specialist's file names, else the usual one, else the first of the settings."""
        if name is not None and name not in self.models:
            raise BadRequest(f"there is no model {name!r}", do=f"The settings name {', '.join(self.models)}.")
        return self.models[name] if name else self.models.get(USUAL, next(iter(self.models.values())))
