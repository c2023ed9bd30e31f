"""The chats of every session: opened when they are needed, one turn at a time each, stopped, and closed again."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from readingroom.chat import Chat, Means, begin_chat, forget_chat, resume_chat
from readingroom.chat_store import ChatStore
from readingroom.domain.evidence import Evidence
from readingroom.domain.plan import Plan
from readingroom.errors import BadRequest
from readingroom.web.event_log import EventLog
from readingroom.web.limits import PageLimits
from readingroom.web.missed import missed
from readingroom.web.page_store import PageStore
from readingroom.web.refusals import Busy, NotHere, TooMuch
from readingroom.web.sessions import Session
from readingroom.web.studies import Kept, Studies
from readingroom.web.turns import Asking, TurnAtWork, turn_view
from readingroom.web.work_loop import WorkLoop
from readingroom.workflows.approval import Approval

MOST_OPEN = 64
"""Chats that stay open though nobody asks; a closed one is opened again from its journal."""
LONGEST_TITLE = 80
REMOVED = "removed"
"""The last event of a chat."""


@dataclass
class Conversation:
    """One chat of one session."""

    id: str
    session: str
    study: str
    title: str = ""
    chat: Chat | None = None
    turn: TurnAtWork | None = None
    used: float = 0.0
    runs: frozenset[str] = frozenset()
    """Of its turns, as of when it was last closed."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while it is opened, closed or changed."""

    @property
    def working(self) -> bool:
        return self.turn is not None


