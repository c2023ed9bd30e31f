"""What commands print: for people by default, JSON with --json; progress goes to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from readingroom.conformance.found import Conformance
from readingroom.conformance.table import print_table
from readingroom.domain.evidence import Evidence
from readingroom.domain.report import Report
from readingroom.domain.value import Value
from readingroom.exports.terminal import (
    plain,
    print_checks,
    print_measurements,
    print_report,
    print_runs,
    print_steps,
)
from readingroom.runs.run import Run, Step
from readingroom.tools.classify import ClassifyResult
from readingroom.tools.embed import EmbedResult
from readingroom.tools.models import models as known_models
from readingroom.workflows.verification import Verified

SLOW_MS = 1000
"""A step that takes longer is worth a line where there is no terminal to show a spinner."""


def _console() -> Console:
    """As wide as the terminal; in a pipe no line is broken or cut."""
    return Console(width=None if sys.stdout.isatty() else 2000, highlight=False)


def _dump(data: Any) -> None:
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def _plain_data(values: Iterable[Value]) -> list[Any]:
    return [value.model_dump(mode="json") for value in values]


@contextmanager
def progress() -> Iterator[Callable[[Step], None]]:
    """A spinner that names the running steps; without a terminal a line for each slow step that ended."""
    console = Console(stderr=True, highlight=False)
    running: dict[int, str] = {}
    with console.status("reading the study") as status:

        def listen(step: Step) -> None:
            if step.status == "started":
                running[step.number] = step.name
            else:
                running.pop(step.number, None)
                if not console.is_terminal and (step.elapsed_ms or 0) > SLOW_MS:
                    console.print(f"{step.name} took {(step.elapsed_ms or 0) / 1000:.1f} s")
            status.update(", ".join(running.values()) or "writing and checking")

        yield listen


def report(found: Report) -> None:
    """The report with its verdicts."""
    print_report(_console(), found)


def written(paths: Iterable[Path]) -> None:
    """Where the files are; the last thing printed."""
    for path in paths:
        sys.stdout.write(f"{path.resolve()}\n")


def measurements(evidence: Iterable[Evidence]) -> None:
    print_measurements(_console(), [item for item in evidence if item.measurements or item.presence == "not_assessed"])


def values(evidence: Iterable[Evidence]) -> None:
    _dump(_plain_data(evidence))


def vector(result: EmbedResult, content: bytes, as_json: bool) -> None:
    """The vector itself only as JSON; else what it is."""
    numbers = np.frombuffer(content, dtype="<f4")
    if as_json:
        _dump({**result.model_dump(mode="json", exclude={"evidence"}), "values": [float(x) for x in numbers]})
        return
    _console().print(
        f"{result.dimensions} numbers of length {np.linalg.norm(numbers):.3f}, by {result.model} {result.version} "
        f"({result.description}); prepared as {result.preprocessing_id}; stored as {result.vector[:12]}"
    )


def labels(result: ClassifyResult, as_json: bool) -> None:
    if as_json:
        _dump(result.model_dump(mode="json", exclude={"evidence"}))
        return
    console = _console()
    note = "" if result.calibrated or "uncalibrated" in result.reason else " (uncalibrated)"
    # Where findings alone were asked for there is no kind to name.
    kind = "" if result.label not in {item.label for item in result.scores} else f"{result.label}: "
    console.print(plain(f"{kind}{result.reason}{note}, by {result.model}"))
    for item in result.scores[:5]:
        told = f"  {item.says}, {item.wording}" if item.says else ""
        console.print(plain(f"  {item.score:6.3f}  {item.label}{told}"))


def verdicts(found: Verified, as_json: bool) -> None:
    if as_json:
        _dump(
            {
                "run": found.run,
                "evidence_from": found.evidence_from,
                "clean": found.verification.clean,
                "worse": _plain_data(found.worse),
                "verification": found.verification.model_dump(mode="json"),
            }
        )
        return
    console = _console()
    console.print(f"Held against {found.evidence_from}.")
    print_checks(console, found.verification, found.worse)


def run_list(runs: Iterable[Run], as_json: bool) -> None:
    if as_json:
        _dump(_plain_data(runs))
    else:
        print_runs(_console(), runs)


def whole_run(run: Run, steps: tuple[Step, ...], found: Report | None, as_json: bool) -> None:
    if as_json:
        held = found.model_dump(mode="json") if found else None
        _dump({"run": run.model_dump(mode="json"), "steps": _plain_data(steps), "report": held})
        return
    console = _console()
    print_steps(console, run, steps)
    if found:
        console.print()
        print_report(console, found)


def conformance(found: Conformance, as_json: bool) -> None:
    """Every check of an endpoint, and the verdict."""
    if as_json:
        _dump(found.model_dump(mode="json"))
    else:
        print_table(_console(), found)


def models() -> None:
    """models.yaml as a table."""
    table = Table(box=None, pad_edge=False)
    for name in ("model", "needs", "outlines", "drafts", "embeds", "classifies"):
        table.add_column(name)
    for row in known_models().values():
        outlines = "\n".join(f"{kind}: {', '.join(targets)}" for kind, targets in row.segments.items())
        table.add_row(row.name, row.needs, outlines, ", ".join(row.drafts), row.embeds, row.classifies)
    _console().print(table)
