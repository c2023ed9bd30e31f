"""Our chat completion service for semantic-kernel: its interface, without its request transform."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, ClassVar

from pydantic import Field
from semantic_kernel.connectors.ai.chat_completion_client_base import ChatCompletionClientBase
from semantic_kernel.connectors.ai.prompt_execution_settings import PromptExecutionSettings
from semantic_kernel.contents import (
    AuthorRole,
    ChatHistory,
    ChatMessageContent,
    StreamingChatMessageContent,
    StreamingTextContent,
)

from readingroom.agents.chat_model import Message, Turn
from readingroom.agents.kernel_wire import Wire

WIRE, TURN = "wire", "turn"
"""Keys of a content's metadata: the message as it is sent; the turn that was answered."""


class Settings(PromptExecutionSettings):
    """Of one request. Nobody changes them, so that a copy of them is they."""

    asked: dict[str, Any] = Field(default_factory=dict)
    """What the request says beside its messages."""

    def __deepcopy__(self, memo: Any = None) -> Settings:
        return self


class Completion(ChatCompletionClientBase):
    """Chat completions of one model."""

    SUPPORTS_FUNCTION_CALLING: ClassVar[bool] = False
    """Calls are made by our own loop: semantic-kernel's puts results in order of completion, and ends silently."""

    wire: Any

    def get_prompt_execution_settings_class(self) -> type[PromptExecutionSettings]:
        return Settings

    async def _inner_get_chat_message_contents(
        self, chat_history: ChatHistory, settings: PromptExecutionSettings
    ) -> list[ChatMessageContent]:
        wire: Wire = self.wire
        return [_answered(await wire.ask(_body(chat_history, settings)), self.ai_model_id)]

    async def _inner_get_streaming_chat_message_contents(
        self, chat_history: ChatHistory, settings: PromptExecutionSettings, function_invoke_attempt: int = 0
    ) -> AsyncGenerator[list[StreamingChatMessageContent], Any]:
        """Pieces of text; the last content carries the turn, and none does of a stream that was cut."""
        wire: Wire = self.wire
        async for piece in wire.stream(_body(chat_history, settings)):
            yield [
                StreamingChatMessageContent(
                    role=AuthorRole.ASSISTANT,
                    choice_index=0,
                    items=[] if isinstance(piece, Turn) else [StreamingTextContent(choice_index=0, text=piece)],
                    ai_model_id=self.ai_model_id,
                    function_invoke_attempt=function_invoke_attempt,
                    metadata={TURN: piece} if isinstance(piece, Turn) else {},
                )
            ]


def _body(history: ChatHistory, settings: PromptExecutionSettings) -> dict[str, Any]:
    asked = settings.asked if isinstance(settings, Settings) else {}
    return {**asked, "messages": [content.metadata[WIRE] for content in history.messages]}


def _answered(turn: Turn, model: str) -> ChatMessageContent:
    """Its calls stand in the turn alone: what semantic-kernel would do with them, our loop does."""
    return ChatMessageContent(role=AuthorRole.ASSISTANT, content=turn.text, ai_model_id=model, metadata={TURN: turn})


class Contents:
    """Messages as semantic-kernel's contents; those of the last request are kept, for a history grows at its end."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._contents: list[ChatMessageContent] = []

    def history(self, messages: Sequence[Message]) -> ChatHistory:
        same = 0
        for old, new in zip(self._messages, messages, strict=False):
            if old is not new and old != new:
                break
            same += 1
        self._messages = list(messages)
        self._contents = self._contents[:same] + [content_of(message) for message in messages[same:]]
        return ChatHistory.model_construct(messages=self._contents)


def content_of(message: Message) -> ChatMessageContent:
    """One message, with what is sent of it."""
    return ChatMessageContent(role=AuthorRole(message.role), content=message.text, metadata={WIRE: wire_of(message)})


def wire_of(message: Message) -> dict[str, Any]:
    """One message as /chat/completions takes it."""
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call, "content": message.text}
    if not message.calls:
        return {"role": message.role, "content": message.text}
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in message.calls
    ]
    return {"role": message.role, "content": message.text or None, "tool_calls": calls}
