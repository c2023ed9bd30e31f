"""Batch endpoints: asks out as CSV files, and predictions.csv back in, each row by its own id.

Microsoft's samples upload a folder of `batch_input_001.csv`, .. and get one `predictions.csv` without a header, a row
for each row of input in the order in which workers finished. The model sees only its own columns, so ids cannot travel
with a row: `ids.csv` beside the folder says which id each row of each file is. A row of predictions.csv is [row within
the file,] the model's values [, name of the file]; with the name it finds its id for certain. Without it, and with more
than one file, only the order is left, which several workers do not keep: the caller must vouch for it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, TypeVar

import pybase64

from readingroom.errors import BadFile, BadReply, BadRequest
from readingroom.imaging.cleared import Cleared
from readingroom.tools.contracts.ask import Ask, Cell
from readingroom.tools.contracts.batch_cells import answer_of

Row = TypeVar("Row")

INPUTS = "inputs"
"""The folder to upload; every file in it is scored, so nothing else may lie there."""
IDS = "ids.csv"
MODELS = frozenset(("medimageinsight", "medimageparse", "cxrreportgen"))
"""Those with a published batch deployment."""
MOST_CELL = 1 << 30
"""Characters of one cell; eight masks of 1024 x 1024 take 11 million."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}")
_SHOWN = 10
_HEADER = ["file", "row", "id", "key"]

Place = tuple[str, int]
"""Name of an input file, and the row in it from 0."""


@dataclass(frozen=True)
class _Sent:
    id: str
    key: str
    """Of the ask (Ask.key), so that an answer is never read against another image than was sent."""


def write_batches(asks: Iterable[tuple[str, Ask]], folder: Path, *, most_rows: int = 100) -> tuple[Path, ...]:
    """Asks of one row each, with an id, into `folder`/inputs/batch_input_000001.csv, .. and `folder`/ids.csv.

    A file holds at most `most_rows` rows, all of the same columns. Rows are written as they come: only the ids are kept
    in memory. Raises BadRequest for an id that is unsafe or comes twice, an ask of several rows or with an absent cell,
    several models, and a folder that has batches already; what was written until then is left for the caller to remove.
    """
    inputs = folder / INPUTS
    if (folder / IDS).exists() or (inputs.exists() and any(inputs.iterdir())):
        raise BadRequest("it has batches already", where=str(folder), do="Name an empty folder.")
    inputs.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    seen: set[str] = set()
    models: set[str] = set()
    columns: tuple[str, ...] = ()
    row = 0
    with ExitStack() as open_files, (folder / IDS).open("x", encoding="utf-8", newline="") as beside:
        listing = csv.writer(beside)
        listing.writerow(_HEADER)
        for name, ask in asks:
            _check(name, ask, seen, models)
            if not paths or row == most_rows or ask.columns != columns:
                open_files.close()
                paths.append(inputs / f"batch_input_{len(paths) + 1:06d}.csv")
                lines = csv.writer(open_files.enter_context(paths[-1].open("x", encoding="utf-8", newline="")))
                lines.writerow(ask.columns)
                columns, row = ask.columns, 0
            lines.writerow([_written(cell) for cell in ask.rows[0]])
            listing.writerow([paths[-1].name, row, name, ask.key])
            row += 1
    return tuple(paths)


