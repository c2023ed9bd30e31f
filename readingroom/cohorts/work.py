"""One item from its files to its outcome: read within bounds, carried out, and every failure told as a row."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from readingroom.cohorts.deidentifying import deidentify
from readingroom.cohorts.item import Cost, Held, Item, Outcome
from readingroom.cohorts.options import Options
from readingroom.cohorts.tasks import (
    TASKS,
    CohortRoom,
    Errand,
    Made,
    Meter,
    subject_by_table,
    told_answer,
    told_reading,
)
from readingroom.domain.value import digest_of
from readingroom.errors import BadFile, BadRequest, BadStudy, NotAuthorised, ReadingRoomError, RecordError, ToolFailed
from readingroom.imaging.folder import list_folder, ordinary_size
from readingroom.imaging.limits import Limits
from readingroom.reading import Reading
from readingroom.workflows.batching import Batcher, Budget

MOST_HELD = 1 << 28
"""Bytes of decoded pixels at once; a larger study goes alone."""
SWELL = 4
"""Decoded bytes for one of a file, where that must be known before it is decoded."""
READERS = min(4, os.cpu_count() or 1)
"""Studies that are decoded at the same time; the caller keeps the DICOM library quiet around all of them."""

STOPPING = (NotAuthorised, RecordError)
"""What no other item could be done after; all else is one item's failure."""
AWAY = "Unavailable"
UNREAD = "deidentify"
"""It takes files one by one: those that make up no study, too."""


def key_of(item: Item, contents: object, options: str) -> str:
    """What a result is a function of; `options` is the digest of workflow, words and conditions."""
    return digest_of([options, contents, item.subject, item.study, item.words, item.about])


def contents_of(item: Item) -> list[list[str]]:
    """SHA-256 of every file, by role. Raises BadFile."""
    return [[_digest(path) for name in names for path in _files(Path(name))]
            for names in (item.paths, item.prior, item.lateral)]  # fmt: skip


def _files(path: Path) -> tuple[Path, ...]:
    return list_folder(path, Limits(), where=path.name).files if os.path.isdir(path) else (path,)


def _digest(path: Path) -> str:
    ordinary_size(path, Limits(), where=path.name)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise BadFile("there is no such file, or it cannot be read", where=path.name, do="Check the path.") from error


@dataclass
class Work:
    """Carries out items of one cohort in this process."""

    room: CohortRoom
    options: Options
    folder: Path
    asked: str
    """Digest of options and conditions: part of every key."""
    began: Callable[[str, str], None]
    """Told an item's id and the run that was begun for it."""
    batcher: Batcher = field(init=False)
    _reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READERS))
    _budget: Budget = field(default_factory=lambda: Budget(MOST_HELD))

    def __post_init__(self) -> None:
        self.batcher = Batcher(self.room.serving.backend())

    async def outcome(self, held: Held) -> Outcome:
        """What became of one item. Raises NotAuthorised and RecordError alone, and where it is cancelled."""
        clock, meter = time.perf_counter(), Meter()
        task = asyncio.create_task(self._done(held, meter))
        try:
            await asyncio.wait({task}, timeout=self.options.seconds)
        finally:
            if late := not task.done():
                task.cancel()
                await asyncio.wait({task})
        error = _late(self.options.seconds) if late or task.cancelled() else task.exception()
        if isinstance(error, STOPPING):
            raise error
        found = task.result() if error is None else _failed(held.item, error)
        cost = meter.cost.model_copy(update={"seconds": round(time.perf_counter() - clock, 3),
                                             "run": found.cost.run or meter.cost.run})  # fmt: skip
        return found.model_copy(update={"cost": cost})

    async def _done(self, held: Held, meter: Meter) -> Outcome:
        item = held.item
        subject_by_table.set(item.subject)
        if item.error:
            raise BadFile(item.error)
        errand = Errand(self.room, self.options, self.folder, item, self.batcher,
                        lambda run: self.began(item.id, run), meter)  # fmt: skip
        async with AsyncExitStack() as at_hand:
            async with self._reading:
                contents = await asyncio.to_thread(contents_of, item)
                key = key_of(item, contents, self.asked)
                if held.key and held.key == key:
                    return Outcome(id=item.id, status="done", key=key, same=True)
                study = None
                if not held.run and self.options.workflow != UNREAD:
                    study = await asyncio.to_thread(self.room.read, item.paths, prior=item.prior, lateral=item.lateral)
                    await at_hand.enter_async_context(
                        self._budget.of(sum(image.pixels.nbytes for image in study.images))
                    )
            if self.options.workflow == UNREAD:
                made = await deidentify(errand)
            elif study is not None:
                made = await TASKS[self.options.workflow](errand, study)
            elif (gone_on := await self._gone_on(errand, held.run)) is not None:
                made = gone_on
            else:
                return await self._done(held.model_copy(update={"run": ""}), meter)
        row = {**made.row, "contents_sha256": digest_of(contents), "key": key}
        return Outcome(id=item.id, status="partial" if made.partial else "done", reason=made.partial,
                       error=self._why(made.run) if made.partial else "", key=key, row=row, findings=made.findings,
                       vectors=made.vectors, cost=Cost(run=made.run))  # fmt: skip

    async def _gone_on(self, errand: Errand, run: str) -> Made | None:
        """From where a run was killed; None where it cannot go on and is to be done anew."""
        async with self._budget.of(SWELL * errand.item.size):
            try:
                return await self._finished(errand, run)
            except (BadRequest, RecordError):  # its record or its files are not what they were
                return None

    async def _finished(self, errand: Errand, run: str) -> Made | None:
        room, item = self.room, errand.item
        status = room.store.run(run).status
        if status == "done" and self.options.workflow != "classify":
            read = {"source": item.paths, "prior": item.prior or None, "lateral": item.lateral or None}
            return await told_reading(errand, await asyncio.to_thread(room.reading, run, **read))
        if status not in ("running", "interrupted"):
            return None
        made = await room.resume(run, errand.meter.listen)
        return await told_reading(errand, made) if isinstance(made, Reading) else told_answer(made)

    def _why(self, run: str) -> str:
        """The kind of error that left a report without one of its tools: being away first of all, for it passes."""
        raised = [event.said.get("raised") for event in self.room.store.history(run).events if event.kind == "result"]
        kinds = sorted({one["type"] for one in raised if one})
        return AWAY if AWAY in kinds else next(iter(kinds), "ToolFailed")


def _late(seconds: float) -> ToolFailed:
    return ToolFailed(f"it took longer than {seconds:g} s", do="Try again with --retry-failed.")


def _failed(item: Item, error: BaseException) -> Outcome:
    """A fault of this program fails its item alone; only its kind is told, for its words may hold what was read."""
    fault = f"a fault of this program ({type(error).__name__})"
    reason = _unnamed(item, error).line() if isinstance(error, ReadingRoomError) else fault
    return Outcome(id=item.id, status="failed", reason=reason, error=type(error).__name__)


def _unnamed(item: Item, error: ReadingRoomError) -> ReadingRoomError:
    """Which file it was by its number in paths.parquet: names of files may be names of patients."""
    if not isinstance(error, BadFile | BadStudy):
        return error
    names = [Path(name).name for name in (*item.paths, *item.prior, *item.lateral)]
    place = f"file {names.index(error.where) + 1} of {len(names)}" if len(names) > 1 and error.where in names else ""
    return type(error)(error.what, where=place, do=error.do)
