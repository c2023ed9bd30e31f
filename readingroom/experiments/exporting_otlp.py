"""An experiment over OpenTelemetry: a span for every draft below one of the whole, and every figure as a gauge.

What is told are names of arms, counts and figures: no text of a draft, no case, no patient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from readingroom import __version__
from readingroom.errors import BadRequest, Unavailable
from readingroom.experiments.draft import Drafted
from readingroom.experiments.results import Results
from readingroom.experiments.summary import Summary
from readingroom.later import Later
from readingroom.telemetry import AGENT, exporter_of

if TYPE_CHECKING:
    from opentelemetry import trace
    from opentelemetry.sdk import metrics
    from opentelemetry.sdk import trace as sdk
    from opentelemetry.sdk.metrics import export as metric_export
    from opentelemetry.sdk.trace import export
    from opentelemetry.sdk.trace.export import in_memory_span_exporter as memory
else:  # an extra
    trace = Later("opentelemetry.trace")
    metrics = Later("opentelemetry.sdk.metrics")
    sdk = Later("opentelemetry.sdk.trace")
    metric_export = Later("opentelemetry.sdk.metrics.export")
    export = Later("opentelemetry.sdk.trace.export")
    memory = Later("opentelemetry.sdk.trace.export.in_memory_span_exporter")

NANOSECONDS = 1_000_000_000
AT_ONCE = 512
"""Spans of one request, as the batch processor of OpenTelemetry has it."""


def to_otlp(
    results: Results,
    summary: Summary,
    spans: export.SpanExporter | None = None,
    figures: metric_export.MetricExporter | None = None,
) -> int:
    """How many spans were taken by the exporters of OTEL_TRACES_EXPORTER and OTEL_METRICS_EXPORTER (otlp).

    They are handed over directly: processors in between drop what does not get through, and say nothing. Raises
    BadRequest where the extra or an exporter is not installed, Unavailable where they do not take it.
    """
    try:
        provider, kept, reader = (
            sdk.TracerProvider(),
            memory.InMemorySpanExporter(),
            metric_export.InMemoryMetricReader(),
        )
    except ImportError as error:
        raise BadRequest("spans need OpenTelemetry", do="pip install readingroom[telemetry].") from error
    provider.add_span_processor(export.SimpleSpanProcessor(kept))
    _traced(provider.get_tracer(AGENT, __version__), results, summary)
    meters = metrics.MeterProvider([reader])
    _gauged(meters.get_meter(AGENT, __version__), summary)
    made, told = kept.get_finished_spans(), reader.get_metrics_data()
    meters.shutdown()
    for sender, parts, taken in (
        (spans or exporter_of("traces"), [made[at : at + AT_ONCE] for at in range(0, len(made), AT_ONCE)],
         export.SpanExportResult.SUCCESS),
        (figures or exporter_of("metrics"), [told], metric_export.MetricExportResult.SUCCESS),
    ):  # fmt: skip
        _sent(sender, parts, taken)
    return len(made)


def _sent(sender: Any, parts: Sequence[Any], taken: Any) -> None:
    try:
        if any(sender.export(part) is not taken for part in parts):
            do = "Look at OTEL_EXPORTER_OTLP_ENDPOINT."
            raise Unavailable("the exporter did not get it through", where="otlp", do=do)
    finally:
        sender.shutdown()


def _traced(tracer: trace.Tracer, results: Results, summary: Summary) -> None:
    matrix = results.matrix()
    made = [(drafted, results.written(drafted.cell)) for drafted in results.drafts(matrix)]
    begun = min((end - drafted.seconds for drafted, end in made), default=0.0)
    told = {f"{AGENT}.experiment.{key}": getattr(summary, key) for key in ("cases", "patients", "drafts", "failed")}
    root = tracer.start_span(f"experiment {summary.name}", start_time=int(begun * NANOSECONDS), attributes=told)
    below = trace.set_span_in_context(root)
    for drafted, end in made:
        start = int((end - drafted.seconds) * NANOSECONDS)
        span = tracer.start_span("draft", context=below, start_time=start, attributes=_draft(drafted))
        if drafted.error:
            span.set_attribute("error.type", "_OTHER")
            span.set_status(trace.StatusCode.ERROR)
        span.end(int(end * NANOSECONDS))
    root.end(int(max((end for _, end in made), default=begun) * NANOSECONDS))


def _draft(drafted: Drafted) -> dict[str, Any]:
    told = {
        f"{AGENT}.arm": drafted.arm, f"{AGENT}.cell": drafted.cell, f"{AGENT}.seed": drafted.seed,
        f"{AGENT}.model_calls": drafted.calls,
        "gen_ai.usage.input_tokens": drafted.tokens_in, "gen_ai.usage.output_tokens": drafted.tokens_out,
    }  # fmt: skip
    return told if drafted.cost is None else {**told, f"{AGENT}.cost": drafted.cost}


def _gauged(meter: Any, summary: Summary) -> None:
    gauges = {one.name: meter.create_gauge(f"{AGENT}.experiment.{one.name}", description=one.title)
              for one in summary.metrics}  # fmt: skip
    for name, value, where in _figures(summary):
        gauges[name].set(value, where)


def _figures(summary: Summary) -> Iterator[tuple[str, float, Mapping[str, str]]]:
    """A figure and both ends of its interval, with failures and without."""
    for arm in summary.arms:
        for figure in arm.figures:
            for kind in ("included", "completed"):
                found = getattr(figure, kind)
                for end in ("value", "low", "high"):
                    if (value := getattr(found, end)) is not None:
                        told = {"experiment": summary.name, "arm": arm.name, "failures": kind, "figure": end}
                        yield figure.metric, value, told
