"""The columns of a cohort's manifest: which files, whose, with which words."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from readingroom.cohorts.item import Item
from readingroom.domain.request import Request
from readingroom.domain.value import digest_of
from readingroom.errors import BadFile
from readingroom.workflows.manifest import COLUMNS, PATHS
from readingroom.workflows.sheet import pseudonym

FILES = (*PATHS, "paths", "files", "images")
"""The first of these that the table has names the images of a row; several in one cell stand apart by semicolons."""
BESIDE = ("prior", "lateral")
TEXTS = ("indication", "technique", "prior_report", "question", "template", "language")
LISTS = ("targets", "categories")
"""Several in one cell by semicolons."""
STATED = ("modality", "anatomy", "view", "image_left", "pixel_mm", "window")
SUBJECT = ("subject", "patient", "patient_id", "subject_id")
STUDY = ("study", "study_id")
ABOUT = tuple(name for name in COLUMNS if name not in STATED)
"""Other columns that are kept: label, dataset, split ..."""

Row = Mapping[str, Any]


def known(name: str) -> bool:
    """Whether a column is used at all."""
    return name in (*FILES, *BESIDE, *TEXTS, *LISTS, *STATED, *SUBJECT, *STUDY, *ABOUT, "id")


def item_of(row: Row, folder: Path, key: bytes, where: str) -> Item:
    """`row` by column; paths are relative to `folder`, `key` is that of pseudonyms.

    Raises BadFile, naming the row, where a word cannot be what its column says.
    """
    paths = _paths(next((row[name] for name in FILES if _parts(row.get(name))), None), folder)
    if not paths:
        raise BadFile("the row names no file", where=where, do=f"Fill the column {FILES[0]!r}.")
    prior, lateral = (_paths(row.get(name), folder) for name in BESIDE)
    words = _words(row)
    try:
        Request(**words)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadFile(f"{place}: {first['msg']}", where=where, do="Mend the cell, or leave it empty.") from error
    subject, study = (_pseudonym(row, names, key, where) for names in (SUBJECT, STUDY))
    about = {name: text for name in ABOUT if (text := _text(row.get(name)))}
    name = _text(row.get("id")) or digest_of([_near(paths, folder), _near(prior, folder), words])[:16]
    return stamped(Item(id=name, paths=paths, prior=prior, lateral=lateral, subject=subject, study=study, words=words,
                        about=about))  # fmt: skip


def stamped(item: Item) -> Item:
    """With the size of its files, and a stamp that changes when one of them does."""
    size, told = 0, hashlib.sha256()
    for name in (*item.paths, *item.prior, *item.lateral):
        for path in _files(Path(name)):
            try:
                found = path.stat()
            except (OSError, ValueError):
                told.update(f"{path} is not there\n".encode(errors="replace"))
                continue
            size += found.st_size
            told.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode(errors="replace"))
    return item.model_copy(update={"size": size, "stamp": told.hexdigest()[:32]})


def _files(path: Path) -> list[Path]:
    """Of a folder everything that lies below it."""
    if not os.path.isdir(path):  # what no path can be, too: pathlib raises where a name is too long
        return [path]
    return sorted(Path(at) / name for at, _, names in os.walk(path) for name in names)


def _near(paths: Sequence[str], folder: Path) -> list[str]:
    """As they lie beside the manifest, so that an item keeps its id where the whole is moved."""
    return [os.path.relpath(path, folder) for path in paths]


def _paths(given: Any, folder: Path) -> tuple[str, ...]:
    return tuple(os.path.abspath(os.path.join(folder, part)) for part in _parts(given))


def _parts(given: Any) -> list[str]:
    if isinstance(given, list | tuple):
        return [str(part).strip() for part in given if part is not None and str(part).strip()]
    return [part.strip() for part in _text(given).split(";") if part.strip()]


def _text(given: Any) -> str:
    """Empty for what is not there, NaN included, as tables from pandas hold it."""
    return "" if given is None or str(given) in ("nan", "NaT") else str(given).strip()


def _words(row: Row) -> dict[str, Any]:
    words: dict[str, Any] = {name: text for name in TEXTS if (text := _text(row.get(name)))}
    words |= {name: parts for name in LISTS if (parts := _parts(row.get(name)))}
    stated = {name: text for name in STATED if (text := _text(row.get(name)))}
    return {**words, **({"stated": stated} if stated else {})}


def _pseudonym(row: Row, names: Sequence[str], key: bytes, where: str) -> str:
    found = next((text for name in names if (text := _text(row.get(name)))), "")
    return pseudonym(found, key, where) if found else ""
