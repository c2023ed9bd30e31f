"""What optional scorers said of drafts, kept beside the cells and counted with them: a judge's verdicts, RadEval's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from readingroom.domain.value import Value, digest_of
from readingroom.errors import BadRequest
from readingroom.experiments.atomic import put_value
from readingroom.experiments.case import Case
from readingroom.experiments.draft import Drafted
from readingroom.experiments.metrics.entailment import JUDGE_METRICS
from readingroom.experiments.metrics.radeval import RADEVAL_METRICS
from readingroom.experiments.metrics.tally import Tally
from readingroom.experiments.metrics.telling import told_in
from readingroom.experiments.results import Results
from readingroom.language.sentences import SAYING, read_report

EXTRA = (*JUDGE_METRICS, *RADEVAL_METRICS)
"""Metrics of scorers that are asked by a command of their own."""


class ExtraScores(Value):
    """Of an experiment."""

    scorers: dict[str, str] = Field(default_factory=dict)
    """Who scored: "judge" or "radeval", and in which version. One of each counts, the last that was asked."""
    drafts: dict[str, dict[str, Tally]] = Field(default_factory=dict)
    """By the content of a draft and its reference."""


class Pair(NamedTuple):
    """Both sides' sentences; a failed draft has none."""

    content: str
    draft: tuple[str, ...]
    reference: tuple[str, ...]
    failed: bool


def content_of(made: Drafted, case: Case) -> str:
    """SHA-256 of what came out and of what it is held against."""
    return digest_of([made.drafted_sha256, made.error, digest_of(case.reference) if case.reference else ""])


def read_extra(folder: Path) -> ExtraScores:
    """Empty where nothing was scored so far."""
    try:
        return ExtraScores.model_validate_json(_place(folder).read_bytes())
    except (OSError, ValidationError):
        return ExtraScores()


def keep_extra(results: Results, kind: str, version: str, found: Mapping[str, Mapping[str, Tally]]) -> None:
    """Put the tallies of one scorer in the place of those that it had. Raises RecordError."""
    names = {name for one in found.values() for name in one}
    before = read_extra(results.folder)
    drafts = {content: {name: one for name, one in scores.items() if name not in names}
              for content, scores in before.drafts.items()}  # fmt: skip
    for content, scores in found.items():
        drafts[content] = {**drafts.get(content, {}), **scores}
    put_value(_place(results.folder), ExtraScores(scorers={**before.scorers, kind: version}, drafts=drafts))


def pairs_of(results: Results) -> Iterator[Pair]:
    """Every draft of a case that has a human's report, each content once. Raises BadFile, and BadRequest where no case
    has one."""
    cases, seen = results.cases(), set[str]()
    if not any(case.reference and case.reference.text for case in cases.values()):
        raise BadRequest("no case has a report to hold drafts against", where="cases",
                         do="Scorers of whole texts need one; typed truth and labels are none.")  # fmt: skip
    for planned in results.matrix().cells:
        made, case = results.get(planned.cell), cases[planned.case]
        if made is None or case.reference is None or not case.reference.text or case.reference.choices:
            continue
        content = content_of(made, case)
        if content not in seen:
            seen.add(content)
            told = tuple(one.text for one in told_in(made.report) if not one.struck) if made.report else ()
            known = tuple(one.text for one in read_report(case.reference.text) if one.section in SAYING)
            yield Pair(content, told, known, failed=made.report is None)


def _place(folder: Path) -> Path:
    return folder / "extra_scores.json"
