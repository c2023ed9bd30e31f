"""One turn as the page hears it: what the chat tells, put into the chat's numbered events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from readingroom.agents.events import Ended, Event, Judged, Planned, Said, Started, Stopped
from readingroom.chat import Chat
from readingroom.chat_course import CUT_OFF, Turn
from readingroom.domain.plan import Plan
from readingroom.errors import BadRequest, ReadingRoomError
from readingroom.runs.event import now
from readingroom.web.event_log import EventLog
from readingroom.web.refusals import Busy
from readingroom.workflows.approval import Approval

STOPPED = "it was stopped"


@dataclass(frozen=True)
class Asking:
    """What a turn was asked with."""

    question: str
    approve: bool = False
    """Its plan is shown and waits for a word."""
    words: dict[str, Any] = field(default_factory=dict)
    """Other fields of Request, for a draft."""


@dataclass
class TurnAtWork:
    """From being asked to its end; lives in the work loop, looked at from others."""

    chat: Chat
    log: EventLog
    number: int
    asking: Asking
    plan: Plan | None = None
    """The one that waits for a word, while it waits."""
    over: Callable[[], None] = lambda: None
    """Called before its end is told: whoever hears of it may ask the next at once."""
    _task: asyncio.Task[None] | None = None
    _word: asyncio.Future[Approval] | None = None
    _began: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, **data: Any) -> None:
        self.log.add(self.chat.id, name, data)

    async def start(self) -> None:
        """In the work loop, as all below."""
        self._task = asyncio.create_task(self._carried_out())

    async def stop(self) -> None:
        """Returns when the record says that it was stopped."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def ended(self) -> None:
        """Waits for it."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _carried_out(self) -> None:
        """Ends in `answered` or `failed`, whatever happens; a stop is told before it."""
        try:
            turn = await self.chat.ask(
                self.asking.question, self._tell, words=self.asking.words, approve=self.asking.approve
            )
        except asyncio.CancelledError:
            self.add("stopped", reason=STOPPED)
            self._failed(STOPPED)
            raise
        except ReadingRoomError as error:
            self._failed(error.line())
            return
        except BaseException as error:
            self._failed(f"a fault of this program ({type(error).__name__})")
            raise
        self.over()
        self.add("answered", number=turn.number, turn=turn_view(turn))

    def _failed(self, line: str) -> None:
        self.over()
        self.add("failed", number=self.number, error=line)

    def _tell(self, event: Event) -> None:
        if isinstance(event, Planned):
            self.add("plan", plan=event.plan.model_dump(mode="json"))
        elif isinstance(event, Started):
            self._began[event.step] = time.perf_counter()
            self.add("started", step=event.step, tool=event.tool, agent=event.agent, at=now())
        elif isinstance(event, Ended):
            seconds = round(time.perf_counter() - self._began.pop(event.step, time.perf_counter()), 3)
            self.add("ended", **event.model_dump(mode="json", exclude={"kind"}), seconds=seconds)
        elif isinstance(event, Said | Judged | Stopped):
            self.add(event.kind, **event.model_dump(mode="json", exclude={"kind"}))

    async def approval(self, plan: Plan) -> Approval:
        """Waits for the word on a plan."""
        self._word, self.plan = asyncio.get_running_loop().create_future(), plan
        self.add("waiting", plan=plan.model_dump(mode="json"))
        try:
            return await self._word
        finally:
            self._word = self.plan = None

    async def approve(self, word: Approval) -> None:
        """In the work loop. Raises Busy where no plan waits, BadRequest for a step it does not have."""
        if self._word is None or self.plan is None or self._word.done():
            raise Busy("no plan waits for a word here")
        if strange := set(word.dropped) - {step.id for step in self.plan.steps}:
            raise BadRequest(f"the plan has no step {min(strange)[:40]!r}", do="Drop steps that it has.")
        self._word.set_result(word)


def turn_view(turn: Turn, *, working: bool = False) -> dict[str, Any]:
    """A turn as the API tells it; one at work has no error yet."""
    shown = turn.model_dump(mode="json")
    if working and turn.error == CUT_OFF:
        shown["error"] = ""
    return {**shown, "error": shown["error"] or None, "report_run": turn.run if turn.report else None}
