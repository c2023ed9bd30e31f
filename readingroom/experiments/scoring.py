"""The scores of every cell, kept beside the cells and counted again where the metrics have changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from readingroom.domain.value import Value, digest_of
from readingroom.errors import BadFile, BadRequest
from readingroom.experiments.atomic import put_value
from readingroom.experiments.case import Case
from readingroom.experiments.draft import Drafted
from readingroom.experiments.extra_scores import EXTRA, content_of, read_extra
from readingroom.experiments.kept_masks import masks_of
from readingroom.experiments.metrics.catalogue import METRICS
from readingroom.experiments.metrics.score import score
from readingroom.experiments.metrics.tally import Tally
from readingroom.experiments.results import Matrix, Results
from readingroom.experiments.slips import SLIPS, slip_scores
from readingroom.experiments.sources import digest_of_sources
from readingroom.experiments.statistics.arms import Scored
from readingroom.prompts.words import digest_of_all_words
from readingroom.runs.blobs import Blobs

ALL = (*SLIPS, *METRICS, *EXTRA)
"""Every metric that an experiment counts."""


class Kept(Value):
    """What was counted of one draft."""

    content: str
    """Of the draft and the case's reference."""
    failed: bool
    tallies: dict[str, Tally]


class Counts(Value):
    """The scores of an experiment, by cell."""

    code: str
    """Of the metrics that counted."""
    cells: dict[str, Kept]


def scored_arms(results: Results, matrix: Matrix) -> list[list[Scored]]:
    """What every arm's drafts are worth, in the order of the arms. Raises BadFile, BadRequest, RecordError."""
    cases = results.cases()
    before, now = _read(results.scores), {}
    blobs, extra = Blobs(results.evidence / "blobs"), read_extra(results.folder).drafts
    found: list[list[Scored]] = [[] for _ in matrix.arms]
    for planned in matrix.cells:
        made, case = results.get(planned.cell), cases[planned.case]
        if made is None:
            continue
        content = content_of(made, case)
        kept = before.get(planned.cell)
        if kept is None or kept.content != content:
            kept = Kept(content=content, failed=bool(made.error), tallies=_counted(made, case, blobs))
        now[planned.cell] = kept
        tallies = {**kept.tallies, **extra.get(content, {})}
        found[planned.arm].append(Scored(case.id, case.subject, tallies, kept.failed, planned.seed))
    if now != before and results.writable:
        put_value(results.scores, Counts(code=_code(), cells=now))
    return found


def _counted(made: Drafted, case: Case, blobs: Blobs) -> dict[str, Tally]:
    try:
        masks = masks_of(made.report.evidence, blobs) if made.report else {}
        return score(made, case, masks) | slip_scores(made)
    except (BadFile, BadRequest) as error:
        raise type(error)(error.what, where=f"case {case.id}: {error.where}", do=error.do) from error


def _read(path: Path) -> Mapping[str, Kept]:
    try:
        counts = Counts.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return {}
    return counts.cells if counts.code == _code() else {}


def _code() -> str:
    """Of what counts: the metrics, and the language that reads sentences for them."""
    counting = digest_of_sources("experiments/metrics", "experiments/slips.py", "language", "agents")
    return digest_of([counting, digest_of_all_words()])
