"""An experiment run: the evidence of every case once, then every cell that is missing; killed anywhere, it goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from readingroom.agents.template import own_files, parse_template
from readingroom.errors import BadRequest, ReadingRoomError
from readingroom.experiments import evidence
from readingroom.experiments.arms import NO_TOOLS, Arm, arms_of
from readingroom.experiments.case import Case
from readingroom.experiments.cell import Cell, address_of, template_words
from readingroom.experiments.cohort import cases_of, content_of
from readingroom.experiments.crew import Crew
from readingroom.experiments.draft import Drafted
from readingroom.experiments.drafting import Place, drafted_cell
from readingroom.experiments.evidence import Asked, Recorded
from readingroom.experiments.experiment import Experiment, Stop, Tools
from readingroom.experiments.results import Matrix, Planned, Results
from readingroom.experiments.retelling import Tellings
from readingroom.room import ReadingRoom
from readingroom.settings import Settings
from readingroom.workflows.workflows import WORKFLOWS

Item = TypeVar("Item")

Records = dict[tuple[str, str], Recorded]
"""By case and tool set."""


class Progress(NamedTuple):
    """How far it is."""

    stage: Literal["cases", "evidence", "drafts"]
    done: int
    """In this process."""
    of: int
    """What was missing when it began; of cases it is not known before."""
    failed: int
    kept: int
    """What was there already."""


Listen = Callable[[Progress], None]


class Ran(NamedTuple):
    """What one run of an experiment did."""

    recorded: int
    """Cases of which tools were asked."""
    drafted: int
    kept: int
    failed: int
    """Cells with an error, of all that there are now."""
    missing: int
    """Left for the next time, because a limit of the experiment was reached."""


@dataclass
class Meter:
    """What this process has used, held against the experiment's limits."""

    stop: Stop
    begun: float = field(default_factory=time.monotonic)
    tokens: int = 0
    money: float = 0.0

    def count(self, made: Drafted) -> None:
        self.tokens += made.tokens_in + made.tokens_out
        self.money += made.cost or 0.0

    @property
    def over(self) -> bool:
        hours = (time.monotonic() - self.begun) / 3600
        pairs = ((self.stop.tokens, self.tokens), (self.stop.money, self.money), (self.stop.hours, hours))
        return any(limit is not None and used >= limit for limit, used in pairs)


async def run_experiment(
    experiment: Experiment, settings: Settings, folder: Path, listen: Listen, *, retry_failed: bool = False
) -> Ran:
    """Draft every cell that `folder` does not hold yet. `retry_failed`: those that failed, too.

    Raises BadInput for an experiment that cannot run, RecordError where nothing can be written.
    """
    results = Results(folder)
    refuse_unknown(experiment)
    arms = arms_of(experiment)
    crew = Crew(experiment, settings)
    with results.held():
        cases = await asyncio.to_thread(
            cases_of, experiment.cases, folder, lambda count: listen(Progress("cases", count, 0, 0, 0))
        )
        results.put_plan(experiment, cases)
        rooms = {name: evidence.room_for(tools, settings, results.evidence) for name, tools in experiment.tools.items()}
        work = _Work(experiment, results, crew, rooms, Meter(experiment.stop), listen, retry_failed)
        try:
            records, recorded = await work.recorded(cases)
            matrix = _matrix(experiment, arms, cases, crew, records)
            results.put_matrix(matrix)
            return await work.drafted(matrix, cases, records, recorded)
        finally:
            for room in rooms.values():
                await room.aclose()
            await crew.aclose()


def refuse_unknown(experiment: Experiment) -> None:
    """Raises BadFile or BadRequest for a template or a workflow that every cell would fail on."""
    for template in experiment.templates:
        words = template_words(template)
        if "template_text" in words:
            parse_template(words["template_text"], words["template"])
        elif template and template not in own_files():
            do = f"There are {', '.join(own_files())}, and files that end in .yaml."
            raise BadRequest(f"there is no template {template!r}", where="templates", do=do)
    for name, tools in experiment.tools.items():
        if tools.planner == "fixed" and tools.workflow not in WORKFLOWS:
            do = f"There are {', '.join(WORKFLOWS)}."
            raise BadRequest(f"there is no workflow {tools.workflow!r}", where=f"tools.{name}", do=do)


def _matrix(
    experiment: Experiment, arms: tuple[Arm, ...], cases: tuple[Case, ...], crew: Crew, records: Records
) -> Matrix:
    """Every cell with its address; a writer that throws no dice has one seed."""
    cells = [
        Planned(
            cell=address_of(case, arm, seed, crew, evidence=_seen(case, arm, records)), case=case.id, arm=at, seed=seed
        )
        for case in cases
        for at, arm in enumerate(arms)
        for seed in (experiment.seeds if crew.writer(arm).kind != "template" else experiment.seeds[:1])
    ]
    return Matrix(name=experiment.name, arms=arms, cells=tuple(cells))


def _seen(case: Case, arm: Arm, records: Records) -> str:
    """What of the evidence decides a cell: without tools the images' names alone, which the files decide."""
    if arm.tools != NO_TOOLS:
        record = records[case.id, arm.tools]
        return f"{record.address} {record.answers} {record.error}"
    base = _base(case, records)
    return f"no tools {base.content} {base.error}"


