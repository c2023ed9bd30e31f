"""A cohort from its manifest to its tables: every item once, whatever fails, and on from where it was killed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from readingroom.archive import archive_of
from readingroom.cohorts.canary import Canary
from readingroom.cohorts.deidentifying import report_cohort
from readingroom.cohorts.engine import AT_ONCE, Embedded, Engine
from readingroom.cohorts.estimate import Estimate, estimated
from readingroom.cohorts.gallery import write_gallery
from readingroom.cohorts.item import Cost, Outcome
from readingroom.cohorts.journal import Journal, checkpoint
from readingroom.cohorts.lease import leased
from readingroom.cohorts.listing import By, items_of, unused
from readingroom.cohorts.options import Options, checked
from readingroom.cohorts.parquet import needed
from readingroom.cohorts.progress import Progress
from readingroom.cohorts.shelving import Shelving
from readingroom.cohorts.summary import Session, write_summary
from readingroom.cohorts.tables import write_tables
from readingroom.cohorts.tasks import CohortRoom
from readingroom.cohorts.traffic import Traffic, counted
from readingroom.cohorts.work import AWAY, Work
from readingroom.domain.value import Value, digest_of
from readingroom.errors import BadRequest, ReadingRoomError, RecordError, Unavailable
from readingroom.imaging.dicom import quiet
from readingroom.room import ReadingRoom
from readingroom.runs.conditions import Conditions
from readingroom.runs.database import connect
from readingroom.settings import subject_key

SYNC_SECONDS = 5.0
"""Between two syncs: what a loss of power may cost."""
ALONE, TRIED = 2, 4
"""Items that are done one after the other, of so many that are tried: the first bears what a process loads once, the
second tells the times of a call without a queue."""
GIVE_UP = 64
"""Items in a row that failed because the models were away: the cohort then stops, and they are no failures."""

Tell = Callable[[Progress], None]


@dataclass(frozen=True)
class How:
    """The ways in which one session may differ from another; none of them changes a result."""

    by: By = "study"
    """DICOM files of a folder as one item a study, or a series."""
    index: Path | None = None
    """Where vectors go beside the table; made if need be."""
    retry_failed: bool = False
    """Failed and partial items wait again."""
    new_generation: bool = False
    """Where models, settings or words have changed since the cohort was begun: do all of it again."""
    limit: float | None = None
    """Items a second that the endpoints can do, where the user knows it."""
    most: int | None = None
    """Items in this session; None: all."""
    at_once: int = AT_ONCE
    """Items under way."""
    engine: Callable[[Work, int], Engine] = Embedded
    """Where items are carried out, made from the work and how many at once."""


class Standing(Value):
    """How a cohort stands."""

    folder: Path
    counts: dict[str, int]
    """Items by state: waiting, done, partial, failed."""
    session: Session
    estimate: Estimate | None = None
    """Made when the session began."""
    summary: Path | None = None
    notes: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Nothing waits, failed, or is partial."""
        return not any(self.counts.get(state) for state in ("waiting", "recheck", "failed", "partial"))