@dataclass
class Conversations:
    """Of the process. What is said to block runs in a thread; turns run in the work loop."""

    studies: Studies
    store: PageStore
    log: EventLog
    limits: PageLimits
    work: WorkLoop = field(default_factory=WorkLoop)
    _known: dict[str, Conversation] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._chats = ChatStore(self.studies.room.settings.home)
        for row in self.store.rows("SELECT id, session, study, title FROM chats"):
            self._known[row["id"]] = Conversation(**dict(row))

    def begin(self, session: Session, kept: Kept) -> Conversation:
        """Blocks. Raises what reading the study raises, TooMuch."""
        if sum(one.session == session.id for one in self._known.values()) >= self.limits.chats:
            raise TooMuch(f"there are {self.limits.chats} chats in this session", do="Go on with one of them.")
        found = Conversation("", session.id, kept.id, used=time.monotonic())
        way = kept.way
        found.chat = begin_chat(
            self.studies.room, way.paths, prior=way.prior or None, lateral=way.lateral or None, means=self._means(found)
        )
        found.id = found.chat.id
        self._register(found)
        self._close_idle()
        return found

    def _register(self, found: Conversation, *, durable: bool = True) -> None:
        row = (found.id, found.study, found.session, found.title)
        self.store.write(("INSERT OR REPLACE INTO chats VALUES (?, ?, ?, ?)", row), durable=durable)
        self._known[found.id] = found

    def _means(self, found: Conversation) -> Means:
        async def approve(plan: Plan) -> Approval:
            if found.turn is None:
                raise BadRequest("nobody is there to approve the plan")
            return await found.turn.approval(plan)

        return Means(approve=approve, telemetry=self.studies.room.telemetry, opens_files=False)

    def of_study(self, kept: Kept) -> tuple[str, ...]:
        return tuple(one.id for one in self._known.values() if one.study == kept.id and one.session == kept.session)

    def lines(self, session: Session) -> list[dict[str, Any]]:
        """Newest first; the owner's also those begun in a terminal."""
        found = []
        for line in self._chats.chats(-1 if not session.owner else self.limits.chats):
            known = self._known.get(line.id)
            if known.session == session.id if known else session.owner:
                study, title = (known.study, known.title) if known else ("", "")
                found.append({**line.model_dump(mode="json"), "study": study, "title": title})
        return found

    def knows(self, name: str) -> bool:
        """Whether `one` answers at once."""
        return name in self._known

    def one(self, session: Session, name: str) -> Conversation:
        """Blocks where the owner's chat was begun in a terminal. Raises NotHere, for another's as for none."""
        found = self._known.get(name)
        if found is None and session.owner:
            found = self._adopted(session, name)
        if found is None or found.session != session.id:
            raise NotHere("there is no such chat here", do="GET /api/v1/chats lists them.")
        return found

    def _adopted(self, session: Session, name: str) -> Conversation | None:
        if name not in {line.id for line in self._chats.chats(-1)}:
            return None
        found = Conversation(name, session.id, "", used=time.monotonic())
        found.chat = resume_chat(self.studies.room, name, means=self._means(found))
        found.study = self.studies.adopt(session, found.chat.way).id
        self._mend(found, found.chat)
        self._register(found)
        return found

    def opened(self, found: Conversation) -> Chat:
        """Blocks. Raises BadRequest where another process is at it, BadStudy where its images are gone."""
        with found.lock:
            found.used = time.monotonic()
            if found.chat is None:
                found.chat = resume_chat(self.studies.room, found.id, means=self._means(found))
                self._mend(found, found.chat)
            chat = found.chat
        self._close_idle()
        return chat

    def _mend(self, found: Conversation, chat: Chat) -> None:
        """What the journal has and the events do not: turns cut off, or taken in a terminal."""
        for name, data in missed(self.store, chat):
            self.log.add(found.id, name, data)

    def _close_idle(self) -> None:
        with self._lock:
            idle = sorted((one for one in self._known.values() if one.chat and not one.working), key=lambda c: c.used)
            for one in idle[: max(0, len(idle) - MOST_OPEN)]:
                self._close(one)

    def _close(self, one: Conversation) -> None:
        if one.lock.acquire(blocking=False):
            try:
                if one.chat is not None and not one.working:
                    one.runs = _runs(one.chat)
                    one.chat.close()
                    one.chat = None
            finally:
                one.lock.release()

    def ask(self, found: Conversation, asking: Asking) -> int:
        """Blocks until it is accepted: the turn's number. Raises Busy while one is at work, TooMuch."""
        self.opened(found)
        with self._lock, found.lock:
            self._admit(found)
            chat = found.chat or self._reopened(found)
            turn = TurnAtWork(chat, self.log, chat.course.next, asking)
            turn.over = lambda: setattr(found, "turn", None)
            found.turn = turn
        turn.add("asked", number=turn.number, question=asking.question)
        self.work.submit(turn.start())
        if not found.title:
            found.title = asking.question[:LONGEST_TITLE]
            self._register(found, durable=False)
        return turn.number

    def _reopened(self, found: Conversation) -> Chat:
        found.chat = resume_chat(self.studies.room, found.id, means=self._means(found))
        return found.chat

    def _admit(self, found: Conversation) -> None:
        if found.working:
            raise Busy("the last question of this chat is still at work", do="Wait for it, or stop it.")
        at_work = sum(one.working for one in self._known.values() if one.session == found.session)
        if at_work >= self.limits.working:
            raise TooMuch(f"{at_work} questions are at work in this session", do="Wait for one of them.")

    async def view(self, found: Conversation) -> dict[str, Any]:
        """As the API tells it. Raises what `opened` raises."""
        chat = await asyncio.to_thread(self.opened, found)

        async def looked() -> dict[str, Any]:
            turn = found.turn
            number = turn.number if turn else 0
            waits = {"turn": number, "plan": turn.plan.model_dump(mode="json")} if turn and turn.plan else None
            shown = [turn_view(one, working=one.number == number) for one in chat.turns]
            return {
                "id": found.id, "study": found.study, "turns": shown, "working": turn is not None, "waiting": waits,
                "last_event": self.log.last(found.id),
            }  # fmt: skip

        return await self.work.wait_for(looked())

    async def evidence(self, found: Conversation) -> tuple[Evidence, ...]:
        chat = await asyncio.to_thread(self.opened, found)

        async def looked() -> tuple[Evidence, ...]:
            return tuple(chat.course.ledger.values())

        return await self.work.wait_for(looked())

    async def runs(self, session: Session) -> frozenset[str]:
        """Of the chats of one session that are open or were in this process."""

        async def looked() -> frozenset[str]:
            mine = [one for one in self._known.values() if one.session == session.id]
            return frozenset().union(*(one.runs | (_runs(one.chat) if one.chat else set()) for one in mine))

        return await self.work.wait_for(looked())

    async def approve(self, found: Conversation, number: int, word: Approval) -> None:
        """Raises Busy where no plan of that turn waits."""
        turn = found.turn
        if turn is None or turn.number != number:
            raise Busy("no plan waits for a word here")
        await self.work.wait_for(turn.approve(word))

    async def stop(self, found: Conversation) -> None:
        """Returns when the record says so; nothing where nothing is at work."""
        if found.turn is not None:
            await self.work.wait_for(found.turn.stop())

    def undo(self, found: Conversation) -> None:
        """Blocks. Raises Busy while a turn is at work."""
        chat = self.opened(found)
        with found.lock:
            if found.working:
                raise Busy("the last question of this chat is still at work", do="Stop it first.")
            if (taken := chat.undo()) is not None:
                self.log.add(found.id, "undone", {"number": taken.number})

    def with_priors(self, kept: Kept, prior: tuple[str, ...]) -> None:
        """Blocks. The chats about a study see its new priors. Raises Busy while one of them works."""
        for name in self.of_study(kept):
            chat = self.opened(self._known[name])
            with self._known[name].lock:
                chat.compare_with(prior)

    def idle(self, kept: Kept) -> None:
        """Raises Busy where a chat about the study is at work."""
        if any(self._known[name].working for name in self.of_study(kept)):
            raise Busy("a chat about this study is at work", do="Wait for it, or stop it.")

    def forget(self, kept: Kept) -> None:
        """Close the chats about a study that is removed."""
        for name in self.of_study(kept):
            self._close(self._known[name])

    def remove(self, found: Conversation) -> None:
        """Blocks. Nothing of it is told to anybody any more; who listens hears that it is gone.

        Its journal is only ever appended to: it says that where the files are was forgotten, and so it cannot go on.
        Raises Busy while a turn is at work.
        """
        with self._lock, found.lock:
            if found.working:
                raise Busy("the last question of this chat is still at work", do="Stop it first.")
            if found.chat is not None:
                found.chat.close()
                found.chat = None
            forget_chat(self.studies.room, found.id)
            # The row stays as nobody's, or the owner would be shown the journal as a chat of a terminal.
            self._known[found.id] = Conversation(found.id, session="", study="")
            nobodys = ("UPDATE chats SET session = '', study = '', title = '' WHERE id = ?", (found.id,))
            self.store.write(nobodys, ("DELETE FROM events WHERE chat = ?", (found.id,)))
        self.log.add(found.id, REMOVED, {})

    async def close(self) -> None:
        """Stop what is at work, so that its record says so, and let go of every chat."""
        at_work = [one for one in self._known.values() if one.turn is not None]
        await asyncio.gather(*(self.stop(one) for one in at_work), return_exceptions=True)
        await self.work.wait_for(self.studies.room.aclose())
        await asyncio.to_thread(self.work.close)
        for one in self._known.values():
            if one.chat is not None:
                one.chat.close()
                one.chat = None


def _runs(chat: Chat) -> frozenset[str]:
    return frozenset(turn.run for turn in chat.turns if turn.run)