def _base(case: Case, records: Records) -> Recorded:
    """Where a writer without tools learns which images there are: the first record of the case that reached its end."""
    found = [record for (name, _), record in records.items() if name == case.id]
    return next((record for record in found if not record.error), found[0])


@dataclass(frozen=True)
class _Work:
    """One run of an experiment."""

    experiment: Experiment
    results: Results
    crew: Crew
    rooms: Mapping[str, ReadingRoom]
    meter: Meter
    listen: Listen
    retry_failed: bool

    async def recorded(self, cases: Sequence[Case]) -> tuple[Records, int]:
        """The evidence of every case by every tool set; asked for where it is not kept. Also how many were asked."""
        asked: list[tuple[Case, str, Asked]] = []
        found: dict[tuple[str, str], Recorded | None] = {}
        for case in cases:
            for name, tools in self.experiment.tools.items():
                told = await asyncio.to_thread(_asked, case, tools, self.rooms[name].settings)
                record = told if isinstance(told, Recorded) else self._known(told)
                found[case.id, name] = record
                if record is None and isinstance(told, Asked):
                    asked.append((case, name, told))
        failed = sum(bool(record and record.error) for record in found.values())
        kept = len(found) - len(asked)
        done = 0

        async def one(item: tuple[Case, str, Asked]) -> None:
            nonlocal done, failed
            case, name, told = item
            record = await evidence.record(self.rooms[name], case, self.experiment.tools[name], told)
            found[case.id, name] = record
            done += 1
            failed += bool(record.error)
            self.listen(Progress("evidence", done, len(asked), failed, kept))

        self.listen(Progress("evidence", 0, len(asked), failed, kept))
        await at_once(asked, one, self.experiment.at_once)
        return {key: record for key, record in found.items() if record is not None}, len(asked)

    def _known(self, asked: Asked) -> Recorded | None:
        found = evidence.read_record(self.results.evidence, asked.address)
        return None if found and found.error and self.retry_failed else found

    async def drafted(self, matrix: Matrix, cases: Sequence[Case], records: Records, recorded: int) -> Ran:
        """Every missing cell, case by case, so that the record of a case is read once."""
        missing = [planned for planned in matrix.cells if self._is_missing(planned.cell)]
        kept, failed = len(matrix.cells) - len(missing), 0
        by_case: dict[str, list[Planned]] = {}
        for planned in missing:
            by_case.setdefault(planned.case, []).append(planned)
        known = {case.id: case for case in cases}
        done = 0

        async def one(name: str) -> None:
            nonlocal done, failed
            tellings = _Shelf(self.rooms, self.experiment.tools, records, known[name])
            for planned in by_case[name]:
                if self.meter.over:
                    return
                arm = matrix.arms[planned.arm]
                record, told = tellings.of(arm)
                cell = Cell(known[name], arm, planned.seed, planned.cell)
                made = await drafted_cell(
                    Place(cell, self.crew, self.results.turns, record.delimiter), told, record.error
                )
                await asyncio.to_thread(self.results.put, made)
                self.meter.count(made)
                done += 1
                failed += bool(made.error)
                self.listen(Progress("drafts", done, len(missing), failed, kept))

        self.listen(Progress("drafts", 0, len(missing), failed, kept))
        await at_once(tuple(by_case), one, self.experiment.at_once)
        errors = sum(bool(found.error) for found in self.results.drafts(matrix))
        return Ran(recorded, done, kept, errors, len(missing) - done)

    def _is_missing(self, cell: str) -> bool:
        if not self.retry_failed:
            return not self.results.has(cell)
        found = self.results.get(cell)
        return found is None or bool(found.error)


class _Shelf:
    """The recorded readings of one case, each opened once."""

    def __init__(
        self, rooms: Mapping[str, ReadingRoom], tools: Mapping[str, Tools], records: Records, case: Case
    ) -> None:
        self._rooms, self._tools, self._records, self._case = rooms, tools, records, case
        self._open: dict[str, Tellings] = {}

    def of(self, arm: Arm) -> tuple[Recorded, Tellings | None]:
        """The record that an arm writes from, open where it can be told again."""
        record = self._records[self._case.id, arm.tools] if arm.tools != NO_TOOLS else _base(self._case, self._records)
        if record.error or not record.run:
            return record, None
        if record.address not in self._open:
            name = next(name for name in self._tools if self._records[self._case.id, name] is record)
            self._open[record.address] = Tellings(self._rooms[name], self._tools[name], record)
        return record, self._open[record.address]


def _asked(case: Case, tools: Tools, settings: Settings) -> Asked | Recorded:
    """What the tools are to be asked of a case; a record of the error where its files cannot be read."""
    try:
        return evidence.asked_of(content_of(case), tools, settings)
    except ReadingRoomError as error:
        return Recorded(address="", content="", error=error.line(), delimiter="")


async def at_once(items: Iterable[Item], one: Callable[[Item], Awaitable[None]], limit: int) -> None:
    """`one` of every item, at most `limit` at the same time; the first error ends it all and goes on to the caller."""
    waiting: Iterator[Item] = iter(items)

    async def work() -> None:
        for item in waiting:
            await one(item)

    tasks = [asyncio.create_task(work()) for _ in range(limit)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
