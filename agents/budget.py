"""What answering a question may cost: rounds, calls, tokens, money, time and depth, looked at before each call."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from pydantic import Field

from readingroom.agents.chat_model import Usage
from readingroom.domain.value import Value
from readingroom.errors import BadRequest, ToolFailed

Kind = Literal["rounds", "calls", "tokens", "money", "time", "depth"]

CHARACTERS_A_TOKEN = 4
"""Where a provider does not count: the usual ratio for English text with byte-pair vocabularies."""
_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4})$")
"""gpt-4o-2024-08-06 is billed as gpt-4o."""


class Limits(Value):
    """At most so much for one question, whatever agents share in it."""

    rounds: int = Field(default=8, ge=0)
    """Answers of models."""
    calls: int = Field(default=32, ge=0)
    """Calls of tools that are not answered from the record."""
    tokens: int = Field(default=200_000, ge=0)
    """In and out together."""
    money: float | None = Field(default=None, ge=0)
    """In the currency of the price table; None: not limited."""
    seconds: float = Field(default=600.0, ge=0)
    depth: int = Field(default=2, ge=0)
    """Agents that ask agents that ask agents."""


class Price(Value):
    """Of one model, for a million tokens."""

    tokens_in: float = Field(ge=0)
    tokens_out: float = Field(ge=0)

    def of(self, usage: Usage) -> float:
        return (self.tokens_in * usage.tokens_in + self.tokens_out * usage.tokens_out) / 1e6


Prices = Mapping[str, Price]
"""By the model's name, as the provider or the settings name it."""


def price_of(prices: Prices, model: str, usage: Usage) -> float | None:
    """What one answer cost, by the model's whole name, without its provider ("openai gpt-4o"), or without its date.

    None where it has no price.
    """
    bare = model.rsplit(" ", 1)[-1]
    found = next((prices[name] for name in (model, bare, _DATED.sub("", bare)) if name in prices), None)
    return None if found is None else found.of(usage)


class Used(Value):
    """What was used so far."""

    rounds: int = 0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float | None = None
    """None where a model that answered has no price."""
    seconds: float = 0.0


class Exhausted(ToolFailed):
    """A budget ran out: what is there is composed and marked partial."""

    def __init__(self, kind: Kind, what: str) -> None:
        super().__init__(what)
        self.kind = kind


class Budget:
    """Counts what one question uses. Not shared between questions; agents of one question share it by `deeper`."""

    def __init__(
        self, limits: Limits | None = None, prices: Prices | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = limits or Limits()
        self._prices = dict(prices or {})
        self._clock = clock
        self._begun = clock()
        self._rounds = self._calls = self._in = self._out = 0
        self._money = 0.0
        self._unpriced = False
        self._parent: Budget | None = None
        self._depth = 0

    @property
    def spent(self) -> Used:
        """Through this budget and those below it."""
        return Used(
            rounds=self._rounds,
            calls=self._calls,
            tokens_in=self._in,
            tokens_out=self._out,
            money=None if self._unpriced else round(self._money, 6),
            seconds=round(self._clock() - self._begun, 3),
        )

    def deeper(self, limits: Limits | None = None) -> Budget:
        """For an agent that this one asks: within `limits` of its own, and within this budget.

        Raises Exhausted where agents would ask too deep.
        """
        if self._depth >= self._top.limits.depth:
            raise Exhausted("depth", f"agents ask agents {self._depth} deep, which is all they may")
        below = Budget(limits or self.limits, self._prices, self._clock)
        below._parent, below._depth = self, self._depth + 1
        return below

    @property
    def _top(self) -> Budget:
        return self if self._parent is None else self._parent._top

    def _above(self) -> Iterator[Budget]:
        """This budget and all that it lies within."""
        yield self
        if self._parent is not None:
            yield from self._parent._above()

    def seconds_left(self) -> float:
        """Raises Exhausted where none are."""
        left = min(one.limits.seconds - (one._clock() - one._begun) for one in self._above())
        if left <= 0:
            raise Exhausted("time", "the time for this question is over")
        return left

    def before_turn(self, model: str, characters: int = 0) -> None:
        """Raises Exhausted where a model may not be asked (again), BadRequest for a limit of money without a price.

        `characters` are those of the messages: a request that alone is more than what is left is not made.
        """
        self.seconds_left()
        for one in self._above():
            one._may_turn(model, characters // CHARACTERS_A_TOKEN)

    def _may_turn(self, model: str, coming: int) -> None:
        if self._rounds >= self.limits.rounds:
            raise Exhausted("rounds", f"models answered {self._rounds} times, which is all they may")
        used = self._in + self._out
        if used >= self.limits.tokens or used + coming > self.limits.tokens:
            raise Exhausted("tokens", f"{used} of {self.limits.tokens} tokens are used, and {coming} more would go")
        if self.limits.money is None:
            return
        cost = self.price(model, Usage(tokens_in=coming))
        if cost is None:
            raise BadRequest(
                f"money is limited, but {model!r} has no price", do="Add it to the price table; 0 is a price."
            )
        if self._money >= self.limits.money or self._money + cost > self.limits.money:
            raise Exhausted("money", f"{self._money:.4f} of {self.limits.money:g} is spent")

    def after_turn(self, model: str, usage: Usage, sent: int = 0, said: int = 0) -> None:
        """Count one answer; where the provider counts nothing, by the characters `sent` and `said`."""
        used = usage
        if not usage.tokens_in and not usage.tokens_out:
            used = Usage(tokens_in=sent // CHARACTERS_A_TOKEN, tokens_out=-(-said // CHARACTERS_A_TOKEN))
        cost = self.price(model, used)
        for one in self._above():
            one._rounds += 1
            one._in += used.tokens_in
            one._out += used.tokens_out
            one._unpriced = one._unpriced or cost is None
            one._money += cost or 0.0

    def before_call(self) -> None:
        """Count one call of a tool. Raises Exhausted where none may be made any more."""
        self.seconds_left()
        above = tuple(self._above())
        for one in above:
            if one._calls >= one.limits.calls:
                raise Exhausted("calls", f"{one._calls} tool calls were made, which is all there may be")
        for one in above:
            one._calls += 1

    def price(self, model: str, usage: Usage) -> float | None:
        """What one answer cost; None where the model has no price."""
        return price_of(self._prices, model, usage)
