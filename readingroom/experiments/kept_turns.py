"""A language model whose every answer is kept: the same question of the same model and seed is asked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from readingroom.agents.budget import Price, price_of
from readingroom.agents.chat_model import ChatModel, Message, Offer, Turn
from readingroom.domain.value import digest_of
from readingroom.experiments.atomic import put_value


class KeptTurns:
    """A ChatModel over another, for one cell. It counts what the answers took, asked now or kept."""

    def __init__(
        self, model: ChatModel, folder: Path, identity: Mapping[str, Any], prices: Mapping[str, Price] | None = None
    ) -> None:
        """`identity`: all of the model's settings that decide its answers, with the seed."""
        self.name = model.name
        self.calls = self.tokens_in = self.tokens_out = 0
        self.cost: float | None = 0.0
        """None once an answer had no price."""
        self._model, self._folder, self._identity, self._prices = model, folder, dict(identity), prices or {}

    async def turn(
        self,
        messages: Sequence[Message],
        offers: Sequence[Offer] = (),
        *,
        form: dict[str, Any] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> Turn:
        """Raises what the model raises, and RecordError where its answer cannot be kept."""
        asked = {"messages": [one.model_dump(mode="json") for one in messages], "form": form,
                 "offers": [one.model_dump(mode="json") for one in offers]}  # fmt: skip
        path = self._folder / f"{digest_of({**self._identity, **asked})}.json"
        answer = _kept(path)
        if answer is None:
            answer = await self._model.turn(messages, offers, form=form, tell=tell)
            put_value(path, answer)
        self.calls += 1
        self.tokens_in += answer.usage.tokens_in
        self.tokens_out += answer.usage.tokens_out
        prices = (price_of(self._prices, name, answer.usage) for name in (answer.model, self.name))
        price = next((one for one in prices if one is not None), None)
        self.cost = None if price is None or self.cost is None else self.cost + price
        return answer


def _kept(path: Path) -> Turn | None:
    try:
        return Turn.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
