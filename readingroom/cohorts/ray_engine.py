"""Items carried out by workers of a Ray cluster: the same code, results and record as in this process.

Ray starts the workers, tells when one has died, and carries what is said between them and this process, which alone
keeps the journal and decides what is done next.
"""

from __future__ import annotations

import asyncio
import logging
import os
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from readingroom import errors
from readingroom.cohorts.item import Held, Outcome
from readingroom.cohorts.ray_shards import DATABASE, SHARDS, adopt, rows_of
from readingroom.cohorts.ray_shares import places
from readingroom.cohorts.ray_worker import Told, Worker, outcome_of
from readingroom.cohorts.tasks import RECORD
from readingroom.cohorts.traffic import DOOR
from readingroom.cohorts.work import Work
from readingroom.domain.value import digest_of
from readingroom.errors import BadRequest, NotServed, ReadingRoomError, Unavailable
from readingroom.later import Later
from readingroom.room import ReadingRoom
from readingroom.settings import Settings, subject_key

ray: Any = Later("ray")
"""An extra."""

START_SECONDS = 300.0
"""Without any worker, until the cohort is stopped."""
DEATHS = 3
"""Workers that may die while they are at one item; then it has failed."""
LETTING_GO = 80
"""Looks, a quarter of a second apart, whether a dead worker's lock is free."""
DIED = "WorkerDied"


@dataclass(eq=False)
class _Waiting:
    """Items to be given out; those of workers that died go first."""

    items: Iterator[Held]
    back: deque[Held] = field(default_factory=deque)
    flying: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self) -> Held | None:
        """None when every item has ended."""
        while True:
            held = self.back.popleft() if self.back else next(self.items, None)
            if held is not None:
                self.flying += 1
                return held
            if not self.flying:
                return None
            self.changed.clear()
            await self.changed.wait()

    def landed(self, again: Held | None = None) -> None:
        """An item has ended, or is to be done again."""
        self.flying -= 1
        if again is not None:
            self.back.append(again)
        self.changed.set()


@dataclass(eq=False)
class _Hired:
    """One worker, at work or being started."""

    actor: Any
    shard: Path
    begun: asyncio.Future[Any]
    ready: bool = False
    items: dict[str, Held] = field(default_factory=dict)
    """Those it is at."""


