"""What a run's journal tells when it is read back: the run, its steps, its facts, and what was answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from readingroom.errors import ReadingRoomError, RecordError
from readingroom.runs.conditions import Conditions
from readingroom.runs.event import Event
from readingroom.runs.raised import again
from readingroom.runs.run import Run, Spent, Step

CUT_OFF = "it was cut off before the answer was kept"


@dataclass(frozen=True)
class Answered:
    """How one step came out."""

    step: Step
    event: Event
    """The entry that holds its output, or the reason why there is none."""

    @property
    def final(self) -> bool:
        """Asking again would not change it; else it is asked again when the run goes on."""
        return self.step.status == "done" or bool(self.event.said.get("final"))

    def error(self) -> ReadingRoomError:
        """The error that the step raised, as it was."""
        return again(self.event.said.get("raised"), self.step)


@dataclass(frozen=True)
class History:
    """One run's journal."""

    events: tuple[Event, ...]
    content: Callable[[Event], str]
    """The text stored beside an entry. Raises RecordError where it is gone or was changed."""

    @property
    def begun(self) -> Event:
        if not self.events or self.events[0].kind != "begun":
            raise RecordError("the journal of this run has no beginning", do="`readingroom runs verify` tells more.")
        return self.events[0]

    @cached_property
    def conditions(self) -> Conditions:
        return Conditions(code_version=self.begun.said["code_version"], **self.begun.said.get("conditions", {}))

    @cached_property
    def run(self) -> Run:
        """The run as its journal tells it."""
        begun = self.begun
        run = Run(
            id=begun.run,
            status="running",
            started=begun.at,
            request_sha256=begun.content_sha256 or "",
            **{name: begun.said[name] for name in ("workflow", "subject", "code_version")},
        )
        for event in self.events:
            if event.kind == "ended":
                run = run.model_copy(update={**event.said, "finished": event.at})
            elif event.kind == "resumed":
                run = run.model_copy(update={"status": "running", "error": None, "finished": None})
        return run

    @cached_property
    def outcomes(self) -> tuple[Answered, ...]:
        """Every step in the order in which it was asked for, with how it came out; of those that did, at least."""
        found: dict[int, Answered] = {}
        for event in self.events:
            if event.kind in ("intent", "recalled"):
                found[event.said["step"]] = _asked(event, found)
            elif event.kind == "result":
                found[event.said["step"]] = _told(found[event.said["step"]].step, event)
            elif event.kind in ("resumed", "ended"):
                for number in unanswered(item.step for item in found.values()):
                    lost = found[number].step.model_copy(update={"status": "failed", "error": CUT_OFF})
                    found[number] = Answered(lost, event)
        return tuple(found[number] for number in sorted(found))

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(item.step for item in self.outcomes)

    @property
    def facts(self) -> dict[str, Any]:
        """By name. Raises RecordError where one was changed."""
        return {event.said["name"]: json.loads(self.content(event)) for event in self.events if event.kind == "fact"}

    @property
    def answers(self) -> dict[str, Answered]:
        """By key what need not be asked again: the first answer that stands."""
        found: dict[str, Answered] = {}
        for item in self.outcomes:
            if item.final and item.step.of is None:
                found.setdefault(item.step.key, item)
        return found

    @property
    def last_attempt(self) -> tuple[Answered, ...]:
        """All that the process which ended the run asked for, from the record or not; this is what made its report."""
        since = max(event.number for event in self.events if event.kind in ("begun", "resumed"))
        asked = {
            event.said["step"] for event in self.events if event.number > since and event.kind in ("intent", "recalled")
        }
        return tuple(item for item in self.outcomes if item.step.number in asked)

    def output(self, found: Answered) -> dict[str, Any]:
        """What a step that is done gave. Raises RecordError where it is gone or was changed."""
        data: dict[str, Any] = json.loads(self.content(found.event))
        return data

    def request(self, step: Step) -> dict[str, Any]:
        """What a step asked. Raises RecordError where it is gone or was changed."""
        number = step.of or step.number
        event = next(e for e in self.events if e.kind == "intent" and e.said["step"] == number)
        data: dict[str, Any] = json.loads(self.content(event))
        return data


def _asked(event: Event, found: dict[int, Answered]) -> Answered:
    said = event.said
    named = {name: said[name] for name in ("name", "tool", "key")}
    named |= {name: said.get(name, "") for name in ("version", "backend")}
    if event.kind == "intent":
        step = Step(
            run=event.run,
            number=said["step"],
            status="started",
            request_sha256=event.content_sha256 or "",
            started=event.at,
            **named,
        )
        return Answered(step, event)
    source = found[said["of"]]
    changes = {"number": said["step"], "of": said["of"], "started": event.at, "elapsed_ms": None, "spent": Spent()}
    return Answered(source.step.model_copy(update=named | changes), source.event)


def _told(step: Step, event: Event) -> Answered:
    said = event.said
    changes = {
        "status": said["status"],
        "error": said["error"],
        "elapsed_ms": said["elapsed_ms"],
        "spent": Spent(**said.get("spent", {})),
        "output_sha256": event.content_sha256,
    }
    return Answered(step.model_copy(update=changes), event)


def unanswered(steps: Iterable[Step]) -> list[int]:
    """The steps that were in flight when the process ended."""
    return [step.number for step in steps if step.status == "started"]
