"""An experiment as one page for a browser: who is better, how sure that is, and case by case what each draft said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from readingroom.domain.report import NOTICE
from readingroom.experiments.arms import baselines_of
from readingroom.experiments.atomic import put_bytes
from readingroom.experiments.case import Case
from readingroom.experiments.metrics.metric import Metric
from readingroom.experiments.results import Matrix, Results
from readingroom.experiments.scoring import scored_arms
from readingroom.experiments.summary import Summary, summarised
from readingroom.experiments.table import FIRST
from readingroom.experiments.view_cases import CLASSES, Made, row_of, whole_of, worsening
from readingroom.experiments.view_figures import figures_of, is_counted
from readingroom.exports.html import environment, policy, source
from readingroom.exports.wording import plain
from readingroom.runs.blobs import Blobs

LARGEST = 25_000_000
"""Bytes of the page; what browsers open without a pause, and mail still carries."""
SCRIPTS = ("experiment.js", "experiment_pair.js", "experiment_cases.js")
NAME = "view.html"


def write_view(results: Results, largest: int = LARGEST) -> Path:
    """Write the page beside the results, `largest` bytes at most. Raises BadFile, BadRequest, RecordError."""
    path = results.folder / NAME
    put_bytes(path, view_html(results, largest).encode())
    return path


def view_html(results: Results, largest: int = LARGEST) -> str:
    """One file without any other. Cases come worst first, whole as long as they fit, then by their counts.

    All that drafts and datasets say travels as JSON that the page's script puts in as text: it cannot act. Style and
    script are allowed by their hashes alone. Raises BadFile, BadRequest, RecordError.
    """
    matrix, summary = results.matrix(), summarised(results)
    data = {**figures_of(summary, FIRST), "classes": list(CLASSES.values()), "cases": []}
    told = _told(summary.cases, 0, 0, largest)  # as long as any that may have to stand here
    room = largest - _size(_rendered(data, summary, told))
    data["cases"] = cases = list(_fitting(results, matrix, summary, room))
    whole = sum("told" in case for case in cases)
    return _rendered(data, summary, _told(summary.cases, whole, len(cases), largest) if whole < summary.cases else "")


def _rendered(data: Mapping[str, Any], summary: Summary, told: str) -> str:
    pages = environment()
    style = pages.get_template("palette.css.j2").render() + source("experiment.css")
    script = "".join(map(source, SCRIPTS))
    return pages.get_template("experiment.html.j2").render(
        policy=policy(style, script),
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        data=Markup(_json(data)),  # noqa: S704
        summary=summary,
        notice=NOTICE,
        told=told,
    )


def _told(cases: int, whole: int, listed: int, largest: int) -> str:
    """What the reader does not see here."""
    gone = f" {cases - listed} more are in the figures of the arms alone." if listed < cases else ""
    return (
        f"Drafts and pictures of the {whole} worst of {cases} cases are here, so that the file stays below "
        f"{largest / 1e6:.0f} MB; the other {listed - whole} are told by their counts.{gone}"
    )


def _fitting(results: Results, matrix: Matrix, summary: Summary, room: int) -> Iterator[dict[str, Any]]:
    """The cases, the worst first: as many as fit with all that is to be seen of them, the next by their counts, which
    have at most half of the room."""
    made, cases = _made(results, matrix), results.cases()
    rows: dict[str, dict[str, Any]] = {}
    left = room // 2
    for name in _ranked(made, matrix, summary.metrics):
        row = row_of(cases[name], made[name], summary.metrics)
        left -= _size(_json(row)) + len(",")
        if left < 0:
            break
        rows[name] = row
    room -= room // 2 - max(left, 0)
    blobs = Blobs(results.evidence / "blobs")
    for name, row in rows.items():
        whole = _whole(cases[name], made[name], results, blobs) if room > 0 else {}
        room -= _size(_json(whole))
        yield {**row, **whole} if room > 0 else row


def _whole(case: Case, made: Sequence[Made], results: Results, blobs: Blobs) -> dict[str, Any]:
    """With the drafts read again: of all cases at once they would not fit into memory."""
    read = [(one, results.get(one.drafted.cell)) for one in made]
    return whole_of(case, [one._replace(drafted=drafted) for one, drafted in read if drafted is not None], blobs)


def _made(results: Results, matrix: Matrix) -> dict[str, list[Made]]:
    """Every draft by its case, with its tallies and without its report."""
    scored = [{(one.case, one.seed): one.scores for one in arm} for arm in scored_arms(results, matrix)]
    found: dict[str, list[Made]] = {}
    for planned in matrix.cells:
        tallies = scored[planned.arm].get((planned.case, planned.seed))
        drafted = results.get(planned.cell)
        if tallies is not None and drafted is not None:
            bare = drafted.model_copy(update={"report": None, "slips": (), "seed": planned.seed})
            found.setdefault(planned.case, []).append(Made(planned.arm, bare, tallies))
    return found


def _ranked(made: Mapping[str, Sequence[Made]], matrix: Matrix, metrics: Sequence[Metric]) -> list[str]:
    """The cases, those first in which an arm is furthest behind its baseline."""
    known = {metric.name: metric for metric in metrics if is_counted(metric)}
    first = next((known[name] for name in FIRST if name in known), None)
    arms = matrix.arms
    pairs = [(place, arms.index(base)) for place, arm in enumerate(arms) for base in baselines_of(arm, arms)]
    if first is None:
        return sorted(made)
    return sorted(made, key=lambda name: (-worsening(made[name], first, pairs), name))


def _size(text: str) -> int:
    """Bytes."""
    return len(text.encode())


def _json(data: Any) -> str:
    """JSON that cannot end its element, without characters that reorder or hide text."""
    text = json.dumps(_plain(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _plain(data: Any) -> Any:
    if isinstance(data, str):
        return data if data.isascii() and data.isprintable() else plain(data)
    if isinstance(data, dict):
        return {_plain(str(key)): _plain(value) for key, value in data.items()}
    return [_plain(one) for one in data] if isinstance(data, list | tuple) else data
