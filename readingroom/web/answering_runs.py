"""Runs over HTTP: listed, told again, compared, their reports edited under the checker's eye and exported."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.runs.run import Run
from readingroom.web.answers import RunView
from readingroom.web.edits import Draft, EditedSentence, held, source_of
from readingroom.web.exporting import exported
from readingroom.web.house import House, body_of, house_of, number_in, session_of
from readingroom.web.refusals import NotHere

MOST_LISTED = 500


class Sentences(Value):
    """What the editor holds now."""

    sentences: tuple[Draft, ...] = Field(max_length=500)


class NewVersion(Value):
    based_on: int = Field(ge=0)
    """The newest version, which was edited; 0 is the draft."""
    sentences: tuple[EditedSentence, ...] = Field(max_length=500)


async def may_see(request: Request, name: str) -> Run:
    """A run by its whole id: of this session's chats, or any of the home for its owner. Raises NotHere."""
    house, session = house_of(request), session_of(request)
    mine = session.owner or name in await house.conversations.runs(session)
    try:
        found = await asyncio.to_thread(house.room.store.run, name) if mine and name else None
    except BadRequest:
        found = None
    if found is None or found.id != name:
        raise NotHere("there is no such run here", do="GET /api/v1/runs lists them.")
    return found


async def _named(request: Request, part: str = "run") -> Run:
    return await may_see(request, request.path_params[part])


def _json(value: Value, status: int = 200) -> Response:
    return Response(value.model_dump_json(), status, media_type="application/json")


def _many(values: Any) -> Response:
    return JSONResponse([value.model_dump(mode="json") for value in values])


async def listed(request: Request) -> Response:
    house, session = house_of(request), session_of(request)
    limit = min(MOST_LISTED, number_in(request, "limit", 50))
    if session.owner:
        return _many(await asyncio.to_thread(house.room.runs, limit))
    mine = await house.conversations.runs(session)
    return _many([await asyncio.to_thread(house.room.store.run, name) for name in sorted(mine, reverse=True)[:limit]])


async def shown(request: Request) -> Response:
    house, run = house_of(request), await _named(request)
    steps = await asyncio.to_thread(house.room.store.steps, run.id)
    return _json(RunView(run=run, steps=steps))


async def report(request: Request) -> Response:
    house, run = house_of(request), await _named(request)
    return _json(await asyncio.to_thread(_report, house, run))


def _report(house: House, run: Run) -> Any:
    found = house.room.show(run.id)[2]
    if found is None:
        raise NotHere(f"run {run.id} has no report", do="Name a run that drafted one.")
    return found


async def _reported(request: Request) -> Run:
    """A run that has a report."""
    run = await _named(request)
    await asyncio.to_thread(_report, house_of(request), run)
    return run


async def compared(request: Request) -> Response:
    house, first, second = house_of(request), await _named(request, "first"), await _named(request, "second")
    return _json(await asyncio.to_thread(house.room.diff, first.id, second.id))


async def replayed(request: Request) -> Response:
    """In a loop of its own: it takes as long as the reading's own arithmetic."""
    house, run = house_of(request), await _named(request)
    told = await asyncio.to_thread(lambda: asyncio.run(house.room.replay(run.id)))
    return JSONResponse({**told.model_dump(mode="json"), "identical": told.identical})


async def verified(request: Request) -> Response:
    house, run = house_of(request), await _named(request)
    found = await asyncio.to_thread(house.room.verify_run, run.id)
    return JSONResponse({**found.model_dump(mode="json"), "intact": found.intact})


async def checked(request: Request) -> Response:
    """The editor's text against the run's evidence; nothing is kept."""
    house, run = house_of(request), await _reported(request)
    given = await body_of(request, Sentences)
    return _json(await asyncio.to_thread(lambda: held(source_of(house.room.store, run.id), given.sentences)))


async def versions(request: Request) -> Response:
    house, run = house_of(request), await _reported(request)
    return _many(await asyncio.to_thread(house.versions.lines, run.id))


async def version(request: Request) -> Response:
    house, run = house_of(request), await _reported(request)
    return _json(await asyncio.to_thread(house.versions.one, run.id, number_in(request, "version")))


async def added(request: Request) -> Response:
    house, run = house_of(request), await _reported(request)
    given = await body_of(request, NewVersion)
    return _json(await asyncio.to_thread(house.versions.add, run.id, given.based_on, given.sentences), 201)


async def changed(request: Request) -> Response:
    house, run = house_of(request), await _reported(request)
    first, second = number_in(request, "first"), number_in(request, "second")
    return _many(await asyncio.to_thread(house.versions.diff, run.id, first, second))


async def written(request: Request) -> Response:
    """A file of the report, or of one of its versions; with `study` its pictures are in it."""
    house, run = house_of(request), await _reported(request)
    study = request.query_params.get("study")
    kept = house.studies.one(session_of(request), study) if study else None
    number = number_in(request, "version", 0)
    name, content, kind = await asyncio.to_thread(exported, house, run.id, request.path_params["format"], kept, number)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=kind)
