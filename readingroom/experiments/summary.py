"""What an experiment comes to: figures of arms with their intervals, and comparisons with the baselines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pydantic import ValidationError

from readingroom import __version__
from readingroom.domain.value import Value, digest_of
from readingroom.experiments.arms import Arm, Factor, baselines_of, rivals_of
from readingroom.experiments.atomic import put_value
from readingroom.experiments.metrics.metric import Metric
from readingroom.experiments.results import Matrix, Results
from readingroom.experiments.scoring import ALL, scored_arms
from readingroom.experiments.sources import digest_of_sources
from readingroom.experiments.statistics.arms import Compared, Figure, Scored, comparisons, figures

MOST_ERRORS = 20
"""Different lines of errors that a summary tells."""


class ArmFigures(Value):
    """One arm and what it reached."""

    name: str
    arm: Arm
    baseline: bool
    drafts: int
    """Cells that there are, failed ones among them."""
    failed: int
    missing: int
    """Cells that were not run yet."""
    figures: tuple[Figure, ...]


class Against(Value):
    """One arm minus another, on what both have drafted."""

    arm: str
    baseline: str
    """The name of the other one."""
    differs: Factor | None = None
    """Of a baseline of the same writer and template None; else the one thing in which both differ: template, writer,
    prompts or tools, of which the other has the first in the file."""
    first: str = ""
    """What tables call that first one."""
    metrics: tuple[Compared, ...]


class Summary(Value):
    """One experiment, for people and machines."""

    name: str
    code_version: str
    cases: int
    patients: int
    drafts: int
    failed: int
    missing: int
    metrics: tuple[Metric, ...]
    """Those that anything was counted for."""
    arms: tuple[ArmFigures, ...]
    comparisons: tuple[Against, ...]
    errors: dict[str, int]
    """How often which line stopped a draft, the most frequent first."""
    content: str = ""
    """SHA-256 of the scores, the matrix and the code that this was made of."""


def summarised(results: Results) -> Summary:
    """The summary of the cells that there are, also written beside them. Raises BadFile, RecordError."""
    matrix = results.matrix()
    scored = scored_arms(results, matrix)
    content = _content(matrix, scored)
    before = _read(results)
    if before is not None and before.content == content:
        return before
    found = _summed(results, matrix, scored).model_copy(update={"content": content})
    if results.writable:
        put_value(results.summary, found)
    return found


def _content(matrix: Matrix, scored: list[list[Scored]]) -> str:
    """A summary of the same scores by the same code is the same, intervals and all."""
    told = [[one.case, one.subject, one.seed, one.failed, {name: (tally.hits, tally.of) for name, tally in
             one.scores.items()}] for arm in scored for one in arm]  # fmt: skip
    return digest_of([digest_of(matrix), told, digest_of_sources("experiments", "experiments/statistics"), __version__])


def _read(results: Results) -> Summary | None:
    try:
        return Summary.model_validate_json(results.summary.read_bytes())
    except (OSError, ValidationError):
        return None


def _summed(results: Results, matrix: Matrix, scored: list[list[Scored]]) -> Summary:
    planned = Counter(one.arm for one in matrix.cells)
    arms = tuple(
        ArmFigures(
            name=arm.name,
            arm=arm,
            baseline=arm.baseline,
            drafts=len(scored[at]),
            failed=sum(one.failed for one in scored[at]),
            missing=planned[at] - len(scored[at]),
            figures=figures(scored[at], ALL),
        )
        for at, arm in enumerate(matrix.arms)
    )
    counted = {figure.metric for arm in arms for figure in arm.figures}
    drafted = [one for arm in scored for one in arm]
    failed = sum(arm.failed for arm in arms)
    errors = Counter(made.error for made in results.drafts(matrix) if made.error) if failed else Counter()
    return Summary(
        name=matrix.name,
        code_version=__version__,
        cases=len({one.case for one in matrix.cells}),
        patients=len({one.subject for one in drafted}),
        drafts=len(drafted),
        failed=failed,
        missing=sum(arm.missing for arm in arms),
        metrics=tuple(metric for metric in ALL if metric.name in counted),
        arms=arms,
        comparisons=tuple(_compared(matrix, scored)),
        errors=dict(errors.most_common(MOST_ERRORS)),
    )


def _compared(matrix: Matrix, scored: list[list[Scored]]) -> list[Against]:
    """Each arm with its baselines, and with the first template, writer, prompts and tools in place of its own."""
    found = []
    for at, arm in enumerate(matrix.arms):
        for other, differs in _others(arm, matrix.arms):
            mine, theirs = scored[at], scored[matrix.arms.index(other)]
            both = {(one.case, one.seed) for one in mine} & {(one.case, one.seed) for one in theirs}
            pair = [[one for one in arms if (one.case, one.seed) in both] for arms in (mine, theirs)]
            if both:
                told = comparisons(pair[0], pair[1], ALL)
                first = other.part(differs) if differs else ""
                found.append(Against(arm=arm.name, baseline=other.name, differs=differs, first=first, metrics=told))
    return found


def _others(arm: Arm, arms: tuple[Arm, ...]) -> Iterator[tuple[Arm, Factor | None]]:
    yield from ((one, None) for one in baselines_of(arm, arms))
    yield from ((one, differs) for differs, one in rivals_of(arm, arms).items())
