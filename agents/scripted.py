"""A language model that follows a script: for tests, demonstrations and replays without a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from readingroom.agents.chat_model import Message, Offer, ToolCall, Turn, Usage
from readingroom.errors import ModelFailed

Policy = Callable[[Sequence[Message], Sequence[Offer]], Turn]
"""Says what comes next from what was said and offered."""


class ScriptedModel:
    """Answers with the turns of a list, one each, or with what a policy says; it keeps what it was asked."""

    def __init__(self, script: Sequence[Turn] | Policy, name: str = "scripted") -> None:
        self.name = name
        self._policy: Policy = script if callable(script) else _Lines(script)
        self.asked: list[tuple[Message, ...]] = []

    async def turn(
        self,
        messages: Sequence[Message],
        offers: Sequence[Offer] = (),
        *,
        form: dict[str, Any] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> Turn:
        """Raises ModelFailed where the script is over."""
        del form
        self.asked.append(tuple(messages))
        answer = self._policy(messages, offers)
        if tell and answer.text:
            for word in answer.text.split(" ")[:-1]:
                tell(f"{word} ")
            tell(answer.text.rsplit(" ", 1)[-1])
        return answer


class _Lines:
    def __init__(self, turns: Sequence[Turn]) -> None:
        self._left = iter(tuple(turns))

    def __call__(self, messages: Sequence[Message], offers: Sequence[Offer]) -> Turn:
        del messages, offers
        for turn in self._left:
            return turn
        raise ModelFailed("the script has no more answers", where="scripted model")


def says(text: str) -> Turn:
    """A turn that answers in words."""
    return Turn(
        text=text, finish="stop", usage=Usage(tokens_in=10, tokens_out=max(1, len(text) // 4)), model="scripted"
    )


def calls(*asked: tuple[str, str]) -> Turn:
    """A turn that asks for tools: pairs of a name and its arguments in JSON."""
    made = tuple(ToolCall(id=f"script-{i}", name=name, arguments=text) for i, (name, text) in enumerate(asked, 1))
    return Turn(calls=made, finish="calls", usage=Usage(tokens_in=10, tokens_out=10 * len(made)), model="scripted")
