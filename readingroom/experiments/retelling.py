"""A recorded reading told again with other words: every tool answers from the record, and nothing is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from readingroom.agents.ledger import Ledger
from readingroom.agents.template import ReportTemplate
from readingroom.agents.writers import Written
from readingroom.asked import recorded_study
from readingroom.domain.report import Report
from readingroom.domain.request import Request
from readingroom.domain.value import digest_of
from readingroom.errors import RecordError
from readingroom.experiments.evidence import Recorded, ways_of
from readingroom.experiments.experiment import Tools
from readingroom.imaging.image import Study
from readingroom.room import ReadingRoom
from readingroom.runs.history import History
from readingroom.runs.integrity import intact
from readingroom.runs.replay import Replay
from readingroom.runs.store import Store
from readingroom.workflows import question
from readingroom.workflows.drafting import drafted
from readingroom.workflows.wording import Write


class Retelling(Replay):
    """A Replay that an arm may word anew: what the record does not hold is decided now, and kept nowhere."""

    def __init__(self, store: Store, past: History, own: dict[str, Any]) -> None:
        super().__init__(store, past)
        self._own = own

    def fact(self, name: str, make: Callable[[], Any]) -> Any:
        if name in self._own:
            return self._own[name]
        with suppress(RecordError):
            return super().fact(name, make)
        return self._own.setdefault(name, make())


@dataclass(frozen=True)
class Retold:
    """A report in an arm's words, with what it was asked and the study as far as the record tells it."""

    report: Report
    study: Study
    request: Request


class Tellings:
    """The recorded reading of one case, read once and told by every arm."""

    def __init__(self, room: ReadingRoom, tools: Tools, record: Recorded) -> None:
        """Raises RecordError where the record was changed."""
        self._room, self._ways = room, ways_of(tools)
        self._past = intact(room.store, record.run)
        self._asked, self._study = recorded_study(self._past)
        self._told: dict[tuple[bool, str], Retold] = {}

    async def plain(self, words: Mapping[str, str], *, wordless: bool = False) -> Retold:
        """The report in the template's words, or without any, told once for all arms of that template.

        `words`: fields of the request that an arm changes. Raises as `told` does.
        """
        key = wordless, digest_of(dict(words))
        if key not in self._told:
            self._told[key] = await self.told(_says_nothing if wordless else None, words)
        return self._told[key]

    async def told(self, write: Write | None, words: Mapping[str, str]) -> Retold:
        """The report that `write` words, else the template.

        Raises RecordError where the record does not answer what is asked now.
        """
        request = self._asked.request.model_copy(update=dict(words))
        planned = self._past.run.workflow == question.WORKFLOW
        own: dict[str, Any] = {}
        if planned:
            own["ways"] = {**Retelling(self._room.store, self._past, {}).fact("ways", dict), "write": write is not None}
        trace = Retelling(self._room.store, self._past, own)
        bench = self._room._bench(trace, self._study, self._past.conditions.backend)
        if not planned:
            report, study = await drafted(bench, self._study, request, write)
            return Retold(report, study, request)
        shift = self._room.staff.at(trace, again=True)
        async with shift.lent(self._ways, self._study, request) as ways:
            worded = replace(shift.ways(ways), write=write)
            answer, study = await question.ask(bench, self._study, request, worded)
        if answer.report is None:
            raise RecordError("the record of this case holds no draft", do="Record it anew: --retry-failed.")
        return Retold(answer.report, study, request)


async def _says_nothing(template: ReportTemplate, ledger: Ledger) -> Written:
    """Stands for a writer whose words are put in later."""
    del template, ledger
    return Written((), ())
