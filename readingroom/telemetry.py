"""OpenTelemetry spans of a question by the gen_ai conventions: off unless asked for, and without any content.

A listener on what happens (agents/events.py) and on the steps of the record (runs/trace.py); nothing below knows of it.
Names and keys as in the OpenTelemetry semantic conventions for generative AI: invoke_agent, execute_tool, chat.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Literal

from readingroom import __version__
from readingroom.agents.events import Event, Judged, Planned, Stopped
from readingroom.domain.check import Verification
from readingroom.domain.plan import Plan
from readingroom.errors import BadRequest
from readingroom.later import Later
from readingroom.runs.run import Step

if TYPE_CHECKING:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.sdk import trace as sdk
    from opentelemetry.sdk.trace import export
else:  # an extra
    trace = Later("opentelemetry.trace")
    sdk = Later("opentelemetry.sdk.trace")
    export = Later("opentelemetry.sdk.trace.export")

logger = logging.getLogger("readingroom.telemetry")

AGENT = "readingroom"
SENT = {"traces": "spans", "metrics": "metrics"}
PROVIDERS = {"openai": "openai", "azure": "azure.ai.openai"}
"""gen_ai.provider.name by the first word of a model's name in the record."""


def telemetry_or_none(*, content: bool = False) -> Telemetry | None:
    """`open_telemetry`; where it cannot be, one line in the log, for no draft is stopped for want of spans."""
    try:
        return open_telemetry(content=content)
    except BadRequest as error:
        logger.warning("No spans are sent: %s", error.line())
        return None


def open_telemetry(*, content: bool = False, provider: trace.TracerProvider | None = None) -> Telemetry | None:
    """Spans to the process's own tracer provider; where it has none, to the exporter of OTEL_TRACES_EXPORTER (otlp).

    None where that is "none". `content`: questions, plans, answers and errors go into the spans, too. Raises BadRequest
    where the extra, or the exporter, is not installed.
    """
    try:
        found = trace.get_tracer_provider()
        if provider is None and isinstance(found, trace.ProxyTracerProvider):
            if os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
                return None
            own = sdk.TracerProvider()
            own.add_span_processor(export.BatchSpanProcessor(exporter_of("traces")))
            trace.set_tracer_provider(own)
    except ImportError as error:
        raise BadRequest("spans need OpenTelemetry", do="pip install readingroom[telemetry].") from error
    return Telemetry(trace.get_tracer(AGENT, __version__, tracer_provider=provider), content=content)


def exporter_of(kind: Literal["traces", "metrics"]) -> Any:
    """Exporters are packages of their own, and name themselves by an entry point. Raises BadRequest for none."""
    variable = f"OTEL_{kind.upper()}_EXPORTER"
    name = os.environ.get(variable) or "otlp"  # OpenTelemetry takes an empty variable for an unset one
    for known in _names(name):
        for found in entry_points(group=f"opentelemetry_{kind}_exporter", name=known):
            with suppress(ImportError):
                return found.load()()
    what = f"there is no exporter of {SENT[kind]} named {name[:40]!r}"
    raise BadRequest(what, do=f"pip install 'readingroom[telemetry]', or set {variable}=console.")


def _names(name: str) -> tuple[str, ...]:
    """An exporter's entry points: "otlp" is that of opentelemetry-exporter-otlp alone, which is gRPC's; the package for
    HTTP has another."""
    if name != "otlp":
        return (name,)
    http = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "").startswith("http")
    return ("otlp_proto_http", "otlp") if http else ("otlp", "otlp_proto_http")


class Telemetry:
    """Makes spans of questions."""

    def __init__(self, tracer: trace.Tracer, *, content: bool = False) -> None:
        self._tracer, self._content = tracer, content

    @contextmanager
    def question(self, text: str, *, conversation: str = "") -> Iterator[Spans]:
        """The span of one question, with those of its plan, calls and verification below it."""
        told = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": AGENT}
        if conversation:
            told["gen_ai.conversation.id"] = conversation
        root = self._tracer.start_span(f"invoke_agent {AGENT}", attributes=told)
        spans = Spans(self._tracer, root, trace.set_span_in_context(root), content=self._content)
        spans.content("gen_ai.input.messages", _messages("user", [text]))
        try:
            yield spans
        except BaseException as error:
            root.set_attribute("error.type", type(error).__name__)
            root.set_status(trace.StatusCode.ERROR)
            raise
        finally:
            spans.close()


