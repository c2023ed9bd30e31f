"""The course of a chat as its journal tells it: turns, the study's sources, and what was taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from readingroom.agents.answer import Answer
from readingroom.agents.numbering import identity
from readingroom.asked import Asked
from readingroom.chat_store import Entry
from readingroom.domain.evidence import Evidence
from readingroom.domain.plan import Plan
from readingroom.domain.report import Report
from readingroom.domain.value import Value
from readingroom.errors import RecordError

CUT_OFF = "it was cut off before it was answered; ask again, what its tools answered is kept"


class Source(Value):
    """The study as of one moment: what it was read as, and how many of the prior paths belong to it."""

    number: int
    subject: str
    asked: Asked
    priors: int = 0
    undone: bool = False


class Turn(Value):
    """One question with what came of it."""

    number: int
    question: str
    run: str = ""
    """Where its calls are recorded; empty where nothing had to be called."""
    plan: Plan | None = None
    approved: bool | None = None
    """None: nobody was asked."""
    answer: Answer | None = None
    error: str = CUT_OFF
    """Why there is no answer."""
    undone: bool = False

    @property
    def report(self) -> Report | None:
        """What it drafted."""
        return self.answer.report if self.answer and self.answer.plan.aim == "draft" else None


class Course:
    """Entries in, state out: the same while a chat lasts and when it is taken up again."""

    def __init__(self, answer_of: Callable[[str], Answer]) -> None:
        self._answer_of = answer_of
        self._actions: dict[int, Turn | Source] = {}

    def apply(self, entry: Entry) -> None:
        """Raises RecordError where what an entry names is gone or was changed."""
        said = entry.said
        if entry.kind == "forgotten":
            return
        number: int = said.pop("number")
        if entry.kind in ("begun", "sources"):
            self._actions[number] = Source.model_validate({"number": number, **said})
        elif entry.kind == "asked":
            self._actions[number] = Turn(number=number, question=said["question"])
        else:
            self._change(number, self._changes(entry, said))

    def _changes(self, entry: Entry, said: dict[str, Any]) -> dict[str, Any]:
        if entry.kind == "planned":
            return {"plan": Plan.model_validate(said["plan"])}
        if entry.kind == "answered":
            return {"answer": self._answer_of(said["answer_sha256"]), "error": ""}
        if entry.kind == "undone":
            return {"undone": True}
        return {name: said[name] for name in ("run", "approved", "error") if name in said}

    def _change(self, number: int, changes: dict[str, Any]) -> None:
        if number not in self._actions:
            raise RecordError("the record of this chat names a turn that it does not have", do="Begin another chat.")
        self._actions[number] = self._actions[number].model_copy(update=changes)

    @property
    def next(self) -> int:
        """The number of whatever comes next; those of what was taken back are not given again."""
        return 1 + max(self._actions, default=0)

    @property
    def last(self) -> Turn | Source | None:
        """What `undo` takes back; the beginning is not."""
        standing = [one for number, one in self._actions.items() if number > 1 and not one.undone]
        return standing[-1] if standing else None

    @property
    def source(self) -> Source:
        found = [one for one in self._actions.values() if isinstance(one, Source) and not one.undone]
        if not found:
            raise RecordError("the record of this chat has no beginning", do="Begin another chat.")
        return found[-1]

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Those that stand, in order."""
        return tuple(one for one in self._actions.values() if isinstance(one, Turn) and not one.undone)

    @property
    def ledger(self) -> dict[str, Evidence]:
        """All that was gathered, by its id, which is the same through the whole chat."""
        return {item.id: item for turn in self.turns if turn.answer for item in turn.answer.evidence}

    @property
    def known(self) -> dict[str, str]:
        """The ids by what they stand for (agents/numbering.py)."""
        return {identity(item): name for name, item in self.ledger.items()}

    @property
    def drafted(self) -> Report | None:
        """The latest report that stands."""
        return next((turn.report for turn in reversed(self.turns) if turn.report), None)