def read_predictions(
    predictions: Path,
    ids: Path,
    ask_of: Callable[[str], Ask],
    decode: Callable[[Any, Ask], tuple[Row, ...]],
    *,
    in_order: bool = False,
    allow_missing: bool = False,
) -> Iterator[tuple[str, Row]]:
    """Each id with its decoded row, in the order of predictions.csv.

    `ask_of` makes the ask of an id again; it must be the one that was sent. `in_order` vouches that rows without a file
    name lie in the order of the input files. With `allow_missing` ids without a prediction are passed over, where each
    row says which it is. Before the first row is given, all rows are counted and placed.
    Raises BadFile for a broken CSV, BadReply for rows missing (naming ids), twice or unknown, or that `decode` refuses,
    BadRequest where the order would have to be guessed or an ask is another than the one sent.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MOST_CELL))
    sent = _read_ids(ids)
    files = {file for file, _ in sent}
    places, certain = _places(predictions, sent, files, in_order=in_order)
    found = set(places)
    absent = [known.id for place, known in sent.items() if place not in found]
    if absent and not (allow_missing and certain):
        shown = ", ".join(absent[:_SHOWN]) + (f" and {len(absent) - _SHOWN} more" if len(absent) > _SHOWN else "")
        raise BadReply(
            f"{len(places)} rows came for {len(sent)} sent; missing: {shown}", where=predictions.name,
            do="Score these again, or allow missing rows.",
        )  # fmt: skip
    for number, (place, cells) in enumerate(zip(places, _lines(predictions), strict=True)):
        known = sent[place]
        ask = ask_of(known.id)
        if ask.key != known.key:
            raise BadRequest(
                "what would be asked now is not what was sent", where=known.id,
                do="Give the same image, text and preparation, or send it again.",
            )  # fmt: skip
        try:
            (row,) = decode([answer_of(_values(cells, files), ask)], ask)
        except BadReply as error:
            raise BadReply(f"{error.where}: {error.what}", where=f"row {number + 1}, id {known.id}") from error
        yield known.id, row


def _check(name: str, ask: Ask, seen: set[str], models: set[str]) -> None:
    if not _ID.fullmatch(name):
        raise BadRequest(
            f"an id of {len(name)} characters cannot be used",
            do="Use up to 128 letters, digits, dots, dashes, colons or @, a letter or digit first.",
        )
    if name in seen:
        raise BadRequest("this id came before", where=name, do="Give each row its own.")
    seen.add(name)
    models.add(ask.model)
    if len(models) > 1 or not models <= MODELS:
        raise BadRequest(f"no batch is made for {ask.model}", where=name, do=f"Ask one of {', '.join(sorted(MODELS))}.")
    if len(ask.rows) != 1 or any(cell is None for cell in ask.rows[0]):
        raise BadRequest(
            "it is not one row with every cell filled", where=name, do="Ask for one row without absent columns."
        )


def _written(cell: Cell) -> str:
    return pybase64.b64encode(cell.content).decode("ascii") if isinstance(cell, Cleared) else str(cell)


def _read_ids(path: Path) -> dict[Place, _Sent]:
    lines = _lines(path)
    if next(lines, None) != _HEADER:
        raise BadFile(
            "this is not the list of ids of a batch", where=str(path), do="Name the ids.csv that was written."
        )
    sent: dict[Place, _Sent] = {}
    for line in lines:
        if len(line) != len(_HEADER) or not line[1].isdecimal() or not _ID.fullmatch(line[2]):
            raise BadFile("a line of it is broken", where=str(path), do="Write the batches again.")
        sent[line[0], int(line[1])] = _Sent(line[2], line[3])
    return sent


def _places(
    predictions: Path, sent: dict[Place, _Sent], files: set[str], *, in_order: bool
) -> tuple[list[Place], bool]:
    """Which input row each prediction is of, and whether each says so itself. Raises before anything is decoded."""
    order, certain = list(sent), True
    places: list[Place] = []
    within: dict[str, int] = {}
    for number, cells in enumerate(_lines(predictions)):
        where = f"{predictions.name}, row {number + 1}"
        file, told = _file(cells, files), _number(cells)
        if file is None and len(files) > 1 and not in_order:
            raise BadRequest(
                "its rows do not name their files, and there is more than one", where=predictions.name,
                do="Score one file at a time, or vouch that the rows lie in order.",
            )  # fmt: skip
        certain = certain and told is not None and (file is not None or len(files) == 1)
        if file is None and (told is None or len(files) > 1):
            if number >= len(order) or told not in (None, order[number][1]):
                raise BadReply("it is not the row that was sent there", where=where)
            places.append(order[number])
        else:
            file = file or next(iter(files), "")
            places.append((file, within.get(file, 0) if told is None else told))
            within[file] = within.get(file, 0) + 1
        if places[-1] not in sent:
            raise BadReply("no such row was sent", where=where)
    if len(set(places)) != len(places):
        raise BadReply("a row that was sent once came twice", where=predictions.name, do="Score the batch again.")
    return places, certain


def _number(cells: list[str]) -> int | None:
    """The row's number within its file, where the row starts with one."""
    return int(cells[0]) if len(cells) > 1 and cells[0].isdecimal() and len(cells[0]) < 10 else None


def _file(cells: list[str], files: set[str]) -> str | None:
    last = cells[-1].replace("\\", "/").rpartition("/")[2] if cells and len(cells[-1]) < 1000 else ""
    return last if last in files else None


def _values(cells: list[str], files: set[str]) -> list[str]:
    """The model's own cells: without the row's number before and the file's name behind."""
    end = len(cells) - (_file(cells, files) is not None)
    return cells[0 if _number(cells) is None else 1 : end]


def _lines(path: Path) -> Iterator[list[str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from _parsed(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile("it cannot be read as a CSV file", where=str(path), do="Download it again.") from error


def _parsed(file: TextIO) -> Iterator[list[str]]:
    return (line for line in csv.reader(file, strict=True) if line)
