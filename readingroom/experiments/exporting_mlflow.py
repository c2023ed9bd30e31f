"""An experiment's figures in MLflow: one run for the whole, with its page, and one below it for each arm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from readingroom.errors import BadRequest, Unavailable
from readingroom.experiments.results import Results
from readingroom.experiments.statistics.arms import Compared
from readingroom.experiments.statistics.comparison import Comparison
from readingroom.experiments.statistics.interval import Interval
from readingroom.experiments.summary import Against, ArmFigures, Summary
from readingroom.experiments.view import write_view
from readingroom.later import Later

if TYPE_CHECKING:
    import mlflow
    from mlflow import exceptions
else:  # an extra
    mlflow = Later("mlflow")
    exceptions = Later("mlflow.exceptions")

REFUSED = re.compile(r"[^\w\-. ]")
"""What the name of a metric may not hold, nor the slash, which makes groups of them."""
CONTENT = "readingroom.content"
"""Tag of the scores and the code that figures were made of."""


def to_mlflow(results: Results, summary: Summary) -> str:
    """Where it now is: the id of the parent run. The same figures are kept once, however often they are exported.

    The server is that of MLFLOW_TRACKING_URI. Raises BadRequest where MLflow is not installed, Unavailable where it
    does not take the runs.
    """
    try:
        failures = (exceptions.MlflowException, OSError)
    except ImportError as error:
        raise BadRequest("MLflow is not installed", do="pip install 'readingroom[mlflow]'.") from error
    try:
        kept = mlflow.set_experiment(summary.name)
        found = mlflow.search_runs(
            [kept.experiment_id], f"tags.`{CONTENT}` = '{summary.content}'", max_results=1, output_format="list"
        )
        return str(found[0].info.run_id) if found else _logged(results, summary)
    except failures as error:
        do = "Set MLFLOW_TRACKING_URI to a server, or with MLFLOW_ALLOW_FILE_STORE=true to a folder (file:///...)."
        raise Unavailable(f"MLflow did not take it ({type(error).__name__})", where="mlflow", do=do) from error


def _logged(results: Results, summary: Summary) -> str:
    """The tag comes last, so that a run which was cut off is not taken for a whole one."""
    with mlflow.start_run(run_name=summary.name) as run:
        mlflow.log_params({"cases": summary.cases, "patients": summary.patients, "code_version": summary.code_version})
        mlflow.log_metrics({"drafts": summary.drafts, "failed": summary.failed, "missing": summary.missing})
        for path in (results.summary, write_view(results)):
            mlflow.log_artifact(str(path))
        for arm in summary.arms:
            with mlflow.start_run(run_name=arm.name, nested=True):
                mlflow.log_params({**arm.arm.model_dump(), "baseline": arm.baseline})
                mlflow.log_metrics(dict(_metrics(arm, [one for one in summary.comparisons if one.arm == arm.name])))
        mlflow.set_tag(CONTENT, summary.content)
        return str(run.info.run_id)


def _metrics(arm: ArmFigures, against: list[Against]) -> Iterator[tuple[str, float]]:
    """ "claim_f1", "claim_f1.low"; the same after "without failures/"; differences after "minus <baseline>/"."""
    yield from (("drafts", arm.drafts), ("failed", arm.failed), ("missing", arm.missing))
    for figure in arm.figures:
        yield from _interval(figure.metric, figure.included)
        yield from _interval(f"without failures/{figure.metric}", figure.completed)
    for one in against:
        other = f"{one.differs} {one.first}" if one.differs else one.baseline.rpartition(" / ")[2]
        for row in one.metrics:
            yield from _difference(f"minus {REFUSED.sub('_', other)}/{row.metric}", row)


def _interval(name: str, found: Interval) -> Iterator[tuple[str, float]]:
    told = {"": found.value, ".low": found.low, ".high": found.high}
    yield from ((f"{name}{end}", value) for end, value in told.items() if value is not None)


def _difference(name: str, row: Compared) -> Iterator[tuple[str, float]]:
    found: Comparison = row.included
    told = {"": found.difference, ".low": found.low, ".high": found.high, ".p": found.p, ".p_holm": found.p_holm,
            ".detectable": found.minimal_detectable}  # fmt: skip
    yield from ((f"{name}{end}", value) for end, value in told.items() if value is not None)
