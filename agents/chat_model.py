"""What a language model is to us: messages and offered tools in, one turn out; any provider, or a scripted one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from readingroom.domain.value import Value

Finish = Literal["stop", "calls", "length", "filter"]
"""stop: said what it had to say; calls: asks for tools; length: cut off; filter: a content filter stepped in."""


class ToolCall(Value):
    """One tool call as the model wrote it; nothing of it is believed yet."""

    id: str
    name: str
    arguments: str
    """JSON text, or what should have been."""


class Message(Value):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    """Of an assistant's message: what it asked for."""
    call: str = ""
    """Of a tool's message: the id of the call it answers."""


class Offer(Value):
    """One tool as a model sees it."""

    name: str
    description: str
    parameters: dict[str, Any]
    """JSON schema of its arguments."""


class Usage(Value):
    """Tokens of one call, as the provider counts them; 0 where it does not."""

    tokens_in: int = 0
    tokens_out: int = 0


class Turn(Value):
    """What the model answered."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    finish: Finish
    usage: Usage = Usage()
    model: str = ""
    """The model that answered, as the provider names it."""
    retries: int = 0
    """Requests that failed before this one was answered."""
    notes: tuple[str, ...] = ()
    """What was not as it should be: "refused", "the stream was cut and asked again"."""


class ChatModel(Protocol):
    """A language model. Its failures are ModelFailed (errors.py): it is down, refuses, or answers nothing usable."""

    name: str
    """For records: provider, model, deployment; never a key."""

    async def turn(
        self,
        messages: Sequence[Message],
        offers: Sequence[Offer] = (),
        *,
        form: dict[str, Any] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> Turn:
        """One answer. `form`: JSON schema that the text must keep; `tell`: called with each piece of text as it comes,
        where the caller wants it streamed. A stream that is cut is asked again once, and its calls are not used."""
        ...