@dataclass
class _Desk:
    """One session."""

    room: CohortRoom
    folder: Path
    journal: Journal
    options: Options
    how: How
    work: Work
    traffic: Traffic
    tell: Tell | None
    shelving: Shelving | None
    progress: Progress = field(init=False)
    notes: list[str] = field(default_factory=list)
    alone: list[Cost] = field(default_factory=list)
    """Of the first items that were done."""
    _away: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        counts = self.journal.count()
        total = sum(counts.values())
        waiting = counts.get("waiting", 0) + counts.get("recheck", 0)
        self.progress = Progress(total, total - waiting, self.traffic)

    def ended(self, outcome: Outcome) -> None:
        """Kept, counted and told. Raises Unavailable where nothing but failures of absent models came for long."""
        self.journal.ended(outcome)
        if self.shelving:
            self.shelving.add(outcome)
        self.progress.count(outcome)
        if len(self.alone) < ALONE and outcome.status == "done" and not outcome.same:
            self.alone.append(outcome.cost)
        self._away = [*self._away, outcome.id] if outcome.error == AWAY else []
        if len(self._away) == GIVE_UP:
            self.journal.put_back(self._away)
            raise Unavailable(f"{GIVE_UP} items in a row failed, the last so: {outcome.reason}",
                              do="Run the same line again when the models are back.")  # fmt: skip
        if self.tell:
            self.tell(self.progress)

    async def carry_out(self) -> None:
        """All that waits; where nothing was done yet, the first ones alone, so that their times tell the limit."""
        engine = self.how.engine(self.work, self.how.at_once)
        try:
            await self._carried_out(engine)
        finally:
            await engine.aclose()

    async def _carried_out(self, engine: Engine) -> None:
        most = self.how.most
        self.progress.estimate = self.estimate()
        for _ in range(TRIED if self.journal.about("first") is None else 0):
            if len(self.alone) < ALONE and most != 0:
                await engine.carry_out(self.journal.waiting(1), self.ended)
                most = None if most is None else most - 1
        if self.alone:
            quick = min(self.alone, key=lambda cost: sum(cost.call_seconds.values()))
            self.journal.tell("first", quick.model_dump_json())
            self.progress.estimate = self.estimate()
        if self.tell:
            self.tell(self.progress)
        self.alone = []
        if most is None or most > 0:
            self.progress.began = time.monotonic()
            await engine.carry_out(self.journal.waiting(most), self.ended)

    def estimate(self) -> Estimate:
        counts = (self.progress.total, self.progress.left, self.journal.bytes_waiting())
        kept = self.journal.about("first")
        first = Cost.model_validate_json(kept) if kept else None
        answers = self.traffic.bytes_in / len(self.alone) if self.alone else 0.0
        return estimated(counts, first, self.room.settings, self.how.limit, answers)

    async def kept_safe(self) -> None:
        """Until cancelled: what ended becomes safe from a loss of power, many items at a time."""
        while True:
            await asyncio.sleep(SYNC_SECONDS)
            last = self.journal.last
            await asyncio.to_thread(checkpoint, self.journal.path, self.room.store.database)
            self.journal.synced(last)

    async def session(self) -> None:
        """Everything, with the disk synced beside it. What stops one stops the other."""
        try:
            async with asyncio.TaskGroup() as group:
                syncing = group.create_task(self.kept_safe())
                canary = Canary(self.room.settings, self.journal)
                watching = group.create_task(canary.watch())
                await canary.look()
                await self.carry_out()
                await canary.look()
                syncing.cancel()
                watching.cancel()
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    def close(self, session: Session) -> Path:
        """Tables, gallery and summary of all there is. Raises RecordError."""
        if self.shelving:
            self.shelving.flush()
            if self.shelving.left_out:
                self.notes.append(f"{self.shelving.left_out} vectors are of another kind than the index's; "
                                  "they are in embeddings.parquet alone.")  # fmt: skip
        sessions = [*json.loads(self.journal.about("sessions") or "[]"), session.model_dump(mode="json")]
        self.journal.tell("sessions", json.dumps(sessions))
        generation = int(self.journal.about("generation") or 1)
        write_tables(self.folder, self.journal, self.options.workflow, generation)
        if self.options.workflow == "deidentify":
            report_cohort(self.folder, self.journal, self.options)
        if "html" in self.options.formats:
            write_gallery(self.folder, self.journal)
        told = [Session.model_validate(one) for one in sessions]
        return write_summary(self.folder, self.journal, self.options, told, self.progress.estimate)