class RayEngine:
    """Workers, each with its share of the endpoints; one that dies is replaced where the cluster has room."""

    def __init__(
        self, work: Work, at_once: int, *, address: str | None = None,
        make: Callable[[Settings], ReadingRoom] = ReadingRoom,
    ) -> None:  # fmt: skip
        """Joins the cluster at `address`, or starts one on this machine. Raises Unavailable."""
        self._work, self._make = work, make
        self._ours = not ray.is_initialized()
        if self._ours:
            self._join(address)
        cores = int(ray.cluster_resources().get("CPU", 1))
        self._workers = places(work.room.settings, min(max(1, cores), at_once))
        self._each = -(-at_once // self._workers)
        self._key = subject_key(work.room.settings.config)
        self._record = work.folder / RECORD
        self._conditions = digest_of(work.room._conditions(work.room.serving.backend()).model_dump(mode="json"))
        self._hired: dict[int, _Hired] = {}
        self._deaths: Counter[str] = Counter()
        self._take_over()

    def _join(self, address: str | None) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            ray.init(address=address, include_dashboard=None if address else False, log_to_driver=False,
                           logging_level=logging.ERROR)  # fmt: skip
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise Unavailable("the Ray cluster cannot be joined", where=address or "this machine",
                              do="Check --address, and that Ray has the same version there.") from error  # fmt: skip

    def _take_over(self) -> None:
        """What workers of an earlier session left, whose own process was killed."""
        for shard in sorted((self._work.folder / SHARDS).glob("*")):
            for item, run in adopt(shard, self._record).items():
                self._work.began(item, run)

    async def carry_out(self, items: Iterator[Held], ended: Callable[[Outcome], None]) -> None:
        """As the protocol says."""
        waiting = _Waiting(items)
        lanes = {asyncio.create_task(self._lane(number, waiting, ended)) for number in range(self._workers)}
        try:
            done, _ = await asyncio.wait(lanes, return_when=asyncio.FIRST_COMPLETED)  # one ends when every item has
            for lane in done:
                lane.result()
        finally:
            await _cancelled(lanes)

    async def aclose(self) -> None:
        """Workers end, and their parts of the record become one."""
        try:
            for hired in self._hired.values():
                if hired.ready:
                    await asyncio.wait({_awaited(hired.actor.end.remote())}, timeout=10)
                await self._taken_over(hired)
            with suppress(OSError):  # not empty where a worker would not die: the next session takes its part over
                (self._work.folder / SHARDS).rmdir()
        finally:
            if self._ours:
                ray.shutdown()

    async def _lane(self, number: int, waiting: _Waiting, ended: Callable[[Outcome], None]) -> None:
        """One worker after the other in the same place."""
        while True:
            hired = await self._at_work(number)
            tasks = [asyncio.create_task(self._serve(hired, waiting, ended)) for _ in range(self._each)]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                alive = all(task.result() for task in done)
            finally:
                await _cancelled(tasks)
            if alive:
                return
            del self._hired[number]
            began = await self._taken_over(hired)
            await self._deal()
            for held in hired.items.values():
                self._give_back(held, began.get(held.item.id, held.run), waiting, ended)

    async def _serve(self, hired: _Hired, waiting: _Waiting, ended: Callable[[Outcome], None]) -> bool:
        """True when every item has ended, False when the worker is gone."""
        while (held := await waiting.next()) is not None:
            hired.items[held.item.id] = held
            rows = rows_of(self._record / DATABASE, held.run) if held.run else None
            try:
                reply = await _awaited(hired.actor.outcome.remote(held.model_dump_json(), rows))
            except ray.exceptions.RayActorError:
                return False
            except ray.exceptions.RayError as error:
                raise Unavailable("a worker of the cluster failed", do="See Ray's own logs.") from error
            _raise_stopped(reply)
            _tell(reply)
            del hired.items[held.item.id]
            ended(outcome_of(reply))
            waiting.landed()
        return True

    def _give_back(self, held: Held, run: str, waiting: _Waiting, ended: Callable[[Outcome], None]) -> None:
        self._deaths[held.item.id] += 1
        if self._deaths[held.item.id] < DEATHS:
            self._work.began(held.item.id, run)
            waiting.landed(held.model_copy(update={"run": run}))
            return
        reason = f"{DEATHS} workers died while they were at it"
        ended(Outcome(id=held.item.id, status="failed", reason=reason, error=DIED))
        waiting.landed()

    async def _at_work(self, number: int) -> _Hired:
        """The worker of a place, begun. Raises Unavailable where none comes, BadRequest for a strange one."""
        while True:
            hired = self._hired.get(number) or self._hire(number)
            if hired.ready:
                return hired
            await asyncio.wait({hired.begun}, timeout=START_SECONDS)
            if not hired.begun.done():
                if not any(one.ready for one in self._hired.values()):
                    raise Unavailable("no worker of the cluster could be started", do="Give the cluster a free CPU.")
                continue
            try:
                reply = hired.begun.result()
            except ray.exceptions.RayActorError:
                del self._hired[number]
                self._deaths[f"worker {number}"] += 1
                if self._deaths[f"worker {number}"] == DEATHS:
                    raise Unavailable("workers of the cluster die when they begin",
                                      do="Install the same readingroom on every machine.") from None  # fmt: skip
                continue
            except ray.exceptions.RayError as error:
                raise Unavailable("a worker of the cluster cannot begin",
                                  do="Install the same readingroom on every machine.") from error  # fmt: skip
            _raise_stopped(reply)
            if reply["conditions"] != self._conditions:
                raise BadRequest("a worker of the cluster has another version, words or settings",
                                 do="Install the same readingroom on every machine.")  # fmt: skip
            hired.ready = True
            await self._deal()

    async def _deal(self) -> None:
        """Every worker its share of the endpoints; one that has died meanwhile is told when its items fail."""
        ready = [hired for hired in self._hired.values() if hired.ready]
        told = [_awaited(one.actor.share.remote(part, len(ready))) for part, one in enumerate(ready)]
        for found in await asyncio.gather(*told, return_exceptions=True):
            if isinstance(found, BaseException) and not isinstance(found, ray.exceptions.RayActorError):
                raise found

    def _hire(self, number: int) -> _Hired:
        work = self._work
        shard = work.folder / SHARDS / f"{number}-{uuid.uuid4().hex[:8]}"
        shard.mkdir(parents=True, mode=0o700)
        actor = ray.remote(Worker).options(num_cpus=1, max_concurrency=self._each + 2).remote()
        told = Told(
            work.room.settings,
            self._key,
            work.options,
            work.folder.absolute(),
            shard.absolute(),
            work.asked,
            self._make,
        )
        hired = self._hired[number] = _Hired(actor, shard, _awaited(actor.begin.remote(told)))
        return hired

    async def _taken_over(self, hired: _Hired) -> dict[str, str]:
        """What it left; empty where it will not die, and then its part is taken over by the next session."""
        hired.begun.cancel()
        ray.kill(hired.actor, no_restart=True)
        for _ in range(LETTING_GO):
            try:
                return adopt(hired.shard, self._record)
            except BadRequest:
                await asyncio.sleep(0.25)
        return {}


async def _cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _awaited(reference: Any) -> asyncio.Future[Any]:
    return asyncio.wrap_future(reference.future())


def ray_at(address: str | None) -> Callable[[Work, int], RayEngine]:
    """What makes the engine of a cohort; None: a cluster of this machine alone. Raises NotServed without Ray."""
    try:
        _ = ray.remote
    except ImportError as error:
        raise NotServed("the Ray engine needs Ray", do="pip install 'readingroom[ray]'") from error
    return partial(RayEngine, address=address)


def _raise_stopped(reply: dict[str, Any]) -> None:
    """What a worker says that nothing can be done after, raised here."""
    if "stopped" in reply:
        found = getattr(errors, str(reply["stopped"]), ReadingRoomError)
        raise found(reply["what"], where=reply["where"], do=reply["do"])


def _tell(reply: dict[str, Any]) -> None:
    """Answers that a worker got, told at the door where those of this process are counted."""
    size = reply["bytes"]
    for status, count in reply["statuses"].items():
        for _ in range(count):
            DOOR.debug("%s: answered %d with %d bytes", "a worker", int(status), size)
            size = 0
