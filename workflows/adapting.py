"""Workflow: labels in a table and vectors in an index become an adapter in a file, and files become words on images."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadFile, BadRequest
from readingroom.index.embedded import EmbeddedIndex
from readingroom.index.entry import Filter
from readingroom.index.protocol import collection
from readingroom.learning.adapter import Adapter, Told, to_text
from readingroom.learning.fitting import Naming, Seen, Truths, adapted
from readingroom.learning.heads import RECIPES, Recipe
from readingroom.learning.validation import Plan
from readingroom.tools.backends.protocol import Backend
from readingroom.tools.label_sets import label_set
from readingroom.tools.zero_shot import directions

MOST_TABLE = 200_000_000
"""Bytes of a table of labels."""
TABLE = "Give a CSV table in UTF-8: a column of ids, and columns of labels."
MOST_VALUES = 50
"""Different words in a column, each of which becomes a label."""

TRUE = frozenset(("1", "1.0", "true", "yes", "y", "present", "positive"))
FALSE = frozenset(("0", "0.0", "false", "no", "n", "absent", "negative"))
UNKNOWN = frozenset(("", "-1", "-1.0", "nan", "na", "n/a", "none", "null", "unknown", "uncertain", "?"))
"""What a cell may say of a row that the label is not known for; it is left out of that label."""


@dataclass(frozen=True)
class Table:
    """Where the labels are."""

    path: Path
    columns: tuple[str, ...]
    id_column: str = "id"
    only: tuple[str, ...] = ()
    """Some of the labels that the columns give; empty: all of them."""


def read_labels(table: Table) -> Truths:
    """A column of yes and no is one label; one of other words is a label for each word, against the rest.

    Raises BadFile for what is no such table, BadRequest for a column it has not.
    """
    where = str(table.path)
    content = _content(table.path)
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"is not comma-separated UTF-8 text ({error})", where=where, do=TABLE) from error
    if not rows:
        raise BadFile("holds no row below its heading", where=where, do=TABLE)
    for name in (table.id_column, *table.columns):
        if name not in rows[0]:
            known = ", ".join(str(one) for one in rows[0])
            raise BadRequest(f"has no column {name!r}", where=where, do=f"It has {known}.")
    if not table.columns or len(set(table.columns)) < len(table.columns):
        raise BadRequest("columns of labels stand twice, or none is named", where=where, do="Name each column once.")
    present: dict[str, dict[str, bool]] = {}
    for column in table.columns:
        found = _column(_cells(rows, table.id_column, column, where), column, where)
        if twice := present.keys() & found.keys():
            raise BadRequest(f"label {min(twice)!r} comes from two columns", where=where, do="Rename one.")
        present |= found
    if strange := [label for label in table.only if label not in present]:
        raise BadRequest(f"there is no label {strange[0]!r}", where=where, do=f"There are {', '.join(present)}.")
    chosen = {label: present[label] for label in table.only or present}
    return Truths(chosen, hashlib.sha256(content).hexdigest())


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_TABLE:
            raise BadFile(f"is larger than {MOST_TABLE // 1_000_000} MB", where=str(path), do=TABLE)
        return path.read_bytes()
    except OSError as error:
        raise BadFile(f"cannot be read ({error.strerror})", where=str(path), do=TABLE) from error


def _cells(rows: Iterable[Mapping[str, str | None]], id_column: str, column: str, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, row in enumerate(rows, 2):
        name, cell = (row[id_column] or "").strip(), (row[column] or "").strip()
        if not name:
            raise BadFile(f"row {number} has no {id_column}", where=where, do="Fill it in, or take the row out.")
        if found.setdefault(name, cell) != cell:
            raise BadFile(f"row {number} says {column!r} of an id again, and otherwise", where=where,
                          do="Say each id's label once.")  # fmt: skip
    return found


def _column(cells: Mapping[str, str], column: str, where: str) -> dict[str, dict[str, bool]]:
    known = {name: cell for name, cell in cells.items() if cell.lower() not in UNKNOWN}
    words = {cell.lower() for cell in known.values()}
    if words <= TRUE | FALSE:
        return {column: {name: cell.lower() in TRUE for name, cell in known.items()}}
    values = sorted(set(known.values()))
    if len(values) > MOST_VALUES or words & (TRUE | FALSE):
        raise BadFile(f"column {column!r} holds {len(values)} different words, and yes or no among them is unclear"
                      if words & (TRUE | FALSE) else f"column {column!r} holds {len(values)} different words",
                      where=where, do=f"Give yes and no, or at most {MOST_VALUES} names.")  # fmt: skip
    return {value: {name: cell == value for name, cell in known.items()} for value in values}


def train_adapter(
    index: Path,
    table: Table,
    plan: Plan,
    naming: Naming,
    *,
    where: Filter | None = None,
    directions: Mapping[str, NDArray[np.float32]] | None = None,
    progress: Callable[[str], None] | None = None,
    seen: Seen = None,
) -> Adapter:
    """An adapter of the rows of an index. Raises BadFile, BadRequest or NotServed, each saying what is missing."""
    truths = read_labels(table)
    with closing(opened(index)) as held:
        found = collection(held, where or Filter())
    return adapted(found, truths, plan, naming, directions=directions, progress=progress, seen=seen)


def apply_to_index(adapter: Adapter, index: Path, labels: Sequence[str] = ()) -> dict[str, tuple[Told, ...]]:
    """By id. Raises BadRequest where the index is of another space, naming both."""
    with closing(opened(index)) as held:
        adapter.accept(held.space)
        found = collection(held)
    return dict(zip((entry.id for entry in found.entries),
                    adapter.apply(found.vectors, found.space, tuple(labels)), strict=True))  # fmt: skip


async def worded(backend: Backend, name: str, index: Path) -> dict[str, NDArray[np.float32]]:
    """Present against absent for each label of a set, in the space of an index: heads made of words, to be calibrated.

    Raises NotServed where the backend knows no words of pathology, BadRequest for a set whose labels exclude each
    other, or an index of another model.
    """
    chosen = label_set(name)
    if chosen.choice != "each":
        raise BadRequest(f"the labels of {name!r} exclude each other", do="Choose a set of findings, or train a head.")
    found = await directions(backend, chosen)
    with closing(opened(index)) as held:
        space = held.space
    if (space.model, space.version) != (found.model.name, found.model.version):
        raise BadRequest(f"the index holds {space.title}, and the words are of {found.model.name} "
                         f"{found.model.version}", do="Embed both with one model.")  # fmt: skip
    return found.by_label


def recipes_of(head: str) -> tuple[Recipe, ...]:
    """What validation may choose from: logistic, svm, mlp, best of all three, or text."""
    if head == "text":
        return (Recipe("text", 0.0),)
    if head not in RECIPES:
        raise BadRequest(f"there is no head {head!r}", do=f"Choose of {', '.join(RECIPES)} and text.")
    return RECIPES[head]


def is_index(path: Path) -> bool:
    """Whether an embedded index lies there."""
    return (path / "index.sqlite").is_file()


def opened(index: Path) -> EmbeddedIndex:
    """An index that is there; none is begun."""
    if not is_index(index):
        raise BadRequest("there is no index", where=str(index), do="Make one with `readingroom index add`.")
    return EmbeddedIndex(index)


def write_adapter(adapter: Adapter, path: Path) -> None:
    """Beside its name first, then put in place: a kill leaves the old file or the new one."""
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_text(to_text(adapter), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        raise BadFile(what, where=str(path), do="Choose another place.") from error
