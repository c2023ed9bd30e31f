"""What stands behind the tools: one room, one workspace, and the runs that were made at this desk."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from readingroom.domain.report import Report
from readingroom.errors import BadRequest
from readingroom.exports.drawn import drawn
from readingroom.indexing import search
from readingroom.mcp_server import requests, results
from readingroom.mcp_server.workspace import StudyLine, Workspace
from readingroom.questions import ask_room, explain_run
from readingroom.room import Listener, ReadingRoom
from readingroom.runs.run import Step

AT_ONCE = 2
"""Studies read at the same time; more wait."""
MOST_RUNS = 1_000
"""Of whose images it is remembered where they are."""


class Where(NamedTuple):
    """The studies of a run."""

    study: str
    prior: str | None = None
    lateral: str | None = None


@dataclass(frozen=True)
class _Paths:
    current: tuple[Path, ...]
    prior: tuple[Path, ...] | None
    lateral: tuple[Path, ...] | None


class Desk:
    """Answers the calls of one server. Errors are those of the room, in the same words."""

    def __init__(self, room: ReadingRoom, workspace: Workspace) -> None:
        self.room, self.workspace = room, workspace
        self._places = asyncio.Semaphore(AT_ONCE)
        self._runs: OrderedDict[str, Where] = OrderedDict()

    async def list_studies(self, asked: requests.ListStudies, listen: Listener) -> results.Studies:
        del asked, listen
        return results.Studies(studies=await self.studies())

    async def studies(self) -> tuple[StudyLine, ...]:
        """Those of the workspace."""
        return await asyncio.to_thread(self.workspace.studies)

    async def open_study(self, asked: requests.OpenStudy, listen: Listener) -> results.Opened:
        del listen
        paths = await self._paths(Where(asked.study))
        async with self._places:
            study = await asyncio.to_thread(self.room.read, paths.current)
        images = tuple(image.ref for image in study.images)
        return results.Opened(study=asked.study, subject=study.subject, images=images, notes=study.notes)

    async def segment(self, asked: requests.Segment | requests.Measure, listen: Listener) -> results.Found:
        where = Where(asked.study)
        report = await self._drafted(where, listen, workflow="segment_and_measure", targets=asked.targets)
        return results.found_of(report)

    async def draft(self, asked: requests.Draft, listen: Listener) -> results.Told:
        where = Where(asked.study, asked.prior, asked.lateral)
        words = asked.model_dump(include={"indication", "targets", "template", "language"})
        return results.told_of_report(await self._drafted(where, listen, **words))

    async def ask(self, asked: requests.Ask, listen: Listener) -> results.Told:
        where = Where(asked.study, asked.prior)
        paths = await self._paths(where)
        async with self._places:
            reply = await ask_room(self.room, asked.question, paths.current, prior=paths.prior, listen=listen)
        self._remember(reply.answer.run, where)
        return results.told_of_answer(reply.answer)

    async def classify(self, asked: requests.Classify, listen: Listener) -> results.Labels:
        paths, runs = await self._paths(Where(asked.study)), [""]

        def heard(step: Step) -> None:
            runs.append(step.run)
            listen(step)

        async with self._places:
            found = await self.room.classify(paths.current, asked.labels, heard, label_set=asked.label_set)
        return results.Labels(
            run=runs[-1],
            label=found.label,
            scores=tuple(one.model_dump(mode="json") for one in found.scores),
            calibrated=found.calibrated,
            reason=found.reason,
            model=found.model,
        )

    async def search(self, asked: requests.Search, listen: Listener) -> results.Neighbours:
        del listen
        paths = (await self._paths(Where(asked.study))).current if asked.study else None
        async with self._places:
            found = await search(self.room, paths, text=asked.text, k=asked.k)
        near = tuple({"id": hit.id, "similarity": round(hit.similarity, 4), "about": hit.metadata}
                     for hit in found.neighbours)  # fmt: skip
        return results.Neighbours(query=found.query, held=found.held, model=found.space.title, neighbours=near)

    async def verify(self, asked: requests.Verify, listen: Listener) -> results.Told:
        del listen
        found = await asyncio.to_thread(self.room.verify, asked.text, asked.run, where="the text")
        return results.told_of_check(found.run, found.verification)

    async def explain(self, asked: requests.Explain, listen: Listener) -> results.Told:
        del listen
        report = await asyncio.to_thread(self.room.report, asked.run)
        return results.told_of_answer(explain_run(asked.question, report))

    async def picture(self, run: str, evidence: str) -> bytes:
        """PNG of the image on which an evidence lies, its outline drawn.

        Raises BadRequest for a run or an evidence that is not there, or whose images were not named at this desk.
        """
        if run not in self._runs:
            raise BadRequest(f"the images of run {run} are not at hand", do="Run it again here.")
        paths = await self._paths(self._runs[run])
        async with self._places:
            return await asyncio.to_thread(self._drawn, run, evidence, paths)

    def _drawn(self, run: str, evidence: str, paths: _Paths) -> bytes:
        reading = self.room.reading(run, paths.current, prior=paths.prior, lateral=paths.lateral)
        for figure in reading.figures:
            shown = tuple(one for one in figure.overlays if evidence in one.evidence)
            if shown:
                return drawn(replace(figure, overlays=shown), {name: 0 for one in shown for name in one.evidence})
        raise BadRequest(f"evidence {evidence[:20]} has no place in an image", do="Name one that was outlined.")

    async def _drafted(self, where: Where, listen: Listener, **words: Any) -> Report:
        paths = await self._paths(where)
        async with self._places:
            reading = await self.room.draft(
                paths.current, prior=paths.prior, lateral=paths.lateral, listen=listen, **words
            )
        self._remember(reading.run, where)
        return reading.report

    async def _paths(self, where: Where) -> _Paths:
        def found() -> _Paths:
            prior, lateral = (self.workspace.paths(one) if one else None for one in where[1:])
            return _Paths(self.workspace.paths(where.study), prior, lateral)

        return await asyncio.to_thread(found)

    def _remember(self, run: str, where: Where) -> None:
        self._runs[run] = where
        while len(self._runs) > MOST_RUNS:
            self._runs.popitem(last=False)

    def reports(self, limit: int = 20) -> Sequence[str]:
        """The latest runs that drafted one, newest first."""
        return [run.id for run in self.room.runs(limit) if self.room.show(run.id)[2] is not None]

    def without_places(self, line: str) -> str:
        """An error as it may leave this machine: where things are kept here is nobody's."""
        for place in (self.workspace.folder, self.room.settings.home, self.room.settings.config, Path.home()):
            line = line.replace(str(place), place.name or "/")
        return line
