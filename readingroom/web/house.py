"""All that answers requests, put together once a process."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.imaging.mask_file import decode_mask
from readingroom.settings import Settings
from readingroom.web.app import Entrance
from readingroom.web.conversations import Conversations
from readingroom.web.event_log import EventLog
from readingroom.web.limits import PageLimits
from readingroom.web.page_store import PageStore
from readingroom.web.refusals import TooMuch
from readingroom.web.sessions import Session
from readingroom.web.shared_room import SharedRoom
from readingroom.web.studies import Studies
from readingroom.web.versions import Versions

Given = TypeVar("Given", bound=Value)

MASK_BYTES = 256 << 20
"""Of masks that are held for overlays."""


class MaskShelf:
    """Masks by digest, the ones used last."""

    def __init__(self, room: SharedRoom) -> None:
        self._blobs = room.store.blobs
        self._held: OrderedDict[str, NDArray[np.bool_]] = OrderedDict()

    def get(self, digest: str) -> NDArray[np.bool_]:
        """Raises RecordError where it is gone."""
        found = self._held.get(digest)
        if found is None:
            found = self._held[digest] = decode_mask(self._blobs.get(digest))
            while len(self._held) > 1 and sum(mask.nbytes for mask in list(self._held.values())) > MASK_BYTES:
                self._held.popitem(last=False)
        return found


@dataclass
class House:
    """The room behind the page, and everything that stands around it."""

    settings: Settings
    limits: PageLimits
    entrance: Entrance
    streams: dict[str, int] = field(default_factory=dict)
    """Event streams that are open, by session."""
    looks: dict[str, deque[tuple[float, int]]] = field(default_factory=dict)
    """When a cohort was looked at, and how many of its items had ended then."""
    closing: bool = False

    def __post_init__(self) -> None:
        self.room = SharedRoom(self.settings, self.limits.decoded_bytes)
        self.store = PageStore(self.settings.home)
        self.doors = self.entrance.doors
        self.log = EventLog(self.store)
        self.studies = Studies(self.room, self.store, self.limits)
        self.conversations = Conversations(self.studies, self.store, self.log, self.limits)
        self.versions = Versions(self.room.store, self.store, self.limits)
        self.masks = MaskShelf(self.room)

    async def close(self) -> None:
        """Stop what is at work and let go of everything; may be called twice."""
        if not self.closing:
            self.closing = True
            self.log.wake()
            await self.conversations.close()
            self.store.close()


def house_of(request: Request) -> House:
    found: House = request.app.state.house
    return found


def session_of(request: Request) -> Session:
    found: Session = request.state.session
    return found


async def body_of(request: Request, kind: type[Given]) -> Given:
    """A JSON body. Raises TooMuch, BadRequest for another kind of body or one that does not fit."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise BadRequest("the body is not JSON", do="Send Content-Type: application/json.")
    content, most = bytearray(), house_of(request).limits.json_bytes
    async for chunk in request.stream():
        content += chunk
        if len(content) > most:
            raise TooMuch(f"the body is larger than {most} bytes", do="Send less at once.")
    try:
        return TypeAdapter(kind).validate_json(bytes(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadRequest(f"{where or 'the body'}: {first['msg']}", do="See /openapi.json for what it takes.") from error


def number_in(request: Request, name: str, default: int | None = None) -> int:
    """A whole number of the query or the path. Raises BadRequest."""
    given = request.path_params.get(name, request.query_params.get(name, default))
    if given is None:
        raise BadRequest(f"{name} is missing", do="Give it in the query.")
    text = str(given)
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadRequest(f"{name} is not a whole number", do="Give one of at most nine digits.")
    return int(text)
