"""Where one endpoint stands while it is checked: golden images go out, answers come in, equal requests only once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from readingroom.conformance.envelope import PLAIN, Flavour, flavoured
from readingroom.conformance.found import Latency, Limits
from readingroom.conformance.golden import Golden, golden
from readingroom.conformance.line import Line, Reply
from readingroom.conformance.wire import Print, Wire
from readingroom.errors import BadReply, InputRefused, Unavailable
from readingroom.imaging.cleared import Cleared
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.model_ids import ModelId
from readingroom.tools.contracts.strict_json import parse_reply
from readingroom.tools.preparation import prepare


@dataclass(frozen=True, eq=False)
class Answer:
    """A 200 with its JSON."""

    parsed: Any
    reply: Reply


class Bench:
    """One endpoint as one model, with what it has answered so far."""

    def __init__(self, line: Line, wire: Wire, *, limits: bool = False) -> None:
        self.line, self.wire, self.limits = line, wire, limits
        self.golden: tuple[Golden, ...] = golden(wire.model)[: wire.images]
        self.cleared: tuple[Cleared, ...] = tuple(_prepared(wire.model, made) for made in self.golden)
        self.variants: set[str] = set()
        self.readable = True
        """Whether the package's strict reader takes the first answer; where not, one check tells it."""
        self.repeatable = True
        """Whether the same request gets the same answer; where not, answers cannot be compared."""
        self.latency: Latency | None = None
        self.admission: Limits | None = None
        self._prints: dict[str, Sequence[Print]] = {}
        self._answers: dict[str, Answer] = {}

    def ask(self, *which: int) -> Ask:
        """The request for these golden images, a row each; without numbers for the first."""
        return self.wire.ask([self.cleared[number] for number in which or (0,)])

    async def answer(self, ask: Ask) -> Answer:
        """What the endpoint says to it; a request that was answered is not sent again."""
        if ask.key not in self._answers:
            self._answers[ask.key] = await self.fresh(ask)
        return self._answers[ask.key]

    async def fresh(self, ask: Ask) -> Answer:
        """Sent, whatever was answered before. Raises for anything but a 200 with JSON."""
        reply = await self.reply(ask)
        return Answer(parsed(reply), reply)

    async def reply(self, ask: Ask, flavour: Flavour = PLAIN, *, key: str | None = None, patient: bool = True) -> Reply:
        """Whatever comes, refusals as well; `key` is sent in the place of the configured one, and a call that is not
        `patient` is not repeated after a 429."""
        return await self.line.post(flavoured(ask, flavour), key=key, patient=patient)

    async def prints(self, ask: Ask) -> Sequence[Print]:
        """The answer as one vector a row. BadReply where their number is another."""
        if ask.key not in self._prints:
            found = self.wire.prints((await self.answer(ask)).parsed, ask)
            if len(found) != len(ask.rows):
                raise BadReply(f"{len(found)} answers came for {len(ask.rows)} rows", where="$")
            self._prints[ask.key] = found
        return self._prints[ask.key]


@cache
def _prepared(model: ModelId, made: Golden) -> Cleared:
    """As the golden images are: the same whatever endpoint is checked."""
    return prepare(model, made.image)


def parsed(reply: Reply) -> Any:
    """The JSON of a 200; InputRefused or Unavailable for another status, BadReply for what is no JSON."""
    if reply.status != 200:
        error = InputRefused if reply.refused else Unavailable
        raise error(f"status {reply.told}")
    return parse_reply(reply.body)
