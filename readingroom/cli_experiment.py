"""The commands of experiments: run one, show what it came to, list its cells, and hold it against a bar."""

from __future__ import annotations

import re
import sys
import time
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from readingroom.errors import BadRequest
from readingroom.later import Later

if TYPE_CHECKING:
    from readingroom import settings, stopping
    from readingroom.experiments import experiment as files
    from readingroom.experiments import exporting_mlflow as mlflow
    from readingroom.experiments import exporting_otlp as otlp
    from readingroom.experiments import gate as gates
    from readingroom.experiments import judging, results, running, summary, table
    from readingroom.experiments import view as views
    from readingroom.experiments.datasets import layouts
else:
    settings = Later("readingroom.settings")
    stopping = Later("readingroom.stopping")
    files = Later("readingroom.experiments.experiment")
    gates = Later("readingroom.experiments.gate")
    judging = Later("readingroom.experiments.judging")
    layouts = Later("readingroom.experiments.datasets.layouts")
    mlflow = Later("readingroom.experiments.exporting_mlflow")
    otlp = Later("readingroom.experiments.exporting_otlp")
    results = Later("readingroom.experiments.results")
    running = Later("readingroom.experiments.running")
    summary = Later("readingroom.experiments.summary")
    table = Later("readingroom.experiments.table")
    views = Later("readingroom.experiments.view")

experiment = typer.Typer(
    help="Compare templates, prompts, models, tool sets and checks on the same evidence.", no_args_is_help=True
)

PIPED_SECONDS = 5.0
"""Between two lines of progress where there is no terminal."""

