"""The door to semantic-kernel: a language model as our loop asks it, and our tools as its functions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any

from semantic_kernel import Kernel
from semantic_kernel.filters import FilterTypes, FunctionInvocationContext
from semantic_kernel.functions import (
    FunctionResult,
    KernelArguments,
    KernelFunction,
    KernelFunctionFromMethod,
    kernel_function,
)
from semantic_kernel.functions.kernel_parameter_metadata import KernelParameterMetadata

from readingroom.agents.chat_model import ChatModel, Message, Offer, Turn
from readingroom.agents.compact import error_text
from readingroom.agents.kernel_service import TURN, Completion, Contents, Settings
from readingroom.agents.kernel_wire import Sleep, Wire
from readingroom.agents.model_config import ModelConfig
from readingroom.agents.offers import Answered, CallRefused, Functions
from readingroom.domain.plan import PlannedStep
from readingroom.errors import ModelFailed
from readingroom.tools.backends.endpoint.quiet import hush, quiet

PLUGIN = "readingroom"

_NAMED = {kind.__name__: kind for kind in (FunctionResult, Kernel, KernelArguments, KernelFunction)}
FunctionInvocationContext.model_rebuild(_types_namespace=_NAMED)  # its fields' types are known by name alone

_admitted: ContextVar[PlannedStep | None] = ContextVar("readingroom_admitted", default=None)


def open_chat(config: ModelConfig) -> KernelChat:
    """A model behind semantic-kernel's chat completion interface.

    Nothing is sent before the first turn. Raises BadRequest for an address that is not https (http only to this
    machine), NotAuthorised for a key that no header can hold.
    """
    return KernelChat(config)


class KernelChat:
    """A ChatModel; close it with `aclose`, or let the event loop that used it end."""

    def __init__(self, config: ModelConfig, sleep: Sleep = asyncio.sleep) -> None:
        self.name = config.name
        self._config = config
        self._wire = Wire(config, sleep)
        self._service = Completion(ai_model_id=config.model, service_id=config.name, wire=self._wire)
        self._contents = Contents()
        self._last: tuple[Sequence[Offer], dict[str, Any] | None, Settings] | None = None
        hush()

    async def aclose(self) -> None:
        """Close the connections; the next turn opens them again."""
        await self._wire.aclose()

    async def turn(
        self,
        messages: Sequence[Message],
        offers: Sequence[Offer] = (),
        *,
        form: dict[str, Any] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> Turn:
        """Raises ModelFailed, NotAuthorised, EgressRefused or BadRequest; none repeats what was sent or answered."""
        history = self._contents.history(_with_schema(messages, form, self._config.structured))
        settings = self._settings(offers, form)
        try:
            async with asyncio.timeout(self._config.deadline):
                with quiet():
                    if tell is not None:
                        return await self._streamed(history, settings, tell)
                    contents = await self._service.get_chat_message_contents(history, settings)
        except TimeoutError:
            raise ModelFailed(
                f"no answer within {self._config.deadline:g} s", where=self._wire.host, do="Try again later."
            ) from None
        turn: Turn = contents[0].metadata[TURN]
        return turn

    def _settings(self, offers: Sequence[Offer], form: dict[str, Any] | None) -> Settings:
        """The same for every turn of a conversation, as a rule."""
        if self._last is None or self._last[0] is not offers or self._last[1] is not form:
            self._last = (offers, form, Settings(asked=_asked(self._config, offers, form)))
        return self._last[2]

    async def _streamed(self, history: Any, settings: Settings, tell: Callable[[str], None]) -> Turn:
        """A stream that is cut is asked again once; what had come of it is not used, and not told twice."""
        told = ""
        for attempt in range(2):
            again = _Again(told, tell)
            turn: Turn | None = None
            async for contents in self._service.get_streaming_chat_message_contents(history, settings):
                turn = contents[0].metadata.get(TURN)
                if turn is None:
                    again.add(str(contents[0].content))
            if turn is not None:
                again.end(turn.text)
                notes = ("the stream was cut and asked again",) * attempt
                return turn.model_copy(update={"notes": (*notes, *turn.notes), "retries": turn.retries + attempt})
            told = again.told
        raise ModelFailed("its stream broke twice", where=self._wire.host, do="Try again later.")


class _Again:
    """Tells pieces of text, but for those that were told before the stream broke."""

    def __init__(self, before: str, tell: Callable[[str], None]) -> None:
        self._before, self._tell = before, tell
        self._now = ""
        self.told = before

    def add(self, piece: str) -> None:
        self._now += piece
        if self._before.startswith(self._now):
            return
        new = self._now.removeprefix(self._before) if self._now.startswith(self._before) else f"\n{self._now}"
        self._tell(new)
        self.told = self._before = self._now

    def end(self, text: str) -> None:
        """A server that does not stream says everything at once; a second answer may be a shorter one."""
        if text != self.told and not self._now:
            self.add(text)
        elif text and text != self._before:
            self._tell(f"\n{text}")


def _asked(config: ModelConfig, offers: Sequence[Offer], form: dict[str, Any] | None) -> dict[str, Any]:
    asked: dict[str, Any] = {"model": config.model}
    if config.temperature is not None:
        asked["temperature"] = config.temperature
    if config.seed is not None:
        asked["seed"] = config.seed
    if config.longest is not None:
        asked["max_tokens" if config.provider == "compatible" else "max_completion_tokens"] = config.longest
    if offers:
        asked["tools"] = [{"type": "function", "function": offer.model_dump()} for offer in offers]
    if form is not None and config.structured == "schema":
        wanted = {"name": "answer", "strict": True, "schema": form}
        asked["response_format"] = {"type": "json_schema", "json_schema": wanted}
    elif form is not None and config.structured == "object":
        asked["response_format"] = {"type": "json_object"}
    return asked


def _with_schema(messages: Sequence[Message], form: dict[str, Any] | None, how: str) -> Sequence[Message]:
    """For servers that take no schema it is said in words."""
    if form is None or how == "schema":
        return messages
    words = f"Answer with one JSON object of this schema and nothing else: {json.dumps(form, separators=(',', ':'))}"
    return [*messages, Message(role="system", text=words)]


class KernelFunctions:
    """Our tools as functions of a semantic-kernel Kernel, invoked through it and its filters.

    What is called is admitted before by the plain functions; a function that is invoked without that, by whoever holds
    the kernel, is admitted here or does not run.
    """

    def __init__(self, plain: Functions) -> None:
        self._plain = plain
        self.kernel = Kernel()
        for offer in plain.offers():
            self.kernel.add_function(PLUGIN, self._function(offer))
        self._functions = {offer.name: self.kernel.get_function(PLUGIN, offer.name) for offer in plain.offers()}
        self.kernel.add_filter(FilterTypes.FUNCTION_INVOCATION, self._guard)
        hush()

    def offers(self) -> tuple[Offer, ...]:
        return self._plain.offers()

    def admit(self, name: str, arguments: str) -> PlannedStep:
        return self._plain.admit(name, arguments)

    async def run(self, step: PlannedStep) -> Answered:
        token = _admitted.set(step)
        try:
            result = await self._functions[step.tool].invoke(self.kernel, KernelArguments(**step.arguments))
        finally:
            _admitted.reset(token)
        answer = result.value if result is not None else None
        if isinstance(answer, BaseException):
            raise answer
        if not isinstance(answer, _Text):
            raise CallRefused("denied", f"{step.tool} did not run", violation=True)
        return answer.answered

    async def _guard(
        self, context: FunctionInvocationContext, next: Callable[[FunctionInvocationContext], Awaitable[None]]
    ) -> None:
        """Only our own functions run, and only what was admitted under that name."""
        step = _admitted.get()
        ours = self._functions.get(context.function.name) is context.function
        if ours and (step is None or step.tool == context.function.name):
            await next(context)

    def _function(self, offer: Offer) -> _Function:
        """With the schema of the request itself: what semantic-kernel derives from types is wrong for several."""

        async def call(**given: Any) -> _Text | BaseException:
            try:
                step = _admitted.get() or self._plain.admit(offer.name, json.dumps(given))
                return _Text.of(await self._plain.run(step))
            except CallRefused as error:
                text = error_text(error.kind, error.what, do=error.do)
                return _Text.of(Answered(step="", text=text, error=error.line()))
            except Exception as error:  # noqa: BLE001  # raised by `run`: the kernel would log and trace its words
                return error

        properties, required = offer.parameters["properties"], offer.parameters["required"]
        described = kernel_function(name=offer.name, description=offer.description)(call)
        return _Function(
            method=described,
            plugin_name=PLUGIN,  # type: ignore[call-arg]  # its own constructor's, where mypy sees a model's fields
            parameters=[
                KernelParameterMetadata(
                    name=name,
                    description=schema.get("description", ""),
                    is_required=name in required,
                    type=schema.get("type", "object"),
                    type_object=Any,
                    schema_data=schema,
                )
                for name, schema in properties.items()
            ],
        )


class _Function(KernelFunctionFromMethod):
    """A function that runs through the kernel's filters and nothing else.

    What it leaves out of semantic-kernel's own `invoke` are log lines and spans that may hold the arguments, which
    readingroom.telemetry does without, and a third of the time of a call.
    """

    async def invoke(
        self, kernel: Kernel, arguments: KernelArguments | None = None, metadata: Any = None, **kwargs: Any
    ) -> FunctionResult | None:
        del metadata
        context = FunctionInvocationContext(
            function=self, kernel=kernel, arguments=KernelArguments(**kwargs) if arguments is None else arguments
        )
        await kernel.construct_call_stack(FilterTypes.FUNCTION_INVOCATION, self._invoke_internal)(context)
        result: FunctionResult | None = context.result
        return result


class _Text(str):
    """What a model is told, which is what semantic-kernel makes of a result; our answer goes with it."""

    answered: Answered

    @classmethod
    def of(cls, answered: Answered) -> _Text:
        made = cls(answered.text)
        made.answered = answered
        return made


__all__ = ("ChatModel", "KernelChat", "KernelFunctions", "open_chat")
