"""CXRReportGen: sentences with boxes, and whether the boxes lie in the square that was sent."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from readingroom.conformance.bench import Bench
from readingroom.conformance.loose import MOST, row_of, rows_of
from readingroom.conformance.question import Question, Seen, failed, passed, skipped, warned
from readingroom.conformance.wire import Print, Wire
from readingroom.imaging.cleared import Cleared
from readingroom.imaging.geometry import Box, square_of, to_square
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.cxrreportgen import CxrInput, ask_report, decode_report
from readingroom.tools.contracts.expect import a_list, at
from readingroom.tools.contracts.strict_json import parse_nested

INDICATION = "Cough. Evaluate for effusion."
TECHNIQUE = "PA view of the chest."
WORDS = 4096
"""Cells into which the words of a report are hashed to be compared."""
TOUCHES = 0.1
"""Overlap (intersection over union) of a box with a structure drawn, above which it may be about it."""

Entry = tuple[str, list[list[Any]] | None]


def ask_films(images: Sequence[Cleared]) -> Ask:
    """Each film with an indication and a technique, without lateral or prior."""
    return ask_report([CxrInput(image, indication=INDICATION, technique=TECHNIQUE) for image in images])


def entries(value: Any, place: int = 0) -> list[Entry]:
    """Sentences and boxes of one row, whatever the boxes hold."""
    path = f"answer[{place}]"
    output = at(row_of(value, place), "output", path)
    if isinstance(output, str):
        output = parse_nested(output, f"{path}.output") if output.strip() else []
    found: list[Entry] = []
    for number, entry in enumerate(a_list(output, f"{path}.output")):
        text, boxes = a_list(entry, f"{path}.output[{number}]", length=2)
        where = f"{path}.output[{number}][1]"
        rows = None if boxes is None else [_sides(a_list(box, where, length=4)) for box in a_list(boxes, where)]
        found.append((str(text), rows))
    return found


def _sides(box: list[Any]) -> list[Any]:
    """Numbers as floats of a range that can be told, anything else as it is."""
    return [float(min(max(side, -MOST), MOST)) if type(side) in (int, float) else side for side in box]


def _boxes(found: Sequence[Entry]) -> Iterator[list[Any]]:
    return (box for _, boxes in found for box in boxes or ())


def _prints(value: Any, _ask: Ask) -> list[Print]:
    """How often each word comes, hashed."""
    prints = []
    for place in range(len(rows_of(value))):
        counts = np.zeros(WORDS, np.float32)
        for text, _ in entries(value, place):
            for word in re.findall(r"[\w.]+", text.lower()):
                counts[zlib.crc32(word.encode()) % WORDS] += 1
        prints.append(counts)
    return prints


def _variants(value: Any, ask: Ask) -> set[str]:
    return {f"output as {row.variant}" for row in decode_report(value, ask)}


WIRE = Wire(
    "cxrreportgen", ask_films, _prints, _variants, images=2, calls=3, generative=True,
    may_lack=("lateral_image", "prior_image", "prior_report"),
)  # fmt: skip


async def _base(bench: Bench) -> list[Entry]:
    return entries((await bench.answer(bench.ask())).parsed)


async def sentences(bench: Bench) -> Seen:
    """Whether anything is said about a film with a wide heart and an effusion."""
    found = await _base(bench)
    if not found:
        return warned("no sentence about a film with a wide heart and an effusion")
    blank = sum(not text.strip() for text, _ in found)
    boxed, bare = sum(bool(boxes) for _, boxes in found), sum(boxes is None for _, boxes in found)
    told = f"{len(found)} sentences, {boxed} with boxes, {bare} with null"
    return warned(f"{told}, {blank} blank") if blank else passed(told)


async def inside(bench: Bench) -> Seen:
    """Boxes as shares of the square, not pixels."""
    sides = [side for box in _boxes(await _base(bench)) for side in box]
    if not sides:
        return skipped("no box came")
    if not all(type(side) is float for side in sides):
        return failed("sides that are no numbers")
    told = f"{len(sides) // 4} boxes, sides from {min(sides):.3f} to {max(sides):.3f}"
    return passed(told) if min(sides) >= 0 and max(sides) <= 1 else failed(f"{told}: not 0 to 1")


async def ordered(bench: Bench) -> Seen:
    """x_min, y_min, x_max, y_max."""
    found = [box for box in _boxes(await _base(bench)) if all(type(side) is float for side in box)]
    if not found:
        return skipped("no box came")
    odd = sum(box[0] > box[2] or box[1] > box[3] for box in found)
    return failed(f"{odd} of {len(found)} reversed") if odd else passed(f"{len(found)} boxes")


def _valid(found: Sequence[Entry]) -> list[Box]:
    """Those that are boxes of the square; the others have a check of their own."""
    numbers = [box for box in _boxes(found) if all(type(side) is float for side in box)]
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in numbers if 0 <= x0 <= x1 <= 1 and 0 <= y0 <= y1 <= 1]


async def place(bench: Bench) -> Seen:
    """Whether boxes touch something that was drawn, in the square cut out of a landscape film."""
    found = _valid(await _base(bench))
    if not found:
        return skipped("no valid box came")
    made, sent = bench.golden[0], bench.cleared[0]
    square = square_of(sent.source_columns, sent.source_rows, sent.how)
    drawn = [to_square(box, square) for box in made.boxes.values()]
    best = [max(_iou(box, structure) for structure in drawn) for box in found]
    touching = sum(share >= TOUCHES for share in best)
    told = f"{touching} of {len(found)} boxes lie on a structure that was drawn; best overlap {max(best):.2f}"
    return passed(told) if touching * 2 >= len(found) else warned(told)


def _iou(one: Box, other: Box) -> float:
    wide, tall = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    shared = max(wide, 0.0) * max(tall, 0.0)
    union = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - shared
    return shared / union if union > 0 else 0.0


async def sides(bench: Bench) -> Seen:
    """Boxes of sentences that name one side of the patient: right is image left."""
    agree = total = 0
    for text, boxes in await _base(bench):
        named = {side for side in ("right", "left") if re.search(rf"\b{side}\b", text.lower())}
        if len(named) != 1:
            continue
        for box in _valid([(text, boxes)]):
            total += 1
            agree += ((box[0] + box[2]) / 2 < 0.5) == (named == {"right"})
    if not total:
        return skipped("no valid box stands with a sentence that names one side")
    told = f"{agree} of {total} boxes lie on the side that their sentence names"
    return passed(told) if agree == total else warned(told)


async def context(bench: Bench) -> Seen:
    """Every column at once: a lateral film, a prior film and its report."""
    lateral, prior = bench.cleared[1], bench.cleared[1]
    ask = ask_report([CxrInput(bench.cleared[0], lateral, prior, INDICATION, TECHNIQUE, "Prior film.",
                               "The lungs are clear.")])  # fmt: skip
    (row,) = decode_report((await bench.answer(ask)).parsed, ask)
    return passed(f"{len(row.sentences)} sentences")


FILM = "a landscape film with a wide heart and an effusion on the right"

QUESTIONS = (
    Question("report.sentences", FILM, "sentences", sentences),
    Question("report.all_columns", "the same with lateral, prior and its report", "sentences", context),
    Question("boxes.range", FILM, "sides from 0 to 1", inside),
    Question("boxes.ordered", FILM, "x_min, y_min, x_max, y_max", ordered),
    Question("boxes.place", FILM, "boxes on structures that are there, in the middle square that was sent", place),
    Question("boxes.sides", FILM, "the patient's right at the image's left", sides),
)