async def run_cohort(
    room: ReadingRoom, manifest: str | Path, workflow: str | Options, out: str | Path, *,
    how: How | None = None, tell: Tell | None = None,
) -> Standing:  # fmt: skip
    """Carry out a workflow or tool on every item of a manifest, into the folder `out`; the same call again goes on.

    `manifest` is a CSV or Parquet table, or a folder. `tell` is told after every item. Failed items are rows with
    reasons. Raises BadRequest where another process is at the cohort or it was begun otherwise, BadFile for a manifest
    that cannot be read, NotServed without pyarrow; NotAuthorised, RecordError and Unavailable where nothing more can
    be done: what ended before is kept, and the tables hold it.
    """
    needed()
    given = checked(Options(workflow=workflow) if isinstance(workflow, str) else workflow)
    how, folder = how or How(), Path(out)
    with _open(room, Path(manifest), given, folder, how=how, tell=tell) as desk:
        clock = time.monotonic()
        try:
            await desk.session()
        except RecordError:
            raise
        except ReadingRoomError:
            with suppress(RecordError):
                desk.close(_session(desk, clock))
            raise
        finally:
            await room.serving.aclose()
        session = _session(desk, clock)
        summary = await asyncio.to_thread(desk.close, session)
        await asyncio.to_thread(checkpoint, desk.journal.path, desk.room.store.database)
        desk.journal.synced(desk.journal.last)
        counts = desk.journal.count()
        return Standing(folder=folder, counts=counts, session=session, estimate=desk.progress.estimate,
                        summary=summary, notes=tuple(desk.notes))  # fmt: skip


def _session(desk: _Desk, clock: float) -> Session:
    seconds = time.monotonic() - clock
    return Session(items=desk.progress.ended.total(), seconds=round(seconds, 1), calls=desk.traffic.calls,
                   retried=desk.traffic.retried, cost=desk.progress.cost)  # fmt: skip


@contextmanager
def _open(
    room: ReadingRoom, manifest: Path, options: Options, folder: Path, *, how: How, tell: Tell | None
) -> Iterator[_Desk]:
    """The desk of one session, alone at its cohort."""
    if not manifest.exists():
        raise BadRequest("there is no such manifest", where=manifest.name, do="Name a table or a folder.")
    with ExitStack() as stack:
        stack.enter_context(leased(folder))
        traffic = stack.enter_context(counted())
        stack.enter_context(quiet())
        own = CohortRoom(room, folder)
        journal = Journal(folder)
        stack.callback(journal.close)
        stack.callback(connect(own.store.database, synced=False).close)  # else each run that ends folds the log in
        conditions = own._conditions(room.serving.backend())
        generation = _settled(journal, options, conditions, how)
        asked = digest_of([_decisive(options), conditions.model_dump(mode="json"), generation])
        twice = journal.list_items(items_of(manifest, key=subject_key(room.settings.config), by=how.by), asked)
        if how.retry_failed:
            journal.retry("failed", "partial")
        shelving = None
        if how.index is not None:
            shelving = Shelving(archive_of(room.settings, how.index))
            stack.callback(shelving.close)
            shelving.fill(journal)
        work = Work(own, options, folder, asked, journal.began)
        desk = _Desk(own, folder, journal, options, how, work, traffic, tell, shelving)
        desk.notes += _notes(journal, twice, unused(manifest))
        yield desk


def _notes(journal: Journal, twice: int, strange: tuple[str, ...]) -> list[str]:
    notes = [f"{twice} rows of the manifest stand there twice and count once."] if twice else []
    if strange:
        notes.append(f"Columns that are not used: {', '.join(strange)[:300]}.")
    if journal.lost:
        notes.append(f"The power went before the last {journal.lost} items were safe: they are done again.")
    return notes


def _decisive(options: Options) -> dict[str, object]:
    return options.model_dump(mode="json", exclude={"formats", "seconds"})


def _settled(journal: Journal, options: Options, now: Conditions, how: How) -> int:
    """The generation of the results from now on. Raises BadRequest where the cohort was begun otherwise."""
    generation = int(journal.about("generation") or 1)
    told = json.dumps({"options": _decisive(options), "conditions": now.model_dump(mode="json")}, sort_keys=True)
    held = journal.about("asked")
    if held not in (None, told):
        then = json.loads(str(held))
        changed = list(Conditions(**then["conditions"]).changed(now))
        if then["options"]["workflow"] != options.workflow:
            changed.append(f"the workflow is {options.workflow}, and was {then['options']['workflow']}")
        elif then["options"] != _decisive(options):
            changed.append("the words or options of the command have changed")
        if not how.new_generation:
            raise BadRequest(f"this cohort was begun otherwise: {'; '.join(changed)}",
                             do="Set it back, name another --out, or do all again with --new-generation.")  # fmt: skip
        generation += 1
        journal.tell("generation", str(generation))
        journal.tell("canary", "")
    journal.tell("asked", told)
    return generation
