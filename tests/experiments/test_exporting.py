"""Figures reach MLflow and OpenTelemetry where they are installed, and a line says what is missing where not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from readingroom.errors import BadRequest, Unavailable
from readingroom.experiments.exporting_mlflow import to_mlflow
from readingroom.experiments.exporting_otlp import to_otlp
from readingroom.experiments.results import Results
from readingroom.experiments.summary import Summary, summarised
from tests.experiments.shown import WRONG, written


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Results:
    return written(tmp_path_factory.mktemp("shown") / "out")


@pytest.fixture(scope="module")
def summary(results: Results) -> Summary:
    return summarised(results)


def test_mlflow_has_a_run_for_the_whole_and_one_for_each_arm_once(
    results: Results, summary: Summary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed (extra 'mlflow')")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "runs").as_uri())
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    run = to_mlflow(results, summary)
    assert to_mlflow(results, summary) == run
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert len(runs) == 1 + len(summary.arms)
    (arm,) = [one for one in runs if one.data.params.get("check") == "off"]
    assert arm.data.metrics["completed"] == pytest.approx(2 / 3)
    assert arm.data.metrics["without failures/completed"] == 1.0
    assert arm.data.metrics["completed.low"] < 2 / 3 < arm.data.metrics["completed.high"]
    (other,) = [one for one in runs if one.data.params.get("check") == "mark"]
    assert other.data.metrics["minus no check/completed"] == pytest.approx(1 / 3)
    names = {one.path for one in mlflow.MlflowClient().list_artifacts(run)}
    assert names == {"summary.json", "view.html"}


def test_without_mlflow_a_line_says_what_to_install(
    results: Results, summary: Summary, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", None)
    with pytest.raises(BadRequest, match=r"pip install 'readingroom\[mlflow\]'"):
        to_mlflow(results, summary)


def test_spans_tell_what_drafts_took_and_gauges_every_figure(results: Results, summary: Summary):
    spans, figures = exporters()
    assert to_otlp(results, summary, spans, figures) == 7
    root = next(one for one in spans.kept if one.name == "experiment shown")
    drafts = [one for one in spans.kept if one.name == "draft"]
    assert {one.parent.span_id for one in drafts} == {root.context.span_id}
    assert [one.end_time - one.start_time for one in drafts] == pytest.approx([5e8] * 6, abs=1e3)
    assert sum(one.attributes.get("error.type") == "_OTHER" for one in drafts) == 1
    assert {one.attributes["gen_ai.usage.input_tokens"] for one in drafts} == {10}
    (data,) = figures.kept
    metrics = {one.name: one for one in data.resource_metrics[0].scope_metrics[0].metrics}
    points = metrics["readingroom.experiment.completed"].data.data_points
    told = {(one.attributes["arm"], one.attributes["failures"], one.attributes["figure"]): one.value for one in points}
    assert told["chest / sloppy / all / no check", "included", "value"] == pytest.approx(2 / 3)
    assert told["chest / sloppy / all / no check", "completed", "value"] == 1.0
    everything = f"{[(one.name, dict(one.attributes)) for one in spans.kept]}{data.to_json()}"
    assert "case 0" not in everything
    assert WRONG not in everything


@pytest.mark.parametrize("refused", [0, 1])
def test_what_is_not_taken_is_told(results: Results, summary: Summary, refused: int):
    found = exporters()
    found[refused].taken = False
    with pytest.raises(Unavailable, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        to_otlp(results, summary, *found)


def exporters() -> tuple[Any, Any]:
    """One of spans and one of metrics that keep what they are handed, and may say that it was not taken."""
    traces = pytest.importorskip("opentelemetry.sdk.trace.export", reason="the extra 'telemetry' is not installed")
    metrics = pytest.importorskip("opentelemetry.sdk.metrics.export")

    class Spans(traces.SpanExporter):
        taken = True

        def export(self, spans):
            self.kept = list(spans)
            return traces.SpanExportResult.SUCCESS if self.taken else traces.SpanExportResult.FAILURE

    class Metrics(metrics.MetricExporter):
        taken = True

        def export(self, metrics_data, timeout_millis: float = 0, **more):
            self.kept = [metrics_data]
            return metrics.MetricExportResult.SUCCESS if self.taken else metrics.MetricExportResult.FAILURE

        def force_flush(self, timeout_millis: float = 0) -> bool:
            return True

        def shutdown(self, timeout_millis: float = 0, **more) -> None:
            """Nothing is open."""

    return Spans(), Metrics()
