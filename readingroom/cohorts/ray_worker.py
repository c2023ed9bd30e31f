"""What runs on another machine: one worker, which carries out items as the embedded engine does."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readingroom.cohorts.item import Held, Outcome
from readingroom.cohorts.lease import leased
from readingroom.cohorts.options import Options
from readingroom.cohorts.ray_shards import DATABASE, Rows, share_files, take, tell_began
from readingroom.cohorts.tasks import RECORD, CohortRoom
from readingroom.cohorts.traffic import Traffic, counted
from readingroom.cohorts.work import STOPPING, Work
from readingroom.domain.value import digest_of
from readingroom.errors import ReadingRoomError
from readingroom.imaging.dicom import quiet
from readingroom.room import ReadingRoom
from readingroom.settings import Settings

KEY_FILE = "subject.key"


@dataclass(frozen=True)
class Told:
    """All that a worker must know, sent to its memory alone: it is in no argument of a process and in no log."""

    settings: Settings = field(repr=False)
    """Keys in them."""
    key: bytes = field(repr=False)
    """Of pseudonyms: one patient is called the same by every worker."""
    options: Options
    folder: Path
    """The cohort's, at the same path on every machine."""
    shard: Path
    """This worker's part of the record, below it."""
    asked: str
    make: Callable[[Settings], ReadingRoom] = field(default=ReadingRoom, repr=False)
    """How a room is made of settings."""


class Worker:
    """Begun once, then asked for outcomes, several at a time."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._work: Work | None = None
        self._traffic = Traffic()
        self._told: Counter[int] = Counter()
        self._bytes = 0

    async def begin(self, told: Told) -> dict[str, Any]:
        """The digest of the conditions under which it works, or what keeps it from working."""
        try:
            return {"conditions": self._begun(told)}
        except ReadingRoomError as error:
            return stopped(error)

    def _begun(self, told: Told) -> str:
        self._open.enter_context(leased(told.shard))
        self._open.enter_context(quiet())
        self._traffic = self._open.enter_context(counted())
        config = told.shard / "config"
        config.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(config / KEY_FILE, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(told.key)
        room = told.make(told.settings.model_copy(update={"home": told.shard / "home", "config": config}))
        own = CohortRoom(room, told.shard)
        share_files(own.store, told.folder)
        work = Work(own, told.options, told.folder, told.asked, lambda item, run: tell_began(told.shard, item, run))
        self._work = work
        self._batching = asyncio.get_running_loop().create_task(work.batcher.serve())
        self._database = told.shard / RECORD / DATABASE
        return digest_of(own._conditions(room.serving.backend()).model_dump(mode="json"))

    async def share(self, part: int, parts: int) -> None:
        """Of what endpoints admit, from now on."""
        if self._work is not None:
            self._work.room.serving.share(part, parts)

    async def outcome(self, held: str, rows: Rows | None) -> dict[str, Any]:
        """What became of one item, as JSON, with the answers of endpoints since the last one; or what stops all.

        `rows`: of the run that another worker began for it.
        """
        if self._work is None:
            raise RuntimeError("it was not begun")
        try:
            if rows:
                take(self._database, rows)
            found = await self._work.outcome(Held.model_validate_json(held))
        except STOPPING as error:
            return stopped(error)
        return {"outcome": found.model_dump_json(), **self._answers()}

    def _answers(self) -> dict[str, Any]:
        new = self._traffic.statuses - self._told
        size = self._traffic.bytes_in - self._bytes
        self._told, self._bytes = self._traffic.statuses.copy(), self._traffic.bytes_in
        return {"statuses": {str(status): count for status, count in new.items()}, "bytes": size}

    async def end(self) -> None:
        """Everything closed, so that its part of the record can be taken over."""
        if self._work is not None:
            self._batching.cancel()
            await self._work.room.serving.aclose()
        self._open.close()


def stopped(error: ReadingRoomError) -> dict[str, Any]:
    """An error as plain data: the class by its name, and its words."""
    return {"stopped": type(error).__name__, "what": error.what, "where": error.where, "do": error.do}


def outcome_of(reply: dict[str, Any]) -> Outcome:
    """Of a reply that holds one."""
    return Outcome.model_validate(json.loads(reply["outcome"]))