class Spans:
    """The spans of one question: hand `tell` the events, and `listen` the steps of the record."""

    def __init__(self, tracer: trace.Tracer, root: trace.Span, context: Context, *, content: bool) -> None:
        self._tracer, self._root, self._context, self._content = tracer, root, context, content
        self._open: dict[int, trace.Span] = {}

    def content(self, key: str, value: str, span: trace.Span | None = None) -> None:
        """An attribute that tells what was said; left out unless content was asked for."""
        if self._content:
            (span or self._root).set_attribute(key, value)

    def tell(self, event: Event) -> None:
        """A plan and a verification as short spans; tool calls come by the record."""
        if isinstance(event, Planned):
            span = self._span("plan", _of_plan(event.plan))
            self.content("readingroom.plan", event.plan.model_dump_json(), span)
            span.end()
        elif isinstance(event, Judged):
            self._span("verify", _of_verification(event.verification)).end()
        elif isinstance(event, Stopped):
            self._root.set_attribute("readingroom.stopped", True)
            self.content("readingroom.stopped.reason", event.reason)

    def listen(self, step: Step) -> None:
        """Both ends of a call; one that came from the record has no length."""
        if step.number not in self._open:
            self._open[step.number] = self._span(*_of_step(step))
        if step.status == "started":
            return
        span = self._open.pop(step.number)
        span.set_attribute("readingroom.from_record", step.of is not None)
        if step.tool == "model":
            span.set_attributes(_usage(step))
        if step.status == "failed":
            self._failed(span, step)
        span.end()

    def _failed(self, span: trace.Span, step: Step) -> None:
        span.set_attribute("error.type", "_OTHER")
        span.set_status(trace.StatusCode.ERROR, step.error if self._content else None)

    def _span(self, name: str, told: dict[str, Any]) -> trace.Span:
        kind = trace.SpanKind.CLIENT if name.startswith("chat ") else trace.SpanKind.INTERNAL
        return self._tracer.start_span(name, context=self._context, kind=kind, attributes=told)

    def answered(self, sentences: Iterable[str]) -> None:
        self.content("gen_ai.output.messages", _messages("assistant", sentences))

    def close(self) -> None:
        """Calls that never came back end with the question."""
        for span in self._open.values():
            span.end()
        self._root.end()


def _messages(role: str, texts: Iterable[str]) -> str:
    parts = [{"type": "text", "content": text} for text in texts]
    return json.dumps([{"role": role, "parts": parts}], ensure_ascii=False)


def _of_plan(plan: Plan) -> dict[str, Any]:
    """No step's id and no word of the plan: a model may have written them."""
    by = "rules" if plan.planner.startswith("rules ") else "model"
    return {"readingroom.plan.aim": plan.aim, "readingroom.plan.steps": len(plan.steps), "readingroom.plan.by": by}


def _of_verification(found: Verification) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for check in found.checks:
        key = f"readingroom.sentences.{check.verdict}"
        counts[key] = counts.get(key, 0) + 1
    clean = "pass" if found.clean else "fail"
    return {"gen_ai.evaluation.name": "readingroom verifier", "gen_ai.evaluation.score.label": clean, **counts}


def _of_step(step: Step) -> tuple[str, dict[str, Any]]:
    """Name and attributes of a step; its number stands for its id, which a model may have written."""
    if step.tool == "model":
        provider, _, model = step.backend.partition(" ")
        told = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": PROVIDERS.get(provider, provider),
            "gen_ai.request.model": model or provider,
        }
        return f"chat {model or provider}", told
    if step.tool == "approval":
        return "approval", {}
    told = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": step.tool,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": f"{step.run}/{step.number}",
        "readingroom.backend": step.backend,
    }
    return f"execute_tool {step.tool}", told


def _usage(step: Step) -> dict[str, Any]:
    told: dict[str, Any] = {
        "gen_ai.usage.input_tokens": step.spent.tokens_in,
        "gen_ai.usage.output_tokens": step.spent.tokens_out,
        "readingroom.retries": step.spent.retries,
    }
    return told if step.spent.cost is None else {**told, "readingroom.cost": step.spent.cost}
