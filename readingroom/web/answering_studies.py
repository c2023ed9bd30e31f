"""Studies over HTTP: given, listed, looked at plane by plane."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from readingroom.domain.evidence import Evidence
from readingroom.errors import BadFile, BadRequest
from readingroom.settings import subject_key
from readingroom.web.answering_runs import may_see
from readingroom.web.arrival import Arrived, arrived
from readingroom.web.deidentifying import deidentified
from readingroom.web.house import House, house_of, number_in, session_of
from readingroom.web.overlays import overlays_of
from readingroom.web.pixels import Axis, plane_of, thumbnail
from readingroom.web.refusals import NotHere, TooMuch
from readingroom.web.studies import Kept, in_their_words
from readingroom.web.unpacking import unpacked
from readingroom.web.views import StudyView

IMMUTABLE = "private, max-age=31536000, immutable"
"""The pixels of an image of a study never change."""
AXES: dict[str, Axis] = {"stored": "stored", "axial": "axial", "coronal": "coronal", "sagittal": "sagittal"}


def _json(view: StudyView, status: int = 200) -> Response:
    return Response(view.model_dump_json(), status, media_type="application/json")


def _view(house: House, kept: Kept) -> StudyView:
    return house.studies.view(kept, house.conversations.of_study(kept))


async def listed(request: Request) -> Response:
    house = house_of(request)
    kept = house.studies.of(session_of(request))
    return JSONResponse(
        [house.studies.line(one, house.conversations.of_study(one)).model_dump(mode="json") for one in kept]
    )


async def shown(request: Request) -> Response:
    house = house_of(request)
    kept = house.studies.one(session_of(request), request.path_params["study"])
    return _json(await asyncio.to_thread(_view, house, kept))


async def given(request: Request) -> Response:
    """Files of a new study."""
    house, session = house_of(request), session_of(request)

    def read(folder: Path, came: Arrived) -> StudyView:
        if not came.files.get("current"):
            raise BadRequest("no image came", do="Send at least one file.")
        return _view(house, house.studies.add(session, folder, came))

    return _json(await _received(request, house.studies.new_folder(session), read), 201)


async def given_priors(request: Request) -> Response:
    """Files of an earlier study of the same patient."""
    house = house_of(request)
    kept = house.studies.one(session_of(request), request.path_params["study"])
    house.conversations.idle(kept)

    def read(folder: Path, came: Arrived) -> StudyView:
        if not came.count:
            raise BadRequest("no image came", do="Send at least one file.")
        changed = house.studies.add_priors(kept, folder, came)
        house.conversations.with_priors(changed, changed.way.prior[len(kept.way.prior) :])
        return _view(house, changed)

    return _json(await _received(request, house.studies.new_prior_folder(kept), read))


async def _received(request: Request, folder: Path, read: Callable[[Path, Arrived], StudyView]) -> StudyView:
    """The files of a request, written, unpacked, freed of names where asked, and read; nothing stays where it fails."""
    house = house_of(request)
    try:
        allowed = house.studies.allowance(session_of(request))
        told = request.headers.get("content-length", "0")
        if told.isdigit() and int(told) > house.limits.upload_bytes + house.limits.json_bytes:
            raise TooMuch(f"more than {house.limits.upload_bytes >> 20} MiB of files", do="Give fewer.")
        content_type = request.headers.get("content-type", "")
        came = await arrived(request.stream(), content_type, folder, house.limits, allowed)

        def opened() -> StudyView:
            found = unpacked(came, house.limits, allowed)
            if found.fields.get("deidentify") == "1":
                key = subject_key(house.settings.config)
                try:
                    found.files = {role: deidentified(paths, key) for role, paths in found.files.items()}
                except BadFile as error:
                    raise in_their_words(error) from error
            return read(folder, found)

        return await asyncio.to_thread(opened)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


async def demonstrated(request: Request) -> Response:
    house, session = house_of(request), session_of(request)
    kept = await asyncio.to_thread(house.studies.add_demo, session)
    return _json(await asyncio.to_thread(_view, house, kept), 201)


async def removed(request: Request) -> Response:
    house, session = house_of(request), session_of(request)
    kept = house.studies.one(session, request.path_params["study"])
    house.conversations.idle(kept)
    house.conversations.forget(kept)
    await asyncio.to_thread(house.studies.remove, session, kept.id)
    return Response(status_code=204)


def _axis(request: Request) -> Axis:
    named = request.query_params.get("axis", "stored")
    if named not in AXES:
        raise BadRequest(f"there is no axis {named[:20]!r}", do=f"Choose {', '.join(AXES)}.")
    return AXES[named]


async def pixels(request: Request) -> Response:
    house, axis, index = house_of(request), _axis(request), number_in(request, "plane", 0)
    kept = house.studies.one(session_of(request), request.path_params["study"])

    def cut() -> Response:
        image = house.studies.image(kept, request.path_params["image"])
        plane = plane_of(image, axis, index, house.studies.facts(kept, image).type)
        headers = {
            "x-rows": str(plane.rows), "x-columns": str(plane.columns), "x-type": plane.type,
            "cache-control": IMMUTABLE,
        }  # fmt: skip
        return Response(plane.data, headers=headers, media_type="application/octet-stream")

    return await asyncio.to_thread(cut)


async def small(request: Request) -> Response:
    house = house_of(request)
    kept = house.studies.one(session_of(request), request.path_params["study"])

    def made() -> bytes:
        return thumbnail(house.studies.image(kept, request.path_params["image"]))

    content = await asyncio.to_thread(made)
    return Response(content, media_type="image/png", headers={"cache-control": IMMUTABLE})


async def outlines(request: Request) -> Response:
    """Of a chat's evidence, or of a run's report."""
    house, axis, index = house_of(request), _axis(request), number_in(request, "plane", 0)
    query = request.query_params
    kept = house.studies.one(session_of(request), query.get("study", ""))
    evidence = await _evidence(request)

    def drawn() -> list[dict[str, Any]]:
        image = house.studies.image(kept, query.get("image", ""))
        found = overlays_of(evidence, image, axis, index, house.masks.get)
        return [one.model_dump(mode="json") for one in found]

    return JSONResponse(await asyncio.to_thread(drawn))


async def _evidence(request: Request) -> tuple[Evidence, ...]:
    house, session, query = house_of(request), session_of(request), request.query_params
    if "chat" in query:
        found = await asyncio.to_thread(house.conversations.one, session, query["chat"])
        return await house.conversations.evidence(found)
    if "run" in query:
        run = await may_see(request, query["run"])
        return (await asyncio.to_thread(house.room.report, run.id)).evidence
    raise NotHere("neither a chat nor a run is named", do="Give chat= or run=.")