Folder = Annotated[Path, typer.Argument(help="The experiment's folder.")]
Metrics = Annotated[list[str] | None, typer.Option("--metric", "-m", help="What to show; may be repeated.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@experiment.command()
def run(
    file: Annotated[Path, typer.Argument(help="The experiment as YAML.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Its folder; default: by its name in the home folder.")
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try what failed once more.")] = False,
    metric: Metrics = None,
    json: Json = False,
) -> None:
    """Draft every cell that is not there yet, score, compare. Stopped anywhere, the same line goes on."""
    asked = files.read_experiment(file)
    found = settings.load_settings(writer="model")  # so that a model of the environment is known, too
    folder = out or found.home / "experiments" / re.sub(r"\W+", "-", asked.name).strip("-").lower()
    ran = stopping.run_stoppable(running.run_experiment(asked, found, folder, Told(), retry_failed=retry_failed))
    sys.stderr.write(
        f"tools asked about {ran.recorded}, drafted {ran.drafted}, kept {ran.kept}, failed {ran.failed}, "
        f"left for later {ran.missing}; in {folder}\n"
    )
    page = views.write_view(results.Results(folder))  # first: a figure that nobody counted must not cost it
    _tell(results.Results(folder), metric, json)
    sys.stderr.write(f"to look at it: {page}\n")
    if ran.missing:
        sys.stderr.write("stopped at a limit of the experiment; the same line goes on where it stopped\n")


@experiment.command()
def show(folder: Folder, metric: Metrics = None, json: Json = False) -> None:
    """The tables again, from the cells that there are."""
    _tell(results.Results(folder), metric, json)


@experiment.command()
def view(
    folder: Folder,
    largest: Annotated[int, typer.Option(min=1, help="Megabytes; what does not fit is told by counts.")] = 25,
) -> None:
    """One HTML file that works offline: figures, comparisons, and the drafts of every case side by side."""
    sys.stdout.write(f"{views.write_view(results.Results(folder), largest * 1_000_000)}\n")


@experiment.command()
def cells(
    folder: Folder,
    failed: Annotated[bool, typer.Option("--failed", help="Only those with an error.")] = False,
    json: Json = False,
) -> None:
    """Every cell: its address, case, arm, seed, and how it came out."""
    there = results.Results(folder)
    matrix = there.matrix()
    made = [one for one in there.drafts(matrix) if one.error or not failed]
    if json:
        rows = ",\n".join(one.model_dump_json(exclude={"report", "slips"}) for one in made)
        sys.stdout.write(f"[\n{rows}\n]\n" if rows else "[]\n")
        return
    for one in made:
        told = one.error or f"{one.seconds:.2f} s" + (f", {one.calls} calls" if one.calls else "")
        sys.stdout.write(f"{one.cell[:12]}  {one.case}  {one.arm}  seed {one.seed}  {told}\n")
    if not failed and len(made) < len(matrix.cells):
        sys.stdout.write(f"{len(matrix.cells) - len(made)} cells were not run yet\n")


@experiment.command()
def export(
    folder: Folder,
    to: Annotated[Literal["mlflow", "otlp"], typer.Option("--to", help="Whose environment variables say where.")],
) -> None:
    """Figures, comparisons and drafts' efforts to MLflow or over OpenTelemetry, where they are installed."""
    there = results.Results(folder)
    found = summary.summarised(there)
    if to == "mlflow":
        sys.stdout.write(f"run {mlflow.to_mlflow(there, found)} of MLflow's experiment {found.name!r}\n")
    else:
        sys.stdout.write(f"{otlp.to_otlp(there, found)} spans and {len(found.metrics)} metrics sent\n")


@experiment.command()
def judge(
    folder: Folder,
    model: Annotated[str | None, typer.Option("--model", help="A language model of the settings as the judge.")] = None,
    radeval: Annotated[
        str, typer.Option(help="Scorers of RadEval, by commas: radgraph, chexbert, green; it is installed beside.")
    ] = "",
) -> None:
    """Optional scorers over the drafts: a judge that asks what RadFact asks, or RadEval. Their figures join the others.

    The same line asks again for what failed.
    """
    there = results.Results(folder)
    if not model and not radeval:
        raise BadRequest("there is nothing to judge by", do="Give --model NAME, or --radeval radgraph.")
    if radeval:
        names = [name.strip() for name in radeval.split(",") if name.strip()]
        sys.stderr.write(f"RadEval scored {judging.score_by_radeval(there, names)} drafts\n")
    if model:
        found = settings.load_settings(writer="model")
        made = stopping.run_stoppable(judging.judge(there, found, model, _asked))
        sys.stderr.write(f"{made.drafts} drafts judged, asked about {made.asked} now, {made.failures} answers failed\n")
    names = [one.name for one in judging.EXTRA if one.name in {had.name for had in summary.summarised(there).metrics}]
    views.write_view(there)
    _tell(there, names, json=False)


def _asked(done: int, of: int) -> None:
    if done % 20 == 0 or done == of:
        sys.stderr.write(f"asked about {done} of {of} pairs of texts\n")


@experiment.command()
def datasets() -> None:
    """The datasets that `cases: {dataset: NAME, folder: ...}` reads, and what their folders must hold."""
    for name, layout in layouts.LAYOUTS.items():
        sys.stdout.write(f"{name}: {layout.title}; {layout.tells}; {layout.files}\n")


@experiment.command()
def gate(
    folder: Folder,
    baseline: Annotated[Path | None, typer.Option(help="The folder of an earlier run to hold it against.")] = None,
    floor: Annotated[
        list[str] | None, typer.Option(help="metric=number: where its bound must be; may be repeated.")
    ] = None,
    arm: Annotated[list[str] | None, typer.Option(help="Only this arm; may be repeated.")] = None,
    by: Annotated[float, typer.Option(min=0, help="How far a bound may fall below the baseline's.")] = 0.0,
    json: Json = False,
) -> None:
    """Exit 1 when the bound of a safety metric falls below a floor or below an earlier run."""
    now = summary.summarised(results.Results(folder))
    before = summary.summarised(results.Results(baseline)) if baseline else None
    lines = gates.fallen(now, before=before, floors=gates.floors_of(floor or ()), arms=arm or (), by=by)
    if json:
        sys.stdout.write(f"{dumps({'holds': not lines, 'fallen': lines}, indent=2, ensure_ascii=False)}\n")
    elif lines:
        sys.stderr.write("".join(f"fallen: {line}\n" for line in lines))
    else:
        sys.stdout.write("every bound holds\n")
    if lines:
        raise typer.Exit(1)


def _tell(there: results.Results, metric: list[str] | None, json: bool) -> None:
    found = summary.summarised(there)
    if json:
        sys.stdout.write(f"{found.model_dump_json(indent=2)}\n")
    else:
        wide = None if sys.stdout.isatty() else 250
        table.print_summary(found, Console(width=wide, highlight=False), metric or ())
    if found.drafts == 0:
        raise BadRequest("no cell was drafted yet", where=str(there.folder), do="Run the experiment's file again.")


class Told:
    """Progress on standard error: one line that is written over, or in a pipe a line now and then."""

    def __init__(self) -> None:
        self._begun = self._last = time.monotonic()
        self._stage = ""

    def __call__(self, now: running.Progress) -> None:
        clock, terminal = time.monotonic(), sys.stderr.isatty()
        if now.stage != self._stage:
            self._stage, self._begun = now.stage, clock
        elif now.done != now.of and clock - self._last < (0.1 if terminal else PIPED_SECONDS):
            return
        self._last = clock
        spent = clock - self._begun
        rate = now.done / spent if spent else 0.0
        left = f", {rate:.1f} a second, {(now.of - now.done) / rate:.0f} s left" if rate and now.done < now.of else ""
        line = f"{now.stage} {now.done} of {now.of}, {now.failed} failed, {now.kept} kept{left}"
        if now.stage == "cases":
            line = f"cases {now.done}"
        end = "\n" if not terminal or now.done == now.of else ""
        sys.stderr.write(f"\r\x1b[K{line}{end}" if terminal else f"{line}{end}")
        sys.stderr.flush()
