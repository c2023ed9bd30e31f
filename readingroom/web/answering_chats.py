"""Chats over HTTP: begun, asked, approved, stopped, and heard as a stream of numbered events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from readingroom.domain.value import Value
from readingroom.web.conversations import REMOVED, Conversation
from readingroom.web.event_log import Heard
from readingroom.web.house import House, body_of, house_of, number_in, session_of
from readingroom.web.refusals import TooMuch
from readingroom.web.turns import Asking
from readingroom.workflows.approval import Approval

BEAT = 15.0
"""Seconds between comment lines where nothing happens, so that nobody on the way takes the stream for dead."""
DRAFT = "Draft a report."


class AboutStudy(Value):
    """A chat is begun about one study."""

    study: str


class Question(Value):
    question: str = Field(min_length=1, max_length=20_000)
    approve: bool = False
    """Show the plan and wait for a word."""


class DraftWords(Value):
    """The words that come with a draft."""

    indication: str | None = Field(default=None, max_length=20_000)
    template: str | None = Field(default=None, max_length=64)
    language: str = Field(default="en", pattern="^[a-z]{2}$")
    targets: tuple[str, ...] = Field(default=(), max_length=64)
    categories: tuple[str, ...] = Field(default=(), max_length=8)


class DraftAsked(Value):
    study: str
    words: DraftWords = DraftWords()
    chat: str | None = None
    """One about the study; a new one where none is named."""
    approve: bool = False


class Word(Value):
    """The word on a plan."""

    turn: int
    approved: bool
    dropped: tuple[str, ...] = ()


async def _chat(request: Request) -> Conversation:
    conversations, session, name = house_of(request).conversations, session_of(request), request.path_params["chat"]
    if conversations.knows(name):
        return conversations.one(session, name)
    return await asyncio.to_thread(conversations.one, session, name)


async def _view(house: House, found: Conversation, status: int = 200) -> Response:
    return JSONResponse(await house.conversations.view(found), status)


async def listed(request: Request) -> Response:
    house = house_of(request)
    return JSONResponse(await asyncio.to_thread(house.conversations.lines, session_of(request)))


async def begun(request: Request) -> Response:
    house, asked = house_of(request), await body_of(request, AboutStudy)
    session = session_of(request)
    kept = house.studies.one(session, asked.study)
    return await _view(house, await asyncio.to_thread(house.conversations.begin, session, kept), 201)


async def shown(request: Request) -> Response:
    return await _view(house_of(request), await _chat(request))


async def asked(request: Request) -> Response:
    house, found = house_of(request), await _chat(request)
    given = await body_of(request, Question)
    asking = Asking(given.question, given.approve)
    number = await asyncio.to_thread(house.conversations.ask, found, asking)
    return JSONResponse({"number": number}, 202)


async def drafted(request: Request) -> Response:
    house, session, given = house_of(request), session_of(request), await body_of(request, DraftAsked)
    kept = house.studies.one(session, given.study)
    if given.chat is None:
        found = await asyncio.to_thread(house.conversations.begin, session, kept)
    else:
        found = await asyncio.to_thread(house.conversations.one, session, given.chat)
    asking = Asking(DRAFT, given.approve, given.words.model_dump(exclude_defaults=True))
    number = await asyncio.to_thread(house.conversations.ask, found, asking)
    return JSONResponse({"chat": found.id, "number": number}, 202)


async def approved(request: Request) -> Response:
    found, word = await _chat(request), await body_of(request, Word)
    approval = Approval(approved=word.approved, dropped=word.dropped)
    await house_of(request).conversations.approve(found, word.turn, approval)
    return Response(status_code=204)


async def stopped(request: Request) -> Response:
    await house_of(request).conversations.stop(await _chat(request))
    return Response(status_code=204)


async def undone(request: Request) -> Response:
    house, found = house_of(request), await _chat(request)
    await asyncio.to_thread(house.conversations.undo, found)
    return await _view(house, found)


async def removed(request: Request) -> Response:
    house, found = house_of(request), await _chat(request)
    await asyncio.to_thread(house.conversations.remove, found)
    return Response(status_code=204)


async def evidence(request: Request) -> Response:
    items = await house_of(request).conversations.evidence(await _chat(request))
    return JSONResponse([item.model_dump(mode="json") for item in items])


async def events(request: Request) -> Response:
    """The stream, from after the event that the page heard last."""
    house, session, found = house_of(request), session_of(request), await _chat(request)
    await asyncio.to_thread(house.conversations.opened, found)  # which adds what a kill left untold
    heard = request.headers.get("last-event-id", "")
    after = int(heard) if heard.isascii() and heard.isdigit() and len(heard) < 10 else number_in(request, "after", 0)
    if house.streams.get(session.id, 0) >= house.limits.streams:
        raise TooMuch("too many pages of this session listen at once", do="Close some of them.")
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_told(house, session.id, found.id, after), media_type="text/event-stream", headers=headers)


async def _told(house: House, session: str, chat: str, after: int) -> AsyncIterator[str]:
    ear = house.log.listen(chat)
    house.streams[session] = house.streams.get(session, 0) + 1
    try:
        yield ": listening\n\n"
        while not house.closing:
            ear.clear()
            for one in house.log.after(chat, after):
                after = one.number
                yield _event(one)
                if one.name == REMOVED:
                    return
                ear.set()  # there may be more than one reading gives
            try:
                await asyncio.wait_for(ear.wait(), BEAT)
            except TimeoutError:
                yield ": still here\n\n"
    finally:
        house.log.leave(chat, ear)
        house.streams[session] -= 1


def _event(one: Heard) -> str:
    """JSON is on one line, so one data field holds it."""
    return f"id: {one.number}\nevent: {one.name}\ndata: {one.data}\n\n"
