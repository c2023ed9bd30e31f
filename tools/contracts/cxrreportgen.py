"""CXRReportGen: chest films and what is known to grounded sentences; boxes in the square that the model saw."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from readingroom.errors import BadRequest
from readingroom.imaging.cleared import Cleared
from readingroom.imaging.geometry import Box
from readingroom.tools.contracts.ask import Ask, Cell
from readingroom.tools.contracts.expect import a_list, a_number, a_text, an_object, at, bad
from readingroom.tools.contracts.strict_json import parse_nested

MOST_ROWS = 10
MOST_SENTENCES = 10_000
MOST_BOXES = 1_000
"""Of one sentence."""
MOST_SENTENCE = 4_000
"""Characters; a whole report has fewer."""
OVERSHOOT = 1e-6
"""How far a box may reach beyond the square through rounding; it is clipped."""
NO_COMPARISON = "None"
"""What the published calls send as `comparison` where there is none."""


@dataclass(frozen=True)
class GroundedSentence:
    """One sentence as the model wrote it."""

    text: str
    boxes: tuple[Box, ...] | None
    """0..1 of the middle square of the frontal film (x_min, y_min, x_max, y_max); None: the model drew no box, which
    does not say that there is no finding. A box may have no area."""


@dataclass(frozen=True)
class ReportRow:
    """The sentences about one study; none is a valid answer and does not say that the film is normal."""

    sentences: tuple[GroundedSentence, ...]
    variant: str


@dataclass(frozen=True)
class CxrInput:
    """What is sent about one study; absent parts are None."""

    frontal: Cleared
    lateral: Cleared | None = None
    prior_image: Cleared | None = None
    indication: str | None = None
    technique: str | None = None
    comparison: str | None = None
    prior_report: str | None = None


def ask_report(inputs: Sequence[CxrInput]) -> Ask:
    """One row a study; columns that are absent in every row are not sent, `comparison` always is."""
    if not inputs:
        raise BadRequest("no study was given")
    wide: dict[str, tuple[Cell, ...]] = {
        "frontal_image": tuple(one.frontal for one in inputs),
        "lateral_image": tuple(one.lateral for one in inputs),
        "prior_image": tuple(one.prior_image for one in inputs),
        "indication": tuple(one.indication for one in inputs),
        "technique": tuple(one.technique for one in inputs),
        "comparison": tuple(one.comparison or NO_COMPARISON for one in inputs),
        "prior_report": tuple(one.prior_report for one in inputs),
    }
    sent = {name: cells for name, cells in wide.items() if any(cell is not None for cell in cells)}
    return Ask("cxrreportgen", tuple(sent), tuple(zip(*sent.values(), strict=True)))


def decode_report(value: Any, ask: Ask) -> tuple[ReportRow, ...]:
    """One ReportRow a row, `output` as JSON in a string or plain. Raises BadReply.

    A blank sentence without a box says nothing and is left out; a box reversed or outside the square is refused.
    """
    told = []
    for place, found in enumerate(a_list(value, "answer", length=len(ask.rows))):
        path = f"answer[{place}].output"
        output = at(an_object(found, f"answer[{place}]"), "output", f"answer[{place}]")
        form = "string" if isinstance(output, str) else "list"
        if isinstance(output, str):
            output = parse_nested(output, path) if output.strip() else []
        entries = enumerate(a_list(output, path, most=MOST_SENTENCES))
        sentences = [_sentence(entry, f"{path}[{number}]") for number, entry in entries]
        told.append(ReportRow(tuple(one for one in sentences if one.text.strip()), form))
    return tuple(told)


def encode_report(rows: Sequence[ReportRow]) -> list[dict[str, Any]]:
    """The recorded form: JSON in a string."""
    told = []
    for row in rows:
        pairs = [[one.text, None if one.boxes is None else [list(box) for box in one.boxes]] for one in row.sentences]
        told.append({"output": json.dumps(pairs)})
    return told


def _sentence(value: Any, path: str) -> GroundedSentence:
    text, boxes = a_list(value, path, length=2)
    text = a_text(text, f"{path}[0]", most=MOST_SENTENCE)
    if boxes is None:
        return GroundedSentence(text, None)
    found = a_list(boxes, f"{path}[1]", most=MOST_BOXES)
    if found and not text.strip():
        raise bad(f"{path}[0]", "a sentence with its boxes", "a blank one")
    return GroundedSentence(text, tuple(_box(box, f"{path}[1][{n}]") for n, box in enumerate(found)))


def _box(value: Any, path: str) -> Box:
    sides = [
        min(max(a_number(side, f"{path}[{n}]", least=-OVERSHOOT, most=1 + OVERSHOOT), 0.0), 1.0)
        for n, side in enumerate(a_list(value, path, length=4))
    ]
    x0, y0, x1, y1 = sides
    if x0 > x1 or y0 > y1:
        raise bad(path, "x_min, y_min, x_max, y_max", "a reversed box")
    return x0, y0, x1, y1
